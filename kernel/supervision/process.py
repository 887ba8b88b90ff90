"""A host as a process of its own: started sandboxed, watched by pidfd, stopped as a tree.

The kernel's direct child is the thin stub of the launch chain (`kernel.supervision.launch`);
the host behind it is known by pid from the handshake's peer credentials. While the stub is
not reaped its pid cannot be reused, so signalling its tree is safe.

Covers: spawn, signals, output, exit. Does not cover: what runs inside (`plugin_host`), stale
hosts of dead kernels (`kernel.supervision.reaper`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import zmq

from contracts.launch import ProgramGrant, SandboxPolicy
from contracts.source import contracts_source_digest
from kernel.config.errors import KernelError
from kernel.supervision.chain import Chain
from kernel.supervision.host_start import Setting, start_host
from kernel.supervision.identity import ProcessIdentity, read_identity, read_stat
from kernel.supervision.interpreter import HostInterpreter
from kernel.supervision.process_tree import descendants, members, threads_of
from kernel.supervision.processor_wait import ThreadTimes
from kernel.supervision.records import HostRecord, remove_host_record, write_host_record
from kernel.supervision.rundir import RunDir
from kernel.supervision.runner import ExitFacts, Hosting, SpawnRequest
from kernel.supervision.sandbox_level import Level
from kernel.supervision.thread_signal import stop_thread
from kernel.supervision.thread_times import read_thread_times

OUTPUT_BYTES_PER_TURN = 65_536
LAST_WORDS_BYTES = 2_000
LAST_WORDS_CHARS = 500
SOCKET_NAME = "s"
SHELL_SIGNAL_BASE = 128
DATA_SLACK_BYTES = 1 << 30
"""The hard limit of a process counts stacks and pages it never touched (OpenVINO: 0.9 GiB of them):
the kernel's own look at the memory in use must come first, or a leak fails innocent tasks instead
of its host, and native libraries misread what they could not allocate room for."""
ENDED = frozenset("ZX")
"""States of proc(5) in which nothing is left of a process but its exit status."""
FREEZE_ROUNDS_MAX = 8
"""A tree that forks while it is being stopped is walked again, this often at most."""
END_POLL_S = 0.05
TESSDATA_DIRS = ("/usr/share/tesseract-ocr", "/usr/share/tessdata")


@dataclass(frozen=True, slots=True)
class HostingFacts:
    """What all hosts of one kernel have in common."""

    run_dir: RunDir
    run_nonce: str
    chain: Chain
    interpreter: HostInterpreter
    service_uid: int
    service_gid: int
    hide_paths: tuple[str, ...] = ("/home", "/mnt", "/run/WSL")
    level_required: Level = "none"
    """A host that finds itself below this sandbox level ends before it imports plugin code."""
    nice: int = 10
    """Hosts yield to the person's programs by this much (nice(2))."""


class ProcessHost:
    """`kernel.supervision.runner.HostRunner` over a process tree."""

    hosting: Hosting = "subprocess"

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        *,
        uid: int,
        lifeline_fd: int,
        scratch_dir: Path,
        on_adopt: Callable[[int], None],
        ends_last: bool,
    ) -> None:
        """``ends_last``: the chain's first process waits for all that is below it to end."""
        self._process = process
        self._on_adopt = on_adopt
        self._lifeline_fd = lifeline_fd
        self._scratch_dir = scratch_dir
        self._ends_last = ends_last
        self._output = b""
        self._host_pid: int | None = None
        self.uid: int | None = uid
        self.exit_fd = os.pidfd_open(process.pid)
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)

    @property
    def pids(self) -> tuple[int, ...]:
        """The stub's pid and, once it said hello, the host's."""
        host = () if self._host_pid is None else (self._host_pid,)
        return (self._process.pid, *host)

    def thread_times(self) -> Mapping[int, ThreadTimes]:
        """Of the host and what it started; of the chain before the host is known."""
        first = self._host_pid or self._process.pid
        return read_thread_times((first, *descendants(first)))

    def adopt(self, pid: int) -> None:
        """Learn the host's pid; ignored unless it lives below our stub."""
        if pid in descendants(self._process.pid):
            self._host_pid = pid
            self._on_adopt(pid)

    def terminate(self) -> None:
        """SIGTERM to the host (to the stub before the host is known)."""
        self._signal(self._host_pid or self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the whole tree.

        What is stopped is not let go first: it would run for a moment, and KILL needs no help.
        A stub that waits for a process namespace is spared: it ends when the last one in there is
        gone, so that a host's place is not given away while what it forked is still dying.
        """
        below = descendants(self._process.pid)
        for pid in below:
            self._signal(pid, signal.SIGKILL)
        if self._ends_last and below:
            return
        self._signal(self._process.pid, signal.SIGKILL)
        # Without a process namespace, what was orphaned below the host is still in this group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def freeze(self) -> bool:
        """SIGSTOP to every thread below the stub; False when some may have been missed.

        The stub itself only waits, and must stay awake to tell of the host's death. Before the
        host is known the stub may be about to fork.
        """
        stopped: set[tuple[int, int]] = set()
        for _ in range(FREEZE_ROUNDS_MAX):
            running = {(pid, tid) for pid in self._members() for tid in threads_of(pid)} - stopped
            if not running:
                return self._host_pid is not None
            for pid, tid in running:
                stop_thread(pid, tid)
            stopped |= running
        return False

    def thaw(self) -> None:
        """SIGCONT to everything below the stub."""
        for pid in self._members():
            self._signal(pid, signal.SIGCONT)

    def drain_output(self) -> None:
        """Read a bounded piece of what the host prints and keep the end of it.

        A host that floods is slowed down by its full pipe, not the kernel by its output.
        """
        assert self._process.stderr is not None
        try:
            data = os.read(self._process.stderr.fileno(), OUTPUT_BYTES_PER_TURN)
        except BlockingIOError:
            return
        self._output = (self._output + data)[-LAST_WORDS_BYTES:]

    def has_ended(self) -> bool:
        """Whether all that is left of the tree are exit statuses; KILL to what lives.

        Without a process namespace the stub's end says nothing of what it forked: that is handed
        up to us and still in its group. The stub's number stays its own until `finish`.
        """
        if self._ends_last:
            return True
        self.kill()
        left = (read_stat(pid) for pid in self._members())
        return not any(stat is not None and stat.state not in ENDED for stat in left)

    def finish(self) -> ExitFacts:
        """Reap the stub, free the descriptors and the scratch folder."""
        self.kill()
        status = self._process.wait()
        self.drain_output()
        assert self._process.stderr is not None
        self._process.stderr.close()
        os.close(self.exit_fd)
        os.close(self._lifeline_fd)
        shutil.rmtree(self._scratch_dir, ignore_errors=True)
        words = _last_words(self._output.decode("utf-8", "replace").strip())
        # The chain's shell reports a signal as 128 plus its number (POSIX 2.8.2).
        number = -status if status < 0 else status - SHELL_SIGNAL_BASE
        signalled = number if number > 0 else None
        return ExitFacts(status=None if signalled else status, signal=signalled, last_words=words)

    def _members(self) -> tuple[int, ...]:
        return members(self._process.pid)

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        # Gone already: that is what a signal to stop it was for.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class ProcessLauncher:
    """Starts hosts as sandboxed processes; call it from the main thread only.

    The parent-death signal follows the thread that starts a host, so that thread must live
    as long as the kernel (bubblewrap #692).
    """

    def __init__(self, facts: HostingFacts) -> None:
        self._facts = facts
        self._kernel = read_identity(os.getpid())

    def endpoint(self, host_id: str) -> str:
        """A socket path in a directory that only this host gets to see."""
        # Somebody may have cleared the place where run dirs are: it holds nothing that is missed.
        self._facts.run_dir.make()
        folder = self._facts.run_dir.socket_dir(host_id)
        folder.mkdir(mode=0o700)
        self._hand_over(folder)
        return f"ipc://{folder / SOCKET_NAME}"

    def uid(self) -> int | None:
        """The user that hosts run as."""
        return self._facts.service_uid if os.geteuid() == 0 else os.getuid()

    def spawn(self, request: SpawnRequest, context: zmq.Context[zmq.Socket[bytes]]) -> ProcessHost:
        """Start the chain; returns at once, the handshake tells when the host is there.

        Raises `KernelError` ``host-not-started``, also when the host cannot be put on record:
        then it was ended again, for a host that is not on record is not counted.
        """
        self._hand_over(self._facts.run_dir.socket_dir(request.host_id) / SOCKET_NAME)
        scratch_dir = Path(tempfile.mkdtemp(prefix=f"autocapture-{request.host_id}-"))
        self._hand_over(scratch_dir)
        # The write end stays with us, closed on exec: the end of the kernel closes it.
        lifeline_fd, lifeline_kept = os.pipe()
        try:
            process = self._start(request, scratch_dir, lifeline_fd)
            try:
                return self._put_on_record(process, request, scratch_dir, lifeline_kept)
            except BaseException:
                _end(process)
                raise
        except BaseException as error:
            os.close(lifeline_kept)
            shutil.rmtree(scratch_dir, ignore_errors=True)
            if not isinstance(error, (OSError, ValueError, subprocess.SubprocessError)):
                raise
            raise KernelError(
                "host-not-started",
                f"host {request.host_id} of {request.plugin.plugin_id} was not started: {error}",
                hint="run: kernel doctor",
            ) from error
        finally:
            os.close(lifeline_fd)

    def _put_on_record(
        self,
        process: subprocess.Popen[bytes],
        request: SpawnRequest,
        scratch_dir: Path,
        lifeline_kept: int,
    ) -> ProcessHost:
        """The host, once its record is written. Raises `OSError`."""
        record = HostRecord(
            host_id=request.host_id,
            plugin_id=request.plugin.plugin_id,
            nonce=self._facts.run_nonce,
            kernel=self._kernel,
            stub=self._identify(process.pid),
            scratch_dir=str(scratch_dir),
        )
        write_host_record(self._facts.run_dir, record)
        return ProcessHost(
            process,
            uid=self.uid() or 0,
            lifeline_fd=lifeline_kept,
            scratch_dir=scratch_dir,
            ends_last=self._facts.chain.has_pid_namespace,
            on_adopt=partial(self._complete_record, record),
        )

    def _complete_record(self, record: HostRecord, pid: int) -> None:
        # Where there is no room, the record of the start stays: its stub leads to the host.
        with contextlib.suppress(OSError):
            write_host_record(self._facts.run_dir, replace(record, host=self._identify(pid)))

    def note_hung(self, plugin_id: str) -> None:
        """Nothing to remember: a process that was killed ends."""

    def release(self, host_id: str) -> None:
        """Remove the host's record and socket directory."""
        remove_host_record(self._facts.run_dir, host_id)
        shutil.rmtree(self._facts.run_dir.socket_dir(host_id), ignore_errors=True)

    def _start(
        self, request: SpawnRequest, scratch_dir: Path, lifeline_fd: int
    ) -> subprocess.Popen[bytes]:
        facts = self._facts
        return start_host(
            Setting(facts.chain, facts.interpreter, facts.run_nonce),
            self._policy(request, scratch_dir),
            host_id=request.host_id,
            lifeline_fd=lifeline_fd,
            host=_host_document(request, scratch_dir),
        )

    def _policy(self, request: SpawnRequest, scratch_dir: Path) -> SandboxPolicy:
        plugin = request.plugin
        facts = self._facts
        folder = facts.run_dir.socket_dir(request.host_id)
        programs = tuple(
            ProgramGrant(path=path, read_only_paths=TESSDATA_DIRS)
            for name in plugin.programs
            if (path := shutil.which(name)) is not None
        )
        return SandboxPolicy(
            scratch_dir=str(scratch_dir),
            ipc_dir=str(folder),
            kernel_pid=os.getpid(),
            read_only_paths=(
                *facts.interpreter.read_only_paths,
                str(plugin.folder),
                *plugin.read_paths,
            ),
            programs=programs,
            data_bytes_max=plugin.memory_bytes_max + DATA_SLACK_BYTES,
            network=plugin.network,
            affinity=request.affinity,
            service_uid=facts.service_uid,
            service_gid=facts.service_gid,
            hide_paths=facts.hide_paths,
            nice=facts.nice,
            level_required=facts.level_required,
        )

    @staticmethod
    def _identify(pid: int) -> ProcessIdentity:
        # Our own child is there until we reap it, if only as a zombie.
        return read_identity(pid)

    def _hand_over(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._facts.service_uid, self._facts.service_gid)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a chain that has just been started, whatever of it there is already, and reap it."""
    while process.poll() is None:
        for pid in (*descendants(process.pid), process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_POLL_S)
    assert process.stderr is not None
    process.stderr.close()


def _last_words(output: str) -> str:
    """What a host said last; of one that refused to run (`plugin_host.bootstrap`) its reason."""
    _, _, line = output.rpartition("\n")
    try:
        refusal = json.loads(line)
        weak = ", ".join(map(str, refusal["layers"]))
        reason = f"{refusal['fault']}: {refusal['reason']}"
    except (ValueError, KeyError, TypeError):
        return output[-LAST_WORDS_CHARS:]
    return f"{reason} ({weak}; kernel doctor says why)" if weak else reason


def _host_document(request: SpawnRequest, scratch_dir: Path) -> dict[str, Any]:
    plugin = request.plugin
    return {
        "host_id": request.host_id,
        "endpoint": request.endpoint,
        "token": request.token,
        "contracts_lock": request.contracts_lock,
        "contracts_source": contracts_source_digest(),
        "plugins_lock": request.plugins_lock,
        "plugin_id": plugin.plugin_id,
        "plugin_version": plugin.version,
        "plugin_digest": plugin.digest,
        "plugin_folder": str(plugin.folder),
        "plugin_package": plugin.package,
        "plugin_entry": plugin.entry,
        "model_key": plugin.model_key,
        "config": request.config,
        "scratch_dir": str(scratch_dir),
    }
