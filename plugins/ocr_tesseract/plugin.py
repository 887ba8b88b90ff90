"""Hooks of the light text plugin.

Tesseract works in a process of its own for one to two seconds a frame and cannot be asked to
give way in between: the host is stopped from outside, child and all, which is why the manifest
asks for a subprocess.

Covers: settings, the text stage. Does not cover: how text is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskContext, hookimpl

STAGE = "text"
ENGINE_NAME = "ocr_tesseract"
TIMEOUT_S_MAX = 600


class TesseractTextPlugin:
    """Reads frames with the tesseract program; keeps nothing between frames."""

    @hookimpl
    def autocapture_setup(self, context: SetupContext) -> None:
        """See that the program and the languages are there, by reading an empty picture."""
        from PIL import Image

        from plugins.ocr_tesseract.preparation import Prepared
        from plugins.ocr_tesseract.program import read_words

        blank = Prepared(image=Image.new("L", (64, 32), 255), scale=1)
        languages, timeout_s = _settings(context.config)
        read_words(blank, languages, context.scratch_dir, timeout_s=timeout_s)

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """The page of one frame.

        Raises `PluginError`: ``image-undecodable`` or ``image-too-large`` for the frame,
        ``inputs-invalid``, ``config-invalid``, and what `program.read_words` raises.
        """
        if stage != STAGE:
            return None
        if len(inputs) != 1:
            raise PluginError("inputs-invalid", f"the text stage reads 1 frame, got {len(inputs)}")
        from plugin_host.textkit.images import decode_picture
        from plugin_host.textkit.lines import PageFacts, build_page
        from plugins.ocr_tesseract.preparation import prepare
        from plugins.ocr_tesseract.program import program_version, read_words

        languages, timeout_s = _settings(task.config)
        picture = decode_picture(inputs[0].data)
        task.checkpoint(0, 3)
        prepared = prepare(picture)
        task.checkpoint(1, 3)
        lines = read_words(prepared, languages, task.scratch_dir, timeout_s=timeout_s)
        task.checkpoint(2, 3)
        facts = PageFacts(
            blob=inputs[0].digest,
            width_px=picture.width_px,
            height_px=picture.height_px,
            engine=ENGINE_NAME,
            engine_version=program_version(),
            languages=languages,
        )
        return build_page(facts, lines)


def _settings(config: Mapping[str, Any]) -> tuple[tuple[str, ...], int]:
    """Languages and time limit; raises `PluginError` ``config-invalid``."""
    from plugins.ocr_tesseract.program import LANGUAGE

    languages = config.get("languages", ("eng",))
    timeout_s = config.get("timeout_s", 50)
    if (
        not isinstance(languages, list | tuple)
        or not languages
        or not all(isinstance(name, str) and LANGUAGE.fullmatch(name) for name in languages)
    ):
        raise PluginError(
            "config-invalid", f"languages is {languages!r}, not a list of tesseract's names"
        )
    if not isinstance(timeout_s, int) or not 1 <= timeout_s <= TIMEOUT_S_MAX:
        raise PluginError("config-invalid", f"timeout_s is {timeout_s!r}, not 1 to {TIMEOUT_S_MAX}")
    return tuple(languages), timeout_s


plugin = TesseractTextPlugin()
