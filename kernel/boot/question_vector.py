"""Turns a question into a vector, in a supervised host, for as long as that takes.

The question goes the way of any text: a page that holds it is committed in a scratch data dir, and
the embed stage makes its vector. Covers: that, and the stored texts that lie near it. Does not
cover: what becomes of them in an answer (`kernel.query.similar`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contracts import canonical
from contracts.derivation import DerivationKey, StageTiming
from contracts.text import TextLine, TextPage, Word
from kernel.boot.kernel import Kernel
from kernel.boot.scratch import make_scratch, scratch_settings
from kernel.boot.session import kernel_session
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings
from kernel.query.similar import Alike, keep_alike
from kernel.store.derived import TEXT_STAGE, DerivedStore
from kernel.store.draft import CaptureDraft
from kernel.store.vectors import VectorStore

TIME_S_MAX = 60.0
"""A model that is not ready by then is not waited for."""


@dataclass(frozen=True, slots=True)
class QuestionVector:
    """The components of a question's vector, and the digest of the model that made it."""

    model_digest: str
    components: bytes


def make_question_vector(
    question: str, data_dir: DataDir, *, show: Callable[[str], None]
) -> QuestionVector:
    """The vector of a question.

    Raises `KernelError`: ``embed-off`` (no plugin is set), ``embed-failed`` (no vector came of
    it in time), and what keeps a plugin from running.
    """
    loaded = scratch_settings(data_dir, "embed")
    _require_plugin(loaded)
    with tempfile.TemporaryDirectory(prefix="autocapture-question-") as folder:
        scratch = make_scratch(data_dir, Path(folder))
        with kernel_session(scratch, loaded) as (kernel, _):
            found = _run(question, kernel, show)
    show("")
    return found


def _require_plugin(loaded: LoadedSettings) -> None:
    if loaded.settings.pipeline.embed_plugin == "none":
        raise KernelError(
            "embed-off",
            "search by meaning is off: no plugin makes vectors",
            hint='set pipeline.embed_plugin = "embed_minilm" and run: kernel process'
            " --until-drained",
        )


def find_alike(
    question: str, data_dir: DataDir, *, limit: int, show: Callable[[str], None]
) -> tuple[Alike, ...]:
    """Stored texts of like meaning, the most alike first; empty when none has a vector.

    Raises what `make_question_vector` raises, and `KernelError` ``vectors-unavailable``.
    """
    _require_plugin(scratch_settings(data_dir, "embed"))
    store = VectorStore.open_read_only(data_dir) if has_vectors(data_dir) else None
    if store is None or not data_dir.derived_db.exists():
        return ()
    with store:
        asked = make_question_vector(question, data_dir, show=show)
        near = store.nearest(asked.model_digest, asked.components, limit=limit)
    with DerivedStore.open_read_only(data_dir) as derived:
        texts = derived.texts_of(hit.text_digest for hit in near)
    # A text may be gone from a derived store that was made anew since.
    found = [
        Alike(texts[hit.text_digest], 1.0 - hit.distance)
        for hit in near
        if hit.text_digest in texts
    ]
    return tuple(keep_alike(found))


def has_vectors(data_dir: DataDir) -> bool:
    """Whether any vector of a stored text is there.

    Raises `KernelError` ``vectors-unavailable``.
    """
    store = VectorStore.open_read_only(data_dir)
    if store is None:
        return False
    with store:
        return any(model.vectors for model in store.models())


def _run(question: str, kernel: Kernel, show: Callable[[str], None]) -> QuestionVector:
    parts = kernel.parts
    refused = [error for stage, error in parts.left_out if stage == "embed"]
    for error in (parts.problem, *refused):
        if error is not None:
            raise error
    vectors = parts.vectors
    assert vectors is not None
    _put_in(question, kernel)
    digest = canonical.digest_bytes(question.encode())
    kernel.request_processing()
    kernel.stop_after(TIME_S_MAX)

    def is_made(running: Kernel) -> bool:
        show("making a vector of the question")
        now = running.progress()
        return bool(vectors.models()) or bool(now.stuck) or bool(now.failed)

    kernel.run(until=is_made)
    for model in vectors.models():
        components = vectors.vector_of(model.digest, digest)
        if components is not None:
            return QuestionVector(model.digest, components)
    stuck = kernel.progress().stuck
    raise KernelError(
        "embed-failed",
        f"no vector came of the question{f': {stuck}' if stuck else ''}",
        hint="ask without --similar; kernel doctor says what is wrong with the plugin",
    )


def _put_in(question: str, kernel: Kernel) -> None:
    """A capture whose only line is the question, read already."""
    parts = kernel.parts
    (ack,) = parts.evidence.append([_draft(question)])
    key = DerivationKey(
        input_digest=ack.event.blob,
        stage=TEXT_STAGE,
        plugin_id="question",
        plugin_version="1.0.0",
        config_digest=canonical.digest_bytes(b""),
    )
    timing = StageTiming(
        queue_wait_us=0, load_us=0, run_us=0, input_bytes=0, memory_peak_bytes=0, finished_at_us=0
    )
    parts.derived.commit_page(key, _page(question, ack.event.blob), timing, [ack.event])


def _draft(question: str) -> CaptureDraft:
    return CaptureDraft(
        captured_at_us=1,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=1,
        source="question",
        media_type="image/png",
        data=question.encode(),
    )


def _page(question: str, blob: str) -> TextPage:
    box = (0, 0, 1, 1)
    word = Word(text=question, box=box, confidence_permille=1000, start=0, end=len(question))
    line = TextLine(text=question, box=box, confidence_permille=1000, words=(word,))
    return TextPage(
        blob=blob, width_px=1, height_px=1, engine="question", engine_version="1", lines=(line,)
    )
