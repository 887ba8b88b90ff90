"""Read the fixture pages with the default text plugin and store the records for fast tests.

Usage: python tools/refresh_text_fixtures.py [PAGE ...]   (default: all pages)

Writes tests/fixtures/pages_text/PAGE.json: one `contracts.text.TextPage` as JSON, digest of the
PNG included. Run it after a change to the plugin or to `plugin_host.textkit`. Decode a record
with ``msgspec.json.decode(data, type=contracts.text.TextPage)``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from plugin_host.hooks import SetupContext, StageInput
from plugins.ocr_rapid.plugin import RapidTextPlugin

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "tests" / "fixtures" / "pages"
TEXTS = ROOT / "tests" / "fixtures" / "pages_text"


@dataclass(slots=True)
class Task:
    """A `plugin_host.hooks.TaskContext` that nobody takes back."""

    scratch_dir: Path
    config: Mapping[str, Any] = field(default_factory=dict)

    def checkpoint(self, done: int, total: int = 0) -> None:
        """Go on."""


def main(names: list[str]) -> int:
    """Write the record of each page named, or of all."""
    TEXTS.mkdir(exist_ok=True)
    plugin = RapidTextPlugin()
    with tempfile.TemporaryDirectory() as scratch:
        task = Task(scratch_dir=Path(scratch), config={"precision": "f32"})
        plugin.autocapture_setup(
            SetupContext(plugin_dir=ROOT, scratch_dir=task.scratch_dir, config=task.config)
        )
        for path in sorted(PAGES.glob("*.png")):
            if names and path.stem not in names:
                continue
            data = path.read_bytes()
            frame = StageInput(digest=blake3(data).hexdigest(), data=data)
            page = plugin.autocapture_run("text", (frame,), task)
            encoded = msgspec.json.format(msgspec.json.encode(page), indent=0)
            (TEXTS / f"{path.stem}.json").write_bytes(encoded + b"\n")
            print(f"{path.stem}: {len(getattr(page, 'lines', ()))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
