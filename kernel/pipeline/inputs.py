"""The bytes that a task takes along: read where they are stored, checked against their digests.

Covers: every kind of input in `contracts.stages.GRAPH`. Does not cover: which inputs a task
has (`kernel.pipeline.feeder`, `kernel.pipeline.sequencer`).
"""

from __future__ import annotations

from typing import Protocol

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.stages import PRODUCERS
from kernel.pipeline.stages import kind_of
from kernel.store.backlog import Task, TaskInput

PIXELS = "pixel_blob"
EVENT = "capture_event"
TEXTS = "text_batch"


class Evidence(Protocol):
    """The part of the evidence store that gives stages their inputs."""

    def read_blob(self, digest: str) -> bytes:
        """The bytes of a blob, checked; raises `KernelError` when missing or damaged."""
        ...

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        ...


class Records(Protocol):
    """The part of the derived store that gives stages their inputs."""

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The stored bytes of a stage's current result; None without one."""
        ...

    def staged_record_of(self, stage: str, subject: str) -> bytes | None:
        """The stored bytes of a result that a replay staged; None without one."""
        ...

    def text_batch(self, span: str) -> bytes:
        """The texts of a span of text ids (``first:last``) as an encoded `TextBatch`."""
        ...


class InputChanged(Exception):
    """What the task was made for is not there any more: a newer result took its place."""


def inputs_of(task: Task) -> tuple[TaskInput, ...]:
    """The task's inputs; a task without any takes the blob that its key names."""
    digest = task.key.input_digest
    return task.inputs or (TaskInput(PIXELS, digest, digest),)


def read_inputs(
    inputs: tuple[TaskInput, ...], evidence: Evidence, records: Records
) -> tuple[bytes, ...]:
    """The bytes of each input, in order.

    Raises `InputChanged`, and `KernelError` for evidence that is missing or damaged.
    """
    return tuple(_read(given, evidence, records) for given in inputs)


def _read(given: TaskInput, evidence: Evidence, records: Records) -> bytes:
    kind = kind_of(given.role)
    if kind == PIXELS:
        return evidence.read_blob(given.digest)
    if kind == EVENT:
        event = evidence.find_event(given.subject)
        data = None if event is None else canonical.encode(event)
    elif kind == TEXTS:
        data = records.text_batch(given.subject)
    else:
        stage = PRODUCERS[kind]
        data = records.record_of(stage, given.subject)
        if data is None or canonical.digest_bytes(data) != given.digest:
            data = records.staged_record_of(stage, given.subject)
    if data is None or canonical.digest_bytes(data) != given.digest:
        raise InputChanged(f"{given.role} of {given.subject} is not {given.digest} any more")
    return data


def subject_of(inputs: tuple[TaskInput, ...]) -> str:
    """What a result is about: the event of a frame's task, else the blob or the span of texts."""
    for given in inputs:
        if given.role == EVENT or PRODUCERS.get(given.role, "text") != "text":
            return given.subject
    return inputs[0].subject
