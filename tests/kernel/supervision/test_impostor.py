"""A host that says it is another one: on its own socket, on the other's, with the other's token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import zmq

from contracts import canonical
from contracts.wire import Beat, TaskDone
from kernel.supervision.channel import HostChannel, Received, Violation
from tests.kernel.supervision.test_channel import EXPECTED, HELLO, Peer, code, peers_close

__all__ = ["peers_close"]

OTHER_ID = "h2-0000000b"
OTHER = replace(EXPECTED, host_id=OTHER_ID, token="u" * 64, plugin_id="other")
HELLO_OF_OTHER = msgspec.structs.replace(
    HELLO, host_id=OTHER_ID, token=OTHER.token, plugin_id="other"
)
RESULT = TaskDone(task_id="t-" + "0" * 32, run_us=1, memory_peak_bytes=1)


@pytest.fixture
def channels(tmp_path: Path) -> Iterator[tuple[HostChannel, HostChannel]]:
    """Of two hosts; neither is there yet."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    both = (
        HostChannel(context, f"ipc://{tmp_path / 'a'}", EXPECTED),
        HostChannel(context, f"ipc://{tmp_path / 'b'}", OTHER),
    )
    yield both
    for channel in both:
        channel.close()
    context.destroy(linger=0)


def test_a_host_that_connects_to_another_hosts_socket_is_a_stranger_there(
    channels: tuple[HostChannel, HostChannel],
) -> None:
    own, others = channels
    assert isinstance(Peer(own).say(HELLO), Received)
    assert isinstance(Peer(others, OTHER_ID).say(HELLO_OF_OTHER), Received)
    intruder = Peer(others)
    assert code(intruder.say(HELLO)) == "unknown-peer"
    assert code(intruder.say(HELLO_OF_OTHER)) == "unknown-peer", "knowing its token does not help"
    assert code(intruder.say(RESULT, b"result")) == "unknown-peer"


def test_a_host_with_another_hosts_identity_and_its_own_token_is_refused_and_the_true_one_gets_in(
    channels: tuple[HostChannel, HostChannel],
) -> None:
    _, others = channels
    impostor = Peer(others, OTHER_ID)
    assert code(impostor.say(HELLO)) == "wrong-token"
    claimed = msgspec.structs.replace(HELLO_OF_OTHER, token=EXPECTED.token)
    assert code(impostor.say(claimed)) == "wrong-token"
    assert code(impostor.say(RESULT, b"result")) == "before-hello"
    impostor.socket.close(linger=0)
    # libzmq lets go of the identity when it has seen the end of that connection.
    true_one = Peer(others, OTHER_ID)
    true_one.socket.send(canonical.encode(HELLO_OF_OTHER))
    while not others.socket.poll(100):
        true_one = Peer(others, OTHER_ID)
        true_one.socket.send(canonical.encode(HELLO_OF_OTHER))
    heard = next(iter(others.receive()))
    assert isinstance(heard, Received)


def test_a_peer_with_the_stolen_token_that_names_itself_is_told_apart_and_ends_that_start(
    channels: tuple[HostChannel, HostChannel],
) -> None:
    _, others = channels
    stolen = msgspec.structs.replace(HELLO, token=OTHER.token)
    heard = Peer(others, OTHER_ID).say(stolen)
    assert isinstance(heard, Violation)
    assert (heard.code, heard.fatal) == ("host-id", True)


def test_a_host_that_says_it_is_another_one_on_its_own_socket_is_heard_by_nobody(
    channels: tuple[HostChannel, HostChannel],
) -> None:
    own, others = channels
    host = Peer(own)
    assert isinstance(host.say(HELLO), Received)
    assert code(host.say(HELLO_OF_OTHER)) == "replayed-hello"
    claimed = Peer(own, OTHER_ID)
    assert code(claimed.say(HELLO_OF_OTHER)) == "unknown-peer"
    assert not others.socket.poll(100), "the other host's socket hears nothing of it"
    assert isinstance(host.say(Beat(seq=1)), Received)


def test_an_impostor_beside_the_true_host_gets_none_of_its_messages_and_adds_none(
    channels: tuple[HostChannel, HostChannel],
) -> None:
    _, others = channels
    true_one = Peer(others, OTHER_ID)
    assert isinstance(true_one.say(HELLO_OF_OTHER), Received)
    impostor = Peer(others, OTHER_ID)
    impostor.socket.send_multipart([canonical.encode(RESULT), b"result"])
    assert not others.socket.poll(200), "libzmq gives an identity to one connection"
    heard = true_one.say(Beat(seq=3))
    assert isinstance(heard, Received)
    assert heard.message == Beat(seq=3)
