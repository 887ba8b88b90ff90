"""A new plugin works as it is written, under whatever name it got."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.manifest import parse_manifest
from contracts.registry import REGISTRY
from kernel.cli.plugin_new import new
from kernel.cli.plugin_template import render_plugin
from kernel.config.errors import KernelError
from kernel.config.plugins import FoundPlugin, PluginPlace, read_plugin

NAME = "sample_reader"


def test_the_new_plugin_passes_its_own_tests(tmp_path: Path) -> None:
    result = CliRunner().invoke(new, [NAME, "--into", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["folder"] == str(tmp_path / NAME)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / NAME,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    assert "3 passed" in finished.stdout


def test_its_manifest_fits_this_kernel(tmp_path: Path) -> None:
    CliRunner().invoke(new, [NAME, "--into", str(tmp_path)])
    plugin = read_plugin(PluginPlace(tmp_path / NAME / NAME, NAME, "installed"))
    assert isinstance(plugin, FoundPlugin)
    assert plugin.plugin_id == NAME
    assert all(kind in REGISTRY.newest for kind in plugin.manifest.contracts)


def test_the_name_stands_in_every_file_and_no_place_is_left_open() -> None:
    files = render_plugin(NAME)
    assert not [path for path, text in files.items() if "$" in path + text]
    manifest = parse_manifest(files[f"{NAME}/plugin.toml"].encode(), "plugin.toml")
    assert manifest.permissions.network == "none"


@pytest.mark.parametrize("name", ["My", "a", "1st", "a-b", "../up", "json", "class", "kernel", ""])
def test_a_name_that_cannot_be_a_package_is_refused(tmp_path: Path, name: str) -> None:
    result = CliRunner().invoke(new, [name, "--into", str(tmp_path)])
    assert isinstance(result.exception, KernelError)
    assert result.exception.code == "plugin-name-invalid"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    result = CliRunner().invoke(new, [NAME, "--into", str(tmp_path)])
    assert isinstance(result.exception, KernelError)
    assert result.exception.code == "plugin-exists"
    assert list((tmp_path / NAME).iterdir()) == []
