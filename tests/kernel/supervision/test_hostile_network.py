"""A plugin reaches no listener that the same calls reach from outside the sandbox."""

from __future__ import annotations

import errno
import select
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from contracts.canonical import decode
from contracts.text import TextPage
from kernel.supervision.pool_events import HostReady, TaskSucceeded
from plugin_host.hooks import TaskContext
from tests.hostile_plugins.hostile import plugin as outside
from tests.kernel.supervision.pool_rig import Rig, hostile, pool_rig, process_launcher, task


@dataclass
class Listener:
    """Real sockets on loopback: something to be reached."""

    four: socket.socket
    six: socket.socket | None
    datagrams: socket.socket

    @property
    def port(self) -> int:
        """The same for all three."""
        return int(self.four.getsockname()[1])

    def was_reached(self, timeout_s: float) -> bool:
        """Whether anything came; what came is taken, so that it is not told twice."""
        waiting = [item for item in (self.four, self.six, self.datagrams) if item is not None]
        ready, _, _ = select.select(waiting, [], [], timeout_s)
        for item in ready:
            if item is self.datagrams:
                item.recv(100)
            else:
                self._answer(item)
        return bool(ready)

    @staticmethod
    def _answer(item: socket.socket) -> None:
        connection, _ = item.accept()
        with connection:
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as four:
        port = int(four.getsockname()[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", port))
            try:
                six = socket.create_server(("::1", port), family=socket.AF_INET6)
            except OSError:
                yield Listener(four, None, datagrams)
                return
            with six:
                yield Listener(four, six, datagrams)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with pool_rig(process_launcher(tmp_path), max_hosts=1) as rig:
        yield rig


def inside(rig: Rig, orders: str) -> str:
    """What the attack achieves in a real host."""
    host_id = rig.start_ready(hostile("hostile"))
    assert rig.pool.assign(host_id, task(orders))
    done = rig.wait_for_event(TaskSucceeded)
    return decode(done.record, TextPage).lines[0].text


def denial(rig: Rig) -> str:
    """The error's name of the first wall that stands: seccomp, else the network namespace."""
    (ready,) = rig.of(HostReady)
    states = {layer.name: layer.state for layer in ready.sandbox}
    number = errno.EAFNOSUPPORT if states["seccomp"] == "enforced" else errno.ENETUNREACH
    return errno.errorcode[number]


def reach_from_outside(name: str, listener: Listener) -> None:
    """The same code without a sandbox gets through: the denial is the sandbox's."""
    if "ipv6" in name and listener.six is None:
        pytest.skip("this machine has no IPv6 loopback: nothing to be reached by it")
    with ThreadPoolExecutor(1) as answering:
        heard = answering.submit(listener.was_reached, 20.0)
        assert outside.ATTACKS[name](str(listener.port), cast(TaskContext, None)) == "reached"
        assert heard.result()


@pytest.mark.parametrize("name", ["call_ipv4", "call_ipv6", "call_udp", "call_in_child"])
def test_network_is_out_of_reach(rig: Rig, listener: Listener, name: str) -> None:
    """By system calls, past every hook in Python: a wall gives the answer."""
    reach_from_outside(name, listener)
    assert inside(rig, f"{name} {listener.port}") == denial(rig)
    assert not listener.was_reached(0.2)


@pytest.mark.parametrize("name", ["open_ipv4", "open_ipv6", "open_udp"])
def test_python_says_why_there_is_no_network(rig: Rig, listener: Listener, name: str) -> None:
    """The audit hook comes first and has words for it."""
    reach_from_outside(name, listener)
    assert inside(rig, f"{name} {listener.port}") == "PermissionError"
    assert not listener.was_reached(0.2)


def test_a_program_that_reaches_it_from_outside_cannot_be_run(rig: Rig, listener: Listener) -> None:
    if shutil.which("curl", path="/usr/bin") is None:
        pytest.skip("no /usr/bin/curl: that it is refused would prove nothing")
    reach_from_outside("open_by_child", listener)
    assert inside(rig, f"open_by_child {listener.port}") in {"ENOENT", "EACCES"}
    assert not listener.was_reached(0.2)
