"""The host's message loop: handshake, tasks, beats, leaving.

The same loop serves a subprocess over ``ipc://`` and a thread of the kernel over
``inproc://``. It runs no plugin code (that is the worker's thread), so its beat proves that
the interpreter lives: a plugin that holds the GIL silences it.

The worker sends its results itself: handing them to the loop first would cost a change of
threads on every task (a fifth of the round trip, tools/bench/supervision.py). libzmq allows a
socket to be used by several threads one at a time with a full fence between; `_lock` is that,
and so the loop never waits inside libzmq but on the socket's descriptor. That descriptor
signals changes only: whoever used the socket asks for its events before it lets go.

Covers: the protocol as a host speaks it (docs/protocol.md). Does not cover: the sandbox,
importing the plugin, the kernel's side.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import msgspec
import zmq

from contracts import canonical
from contracts.base import Message
from contracts.wire import (
    HEADER_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    PROTOCOL_VERSION,
    Beat,
    CancelTask,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    KernelMessage,
    Reject,
    RunTask,
    SandboxLayer,
    TaskDone,
    TaskFailed,
    Welcome,
)
from plugin_host.task import Gate
from plugin_host.worker import LoadedPlugin, Waker, Worker, memory_peak_bytes

HANDSHAKE_TIMEOUT_S = 10.0
LINGER_MS = 200
"""How long a leaving host tries to hand over its last message; exit never hangs on it."""
SEND_QUEUE_MESSAGES_MAX = 64
_POLLIN = int(zmq.POLLIN)
_DONTWAIT = int(zmq.DONTWAIT)
"""Plain integers: the library's flags cost more than the question they are asked with."""
_DECODER = msgspec.msgpack.Decoder(KernelMessage)
"""Made once: making it costs five times as much as decoding with it."""


@dataclass(frozen=True, slots=True)
class HostIdentity:
    """Who this host is and what it was built from; all of it goes into the handshake."""

    host_id: str
    endpoint: str
    token: str
    contracts_lock: str
    plugins_lock: str
    plugin_id: str
    plugin_version: str
    plugin_digest: str
    scratch_dir: Path
    sandbox_level: str = "none"
    sandbox: tuple[SandboxLayer, ...] = ()
    pid: int = 0


class HostLoop:
    """Serves one kernel until it drains, rejects, vanishes, or the plugin cannot be loaded.

    ``lifeline_fd`` becomes readable (end of file) when the kernel is gone. ``gate`` holds
    in-process work. `run` blocks and returns an exit status.
    """

    def __init__(
        self,
        *,
        context: zmq.Context[zmq.Socket[bytes]],
        identity: HostIdentity,
        load: Callable[[], LoadedPlugin],
        gate: Gate | None = None,
        lifeline_fd: int | None = None,
    ) -> None:
        self._context = context
        self._identity = identity
        self._lifeline_fd = lifeline_fd
        self._waker = Waker()
        self._worker = Worker(
            load=load,
            scratch_dir=identity.scratch_dir,
            gate=gate or Gate(),
            deliver=self._deliver,
            wake=self._waker.wake,
            name=f"worker-{identity.host_id}",
        )
        self._beat_interval_s = 1.0
        self._beats = 0
        self._draining = False
        self._busy = False
        self._leave: tuple[int, str] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._lock = threading.Lock()
        self._poller = select.poll()
        self._poller.register(self._waker.fd, select.POLLIN)
        if lifeline_fd is not None:
            self._poller.register(lifeline_fd, select.POLLIN)

    def leave(self, reason: str) -> None:
        """End the loop soon; safe to call from a signal handler."""
        self._leave = self._leave or (1, reason)
        self._waker.wake()

    def run(self) -> int:
        """Serve; returns 0 after a drain, 1 after a fault or a refused handshake."""
        socket = self._context.socket(zmq.DEALER)
        self._socket = socket
        self._poller.register(int(socket.getsockopt(zmq.FD)), select.POLLIN)
        socket.setsockopt(zmq.LINGER, LINGER_MS)
        socket.setsockopt(zmq.SNDHWM, SEND_QUEUE_MESSAGES_MAX)
        socket.setsockopt(zmq.RCVHWM, SEND_QUEUE_MESSAGES_MAX)
        socket.setsockopt(zmq.MAXMSGSIZE, PAYLOAD_BYTES_MAX)
        # A fresh identity for each incarnation: a reused one black-holes on the ROUTER.
        socket.setsockopt(zmq.IDENTITY, self._identity.host_id.encode())
        try:
            socket.connect(self._identity.endpoint)
            with self._lock:
                self._send(self._hello())
            if self._shake_hands(socket):
                self._worker.start()
                self._serve(socket)
            return self._leave[0] if self._leave else 1
        finally:
            with self._lock:
                socket.close()
                self._socket = None
            self._waker.close()

    def _hello(self) -> Hello:
        identity = self._identity
        return msgspec.convert(
            {
                "kind": "hello",
                "protocol_version": PROTOCOL_VERSION,
                "host_id": identity.host_id,
                "token": identity.token,
                "pid": identity.pid or os.getpid(),
                "contracts_lock": identity.contracts_lock,
                "plugins_lock": identity.plugins_lock,
                "plugin_id": identity.plugin_id,
                "plugin_version": identity.plugin_version,
                "plugin_digest": identity.plugin_digest,
                "sandbox_level": identity.sandbox_level,
                "sandbox": [msgspec.structs.asdict(layer) for layer in identity.sandbox],
            },
            Hello,
        )

    def _shake_hands(self, socket: zmq.Socket[bytes]) -> bool:
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
        while self._leave is None:
            remaining_ms = int((deadline - time.monotonic()) * 1000)
            if remaining_ms <= 0:
                self._leave = (1, "no answer to the handshake")
                break
            if not self._wait(socket, remaining_ms):
                continue
            with self._lock:
                message, _ = self._receive(socket)
            match message:
                case Welcome():
                    self._beat_interval_s = message.beat_interval_ms / 1000
                    return True
                case Reject():
                    self._leave = (1, f"rejected: {message.code}")
                case Drain():
                    self._leave = (0, "drained before ready")
                case None | RunTask() | CancelTask():
                    continue
                case _:
                    assert_never(message)
        return False

    def _serve(self, socket: zmq.Socket[bytes]) -> None:
        next_beat = time.monotonic()
        while self._leave is None:
            now = time.monotonic()
            if now >= next_beat:
                self._beats += 1
                with self._lock:
                    self._send(Beat(seq=self._beats, memory_bytes=memory_peak_bytes()))
                next_beat = now + self._beat_interval_s
            if self._wait(socket, max(1, int((next_beat - now) * 1000))):
                with self._lock:
                    self._drain_socket(socket)
            progress = self._worker.take_progress()
            if progress is not None:
                with self._lock:
                    self._send(progress)
        code, reason = self._leave
        self._worker.finish()
        if code == 0:
            with self._lock:
                self._send(Goodbye(reason=reason))

    def _wait(self, socket: zmq.Socket[bytes], timeout_ms: int) -> bool:
        """Wait for the socket, the worker or the end of the kernel; True: socket readable."""
        if self._is_readable(socket):
            return True
        ready = dict(self._poller.poll(timeout_ms))
        if self._lifeline_fd is not None and self._lifeline_fd in ready:
            self._leave = (1, "the kernel is gone")
            return False
        if self._waker.fd in ready:
            self._waker.clear()
        return self._is_readable(socket)

    def _is_readable(self, socket: zmq.Socket[bytes]) -> bool:
        with self._lock:
            return bool(int(socket.getsockopt(zmq.EVENTS)) & _POLLIN)

    def _drain_socket(self, socket: zmq.Socket[bytes]) -> None:
        while self._leave is None and int(socket.getsockopt(zmq.EVENTS)) & _POLLIN:
            message, payload = self._receive(socket)
            if message is not None:
                self._handle(message, payload)

    def _handle(self, message: KernelMessage, payload: tuple[bytes, ...]) -> None:
        match message:
            case RunTask():
                if len(payload) != len(message.inputs) or self._draining:
                    return
                self._busy = True
                self._worker.submit(message, payload)
            case CancelTask():
                self._worker.cancel(message.task_id)
            case Drain():
                self._draining = True
                if not self._busy:
                    self._leave = (0, "drained")
            case Reject():
                self._leave = (1, f"rejected: {message.code}")
            case Welcome():
                self._beat_interval_s = message.beat_interval_ms / 1000
            case _:
                assert_never(message)

    def _deliver(self, message: Message, payload: tuple[bytes, ...] = ()) -> None:
        """Send what the worker has to say; called in its thread, also when the loop is over."""
        with self._lock:
            if self._socket is None:
                return
            if isinstance(message, TaskDone | TaskFailed):
                self._busy = False
            self._send(message, payload)
            if isinstance(message, HostFault):
                self._leave = (1, message.code)
            elif self._draining and not self._busy:
                self._leave = self._leave or (0, "drained")
            # Sending may have taken the signal of a message that came meanwhile.
            waits = int(self._socket.getsockopt(zmq.EVENTS)) & _POLLIN
            is_over = self._leave is not None
        if waits or is_over:
            self._waker.wake()

    def _receive(self, socket: zmq.Socket[bytes]) -> tuple[KernelMessage | None, tuple[bytes, ...]]:
        frames = socket.recv_multipart()
        if len(frames[0]) > HEADER_BYTES_MAX:
            return None, ()
        try:
            message = _DECODER.decode(frames[0])
        except msgspec.MsgspecError:
            # The kernel speaks the same locked contracts; anything else is not for us.
            return None, ()
        return message, tuple(frames[1:])

    def _send(self, message: Message, payload: tuple[bytes, ...] = ()) -> None:
        assert self._socket is not None
        try:
            self._socket.send_multipart([canonical.encode(message), *payload], _DONTWAIT)
        except zmq.Again:
            # The queue is full only when the kernel stopped reading: it is gone or stuck,
            # and the lifeline tells which.
            if self._leave is None and not isinstance(message, Beat):
                self._leave = (1, "the kernel does not read")
