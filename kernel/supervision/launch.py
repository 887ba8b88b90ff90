"""The command line, environment and descriptors of a host process.

Covers: the chain ``setpriv, unshare, sh, python``, the thin programs' roles, the clean
environment, the pipe with the launch document, the lifeline. Does not cover: which chain works
(`chain`), starting and waiting (the launcher), the walls inside (`contracts.launch`).

The chain, and why each link is there:

- ``setpriv --pdeathsig KILL`` ends the chain with the kernel's thread that started it: start
  hosts from a thread that lives as long as the kernel does (the main one).
- ``unshare --pid --fork --kill-child=SIGKILL`` waits outside; the host and all it ever starts live
  in one process namespace, which Linux ends as a whole with its first process. Its exit status is
  the host's. Killing this one process is enough to end everything.
- ``sh`` is that first process: it collects the dead that a plugin leaves behind (a Python as pid 1
  would either leave them or steal the exit statuses of its own children), and a host that is not
  pid 1 obeys SIGTERM.
- Without a process namespace a second ``sh`` waits on the lifeline and kills the process group,
  which nobody below can leave (seccomp answers setsid and setpgid without doing them); the kernel
  kills that group too when a host ends. Without setpriv it does so inside the namespace.

The thin programs get their words through the environment: a host is the process, and the only
one, whose command line names ``plugin_host``.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from contracts.launch import SandboxPolicy, encode_document
from kernel.supervision.chain import PROGRAM_DIRS, SHELL, Chain
from kernel.supervision.interpreter import HostInterpreter

RUN_NONCE_ENV: Final = "AUTOCAPTURE_RUN"
"""Marks every process below a host with the kernel run it belongs to."""
HOST_ID_ENV: Final = "AUTOCAPTURE_HOST"
_PYTHON_ENV: Final = "AUTOCAPTURE_PYTHON"
_BOOTSTRAP_ENV: Final = "AUTOCAPTURE_BOOTSTRAP"
_LAUNCH_FD_ENV: Final = "AUTOCAPTURE_LAUNCH_FD"
_LIFELINE_FD_ENV: Final = "AUTOCAPTURE_LIFELINE_FD"

_RUN_HOST: Final = f'"${_PYTHON_ENV}" -I -S -B "${_BOOTSTRAP_ENV}" --launch-fd "${_LAUNCH_FD_ENV}"'
AS_FIRST_PROCESS: Final = f"{_RUN_HOST}; exit $?"
"""Not exec: the shell stays as first process of the namespace."""
_GUARDED: Final = (
    f'(read -r _ < "/proc/self/fd/${_LIFELINE_FD_ENV}"; kill -s KILL @) > /dev/null 2>&1 & '
    f'{_RUN_HOST}; exit "$?"'
)
# The guard outlives the host on purpose: a shell that ended it would race with the kernel's death.
# It ends when the kernel closes the lifeline or kills the group.
AS_GROUP_GUARD: Final = _GUARDED.replace("@", "0")
"""Without a process namespace: the end of the kernel ends the process group."""
AS_NAMESPACE_GUARD: Final = _GUARDED.replace("@", "-- -1")
"""Without setpriv nothing ends the namespace for us: the end of the kernel ends all in it."""

ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
QUIET: Final = {
    "MALLOC_ARENA_MAX": "2",
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "SCARF_NO_ANALYTICS": "1",
    "WANDB_MODE": "disabled",
    "YOLO_OFFLINE": "true",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}
"""Libraries that phone home are told not to, though they could not: a refused socket costs time."""


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """What `subprocess.Popen` needs: ``Popen(argv, env=environment, **popen)``."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    popen: dict[str, Any]


def plan_launch(  # noqa: PLR0913 - seven facts of one start, by keyword
    *,
    chain: Chain,
    interpreter: HostInterpreter,
    policy: SandboxPolicy,
    host_id: str,
    run_nonce: str,
    launch_fd: int,
    lifeline_fd: int,
) -> LaunchPlan:
    """The start of one host; pure. Streams (stdin, stdout, stderr) are left to the caller.

    ``launch_fd`` and ``lifeline_fd`` are the read ends that the host inherits.
    """
    argv: list[str] = []
    if chain.setpriv:
        argv += [chain.setpriv, "--pdeathsig", "KILL", "--"]
    if chain.unshare:
        argv += [*chain.unshare, "--"]
    argv += [SHELL, "-c", _stub_script(chain)]
    environment = host_environment(policy.scratch_dir) | {
        RUN_NONCE_ENV: run_nonce,
        HOST_ID_ENV: host_id,
        _PYTHON_ENV: interpreter.python,
        _BOOTSTRAP_ENV: interpreter.bootstrap,
        _LAUNCH_FD_ENV: str(launch_fd),
        _LIFELINE_FD_ENV: str(lifeline_fd),
    }
    popen: dict[str, Any] = {
        "cwd": "/",
        "close_fds": True,
        "pass_fds": (launch_fd, lifeline_fd, *policy.keep_fds),
        "start_new_session": True,
        "umask": 0o077,
    }
    if chain.drop_first:
        popen |= {"user": policy.service_uid, "group": policy.service_gid, "extra_groups": []}
    return LaunchPlan(tuple(argv), environment, popen)


def _stub_script(chain: Chain) -> str:
    if not chain.unshare:
        return AS_GROUP_GUARD
    return AS_FIRST_PROCESS if chain.setpriv else AS_NAMESPACE_GUARD


def host_environment(scratch_dir: str) -> dict[str, str]:
    """A clean environment: nothing of the person's, one thread per library, no phoning home."""
    return {
        "PATH": PROGRAM_DIRS,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "HOME": scratch_dir,
        "TMPDIR": scratch_dir,
        "XDG_CACHE_HOME": scratch_dir,
        "XDG_CONFIG_HOME": scratch_dir,
        **dict.fromkeys(ONE_THREAD, "1"),
        **QUIET,
    }


def launch_document(
    *,
    interpreter: HostInterpreter,
    policy: SandboxPolicy,
    lifeline_fd: int,
    host: Mapping[str, Any],
    target: str,
) -> dict[str, Any]:
    """What `plugin_host.bootstrap` reads; ``host`` is handed on to ``target`` as it is.

    Fills in this process's own pid namespace, so that the host can prove to be in another.
    """
    own = str(Path("/proc/self/ns/pid").readlink())
    return {
        "policy": replace(policy, kernel_pid_namespace=own).to_dict(),
        "sys_path": list(interpreter.sys_path),
        "site_dirs": list(interpreter.site_dirs),
        "prefix": interpreter.prefix,
        "lifeline_fd": lifeline_fd,
        "target": target,
        "host": dict(host),
    }


def open_launch_pipe(document: Mapping[str, Any]) -> int:
    """A descriptor from which the host reads ``document`` once; the caller closes it after spawn.

    A pipe, so that the one-time token is gone once it was read. Raises ValueError when the
    document is too long, OSError when no pipe can be made.
    """
    encoded = encode_document(dict(document))
    read_fd, write_fd = os.pipe()
    try:
        # Above pipe-user-pages-soft a new pipe holds one page; ask for what is needed.
        if fcntl.fcntl(write_fd, fcntl.F_GETPIPE_SZ) < len(encoded):
            fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, len(encoded))
        os.set_blocking(write_fd, False)
        written = os.write(write_fd, encoded)
    except OSError:
        os.close(read_fd)
        raise
    finally:
        os.close(write_fd)
    if written != len(encoded):
        os.close(read_fd)
        raise OSError(f"pipe took {written} of {len(encoded)} bytes")
    return read_fd
