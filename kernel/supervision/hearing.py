"""What hosts say, and what it means for their lives and their tasks.

Covers: each message of a host, counting rubbish. Does not cover: sockets and handshakes
(`channel`), what the pool does about it (`pool`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from contracts.wire import (
    Beat,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    Progress,
    Ready,
    TaskDone,
    TaskFailed,
    Welcome,
)
from kernel.supervision import lifecycle
from kernel.supervision.channel import Received, Violation
from kernel.supervision.pool_events import (
    HostReady,
    PoolEvent,
    ProtocolViolation,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)
from kernel.supervision.pool_settings import PoolSettings
from kernel.supervision.pool_slot import Slot
from kernel.supervision.sandbox_level import level_for, shortfall

MEMORY_LIMIT = "memory-limit"
"""The code of a task that met its host's own limit (`plugin_host.worker`)."""
OUT_OF_MEMORY = "it met its own memory limit"
VIOLATIONS_MAX = 100
"""A host whose socket carried this much rubbish is stopped: something in it is broken."""


class Hearing:
    """Hears the hosts of one pool; ``feed`` moves a host's life on, ``tell`` takes events."""

    def __init__(
        self,
        settings: PoolSettings,
        *,
        feed: Callable[[Slot, lifecycle.Event], None],
        tell: Callable[[PoolEvent], None],
        now_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._tell = tell
        self._now_s = now_s

    def listen(self, slot: Slot) -> None:
        """Take in all that waits on the host's socket."""
        for item in slot.channel.receive():
            if isinstance(item, Violation):
                self._note_violation(slot, item)
            else:
                self._hear(slot, item)

    def _note_violation(self, slot: Slot, violation: Violation) -> None:
        count = slot.violations.get(violation.code, 0) + 1
        slot.violations[violation.code] = count
        # The audit gets the 1st, 10th, 100th, ...: a flood must not fill the ledger.
        if count in {1, 10, 100, 1_000, 10_000, 100_000} or violation.fatal:
            self._tell(
                ProtocolViolation(
                    slot.host.host_id,
                    slot.plugin.plugin_id,
                    violation.code,
                    violation.detail,
                    count,
                )
            )
        if violation.fatal or sum(slot.violations.values()) >= VIOLATIONS_MAX:
            cause = f"protocol violation {violation.code}: {violation.detail}"
            self._feed(slot, lifecycle.StopRequested(cause, now=True, commanded=False))

    def _hear(self, slot: Slot, received: Received) -> None:
        message = received.message
        match message:
            case Hello():
                self._greet(slot, message, received.peer_pid)
            case Ready():
                self._note_ready(slot, message)
            case Beat():
                slot.memory_bytes = message.memory_bytes
                self._feed(slot, lifecycle.Beaten())
            case Progress():
                self._feed(slot, lifecycle.Progressed(message.task_id))
            case TaskDone() | TaskFailed():
                self._note_outcome(slot, message, received.payload)
            case Goodbye():
                self._feed(slot, lifecycle.Beaten())
            case HostFault():
                slot.fault = f"{message.code}: {message.message}"
                cause = slot.fault
                self._feed(slot, lifecycle.StopRequested(cause, now=True, commanded=False))
            case _:
                assert_never(message)

    def _greet(self, slot: Slot, hello: Hello, peer_pid: int | None) -> None:
        slot.hello = hello
        if peer_pid is not None:
            slot.runner.adopt(peer_pid)
        required = level_for(self._settings.sandbox_level_required, slot.runner.hosting)
        if lack := shortfall(hello.sandbox_level, required):
            slot.channel.send(Drain())  # A thread cannot be killed, and leaves by this.
            self._feed(slot, lifecycle.StopRequested(lack, now=True, commanded=False))
            return
        if slot.host.stop_step != "none" or slot.host.state == "draining":
            # It was told to stop before it could listen: a stop preempts a start.
            slot.channel.send(Drain())
            return
        slot.channel.send(Welcome(beat_interval_ms=self._settings.beat_interval_ms))
        self._feed(slot, lifecycle.HelloAccepted())

    def _note_ready(self, slot: Slot, message: Ready) -> None:
        was_starting = slot.host.state == "starting"
        self._feed(slot, lifecycle.BecameReady(message.model_key))
        slot.memory_bytes = message.memory_bytes
        if was_starting and slot.hello is not None:
            self._tell(
                HostReady(
                    host_id=slot.host.host_id,
                    plugin_id=slot.plugin.plugin_id,
                    model_key=message.model_key,
                    start_s=self._now_s() - slot.born_s,
                    load_us=message.load_us,
                    sandbox_level=slot.hello.sandbox_level,
                    sandbox=slot.hello.sandbox,
                )
            )

    def _note_outcome(self, slot: Slot, message: TaskDone | TaskFailed, payload: bytes) -> None:
        if slot.host.task_id != message.task_id:
            self._note_violation(slot, Violation("unasked-result", message.task_id))
            return
        host_id, plugin_id = slot.host.host_id, slot.plugin.plugin_id
        if isinstance(message, TaskDone):
            slot.tasks_done += 1
            self._tell(
                TaskSucceeded(
                    host_id,
                    plugin_id,
                    message.task_id,
                    payload,
                    message.run_us,
                    message.memory_peak_bytes,
                )
            )
        elif message.code == "cancelled":
            # We took it back: from the backlog's view it was never finished here.
            blame = not slot.host.commanded and slot.host.stop_step != "none"
            self._tell(TaskLost(host_id, plugin_id, message.task_id, slot.host.cause, blame=blame))
        else:
            self._tell(
                TaskErrored(
                    host_id,
                    plugin_id,
                    message.task_id,
                    message.code,
                    message.message,
                    message.retry,
                )
            )
        self._feed(slot, lifecycle.Finished(message.task_id))
        if isinstance(message, TaskFailed) and message.code == MEMORY_LIMIT:
            # What filled it stays in there, and native code that got no memory is in any state.
            self._feed(slot, lifecycle.StopRequested(OUT_OF_MEMORY))
