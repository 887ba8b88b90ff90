"""Denial tests: what a hostile plugin would try first, tried by us before it is imported.

Covers: one attempt per wall and its errno. Does not cover: an attempt that would do harm if it
went through: each one leaves no trace (same times, signal 0, an exclusive file taken away again).
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from plugin_host.sandbox import namespaces, syscalls

FAMILIES: Final = {"inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "vsock": 40}
SOCK_DGRAM: Final = 2
IPC_PRIVATE: Final = 0
IPC_REMOVE: Final = 0
SIGNAL_DEFAULT: Final = bytes(32)
"""struct sigaction as the system call takes it: SIG_DFL, which it is anyway."""
SIGNAL_SET_BYTES: Final = 8
NO_REQUEST: Final = 0xFFFF
"""No ptrace request has this number; PTRACE_TRACEME would tie us to our parent."""
NOWHERE: Final = ("192.0.2.1", 9)
"""TEST-NET-1 of RFC 5737: connecting a datagram socket sends nothing, it only looks for a route."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt: ``code`` is the errno's name, empty when it went through."""

    name: str
    code: str

    @property
    def denied(self) -> bool:
        """Whether the wall held."""
        return bool(self.code)


def try_one_process_too_many() -> Attempt:
    """Makes one process where the soft limit allows none beside us; it ends at once.

    That the limit is set proves nothing: it never binds the system's uid 0, and a user namespace
    may show that one as somebody else.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    try:
        return attempt("fork beyond NPROC", _make_process, frozenset({"EAGAIN"}))
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))


def _make_process() -> None:
    pid = os.fork()  # noqa: TID251 - the fork is the attempt; this process has one thread
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def attempt(
    name: str, act: Callable[[], object], refused_by: frozenset[str] = frozenset()
) -> Attempt:
    """Runs ``act``; an OSError is a denial.

    With ``refused_by`` only these errnos are: for a call that is made with arguments that do no
    harm, and that the kernel itself answers with another error.
    """
    try:
        act()
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, type(error).__name__)
        if refused_by and code not in refused_by:
            return Attempt(f"{name} ({code})", "")
        return Attempt(name, code)
    return Attempt(name, "")


def try_route() -> Attempt:
    """Looks for a way out of the network; must come before seccomp forbids the socket itself."""

    def act() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(NOWHERE)

    return attempt("route", act)


def try_sockets(families: tuple[str, ...]) -> list[Attempt]:
    """Asks libc for a datagram socket of each family."""
    libc = syscalls.load_libc()

    def ask(family: int) -> None:
        fd = libc.socket(family, SOCK_DGRAM, 0)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "socket")
        os.close(fd)

    return [attempt(f"socket {name}", partial(ask, FAMILIES[name])) for name in families]


def try_kernel_calls() -> list[Attempt]:
    """Uncounted memory and CPU time, io_uring, namespaces, other processes: seccomp's."""
    denied, absent = frozenset({"EPERM"}), frozenset({"ENOSYS", "EPERM"})
    return [
        attempt("memfd", lambda: os.close(syscalls.call("memfd_create", b"probe", 0)), denied),
        attempt("shmget", _make_and_remove_segment, absent),
        attempt("sigaction SIGCHLD", _handle_children_as_always, denied),
        attempt("io_uring", lambda: syscalls.call("io_uring_setup", 0, None), absent),
        attempt("unshare", lambda: namespaces.unshare(0), denied),
        attempt("ptrace", lambda: syscalls.call("ptrace", NO_REQUEST, 0, None, None), denied),
    ]


def _handle_children_as_always() -> None:
    syscalls.call("rt_sigaction", signal.SIGCHLD, SIGNAL_DEFAULT, None, SIGNAL_SET_BYTES)


def _make_and_remove_segment() -> None:
    segment = syscalls.call("shmget", IPC_PRIVATE, 4096, 0o600)
    syscalls.call("shmctl", segment, IPC_REMOVE, None)


def try_more_cores(cores: frozenset[int]) -> Attempt:
    """Asks for every core there is; refused where the process is still bound to ``cores``.

    The call is answered with success and not done, so that libraries that pin themselves go on.
    """
    name = f"more cores than {sorted(cores)}"
    try:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    except OSError as error:
        return Attempt(name, errno.errorcode.get(error.errno or 0, "OSError"))
    if os.sched_getaffinity(0) == cores:
        return Attempt(name, "not done")
    os.sched_setaffinity(0, cores)
    return Attempt(name, "")


def try_list_root() -> Attempt:
    """Lists ``/``: open to everyone by mode, so only Landlock can refuse it."""
    return attempt("list /", lambda: list(Path("/").iterdir()))


def try_read(path: str) -> Attempt:
    """Opens a file for reading."""
    return attempt(f"read {path}", lambda: os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC)))


def try_see(path: str) -> Attempt:
    """Asks for a path's state: Landlock lets this pass, an own file tree does not."""
    return attempt(f"stat {path}", lambda: Path(path).stat())


def try_see_original(path: str) -> Attempt:
    """Like `try_see`, but a bare directory of the new root is not what the path was.

    An environment below /home makes a /home in the own file tree, with nothing else in it. Only
    meaningful with a root of our own.
    """

    def act() -> None:
        if Path(path).stat().st_dev == Path("/").stat().st_dev:
            raise OSError(errno.ENOENT, "only a way to what is shown")

    return attempt(f"stat {path}", act)


def try_change_times(path: str) -> Attempt:
    """Sets a file's times to what they are."""

    def act() -> None:
        now = Path(path).stat()
        os.utime(path, ns=(now.st_atime_ns, now.st_mtime_ns))

    return attempt("utime code", act)


def try_create(folder: str, name: str) -> Attempt:
    """Makes an empty file, and takes it away again when that worked."""
    path = Path(folder) / name

    def act() -> None:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        path.unlink()

    return attempt(f"create in {folder}", act)


def try_run(path: str) -> Attempt:
    """Starts a program; a status from it means that the wall has a hole."""

    def act() -> None:
        pid = os.posix_spawn(path, [path, "-c", "exit 7"], {})
        os.waitpid(pid, 0)

    return attempt(f"run {path}", act)


def try_run_from(folder: str) -> Attempt:
    """Starts a program that was written into ``folder``."""
    path = Path(folder) / ".probe-program"

    def act() -> None:
        path.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
        path.chmod(0o700)
        pid = os.posix_spawn(str(path), [str(path)], {})
        os.waitpid(pid, 0)

    result = attempt("run from scratch", act)
    path.unlink(missing_ok=True)
    return result


def try_signal(pid: int) -> Attempt:
    """Asks whether ``pid`` could be signalled; sends nothing (signal 0)."""
    return attempt("signal kernel", lambda: os.kill(pid, 0))
