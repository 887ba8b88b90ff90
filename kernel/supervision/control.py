"""The control socket: how the `kernel` command talks to a running kernel.

A ROUTER on a path in the run dir, reachable by the data dir's owner only (directory mode 0700
and a check of the sender's user id). A request is [correlation id, message, payload?], the
reply [correlation id, message]. Requests that take time are answered later, from any thread.

Covers: server and client. Does not cover: what the kernel does about a request (`kernel.boot`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import zmq

from contracts import canonical
from contracts.base import Message
from contracts.bounded import Buffer, ContractError, bounded_decoder
from contracts.control import ControlError, ControlReply, ControlRequest
from contracts.wire import HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX
from kernel.config.errors import ExitCode, KernelError

REQUESTS_PER_TURN_MAX = 32
QUEUE_MESSAGES_MAX = 64
CORRELATION_BYTES = 8
FRAMES_BARE = 3
FRAMES_WITH_PAYLOAD = 4
PEER_FIELDS = 4

TOLD = frozenset(10**power for power in range(10))
"""Of rubbish the 1st, 10th, 100th, ... is told: a flood must not fill the ledger."""


@dataclass(frozen=True, slots=True)
class Drop:
    """What was no request on the control socket; ``count``: so many of its kind so far."""

    code: str
    detail: str
    count: int


Reply = Callable[[ControlReply], None]
Handler = Callable[[ControlRequest, bytes, Reply], None]
T = TypeVar("T")

# Made once: the decoder of a union costs more to make than a message to decode.
_decode_request: Callable[[Buffer], ControlRequest] = bounded_decoder(
    ControlRequest,  # type: ignore[arg-type]  # a union of structs is no type to mypy
    bytes_max=HEADER_BYTES_MAX,
)
_decode_reply: Callable[[Buffer], ControlReply] = bounded_decoder(
    ControlReply,  # type: ignore[arg-type]  # as above
    bytes_max=PAYLOAD_BYTES_MAX,
)


class ControlServer:
    """The kernel's end; `handle` and `flush` belong to the kernel's loop."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        path: Path,
        handler: Handler,
        *,
        tell: Callable[[Drop], None] = lambda _drop: None,
    ) -> None:
        """Bind; ``tell`` is called in the kernel's loop for the 1st, 10th, ... drop of a kind."""
        self._handler = handler
        self._tell = tell
        self._replies: deque[list[bytes]] = deque()
        self.dropped: dict[str, int] = {}
        """Kind -> how many since the start."""
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES_MAX)
        self.socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES_MAX)
        self.socket.setsockopt(zmq.MAXMSGSIZE, PAYLOAD_BYTES_MAX)
        self._endpoint = f"ipc://{path}"
        self._bind()

    def listen_again(self) -> None:
        """Bind anew at the same path: somebody took the socket's name away.

        Raises `KernelError` ``control-unbound`` where that cannot be.
        """
        try:
            with contextlib.suppress(zmq.ZMQError):
                # Not bound any more, where an earlier try got this far.
                self.socket.unbind(self._endpoint)
            self._bind()
        except zmq.ZMQError as error:
            raise KernelError(
                "control-unbound",
                f"nobody can ask this kernel: {self._endpoint} cannot be bound: {error}",
                hint="see that the run dir has room; it is tried again by itself",
            ) from error

    def handle(self) -> None:
        """Take in what waits; rubbish is dropped, counted and told."""
        for _ in range(REQUESTS_PER_TURN_MAX):
            try:
                frames = self.socket.recv_multipart(zmq.DONTWAIT, copy=False)
            except zmq.Again:
                return
            self._take(frames)

    def flush(self) -> None:
        """Send the replies that became ready; call when `wake_fd` is readable."""
        try:
            os.eventfd_read(self.wake_fd)
        except BlockingIOError:
            # Nothing new was announced: an earlier flush took it along.
            return
        while self._replies:
            try:
                self.socket.send_multipart(self._replies.popleft(), zmq.DONTWAIT)
            except zmq.ZMQError as error:
                # The client is gone or does not read; it will find the store as it is.
                self._drop("reply-not-taken", str(error))

    def _bind(self) -> None:
        old_mask = os.umask(0o177)
        try:
            self.socket.bind(self._endpoint)
        finally:
            os.umask(old_mask)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
        os.close(self.wake_fd)

    def _take(self, frames: list[zmq.Frame]) -> None:
        if problem := _find_fault(frames):
            self._drop(*problem)
            return
        peer, correlation = frames[0].bytes, frames[1].bytes
        header = frames[2].buffer

        def reply(message: ControlReply) -> None:
            self._replies.append([peer, correlation, canonical.encode(message)])
            os.eventfd_write(self.wake_fd, 1)

        try:
            request = _decode_request(header)
        except ContractError as error:
            self._drop("malformed-request", error.reason)
            reply(ControlError(code="malformed-request", message=error.reason))
            return
        payload = frames[3].bytes if len(frames) == FRAMES_WITH_PAYLOAD else b""
        try:
            self._handler(request, payload, reply)
        except KernelError as error:
            reply(error_reply(error))

    def _drop(self, code: str, detail: str) -> None:
        count = self.dropped[code] = self.dropped.get(code, 0) + 1
        if count in TOLD:
            self._tell(Drop(code, detail, count))


def _find_fault(frames: list[zmq.Frame]) -> tuple[str, str] | None:
    """What is wrong with the outside of a message: a code and words; None when it may be read."""
    if len(frames) not in {FRAMES_BARE, FRAMES_WITH_PAYLOAD}:
        return "frame-count", f"{len(frames)} frames"
    if not _is_owner(frames[2]):
        return "foreign-user", "not sent by the user of this kernel"
    if len(frames[1].buffer) != CORRELATION_BYTES:
        return "correlation", f"{len(frames[1].buffer)} bytes"
    if len(frames[2].buffer) > HEADER_BYTES_MAX:
        return "oversized-header", f"{len(frames[2].buffer)} bytes"
    return None


def error_reply(error: KernelError) -> ControlError:
    """The error as it travels to the command."""
    return ControlError(code=error.code, message=error.message, hint=error.hint)


def _is_owner(frame: zmq.Frame) -> bool:
    try:
        fields = str(frame.get("Peer-Address")).rsplit(":", PEER_FIELDS - 1)
    except zmq.ZMQError:
        return False
    return len(fields) == PEER_FIELDS and fields[1] == str(os.getuid())


class ControlClient:
    """The command's end; one request at a time."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"ipc://{path}")

    def ask(
        self,
        request: Message,
        expected: type[T],
        *,
        payload: bytes | None = None,
        timeout_s: float | None = None,
    ) -> T:
        """Send a request and return its reply.

        Raises `KernelError`: what the kernel said, or ``kernel-unreachable`` when no answer
        comes in time.
        """
        correlation = secrets.token_bytes(CORRELATION_BYTES)
        frames = [correlation, canonical.encode(request)]
        if payload is not None:
            frames.append(payload)
        self._socket.send_multipart(frames)
        while self._socket.poll(int((timeout_s or self._timeout_s) * 1000)):
            got, header = self._socket.recv_multipart()
            if got != correlation:
                continue
            reply = _decode_reply(header)
            if isinstance(reply, ControlError):
                raise KernelError(reply.code, reply.message, hint=reply.hint)
            if not isinstance(reply, expected):
                raise KernelError("protocol-mismatch", f"unexpected {type(reply).__name__}")
            return reply
        raise KernelError(
            "kernel-unreachable",
            "the running kernel does not answer on its control socket",
            hint="run: kernel doctor",
            exit_code=ExitCode.BUSY,
        )

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
        self._context.term()
