"""What the pool is measured against: a bare socket pair and two well-known process pools.

Each runs one task of N bytes there and back in one worker process. Covers: starting, one round
trip, what is left after the worker is killed. Does not cover: the pool itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor  # noqa: TID251 - what is measured against
from multiprocessing import get_context  # noqa: TID251 - as above
from pathlib import Path
from typing import Any, Protocol

import zmq
from loky import ProcessPoolExecutor as LokyExecutor

WAIT_S = 20.0
_ECHO = """
import sys, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.setsockopt(zmq.IDENTITY, b"echo")
socket.connect(sys.argv[1])
socket.send_multipart([b"ready"])
while True:
    socket.send_multipart(socket.recv_multipart())
"""
_ECHO_THREADED = """
import queue, select, sys, threading, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.setsockopt(zmq.IDENTITY, b"echo")
socket.connect(sys.argv[1])
socket.send_multipart([b"ready"])
jobs, lock, poll = queue.SimpleQueue(), threading.Lock(), select.poll()
poll.register(socket.getsockopt(zmq.FD), select.POLLIN)

def work():
    while True:
        frames = jobs.get()
        with lock:
            socket.send_multipart(frames)

threading.Thread(target=work, daemon=True).start()
while True:
    with lock:
        while socket.getsockopt(zmq.EVENTS) & 1:
            jobs.put(socket.recv_multipart())
    poll.poll(5)
"""
"""What a host needs to stay able to listen while plugin code runs, and nothing else."""


class Rival(Protocol):
    """One worker that gives back what it is given."""

    def run_one(self, data: bytes) -> None:
        """There and back."""
        ...

    def close(self) -> None:
        """End the worker."""
        ...


class BareEcho:
    """ROUTER here, DEALER there, over ipc://, no message format at all: the floor."""

    def __init__(self, *, threaded: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="acz-"))
        endpoint = f"ipc://{self._folder / 's'}"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.bind(endpoint)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ECHO_THREADED if threaded else _ECHO, endpoint]
        )
        self._socket.recv_multipart()

    def run_one(self, data: bytes) -> None:
        """Header and payload as frames, the reply awaited in a poller as a kernel would."""
        self._socket.send_multipart([b"echo", b"h" * 200, data])
        self._poller.poll()
        self._socket.recv_multipart()

    def close(self) -> None:
        """End the worker."""
        self._process.kill()
        self._process.wait()
        self._context.destroy(linger=0)
        shutil.rmtree(self._folder, ignore_errors=True)


def _echo(data: bytes) -> bytes:
    return data


class _Executor:
    """Shared by both executors: they have one interface."""

    def __init__(self, executor: Any) -> None:  # noqa: ANN401 - loky has no type information
        self._executor = executor

    def run_one(self, data: bytes) -> None:
        """Submit and wait."""
        self._executor.submit(_echo, data).result(timeout=WAIT_S)

    def close(self) -> None:
        """End the workers."""
        self._executor.shutdown(wait=True)

    def after_death(self) -> str:
        """``alive``, or the error that the next task gets after a worker was killed."""
        pid = self._executor.submit(os.getpid).result(timeout=WAIT_S)
        sleeper = self._executor.submit(_wait_for_a_signal)
        os.kill(pid, signal.SIGKILL)
        error = sleeper.exception(timeout=WAIT_S)
        try:
            self.run_one(b"still there?")
        except Exception as broken:  # noqa: BLE001 - its name is the result
            error = broken
        else:
            error = None
        self._executor.shutdown(wait=False)
        return "alive" if error is None else f"broken ({type(error).__name__})"


def _wait_for_a_signal() -> None:
    signal.pause()


class Futures(_Executor):
    """`concurrent.futures`, workers spawned: forking a kernel with threads is no choice."""

    def __init__(self) -> None:
        super().__init__(ProcessPoolExecutor(1, mp_context=get_context("spawn")))


class Loky(_Executor):
    """loky's executor, made to be robust."""

    def __init__(self) -> None:
        super().__init__(LokyExecutor(1, timeout=60))
