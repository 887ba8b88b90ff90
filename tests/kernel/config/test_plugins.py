"""Plugins are found and read without running a line of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from contracts.plugin_digest import digest_plugin
from kernel.config.plugins import (
    BrokenPlugin,
    discover_plugins,
    find_package_folder,
    find_places,
    read_plugin,
)
from tests.architecture.tree import REPOSITORY
from tests.kernel.config.plugin_folders import announce, found, install, place, write_plugin


def test_the_built_in_plugins_are_found_by_their_manifests() -> None:
    places = find_places(entry_points=[])
    shipped = sorted(path.parent for path in (REPOSITORY / "plugins").glob("*/plugin.toml"))
    assert [where.folder for where in places] == shipped
    assert {where.origin for where in places} <= {"builtin"}


def test_a_third_party_package_is_found_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_plugin(tmp_path / "sample_package")
    install(tmp_path, folder, monkeypatch)
    plugins, broken = discover_plugins()
    sample = next(plugin for plugin in plugins if plugin.plugin_id == "sample")
    assert sample.place.folder == folder
    assert sample.place.package == "sample_package"
    assert sample.place.origin == "installed"
    assert sample.facts.digest == digest_plugin(folder)
    assert not [b for b in broken if b.place.package == "sample_package"]
    assert not (folder / "IMPORTED").exists()
    assert "sample_package" not in sys.modules


def test_a_plugin_inside_a_package_is_found_without_running_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = write_plugin(tmp_path / "outer_package", "outer")
    inner = write_plugin(outer / "inner", "inner")
    monkeypatch.syspath_prepend(str(tmp_path))
    places = find_places([announce("inner", "outer_package.inner")])
    assert places[-1].folder == inner
    assert not (outer / "IMPORTED").exists()
    assert "outer_package" not in sys.modules


@pytest.mark.parametrize("value", ["no_such_package", "email.no_such_part", "", "a b", "..x"])
def test_an_announced_package_that_is_not_there_is_reported(value: str) -> None:
    plugins, broken = discover_plugins([announce("ghost", value)])
    assert "ghost" not in [plugin.plugin_id for plugin in plugins]
    assert [plugin.code for plugin in broken] == ["plugin-unreadable"]


def test_a_package_without_manifest_is_reported() -> None:
    _, broken = discover_plugins([announce("email", "email")])
    assert broken[0].reason.endswith("has no plugin.toml")


def test_a_manifest_that_is_wrong_is_reported_by_file_and_key(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path / "sample", version="one")
    plugin = read_plugin(place(folder))
    assert isinstance(plugin, BrokenPlugin)
    assert plugin.code == "manifest-invalid"
    assert plugin.reason.startswith(f"{folder / 'plugin.toml'}: version: ")


def test_of_two_plugins_with_one_id_the_first_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one_package", "two_package"):
        write_plugin(tmp_path / name)
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [announce("b", "two_package"), announce("a", "one_package")]
    plugins, broken = discover_plugins(points)
    assert [p.place.package for p in plugins if p.plugin_id == "sample"] == ["one_package"]
    assert [(b.code, b.place.package) for b in broken] == [("duplicate-id", "two_package")]


def test_one_changed_byte_is_another_digest(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path / "sample")
    before = found(folder).facts
    (folder / "plugin.py").write_bytes((folder / "plugin.py").read_bytes() + b"\n")
    after = found(folder).facts
    assert after.digest != before.digest
    assert [name for name in after.files if after.files[name] != before.files[name]] == [
        "plugin.py"
    ]


def test_a_folder_is_found_for_a_package_and_none_for_a_module() -> None:
    assert find_package_folder("plugins") == REPOSITORY / "plugins"
    assert find_package_folder("json.decoder") is None
