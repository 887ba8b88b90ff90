"""Makes the tasks of the embed stage: distinct texts, in the order in which they became known.

One batch is under way at a time. A batch whose task was given up is stepped over. Another plugin,
version or other settings begin with the first text, and so does an empty store of vectors: what is
done is asked of the store that holds them. Vectors of different models are never mixed
(`kernel.store.vectors`). Covers: which texts are next. Does not cover: storing vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contracts import canonical
from kernel.pipeline.inputs import TEXTS
from kernel.pipeline.stages import Stage, digest_inputs
from kernel.store.backlog import Backlog, TaskInput
from kernel.store.stage_store import embed_maker_name

BATCH_TEXTS = 64
BATCHES_PER_STEP = 32


class Texts(Protocol):
    """The part of the derived store that is walked."""

    def embedded_up_to(self, maker: str, vectors: str) -> int:
        """The id of the last text that this maker is done with, for this store of vectors."""
        ...

    def set_embedded(self, maker: str, vectors: str, text_id: int) -> None:
        """This maker is done with the texts up to this one."""
        ...

    def texts_behind(self, text_id: int, *, limit: int) -> list[int]:
        """Ids of the texts that became known after this one, in order."""
        ...

    def text_batch(self, span: str) -> bytes:
        """The texts of a span of ids as an encoded `TextBatch`."""
        ...


class Vectors(Protocol):
    """The part of the store of vectors that is asked what is done."""

    def store_id(self) -> str:
        """Names this store; one that was made anew has another name."""
        ...

    def has_batch(self, key_digest: str) -> bool:
        """Whether the vectors of the task of this key were stored in it."""
        ...


class Embedder:
    """Used from the kernel's loop, while work may run."""

    def __init__(
        self, texts: Texts, vectors: Vectors | None, backlog: Backlog, stages: Sequence[Stage]
    ) -> None:
        self._texts = texts
        self._vectors = vectors
        self._vectors_id = "" if vectors is None else vectors.store_id()
        self._backlog = backlog
        self._stage = next((stage for stage in stages if stage.unit == "texts"), None)
        self._is_behind = False

    @property
    def is_behind(self) -> bool:
        """Whether texts are left that `feed` did not come to."""
        return self._is_behind

    def feed(self) -> None:
        """Put in the next batch, when the one before is done."""
        stage = self._stage
        if stage is None or self._vectors is None:
            return
        plugin, made_in = stage.plugin, self._vectors_id
        maker = embed_maker_name(plugin.plugin_id, plugin.version, stage.config_digest)
        for _ in range(BATCHES_PER_STEP):
            done = self._texts.embedded_up_to(maker, made_in)
            ids = self._texts.texts_behind(done, limit=BATCH_TEXTS)
            self._is_behind = bool(ids)
            if not ids or not self._is_done(stage, f"{ids[0]}:{ids[-1]}", self._vectors):
                self._is_behind = False
                return
            self._texts.set_embedded(maker, made_in, ids[-1])

    def _is_done(self, stage: Stage, span: str, vectors: Vectors) -> bool:
        """Whether the batch needs no work any more; its task is put in when it does."""
        digest = canonical.digest_bytes(self._texts.text_batch(span))
        inputs = (TaskInput(TEXTS, digest, span),)
        key = stage.key(digest_inputs(inputs))
        if vectors.has_batch(canonical.digest(key)):
            return True
        if self._backlog.state_of(key) in {"failed", "quarantined"}:
            return True
        self._backlog.add(key, inputs, captured_at_us=0)
        return False
