"""Hooks of the embedding plugin.

Covers: settings, warm-up, the embed stage. Does not cover: how a vector is made (`encoder`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from contracts import canonical
from contracts.embedding import Embedding, EmbeddingBatch, TextBatch
from plugin_host.hooks import PluginError, SetupContext, StageInput, TaskContext, hookimpl

if TYPE_CHECKING:
    from plugins.embed_minilm.encoder import Encoder

STAGE = "embed"
PRECISIONS = ("auto", "f32")


class MiniLmPlugin:
    """Makes vectors of texts; the model is loaded once per host."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._model_digest = ""

    @hookimpl
    def autocapture_setup(self, context: SetupContext) -> None:
        """Load the model and encode a line, so that the first batch is not slower."""
        self._open(context.config).encode(["warm up"], lambda _done, _total: None)

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """The vectors of one batch of texts, in its order.

        Raises `PluginError`: ``inputs-invalid`` for anything but one text batch,
        ``config-invalid``, ``model-missing``.
        """
        if stage != STAGE:
            return None
        if len(inputs) != 1:
            raise PluginError("inputs-invalid", f"the stage takes 1 batch, got {len(inputs)}")
        try:
            texts = canonical.decode(inputs[0].data, TextBatch).texts
        except msgspec.MsgspecError as error:
            raise PluginError("inputs-invalid", f"no batch of texts: {error}") from error
        encoder = self._encoder or self._open(task.config)
        from plugins.embed_minilm.model import DIMENSIONS, MODEL_NAME

        return EmbeddingBatch(
            embeddings=tuple(
                Embedding(
                    text_digest=canonical.digest_text(text),
                    model=MODEL_NAME,
                    model_digest=self._model_digest,
                    dimensions=DIMENSIONS,
                    scale_nano=vector.scale_nano,
                    components=vector.components,
                )
                for text, vector in zip(texts, encoder.encode(texts, task.checkpoint), strict=True)
            )
        )

    def _open(self, config: Mapping[str, Any]) -> Encoder:
        # OpenVINO imports its telemetry package when it is there, and does without when it is not.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        # The tokenizer would start threads of its own; the model's threads are the budget.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        from plugins.embed_minilm.encoder import Encoder
        from plugins.embed_minilm.model import model_dir, weights_digest

        precision = config.get("precision", "auto")
        threads = config.get("threads", 1)
        if precision not in PRECISIONS:
            raise PluginError("config-invalid", f"precision is {precision!r}, not {PRECISIONS}")
        if not isinstance(threads, int) or not 1 <= threads <= (os.cpu_count() or 1):
            raise PluginError("config-invalid", f"threads is {threads!r}, not 1 to the core count")
        try:
            folder = model_dir()
            self._model_digest = weights_digest(folder)
        except FileNotFoundError as error:
            raise PluginError("model-missing", str(error)) from error
        self._encoder = Encoder(folder, threads=threads, precision=precision)
        return self._encoder


plugin = MiniLmPlugin()
