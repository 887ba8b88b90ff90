"""Landlock: rights on files, TCP ports and signals that the process gives up for ever.

Covers: the best rule set the running kernel knows. Does not cover: stat, chmod, utime, connect
to path sockets (no Landlock of today does; `mounts` and `seccomp` close them), other protocols
than TCP. Source: the kernel's userspace-api/landlock.rst. Threads that exist already are not
covered: call it with one thread.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from dataclasses import dataclass
from typing import Final

from plugin_host.sandbox import syscalls

EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
REMOVE_DIR: Final = 1 << 4
REMOVE_FILE: Final = 1 << 5
MAKE_DIR: Final = 1 << 7
MAKE_REG: Final = 1 << 8
MAKE_SOCK: Final = 1 << 9
MAKE_FIFO: Final = 1 << 10
MAKE_SYM: Final = 1 << 12
REFER: Final = 1 << 13
TRUNCATE: Final = 1 << 14
IOCTL_DEV: Final = 1 << 15

READ: Final = READ_FILE | READ_DIR
WRITE: Final = (
    READ
    | WRITE_FILE
    | REMOVE_DIR
    | REMOVE_FILE
    | MAKE_DIR
    | MAKE_REG
    | MAKE_SOCK
    | MAKE_FIFO
    | MAKE_SYM
    | REFER
    | TRUNCATE
)
DEVICE: Final = READ_FILE | WRITE_FILE | TRUNCATE
_FILE_RIGHTS: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

NET_BIND_TCP: Final = 1 << 0
NET_CONNECT_TCP: Final = 1 << 1
SCOPE_ABSTRACT_SOCKETS: Final = 1 << 0
SCOPE_SIGNALS: Final = 1 << 1

ABI_TRUNCATE: Final = 3
ABI_NET: Final = 4
ABI_SCOPE: Final = 6
_CREATE_VERSION: Final = 1
_RULE_PATH: Final = 1
_RULE_PORT: Final = 2


@dataclass(frozen=True, slots=True)
class PathRule:
    """Rights kept below ``path`` (or on it, when it is a file)."""

    path: str
    rights: int


def abi() -> int:
    """The running kernel's Landlock version.

    Raises OSError: ENOSYS where the kernel is older than 5.13, EOPNOTSUPP where it was booted
    without Landlock.
    """
    return syscalls.call("landlock_create_ruleset", None, 0, _CREATE_VERSION)


def rights_known(version: int) -> int:
    """The file rights that version ``version`` can take away."""
    count = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << count) - 1


def restrict(rules: list[PathRule], connect_ports: tuple[int, ...]) -> str:
    """Gives up all file rights but ``rules``, TCP but ``connect_ports``, signals to others.

    Needs no_new_privs. Rules for paths that do not exist are left out. Raises OSError.
    """
    version = abi()
    known = rights_known(version)
    net = NET_BIND_TCP | NET_CONNECT_TCP if version >= ABI_NET else 0
    scope = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS if version >= ABI_SCOPE else 0
    size = 24 if version >= ABI_SCOPE else 16 if version >= ABI_NET else 8
    attributes = struct.pack("QQQ", known, net, scope)[:size]
    ruleset = syscalls.call("landlock_create_ruleset", attributes, size, 0)
    try:
        for rule in rules:
            _add_path(ruleset, rule, known)
        for port in connect_ports if net else ():
            packed = struct.pack("QQ", NET_CONNECT_TCP, port)
            syscalls.call("landlock_add_rule", ruleset, _RULE_PORT, packed, 0)
        syscalls.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return f"ABI {version}"


def _add_path(ruleset: int, rule: PathRule, known: int) -> None:
    try:
        fd = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return
        raise
    try:
        rights = rule.rights & known
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _FILE_RIGHTS
        packed = struct.pack("=Qi", rights, fd)
        syscalls.call("landlock_add_rule", ruleset, _RULE_PATH, packed, 0)
    finally:
        os.close(fd)
