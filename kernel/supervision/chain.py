"""The launch chain of this machine: which programs may stand between the kernel and a host.

Covers: trying out setpriv and unshare once, as the user that hosts run as. Does not cover: the
command line (`launch`). A program that is there may still be refused (containers, AppArmor), so
only a trial counts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

TRIAL_S_MAX: Final = 5.0
PROGRAM_DIRS: Final = "/usr/bin:/bin:/usr/sbin:/sbin"
SHELL: Final = "/bin/sh"


@dataclass(frozen=True, slots=True)
class Chain:
    """What may be used; ``reasons`` says what may not and why.

    ``drop_first``: as root without the right to make namespaces, the chain itself must already
    run as the service user.
    """

    setpriv: str = ""
    unshare: tuple[str, ...] = ()
    drop_first: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def has_pid_namespace(self) -> bool:
        """Whether hosts get their own process namespace, which ends as a whole."""
        return bool(self.unshare)


def try_chain(service_uid: int, service_gid: int) -> Chain:
    """What works here, tried with real processes (tens of milliseconds): call it once."""
    reasons: list[str] = []
    setpriv = _find("setpriv", reasons)
    if setpriv and (problem := _trial([setpriv, "--pdeathsig", "KILL", "true"])):
        reasons.append(f"setpriv: {problem}")
        setpriv = ""
    program = _find("unshare", reasons)
    if not program:
        return Chain(setpriv=setpriv, drop_first=os.geteuid() == 0, reasons=tuple(reasons))
    tail = ("--pid", "--mount-proc", "--fork", "--kill-child=SIGKILL")
    if os.geteuid() == 0:
        as_root = (program, *tail)
        problem = _trial([*as_root, "true"])
        if not problem:
            return Chain(setpriv=setpriv, unshare=as_root, reasons=tuple(reasons))
        reasons.append(f"unshare as root: {problem}")
    as_user: tuple[str, ...] = (program, "--user", "--map-current-user", *tail)
    ids = (service_uid, service_gid) if os.geteuid() == 0 else None
    problem = _trial([*as_user, "true"], ids)
    if problem:
        reasons.append(f"unshare as user: {problem}")
        as_user = ()
    return Chain(
        setpriv=setpriv, unshare=as_user, drop_first=ids is not None, reasons=tuple(reasons)
    )


def _find(name: str, reasons: list[str]) -> str:
    found = shutil.which(name, path=PROGRAM_DIRS) or ""
    if not found:
        reasons.append(f"{name} is not installed (package util-linux)")
    return found


def _trial(command: list[str], ids: tuple[int, int] | None = None) -> str:
    """What went wrong, in one line; empty when it worked."""
    try:
        done = subprocess.run(
            command,
            env={"PATH": PROGRAM_DIRS, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_S_MAX,
            check=False,
            cwd="/",
            user=ids[0] if ids else None,
            group=ids[1] if ids else None,
            extra_groups=[] if ids else None,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"status {done.returncode}"
