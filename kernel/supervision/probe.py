"""Starts a real host without a plugin and asks which walls hold around it.

Covers: one probe, bounded in time. Does not cover: judging a level (`sandbox_level`),
printing (`kernel.observe.check_sandbox`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.launch import SandboxPolicy
from kernel.config.errors import KernelError
from kernel.supervision.chain import Chain, try_chain
from kernel.supervision.host_start import Setting, start_host
from kernel.supervision.interpreter import this_interpreter

PROBE_TARGET = "plugin_host.sandbox.probe:serve"
PROBE_TIMEOUT_S = 20.0
DATA_BYTES_MAX = 600 << 20


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The level, the layers (as `contracts.wire.SandboxLayer` in plain types), the chain."""

    level: str
    layers: tuple[dict[str, str], ...]
    chain: Chain


def probe_sandbox(
    *,
    service_uid: int,
    service_gid: int,
    affinity: tuple[int, ...] = (),
    data_bytes_max: int = DATA_BYTES_MAX,
) -> ProbeResult:
    """Start the probe host and wait for its report.

    ``affinity`` and ``data_bytes_max`` are what the hosts get that it stands for.
    Raises `KernelError` ``sandbox-probe-failed`` with what the host said instead.
    """
    chain = try_chain(service_uid, service_gid)
    folder = Path(tempfile.mkdtemp(prefix="autocapture-probe-"))
    lifeline_fd, lifeline_kept = os.pipe()
    try:
        policy = _policy(folder, (service_uid, service_gid), affinity, data_bytes_max)
        done = _run(chain, policy, lifeline_fd)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _failed(str(error)) from error
    finally:
        os.close(lifeline_fd)
        os.close(lifeline_kept)
        shutil.rmtree(folder, ignore_errors=True)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        return ProbeResult(str(report["level"]), tuple(report["layers"]), chain)
    except (ValueError, KeyError, TypeError) as error:
        words = done.stderr.decode("utf-8", "replace").strip()[-500:]
        raise _failed(words or f"exit status {done.returncode}") from error


def _policy(
    folder: Path, ids: tuple[int, int], affinity: tuple[int, ...], data_bytes_max: int
) -> SandboxPolicy:
    scratch, ipc = folder / "scratch", folder / "ipc"
    folder.chmod(0o711)
    for path in (scratch, ipc):
        path.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(path, *ids)
    return SandboxPolicy(
        scratch_dir=str(scratch),
        ipc_dir=str(ipc),
        kernel_pid=os.getpid(),
        read_only_paths=this_interpreter().read_only_paths,
        data_bytes_max=data_bytes_max,
        affinity=affinity,
        service_uid=ids[0],
        service_gid=ids[1],
    )


def _run(
    chain: Chain, policy: SandboxPolicy, lifeline_fd: int
) -> subprocess.CompletedProcess[bytes]:
    process = start_host(
        Setting(chain, this_interpreter(), run_nonce="probe"),
        policy,
        host_id="h0-00000000",
        lifeline_fd=lifeline_fd,
        host={},
        target=PROBE_TARGET,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            output, errors = process.communicate(timeout=PROBE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _failed(reason: str) -> KernelError:
    return KernelError(
        "sandbox-probe-failed",
        f"a host without a plugin could not be started: {reason}",
        hint="see docs/sandbox.md",
    )
