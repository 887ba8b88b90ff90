"""The life of one host as a pure state machine.

``step(host, event, now_s, limits)`` returns the next state and what is to be done about it;
nothing here knows a process, a socket or a clock. States: starting, ready, busy, draining,
dead. Two alarms, after SUPERVISION.md's survey (airbyte #19908, VS Code #15962): liveness (a
beat from the host's main loop) and progress (a deadline per task, pushed out by progress).
While a host is frozen by us its clocks stand still, and while it waits for a processor, too:
who gets none can neither beat nor get on.

Covers: one host. Does not cover: restarts (`restart`), the cap (`pool`), the plugin's
quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

import msgspec
from msgspec.structs import replace

State = Literal["starting", "ready", "busy", "draining", "dead"]
StopStep = Literal["none", "cancel", "term", "kill"]


PATIENCE = 10
"""Waiting for a processor makes a deadline this many times as long at most: the machine is not to
be held by what may never get its turn, or pretends to wait for one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Deadlines of a host's life, in seconds."""

    start_timeout_s: float = 60.0
    beat_timeout_s: float = 5.0
    task_timeout_s: float = 120.0
    cancel_grace_s: float = 2.0
    term_grace_s: float = 2.0
    kill_grace_s: float = 5.0
    drain_timeout_s: float = 30.0


class Host(msgspec.Struct, frozen=True):
    """What is known of one host; replaced several times per message, hence a struct.

    ``alarm_at_s`` is the deadline of the present state or stop step, ``beat_by_s`` the time
    by which the next beat must come (None before the handshake). ``commanded``: it leaves
    because we asked, so its death is no crash. ``cause``: why it is being stopped.
    ``alarm_span_s`` is how long the present deadline is, ``alarm_lent_s`` and ``beat_lent_s``
    by how much the two were moved out because the host waited for a processor.
    """

    host_id: str
    plugin_id: str
    state: State
    alarm_at_s: float
    beat_by_s: float | None = None
    task_id: str | None = None
    model_key: str = ""
    stop_step: StopStep = "none"
    frozen_since_s: float | None = None
    commanded: bool = False
    cause: str = ""
    alarm_span_s: float = 0.0
    alarm_lent_s: float = 0.0
    beat_lent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HelloAccepted:
    """The handshake holds."""


@dataclass(frozen=True, slots=True)
class BecameReady:
    """The plugin is set up and its model is warm."""

    model_key: str = ""


@dataclass(frozen=True, slots=True)
class Beaten:
    """A beat came from the host's main loop."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A task was sent to the host."""

    task_id: str
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Progressed:
    """The running task moved on; ``timeout_s`` is the deadline from now."""

    task_id: str
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The task ended, well or badly, and the host told so."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The process is gone (or the thread ended)."""


@dataclass(frozen=True, slots=True)
class GaveNoWay:
    """It was killed and cannot die (a thread): its task goes back, its slot stays taken."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """We want it gone: ``now`` skips the drain and goes straight down the ladder."""

    cause: str
    now: bool = False
    commanded: bool = True


@dataclass(frozen=True, slots=True)
class Froze:
    """We stopped the host's processes (SIGSTOP, or a closed gate)."""


@dataclass(frozen=True, slots=True)
class Thawed:
    """We let the host's processes go on."""


@dataclass(frozen=True, slots=True)
class Waited:
    """For so long, of the time since this was told last, it waited for a processor."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""


Event = (
    HelloAccepted
    | BecameReady
    | Beaten
    | Assigned
    | Progressed
    | Finished
    | Exited
    | GaveNoWay
    | StopRequested
    | Froze
    | Thawed
    | Waited
    | Ticked
)


@dataclass(frozen=True, slots=True)
class SendDrain:
    """Ask the host to finish its task and leave."""


@dataclass(frozen=True, slots=True)
class SendCancel:
    """Ask the host to give up its task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """SIGTERM to the host."""


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL to everything of the host."""


@dataclass(frozen=True, slots=True)
class Thaw:
    """Let the processes go on, so that they can act on what we send."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Give the task back to the backlog; ``blame`` counts a host death against it."""

    task_id: str
    cause: str
    blame: bool


@dataclass(frozen=True, slots=True)
class ReportDeath:
    """The host is gone and its slot is free; ``crashed`` counts against its plugin."""

    cause: str
    crashed: bool


UNKNOWN_CAUSE = "the host died"
Instruction = SendDrain | SendCancel | Terminate | Kill | Thaw | Requeue | ReportDeath
Step = tuple[Host, tuple[Instruction, ...]]


class InvalidTransition(Exception):
    """An event that cannot happen in this state: a bug of the caller, told with its story."""

    def __init__(self, host: Host, event: Event) -> None:
        super().__init__(f"{type(event).__name__} cannot happen to {host}")


def new_host(host_id: str, plugin_id: str, now_s: float, limits: Limits) -> Host:
    """A host that is being spawned."""
    return Host(
        host_id=host_id,
        plugin_id=plugin_id,
        state="starting",
        alarm_at_s=now_s + limits.start_timeout_s,
        alarm_span_s=limits.start_timeout_s,
    )


def with_cause(host: Host, cause: str) -> Host:
    """The same host with the reason of its end noted, unless one is known already."""
    return host if host.cause else replace(host, cause=cause)


def step(host: Host, event: Event, now_s: float, limits: Limits) -> Step:
    """The next state and the instructions; raises `InvalidTransition` on a caller's bug.

    Events of a dead host are ignored: messages may arrive after the death was noticed.
    """
    if host.state == "dead":
        return host, ()
    match event:
        case Ticked():
            return _tick(host, now_s, limits)
        case Exited():
            return _exit(host)
        case GaveNoWay():
            return replace(host, task_id=None), _give_back(host)
        case StopRequested():
            return _stop(host, event, now_s, limits)
        case Froze() | Thawed() | Waited():
            return _move_clocks(host, event, now_s, limits), ()
        case Assigned():
            return _assign(host, event, now_s, limits), ()
        case HelloAccepted() | BecameReady() | Beaten() | Progressed() | Finished():
            return _hear(host, event, now_s, limits), ()
        case _:
            assert_never(event)


def _move_clocks(host: Host, event: Froze | Thawed | Waited, now_s: float, limits: Limits) -> Host:
    match event:
        case Froze():
            return replace(host, frozen_since_s=host.frozen_since_s or now_s)
        case Thawed():
            return _thaw(host, now_s)
        case Waited():
            return _wait(host, event.seconds, limits)
        case _:
            assert_never(event)


def _assign(host: Host, event: Assigned, now_s: float, limits: Limits) -> Host:
    if host.state != "ready":
        raise InvalidTransition(host, event)
    timeout_s = event.timeout_s or limits.task_timeout_s
    return _due_in(replace(host, state="busy", task_id=event.task_id), timeout_s, now_s)


def _due_in(host: Host, timeout_s: float, now_s: float) -> Host:
    return replace(host, alarm_at_s=now_s + timeout_s, alarm_span_s=timeout_s, alarm_lent_s=0.0)


def _hear(
    host: Host,
    event: HelloAccepted | BecameReady | Beaten | Progressed | Finished,
    now_s: float,
    limits: Limits,
) -> Host:
    """Any message proves that the host's loop lives."""
    host = replace(host, beat_by_s=now_s + limits.beat_timeout_s, beat_lent_s=0.0)
    match event:
        case HelloAccepted() | Beaten():
            return host
        case BecameReady():
            if host.state != "starting":
                return host
            return replace(host, state="ready", model_key=event.model_key, alarm_at_s=_never())
        case Progressed():
            if host.task_id != event.task_id or host.state != "busy":
                return host
            timeout_s = event.timeout_s or limits.task_timeout_s
            return _due_in(host, timeout_s, now_s)
        case Finished():
            if host.task_id != event.task_id:
                return host
            if host.state == "busy":
                return replace(host, state="ready", task_id=None, alarm_at_s=_never())
            return replace(host, task_id=None)
        case _:
            assert_never(event)


def _never() -> float:
    return float("inf")


def _exit(host: Host) -> Step:
    # A drain that we asked for ends in a plain exit; anything else is a crash, unless we
    # had to climb down the ladder on our own wish.
    death = ReportDeath(host.cause or UNKNOWN_CAUSE, crashed=not host.commanded)
    dead = replace(host, state="dead", task_id=None, alarm_at_s=_never())
    return dead, (*_give_back(host), death)


def _give_back(host: Host) -> tuple[Instruction, ...]:
    if host.task_id is None:
        return ()
    return (Requeue(host.task_id, host.cause or UNKNOWN_CAUSE, blame=not host.commanded),)


def _stop(host: Host, event: StopRequested, now_s: float, limits: Limits) -> Step:
    if host.stop_step != "none":
        return host, ()
    already_draining = host.state == "draining"
    host = replace(
        host,
        cause=host.cause or event.cause,
        commanded=host.commanded if already_draining else event.commanded,
    )
    if event.now:
        return _descend(host, now_s, limits)
    if already_draining:
        return host, ()
    drained = replace(host, state="draining", alarm_at_s=now_s + limits.drain_timeout_s)
    return _thaw_first(drained, now_s, (SendDrain(),))


def _thaw_first(host: Host, now_s: float, instructions: tuple[Instruction, ...]) -> Step:
    if host.frozen_since_s is None:
        return host, instructions
    return _thaw(host, now_s), (Thaw(), *instructions)


def _thaw(host: Host, now_s: float) -> Host:
    if host.frozen_since_s is None:
        return host
    pause_s = now_s - host.frozen_since_s
    beat_by_s = None if host.beat_by_s is None else host.beat_by_s + pause_s
    return replace(
        host, frozen_since_s=None, beat_by_s=beat_by_s, alarm_at_s=host.alarm_at_s + pause_s
    )


def is_late(host: Host, now_s: float) -> bool:
    """Whether the next tick raises an alarm: the moment to look once more."""
    if host.frozen_since_s is not None or host.stop_step != "none":
        return False
    has_not_beaten = host.beat_by_s is not None and now_s >= host.beat_by_s
    return has_not_beaten or (host.state in {"starting", "busy"} and now_s >= host.alarm_at_s)


def is_spared(host: Host, now_s: float) -> bool:
    """Whether an alarm would have been raised by now, had the host not waited for a processor."""
    if is_late(host, now_s) or host.frozen_since_s is not None or host.stop_step != "none":
        return False
    beat_by_s = None if host.beat_by_s is None else host.beat_by_s - host.beat_lent_s
    has_not_beaten = beat_by_s is not None and now_s >= beat_by_s
    is_due = now_s >= host.alarm_at_s - host.alarm_lent_s
    return has_not_beaten or (host.state in {"starting", "busy"} and is_due)


def _wait(host: Host, seconds: float, limits: Limits) -> Host:
    """Both deadlines out by what was waited, as far as patience goes."""
    if host.frozen_since_s is not None or host.stop_step != "none":
        return host
    if host.beat_by_s is not None:
        room_s = (PATIENCE - 1) * limits.beat_timeout_s - host.beat_lent_s
        lent_s = min(seconds, max(0.0, room_s))
        host = replace(
            host, beat_by_s=host.beat_by_s + lent_s, beat_lent_s=host.beat_lent_s + lent_s
        )
    if host.state in {"starting", "busy"}:
        room_s = (PATIENCE - 1) * host.alarm_span_s - host.alarm_lent_s
        lent_s = min(seconds, max(0.0, room_s))
        host = replace(
            host, alarm_at_s=host.alarm_at_s + lent_s, alarm_lent_s=host.alarm_lent_s + lent_s
        )
    return host


def _tick(host: Host, now_s: float, limits: Limits) -> Step:
    if host.frozen_since_s is not None:
        return host, ()
    if host.stop_step != "none":
        return _descend(host, now_s, limits) if now_s >= host.alarm_at_s else (host, ())
    if host.beat_by_s is not None and now_s >= host.beat_by_s:
        # Its loop is stuck: a cancel message would not be read.
        return _alarm(host, "no beat: the host's main loop is stuck", now_s, limits, ask=False)
    if now_s < host.alarm_at_s:
        return host, ()
    match host.state:
        case "starting":
            return _alarm(host, "not ready in time", now_s, limits, ask=False)
        case "busy":
            return _alarm(host, "no progress before the deadline", now_s, limits, ask=True)
        case "draining":
            return _descend(host, now_s, limits)
        case "ready" | "dead":
            return host, ()
        case _:
            assert_never(host.state)


def _alarm(host: Host, cause: str, now_s: float, limits: Limits, *, ask: bool) -> Step:
    # Why it was asked to leave stays part of the story: it did not leave by itself.
    story = f"{cause} (after: {host.cause})" if host.cause else cause
    host = replace(host, cause=story, commanded=False)
    if ask:
        return _descend(host, now_s, limits)
    return _descend(replace(host, stop_step="cancel"), now_s, limits)


def _descend(host: Host, now_s: float, limits: Limits) -> Step:
    """One rung down: ask (once it listens), TERM, KILL; KILL is repeated until it is gone."""
    match host.stop_step:
        case "none" if host.beat_by_s is not None:
            moved = replace(
                host,
                state="draining",
                stop_step="cancel",
                alarm_at_s=now_s + limits.cancel_grace_s,
            )
            cancel = () if host.task_id is None else (SendCancel(host.task_id),)
            return _thaw_first(moved, now_s, (*cancel, SendDrain()))
        case "none" | "cancel":
            moved = replace(
                host, state="draining", stop_step="term", alarm_at_s=now_s + limits.term_grace_s
            )
            return _thaw_first(moved, now_s, (Terminate(),))
        case "term" | "kill":
            moved = replace(
                host, state="draining", stop_step="kill", alarm_at_s=now_s + limits.kill_grace_s
            )
            return moved, (Kill(),)
        case _:
            assert_never(host.stop_step)
