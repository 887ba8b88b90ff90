"""The leaking copy is a plugin like any other, and reads with the original's own code."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from kernel.config.plugins import FoundPlugin, PluginPlace, discover_plugins, read_plugin
from kernel.soak.leaky import LEAK_BYTES, MEMORY_BYTES_MAX, PLUGIN_ID, make_leaky_plugin


def original() -> FoundPlugin:
    return next(p for p in discover_plugins()[0] if p.plugin_id == "ocr_rapid")


def test_the_copy_is_the_original_under_another_name_with_a_leak(tmp_path: Path) -> None:
    site = tmp_path / "a site"
    leaky = make_leaky_plugin(site, "ocr_rapid")
    assert leaky is not None
    copy = read_plugin(PluginPlace(site / PLUGIN_ID, PLUGIN_ID, "installed"))
    assert isinstance(copy, FoundPlugin), copy
    assert copy.plugin_id == PLUGIN_ID
    assert copy.manifest.entry == "leak:plugin"
    assert copy.manifest.memory_bytes_max == MEMORY_BYTES_MAX
    assert copy.manifest.stages == original().manifest.stages
    assert set(copy.facts.files) == {*original().facts.files, "leak.py"}
    for name in original().facts.files:
        if name.endswith(".py"):
            theirs = (original().place.folder / name).read_text()
            mine = (site / PLUGIN_ID / name).read_text()
            assert mine == theirs.replace("plugins.ocr_rapid", PLUGIN_ID).replace(
                '"ocr_rapid"', f'"{PLUGIN_ID}"'
            )
    points = importlib.metadata.distributions(path=[str(site)])
    assert [(p.name, p.value) for d in points for p in d.entry_points] == [(PLUGIN_ID, PLUGIN_ID)]
    assert leaky.environment["PYTHONPATH"].startswith(str(site))
    assert make_leaky_plugin(site, "ocr_rapid") is not None, "a resumed run finds it made"


def test_marked_frames_alone_make_it_leak(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make_leaky_plugin(site, "ocr_rapid")
    text = (site / PLUGIN_ID / "leak.py").read_text()
    assert f'bytearray(b"x") * {LEAK_BYTES}' in text
    assert "autocapture-soak: keep memory" in text
    compile(text, "leak.py", "exec")


def test_there_is_no_copy_of_what_is_not_built_in(tmp_path: Path) -> None:
    assert make_leaky_plugin(tmp_path / "site", "nobody") is None
    assert importlib.util.find_spec(PLUGIN_ID) is None
