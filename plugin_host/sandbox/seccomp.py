"""A seccomp filter in classic BPF: which system calls this process and its children keep.

Covers: sockets other than AF_UNIX, io_uring, memory that no limit counts, children that nobody
waits for, namespaces and mounts, looking into processes, kernel administration. Does not cover:
arguments behind pointers (a path, an address): seccomp cannot read them. Sources: seccomp(2),
linux/bpf_common.h. Calls not named here stay allowed: a deny list, because the libraries a plugin
loads change more often than the calls that could hurt.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
from typing import Final, Literal

from plugin_host.sandbox import syscalls
from plugin_host.sandbox.namespaces import ALL_FLAGS

AF_UNIX: Final = 1
AF_INET: Final = 2
AF_INET6: Final = 10
SOCK_STREAM: Final = 1
SOCK_TYPE_MASK: Final = 0xF

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_ERRNO: Final = 0x00050000
_FILTER_TSYNC: Final = 1
_SET_MODE_FILTER: Final = 1
_X32_BIT: Final = 0x40000000

_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
_JUMP_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_OFFSET_NUMBER: Final = 0
_OFFSET_ARCH: Final = 4
_OFFSET_ARGUMENTS: Final = 16

FAKED: Final = (
    # Answered with success and not done: libzmq aborts on EPERM from sched_setscheduler, and a
    # daemonizer that believes it has left the session is still in the group that gets killed.
    "sched_setaffinity",
    "sched_setscheduler",
    "sched_setparam",
    "sched_setattr",
    "setpriority",
    "ioprio_set",
    "setsid",
    "setpgid",
)
ABSENT: Final = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "openat2")
"""Answered with ENOSYS: callers then take an older call whose arguments can be judged."""

DENIED: Final = (
    *("memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "mq_open"),
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount"),
    *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "mknod", "mknodat"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    *("keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("open_by_handle_at", "name_to_handle_at", "fanotify_init", "quotactl", "quotactl_fd"),
    *("swapon", "swapoff", "reboot", "acct", "settimeofday", "clock_settime", "clock_adjtime"),
    *("adjtimex", "iopl", "ioperm", "personality", "modify_ldt", "syslog", "vhangup"),
    *("sethostname", "setdomainname", "move_pages", "migrate_pages", "truncate"),
)
"""Answered with EPERM. `truncate` by path passes Landlock before ABI 3; ftruncate stays."""

METADATA: Final = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr"),
    *("removexattr", "lremovexattr", "fremovexattr"),
)
"""Also denied where no read-only mounts protect foreign files: Landlock does not judge these."""

Network = Literal["none", "loopback"]


def build_filter(machine: str, network: Network, *, deny_metadata: bool) -> bytes:
    """The filter program for ``machine``, as struct sock_filter items; a pure function.

    Raises NotImplementedError for a machine without a call table.
    """
    numbers = syscalls.numbers_of(machine)
    program = [
        _item(_LOAD, _OFFSET_ARCH),
        _item(_JUMP_EQUAL, syscalls.AUDIT_ARCH[machine], yes=1),
        _item(_RETURN, _KILL),
        _item(_LOAD, _OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        # The x32 calls of the same kernel carry other numbers.
        program += [_item(_JUMP_AT_LEAST, _X32_BIT, no=1), _item(_RETURN, _KILL)]
    denied = DENIED + METADATA if deny_metadata else DENIED
    for names, answer in ((FAKED, 0), (ABSENT, errno.ENOSYS), (denied, errno.EPERM)):
        for name in names:
            if name in numbers:
                program += _answer(numbers[name], answer)
    program += _judge_sockets(numbers, network)
    program += _judge_clone(numbers["clone"])
    program += _judge_opens(numbers)
    program += _judge_signals(numbers["rt_sigaction"])
    program.append(_item(_RETURN, _ALLOW))
    return b"".join(program)


def install(network: Network, *, deny_metadata: bool) -> str:
    """Puts the filter on every thread of this process, for ever; OSError when refused."""
    # Whoever started the kernel may have ignored it: that is inherited, and could not be undone.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    program = build_filter(platform.machine(), network, deny_metadata=deny_metadata)
    code = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    # struct sock_fprog, with the padding that a 64-bit machine puts before the pointer.
    fprog = struct.pack("HxxxxxxQ", count, ctypes.addressof(code))
    stuck = syscalls.call("seccomp", _SET_MODE_FILTER, _FILTER_TSYNC, fprog)
    if stuck:
        msg = f"thread {stuck} did not take the filter"
        raise OSError(errno.ESRCH, msg)
    return f"{count} instructions"


def _item(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _answer(number: int, code: int) -> list[bytes]:
    return [_item(_JUMP_EQUAL, number, no=1), _item(_RETURN, _ERRNO | code)]


def _argument(index: int) -> bytes:
    """Loads the low half of an argument; both machines are little-endian."""
    return _item(_LOAD, _OFFSET_ARGUMENTS + 8 * index)


def _guarded(number: int, body: list[bytes]) -> list[bytes]:
    """``body`` for one call number; ``body`` must end every path with a return."""
    return [_item(_JUMP_EQUAL, number, no=len(body)), *body]


def _judge_sockets(numbers: dict[str, int], network: Network) -> list[bytes]:
    allow, refuse = _item(_RETURN, _ALLOW), _item(_RETURN, _ERRNO | errno.EAFNOSUPPORT)
    unix_only = [_argument(0), _item(_JUMP_EQUAL, AF_UNIX, no=1), allow, refuse]
    sockets = unix_only
    if network == "loopback":
        sockets = [
            _argument(0),
            _item(_JUMP_EQUAL, AF_UNIX, yes=5),
            _item(_JUMP_EQUAL, AF_INET, yes=1),
            _item(_JUMP_EQUAL, AF_INET6, no=4),
            _argument(1),
            _item(_AND, SOCK_TYPE_MASK),
            _item(_JUMP_EQUAL, SOCK_STREAM, no=1),
            allow,
            refuse,
        ]
    return _guarded(numbers["socket"], sockets) + _guarded(numbers["socketpair"], unix_only)


def _judge_clone(number: int) -> list[bytes]:
    return _guarded(
        number,
        [
            _argument(0),
            _item(_AND, ALL_FLAGS & ~0xFF),  # the low byte is the exit signal
            _item(_JUMP_EQUAL, 0, no=1),
            _item(_RETURN, _ALLOW),
            _item(_RETURN, _ERRNO | errno.EPERM),
        ],
    )


def _judge_opens(numbers: dict[str, int]) -> list[bytes]:
    """Refuses O_TRUNC on a descriptor opened for reading: it truncates past Landlock < ABI 3."""
    mask = os.O_TRUNC | os.O_ACCMODE
    program = []
    for name, index in (("openat", 2), ("open", 1)):
        if name not in numbers:
            continue
        program += _guarded(
            numbers[name],
            [
                _argument(index),
                _item(_AND, mask),
                _item(_JUMP_EQUAL, os.O_TRUNC | os.O_RDONLY, no=1),
                _item(_RETURN, _ERRNO | errno.EPERM),
                _item(_RETURN, _ALLOW),
            ],
        )
    return program


def _judge_signals(number: int) -> list[bytes]:
    """Refuses to say what becomes of SIGCHLD; asking for it (a null pointer) stays.

    Children of a process that ignores it vanish when they end, with the CPU time that they used:
    nobody waits for them, so no account shows it (wait(2), NOTES).
    """
    return _guarded(
        number,
        [
            _argument(0),
            _item(_JUMP_EQUAL, signal.SIGCHLD, no=5),
            _argument(1),
            _item(_JUMP_EQUAL, 0, no=2),
            _item(_LOAD, _OFFSET_ARGUMENTS + 8 + 4),
            _item(_JUMP_EQUAL, 0, yes=1),
            _item(_RETURN, _ERRNO | errno.EPERM),
            _item(_RETURN, _ALLOW),
        ],
    )
