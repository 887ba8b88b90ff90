"""A kernel in miniature, run as a program: starts one host as told on stdin, reports on stdout.

Runs as root or as a normal user, under any interpreter: it needs the standard library only.
Stands for the kernel in what a test does to it (``kill -9``).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from contracts.launch import ProgramGrant, SandboxPolicy
from kernel.supervision.chain import Chain, try_chain
from kernel.supervision.host_start import Setting, start_host
from kernel.supervision.interpreter import HostInterpreter, this_interpreter

INSIDE = Path(__file__).resolve().parent / "inside"
HOST_S_MAX = 90
PRIVATE_WORDS = "not for plugins"


def choose_chain(wanted: str) -> Chain:
    chain = try_chain(65534, 65534)
    if "no-unshare" in wanted:
        chain = replace(chain, unshare=())
    if "no-setpriv" in wanted:
        chain = replace(chain, setpriv="")
    return chain


def main() -> int:
    told: dict[str, Any] = json.load(sys.stdin)
    return run(told, Path(told["base"]))


def prepare(base: Path) -> list[socket.socket]:
    """Scratch and socket dir of the host, and things that are not its business."""
    scratch, ipc, secret = base / "scratch", base / "ipc", base / "secret.txt"
    scratch.mkdir()
    ipc.mkdir(mode=0o755)
    secret.write_text(PRIVATE_WORDS)
    secret.chmod(0o644)
    listeners = []
    for path in (base / "foreign", ipc / "s"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o777)
        listeners.append(listener)
    if os.geteuid() == 0:
        for path in (scratch, secret):
            os.chown(path, 65534, 65534)
    return listeners


def interpreter_of(told: dict[str, Any]) -> HostInterpreter:
    own = this_interpreter()
    return replace(
        own,
        site_dirs=tuple(told["site_dirs"]),
        sys_path=(*own.sys_path, str(INSIDE)),
        read_only_paths=(*own.read_only_paths, *told["site_dirs"], str(INSIDE)),
    )


def policy_of(told: dict[str, Any], base: Path, interpreter: HostInterpreter) -> SandboxPolicy:
    extra = dict(told.get("policy", {}))
    programs = tuple(ProgramGrant(item[0], tuple(item[1])) for item in extra.pop("programs", ()))
    return SandboxPolicy(
        scratch_dir=str(base / "scratch"),
        ipc_dir=str(base / "ipc"),
        kernel_pid=os.getpid(),
        read_only_paths=interpreter.read_only_paths,
        programs=programs,
        keep_fds=tuple(told.get("keep_fds", ())),
        decoy_paths=("/etc/passwd", str(base / "secret.txt")),
        # /var leads to the scratch dir: it is there, with nothing else in it.
        hide_paths=("/home", "/mnt", "/var", str(base / "foreign")),
        **extra,
    )


def run(told: dict[str, Any], base: Path) -> int:
    listeners = prepare(base)
    interpreter = interpreter_of(told)
    policy = policy_of(told, base, interpreter)
    lifeline_fd, _kept = os.pipe()
    started_s = time.monotonic()
    process = start_host(
        Setting(choose_chain(told.get("chain", "full")), interpreter, told.get("nonce", "test")),
        policy,
        host_id="h1-00000000",
        lifeline_fd=lifeline_fd,
        host={"base": str(base), "kernel_pid": os.getpid(), **told.get("host", {})},
        target=told["target"],
        stdout=subprocess.PIPE,
    )
    for fd in policy.keep_fds:
        os.close(fd)
    wait_until_ended(process.pid)
    # As the kernel does: not collected yet, so the group's number cannot mean anybody else.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    output, errors = process.communicate(timeout=HOST_S_MAX)
    answer = {
        "status": process.returncode,
        "output": output.decode("utf-8", "replace"),
        "errors": errors.decode("utf-8", "replace"),
        "seconds": time.monotonic() - started_s,
        "secret_intact": (base / "secret.txt").read_text() == PRIVATE_WORDS,
    }
    print(json.dumps(answer))  # noqa: T201 - this is the answer
    for listener in listeners:
        listener.close()
    return 0


def wait_until_ended(pid: int) -> None:
    fd = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll(HOST_S_MAX * 1000)
    os.close(fd)


if __name__ == "__main__":
    sys.exit(main())
