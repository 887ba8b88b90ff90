"""Starts one chain with a host at its end: the launch document, the pipe, the process.

Covers: the one way in which a sandboxed host is started, by the pool, by the doctor's probe and
by whoever measures. Does not cover: what the command line is made of (`launch`), waiting for the
host and ending it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.launch import SandboxPolicy
from kernel.supervision.chain import Chain
from kernel.supervision.interpreter import HostInterpreter
from kernel.supervision.launch import launch_document, open_launch_pipe, plan_launch

HOST_TARGET = "plugin_host.main:serve"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a host is started: what works on this machine, which interpreter, which run."""

    chain: Chain
    interpreter: HostInterpreter
    run_nonce: str


def start_host(  # noqa: PLR0913 - the facts of one start, by keyword
    setting: Setting,
    policy: SandboxPolicy,
    *,
    host_id: str,
    lifeline_fd: int,
    host: Mapping[str, Any],
    target: str = HOST_TARGET,
    stdout: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start the chain and return its first process; stderr is a pipe.

    ``host`` is handed to ``target`` inside the sandbox. The caller keeps the write end of
    ``lifeline_fd`` for as long as the host shall live, and calls from a thread that lives as long.
    Raises OSError, ValueError or `subprocess.SubprocessError` when it cannot be started.
    """
    document = launch_document(
        interpreter=setting.interpreter,
        policy=policy,
        lifeline_fd=lifeline_fd,
        host=host,
        target=target,
    )
    launch_fd = open_launch_pipe(document)
    try:
        plan = plan_launch(
            chain=setting.chain,
            interpreter=setting.interpreter,
            policy=policy,
            host_id=host_id,
            run_nonce=setting.run_nonce,
            launch_fd=launch_fd,
            lifeline_fd=lifeline_fd,
        )
        return subprocess.Popen(
            plan.argv,
            env=plan.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            **plan.popen,
        )
    finally:
        os.close(launch_fd)
