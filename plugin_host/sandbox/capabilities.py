"""Linux capabilities: dropped, all of them, and no program may bring new ones.

Covers: bounding, ambient and process sets, no_new_privs. Source: capabilities(7).
"""

from __future__ import annotations

import ctypes
import errno
from typing import Final

from plugin_host.sandbox import syscalls

_VERSION_3: Final = 0x20080522
CAPABILITIES_MAX: Final = 64


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop_all() -> str:
    """Empties every capability set of this thread; OSError when the process sets stay."""
    kept = _drop_bounding()
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    header = _Header(_VERSION_3, 0)
    empty = (_Data * 2)()
    libc = syscalls.load_libc()
    if libc.capset(ctypes.byref(header), ctypes.byref(empty)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, "capset")
    return f"bounding set keeps {kept}" if kept else "all sets empty"


def forbid_new_privileges() -> None:
    """From here on no exec gains privileges; Landlock and seccomp need it."""
    syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)


def held() -> int:
    """The effective, permitted and inheritable sets of this thread, or-ed into one number."""
    header = _Header(_VERSION_3, 0)
    data = (_Data * 2)()
    libc = syscalls.load_libc()
    if libc.capget(ctypes.byref(header), ctypes.byref(data)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, "capget")
    words = [item.effective | item.permitted | item.inheritable for item in data]
    return int(words[0] | words[1] << 32)


def _drop_bounding() -> int:
    """How many capabilities the bounding set keeps: all of them where CAP_SETPCAP is missing."""
    kept = 0
    for number in range(CAPABILITIES_MAX):
        try:
            if not syscalls.prctl(syscalls.PR_CAPBSET_READ, number):
                continue
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno == errno.EINVAL:
                break
            if error.errno != errno.EPERM:
                raise
            kept += 1
    return kept
