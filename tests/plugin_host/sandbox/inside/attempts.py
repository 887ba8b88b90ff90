"""What a hostile plugin tries; every function is the target of a host and prints one JSON line."""

# It is hostile on purpose: it forks, prints, catches everything and takes what it is given.
# ruff: noqa: ANN401, BLE001, PERF401, PTH208, T201, TID251

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x10000000


def tell(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def outcome(act: Callable[[], object]) -> str:
    """The errno's name; ``done`` when nothing stopped it."""
    try:
        act()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "done"


def libc_outcome(result: int) -> str:
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def files(document: dict[str, Any], **_rest: Any) -> int:
    base, code = Path(document["base"]), Path(__file__)
    secret, scratch = base / "secret.txt", base / "scratch"
    link = scratch / "link"
    link.symlink_to(secret)
    tell(
        {
            "read secret": outcome(secret.read_bytes),
            "read through ..": outcome((scratch / ".." / "secret.txt").read_bytes),
            "read through symlink": outcome(link.read_bytes),
            "read /etc/passwd": outcome(Path("/etc/passwd").read_bytes),
            "see /root": outcome(Path("/root/.ssh").stat),
            "list /": outcome(lambda: list(Path("/").iterdir())),
            "list /proc": outcome(lambda: list(Path("/proc").iterdir())),
            "read pid 1": outcome(Path("/proc/1/environ").read_bytes),
            "write secret": outcome(lambda: secret.write_text("mine")),
            "write base": outcome(lambda: (base / "new").write_text("x")),
            "write code": outcome(lambda: code.open("ab").close()),
            "truncate code": outcome(lambda: os.truncate(code, code.stat().st_size)),
            "truncating open": outcome(lambda: os.close(os.open(code, os.O_RDONLY | os.O_TRUNC))),
            "chmod code": outcome(lambda: code.chmod(0o644)),
            "utime code": outcome(lambda: os.utime(code)),
            "unlink code": outcome(code.unlink),
            "link code out": outcome(lambda: os.link(code, scratch / "code")),
            "write ipc dir": outcome(lambda: (base / "ipc" / "new").write_text("x")),
            "write scratch": outcome(lambda: (scratch / "fine").write_text("x")),
            "read code": outcome(code.read_bytes),
            "read own proc": outcome(Path("/proc/self/status").read_bytes),
        }
    )
    return 0


def sockets(document: dict[str, Any], **_rest: Any) -> int:
    base = Path(document["base"])

    def connect(address: str) -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(address)

    def interpreter(family: int, kind: int) -> str:
        return outcome(lambda: socket.socket(family, kind).close())

    def library(family: int) -> str:
        return libc_outcome(LIBC.socket(family, 1, 0))

    tell(
        {
            "python inet": interpreter(socket.AF_INET, socket.SOCK_STREAM),
            "python inet6 udp": interpreter(socket.AF_INET6, socket.SOCK_DGRAM),
            "libc inet": library(2),
            "libc inet6": library(10),
            "libc netlink": library(16),
            "libc packet": library(17),
            "libc vsock": library(40),
            "foreign unix": outcome(lambda: connect(str(base / "foreign"))),
            "abstract unix": outcome(lambda: connect("\0autocapture-test")),
            "own ipc": outcome(lambda: connect(str(base / "ipc" / "s"))),
            "socketpair": outcome(socket.socketpair),
        }
    )
    return 0


def serve_loopback(document: dict[str, Any], **_rest: Any) -> int:
    """Serves one request on the listening socket that the kernel made."""
    listener = socket.socket(fileno=document["listen_fd"])
    say(document)
    peer, _ = listener.accept()
    with peer:
        peer.sendall(b"hello from inside")
    tell({"libc inet": libc_outcome(LIBC.socket(2, 1, 0))})
    return 0


def connect_loopback(document: dict[str, Any], sandbox_level: str, **_rest: Any) -> int:
    def connect(port: int) -> None:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()

    def bind() -> None:
        with socket.socket() as server:
            server.bind(("0.0.0.0", 0))  # noqa: S104 - refused, that is the point

    tell(
        {
            "level": sandbox_level,
            "granted port": outcome(lambda: connect(document["granted_port"])),
            "other port": outcome(lambda: connect(document["other_port"])),
            "bind": outcome(bind),
        }
    )
    return 0


def calls(document: dict[str, Any], **_rest: Any) -> int:
    import platform

    from plugin_host.sandbox import syscalls

    def raw(name: str, *arguments: Any) -> str:
        return outcome(lambda: syscalls.call(name, *arguments))

    kernel_pid = document["kernel_pid"]
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    answer = {
        "memfd": raw("memfd_create", b"x", 0),
        "memfd_secret": raw("memfd_secret", 0),
        "shmget": raw("shmget", 0, 4096, 0o600),
        "io_uring": raw("io_uring_setup", 1, None),
        "unshare": raw("unshare", CLONE_NEWUSER),
        "clone user": raw("clone", CLONE_NEWUSER | signal.SIGCHLD, 0, 0, 0, 0),
        "clone3": raw("clone3", None, 0),
        "setns": raw("setns", 0, 0),
        "mount": raw("mount", None, None, None, 0, None),
        "ptrace": raw("ptrace", 0, 0, None, None),
        "bpf": raw("bpf", 0, None, 0),
        "keyctl": raw("keyctl", 0, 0, 0, 0, 0),
        "kill kernel": outcome(lambda: os.kill(kernel_pid, 0)),
        "ignore children": outcome(lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)),
        "handle children": outcome(lambda: signal.signal(signal.SIGCHLD, lambda *_: None)),
        "children as always": signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL,
        "child status": subprocess_status(),
        "setsid": outcome(os.setsid),
        "session": os.getsid(0) == os.getpid(),
        "affinity kept": os.sched_getaffinity(0) == cpus,
        "uid": os.getresuid(),
        "machine": platform.machine(),
    }
    tell(answer)
    return 0


def programs(document: dict[str, Any], **_rest: Any) -> int:
    scratch = Path(document["base"]) / "scratch"
    program, library = scratch / "program", scratch / "library.so"
    source = Path(sys.modules["_ctypes"].__file__ or "")
    library.write_bytes(source.read_bytes())
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)

    def run(*argv: str) -> Callable[[], object]:
        return lambda: subprocess.run(argv, check=False, capture_output=True)

    def load() -> None:
        ctypes.CDLL(str(library))

    try:
        loaded = outcome(load)
    except BaseException as error:
        loaded = type(error).__name__
    tell(
        {
            "shell": outcome(run("/bin/sh", "-c", "exit 0")),
            "curl": outcome(run("/usr/bin/curl", "http://127.0.0.1")),
            "python": outcome(run(sys.executable, "-c", "pass")),
            "from scratch": outcome(run(str(program))),
            "dlopen from scratch": loaded,
        }
    )
    return 0


def fork_bomb(_document: dict[str, Any], **_rest: Any) -> int:
    children, stopped = [], "done"
    for _ in range(1000):
        try:
            pid = os.fork()
        except OSError as error:
            stopped = errno.errorcode[error.errno or 0]
            break
        if pid == 0:
            signal.pause()
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    tell({"children": len(children), "stopped": stopped})
    return 0


def memory_hog(_document: dict[str, Any], **_rest: Any) -> int:
    chunks, stopped = [], "done"
    try:
        for _ in range(200):
            chunks.append(bytearray(16 << 20))
    except MemoryError:
        stopped = "MemoryError"
    taken = len(chunks) * 16
    chunks.clear()
    tell({"mib": taken, "stopped": stopped})
    return 0


def file_hog(document: dict[str, Any], **_rest: Any) -> int:
    path = Path(document["base"]) / "scratch" / "hog"

    def write() -> None:
        with path.open("wb") as stream:
            for _ in range(64):
                stream.write(bytes(1 << 20))

    tell({"stopped": outcome(write), "bytes": path.stat().st_size})
    return 0


def daemonize(_document: dict[str, Any], **_rest: Any) -> int:
    """Leaves a process behind that did all it could to be forgotten."""
    read_fd, write_fd = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            # Its output must not keep the starter waiting; the kept descriptor stays open.
            null = os.open("/dev/null", os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.write(write_fd, b"x")
            while True:
                signal.pause()
        os._exit(0)
    os.read(read_fd, 1)
    tell({"daemon": "runs"})
    return 0


def say(document: dict[str, Any]) -> None:
    """Tells the test that the moment has come, over the pipe that all keep open."""
    if "say_fd" in document:
        os.write(document["say_fd"], b"!")


def daemonize_and_stay(document: dict[str, Any], **rest: Any) -> int:
    daemonize(document, **rest)
    say(document)
    signal.pause()
    return 0


def hold_the_lock(document: dict[str, Any], **_rest: Any) -> int:
    """Never gives the interpreter lock back: no thread of ours can run."""
    say(document)
    ctypes.PyDLL(None).pause()
    return 0


def orphans(_document: dict[str, Any], **_rest: Any) -> int:
    """Makes processes whose parents die, and looks whether the dead are taken away."""
    made = 0
    for _ in range(100):
        if make_orphan():
            made += 1
        else:
            # The limit counts the dead that nobody took away yet: give who takes them a moment.
            select.select([], [], [], 0.02)
        if made == 40:
            break
    tell({"made": made, "child status": subprocess_status()})
    return 0


def make_orphan() -> bool:
    try:
        pid = os.fork()
    except OSError:
        return False
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    try:
        os.fork()
    except OSError:
        os._exit(1)
    os._exit(0)


def subprocess_status() -> int:
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def obey(document: dict[str, Any], **_rest: Any) -> int:
    say(document)
    signal.pause()
    return 0


def exit_status(_document: dict[str, Any], **_rest: Any) -> int:
    return 42


def environment(_document: dict[str, Any], **_rest: Any) -> int:
    tell(
        {"environ": dict(os.environ), "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))}
    )
    return 0
