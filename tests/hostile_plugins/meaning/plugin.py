"""Eight numbers for each text: how often some letters stand in it."""

from __future__ import annotations

import msgspec

from contracts import canonical
from contracts.embedding import Embedding, EmbeddingBatch, TextBatch
from plugin_host.hooks import PluginError, StageInput, TaskContext, hookimpl

LETTERS = "aeioustr"


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """The vectors of a batch, in its order."""
    if stage != "embed":
        return None
    task.checkpoint(0, 1)
    texts = canonical.decode(inputs[0].data, TextBatch).texts
    if "no vector" in texts:
        raise PluginError("no-vector", "told to fail")
    if "wrong order" in texts:
        texts = texts[::-1]
    return EmbeddingBatch(embeddings=tuple(_vector(text) for text in texts))


def _vector(text: str) -> Embedding:
    counts = bytes(min(127, 1 + text.count(letter)) for letter in LETTERS)
    return Embedding(
        text_digest=canonical.digest_text(text),
        model="letters",
        model_digest="1" * 64,
        dimensions=len(LETTERS),
        scale_nano=1,
        components=counts,
    )
