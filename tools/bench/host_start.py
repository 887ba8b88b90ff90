"""How long a host takes from its start to the first line it says, and what the walls cost of it.

Run: ``python -m tools.bench.host_start [ROUNDS]``. Medians over ROUNDS (default 15) of fresh
processes, variants taken in turns so that a busy machine hits all alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from contracts.launch import LAYERS, SandboxPolicy
from kernel.supervision.bytecode import compile_for_hosts
from kernel.supervision.chain import Chain, try_chain
from kernel.supervision.host_start import Setting, start_host
from kernel.supervision.interpreter import HostInterpreter, this_interpreter

ROUNDS = 15
PROBE = "plugin_host.sandbox.probe:serve"
SERVICE_ID = 65534


def start_and_listen(interpreter: HostInterpreter, chain: Chain, policy: SandboxPolicy) -> None:
    """One host that reports and leaves."""
    lifeline_fd, kept_fd = os.pipe()
    process = start_host(
        Setting(chain, interpreter, run_nonce="bench"),
        policy,
        host_id="h1-00000000",
        lifeline_fd=lifeline_fd,
        host={},
        target=PROBE,
        stdout=subprocess.PIPE,
    )
    with process:
        os.close(lifeline_fd)
        assert process.stdout is not None
        line = process.stdout.readline()
        os.close(kept_fd)
    if not line:
        raise SystemExit("the host said nothing; run: kernel doctor")


def main() -> int:
    """Prints one line per variant: median, fastest."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    chain = try_chain(SERVICE_ID, SERVICE_ID)
    interpreter = this_interpreter()
    compile_for_hosts(interpreter)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "scratch").mkdir()
        (base / "ipc").mkdir()
        if os.geteuid() == 0:
            os.chown(base / "scratch", SERVICE_ID, SERVICE_ID)
        policy = SandboxPolicy(
            scratch_dir=str(base / "scratch"),
            ipc_dir=str(base / "ipc"),
            kernel_pid=os.getpid(),
            read_only_paths=interpreter.read_only_paths,
            nice=0,
        )
        kept = ("service_uid", "mount_view") if os.geteuid() == 0 else ()
        bare = replace(policy, layers_off=tuple(name for name in LAYERS if name not in kept))
        variants: dict[str, Callable[[], object]] = {
            "python -I -S -c pass": lambda: subprocess.run(
                [interpreter.python, "-I", "-S", "-c", "pass"], check=True
            ),
            "chain alone (sh -c true)": lambda: subprocess.run(
                [*_prefix(chain), "/bin/sh", "-c", "true; exit $?"], check=True
            ),
            "host, walls off, no chain": lambda: start_and_listen(interpreter, Chain(), bare),
            "host, walls off": lambda: start_and_listen(interpreter, chain, bare),
            "host, all walls, denial tests": lambda: start_and_listen(interpreter, chain, policy),
        }
        taken: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(rounds):
            for name, act in variants.items():
                started_s = time.perf_counter()
                act()
                taken[name].append(time.perf_counter() - started_s)
    for name, seconds in taken.items():
        print(
            f"{name:32} median {statistics.median(seconds) * 1000:6.1f} ms,"
            f" fastest {min(seconds) * 1000:6.1f} ms"
        )
    return 0


def _prefix(chain: Chain) -> list[str]:
    setpriv = [chain.setpriv, "--pdeathsig", "KILL", "--"] if chain.setpriv else []
    return [*setpriv, *chain.unshare, *(["--"] if chain.unshare else [])]


if __name__ == "__main__":
    sys.exit(main())
