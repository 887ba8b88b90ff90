"""A task takes along what it was made for, or is not sent."""

from __future__ import annotations

import pytest

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from kernel.pipeline.inputs import InputChanged, inputs_of, read_inputs, subject_of
from kernel.store.backlog import Task, TaskInput
from tests.kernel.store.test_chains import event_of, page_of

PAGE = page_of((("a line", 0),))
EVENT = event_of(1, 10, PAGE)


class Stored:
    """Evidence and records in memory."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], bytes] = {}
        self.staged: dict[tuple[str, str], bytes] = {}

    def read_blob(self, digest: str) -> bytes:
        return b"pixels of " + digest.encode()

    def find_event(self, event_id: str) -> CaptureEvent | None:
        return EVENT if event_id == EVENT.event_id else None

    def record_of(self, stage: str, subject: str) -> bytes | None:
        return self.records.get((stage, subject))

    def staged_record_of(self, stage: str, subject: str) -> bytes | None:
        return self.staged.get((stage, subject))

    def text_batch(self, span: str) -> bytes:
        return span.encode()


def given(role: str, data: bytes, subject: str) -> TaskInput:
    return TaskInput(role, canonical.digest_bytes(data), subject)


def test_each_input_comes_from_where_it_is_stored_in_its_order() -> None:
    stored = Stored()
    stored.records["state", "ev"] = b"now"
    stored.records["state", "ev-before"] = b"before"
    inputs = (
        TaskInput("pixel_blob", PAGE.blob, PAGE.blob),
        given("capture_event", canonical.encode(EVENT), EVENT.event_id),
        given("screen_state", b"now", "ev"),
        given("previous.screen_state", b"before", "ev-before"),
        given("text_batch", b"1:2", "1:2"),
    )
    data = read_inputs(inputs, stored, stored)
    assert data[0] == b"pixels of " + PAGE.blob.encode()
    assert data[1:] == (canonical.encode(EVENT), b"now", b"before", b"1:2")
    assert subject_of(inputs) == EVENT.event_id


def test_an_input_that_was_replaced_or_is_gone_is_told() -> None:
    stored = Stored()
    wanted = (given("screen_state", b"old", "ev"),)
    for found in (None, b"new"):
        if found is not None:
            stored.records["state", "ev"] = found
        with pytest.raises(InputChanged):
            read_inputs(wanted, stored, stored)
    stored.staged["state", "ev"] = b"old"
    assert read_inputs(wanted, stored, stored) == (b"old",)


def test_a_task_without_inputs_takes_the_blob_of_its_key() -> None:
    key = DerivationKey(
        input_digest=PAGE.blob,
        stage="text",
        plugin_id="echo",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )
    task = Task("t", key, 0, 0, "leased", 1, 0, "")
    assert inputs_of(task) == (TaskInput("pixel_blob", PAGE.blob, PAGE.blob),)
    assert subject_of(inputs_of(task)) == PAGE.blob
