"""A running kernel: stores, pool, pipeline, control socket, wired and driven by one loop.

The loop's thread owns pool and backlog; intake and inbox have threads of their own and wake
the loop through descriptors. Covers: the order of starting and stopping. Does not cover:
policy (all of it lives in the packages below).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, assert_never

import zmq

from contracts.capture import Cursor
from contracts.control import (
    ActRecorded,
    AskStatus,
    CaptureAcknowledged,
    ControlReply,
    ControlRequest,
    Ping,
    Pong,
    ProcessNow,
    ProcessState,
    RecordAct,
    StatusReply,
    SubmitCapture,
)
from kernel.boot import audit
from kernel.boot.heavy import HeavyWork, decide
from kernel.boot.parts import Parts
from kernel.boot.stopping import StopSignal
from kernel.capture.intake import Intake
from kernel.config.errors import KernelError
from kernel.store.evidence import Acknowledged, CaptureDraft
from kernel.supervision.control import ControlServer, Reply, error_reply
from kernel.supervision.pool_events import PoolEvent

POLL_MS = 250
FEED_INTERVAL_S = 1.0
"""Evidence of writers that cannot wake the loop is found this soon."""
SHUTDOWN_DEADLINE_S = 3.0
IDLE_HOST_KEEP_S = 10.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the backlog is, for a caller that waits."""

    unfinished: int
    in_hand: int
    done: int
    failed: int
    stuck: str


class Kernel:
    """Owns the loop. Make it, `run` it, `close` it; `close` is safe to repeat."""

    def __init__(self, parts: Parts, *, stop: StopSignal) -> None:
        self._parts = parts
        self._stop = stop
        self._explicit = False
        self._idle_since_s: float | None = None
        self._closed = False
        self._feed_at_s = 0.0
        self._started_s = time.monotonic()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._intake = Intake(parts.evidence)
        self._control = ControlServer(parts.context, parts.control_path, self._serve)
        for key in (self._wake_fd, stop.fd, self._control.socket, self._control.wake_fd):
            parts.poller.register(key, zmq.POLLIN)

    # --- for the owner -------------------------------------------------------------------

    @property
    def intake(self) -> Intake:
        """Where sources put their captures."""
        return self._intake

    def wake(self) -> None:
        """Make the loop look at the journal; from any thread."""
        os.eventfd_write(self._wake_fd, 1)

    def request_processing(self) -> None:
        """Run the backlog down now whatever the person does: they asked for it."""
        self._explicit = True
        self.wake()

    def retry_given_up(self) -> int:
        """Put failed and quarantined tasks back; returns how many."""
        return self._parts.backlog.retry_given_up()

    def progress(self) -> Progress:
        """Where the backlog stands; ``stuck`` says why nothing more will come, or is empty."""
        tally = self._parts.dispatcher.tally
        unfinished = self._parts.backlog.unfinished()
        return Progress(
            unfinished=unfinished,
            in_hand=self._parts.dispatcher.in_hand,
            done=tally.done,
            failed=tally.failed,
            stuck=self._why_stuck() if unfinished else "",
        )

    def live_facts(self) -> dict[str, Any]:
        """What only the running kernel knows; `kernel status` shows it."""
        parts = self._parts
        heavy, now, load = self.heavy(), self.progress(), self._intake.load()
        return {
            "pid": os.getpid(),
            "run_id": parts.run_id,
            "profile": parts.loaded.profile,
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "heavy_work": {"allowed": heavy.allowed, "reason": heavy.reason},
            "hosts": [asdict(host) for host in parts.pool.statuses()],
            "hosts_max": parts.loaded.settings.hosts.max_hosts,
            "host_crashes": parts.pool.restarts,
            "tasks": {"done": now.done, "failed": now.failed, "in_hand": now.in_hand},
            "stuck": now.stuck,
            "intake": {"queued": load.queued_items, "acknowledged": load.acknowledged},
        }

    def run(self, *, until: Callable[[Kernel], bool] | None = None) -> str:
        """Serve until told to stop or until ``until`` holds; returns the reason."""
        self._intake.start()
        self._parts.feeder.feed()
        while self._stop.requested is None:
            self._turn()
            if until is not None and until(self):
                return "done"
        return self._stop.requested

    def close(self) -> None:
        """Stop hosts, finish the intake, close the stores. Takes at most a few seconds."""
        if self._closed:
            return
        self._closed = True
        parts = self._parts
        self._intake.close()
        for event in parts.pool.shutdown(SHUTDOWN_DEADLINE_S):
            self._take(event)
        self._control.close()
        parts.evidence.ledger.append("kernel-stopped", parts.run_id, {})
        parts.close()
        os.close(self._wake_fd)

    # --- the loop ------------------------------------------------------------------------

    def _turn(self) -> None:
        parts = self._parts
        ready = parts.poller.poll(POLL_MS)
        keys = {key for key, _ in ready}
        if self._wake_fd in keys:
            os.eventfd_read(self._wake_fd)
            self._feed_at_s = 0.0
        if time.monotonic() >= self._feed_at_s:
            self._feed_at_s = time.monotonic() + FEED_INTERVAL_S
            parts.feeder.feed()
        if self._control.socket in keys:
            self._control.handle()
        self._control.flush()
        for event in parts.pool.handle(ready):
            self._take(event)
        self._work()

    def _work(self) -> None:
        parts = self._parts
        heavy = self.heavy()
        if not heavy.allowed:
            parts.pool.freeze()
            return
        parts.pool.thaw()
        parts.dispatcher.dispatch()
        busy = parts.dispatcher.in_hand > 0 or parts.backlog.unfinished() > 0
        now_s = time.monotonic()
        if busy:
            self._idle_since_s = None
            return
        self._explicit = False
        self._idle_since_s = self._idle_since_s or now_s
        if now_s - self._idle_since_s > IDLE_HOST_KEEP_S:
            parts.dispatcher.retire_idle_hosts("nothing to do")

    def heavy(self) -> HeavyWork:
        """Whether heavy work may run now."""
        allows, reason = self._parts.governor()
        return decide(governor_allows=allows, governor_reason=reason, explicit=self._explicit)

    def _take(self, event: PoolEvent) -> None:
        self._parts.dispatcher.handle(event)
        act = audit.act_of(event)
        if act is not None:
            self._parts.evidence.ledger.append(act.act, act.subject, act.detail)

    def _why_stuck(self) -> str:
        for stage in self._parts.stages:
            plugin_id = stage.plugin.plugin_id
            if self._parts.quarantine.contains(plugin_id):
                return f"plugin {plugin_id} is quarantined (kernel plugins list shows why)"
        return ""

    # --- the control socket --------------------------------------------------------------

    def _serve(self, request: ControlRequest, payload: bytes, reply: Reply) -> None:
        match request:
            case Ping():
                reply(
                    Pong(
                        pid=os.getpid(),
                        nonce=self._parts.run_id,
                        data_dir=str(self._parts.data_dir.root),
                    )
                )
            case SubmitCapture():
                self._submit(request, payload, reply)
            case RecordAct():
                self._parts.evidence.ledger.append(request.act, request.subject, request.detail)
                reply(ActRecorded())
            case ProcessNow():
                self._parts.feeder.feed()
                self.request_processing()
                reply(self._process_state())
            case AskStatus():
                reply(StatusReply(document=json.dumps(self.live_facts())))
            case _:
                assert_never(request)

    def _process_state(self) -> ControlReply:
        now = self.progress()
        return ProcessState(
            unfinished=now.unfinished,
            done=now.done,
            failed=now.failed,
            drained=now.unfinished == 0 and now.in_hand == 0,
            stuck=now.stuck,
        )

    def _submit(self, request: SubmitCapture, payload: bytes, reply: Reply) -> None:
        cursor = None
        if request.cursor_x is not None and request.cursor_y is not None:
            cursor = Cursor(x=request.cursor_x, y=request.cursor_y)
        draft = CaptureDraft(
            captured_at_us=request.captured_at_us,
            tz_name=request.tz_name,
            tz_offset_s=request.tz_offset_s,
            monotonic_ns=request.monotonic_ns,
            source=request.source,
            source_path=request.source_path,
            monitor=request.monitor,
            app=request.app,
            window_title=request.window_title,
            cursor=cursor,
            media_type=request.media_type,
            data=payload,
        )
        # Never wait here: a full queue is told to the caller, who comes again.
        future = self._intake.submit(draft, timeout_s=0.0)

        def answer() -> None:
            error = future.exception()
            if error is None:
                self.wake()
                done: Acknowledged = future.result()
                reply(CaptureAcknowledged(event=done.event, status=done.status))
            elif isinstance(error, KernelError):
                reply(error_reply(error))
            else:
                reply(error_reply(KernelError("intake-failed", f"{type(error).__name__}: {error}")))

        future.add_done_callback(lambda _: answer())
