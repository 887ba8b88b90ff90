"""`kernel config`: what it prints for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel.cli.config import config
from kernel.config.errors import KernelError


def test_show_json_with_origin_names_the_layer_of_each_value(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        config,
        ["show", "--data-dir", str(tmp_path), "--set", "hosts.max_hosts=3", "--origin", "--json"],
        catch_exceptions=False,
    )
    document = json.loads(result.output)
    assert document["values"]["hosts.max_hosts"] == 3
    assert document["origins"]["hosts.max_hosts"]["kind"] == "flag"
    assert document["origins"]["restart.window_s"] == {"kind": "default", "place": ""}
    assert set(document["origins"]) == set(document["values"])
    assert len(document["digest"]) == 64


def test_show_prints_one_line_per_key_with_its_origin(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        config, ["show", "--data-dir", str(tmp_path), "--profile", "demo", "--origin"]
    )
    (line,) = [text for text in result.output.splitlines() if text.startswith("activity.assume")]
    assert line.split() == ["activity.assume_idle", "true", "#", "profile", "demo"]


def test_show_on_a_broken_file_raises_the_operator_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[nothing]\nx = 1\n")
    with pytest.raises(KernelError, match="nothing"):
        CliRunner().invoke(config, ["show", "--data-dir", str(tmp_path)], catch_exceptions=False)


def test_keys_and_profiles_work_without_any_file() -> None:
    keys = json.loads(CliRunner().invoke(config, ["keys", "--json"]).output)
    assert "KERNEL_ACTIVITY_IDLE_AFTER_S" in {entry["variable"] for entry in keys}
    profiles = json.loads(CliRunner().invoke(config, ["profiles", "--json"]).output)
    assert {"default", "demo", "dry-run", "mini-soak", "soak24"} <= set(profiles)


def test_an_assignment_without_equals_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(config, ["show", "--data-dir", str(tmp_path), "--set", "nonsense"])
    assert result.exit_code == 2
    assert "KEY=VALUE" in result.output
