"""The filter program, run by a small interpreter of classic BPF: both machines, no process."""

from __future__ import annotations

import errno
import struct
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.sandbox import seccomp, syscalls

MACHINES = ("x86_64", "aarch64")
KILLED = "killed"
machines = pytest.mark.parametrize("machine", MACHINES)


def judge(
    machine: str,
    call: str | int,
    *arguments: int,
    network: Literal["none", "loopback"] = "none",
    arch: int | None = None,
    deny_metadata: bool = False,
) -> int | str:
    """0 = answered with success, an errno, -1 = allowed, or killed."""
    number = syscalls.numbers_of(machine)[call] if isinstance(call, str) else call
    padded = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("iIQ6Q", number, arch or syscalls.AUDIT_ARCH[machine], 0, *padded)
    return run(seccomp.build_filter(machine, network, deny_metadata=deny_metadata), data)


def run(program: bytes, data: bytes) -> int | str:
    items = list(struct.iter_unpack("HBBI", program))
    accumulator, position = 0, 0
    while True:
        code, yes, no, value = items[position]
        position += 1
        match code:
            case 0x20:
                accumulator = int.from_bytes(data[value : value + 4], "little")
            case 0x54:
                accumulator &= value
            case 0x15:
                position += yes if accumulator == value else no
            case 0x35:
                position += yes if accumulator >= value else no
            case 0x06:
                return result(value)
            case _:
                raise AssertionError(code)


def result(value: int) -> int | str:
    match value & 0xFFFF0000:
        case 0x7FFF0000:
            return -1
        case 0x00050000:
            return value & 0xFFFF
        case 0x80000000:
            return KILLED
        case _:
            raise AssertionError(value)


@machines
def test_only_unix_sockets_pass(machine: str) -> None:
    assert judge(machine, "socket", 1, 1) == -1
    assert judge(machine, "socketpair", 1, 1) == -1
    for family in (2, 10, 16, 17, 40, 38):
        assert judge(machine, "socket", family, 1) == errno.EAFNOSUPPORT
        assert judge(machine, "socketpair", family, 1) == errno.EAFNOSUPPORT


@machines
def test_high_halves_of_an_argument_change_nothing(machine: str) -> None:
    # Linux looks at the low half of the family alone; so must we.
    assert judge(machine, "socket", 2 | 1 << 32, 1) == errno.EAFNOSUPPORT
    assert judge(machine, "socket", 1 | 1 << 32, 1) == -1


@machines
def test_loopback_adds_tcp_and_not_udp(machine: str) -> None:
    for family in (2, 10):
        for flags in (0, 0o2000000, 0o4000):
            assert judge(machine, "socket", family, 1 | flags, network="loopback") == -1
        for kind in (2, 3, 5):
            refused = judge(machine, "socket", family, kind, network="loopback")
            assert refused == errno.EAFNOSUPPORT
    assert judge(machine, "socket", 16, 1, network="loopback") == errno.EAFNOSUPPORT
    assert judge(machine, "socket", 1, 2, network="loopback") == -1


@machines
def test_clone_makes_threads_and_processes_but_no_namespaces(machine: str) -> None:
    assert judge(machine, "clone", 17) == -1
    assert judge(machine, "clone", 0x3D0F00) == -1
    assert judge(machine, "clone", 0x4111) == -1
    for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
        assert judge(machine, "clone", flag | 17) == errno.EPERM
    assert judge(machine, "clone3") == errno.ENOSYS


@machines
def test_what_becomes_of_ended_children_is_not_for_a_plugin_to_say(machine: str) -> None:
    assert judge(machine, "rt_sigaction", 17, 0x1000, 0, 8) == errno.EPERM
    assert judge(machine, "rt_sigaction", 17, 0x1000 << 32, 0, 8) == errno.EPERM
    assert judge(machine, "rt_sigaction", 17 | 1 << 32, 0x1000, 0, 8) == errno.EPERM
    assert judge(machine, "rt_sigaction", 17, 0, 0x1000, 8) == -1, "asking"
    assert judge(machine, "rt_sigaction", 15, 0x1000, 0, 8) == -1


@machines
def test_a_descriptor_for_reading_cannot_truncate(machine: str) -> None:
    assert judge(machine, "openat", 0, 0, 0o1000) == errno.EPERM
    assert judge(machine, "openat", 0, 0, 0o1001) == -1
    assert judge(machine, "openat", 0, 0, 0) == -1
    assert judge(machine, "truncate") == errno.EPERM


@machines
def test_scheduler_and_session_calls_are_answered_with_success(machine: str) -> None:
    for name in seccomp.FAKED:
        assert judge(machine, name) == 0


@machines
def test_file_times_and_modes_are_denied_only_without_an_own_file_tree(machine: str) -> None:
    assert judge(machine, "fchmodat") == judge(machine, "utimensat") == -1
    assert judge(machine, "fchmodat", deny_metadata=True) == errno.EPERM
    assert judge(machine, "utimensat", deny_metadata=True) == errno.EPERM


@machines
def test_a_call_of_another_machine_kills(machine: str) -> None:
    assert judge(machine, 1, arch=0x40000003) == KILLED


def test_x32_calls_kill() -> None:
    assert judge("x86_64", 0x40000000 + 41) == KILLED


@given(st.sampled_from(MACHINES), st.integers(0, 600), st.lists(st.integers(0, 2**64 - 1)))
def test_every_call_gets_an_answer_and_named_ones_the_one_written_down(
    machine: str, number: int, arguments: list[int]
) -> None:
    names: dict[int, Any] = {value: name for name, value in syscalls.numbers_of(machine).items()}
    answer = judge(machine, number, *arguments[:6])
    name = names.get(number)
    if name in seccomp.DENIED:
        assert answer == errno.EPERM
    elif name in seccomp.ABSENT:
        assert answer == errno.ENOSYS
    elif name is None:
        assert answer == -1


def test_an_unknown_machine_is_an_error_and_not_an_open_door() -> None:
    with pytest.raises(NotImplementedError):
        seccomp.build_filter("riscv64", "none", deny_metadata=True)
