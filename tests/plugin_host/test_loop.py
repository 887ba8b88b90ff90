"""The host's side of the wire: handshake, tasks, beats, leaving. The kernel is a real ROUTER."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import zmq

from contracts import canonical
from contracts.base import Message
from contracts.text import TextPage
from contracts.wire import (
    Beat,
    CancelTask,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    HostMessage,
    Ready,
    Reject,
    RunTask,
    TaskDone,
    TaskFailed,
    Welcome,
)
from plugin_host.hooks import PluginError, StageInput
from plugin_host.loop import HostIdentity, HostLoop
from plugin_host.task import Gate, RunningTask
from plugin_host.worker import LoadedPlugin

WAIT_MS = 10_000
Received = TypeVar("Received", bound=Message)
DIGEST = "ab" * 32


class SamplePlugin:
    """Does what the stage's settings say."""

    def setup(self, *, scratch_dir: Path) -> str:
        return "sample/model"

    def run(self, stage: str, inputs: tuple[StageInput, ...], task: RunningTask) -> msgspec.Struct:
        match task.config.get("do"):
            case "raise":
                raise RuntimeError("boom")
            case "refuse":
                raise PluginError("unreadable", "cannot be read", retry=True)
            case "exit":
                raise SystemExit(3)
            case "memory":
                raise MemoryError
            case "steps":
                for step in range(1_000_000):
                    task.checkpoint(step)
        return TextPage(
            blob=inputs[0].digest,
            width_px=1,
            height_px=1,
            engine="sample",
            engine_version="1",
            lines=(),
        )


@dataclass
class Peer:
    """The kernel's end of the socket, and the host's thread."""

    router: zmq.Socket[bytes]
    thread: threading.Thread
    gate: Gate
    status: list[int] = field(default_factory=list)
    identity: bytes = b""

    def receive(self, *kinds: type[Received]) -> tuple[Received, Sequence[bytes]]:
        """The next message of one of these kinds; beats and progress are passed over."""
        end_s = time.monotonic() + WAIT_MS / 1000
        while self.router.poll(max(0, int((end_s - time.monotonic()) * 1000))):
            self.identity, header, *payload = self.router.recv_multipart()
            message = msgspec.msgpack.decode(header, type=HostMessage)
            if isinstance(message, kinds):
                return message, payload
        raise AssertionError(f"no {kinds} within {WAIT_MS} ms")

    def send(self, message: Message, *payload: bytes) -> None:
        self.router.send_multipart([self.identity, canonical.encode(message), *payload])

    def welcome(self, *, beat_interval_ms: int = 50) -> Hello:
        hello, _ = self.receive(Hello)
        self.send(Welcome(beat_interval_ms=beat_interval_ms))
        self.receive(Ready)
        return hello

    def run_task(self, do: str = "") -> None:
        self.send(
            RunTask(
                task_id="t-" + "0" * 32,
                attempt=1,
                stage="text",
                config=f'{{"do":"{do}"}}',
                inputs=(DIGEST,),
                deadline_ms=1000,
            ),
            b"data",
        )

    def ends_with(self, status: int) -> None:
        self.thread.join(WAIT_MS / 1000)
        assert self.status == [status]


def fail_to_load() -> LoadedPlugin:
    raise ImportError("no such module")


@pytest.fixture
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Peer]:
    load = getattr(request, "param", SamplePlugin)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    router.bind("inproc://host")
    gate = Gate()
    loop = HostLoop(
        context=context,
        identity=HostIdentity(
            host_id="h1-00000000",
            endpoint="inproc://host",
            token="t" * 64,
            contracts_lock="c" * 64,
            plugins_lock="d" * 64,
            plugin_id="sample",
            plugin_version="1.0.0",
            plugin_digest="e" * 64,
            scratch_dir=tmp_path,
        ),
        load=load,
        gate=gate,
    )
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(loop.run()))
    peer = Peer(router, thread, gate, status)
    peer.thread.start()
    yield peer
    gate.open()
    loop.leave("the test is over")
    peer.thread.join(5)
    assert not peer.thread.is_alive()
    context.destroy(linger=0)


def test_hello_says_who_the_host_is_and_what_it_was_built_from(peer: Peer) -> None:
    hello = peer.welcome()
    assert (hello.host_id, hello.token, hello.pid) == ("h1-00000000", "t" * 64, os.getpid())
    assert (hello.contracts_lock, hello.plugin_digest) == ("c" * 64, "e" * 64)


def test_result_comes_as_canonical_bytes(peer: Peer) -> None:
    peer.welcome()
    peer.run_task()
    _, payload = peer.receive(TaskDone)
    page = canonical.decode(payload[0], TextPage)
    assert page.blob == DIGEST
    assert canonical.encode(page) == payload[0]


@pytest.mark.parametrize(
    ("do", "code", "retry"),
    [
        ("raise", "plugin-raised", True),
        ("refuse", "unreadable", True),
        ("exit", "plugin-raised", True),
        ("memory", "memory-limit", True),
    ],
)
def test_whatever_a_plugin_raises_fails_its_task_alone(
    peer: Peer,
    do: str,
    code: str,
    retry: bool,  # noqa: FBT001 - a parameter
) -> None:
    peer.welcome()
    peer.run_task(do)
    failed, _ = peer.receive(TaskFailed)
    assert (failed.code, failed.retry) == (code, retry)
    peer.run_task()
    peer.receive(TaskDone)


def test_beats_go_on_while_a_task_runs(peer: Peer) -> None:
    peer.welcome()
    peer.run_task("steps")
    first, _ = peer.receive(Beat)
    second, _ = peer.receive(Beat)
    assert second.seq > first.seq
    peer.send(CancelTask(task_id="t-" + "0" * 32))
    failed, _ = peer.receive(TaskFailed)
    assert failed.code == "cancelled"


def test_closed_gate_holds_the_task_at_its_next_checkpoint(peer: Peer) -> None:
    peer.welcome()
    peer.gate.close()
    peer.run_task()
    beats = [peer.receive(Beat, TaskDone)[0] for _ in range(3)]
    assert all(isinstance(message, Beat) for message in beats)
    peer.gate.open()
    peer.receive(TaskDone)


def test_drain_lets_the_task_finish_and_says_goodbye(peer: Peer) -> None:
    peer.welcome()
    peer.run_task()
    peer.send(Drain())
    peer.receive(TaskDone)
    peer.receive(Goodbye)
    peer.ends_with(0)


def test_end_of_the_last_task_wakes_a_draining_host_before_its_next_beat(peer: Peer) -> None:
    peer.welcome(beat_interval_ms=30_000)
    peer.gate.close()
    peer.run_task()
    peer.send(Drain())
    started_s = time.monotonic()
    peer.gate.open()
    peer.receive(TaskDone)
    peer.receive(Goodbye)
    peer.ends_with(0)
    assert time.monotonic() - started_s < 5.0


def test_task_sent_while_results_go_out_is_not_left_waiting_for_the_next_beat(peer: Peer) -> None:
    """The socket's descriptor tells of changes only: one that was overlooked would wait."""
    peer.welcome(beat_interval_ms=30_000)
    started_s = time.monotonic()
    for _ in range(500):
        peer.run_task()
        peer.receive(TaskDone)
    assert time.monotonic() - started_s < 20.0


def test_refused_host_leaves(peer: Peer) -> None:
    peer.receive(Hello)
    peer.send(Reject(code="wrong-lock", reason="another build"))
    peer.ends_with(1)


@pytest.mark.parametrize("peer", [fail_to_load], indirect=True)
def test_plugin_that_cannot_be_loaded_is_reported_before_the_host_leaves(peer: Peer) -> None:
    peer.receive(Hello)
    peer.send(Welcome(beat_interval_ms=50))
    fault, _ = peer.receive(HostFault)
    assert fault.code == "plugin-import-failed"
    assert "no such module" in fault.message
    peer.ends_with(1)


def test_rubbish_from_the_kernels_end_is_passed_over(peer: Peer) -> None:
    peer.welcome()
    peer.router.send_multipart([peer.identity, b"\xff\xff"])
    peer.run_task()
    peer.receive(TaskDone)
