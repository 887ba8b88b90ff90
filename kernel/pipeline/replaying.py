"""Does a stage again over stored evidence, beside what is there, and switches over at the end.

A replay is an order in the derived store, so that it survives the kernel that began it: every
kernel goes on with it whenever work may run. The text stage is done again on every capture since
the given time that has no result of the plugin in force; then a new generation of streams is
filled, and both take over in one transaction. A stage over frames is done again together with
those that build on it. What is stored under its key is not done again.

Covers: what is next. Does not cover: the rows (`kernel.store.replays`), running tasks
(`dispatcher`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from kernel.pipeline.sequencer import Sequencer
from kernel.pipeline.stages import Stage
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.frames import Frame, Place
from kernel.store.replays import REPLAY, ReplayState

STEP_EVENTS = 64
STEP_S = 0.03
TEXT_STAGE = "text"


class Evidence(Protocol):
    """The part of the evidence store that a replay reads."""

    def events_after(self, seq: int, *, limit_rows: int) -> list[CaptureEvent]:
        """Events behind a journal position, in order."""
        ...

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        ...


class ReplayView:
    """The derived store as a replay's sequencer sees it: staged results before current ones."""

    def __init__(self, store: DerivedStore, stages: frozenset[str], since_us: int) -> None:
        self._store = store
        self._stages = stages
        self._start: Place = (since_us, -1)

    def active_streams(self) -> tuple[int, ...]:
        """As the store."""
        return self._store.active_streams()

    def frames_following(self, stream_id: int, place: Place, *, limit: int) -> list[Frame]:
        """As the store."""
        return self._store.frames_following(stream_id, place, limit=limit)

    def frame_before(self, frame: Frame) -> Frame | None:
        """As the store."""
        return self._store.frame_before(frame)

    def cursor(self, stage: str, stream_id: int) -> Place:
        """Up to where the replay is; before its first frame at the beginning."""
        return max(self._store.cursor(stage + REPLAY, stream_id), self._start)

    def settle_frame(self, stage: str, frame: Frame, key: DerivationKey | None) -> None:
        """Stage the result; the replay's own cursor moves."""
        self._store.stage_frame(stage, frame, key)

    def has(self, key: DerivationKey) -> bool:
        """As the store."""
        return self._store.has(key)

    def record_of(self, stage: str, subject: str) -> bytes | None:
        """The staged record; the current one for what the replay does not do again."""
        staged = self._store.staged_record_of(stage, subject) if stage in self._stages else None
        return staged or self._store.record_of(stage, subject)


class Replayer:
    """Used from the kernel's loop, while work may run."""

    def __init__(
        self,
        evidence: Evidence,
        store: DerivedStore,
        backlog: Backlog,
        stages: Sequence[Stage],
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._evidence = evidence
        self._store = store
        self._backlog = backlog
        self._stages = tuple(stages)
        self._now_s = now_s
        self._sequencer: Sequencer | None = None

    @property
    def replayed(self) -> frozenset[str]:
        """Stages over frames whose usual tasks wait until the replay is over."""
        state = self._store.replays.running()
        if state is None or state.is_over or state.stage == TEXT_STAGE:
            return frozenset()
        return frozenset(stage.name for stage in self._from(state.stage))

    @property
    def is_behind(self) -> bool:
        """Whether a replay is left to go on with."""
        state = self._store.replays.running()
        return state is not None and bool(self._from(state.stage) or state.is_over or state.rebuild)

    def step(self) -> None:
        """Go on with the replay for about `STEP_S` seconds, or as far as tasks are done."""
        end_s = self._now_s() + STEP_S
        while (state := self._store.replays.running()) is not None:
            if not self._advance(state) or self._now_s() >= end_s:
                return

    def _advance(self, state: ReplayState) -> bool:
        """One small step; False when it has to wait for tasks or cannot be done now."""
        replays = self._store.replays
        if state.phase == "tidying":
            replays.tidy(state)
            return True
        if state.rebuild:
            return self._place(state)
        stages = self._from(state.stage)
        if not stages:
            return False
        maker = " ".join(
            f"{s.plugin.plugin_id}@{s.plugin.version}/{s.config_digest}" for s in stages
        )
        if state.stage == TEXT_STAGE:
            maker = maker.split(" ")[0]
        if state.maker != maker:
            self._sequencer = None
            replays.restart(state, maker)
            return True
        if state.stage != TEXT_STAGE:
            return self._advance_frames(state, stages)
        if state.phase == "reading":
            return self._read(state, stages[0])
        return self._place(state)

    def _from(self, name: str) -> tuple[Stage, ...]:
        """The stage, and those over frames behind it; none when it has no plugin now."""
        names = [stage.name for stage in self._stages]
        if name not in names:
            return ()
        first = self._stages[names.index(name)]
        if first.unit == "texts":
            return ()
        rest = self._stages[names.index(name) + 1 :]
        return (first, *(stage for stage in rest if stage.unit == "frame"))

    # --- text ----------------------------------------------------------------------------

    def _read(self, state: ReplayState, stage: Stage) -> bool:
        events = self._evidence.events_after(state.seq, limit_rows=STEP_EVENTS)
        if not events:
            if self._backlog.oldest_open_us(TEXT_STAGE) is not None:
                return False
            if self._store.replays.count_staged():
                self._store.replays.begin_generation(state)
            else:
                # Everything is as the plugin in force made it.
                done = msgspec.structs.replace(state, phase="done")
                self._store.replays.save(done)
            return True
        for event in events:
            key = stage.key(event.blob)
            if event.captured_at_us < state.since_us:
                continue
            if not self._store.stage_page(event.blob, key):
                self._backlog.add(key, (), captured_at_us=event.captured_at_us)
        self._store.replays.save(
            msgspec.structs.replace(
                state, seq=events[-1].seq, looked_at=state.looked_at + len(events)
            )
        )
        return True

    def _place(self, state: ReplayState) -> bool:
        events = self._evidence.events_after(state.seq, limit_rows=STEP_EVENTS // 4)
        if not events:
            self._store.replays.switch(state, ())
            return True
        moved = msgspec.structs.replace(state, seq=events[-1].seq)
        self._store.place_replayed(events, moved)
        return True

    # --- stages over frames --------------------------------------------------------------

    def _advance_frames(self, state: ReplayState, stages: tuple[Stage, ...]) -> bool:
        names = tuple(stage.name for stage in stages)
        if self._sequencer is None:
            view = ReplayView(self._store, frozenset(names), state.since_us)
            self._sequencer = Sequencer(self._evidence, view, self._backlog, stages)
        added = self._sequencer.feed()
        if self._sequencer.is_behind:
            return True
        if added or any(self._backlog.oldest_open_us(name) is not None for name in names):
            return False
        if self._backlog.oldest_open_us(TEXT_STAGE) is not None:
            return False
        self._store.replays.switch(state, names)
        self._sequencer = None
        return True
