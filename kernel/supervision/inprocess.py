"""A host as a thread of the kernel: the very same loop, over ``inproc://``.

The one place where the kernel touches `plugin_host`. Only plugins without network permission
get here, under WSL or where a profile says so. What a thread cannot give is said plainly: it
cannot be killed. A thread that does not leave keeps its slot in the pool (the cap holds), its
plugin's next host is a subprocess, and a crash of native code takes the kernel with it.

Covers: starting and stopping such a thread. Does not cover: the loop (`plugin_host.loop`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import zmq

from kernel.supervision.identity import read_identity
from kernel.supervision.processor_wait import ThreadTimes
from kernel.supervision.records import HostRecord, remove_host_record, write_host_record
from kernel.supervision.rundir import RunDir
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

    def __init__(self, run_dir: RunDir | None = None, run_nonce: str = "") -> None:
        """With a run dir each scratch folder is on record there: a dead kernel's are found."""
        self._hung: set[str] = set()
        self._run_dir = run_dir
        self._run_nonce = run_nonce
        self._scratch_dirs: dict[str, Path] = {}

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
        """Start the loop in a thread of its own. Raises `OSError` without room for its folder."""
        plugin = request.plugin
        scratch_dir = self._make_scratch(request.host_id, plugin.plugin_id)
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
        """Remove the scratch folder, then its record."""
        scratch_dir = self._scratch_dirs.pop(host_id, None)
        if scratch_dir is not None:
            shutil.rmtree(scratch_dir, ignore_errors=True)
        if self._run_dir is not None:
            remove_host_record(self._run_dir, host_id)

    def _make_scratch(self, host_id: str, plugin_id: str) -> Path:
        scratch_dir = Path(tempfile.mkdtemp(prefix=f"autocapture-{host_id}-"))
        self._scratch_dirs[host_id] = scratch_dir
        if self._run_dir is not None:
            # The kernel is the process of this host: the reaper ends nobody for it.
            kernel = read_identity(os.getpid())
            self._run_dir.make()
            record = HostRecord(
                host_id=host_id,
                plugin_id=plugin_id,
                nonce=self._run_nonce,
                kernel=kernel,
                stub=kernel,
                scratch_dir=str(scratch_dir),
            )
            write_host_record(self._run_dir, record)
        return scratch_dir
