"""A stage done again: beside the old results, which queries see until all take over at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from contracts import canonical
from contracts.screen import ScreenState
from kernel.config.errors import KernelError
from kernel.pipeline.arranger import Arranger
from kernel.pipeline.dispatcher import Dispatcher, Stores
from kernel.pipeline.feeder import Feeder
from kernel.pipeline.planning import Planning
from kernel.pipeline.replaying import Replayer
from kernel.pipeline.retries import RetryPolicy
from kernel.pipeline.sequencer import Sequencer
from kernel.pipeline.stages import Stage, make_stage
from kernel.scheduling.schedule import Policy
from tests.kernel.pipeline.test_dispatcher import BUDGET, Line, open_line
from tests.kernel.pipeline.test_sequencer import graph
from tests.kernel.supervision.pool_rig import hostile


def newer(stages: tuple[Stage, ...], name: str) -> tuple[Stage, ...]:
    """The same graph with other settings of one stage: another maker of the same kind."""
    return tuple(
        replace(stage, config='{"newer":1}') if stage.name == name else stage for stage in stages
    )


class Works:
    """A line of work whose stages may be replaced, as by a restart of the kernel."""

    def __init__(self, line: Line, stages: tuple[Stage, ...]) -> None:
        self.line = line
        self.use(stages)

    def use(self, stages: tuple[Stage, ...]) -> None:
        line = self.line
        self.feeder = Feeder(line.evidence, line.derived, line.backlog, stages)
        self.arranger = Arranger(line.evidence, line.derived)
        self.sequencer = Sequencer(line.evidence, line.derived, line.backlog, stages)
        self.replayer = Replayer(line.evidence, line.derived, line.backlog, stages)
        self.dispatcher = Dispatcher(
            pool=line.rig.pool,
            stores=Stores(line.backlog, line.evidence, line.derived),
            planning=Planning(stages, costs=line.costs, policy=Policy()),
            policy=RetryPolicy(attempts_max=2, retry_base_s=0.05),
            task_timeout_s=10.0,
            audit=lambda *_: None,
        )

    def turn(self) -> bool:
        """One turn of the loop; whether anything is left to do."""
        self.feeder.feed()
        self.arranger.step()
        self.replayer.step()
        self.sequencer.feed(paused=self.replayer.replayed)
        parts = (self.arranger, self.replayer, self.sequencer)
        if not self.line.backlog.unfinished() and not any(part.is_behind for part in parts):
            return False
        self._work()
        return True

    def turn_replay(self) -> None:
        """A turn in which the replay takes one small step, and the usual stages none."""
        self.replayer._now_s = iter(range(1_000_000)).__next__
        self.replayer.step()
        self._work()

    def _work(self) -> None:
        self.dispatcher.dispatch(BUDGET, now_s=time.monotonic())
        before = len(self.line.rig.seen)
        self.line.rig.turn(10)
        for event in self.line.rig.seen[before:]:
            self.dispatcher.handle(event)

    def drain(self) -> None:
        end_s = time.monotonic() + 60
        while self.turn():
            assert time.monotonic() < end_s, self.line.rig.seen

    def states(self) -> list[ScreenState]:
        events = self.line.evidence.events_after(0, limit_rows=100)
        records = [self.line.derived.record_of("state", event.event_id) for event in events]
        return [canonical.decode(record, ScreenState) for record in records if record]

    def count_results(self, stage: str) -> int:
        found = self.line.derived._db.execute(
            "SELECT count(*) FROM results WHERE stage=?", (stage,)
        ).get
        return int(str(found))


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    with ExitStack() as stack:
        yield Works(open_line(stack, tmp_path, graph()), graph())


def config_seen(works: Works, blob: str) -> str:
    found = works.line.derived.page_of(blob)
    assert found is not None
    return found[0].config_digest


def test_queries_see_the_old_text_until_all_of_the_new_is_there(works: Works) -> None:
    blobs = works.line.capture("one", "two", "three", "one")
    works.drain()
    old = config_seen(works, blobs[0])
    works.use(newer(graph(), "text"))
    works.drain()
    assert works.count_results("text") == 3, "nothing is done again unasked"
    works.line.derived.replays.order("text", 0)
    seen: set[tuple[str, ...]] = set()
    while works.turn():
        seen.add(tuple(config_seen(works, blob) for blob in blobs))
        found = works.line.derived.intervals.find("tw0", limit=5)
        assert [interval.text for interval in found] == ["two"]
    new = config_seen(works, blobs[0])
    assert new != old
    assert seen <= {(old,) * 4, (new,) * 4}, "never some old and some new"
    assert works.count_results("text") == 6, "the old results stay beside the new"
    state = works.line.derived.replays.find()
    assert state is not None
    assert (state.phase, state.results) == ("done", 3)
    assert len(works.line.derived.active_streams()) == 1
    rows = works.line.derived._db.execute("SELECT DISTINCT stream_id FROM intervals").fetchall()
    assert [row[0] for row in rows] == list(works.line.derived.active_streams())


def test_states_of_the_old_text_are_not_current_beside_the_new(works: Works) -> None:
    works.line.capture("one", "two", "three")
    works.drain()
    assert works.line.derived.count_results() == {"delta": 3, "state": 3}
    works.use(newer(graph(), "text"))
    works.line.derived.replays.order("text", 0)
    while (state := works.line.derived.replays.find()) is not None and not state.is_over:
        assert works.line.derived.count_results() == {"delta": 3, "state": 3}
        works.turn_replay()
    assert works.line.derived.count_results() == {}
    assert works.states() == []
    works.use(newer(graph(), "text"))
    works.drain()
    assert works.line.derived.count_results() == {"delta": 3, "state": 3}


def test_states_before_the_first_text_that_changed_stay_current(works: Works) -> None:
    early = works.line.capture("early", "late")
    works.drain()
    works.use(newer(graph(), "text"))
    works.line.derived.replays.order("text", 1_000_001)
    while (state := works.line.derived.replays.find()) is not None and not state.is_over:
        works.turn_replay()
    assert [state.blob for state in works.states()] == early[:1]


def test_a_replay_that_was_interrupted_goes_on(works: Works) -> None:
    works.line.capture(*(f"text number {n}" for n in range(12)))
    works.drain()
    works.use(newer(graph(), "text"))
    works.line.derived.replays.order("text", 0)
    end_s = time.monotonic() + 60
    while works.line.derived.replays.count_staged() < 4:
        assert time.monotonic() < end_s
        works.turn()
    works.line.derived.replays.order("text", 0)
    works.use(newer(graph(), "text"))
    works.drain()
    assert works.count_results("text") == 24, "nothing was made twice"
    assert works.line.dispatcher.tally.repeated == 0


def test_a_replay_with_nothing_new_changes_nothing(works: Works) -> None:
    works.line.capture("one", "two")
    works.drain()
    before = works.line.derived.active_streams()
    works.line.derived.replays.order("text", 0)
    works.drain()
    assert works.line.derived.active_streams() == before
    assert works.count_results("text") == 2


def test_captures_before_the_given_time_keep_their_text(works: Works) -> None:
    blobs = works.line.capture("early", "late")
    works.drain()
    old = config_seen(works, blobs[0])
    works.use(newer(graph(), "text"))
    works.line.derived.replays.order("text", 1_000_001)
    works.drain()
    assert config_seen(works, blobs[0]) == old
    assert config_seen(works, blobs[1]) != old
    assert [i.text for i in works.line.derived.intervals.find("ear1y", limit=5)] == ["early"]


def test_a_capture_during_a_replay_is_seen_before_and_after_the_switch(works: Works) -> None:
    works.line.capture(*(f"text number {n}" for n in range(6)))
    works.drain()
    works.use(newer(graph(), "text"))
    works.line.derived.replays.order("text", 0)
    works.turn()
    works.line.capture("meanwhile")
    works.drain()
    assert [i.text for i in works.line.derived.intervals.find("meanwh11e", limit=5)] == [
        "meanwhile"
    ]


def test_states_are_replaced_at_once_and_deltas_with_them(works: Works) -> None:
    works.line.capture("a", "b", "c")
    works.drain()
    assert (works.count_results("state"), works.count_results("delta")) == (3, 3)
    pointed = "SELECT group_concat(result_id) FROM latest"
    before = works.line.derived._db.execute(pointed).get
    works.use(newer(graph(), "state"))
    works.drain()
    works.line.derived.replays.order("state", 0)
    seen = set()
    while works.turn():
        seen.add(works.line.derived._db.execute(pointed).get)
    seen.add(works.line.derived._db.execute(pointed).get)
    assert len(seen) == 2
    assert before in seen
    assert works.count_results("state") == 6
    assert len(works.states()) == 3


def test_one_replay_at_a_time(works: Works) -> None:
    works.line.derived.replays.order("text", 0)
    with pytest.raises(KernelError) as caught:
        works.line.derived.replays.order("state", 0)
    assert caught.value.code == "replay-running"
    assert str(caught.value.message).endswith("not over: --stage text")
    assert str(caught.value.hint).endswith("kernel replay --stage text")


def test_another_replay_is_named_with_its_moment(works: Works) -> None:
    works.line.derived.replays.order("text", 1_767_225_600_000_000)
    with pytest.raises(KernelError) as caught:
        works.line.derived.replays.order("text", 0)
    assert str(caught.value.hint).endswith("--stage text --since 2026-01-01T00:00:00+00:00")


def test_results_that_are_in_force_already_do_not_take_over(works: Works) -> None:
    works.line.capture("a", "b", "c")
    works.drain()
    replays = works.line.derived.replays
    for stage in ("state", "text"):
        replays.order(stage, 0)
        works.drain()
        state = replays.find()
        assert state is not None
        assert (state.phase, state.results, state.results_by) == ("done", 0, {})
    works.use(newer(graph(), "state"))
    replays.order("state", 0)
    works.drain()
    state = replays.find()
    assert state is not None
    assert state.results_by == {"state": 3}, "the deltas came out as they were"


def test_a_replay_that_was_broken_off_tells_of_all_that_took_over(works: Works) -> None:
    works.line.capture("a", "b", "c")
    works.drain()
    works.use(newer(graph(), "text"))
    replays = works.line.derived.replays
    replays.order("text", 0)
    state = None
    while (state := replays.find()) is None or state.phase != "placing":
        works.replayer._now_s = iter(range(1_000_000)).__next__  # one small step in each turn
        works.turn()
    replays.order("text", 0)
    works.use(newer(graph(), "text"))
    works.drain()
    state = replays.find()
    assert state is not None
    assert (state.phase, state.results) == ("done", 3)


def test_a_stage_without_a_plugin_is_not_replayed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        text_only = (make_stage("text", hostile("echo"), {}),)
        works = Works(open_line(stack, tmp_path, text_only), text_only)
        works.line.derived.replays.order("state", 0)
        assert not works.replayer.is_behind
        works.drain()
