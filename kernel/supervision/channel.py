"""The kernel's end of one host's socket: a ROUTER of its own for every host.

One endpoint per host means that a host cannot speak in another's name and that a flood on
one socket is nobody else's. Whatever does not fit (unknown peer, wrong token, replayed
hello, garbage, too many frames) is dropped and returned as a `Violation` for counting and
audit. Socket settings, on purpose (docs/protocol.md): LINGER 0, so that leaving never hangs;
SNDHWM/RCVHWM 64 as a bound; ROUTER_MANDATORY, so that an unknown peer is an error instead of
a silent drop; MAXMSGSIZE, so that an oversized frame ends that connection inside libzmq.

Covers: bytes to messages and back, the handshake's checks. Does not cover: lifecycles.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import zmq

from contracts import canonical
from contracts.base import Message
from contracts.bounded import Buffer, ContractError, bounded_decoder
from contracts.wire import (
    HEADER_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    PROTOCOL_VERSION,
    Hello,
    HostMessage,
    Reject,
    TaskDone,
)

QUEUE_MESSAGES_MAX = 64
FRAMES_BARE = 2
"""Identity and header."""
FRAMES_WITH_PAYLOAD = 3
PEER_FIELDS = 4
POLLIN = int(zmq.POLLIN)
DONTWAIT = int(zmq.DONTWAIT)
"""Plain integers: the library's flags cost more than the question they are asked with."""
COPIED_BYTES_MAX = 65_536
"""Smaller frames are handed over faster than they are shared."""
MESSAGES_PER_TURN_MAX = 64
"""A host that floods gets this many messages handled before the others have their turn."""
_decode: Callable[[Buffer], HostMessage] = bounded_decoder(
    HostMessage,  # type: ignore[arg-type]  # a union of structs is no type to mypy
    bytes_max=HEADER_BYTES_MAX,
)
"""Made once: making it costs five times as much as decoding with it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a host must say in its hello."""

    host_id: str
    token: str
    contracts_lock: str
    plugins_lock: str
    plugin_id: str
    plugin_version: str
    plugin_digest: str
    uid: int | None
    """The user the host runs as; None when it is a thread of this process."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the host that belongs to the channel."""

    message: HostMessage
    payload: bytes
    peer_pid: int | None
    """With a hello: the sender's pid as this machine's kernel sees it (SO_PEERCRED); None over
    inproc. Later messages come over the same connection: libzmq gives an identity to one."""


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that was dropped. ``fatal``: the handshake failed, the host must go."""

    code: str
    detail: str
    fatal: bool = False


class HostChannel:
    """Binds ``endpoint`` and speaks with the one host that knows the token."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], endpoint: str, expected: Expected
    ) -> None:
        self._expected = expected
        self._identity = expected.host_id.encode()
        self._welcomed = False
        self.endpoint = endpoint
        self.socket = context.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, QUEUE_MESSAGES_MAX)
        self.socket.setsockopt(zmq.RCVHWM, QUEUE_MESSAGES_MAX)
        self.socket.setsockopt(zmq.MAXMSGSIZE, PAYLOAD_BYTES_MAX)
        self.socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        try:
            self.socket.bind(endpoint)
        except zmq.ZMQError:
            self.socket.close()
            raise

    def close(self) -> None:
        """Close the socket; pending messages are dropped."""
        self.socket.close()

    def send(self, message: Message, payload: tuple[bytes, ...] = ()) -> bool:
        """Queue a message; False when the host is not connected or does not read."""
        frames = [self._identity, canonical.encode(message), *payload]
        copy = all(len(frame) <= COPIED_BYTES_MAX for frame in frames)
        try:
            self.socket.send_multipart(frames, DONTWAIT, copy=copy)
        except zmq.ZMQError:
            # EAGAIN (queue full) and EHOSTUNREACH (gone): the lifecycle's alarms decide.
            return False
        return True

    def receive(self) -> Iterator[Received | Violation]:
        """Everything that waits, at most `MESSAGES_PER_TURN_MAX` of it."""
        for _ in range(MESSAGES_PER_TURN_MAX):
            # Asking first is cheaper than the exception of an empty queue.
            if not int(self.socket.getsockopt(zmq.EVENTS)) & POLLIN:
                return
            try:
                heard = self._hear()
            except zmq.Again:
                return
            yield heard

    def _hear(self) -> Received | Violation:
        """One message; the sender's credentials come with the hello alone, and cost a little."""
        if self._welcomed:
            return self._judge(self.socket.recv_multipart(DONTWAIT), None, None)
        frames = self.socket.recv_multipart(DONTWAIT, copy=False)
        peer_pid, peer_uid = _peer(frames[-1])
        return self._judge([frame.bytes for frame in frames], peer_pid, peer_uid)

    def _judge(
        self, frames: list[bytes], peer_pid: int | None, peer_uid: int | None
    ) -> Received | Violation:
        if len(frames) not in {FRAMES_BARE, FRAMES_WITH_PAYLOAD}:
            return Violation("frame-count", f"{len(frames)} frames")
        if frames[0] != self._identity:
            return Violation("unknown-peer", f"identity {frames[0][:64]!r}")
        header = frames[1]
        if len(header) > HEADER_BYTES_MAX:
            return Violation("oversized-header", f"{len(header)} bytes")
        try:
            message = _decode(header)
        except ContractError as error:
            return Violation("garbage", error.reason[:200])
        if isinstance(message, TaskDone) != (len(frames) == FRAMES_WITH_PAYLOAD):
            return Violation("payload-mismatch", f"{type(message).__name__}, {len(frames)} frames")
        if isinstance(message, Hello):
            problem = self._refuse(message, peer_uid)
            if problem is not None:
                return problem
            self._welcomed = True
        elif not self._welcomed:
            return Violation("before-hello", type(message).__name__)
        payload = frames[2] if len(frames) == FRAMES_WITH_PAYLOAD else b""
        return Received(message, payload, peer_pid)

    def _refuse(self, hello: Hello, peer_uid: int | None) -> Violation | None:
        expected = self._expected
        if self._welcomed:
            return Violation("replayed-hello", hello.host_id)
        if not hmac.compare_digest(hello.token.encode(), expected.token.encode()):
            return Violation("wrong-token", hello.host_id)
        checks = (
            ("protocol-version", hello.protocol_version, PROTOCOL_VERSION),
            ("host-id", hello.host_id, expected.host_id),
            ("contracts-lock", hello.contracts_lock, expected.contracts_lock),
            ("plugins-lock", hello.plugins_lock, expected.plugins_lock),
            ("plugin-id", hello.plugin_id, expected.plugin_id),
            ("plugin-version", hello.plugin_version, expected.plugin_version),
            ("plugin-digest", hello.plugin_digest, expected.plugin_digest),
            ("peer-uid", peer_uid, expected.uid),
        )
        for code, got, wanted in checks:
            if got != wanted:
                detail = f"{code}: the host says {got}, this kernel expects {wanted}"
                self.send(Reject(code=code, reason=detail))
                return Violation(code, detail, fatal=True)
        return None


def _peer(frame: zmq.Frame) -> tuple[int | None, int | None]:
    """Pid and uid of the sender from ``Peer-Address`` (``host:uid:gid:pid``), if there is one."""
    try:
        address = frame.get("Peer-Address")
    except zmq.ZMQError:
        return None, None
    parts = str(address).rsplit(":", PEER_FIELDS - 1)
    if len(parts) != PEER_FIELDS or not all(part.isdigit() for part in parts[1:]):
        return None, None
    return int(parts[3]), int(parts[1])
