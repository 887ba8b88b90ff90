"""Makes the tasks of the stages over frames, each stream in order of capture.

A frame's task takes the results of earlier stages on it and, where the plugin asks for them,
those of the frame before on the same stream. So the sequencer walks each stream with a cursor
for each stage: what is done under the same inputs is only pointed at, what is not becomes a
task, and a stage that looks back has one task on each stream at a time. It waits for frames
whose text is still to be read, steps over those that were given up, and comes back when a frame
turns up late (`kernel.store.stage_results.StageResults.rewind`). So results do not depend on
the order in which frames became known.

Covers: which task is next. Does not cover: running it (`dispatcher`), stages over blobs
(`feeder`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from contracts.stages import PREVIOUS, PRODUCERS
from kernel.pipeline.inputs import EVENT, PIXELS
from kernel.pipeline.stages import Stage, digest_inputs, kind_of
from kernel.store.backlog import Backlog, TaskInput
from kernel.store.frames import GAP_US_MAX, Frame, Place

TEXT_STAGE = "text"
AHEAD_MAX = 32
"""Tasks of one stage on one stream that wait at a time, where their order does not matter."""
FRAMES_PER_STEP = 256
END: Place = (2**63 - 1, 0)


class Events(Protocol):
    """The part of the evidence store that the sequencer reads."""

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        ...


class Progress(Protocol):
    """The part of the derived store that knows frames and results."""

    def active_streams(self) -> tuple[int, ...]:
        """Streams that queries see."""
        ...

    def frames_following(self, stream_id: int, place: Place, *, limit: int) -> list[Frame]:
        """Frames after this place on the stream, in order."""
        ...

    def frame_before(self, frame: Frame) -> Frame | None:
        """The frame before it on its stream."""
        ...

    def cursor(self, stage: str, stream_id: int) -> Place:
        """Up to where on the stream the stage is done."""
        ...

    def settle_frame(self, stage: str, frame: Frame, key: DerivationKey | None) -> None:
        """The stage is done with this frame: by the result of this key, or without any."""
        ...

    def has(self, key: DerivationKey) -> bool:
        """Whether the work of this key is done."""
        ...

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The bytes of the current result about a blob or an event."""
        ...


class Sequencer:
    """Used from the kernel's loop, while work may run."""

    def __init__(
        self, events: Events, store: Progress, backlog: Backlog, stages: Sequence[Stage]
    ) -> None:
        self._events = events
        self._store = store
        self._backlog = backlog
        self._stages = tuple(stage for stage in stages if stage.unit == "frame")
        self._asked: dict[tuple[str, int], tuple[Place, DerivationKey]] = {}
        self._is_behind = False

    @property
    def is_behind(self) -> bool:
        """Whether frames are left that `feed` did not come to."""
        return self._is_behind

    def feed(self, *, paused: frozenset[str] = frozenset()) -> int:
        """Move every cursor as far as it goes now; returns how many tasks were added.

        ``paused``: stages that stay where they are, and with them those that take their results.
        """
        self._is_behind = False
        if not self._stages:
            return 0
        unread_us = self._backlog.oldest_open_us(TEXT_STAGE)
        added = 0
        for stream_id in self._store.active_streams():
            limit = END if unread_us is None else (unread_us, -1)
            for stage in self._stages:
                if stage.name not in paused and not self._still_waits(stage, stream_id):
                    added += self._walk(stage, stream_id, limit)
                # A later stage of the graph never overtakes an earlier one.
                limit = min(limit, self._store.cursor(stage.name, stream_id))
        return added

    def _still_waits(self, stage: Stage, stream_id: int) -> bool:
        """Whether the one task that may run now was put in before and is not done."""
        cursor, key = self._asked.get((stage.name, stream_id), (None, None))
        if key is None or cursor != self._store.cursor(stage.name, stream_id):
            return False
        return self._backlog.state_of(key) in {"waiting", "delayed", "leased"}

    def _walk(self, stage: Stage, stream_id: int, limit: Place) -> int:
        added = waiting = 0
        start = self._store.cursor(stage.name, stream_id)
        frames = self._store.frames_following(stream_id, start, limit=FRAMES_PER_STEP)
        for frame in frames:
            if frame.place > limit:
                return added
            outcome, key = self._consider(stage, frame)
            if outcome == "settled":
                # The cursor stands before the first frame that waits, whatever is done behind it.
                if not waiting:
                    self._store.settle_frame(stage.name, frame, key)
                continue
            added += outcome == "added"
            waiting += 1
            if stage.is_sequential and key is not None:
                cursor = self._store.cursor(stage.name, stream_id)
                self._asked[stage.name, stream_id] = (cursor, key)
            if stage.is_sequential or waiting >= AHEAD_MAX:
                return added
        self._is_behind |= len(frames) == FRAMES_PER_STEP
        return added

    def _consider(self, stage: Stage, frame: Frame) -> tuple[str, DerivationKey | None]:
        """Whether it is settled (by a result, or without any), was added just now, or waits."""
        inputs = self._inputs(stage, frame)
        if inputs is None:
            return "settled", None
        key = stage.key(digest_inputs(inputs))
        if self._store.has(key):
            return "settled", key
        if self._backlog.state_of(key) in {"failed", "quarantined"}:
            return "settled", None
        added = self._backlog.add(key, inputs, captured_at_us=frame.at_us)
        return "added" if added else "waits", key

    def _inputs(self, stage: Stage, frame: Frame) -> tuple[TaskInput, ...] | None:
        """What goes in; None when something of the frame itself is missing for good."""
        found: list[TaskInput] = []
        for kind in stage.inputs:
            given = self._input(kind, frame)
            if given is None:
                return None
            found.append(given)
        before = self._store.frame_before(frame) if stage.previous else None
        if before is not None and frame.at_us - before.at_us <= GAP_US_MAX:
            # All or nothing: a frame whose state failed is no frame to compare with.
            earlier = [self._input(kind, before, prefix=PREVIOUS) for kind in stage.previous]
            if None not in earlier:
                found += [given for given in earlier if given is not None]
        return tuple(found)

    def _input(self, kind: str, frame: Frame, *, prefix: str = "") -> TaskInput | None:
        event = self._events.find_event(frame.event_id)
        if event is None:
            return None
        if kind == PIXELS:
            return TaskInput(prefix + kind, event.blob, event.blob)
        if kind == EVENT:
            digest = canonical.digest(event)
            return TaskInput(prefix + kind, digest, event.event_id)
        stage = PRODUCERS[kind_of(kind)]
        subject = event.blob if stage == TEXT_STAGE else event.event_id
        record = self._store.record_of(stage, subject)
        if record is None:
            return None
        return TaskInput(prefix + kind, canonical.digest_bytes(record), subject)
