"""Moves work from the backlog to hosts and results from hosts to the derived store.

Called from the kernel's loop; never blocks on a host. Deliveries are at least once, commits
idempotent by derivation key, so a task is stored once whatever dies in between. What is
started and what goes first is the plan's decision (`kernel.scheduling.scheduler`).

Covers: leases, assignment, outcomes. Does not cover: whether heavy work may run now
(`kernel.scheduling.governor` decides, the loop passes it on).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

import apsw
from msgspec.structs import replace

from contracts.canonical import digest, digest_bytes
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey, StageTiming
from contracts.embedding import Embedding, EmbeddingBatch
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.pipeline.inputs import (
    Evidence,
    InputChanged,
    Records,
    inputs_of,
    read_inputs,
    subject_of,
)
from kernel.pipeline.planning import Planning
from kernel.pipeline.results import ResultRefused, check_record, parse_page
from kernel.pipeline.retries import Fate, RetryPolicy, after_error, after_loss, after_memory
from kernel.pipeline.stages import Stage
from kernel.scheduling.schedule import Assign, Budget, StartHost, StopHost
from kernel.store.backlog import Backlog, Task, TaskInput
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_events import (
    HostDied,
    HostReady,
    PoolEvent,
    PoolTask,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)


class Results(Records, Protocol):
    """The part of the derived store that takes results."""

    def commit_page(
        self,
        key: DerivationKey,
        page: TextPage,
        timing: StageTiming,
        events: Sequence[CaptureEvent] = (),
    ) -> bool:
        """Store a page once, in its place on the streams of its events; False: stored already."""
        ...

    def commit_record(
        self, key: DerivationKey, subject: str, record: bytes, timing: StageTiming
    ) -> bool:
        """Store another stage's result once; False when it is stored already."""
        ...


class Vectors(Protocol):
    """The part of the vector store that takes results."""

    def add(self, embeddings: Iterable[Embedding], *, batch: str = "") -> int:
        """Store the vectors of a task, all or none; those that are there already stay."""
        ...


class Captured(Evidence, Protocol):
    """The part of the evidence store that the dispatcher reads."""

    def events_of_blob(self, digest: str) -> list[CaptureEvent]:
        """Every event that shows these bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Where work comes from and results go."""

    backlog: Backlog
    evidence: Captured
    results: Results
    vectors: Vectors | None = None


@dataclass(slots=True)
class Tally:
    """What happened since the dispatcher was made."""

    done: int = 0
    repeated: int = 0
    failed: int = 0
    lost: int = 0
    done_by: Counter[str] = field(default_factory=Counter)
    """Of those done, how many of each stage."""


@dataclass(frozen=True, slots=True)
class _InHand:
    """A task that is with a host; ``payload`` is kept where the result is checked against it."""

    task: Task
    inputs: tuple[TaskInput, ...]
    payload: tuple[bytes, ...]


class Dispatcher:
    """Binds one pool, one backlog and the stages in force."""

    def __init__(
        self,
        *,
        pool: HostPool,
        stores: Stores,
        planning: Planning,
        policy: RetryPolicy,
        task_timeout_s: float,
        audit: Callable[[str, str, dict[str, str]], Any],
    ) -> None:
        self._pool = pool
        self._backlog = stores.backlog
        self._blobs = stores.evidence
        self._results = stores.results
        self._vectors = stores.vectors
        self._stages = {stage.name: stage for stage in planning.stages}
        self._view = planning
        self._costs = planning.costs
        self._policy = policy
        self._task_timeout_s = task_timeout_s
        self._audit = audit
        self._in_hand: dict[str, _InHand] = {}
        self._sent: dict[str, tuple[int, int]] = {}
        self._load_us: dict[str, int] = {}
        self._loading: dict[str, Stage] = {}
        self._for_memory: set[str] = set()
        self.tally = Tally()

    def dispatch(self, budget: Budget, *, now_s: float) -> None:
        """Carry out one plan: start and stop hosts, give ready hosts their tasks.

        ``now_s`` is the work clock, which stands still while heavy work is stopped.
        """
        self._backlog.wake_delayed()
        for action in self._view.plan(self._backlog, self._pool, budget, now_s=now_s):
            match action:
                case StartHost():
                    self._start(action)
                case Assign():
                    self._assign(action, now_s)
                case StopHost():
                    self._pool.stop_host(action.host_id, f"unloaded: {action.why}")
                case _:
                    assert_never(action)

    def retire_idle_hosts(self, cause: str) -> None:
        """Let hosts without a task leave."""
        for host in self._pool.statuses():
            if host.state == "ready":
                self._pool.stop_host(host.host_id, cause)

    def handle(self, event: PoolEvent) -> None:
        """Take in what the pool reports about tasks; other events are not for us."""
        match event:
            case HostReady():
                self._load_us[event.host_id] = event.load_us
                stage = self._loading.pop(event.host_id, None)
                if stage is not None:
                    self._costs.add_load(stage.name, stage.model_key, event.load_us)
                self._view.became_ready(event.host_id)
            case HostDied():
                self._load_us.pop(event.host_id, None)
                self._loading.pop(event.host_id, None)
                self._view.died(event.host_id)
            case TaskSucceeded():
                self._store(event)
            case TaskErrored():
                self._note_error(event)
            case TaskLost():
                self._put_back_lost(event)
            case _:
                return

    def note_memory_kill(self, task_id: str, used_bytes: int) -> None:
        """The host of this task is ended to keep a limit on memory; it used so much.

        ``used_bytes`` is what the plan will think that its model needs.
        """
        held = self._in_hand.get(task_id)
        if held is not None:
            self._for_memory.add(task_id)
            self._costs.add_peak(held.task.key.stage, self._model_of(held.task), used_bytes)

    @property
    def in_hand(self) -> int:
        """Tasks that are with hosts now."""
        return len(self._in_hand)

    def _start(self, action: StartHost) -> None:
        stage = self._view.stage_of(action.model_key)
        try:
            host_id = self._pool.start_host(stage.plugin, json.loads(stage.config))
        except (KernelError, OSError) as error:
            self._audit("host-start-failed", stage.plugin.plugin_id, {"error": str(error)[:2000]})
            return
        self._loading[host_id] = stage
        self._view.started(host_id, action.model_key)

    def _assign(self, action: Assign, now_s: float) -> None:
        stage = self._stages[action.stage]
        plugin_id = stage.plugin.plugin_id
        for task in self._backlog.lease(
            plugin_id, action.count, stage=stage.name, order=action.order
        ):
            inputs = inputs_of(task)
            try:
                payload = read_inputs(inputs, self._blobs, self._results)
            except KernelError as error:
                self._settle(task, Fate("give_up"), str(error), plugin_id)
                continue
            except InputChanged:
                # A newer result stands where this task's input was: whoever made the task will
                # make another one for it.
                self._backlog.shelve(task.task_id)
                continue
            pool_task = PoolTask(
                task_id=task.task_id,
                attempt=task.attempts + 1,
                stage=task.key.stage,
                config=stage.config,
                inputs=tuple(given.digest for given in inputs),
                payload=payload,
                timeout_s=self._task_timeout_s,
                roles=tuple(given.role for given in inputs),
            )
            if self._pool.assign(action.host_id, pool_task):
                kept = payload if stage.unit == "texts" else ()
                self._for_memory.discard(task.task_id)
                self._in_hand[task.task_id] = _InHand(task, inputs, kept)
                self._sent[task.task_id] = (_now_us(), sum(map(len, payload)))
                self._view.assigned(action.host_id, stage.name, now_s)
            else:
                self._backlog.put_back(task.task_id, "the host went away before the task was sent")

    def _store(self, event: TaskSucceeded) -> None:
        held = self._take(event.task_id)
        if held is None:
            return
        task = held.task
        timing = self._timing(task, event)
        try:
            stored = self._commit(held, event.record, timing)
        except (ResultRefused, KernelError) as error:
            # The plugin broke its contract: running it again would break it again.
            self._costs.add_failure(task.key.stage, self._model_of(task), "error", timing)
            self._settle(task, Fate("give_up"), str(error), event.plugin_id)
            return
        except apsw.Error as error:
            # The disk refused, not the result: the same work is worth doing again later.
            fate = Fate("retry", self._policy.retry_max_s / 10)
            self._settle(task, fate, f"not stored: {error}", event.plugin_id)
            raise
        self._backlog.finish(task.task_id)
        # The load was counted when it ended, whatever becomes of the tasks after it.
        self._costs.add(task.key.stage, self._model_of(task), replace(timing, load_us=0))
        self._view.finished(event.host_id)
        if stored:
            self.tally.done += 1
            self.tally.done_by[task.key.stage] += 1
        else:
            self.tally.repeated += 1

    def _commit(self, held: _InHand, record: bytes, timing: StageTiming) -> bool:
        key = held.task.key
        if key.stage == "text":
            page = parse_page(record, input_digest=key.input_digest)
            events = self._blobs.events_of_blob(page.blob)
            return self._results.commit_page(key, page, timing, events)
        subject = subject_of(held.inputs)
        found = check_record(record, held.task, held.inputs, held.payload, subject)
        if isinstance(found, EmbeddingBatch):
            if self._vectors is None:
                raise ResultRefused("unasked", "there is nowhere to put vectors")
            # The vectors first: a crash in between does the work again, and changes nothing.
            added = self._vectors.add(found.embeddings, batch=digest(key))
            record = bytes.fromhex(digest_bytes(record))
            # The record may outlive its vectors: theirs is the store that can be lost alone.
            return self._results.commit_record(key, subject, record, timing) or added > 0
        return self._results.commit_record(key, subject, record, timing)

    def _timing(self, task: Task, event: TaskSucceeded | TaskErrored | TaskLost) -> StageTiming:
        """What a task cost; of one without a result by our own clock, its peak where it is told."""
        now_us = _now_us()
        sent_at_us, input_bytes = self._sent.pop(task.task_id, (now_us, 0))
        run_us, load_us, peak_bytes = max(0, now_us - sent_at_us), 0, 0
        if isinstance(event, TaskSucceeded):
            run_us, peak_bytes = event.run_us, event.memory_peak_bytes
            load_us = self._load_us.pop(event.host_id, 0)
        elif isinstance(event, TaskErrored):
            hosts = {host.host_id: host.memory_bytes for host in self._pool.statuses()}
            peak_bytes = hosts.get(event.host_id, 0)
        return StageTiming(
            queue_wait_us=max(0, sent_at_us - task.enqueued_at_us),
            load_us=load_us,
            run_us=run_us,
            input_bytes=input_bytes,
            memory_peak_bytes=peak_bytes,
            finished_at_us=now_us,
        )

    def _note_error(self, event: TaskErrored) -> None:
        held = self._take(event.task_id)
        if held is None:
            return
        task, spent = held.task, self._timing(held.task, event)
        self._costs.add_failure(task.key.stage, self._model_of(task), "error", spent)
        error = f"{event.code}: {event.message}"
        # Leases say nothing: a task is taken back as often as the person comes back.
        failed = self._backlog.note_failure(task.task_id, "error", error)
        fate = after_error(attempts=failed, retry=event.retry, policy=self._policy)
        self._settle(task, fate, error, event.plugin_id)

    def _put_back_lost(self, event: TaskLost) -> None:
        held = self._take(event.task_id)
        if held is None:
            return
        task = held.task
        self.tally.lost += 1
        spent = self._timing(task, event)
        self._costs.add_failure(task.key.stage, self._model_of(task), "lost", spent)
        if task.task_id in self._for_memory and not event.blame:
            losses = self._backlog.note_failure(task.task_id, "memory", event.cause)
            fate = after_memory(losses=losses, policy=self._policy)
            self._settle(task, fate, event.cause, event.plugin_id)
            return
        deaths = self._backlog.put_back(task.task_id, event.cause, blame=event.blame)
        if after_loss(deaths=deaths, policy=self._policy).kind == "quarantine":
            self._settle(task, Fate("quarantine"), event.cause, event.plugin_id)

    def _settle(self, task: Task, fate: Fate, error: str, plugin_id: str) -> None:
        if fate.kind == "retry":
            self._backlog.put_back(task.task_id, error, delay_s=fate.delay_s)
            return
        self.tally.failed += 1
        if fate.kind == "quarantine":
            self._costs.add_failure(task.key.stage, self._model_of(task), "quarantined")
            self._backlog.quarantine(task.task_id, error)
        else:
            self._backlog.give_up(task.task_id, error)
        act = "task-quarantined" if fate.kind == "quarantine" else "task-failed"
        detail = {"plugin": plugin_id, "input": task.key.input_digest, "error": error[:2000]}
        self._audit(act, task.task_id, detail)

    def _model_of(self, task: Task) -> str:
        return self._stages[task.key.stage].model_key

    def _take(self, task_id: str) -> _InHand | None:
        held = self._in_hand.pop(task_id, None)
        if held is None:
            self._sent.pop(task_id, None)
        return held


def _now_us() -> int:
    return time.time_ns() // 1000
