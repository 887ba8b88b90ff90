"""Stages over frames: each stream in order of capture, whatever order frames became known in."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from contracts import canonical
from contracts.change import Delta
from contracts.screen import ScreenState
from kernel.pipeline.arranger import Arranger
from kernel.pipeline.feeder import Feeder
from kernel.pipeline.sequencer import Sequencer
from kernel.pipeline.stages import Stage, make_stage
from kernel.store.draft import CaptureDraft
from kernel.store.frames import GAP_US_MAX
from tests.kernel.pipeline.test_dispatcher import BUDGET, Line, open_line
from tests.kernel.supervision.pool_rig import hostile

SECOND_US = 1_000_000


def graph() -> tuple[Stage, ...]:
    watcher = hostile("watcher", stages=("state", "delta"))
    return (
        make_stage("text", hostile("echo"), {}),
        make_stage(
            "state",
            watcher,
            {},
            inputs=("capture_event", "pixel_blob", "text_page"),
            previous=("screen_state",),
        ),
        make_stage(
            "delta",
            watcher,
            {},
            inputs=("capture_event", "screen_state"),
            previous=("screen_state",),
        ),
    )


class Graph:
    """A line of work with all its stages."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.arranger = Arranger(line.evidence, line.derived)
        self.sequencer = Sequencer(line.evidence, line.derived, line.backlog, graph())

    def capture(self, second: int, text: str, *, source: str = "test") -> str:
        draft = CaptureDraft(
            captured_at_us=second * SECOND_US,
            tz_name="UTC",
            tz_offset_s=0,
            monotonic_ns=second,
            source=source,
            media_type="text/plain",
            data=text.encode(),
        )
        (done,) = self.line.evidence.append([draft])
        return done.event.event_id

    def drain(self) -> None:
        end_s = time.monotonic() + 60
        while True:
            self.line.feeder.feed()
            self.arranger.step()
            added = self.sequencer.feed()
            if not (added or self.sequencer.is_behind or self.line.backlog.unfinished()):
                return
            assert time.monotonic() < end_s, self.line.rig.seen
            self.line.dispatcher.dispatch(BUDGET, now_s=time.monotonic())
            before = len(self.line.rig.seen)
            self.line.rig.turn(10)
            for event in self.line.rig.seen[before:]:
                self.line.dispatcher.handle(event)

    def state(self, event_id: str) -> ScreenState | None:
        record = self.line.derived.record_of("state", event_id)
        return canonical.decode(record, ScreenState) if record else None

    def delta(self, event_id: str) -> Delta | None:
        record = self.line.derived.record_of("delta", event_id)
        return canonical.decode(record, Delta) if record else None


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Graph]:
    with ExitStack() as stack:
        yield Graph(open_line(stack, tmp_path, graph()))


def test_each_frame_has_a_state_and_a_delta_against_the_frame_before(run: Graph) -> None:
    first, second, third = (run.capture(at, text) for at, text in enumerate(("a", "a", "b"), 10))
    run.drain()
    states = [run.state(event) for event in (first, second, third)]
    assert states[0] is not None
    assert states[1] is not None
    assert states[0].elements[0].element_id == states[1].elements[0].element_id
    deltas = [run.delta(event) for event in (first, second, third)]
    assert [sorted(c.change for c in d.changes) for d in deltas if d] == [
        ["appeared"],
        [],
        ["appeared", "vanished"],
    ]
    assert deltas[0] is not None
    assert deltas[0].before_event is None


def test_a_second_look_makes_no_tasks(run: Graph) -> None:
    run.capture(1, "a")
    run.capture(2, "b")
    run.drain()
    done = run.line.dispatcher.tally.done
    again = Sequencer(run.line.evidence, run.line.derived, run.line.backlog, graph())
    assert again.feed() == 0
    for stream in run.line.derived.active_streams():
        for name in ("state", "delta"):
            run.line.derived._results.set_cursor(name, stream, (-1, -1))
    assert again.feed() == 0
    assert run.line.dispatcher.tally.done == done
    assert run.line.dispatcher.tally.repeated == 0


def test_streams_do_not_see_each_other(run: Graph) -> None:
    run.capture(1, "here", source="left")
    other = run.capture(2, "there", source="right")
    run.drain()
    delta = run.delta(other)
    assert delta is not None
    assert delta.before_event is None


def test_a_frame_whose_stage_failed_is_a_gap(run: Graph) -> None:
    run.capture(1, "a")
    bad = run.capture(2, "no state")
    after = run.capture(3, "a")
    run.drain()
    assert run.state(bad) is None
    assert run.delta(bad) is None
    delta = run.delta(after)
    assert delta is not None
    assert delta.before_event is None


def test_frames_far_apart_are_not_compared(run: Graph) -> None:
    run.capture(1, "a")
    later = run.capture(2 + GAP_US_MAX // SECOND_US, "a")
    run.drain()
    delta = run.delta(later)
    assert delta is not None
    assert delta.before_event is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_late_frames_lead_to_the_same_states_as_frames_in_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    texts = ("a", "b", "a")

    def told(folder: Path, steps: tuple[int, ...]) -> list[object]:
        with ExitStack() as stack:
            run = Graph(open_line(stack, folder, graph()))
            for step in steps:
                run.capture(10 + step, texts[step])
                run.drain()
            facts: list[object] = []
            at_event = {
                event.event_id: event.captured_at_us
                for event in run.line.evidence.events_after(0, limit_rows=10)
            }
            for event in sorted(at_event, key=lambda event: at_event[event]):
                delta, state = run.delta(event), run.state(event)
                assert delta is not None
                assert state is not None
                before = at_event.get(delta.before_event or "")
                facts.append((before, sorted((c.change, c.after_text) for c in delta.changes)))
            return facts

    assert told(tmp_path / "late", order) == told(tmp_path / "in order", (0, 1, 2))


def test_other_stages_shelve_what_waits(run: Graph) -> None:
    run.capture(1, "a")
    run.line.feeder.feed()
    Feeder(run.line.evidence, run.line.derived, run.line.backlog, graph()[:1])
    assert run.line.backlog.unfinished() == 0
