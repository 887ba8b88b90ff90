"""Bytes that are no message are noted and dropped, whatever is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from contracts import canonical
from contracts.control import ControlError, ControlReply, Ping, Pong, RecordAct
from contracts.wire import HEADER_BYTES_MAX, Beat, Goodbye
from kernel.supervision.channel import Expected, HostChannel, Violation
from kernel.supervision.control import CORRELATION_BYTES, ControlServer, Drop

WORDS = canonical.encode(RecordAct(act="aa")).replace(b"aa", b"\xff\xff")
GARBAGE = {
    "a request whose text is not UTF-8": WORDS,
    "nothing": b"",
    "no message": b"\xc1",
    "a key that is not text": b"\x81\xa2\xff\xff\x00",
    "nesting without end": b"\x82\xa4kind\xa4beat\xa1x" + b"\x91" * 500_000,
    "an endless list": b"\xdd\xff\xff\xff\xff",
    "text that is not UTF-8": canonical.encode(Goodbye(reason="aa")).replace(b"aa", b"\xff\xff"),
    "a message cut short": canonical.encode(Beat(seq=1))[:-1],
}
HOST = "h1-0000000a"


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_host_that_sends_garbage_is_a_violation(
    context: zmq.Context[zmq.Socket[bytes]], data: bytes
) -> None:
    expected = Expected(
        host_id=HOST,
        token="t" * 32,
        contracts_lock="c" * 64,
        plugins_lock="d" * 64,
        plugin_id="echo",
        plugin_version="1.0.0",
        plugin_digest="e" * 64,
        uid=None,
    )
    channel = HostChannel(context, "inproc://garbage", expected)
    host = context.socket(zmq.DEALER)
    host.setsockopt(zmq.IDENTITY, HOST.encode())
    host.connect("inproc://garbage")
    host.send(data)
    assert channel.socket.poll(5000)
    (heard,) = channel.receive()
    assert isinstance(heard, Violation)
    assert heard.code == "garbage"
    host.close()
    channel.close()


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_command_that_sends_garbage_gets_an_error_and_the_next_one_an_answer(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path, data: bytes
) -> None:
    def handle(request: object, payload: bytes, reply: object) -> None:
        assert isinstance(request, Ping)
        assert callable(reply)
        reply(Pong(pid=os.getpid(), nonce="n", data_dir="d"))

    server = ControlServer(context, tmp_path / "c", handle)
    command = context.socket(zmq.DEALER)
    command.connect(f"ipc://{tmp_path / 'c'}")
    for message, answer in ((data, ControlError), (canonical.encode(Ping()), Pong)):
        command.send_multipart([b"x" * CORRELATION_BYTES, message])
        assert server.socket.poll(5000)
        server.handle()
        server.flush()
        assert command.poll(5000)
        _, reply = command.recv_multipart()
        assert isinstance(canonical.decode(reply, ControlReply), answer)  # type: ignore[arg-type]
    command.close()
    server.close()


RUBBISH = {
    "frame-count": [b"one"],
    "correlation": [b"short", canonical.encode(Ping())],
    "oversized-header": [b"x" * CORRELATION_BYTES, b"x" * (HEADER_BYTES_MAX + 1)],
    "malformed-request": [b"x" * CORRELATION_BYTES, b"\xc1"],
}


@pytest.mark.parametrize(("code", "frames"), RUBBISH.items())
def test_rubbish_on_the_control_socket_is_counted_and_told_ever_more_seldom(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path, code: str, frames: list[bytes]
) -> None:
    told: list[Drop] = []
    server = ControlServer(context, tmp_path / "c", lambda *_: None, tell=told.append)
    command = context.socket(zmq.DEALER)
    command.connect(f"ipc://{tmp_path / 'c'}")
    for number in range(1, 13):
        command.send_multipart(frames)
        assert server.socket.poll(5000)
        server.handle()
        assert server.dropped == {code: number}
    assert [(drop.code, drop.count) for drop in told] == [(code, 1), (code, 10)]
    assert all(drop.detail for drop in told)
    command.close()
    server.close()
