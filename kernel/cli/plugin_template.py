"""The files of a new plugin: a package of its own, with a test, ready to be installed.

Covers: their text. Does not cover: writing them (`kernel.cli.plugin_new`).
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Final

FILES: Final[Mapping[str, str]] = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "A plugin for Autocapture."
requires-python = ">=3.11"

# This is how the kernel finds the plugin: the package that holds plugin.toml.
[project.entry-points."autocapture.plugins"]
$name = "$name"

[tool.hatch.build.targets.wheel]
packages = ["$name"]
""",
    "$name/__init__.py": '''\
"""A plugin for Autocapture; the hooks are in `$name.plugin`."""
''',
    "$name/plugin.toml": """\
manifest_version = 1
id = "$name"
version = "0.1.0"
summary = "Says how large a frame is; put your own reading in its place."
kernel_api = ">=1,<2"
hooks = ["autocapture_run"]
# The most memory that one host of this plugin may use, models included.
memory_bytes_max = 268_435_456

# Which versions of which records the code was written for.
[contracts]
pixel_blob = ">=1,<2"
text_page = ">=1,<2"

[[stages]]
name = "text"
inputs = ["pixel_blob"]
output = "text_page"
deadline_ms = 30_000

# Nothing beyond the plugin's own folder and its scratch folder. See docs/plugins.md.
[permissions]
network = "none"
""",
    "$name/plugin.py": '''\
"""The hooks: called in a plugin host, one at a time, never inside the program that captures."""

from __future__ import annotations

import struct

from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskContext, hookimpl

PNG_HEADER = b"\\x89PNG\\r\\n\\x1a\\n\\x00\\x00\\x00\\rIHDR"


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> TextPage | None:
    """One frame in, one page out. This one knows the size of a PNG and reads no words yet."""
    if stage != "text":
        return None
    task.checkpoint(0, 1)  # between pieces of at most 100 ms: progress, and a place to stop
    width_px, height_px = read_size(inputs[0].data)
    return TextPage(
        blob=inputs[0].digest,
        width_px=width_px,
        height_px=height_px,
        engine="$name",
        engine_version="0.1.0",
        lines=(),
    )


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    if not data.startswith(PNG_HEADER) or len(data) < 24:
        raise PluginError("image-undecodable", "this plugin reads PNG files alone")
    width_px, height_px = struct.unpack(">II", data[16:24])
    return width_px, height_px
''',
    "tests/test_$name.py": '''\
"""The hooks in a real host, as the kernel would run them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from contracts.text import TextPage
from plugin_host.testing import PluginFailed, run_stage

FOLDER = Path(__file__).parents[1] / "$name"
PNG = b"\\x89PNG\\r\\n\\x1a\\n\\x00\\x00\\x00\\rIHDR" + struct.pack(">II", 640, 480)


@pytest.mark.parametrize("hosting", ["thread", "process"])
def test_a_frame_becomes_a_page(hosting: str) -> None:
    page = run_stage(FOLDER, "text", PNG, hosting=hosting)
    assert isinstance(page, TextPage)
    assert (page.width_px, page.height_px) == (640, 480)


def test_a_broken_frame_is_an_error_with_a_code() -> None:
    with pytest.raises(PluginFailed) as caught:
        run_stage(FOLDER, "text", b"not a picture")
    assert caught.value.code == "image-undecodable"
''',
}


def render_plugin(name: str) -> dict[str, str]:
    """Path (below the new folder) to text, for a plugin of this name."""
    return {
        Template(path).substitute(name=name): Template(text).substitute(name=name)
        for path, text in FILES.items()
    }
