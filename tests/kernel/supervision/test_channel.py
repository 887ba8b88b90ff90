"""The kernel's end of a host's socket: who gets in, what is dropped, who is not disturbed."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import psutil
import pytest
import zmq

from contracts import canonical
from contracts.wire import (
    HEADER_BYTES_MAX,
    PAYLOAD_BYTES_MAX,
    Beat,
    Drain,
    Hello,
    KernelMessage,
    Reject,
    TaskDone,
)
from kernel.supervision.channel import (
    MESSAGES_PER_TURN_MAX,
    Expected,
    HostChannel,
    Received,
    Violation,
)
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task

HOST = "h1-0000000a"
EXPECTED = Expected(
    host_id=HOST,
    token="t" * 64,
    contracts_lock="c" * 64,
    plugins_lock="d" * 64,
    plugin_id="echo",
    plugin_version="1.0.0",
    plugin_digest="e" * 64,
    uid=os.getuid(),
)
HELLO = Hello(
    protocol_version=1,
    host_id=HOST,
    token=EXPECTED.token,
    pid=1,
    contracts_lock=EXPECTED.contracts_lock,
    plugins_lock=EXPECTED.plugins_lock,
    plugin_id=EXPECTED.plugin_id,
    plugin_version=EXPECTED.plugin_version,
    plugin_digest=EXPECTED.plugin_digest,
    sandbox_level="A",
)
TASK_ID = f"t-{1:032x}"
Context = zmq.Context[zmq.Socket[bytes]]


@pytest.fixture
def context() -> Iterator[Context]:
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def channel(context: Context, tmp_path: Path) -> Iterator[HostChannel]:
    channel = HostChannel(context, f"ipc://{tmp_path / 's'}", EXPECTED)
    yield channel
    channel.close()


class Peer:
    """Somebody who connects to a channel; closed with the test."""

    opened: ClassVar[list[zmq.Socket[bytes]]] = []

    def __init__(self, channel: HostChannel, identity: str = HOST) -> None:
        self.channel = channel
        self.socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self.opened.append(self.socket)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IDENTITY, identity.encode())
        self.socket.connect(channel.endpoint)

    def say(self, *frames: bytes | msgspec.Struct) -> Received | Violation:
        """Send one message and give what the channel made of it."""
        data = [f if isinstance(f, bytes) else canonical.encode(f) for f in frames]
        self.socket.send_multipart(data)
        assert self.channel.socket.poll(5_000)
        (heard,) = self.channel.receive()
        return heard

    def hears(self) -> Any:  # noqa: ANN401 - any message
        assert self.socket.poll(5_000)
        return msgspec.msgpack.decode(self.socket.recv(), type=KernelMessage)


@pytest.fixture(autouse=True)
def peers_close() -> Iterator[None]:
    yield
    while Peer.opened:
        Peer.opened.pop().close()


def code(heard: Received | Violation) -> str:
    assert isinstance(heard, Violation), heard
    return heard.code


def test_the_host_that_knows_the_token_gets_in_and_is_known_by_its_credentials(
    channel: HostChannel,
) -> None:
    heard = Peer(channel).say(HELLO)
    assert isinstance(heard, Received)
    assert heard.peer_pid == os.getpid(), "as the system knows it, not as the host says"


def test_a_wrong_token_is_dropped_and_the_true_host_still_gets_in(channel: HostChannel) -> None:
    peer = Peer(channel)
    heard = peer.say(msgspec.structs.replace(HELLO, token="x" * 64))
    assert isinstance(heard, Violation)
    assert (heard.code, heard.fatal) == ("wrong-token", False)
    assert EXPECTED.token not in heard.detail
    assert isinstance(peer.say(HELLO), Received)


def test_a_hello_that_is_played_again_is_dropped(channel: HostChannel) -> None:
    peer = Peer(channel)
    peer.say(HELLO)
    assert code(peer.say(HELLO)) == "replayed-hello"
    assert isinstance(peer.say(Beat(seq=1)), Received), "the host itself goes on"


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("protocol_version", 2, "protocol-version"),
        ("host_id", "h1-0000000b", "host-id"),
        ("contracts_lock", "0" * 64, "contracts-lock"),
        ("plugins_lock", "0" * 64, "plugins-lock"),
        ("plugin_id", "other", "plugin-id"),
        ("plugin_version", "2.0.0", "plugin-version"),
        ("plugin_digest", "0" * 64, "plugin-digest"),
    ],
)
def test_a_host_made_from_something_else_is_refused_told_why_and_has_to_go(
    channel: HostChannel, field: str, value: object, wanted: str
) -> None:
    peer = Peer(channel)
    heard = peer.say(msgspec.structs.replace(HELLO, **{field: value}))
    assert isinstance(heard, Violation)
    assert (heard.code, heard.fatal) == (wanted, True)
    answer = peer.hears()
    assert isinstance(answer, Reject)
    assert answer.code == wanted
    assert code(peer.say(Beat(seq=1))) == "before-hello"


def test_another_user_on_the_socket_is_refused(context: Context, tmp_path: Path) -> None:
    channel = HostChannel(
        context, f"ipc://{tmp_path / 'other'}", replace(EXPECTED, uid=os.getuid() + 1)
    )
    heard = Peer(channel).say(HELLO)
    assert isinstance(heard, Violation)
    assert (heard.code, heard.fatal) == ("peer-uid", True)
    channel.close()


def test_an_unknown_identity_is_dropped_even_with_the_token(channel: HostChannel) -> None:
    stranger = Peer(channel, "h9-ffffffff")
    assert code(stranger.say(HELLO)) == "unknown-peer"
    assert isinstance(Peer(channel).say(HELLO), Received)


def test_an_identity_in_use_cannot_be_taken_over(channel: HostChannel) -> None:
    host = Peer(channel)
    host.say(HELLO)
    thief = Peer(channel)
    thief.socket.send_multipart([canonical.encode(Beat(seq=7))])
    assert not channel.socket.poll(200), "libzmq gives an identity to one connection"
    assert channel.send(Drain())
    assert isinstance(host.hears(), Drain)
    assert not thief.socket.poll(100)


def test_anything_before_the_hello_is_dropped(channel: HostChannel) -> None:
    assert code(Peer(channel).say(Beat(seq=1))) == "before-hello"


@pytest.mark.parametrize("count", [0, 2, 5])
def test_a_wrong_number_of_frames_is_dropped(channel: HostChannel, count: int) -> None:
    peer = Peer(channel)
    peer.say(HELLO)
    heard = code(peer.say(Beat(seq=1), *[b"x"] * count)) if count else code(peer.say(b""))
    assert heard == {0: "garbage", 2: "frame-count", 5: "frame-count"}[count]


def test_a_payload_where_none_belongs_is_dropped(channel: HostChannel) -> None:
    peer = Peer(channel)
    peer.say(HELLO)
    assert code(peer.say(Beat(seq=1), b"payload")) == "payload-mismatch"


def test_a_header_that_is_too_long_is_dropped_undecoded(channel: HostChannel) -> None:
    assert code(Peer(channel).say(b"x" * (HEADER_BYTES_MAX + 1))) == "oversized-header"


def test_a_frame_beyond_the_limit_ends_that_connection_and_no_other(
    context: Context, tmp_path: Path
) -> None:
    """One byte more than may be; it is never copied here: pages that nobody wrote cost nothing."""
    limited = HostChannel(context, f"ipc://{tmp_path / 'limited'}", EXPECTED)
    other = HostChannel(context, f"ipc://{tmp_path / 'other'}", EXPECTED)
    big, neighbour = Peer(limited), Peer(other)
    big.say(HELLO)
    neighbour.say(HELLO)
    header = canonical.encode(TaskDone(task_id=TASK_ID, run_us=1, memory_peak_bytes=1))
    big.socket.send(header, zmq.SNDMORE)
    big.socket.send(mmap.mmap(-1, PAYLOAD_BYTES_MAX + 1), copy=False)
    assert isinstance(neighbour.say(Beat(seq=1)), Received)
    assert not limited.socket.poll(300), "nothing of it arrives"
    limited.close()
    other.close()


def test_a_frame_at_the_limit_arrives_whole(context: Context, tmp_path: Path) -> None:
    channel = HostChannel(context, f"ipc://{tmp_path / 'full'}", EXPECTED)
    peer = Peer(channel)
    peer.say(HELLO)
    header = canonical.encode(TaskDone(task_id=TASK_ID, run_us=1, memory_peak_bytes=1))
    peer.socket.send(header, zmq.SNDMORE)
    peer.socket.send(mmap.mmap(-1, PAYLOAD_BYTES_MAX), copy=False)
    assert channel.socket.poll(30_000)
    (received,) = channel.receive()
    assert isinstance(received, Received)
    assert len(received.payload) == PAYLOAD_BYTES_MAX
    channel.close()


def test_a_flood_of_good_messages_is_taken_in_pieces_and_the_neighbour_is_heard_at_once(
    context: Context, channel: HostChannel, tmp_path: Path
) -> None:
    other = HostChannel(context, f"ipc://{tmp_path / 'other'}", EXPECTED)
    flooding, neighbour = Peer(channel), Peer(other)
    flooding.say(HELLO)
    neighbour.say(HELLO)
    # As many as the queues on the way take: nobody reads meanwhile.
    with contextlib.suppress(zmq.Again):
        for number in range(1_000):
            flooding.socket.send(canonical.encode(Beat(seq=number)), zmq.DONTWAIT)
    assert channel.socket.poll(5_000)
    longest = 0
    for number in range(20):
        longest = max(longest, len(list(channel.receive())))
        assert isinstance(neighbour.say(Beat(seq=number)), Received)
    assert 0 < longest <= MESSAGES_PER_TURN_MAX
    other.close()


def test_what_is_sent_before_the_host_is_there_is_refused_and_not_lost_in_silence(
    channel: HostChannel,
) -> None:
    assert not channel.send(Drain())
    peer = Peer(channel)
    peer.say(HELLO)
    assert channel.send(Drain())
    assert isinstance(peer.hears(), Drain)


def test_a_host_that_stops_reading_fills_its_queue_and_blocks_nobody(
    channel: HostChannel,
) -> None:
    peer = Peer(channel)
    peer.say(HELLO)
    payload = b"x" * 1_000_000
    started_s = time.monotonic()
    sent = 0
    while channel.send(Drain(), (payload,)):
        sent += 1
        assert sent < 10_000
    assert time.monotonic() - started_s < 5.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path)) as rig:
        yield rig


def test_the_token_is_in_no_command_line_and_in_no_environment(rig: Rig) -> None:
    host_id = rig.start_ready(hostile("echo"))
    token = rig.pool._slots[host_id].channel._expected.token.encode()
    (status,) = rig.pool.statuses()
    assert status.root_pid is not None
    root = psutil.Process(status.root_pid)
    family = [root.pid, *(child.pid for child in root.children(recursive=True))]
    assert status.pid in family
    for pid in family:
        assert token not in Path(f"/proc/{pid}/cmdline").read_bytes()
        # A host is not dumpable: only root may look into its environment at all.
        with contextlib.suppress(PermissionError):
            assert token not in Path(f"/proc/{pid}/environ").read_bytes()


def test_the_end_does_not_hang_on_a_host_that_stands_still(tmp_path: Path) -> None:
    """Stopped by somebody else, with a task of a megabyte on its way."""
    with pool_rig(process_launcher(tmp_path)) as rig:
        host_id = rig.start_ready(hostile("echo"))
        (status,) = rig.pool.statuses()
        assert status.pid is not None
        os.kill(status.pid, signal.SIGSTOP)
        assert rig.pool.assign(host_id, task("x" * 1_000_000))
        started_s = time.monotonic()
        rig.pool.shutdown(5.0)
        assert rig.pool.statuses() == ()
    assert time.monotonic() - started_s < 5.0
