"""Hooks of the default text plugin.

Covers: settings, warm-up, the text stage. Does not cover: how text is read (`engine`).
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskContext, hookimpl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from plugin_host.textkit.reading import LineReading
    from plugins.ocr_rapid.engine import Engine

STAGE = "text"
ENGINE_NAME = "ocr_rapid"
PRECISIONS = ("auto", "f32")


class RapidTextPlugin:
    """Reads frames with RapidOCR's models; the engine is loaded once per host."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._config: Mapping[str, Any] | None = None

    @hookimpl
    def autocapture_setup(self, context: SetupContext) -> None:
        """Load both models and read a small picture, so that the first frame is not slower."""
        self._config = context.config
        engine = self._open(context.config)
        import numpy as np

        engine.read(np.full((320, 640, 3), 255, dtype=np.uint8), lambda _done, _total: None)

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """The page of one frame.

        Raises `PluginError`: ``image-undecodable`` or ``image-too-large`` for the frame,
        ``inputs-invalid`` for anything but one input, ``config-invalid``.
        """
        if stage != STAGE:
            return None
        if len(inputs) != 1:
            raise PluginError("inputs-invalid", f"the text stage reads 1 frame, got {len(inputs)}")
        from plugin_host.textkit.images import decode_picture
        from plugin_host.textkit.lines import PageFacts, build_page
        from plugins.ocr_rapid.models import engine_version

        picture = decode_picture(inputs[0].data)
        task.checkpoint(0)
        engine = self._engine or self._open(self._config or task.config)
        lines = self._read(engine, picture.pixels, task)
        facts = PageFacts(
            blob=inputs[0].digest,
            width_px=picture.width_px,
            height_px=picture.height_px,
            engine=ENGINE_NAME,
            engine_version=engine_version(),
            pixel_digest=picture.digest,
        )
        return build_page(facts, lines)

    def _read(
        self, engine: Engine, pixels: NDArray[np.uint8], task: TaskContext
    ) -> list[LineReading]:
        """Lines; after an error no session and nothing remembered is used again.

        Raises `MemoryError` also for what OpenCV could not get: its host is renewed then.
        """
        import cv2

        try:
            return engine.read(pixels, task.checkpoint)
        except cv2.error as error:
            self._engine = None
            if error.code == cv2.Error.StsNoMem:
                raise MemoryError(str(error)) from error
            raise
        except Exception:
            self._engine = None
            raise

    def _open(self, config: Mapping[str, Any]) -> Engine:
        # OpenVINO imports its telemetry package when it is there, and does without when it is not.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        from plugins.ocr_rapid.engine import Engine
        from plugins.ocr_rapid.models import Settings

        # The package sets its own logger to INFO with a handler on stderr.
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        precision = config.get("precision", "auto")
        threads = config.get("threads", 1)
        recall = config.get("recall", True)
        check_languages(config)
        if precision not in PRECISIONS:
            raise PluginError("config-invalid", f"precision is {precision!r}, not {PRECISIONS}")
        if not isinstance(threads, int) or not 1 <= threads <= (os.cpu_count() or 1):
            raise PluginError("config-invalid", f"threads is {threads!r}, not 1 to the core count")
        if not isinstance(recall, bool):
            raise PluginError("config-invalid", f"recall is {recall!r}, not true or false")
        self._engine = Engine(Settings(threads=threads, precision=precision, recall=recall))
        return self._engine


def check_languages(config: Mapping[str, Any]) -> None:
    """See that the models can read each of ``languages``; raises `PluginError` `language-missing`.

    Letters of another script are not left out by the models but read as marks that look like them.
    """
    unread = [
        name for name in config.get("languages", ()) if name in config.get("languages_unread", ())
    ]
    if unread:
        raise PluginError(
            "language-missing",
            f"{ENGINE_NAME} cannot read {', '.join(unread)}: its models know no letters of the "
            'script; set pipeline.text_plugin = "ocr_tesseract", which can, or take '
            "them out of pipeline.languages",
        )


plugin = RapidTextPlugin()
