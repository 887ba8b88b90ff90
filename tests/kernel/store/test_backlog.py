"""The backlog against a plain model: nothing lost, nothing twice, numbers that match the rows."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contracts.canonical import digest_bytes
from contracts.derivation import DerivationKey
from kernel.config.paths import DataDir
from kernel.store.backlog import Backlog, task_id_of

START_US = 1_000_000_000


def key(number: int, plugin: str = "echo") -> DerivationKey:
    return DerivationKey(
        input_digest=digest_bytes(str(number).encode()),
        stage="text",
        plugin_id=plugin,
        plugin_version="1.0.0",
        config_digest=digest_bytes(b"{}"),
    )


def opened(folder: Path, now_us: list[int] | None = None) -> Backlog:
    clock = now_us or [START_US]
    return Backlog.open(DataDir(folder), now_us=lambda: clock[0])


def test_newest_capture_is_leased_first_and_oldest_on_request(tmp_path: Path) -> None:
    backlog = opened(tmp_path)
    backlog.enqueue([(key(1), 100), (key(2), 300), (key(3), 200)], cursor=3)
    (newest,) = backlog.lease("echo", 1)
    (oldest,) = backlog.lease("echo", 1, order="oldest")
    assert (newest.captured_at_us, oldest.captured_at_us) == (300, 100)
    assert backlog.waiting("text", "echo").tasks == 1


def test_same_work_put_in_twice_is_there_once(tmp_path: Path) -> None:
    backlog = opened(tmp_path)
    assert backlog.enqueue([(key(1), 100)], cursor=1) == 1
    assert backlog.enqueue([(key(1), 100)], cursor=2) == 0
    assert backlog.cursor() == 2
    assert backlog.unfinished() == 1


def test_lease_of_a_dead_kernel_waits_again_after_reopening(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.enqueue([(key(1), 100)], cursor=1)
    first.lease("echo", 1)
    first.close()
    second = opened(tmp_path)
    assert second.reclaim_leases() == 1
    (task,) = second.lease("echo", 1)
    assert (task.attempts, task.deaths) == (1, 0)


def test_delayed_task_waits_until_its_time(tmp_path: Path) -> None:
    now_us = [START_US]
    backlog = opened(tmp_path, now_us)
    backlog.enqueue([(key(1), 100)], cursor=1)
    (task,) = backlog.lease("echo", 1)
    backlog.put_back(task.task_id, "try later", delay_s=5.0)
    assert backlog.wake_delayed() == 0
    assert backlog.lease("echo", 1) == []
    now_us[0] += 5_000_000
    assert backlog.wake_delayed() == 1
    assert len(backlog.lease("echo", 1)) == 1


def test_blame_is_counted_and_survives_reopening(tmp_path: Path) -> None:
    backlog = opened(tmp_path)
    backlog.enqueue([(key(1), 100)], cursor=1)
    for deaths in (1, 2):
        (task,) = backlog.lease("echo", 1)
        assert backlog.put_back(task.task_id, "the host died", blame=True) == deaths
    backlog.close()
    found = opened(tmp_path).find(task.task_id)
    assert found is not None
    assert found.deaths == 2


def test_other_settings_shelve_what_waits_and_start_from_the_first_event(tmp_path: Path) -> None:
    backlog = opened(tmp_path)
    backlog.set_stages("one")
    backlog.enqueue([(key(1), 100)], cursor=7)
    backlog.set_stages("two")
    assert backlog.cursor() == 0
    assert backlog.unfinished() == 0
    assert backlog.enqueue([(key(1), 100)], cursor=7) == 1
    assert backlog.unfinished() == 1


class BacklogMachine(RuleBasedStateMachine):
    """Any order of operations agrees with a dict of states."""

    @initialize()
    def open_it(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now_us = [START_US]
        self.backlog = opened(Path(self.folder.name), self.now_us)
        self.model: dict[str, str] = {}
        self.due_us: dict[str, int] = {}

    def teardown(self) -> None:
        self.backlog.close()
        self.folder.cleanup()

    def with_state(self, state: str) -> list[str]:
        return sorted(task for task, found in self.model.items() if found == state)

    @rule(numbers=st.lists(st.integers(0, 12), max_size=5))
    def enqueue(self, numbers: list[int]) -> None:
        fresh = {task_id_of(key(n)) for n in numbers} - {
            task for task, state in self.model.items() if state != "done"
        }
        assert self.backlog.enqueue([(key(n), n) for n in numbers], cursor=1) == len(fresh)
        self.model |= dict.fromkeys(fresh, "waiting")

    @rule(limit=st.integers(1, 4))
    def lease(self, limit: int) -> None:
        tasks = self.backlog.lease("echo", limit)
        assert len(tasks) == min(limit, len(self.with_state("waiting")))
        for task in tasks:
            assert self.model[task.task_id] == "waiting"
            self.model[task.task_id] = "leased"

    @rule(choice=st.integers(0, 50), end=st.sampled_from(["done", "failed", "quarantined"]))
    def end(self, choice: int, end: str) -> None:
        leased = self.with_state("leased")
        if not leased:
            return
        task = leased[choice % len(leased)]
        {
            "done": lambda: self.backlog.finish(task),
            "failed": lambda: self.backlog.give_up(task, "no"),
            "quarantined": lambda: self.backlog.quarantine(task, "killer"),
        }[end]()
        self.model[task] = end

    @rule(choice=st.integers(0, 50), delay_s=st.sampled_from([0.0, 2.0]))
    def put_back(self, choice: int, delay_s: float) -> None:
        leased = self.with_state("leased")
        if not leased:
            return
        task = leased[choice % len(leased)]
        self.backlog.put_back(task, "again", delay_s=delay_s)
        self.model[task] = "delayed" if delay_s else "waiting"
        self.due_us[task] = self.now_us[0] + int(delay_s * 1e6)

    @rule(seconds=st.integers(0, 3))
    def time_passes(self, seconds: int) -> None:
        self.now_us[0] += seconds * 1_000_000
        due = [t for t in self.with_state("delayed") if self.due_us[t] <= self.now_us[0]]
        assert self.backlog.wake_delayed() == len(due)
        self.model |= dict.fromkeys(due, "waiting")

    @rule()
    def reopen(self) -> None:
        self.backlog.close()
        self.backlog = opened(Path(self.folder.name), self.now_us)
        assert self.backlog.reclaim_leases() == len(self.with_state("leased"))
        self.model |= dict.fromkeys(self.with_state("leased"), "waiting")

    @rule()
    def retry(self) -> None:
        given_up = [*self.with_state("failed"), *self.with_state("quarantined")]
        assert self.backlog.retry_given_up() == len(given_up)
        self.model |= dict.fromkeys(given_up, "waiting")

    @invariant()
    def numbers_match(self) -> None:
        if not hasattr(self, "model"):
            return
        counts = {count.state: count.tasks for count in self.backlog.counts()}
        for state in ("waiting", "delayed", "leased", "done", "failed", "quarantined"):
            assert counts.get(state, 0) == len(self.with_state(state))
        assert self.backlog.waiting("text", "echo").tasks == len(self.with_state("waiting"))
        expected = sum(len(self.with_state(s)) for s in ("waiting", "delayed", "leased"))
        assert self.backlog.unfinished() == expected


TestBacklogMachine = BacklogMachine.TestCase
