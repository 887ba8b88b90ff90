"""What the pool needs of a host, whether it is a process or a thread.

Modelled on jupyter_client's provisioners: anything that can be started, signalled and waited
for through a descriptor fits. Covers: the protocols and their plain data. Does not cover:
the two implementations (`process`, `inprocess`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import zmq

from kernel.supervision.processor_wait import ThreadTimes

Hosting = Literal["subprocess", "in_process"]


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """A plugin that may run: verified against the lock before it gets here.

    ``manifest`` limits: ``memory_bytes_max`` for one host process, ``programs`` it may start,
    ``read_paths`` it may read beside its own folder and the libraries.
    """

    plugin_id: str
    version: str
    digest: str
    folder: Path
    package: str
    """The name its folder is imported under; hooks are in ``package.entry``."""
    entry: str
    stages: tuple[str, ...]
    network: Literal["none", "loopback"] = "none"
    hosting: Literal["any", "subprocess", "in_process"] = "any"
    memory_bytes_max: int = 2 << 30
    programs: tuple[str, ...] = ()
    read_paths: tuple[str, ...] = ()
    model_key: str = ""


@dataclass(frozen=True, slots=True)
class SpawnRequest:
    """Everything a new host is told; ``token`` travels over an inherited descriptor only."""

    host_id: str
    token: str
    endpoint: str
    plugin: PluginRecord
    contracts_lock: str
    plugins_lock: str
    config: dict[str, Any]
    affinity: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExitFacts:
    """How it ended: exit status, or the signal that ended it, and its last words."""

    status: int | None
    signal: int | None
    last_words: str = ""

    def describe(self) -> str:
        """One phrase for the audit and the person."""
        if self.signal is not None:
            how = f"killed by signal {self.signal}"
        elif self.status:
            how = f"exit status {self.status}"
        else:
            how = "left"
        return f"{how}: {self.last_words}" if self.last_words else how


class HostRunner(Protocol):
    """A running host; all methods return at once and none raises when it is already gone."""

    @property
    def hosting(self) -> Hosting:
        """Process or thread."""
        ...

    @property
    def exit_fd(self) -> int:
        """Becomes readable when the host ended (a pidfd, or an eventfd of the thread)."""
        ...

    @property
    def uid(self) -> int | None:
        """The user id its messages carry; None when it has no peer credentials."""
        ...

    @property
    def pids(self) -> tuple[int, ...]:
        """The host's own processes known to us (the thread host: none)."""
        ...

    def thread_times(self) -> Mapping[int, ThreadTimes]:
        """What the system counts of its threads; empty where it does not, or none is known."""
        ...

    def adopt(self, pid: int) -> None:
        """Learn the host's pid, as the handshake's peer credentials tell it."""
        ...

    def terminate(self) -> None:
        """Ask by signal."""
        ...

    def kill(self) -> None:
        """End it and everything it started."""
        ...

    def freeze(self) -> bool:
        """Stop it where it stands; it uses no CPU until `thaw`.

        False: not all of it may stand still yet (it is starting, it forks): call again.
        """
        ...

    def thaw(self) -> None:
        """Let it go on."""
        ...

    def drain_output(self) -> None:
        """Read a bounded piece of what the host prints, so that it never blocks for long."""
        ...

    def has_ended(self) -> bool:
        """Once `exit_fd` is readable: whether nothing that it started lives on; ends what does."""
        ...

    def finish(self) -> ExitFacts:
        """Collect the exit and free what the runner holds; call once, when `has_ended`."""
        ...


class Launcher(Protocol):
    """Starts hosts."""

    def endpoint(self, host_id: str) -> str:
        """A fresh address to bind for this host."""
        ...

    def uid(self) -> int | None:
        """The user id that hosts of this launcher show on the socket."""
        ...

    def spawn(self, request: SpawnRequest, context: zmq.Context[zmq.Socket[bytes]]) -> HostRunner:
        """Start a host; raises `kernel.config.errors.KernelError` when it cannot be started."""
        ...

    def note_hung(self, plugin_id: str) -> None:
        """A host of the plugin was killed and is still there."""
        ...

    def release(self, host_id: str) -> None:
        """Free what `endpoint` made for this host."""
        ...
