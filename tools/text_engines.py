"""Text plugins called in this process, without host or sandbox, for measurements and tests.

Covers: setup, one frame in, one page out. Does not cover: limits (`tools/bench/ocr.py` sets
them in a child), scores (`tools/text_score.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from contracts import canonical
from contracts.text import TextPage
from plugin_host.hooks import SetupContext, StageInput

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "tests" / "fixtures" / "pages"
ENGINES = ("ocr_rapid", "ocr_tesseract")


@dataclass(slots=True)
class OpenTask:
    """A `plugin_host.hooks.TaskContext` that nobody takes back; it counts its checkpoints."""

    scratch_dir: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: list[tuple[int, int]] = field(default_factory=list)

    def checkpoint(self, done: int, total: int = 0) -> None:
        """Go on."""
        self.checkpoints.append((done, total))


class TextEngine:
    """A text plugin that is set up; ``name`` is one of `ENGINES`."""

    def __init__(
        self, name: str, scratch_dir: Path, config: Mapping[str, Any] | None = None
    ) -> None:
        self.task = OpenTask(scratch_dir=scratch_dir, config=config or {})
        self._plugin = type(import_module(f"plugins.{name}.plugin").plugin)()
        self._plugin.autocapture_setup(
            context=SetupContext(
                plugin_dir=ROOT / "plugins" / name,
                scratch_dir=scratch_dir,
                config=self.task.config,
            )
        )

    def read(self, data: bytes) -> TextPage:
        """The page of an encoded image; raises what the plugin raises."""
        frame = StageInput(digest=canonical.digest_bytes(data), data=data)
        page = self._plugin.autocapture_run(stage="text", inputs=(frame,), task=self.task)
        assert isinstance(page, TextPage)
        return page
