"""From evidence to stored text through real thread hosts: once, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts.canonical import digest_bytes
from contracts.text import TextPage
from kernel.config.paths import DataDir
from kernel.pipeline.costs import Costs
from kernel.pipeline.dispatcher import Dispatcher, Stores
from kernel.pipeline.feeder import Feeder
from kernel.pipeline.planning import Planning
from kernel.pipeline.retries import RetryPolicy
from kernel.pipeline.stages import Stage, make_stage
from kernel.scheduling.schedule import Budget, ModelTimings, Policy
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.store.telemetry import TelemetryStore
from kernel.supervision.hearing import OUT_OF_MEMORY
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.pool_events import HostDied
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig

BUDGET = Budget(hosts_max=2, running_max=2, memory_free_bytes=1 << 40)
TIMINGS = ModelTimings(load_s=0.05, task_s=0.01, memory_bytes=1 << 20)


@dataclass
class Line:
    """One pipeline over a scratch data dir."""

    evidence: EvidenceStore
    derived: DerivedStore
    backlog: Backlog
    feeder: Feeder
    dispatcher: Dispatcher
    costs: Costs
    rig: Rig
    audit: list[tuple[str, str]] = field(default_factory=list)

    def capture(self, *texts: str) -> list[str]:
        drafts = [
            CaptureDraft(
                captured_at_us=1_000_000 + number,
                tz_name="UTC",
                tz_offset_s=0,
                monotonic_ns=number,
                source="test",
                media_type="text/plain",
                data=text.encode(),
            )
            for number, text in enumerate(texts)
        ]
        return [done.event.blob for done in self.evidence.append(drafts)]

    def turn(self) -> None:
        self.dispatcher.dispatch(BUDGET, now_s=time.monotonic())
        before = len(self.rig.seen)
        self.rig.turn(10)
        for event in self.rig.seen[before:]:
            self.dispatcher.handle(event)

    def turn_until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        end_s = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end_s, self.rig.seen
            self.turn()

    def drain(self) -> None:
        self.turn_until(lambda: self.backlog.unfinished() == 0 and self.dispatcher.in_hand == 0)

    def page(self, blob: str) -> TextPage | None:
        found = self.derived.page_of(blob)
        return found[1] if found else None


def text_stage() -> Stage:
    return make_stage("text", hostile("echo"), {})


def open_line(stack: ExitStack, folder: Path, stages: tuple[Stage, ...] = ()) -> Line:
    data_dir = DataDir(folder / "data")
    evidence = stack.enter_context(EvidenceStore.open(data_dir))
    derived = stack.enter_context(DerivedStore.open(data_dir))
    backlog = Backlog.open(data_dir)
    stack.callback(backlog.close)
    stages = stages or (text_stage(),)
    costs = Costs(TelemetryStore.open(data_dir), {stage.model_key: TIMINGS for stage in stages})
    stack.callback(costs.close)
    rig = stack.enter_context(pool_rig(ThreadLauncher()))
    audit: list[tuple[str, str]] = []
    dispatcher = Dispatcher(
        pool=rig.pool,
        stores=Stores(backlog, evidence, derived),
        planning=Planning(stages, costs=costs, policy=Policy()),
        policy=RetryPolicy(attempts_max=2, retry_base_s=0.05),
        task_timeout_s=10.0,
        audit=lambda act, subject, detail: audit.append((act, detail.get("error", ""))),
    )
    feeder = Feeder(evidence, derived, backlog, stages)
    return Line(evidence, derived, backlog, feeder, dispatcher, costs, rig, audit)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    with ExitStack() as stack:
        yield open_line(stack, tmp_path)


def test_every_frame_is_read_and_stored_once(line: Line) -> None:
    blobs = line.capture("one", "two", "three", "one")
    assert line.feeder.feed() == 3
    line.drain()
    assert [line.page(blob).lines[0].text for blob in blobs] == ["one", "two", "three", "one"]  # type: ignore[union-attr]
    assert line.dispatcher.tally.done == 3
    assert line.derived.count_processed_blobs() == 3


def test_a_host_that_met_its_memory_limit_is_renewed_before_the_next_try(line: Line) -> None:
    line.capture("!full", "one")
    line.feeder.feed()
    line.drain()
    line.turn_until(lambda: len(deaths(line)) == 2)
    assert [death.cause for death in deaths(line)] == [OUT_OF_MEMORY] * 2
    assert not any(death.crashed for death in deaths(line))
    assert len({death.host_id for death in deaths(line)}) == 2, "each try had a host of its own"
    assert line.dispatcher.tally.done == 1


def test_a_task_whose_host_is_ended_for_memory_is_not_tried_for_ever(
    line: Line, tmp_path: Path
) -> None:
    line.capture(f"!hang:{tmp_path / 'end'}")
    line.feeder.feed()
    for _ in range(2):
        line.turn_until(lambda: line.dispatcher.in_hand == 1)
        (busy,) = (host for host in line.rig.pool.statuses() if host.task_id is not None)
        line.dispatcher.note_memory_kill(str(busy.task_id), 77 << 20)
        line.rig.pool.kill_host(busy.host_id, "the largest host", blame=False)
        line.turn_until(lambda: line.dispatcher.in_hand == 0)
    line.turn_until(lambda: line.backlog.unfinished() == 0)
    (task,) = line.backlog.given_up(10)
    assert (task.state, task.error, task.deaths) == ("quarantined", "the largest host", 0)
    assert [one.kind for one in line.backlog.attempts.of_task(task.task_id)] == ["memory"] * 2
    assert line.costs.timings()["echo"].memory_bytes == 77 << 20, "the plan knows what it needs"
    (tmp_path / "end").touch()


def test_a_task_that_is_taken_back_for_the_person_is_tried_as_often_as_it_takes(
    line: Line, tmp_path: Path
) -> None:
    line.capture(f"!hang:{tmp_path / 'end'}")
    line.feeder.feed()
    for _ in range(2):
        line.turn_until(lambda: line.dispatcher.in_hand == 1)
        (busy,) = (host for host in line.rig.pool.statuses() if host.task_id is not None)
        line.rig.pool.kill_host(busy.host_id, "the person came back", blame=False)
        line.turn_until(lambda: line.dispatcher.in_hand == 0)
    assert line.backlog.given_up(10) == []
    (tmp_path / "end").touch()
    line.drain()
    assert line.dispatcher.tally.done == 1


def test_what_a_failed_task_cost_is_counted_and_the_load_before_it(line: Line) -> None:
    line.capture("!raise:cannot read this")
    line.feeder.feed()
    line.drain()
    line.costs.merge()
    (found,) = line.costs.known
    assert (found.runs, found.loads) == (0, 1)
    failures = found.failures["error"]
    for metric in ("failed_us", "queue_wait_us", "input_bytes"):
        assert found.get(metric).histogram.count == failures
    assert found.get("input_bytes").histogram.largest == len("!raise:cannot read this")


def deaths(line: Line) -> list[HostDied]:
    return [event for event in line.rig.seen if isinstance(event, HostDied)]


def test_second_look_at_the_same_evidence_adds_nothing(line: Line) -> None:
    line.capture("one")
    assert line.feeder.feed() == 1
    line.drain()
    assert line.feeder.feed() == 0
    again = Feeder(line.evidence, line.derived, line.backlog, (text_stage(),))
    assert again.feed() == 0


def test_other_settings_are_for_what_is_not_read_yet(line: Line) -> None:
    line.capture("one", "two")
    line.feeder.feed()
    line.turn_until(lambda: line.derived.count_processed_blobs() == 1)
    other = make_stage("text", hostile("echo"), {"languages": ["deu"]})
    line.turn_until(lambda: line.dispatcher.in_hand == 0)
    unread = 2 - line.derived.count_processed_blobs()
    assert Feeder(line.evidence, line.derived, line.backlog, (other,)).feed() == unread


def test_frame_that_fails_is_given_up_with_its_error_and_the_rest_goes_on(line: Line) -> None:
    bad, good = line.capture("!raise:cannot read this", "fine")
    line.feeder.feed()
    line.drain()
    assert line.page(good) is not None
    assert line.page(bad) is None
    (task,) = line.backlog.given_up(10)
    assert "cannot read this" in task.error
    assert line.audit[0][0] == "task-failed"
    # Nobody said that another try is vain.
    tries = line.backlog.attempts.of_task(task.task_id)
    assert [(one.kind, one.error) for one in tries] == [("error", task.error)] * 2


def test_failure_that_may_pass_is_tried_again_up_to_the_limit(line: Line) -> None:
    line.capture("!retry:not now")
    line.feeder.feed()
    line.drain()
    (task,) = line.backlog.given_up(10)
    assert task.attempts == 2


def test_failure_that_the_plugin_calls_final_is_given_up_at_once(line: Line) -> None:
    line.capture("!refuse:no such thing")
    line.feeder.feed()
    line.drain()
    (task,) = line.backlog.given_up(10)
    assert (task.attempts, task.error) == (1, "refused: no such thing")


def test_tries_that_were_taken_back_are_no_failures(line: Line, tmp_path: Path) -> None:
    line.capture(f"!hang-then-raise:{tmp_path / 'end'}")
    line.feeder.feed()
    line.turn_until(lambda: line.dispatcher.in_hand == 1)
    (busy,) = (host for host in line.rig.pool.statuses() if host.task_id is not None)
    line.rig.pool.kill_host(busy.host_id, "the person came back", blame=False)
    line.turn_until(lambda: line.dispatcher.in_hand == 0)
    (tmp_path / "end").touch()
    line.drain()
    (task,) = line.backlog.given_up(10)
    assert task.attempts == 3, "one was taken back, two failed"


def test_lie_about_the_input_is_refused_and_nothing_of_it_stored(line: Line) -> None:
    line.capture("!wrong:lie")
    line.feeder.feed()
    line.drain()
    (task,) = line.backlog.given_up(10)
    assert "wrong-input" in task.error
    assert line.derived.count_processed_blobs() == 0


def test_result_that_was_committed_before_a_crash_is_recognised(line: Line) -> None:
    line.capture("one")
    line.feeder.feed()
    line.turn_until(lambda: line.derived.count_processed_blobs() == 1)
    (task_id,) = [row[0] for row in line.backlog._connection.execute("SELECT task_id FROM tasks")]
    line.backlog._connection.execute("UPDATE tasks SET state='leased'")
    line.backlog._recount()
    assert line.backlog.reclaim_leases() == 1
    line.drain()
    assert line.dispatcher.tally.repeated == 1
    assert line.backlog.find(task_id).state == "done"  # type: ignore[union-attr]


def test_missing_blob_fails_its_task_alone(line: Line) -> None:
    (blob,) = line.capture("will be damaged")
    line.feeder.feed()
    (segment,) = (line.evidence._data_dir.packs_dir).glob("*")
    data = bytearray(segment.read_bytes())
    place = data.index(b"will be damaged")
    data[place] ^= 1
    segment.write_bytes(bytes(data))
    line.drain()
    (task,) = line.backlog.given_up(10)
    assert "blob-damaged" in task.error
    assert task.key.input_digest == blob == digest_bytes(b"will be damaged")


def test_costs_are_learned_from_what_ran(line: Line) -> None:
    line.capture(*(f"frame {number}" for number in range(5)))
    line.feeder.feed()
    line.drain()
    line.costs.merge()
    learned = line.costs.timings()["echo"]
    assert learned != TIMINGS
    assert learned.task_s > 0
