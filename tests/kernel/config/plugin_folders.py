"""Plugins on disk for tests, and an installation that announces them."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from kernel.config.plugins import ENTRY_POINT_GROUP, FoundPlugin, PluginPlace, read_plugin

MANIFEST = """\
manifest_version = 1
id = "{plugin_id}"
version = "{version}"
summary = "For a test."
kernel_api = ">=1,<2"
hooks = ["autocapture_run"]
memory_bytes_max = 100_000_000

[contracts]
pixel_blob = ">=1,<2"
text_page = ">=1,<2"

[[stages]]
name = "text"
inputs = ["pixel_blob"]
output = "text_page"
"""


def write_plugin(
    folder: Path,
    plugin_id: str = "sample",
    *,
    version: str = "1.0.0",
    more: str = "",
    code: str = "",
) -> Path:
    """A plugin's folder; importing it leaves a trace, for nothing here may."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = MANIFEST.format(plugin_id=plugin_id, version=version) + more
    (folder / "plugin.toml").write_text(manifest, encoding="utf-8")
    trace = f"import pathlib\npathlib.Path({str(folder / 'IMPORTED')!r}).touch()\n"
    (folder / "__init__.py").write_text(trace, encoding="utf-8")
    (folder / "plugin.py").write_text(trace + code, encoding="utf-8")
    return folder


def place(folder: Path, origin: str = "installed") -> PluginPlace:
    return PluginPlace(folder, folder.name, origin)  # type: ignore[arg-type]


def found(folder: Path) -> FoundPlugin:
    plugin = read_plugin(place(folder))
    assert isinstance(plugin, FoundPlugin), plugin
    return plugin


def announce(name: str, value: str) -> importlib.metadata.EntryPoint:
    return importlib.metadata.EntryPoint(name, value, ENTRY_POINT_GROUP)


def install(root: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the package in ``folder`` importable and announce it, as an installer would."""
    metadata = root / f"{folder.name}-1.0.0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {folder.name}\nVersion: 1.0.0\n"
    )
    lines = f"[{ENTRY_POINT_GROUP}]\n{folder.name} = {folder.name}\n"
    (metadata / "entry_points.txt").write_text(lines)
    monkeypatch.syspath_prepend(str(root))
    assert str(root) in sys.path
