"""Every attack is a function; the input of the task is its name.

An attack returns what it achieved as text, so that the tests see a denial as a denial and not
as silence. Names of errors (``EACCES``) stand for refused system calls.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import zmq

from contracts.canonical import decode, encode
from contracts.text import TextLine, TextPage, Word
from contracts.wire import PROTOCOL_VERSION, Hello, TaskDone
from plugin_host.hooks import (
    PluginError,
    SetupContext,
    StageInput,
    TaskContext,
    find_input,
    hookimpl,
)

FOREVER_S = 3600.0


@hookimpl
def autocapture_setup(context: SetupContext) -> None:
    """Crash at start when the settings say so."""
    match context.config.get("setup"):
        case "raise":
            raise RuntimeError("told to fail in setup")
        case "exit":
            os._exit(7)
        case "hang":
            time.sleep(FOREVER_S)
        case "abort at exit":
            atexit.register(os.abort)
        case "hang at exit":
            atexit.register(time.sleep, FOREVER_S)


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """Run the attack that the input names; its result is the page's only line."""
    name, _, argument = _order(stage, inputs).partition(" ")
    if name not in ATTACKS:
        raise PluginError("no-order", "no attack is ordered")
    try:
        achieved = ATTACKS[name](argument, task)
    except OSError as error:
        achieved = errno.errorcode.get(error.errno or 0, type(error).__name__)
    except subprocess.SubprocessError as error:
        achieved = type(error).__name__
    word = Word(
        text=achieved, box=(0, 0, 9, 9), confidence_permille=1000, start=0, end=len(achieved)
    )
    line = TextLine(text=achieved, box=(0, 0, 9, 9), confidence_permille=1000, words=(word,))
    return TextPage(
        blob=inputs[0].digest,
        width_px=10,
        height_px=10,
        engine="hostile",
        engine_version="1",
        lines=(line,) if achieved else (),
    )


def _order(stage: str, inputs: tuple[StageInput, ...]) -> str:
    """The input itself; as second stage what another plugin read."""
    if stage == "text":
        return inputs[0].data.decode()
    page = find_input(inputs, "text_page")
    assert page is not None
    lines = decode(page.data, TextPage).lines
    return lines[0].text if lines else ""


def fork_bomb(argument: str, task: TaskContext) -> str:
    """Fork without end; report when the limit says no."""
    made = 0
    while True:
        try:
            if os.fork() == 0:
                time.sleep(FOREVER_S)
        except OSError as error:
            return f"{errno.errorcode[error.errno or 0]} after {made}"
        made += 1


def memory_hog(argument: str, task: TaskContext) -> str:
    """Take memory until it is refused; the host reports it as a memory error."""
    held = []
    while True:
        held.append(bytearray(16 << 20))


def out_of_memory(argument: str, task: TaskContext) -> str:
    """Ask for more than any machine has: refused at once, and nothing is taken."""
    return str(len(bytearray(1 << 60)))


def spin(argument: str, task: TaskContext) -> str:
    """Burn CPU in Python, without a checkpoint."""
    while True:
        pass


def hold_gil(argument: str, task: TaskContext) -> str:
    """A backtracking match: native code that never gives the interpreter back."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return "ended"


def sleep_with_the_lock(argument: str, task: TaskContext) -> str:
    """Native code that sleeps and does not let go of the interpreter."""
    ctypes.PyDLL(None).sleep(int(FOREVER_S))
    return "ended"


def ignore_term(argument: str, task: TaskContext) -> str:
    """Swallow every signal that can be swallowed and sleep."""
    libc = ctypes.CDLL(None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        libc.signal(int(number), 1)  # SIG_IGN, set in C: this is not the main thread
    while True:
        time.sleep(FOREVER_S)


def flood(argument: str, task: TaskContext) -> str:
    """Write to both streams without end."""
    data = b"flood " * 10_000
    while True:
        os.write(1, data)
        os.write(2, data)


def make_zombies(argument: str, task: TaskContext) -> str:
    """Leave dead children behind."""
    for _ in range(20):
        if os.fork() == 0:
            os._exit(0)
    time.sleep(0.2)
    return "20 zombies"


def daemonize(argument: str, task: TaskContext) -> str:
    """Double-fork, new session: the classic way to outlive a parent; marked by its argument."""
    if os.fork() == 0:
        try:
            os.setsid()
        finally:
            if os.fork() == 0:
                os.execv(sys.executable, [sys.executable, "-c", _SLEEP, argument])
            os._exit(0)
    time.sleep(0.3)
    return "daemon"


_SLEEP = "import time; time.sleep(3600)"


def daemonize_in_python(argument: str, task: TaskContext) -> str:
    """The same without exec, which may be refused."""
    if os.fork() == 0:
        if os.fork() == 0:
            libc = ctypes.CDLL(None)
            libc.prctl(15, argument.encode()[:15], 0, 0, 0)  # PR_SET_NAME: found by the test
            time.sleep(FOREVER_S)
        os._exit(0)
    time.sleep(0.3)
    return "daemon"


def stop_itself(argument: str, task: TaskContext) -> str:
    """SIGSTOP to itself: nobody else stopped it. This thread may run on for a moment."""
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1)
    return "went on"


def send_garbage(argument: str, task: TaskContext) -> str:
    """Speak rubbish on the host's own socket, from a second connection and as itself."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    for identity in (b"somebody-else", argument.split("|")[1].encode()):
        dealer = context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.LINGER, 500)
        dealer.setsockopt(zmq.IDENTITY, identity)
        dealer.connect(argument.split("|", maxsplit=1)[0])
        for frame in (b"\x00", b"\xff" * 1000, b"x" * 100_000):
            dealer.send_multipart([frame])
            dealer.send_multipart([frame] * 5)
        dealer.close()
    context.term()
    return "sent"


def claim_identity(argument: str, task: TaskContext) -> str:
    """Say hello on the host's own socket as another host, and send a result as that one."""
    endpoint, other = argument.split("|")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 500)
    dealer.setsockopt(zmq.IDENTITY, other.encode())
    dealer.connect(endpoint)
    hello = Hello(
        protocol_version=PROTOCOL_VERSION,
        host_id=other,
        token="0" * 64,
        pid=1,
        contracts_lock="c" * 64,
        plugins_lock="d" * 64,
        plugin_id="echo",
        plugin_version="1.0.0",
        plugin_digest="0" * 64,
        sandbox_level="A",
        sandbox=(),
    )
    done = TaskDone(task_id="t-" + "0" * 32, run_us=1, memory_peak_bytes=1)
    dealer.send(encode(hello))
    dealer.send_multipart([encode(done), b"result"])
    dealer.close()
    context.term()
    return "sent"


def connect_to(argument: str, task: TaskContext) -> str:
    """Connect to another host's socket path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
        unix.connect(argument)
    return "reached"


def open_ipv4(argument: str, task: TaskContext) -> str:
    """A TCP connection to the test's own listener on loopback."""
    socket.create_connection(("127.0.0.1", int(argument)), timeout=2).close()
    return "reached"


def open_ipv6(argument: str, task: TaskContext) -> str:
    """The same over IPv6."""
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
        sock.connect(("::1", int(argument)))
    return "reached"


def open_udp(argument: str, task: TaskContext) -> str:
    """A datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"out", ("127.0.0.1", int(argument)))
    return "reached"


def _reach(family: int, kind: int, port: int) -> int:
    """The system calls themselves, past every Python hook; 0 or the error's number."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.socket(family, kind, 0)
    if descriptor < 0:
        return ctypes.get_errno()
    if family == socket.AF_INET:
        address = struct.pack("=H2s4s8x", family, struct.pack("!H", port), b"\x7f\0\0\1")
    else:
        loopback = b"\0" * 15 + b"\1"
        address = struct.pack("=H2sI16sI", family, struct.pack("!H", port), 0, loopback, 0)
    if (
        libc.connect(descriptor, address, len(address)) < 0
        or libc.send(descriptor, b"out", 3, 0) < 0
    ):
        return ctypes.get_errno()
    libc.close(descriptor)
    return 0


def _named(number: int) -> str:
    return errno.errorcode[number] if number else "reached"


def call_ipv4(argument: str, task: TaskContext) -> str:
    """TCP by system calls."""
    return _named(_reach(socket.AF_INET, socket.SOCK_STREAM, int(argument)))


def call_ipv6(argument: str, task: TaskContext) -> str:
    """The same over IPv6."""
    return _named(_reach(socket.AF_INET6, socket.SOCK_STREAM, int(argument)))


def call_udp(argument: str, task: TaskContext) -> str:
    """A datagram by system calls."""
    return _named(_reach(socket.AF_INET, socket.SOCK_DGRAM, int(argument)))


def call_in_child(argument: str, task: TaskContext) -> str:
    """TCP by system calls of a child."""
    child = os.fork()
    if child == 0:
        os._exit(_reach(socket.AF_INET, socket.SOCK_STREAM, int(argument)))
    return _named(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def open_by_child(argument: str, task: TaskContext) -> str:
    """A program that does it for us."""
    subprocess.run(["/usr/bin/curl", "-sS", f"http://127.0.0.1:{argument}/"], check=True, timeout=5)
    return "reached"


def read_file(argument: str, task: TaskContext) -> str:
    """Read a file that is none of a plugin's business."""
    return "read " + Path(argument).read_text()[:20]


def write_file(argument: str, task: TaskContext) -> str:
    """Write outside the scratch folder."""
    Path(argument).write_text("hostile")
    return "wrote"


def write_by_dots(argument: str, task: TaskContext) -> str:
    """Leave the scratch folder through ``..``."""
    (task.scratch_dir / ".." / ".." / argument.lstrip("/")).write_text("hostile")
    return "wrote"


def read_by_symlink(argument: str, task: TaskContext) -> str:
    """Leave the scratch folder through a symbolic link."""
    link = task.scratch_dir / "link"
    link.symlink_to(argument)
    return "read " + link.read_text()[:20]


def kill_kernel(argument: str, task: TaskContext) -> str:
    """Signal the kernel by its pid."""
    os.kill(int(argument), signal.SIGTERM)
    return "signalled"


def exit_at_once(argument: str, task: TaskContext) -> str:
    """Leave without a word."""
    os._exit(3)


def crash_natively(argument: str, task: TaskContext) -> str:
    """Read address 0."""
    ctypes.string_at(0)
    return "survived"


def many_threads(argument: str, task: TaskContext) -> str:
    """Start threads until it is refused."""
    made = 0
    while made < 10_000:
        try:
            threading.Thread(target=time.sleep, args=(FOREVER_S,), daemon=True).start()
        except RuntimeError:
            return f"refused after {made}"
        made += 1
    return f"{made} threads"


ATTACKS: dict[str, Callable[[str, TaskContext], str]] = {
    attack.__name__: attack
    for attack in (
        fork_bomb,
        memory_hog,
        out_of_memory,
        spin,
        hold_gil,
        sleep_with_the_lock,
        ignore_term,
        flood,
        make_zombies,
        daemonize,
        daemonize_in_python,
        stop_itself,
        send_garbage,
        claim_identity,
        connect_to,
        open_ipv4,
        open_ipv6,
        open_udp,
        call_ipv4,
        call_ipv6,
        call_udp,
        call_in_child,
        open_by_child,
        read_file,
        write_file,
        write_by_dots,
        read_by_symlink,
        kill_kernel,
        exit_at_once,
        crash_natively,
        many_threads,
    )
}
