"""A plugin is imported from exactly the bytes that the lock approved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.plugin_digest import digest_plugin
from contracts.text import TextPage
from plugin_host.hooks import PluginError, SetupContext, StageInput
from plugin_host.loader import HookedPlugin, PluginBroken, PluginChanged, load_plugin
from plugin_host.task import Gate, RunningTask

MANIFEST = """
manifest_version = 1
id = "sample"
version = "1.0.0"
summary = "A sample."
kernel_api = ">=1.0.0,<2.0.0"
hooks = ["autocapture_run"]
memory_bytes_max = 268435456

[contracts]
pixel_blob = ">=1,<2"
text_page = ">=1,<2"
"""
CODE = """
from contracts.text import TextPage
from plugin_host.hooks import hookimpl
from {package}.names import ENGINE

@hookimpl
def autocapture_run(stage, inputs, task):
    if stage != "text":
        return None
    return TextPage(blob=inputs[0].digest, width_px=1, height_px=1, engine=ENGINE,
                    engine_version="1", lines=())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "sample"
    root.mkdir()
    (root / "plugin.toml").write_text(MANIFEST)
    (root / "__init__.py").write_text("")
    (root / "names.py").write_text('ENGINE = "first"\n')
    (root / "plugin.py").write_text(CODE.format(package="outer.sample"))
    yield root
    for name in [n for n in sys.modules if n.split(".")[0] == "outer"]:
        del sys.modules[name]


def load(folder: Path, digest: str | None = None) -> HookedPlugin:
    return load_plugin(
        plugin_id="sample",
        package="outer.sample",
        entry="plugin",
        folder=folder,
        digest=digest or digest_plugin(folder),
        config={},
        model_key="",
    )


def run(plugin: HookedPlugin, stage: str = "text") -> TextPage:
    task = RunningTask(config={}, scratch_dir=Path(), gate=Gate(), report=lambda *_: None)
    record = plugin.run(stage, (StageInput("ab" * 32, b""),), task)
    assert isinstance(record, TextPage)
    return record


def test_plugin_below_a_package_that_is_not_there_is_imported_and_runs(folder: Path) -> None:
    plugin = load(folder)
    assert plugin.setup(scratch_dir=folder) == ""
    assert run(plugin).engine == "first"


def test_file_changed_after_the_lock_is_refused_and_never_run(folder: Path) -> None:
    digest = digest_plugin(folder)
    marker = folder.parent / "ran"
    code = (folder / "plugin.py").read_text()
    (folder / "plugin.py").write_text(f"open({str(marker)!r}, 'w')\n{code}")
    with pytest.raises(PluginChanged, match="the lock says"):
        load(folder, digest)
    assert not marker.exists()


def test_file_changed_after_the_check_is_not_what_runs(folder: Path) -> None:
    plugin = load(folder)
    (folder / "names.py").write_text('ENGINE = "second"\n')
    sys.modules.pop("outer.sample.names")
    import importlib

    assert importlib.import_module("outer.sample.names").ENGINE == "first"
    assert run(plugin).engine == "first"


def test_hook_that_does_not_exist_is_refused(folder: Path) -> None:
    code = (folder / "plugin.py").read_text()
    (folder / "plugin.py").write_text(code + "\n@hookimpl\ndef autocapture_fly(wings):\n    pass\n")
    with pytest.raises(PluginBroken, match="autocapture_fly"):
        load(folder)


def test_declared_hook_that_is_missing_is_refused(folder: Path) -> None:
    (folder / "plugin.py").write_text("")
    with pytest.raises(PluginBroken, match="autocapture_run"):
        load(folder)


def test_stage_that_no_hook_takes_is_an_error_with_a_code(folder: Path) -> None:
    with pytest.raises(PluginError) as caught:
        run(load(folder), "embed")
    assert caught.value.code == "stage-unknown"


def test_failed_import_leaves_nothing_behind(folder: Path) -> None:
    (folder / "names.py").write_text("raise RuntimeError('boom')\n")
    with pytest.raises(RuntimeError, match="boom"):
        load(folder)
    ours = [finder for finder in sys.meta_path if type(finder).__name__ == "_VerifiedFiles"]
    assert not [finder for finder in ours if finder._package == "outer.sample"]  # type: ignore[attr-defined]
    assert not [name for name in sys.modules if name.startswith("outer.sample")]


def test_context_tells_the_plugin_where_it_is(folder: Path) -> None:
    context = SetupContext(plugin_dir=folder, scratch_dir=folder, config={"a": 1})
    assert context.config["a"] == 1
