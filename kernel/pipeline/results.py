"""Checks what a host returned before anything of it is stored.

A host may lie: the record must be of the stage's contract, about the input it was given, and
consistent in itself (the latter is checked by the derived store). Covers: every stage of
`contracts.stages.GRAPH`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from contracts import canonical
from contracts.bounded import ContractError, decode_bounded
from contracts.change import Delta
from contracts.embedding import EmbeddingBatch, TextBatch
from contracts.screen import ScreenState
from contracts.text import TextPage
from contracts.vision import VlmObservation
from kernel.store.backlog import Task, TaskInput

T = TypeVar("T", bound=msgspec.Struct)


class ResultRefused(Exception):
    """The record breaks its contract; ``code`` is stable."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{reason} [{code}]")
        self.code = code


def parse_page(record: bytes, *, input_digest: str) -> TextPage:
    """The text page in a host's result; raises `ResultRefused`."""
    page = _decode(record, TextPage)
    if page.blob != input_digest:
        raise ResultRefused("wrong-input", f"the page is about blob {page.blob}")
    return page


def check_record(
    record: bytes, task: Task, inputs: Sequence[TaskInput], payload: Sequence[bytes], subject: str
) -> msgspec.Struct:
    """The record of a stage over frames or texts, found to be about its inputs.

    ``payload`` are the bytes that the host was given. Raises `ResultRefused`.
    """
    digests = {given.role: given.digest for given in inputs}
    match task.key.stage:
        case "state":
            state = _decode(record, ScreenState)
            _require_event(state.event_id, subject)
            _require_maker(task, state.extractor, state.extractor_version)
            if "pixel_blob" in digests and state.blob != digests["pixel_blob"]:
                raise ResultRefused("wrong-input", f"the state is about blob {state.blob}")
            return state
        case "delta":
            delta = _decode(record, Delta)
            _require_event(delta.after_event, subject)
            _require_maker(task, delta.extractor, delta.extractor_version)
            if delta.after_state != digests.get("screen_state", delta.after_state):
                raise ResultRefused("wrong-input", f"the delta leads to {delta.after_state}")
            return delta
        case "vision":
            seen = _decode(record, VlmObservation)
            _require_event(seen.event_id, subject)
            _require_maker(task, seen.extractor, seen.extractor_version)
            return seen
        case "embed":
            return _check_vectors(record, payload)
        case stage:
            raise ResultRefused("contract-violation", f"nothing is known of stage {stage}")


def _check_vectors(record: bytes, payload: Sequence[bytes]) -> EmbeddingBatch:
    batch = _decode(record, EmbeddingBatch)
    texts = canonical.decode(payload[0], TextBatch).texts
    wanted = [canonical.digest_text(text) for text in texts]
    if [vector.text_digest for vector in batch.embeddings] != wanted:
        raise ResultRefused("wrong-input", "the vectors are not those of the texts, in their order")
    models = {(v.model, v.model_digest, v.dimensions) for v in batch.embeddings}
    if len(models) != 1 or any(len(v.components) != v.dimensions for v in batch.embeddings):
        raise ResultRefused("contract-violation", "the vectors are not of one model and length")
    return batch


def _decode(record: bytes, kind: type[T]) -> T:
    try:
        return decode_bounded(record, kind)
    except ContractError as error:
        raise ResultRefused("contract-violation", str(error)) from error


def _require_event(found: str, subject: str) -> None:
    if found != subject:
        raise ResultRefused("wrong-input", f"the record is about event {found}")


def _require_maker(task: Task, plugin_id: str, version: str) -> None:
    if (plugin_id, version) != (task.key.plugin_id, task.key.plugin_version):
        raise ResultRefused("contract-violation", f"the record names {plugin_id} {version}")
