"""Counts hosts from outside while a block runs: another process looks 50 times a second.

A host is told by the mark of its id, which everything below it inherits; so what a plugin forks
is the host's, and what is left of a dead host counts as one as long as it lives.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RATE_HZ = 50
STARVED_HZ = 2
"""What a sampler still manages that shares its core with dozens of busy processes."""


@dataclass
class Sampled:
    """What the sampler saw; filled in when the block ends."""

    samples: int = 0
    hosts_most: int = 0
    processes_most: int = 0
    """Of one host, its chain and all that its plugin started included."""
    seconds: float = 0.0


@contextmanager
def sampling(cap: int, *, root_pid: int | None = None) -> Iterator[Sampled]:
    """Sample below ``root_pid`` (this process) and check the cap when the block ends well."""
    sampled = Sampled()
    sampler = subprocess.Popen(
        [sys.executable, str(Path(__file__)), str(root_pid or os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sampler.stdout is not None
    assert sampler.stdout.readline() == "sampling\n"
    begin_s = time.monotonic()
    try:
        yield sampled
    finally:
        sampled.seconds = time.monotonic() - begin_s
        output, _ = sampler.communicate("stop\n", timeout=60)
        found = json.loads(output)
        sampled.samples, sampled.hosts_most = found["samples"], found["hosts_most"]
        sampled.processes_most = found["processes_most"]
    assert sampled.samples >= max(1, STARVED_HZ * sampled.seconds), sampled
    assert 1 <= sampled.hosts_most <= cap, sampled


def processes_below(root_pid: int) -> list[int]:
    """All processes below ``root_pid``, whatever session they went to; zombies are not alive."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - quick: 50 times a second
        if not entry.isdigit():
            continue
        try:
            text = Path(f"/proc/{entry}/stat").read_text(errors="replace")
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if state not in "ZX":
            parents.setdefault(int(parent), []).append(int(entry))
    found, waiting = [], [root_pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return [pid for pid in found if pid != os.getpid()]


def mark_of(pid: int) -> str:
    """The host id that a process was started with; a user may ask the chain around a host alone."""
    try:
        block = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return ""
    for item in block.split(b"\0"):
        if item.startswith(b"AUTOCAPTURE_HOST="):
            return item.partition(b"=")[2].decode()
    return ""


def sample(root_pid: int) -> None:
    """Look until a line comes in, then print what was most."""
    samples = hosts_most = processes_most = 0
    print("sampling", flush=True)  # noqa: T201 - the starter waits for it
    while not select.select([sys.stdin], [], [], 1 / RATE_HZ)[0]:
        hosts: dict[str, int] = {}
        for pid in processes_below(root_pid):
            if host := mark_of(pid):
                hosts[host] = hosts.get(host, 0) + 1
        samples += 1
        hosts_most = max(hosts_most, len(hosts))
        processes_most = max(processes_most, *hosts.values(), 0)
    counted = {"samples": samples, "hosts_most": hosts_most, "processes_most": processes_most}
    print(json.dumps(counted), flush=True)  # noqa: T201 - the starter reads it


if __name__ == "__main__":
    sample(int(sys.argv[1]))
