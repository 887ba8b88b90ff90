"""Reading what a question is about now, for a bounded time, because the person asks for it.

Covers: doing it with a kernel of our own or asking the running one, the end of it (all read,
the time over, nothing more allowed). While the person works it spends the bounded budget of
explicit requests (``budget.explicit_cpu_s``) and no more; the limits on CPU and memory hold as
always. Does not cover: what the question is about (`kernel.query.covering`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from contracts.control import AskStatus, ProcessNow, ProcessState, StatusReply
from kernel.boot.kernel import Kernel
from kernel.boot.session import kernel_session
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.supervision.address import control_socket_of
from kernel.supervision.control import ControlClient

LOOK_S = 0.5
"""How often it is counted what is left."""
STUCK_S = 5.0
"""After this long without leave to work nothing more is to be had."""
FEED_S = 2.0
"""Within this a kernel looks for what was captured, twice."""
_POLL_S = 0.25
_ANSWER_S = 3.0
_HANDOVER_S = 10.0
_TERMINATED = 143
"""Exit status of what SIGTERM ended, as shells tell it."""
_TO_US_MAX = 253_402_300_799_999_999


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of it: captures left unread, and why it ended before all were read."""

    left: int
    seconds: float
    stopped: str
    spent_s: float = 0.0
    """CPU time spent while the person counted as active, seconds."""


class _Watch:
    """Decides when it is over; asked often, it counts only now and then."""

    def __init__(
        self, budget_s: float, count_left: Callable[[], int], show: Callable[[str], None]
    ) -> None:
        self._start_s = time.monotonic()
        self._budget_s = budget_s
        self._count_left = count_left
        self._show = show
        self._look_at_s = 0.0
        self._stuck_since_s: float | None = None
        self._nothing_since_s: float | None = None
        self.left = count_left()
        self._whole = self.left
        self.stopped = ""
        self.spent_s = 0.0

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._start_s

    def count(self) -> None:
        """Count now what is left."""
        self._look_at_s = time.monotonic() + LOOK_S
        self.left = self._count_left()

    def more_waits(self) -> None:
        """Something waits or runs."""
        self._nothing_since_s = None

    def nothing_more(self, *, failed: int) -> bool:
        """Nothing waits any more: whether that is all, or the rest was given up.

        What was read a moment before the backlog was empty is counted anew. Captures that nobody
        put into the backlog yet are no reason either: that is done every `FEED_S`.
        """
        now_s = time.monotonic()
        if self._nothing_since_s is None:
            self._nothing_since_s = now_s
            self.count()
        waited = now_s - self._nothing_since_s >= FEED_S
        if waited:
            self.count()
        if self.is_over(""):
            return True
        if not waited:
            return False
        self.stopped = f"{self.left} cannot be read ({failed} failed now); see: kernel status"
        return True

    def is_over(self, stuck: str) -> bool:
        """Whether all is read, the time is over, or there is no leave to work."""
        now_s = time.monotonic()
        if now_s >= self._look_at_s:
            self.count()
            left_s = max(0.0, self._budget_s - self.seconds)
            done = self._whole - self.left
            self._show(f"reading now: {done} of {self._whole} captures, {left_s:.0f} s left")
        if self.left == 0:
            return True
        if self.seconds >= self._budget_s:
            # Where there is no leave to work, more time would not help.
            why = f"; {stuck}" if stuck else ""
            self.stopped = f"the budget of {self._budget_s:g} s is spent{why}"
            return True
        if not stuck:
            self._stuck_since_s = None
            return False
        self._stuck_since_s = now_s if self._stuck_since_s is None else self._stuck_since_s
        if now_s - self._stuck_since_s >= STUCK_S:
            self.stopped = stuck
            return True
        return False


def extract(
    data_dir: DataDir,
    window: tuple[int, int],
    *,
    budget_s: float,
    count_left: Callable[[], int],
    show: Callable[[str], None],
) -> Extraction:
    """Read captures of a window (microseconds, end exclusive) first; see the module.

    ``count_left`` says how many of them are unread. Raises `KernelError` when no kernel can be
    had: the data dir stays held by something that does not answer, or plugins may not run.
    Raises `KeyboardInterrupt` (or `SystemExit`) where the person broke it off, once all that was
    started has stopped.
    """
    watch = _Watch(budget_s, count_left, show)
    give_up_s = time.monotonic() + _HANDOVER_S
    while not watch.is_over(""):
        socket = control_socket_of(data_dir)
        try:
            if socket is None:
                _extract_here(data_dir, window, watch)
            else:
                client = ControlClient(socket, timeout_s=_ANSWER_S)
                try:
                    _extract_there(client, window, watch)
                finally:
                    client.close()
            break
        except KernelError as error:
            held = error.code in {"kernel-unreachable", "data-dir-busy"}
            if not held or time.monotonic() > give_up_s:
                raise
            # Whoever held the data dir is leaving or has just come: look again who does.
            time.sleep(_POLL_S)  # noqa: TID251
    show("")
    left = count_left()
    # Where all is read after all, it is of no interest why it ended.
    return Extraction(left, round(watch.seconds, 3), watch.stopped if left else "", watch.spent_s)


def _extract_here(data_dir: DataDir, window: tuple[int, int], watch: _Watch) -> None:
    with kernel_session(data_dir, load_settings(None, data_dir, {})) as (kernel, stop):
        if kernel.parts.problem is not None:
            raise kernel.parts.problem
        kernel.parts.backlog.prefer(*window)
        kernel.request_processing("some")

        def is_over(running: Kernel) -> bool:
            now = running.progress()
            if now.is_drained and watch.left:
                # What is left was given up before: no more will come.
                return watch.nothing_more(failed=now.failed)
            watch.more_waits()
            return watch.is_over(now.stuck)

        kernel.run(until=is_over)
        watch.spent_s = kernel.governor_facts()["explicit_used_s"]
    if stop.requested == "SIGTERM":
        raise SystemExit(_TERMINATED)
    if stop.requested:
        # Whoever breaks it off wants no answer any more; what was read by then stays.
        raise KeyboardInterrupt


def _extract_there(client: ControlClient, window: tuple[int, int], watch: _Watch) -> None:
    before_s = _used_s(client)
    request = ProcessNow(bounded=True, from_us=window[0], to_us=min(window[1], _TO_US_MAX))
    state = client.ask(request, ProcessState)
    while not watch.is_over(state.stuck):
        if not state.drained:
            watch.more_waits()
        elif watch.nothing_more(failed=state.failed):
            break
        # The kernel answers at once; how often we look is our own choice.
        time.sleep(_POLL_S)  # noqa: TID251
        state = client.ask(request, ProcessState)
    watch.spent_s = max(0.0, _used_s(client) - before_s)


def _used_s(client: ControlClient) -> float:
    """CPU seconds that explicit requests of the running kernel used so far."""
    document = json.loads(client.ask(AskStatus(), StatusReply).document)
    # A kernel of an earlier version does not count it.
    return float(document["governor"].get("explicit_used_s", 0.0))
