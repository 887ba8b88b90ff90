"""A host as a thread of the kernel: the very same loop, over ``inproc://``.

The one place where the kernel touches `plugin_host`. Only plugins without network permission
get here, under WSL or where a profile says so. What a thread cannot give is said plainly: it
cannot be killed. A thread that does not leave keeps its slot in the pool (the cap holds), its
plugin's next host is a subprocess, and a crash of native code takes the kernel with it.

Covers: starting and stopping such a thread. Does not cover: the loop (`plugin_host.loop`).
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import zmq

from kernel.supervision.processor_wait import ThreadTimes
from kernel.supervision.runner import ExitFacts, Hosting, SpawnRequest
from kernel.supervision.thread_times import read_thread_times
from plugin_host.loader import load_plugin
from plugin_host.loop import HostIdentity, HostLoop
from plugin_host.task import Gate


class ThreadHost:
    """`kernel.supervision.runner.HostRunner` over a thread."""

    hosting: Hosting = "in_process"
    uid: int | None = None
    pids: tuple[int, ...] = ()

    def __init__(
        self, loop: Callable[[], int], gate: Gate, name: str, affinity: tuple[int, ...]
    ) -> None:
        self._gate = gate
        self._affinity = affinity
        self._status: int | None = None
        self._error = ""
        self.exit_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, args=(loop,), name=name, daemon=True)
        self._thread.start()

    def thread_times(self) -> Mapping[int, ThreadTimes]:
        """Of all our threads: any of them may hold the interpreter while it waits its turn."""
        return read_thread_times((os.getpid(),))

    def adopt(self, pid: int) -> None:
        """Nothing to learn: the pid is ours."""

    def terminate(self) -> None:
        """A thread takes no signal; the drain and cancel messages are all there is."""
        self._gate.open()

    def kill(self) -> None:
        """A thread cannot be killed: it keeps its slot until its plugin gives way."""
        self._gate.open()

    def freeze(self) -> bool:
        """Hold the plugin at its next checkpoint (units of at most 100 ms)."""
        self._gate.close()
        return True

    def thaw(self) -> None:
        """Let it go on."""
        self._gate.open()

    def drain_output(self) -> None:
        """A thread prints where the kernel prints."""

    def has_ended(self) -> bool:
        """Nothing outlives the loop that could be told from the kernel."""
        return True

    def finish(self) -> ExitFacts:
        """The loop's status; frees the descriptor."""
        self._thread.join(timeout=1.0)
        os.close(self.exit_fd)
        return ExitFacts(status=self._status, signal=None, last_words=self._error)

    def _run(self, loop: Callable[[], int]) -> None:
        try:
            if self._affinity:
                # Of this thread; those that the loop and the plugin start inherit it.
                os.sched_setaffinity(0, self._affinity)
            self._status = loop()
        except Exception as error:  # noqa: BLE001 - the border of a host
            self._status = 1
            self._error = f"{type(error).__name__}: {error}"
        finally:
            os.eventfd_write(self.exit_fd, 1)


class ThreadLauncher:
    """Starts hosts as threads; they see no credentials and no sandbox."""

    def __init__(self) -> None:
        self._hung: set[str] = set()

    def has_hung(self, plugin_id: str) -> bool:
        """Whether a thread of this plugin had to be killed and could not be."""
        return plugin_id in self._hung

    def note_hung(self, plugin_id: str) -> None:
        """Remember it: the plugin's next host shall be a process."""
        self._hung.add(plugin_id)

    def endpoint(self, host_id: str) -> str:
        """An address inside this process."""
        return f"inproc://{host_id}"

    def uid(self) -> int | None:
        """Inproc carries no peer credentials."""
        return None

    def spawn(self, request: SpawnRequest, context: zmq.Context[zmq.Socket[bytes]]) -> ThreadHost:
        """Start the loop in a thread of its own."""
        scratch_dir = Path(tempfile.mkdtemp(prefix="autocapture-scratch-"))
        plugin = request.plugin
        gate = Gate()
        identity = HostIdentity(
            host_id=request.host_id,
            endpoint=request.endpoint,
            token=request.token,
            contracts_lock=request.contracts_lock,
            plugins_lock=request.plugins_lock,
            plugin_id=plugin.plugin_id,
            plugin_version=plugin.version,
            plugin_digest=plugin.digest,
            scratch_dir=scratch_dir,
        )
        loop = HostLoop(
            context=context,
            identity=identity,
            load=partial(
                load_plugin,
                plugin_id=plugin.plugin_id,
                package=plugin.package,
                entry=plugin.entry,
                folder=plugin.folder,
                digest=plugin.digest,
                config=request.config,
                model_key=plugin.model_key,
            ),
            gate=gate,
        )
        return ThreadHost(loop.run, gate, f"host-{request.host_id}", request.affinity)

    def release(self, host_id: str) -> None:
        """Nothing on disk belongs to a thread host but its scratch folder, left for the OS."""
