"""What the pool tells its owner: results, losses, births and deaths.

Covers: plain data only. Does not cover: what is done about it (`kernel.pipeline`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from contracts.wire import SandboxLayer


@dataclass(frozen=True, slots=True)
class PoolTask:
    """A unit of work for one host; ``payload`` holds the bytes of ``inputs`` in order."""

    task_id: str
    attempt: int
    stage: str
    config: str
    inputs: tuple[str, ...]
    payload: tuple[bytes, ...]
    timeout_s: float
    roles: tuple[str, ...] = ()
    """What each input is, see `contracts.wire.RunTask`."""


@dataclass(frozen=True, slots=True)
class TaskSucceeded:
    """The host returned a record; it is not yet checked against its contract."""

    host_id: str
    plugin_id: str
    task_id: str
    record: bytes
    run_us: int
    memory_peak_bytes: int


@dataclass(frozen=True, slots=True)
class TaskErrored:
    """The plugin failed the task and the host lives on."""

    host_id: str
    plugin_id: str
    task_id: str
    code: str
    message: str
    retry: bool


@dataclass(frozen=True, slots=True)
class TaskLost:
    """The host went away with the task; ``blame``: its death counts against the task."""

    host_id: str
    plugin_id: str
    task_id: str
    cause: str
    blame: bool


@dataclass(frozen=True, slots=True)
class HostReady:
    """A host finished its start; times in seconds."""

    host_id: str
    plugin_id: str
    model_key: str
    start_s: float
    load_us: int
    sandbox_level: str
    sandbox: tuple[SandboxLayer, ...]


@dataclass(frozen=True, slots=True)
class HostDied:
    """A host is gone and its slot is free."""

    host_id: str
    plugin_id: str
    cause: str
    crashed: bool
    lived_s: float


@dataclass(frozen=True, slots=True)
class PluginQuarantined:
    """The plugin crashed too often; it stays away until a person lifts it."""

    plugin_id: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProtocolViolation:
    """Something on a host's socket was dropped; ``count`` of this code on this host so far."""

    host_id: str
    plugin_id: str
    code: str
    detail: str
    count: int


@dataclass(frozen=True, slots=True)
class HostStarved:
    """A deadline had passed and was moved out: the host had waited for a processor.

    ``waited_s`` in all its life so far, ``count`` times spared so far.
    """

    host_id: str
    plugin_id: str
    waited_s: float
    count: int


PoolEvent = (
    TaskSucceeded
    | TaskErrored
    | TaskLost
    | HostReady
    | HostDied
    | PluginQuarantined
    | ProtocolViolation
    | HostStarved
)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One host as status shows it."""

    host_id: str
    plugin_id: str
    hosting: Literal["subprocess", "in_process"]
    state: str
    hung: bool
    """A thread that does not give way: it keeps its place until the kernel ends."""
    frozen: bool
    pid: int | None
    root_pid: int | None
    """The first process of its tree: our direct child."""
    task_id: str | None
    model_key: str
    age_s: float
    tasks_done: int
    memory_bytes: int
    sandbox_level: str
    waited_s: float = 0.0
    """How long it waited for a processor, in all; its deadlines were moved out by that."""
    spared: int = 0
    """How often it would have counted as hung or stuck otherwise."""
