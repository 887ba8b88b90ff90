"""Hooks of the light text plugin.

Tesseract works in a process of its own, for up to half a second a call, and cannot be asked to
give way in between: the host is stopped from outside, child and all, which is why the manifest
asks for a subprocess.

Covers: settings, the text stage. Does not cover: how text is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskContext, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from plugin_host.textkit.incremental import RegionReader, Step
    from plugin_host.textkit.reading import LineReading

STAGE = "text"
ENGINE_NAME = "ocr_tesseract"
TIMEOUT_S_MAX = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says; what is remembered of earlier frames holds for these alone."""

    languages: tuple[str, ...] = ("eng",)
    timeout_s: int = 50
    recall: bool = True


class TesseractTextPlugin:
    """Reads frames with the tesseract program; knows regions that it read before."""

    def __init__(self) -> None:
        self._reader: RegionReader | None = None
        self._settings: Settings | None = None
        self._scratch_dir = Path()

    @hookimpl
    def autocapture_setup(self, context: SetupContext) -> None:
        """See that the program and the languages are there, by reading an empty picture."""
        import numpy as np

        self._open(parse_settings(context.config), context.scratch_dir)
        self._read_crops([np.full((32, 64, 3), 255, np.uint8)], lambda _done, _total: None)

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """The page of one frame.

        Raises `PluginError`: ``image-undecodable`` or ``image-too-large`` for the frame,
        ``inputs-invalid``, ``config-invalid``, and what `program` raises.
        """
        if stage != STAGE:
            return None
        if len(inputs) != 1:
            raise PluginError("inputs-invalid", f"the text stage reads 1 frame, got {len(inputs)}")
        from plugin_host.textkit.images import decode_picture
        from plugin_host.textkit.lines import PageFacts, build_page
        from plugins.ocr_tesseract.program import program_version

        settings = parse_settings(task.config)
        picture = decode_picture(inputs[0].data)
        task.checkpoint(0)
        reader = self._open(settings, task.scratch_dir)
        lines = reader.read(picture.pixels, task.checkpoint)
        facts = PageFacts(
            blob=inputs[0].digest,
            width_px=picture.width_px,
            height_px=picture.height_px,
            engine=ENGINE_NAME,
            engine_version=program_version(),
            languages=settings.languages,
            pixel_digest=picture.digest,
        )
        return build_page(facts, lines)

    def _open(self, settings: Settings, scratch_dir: Path) -> RegionReader:
        """The reader of these settings; another one remembers nothing of before."""
        import cv2

        from plugin_host.textkit.incremental import WORDS_KEPT_MAX, RegionReader
        from plugins.ocr_tesseract.program import check_languages

        # A host works on one core; threads for a cut of 25 ms would be started for nothing.
        cv2.setNumThreads(1)
        self._scratch_dir = scratch_dir
        if self._reader is None or self._settings != settings:
            check_languages(settings.languages)
            self._settings = settings
            kept = WORDS_KEPT_MAX if settings.recall else 0
            self._reader = RegionReader(self._read_crops, words_kept_max=kept)
        return self._reader

    def _read_crops(
        self, crops: Sequence[NDArray[np.uint8]], step: Step
    ) -> list[list[LineReading]]:
        from plugins.ocr_tesseract.preparation import prepare
        from plugins.ocr_tesseract.program import read_words

        assert self._settings is not None
        return read_words(
            [prepare(crop) for crop in crops],
            self._settings.languages,
            self._scratch_dir,
            timeout_s=self._settings.timeout_s,
            step=step,
        )


def parse_settings(config: Mapping[str, Any]) -> Settings:
    """What ``config`` says, with defaults; raises `PluginError` ``config-invalid``."""
    from plugins.ocr_tesseract.program import LANGUAGE

    defaults = Settings()
    languages = config.get("languages", defaults.languages)
    timeout_s = config.get("timeout_s", defaults.timeout_s)
    recall = config.get("recall", defaults.recall)
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
    if not isinstance(recall, bool):
        raise PluginError("config-invalid", f"recall is {recall!r}, not true or false")
    return Settings(languages=tuple(languages), timeout_s=timeout_s, recall=recall)


plugin = TesseractTextPlugin()
