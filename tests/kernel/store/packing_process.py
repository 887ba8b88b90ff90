"""A process that takes packs over and replaces segments, and kills itself at a given step.

Started by the kill tests: ``python -m tests.kernel.store.packing_process DATA_DIR MADE STEP``.
MADE holds packs and proofs that were made before. A step is one call into the system or into
SQLite that may change a file; the process ends with SIGKILL in place of call number STEP, or
prints how many there were.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from contracts.tiles import ProvenFrames, RepackedFrames
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore

STEPS = frozenset(
    {"writev", "fdatasync", "fsync", "unlink", "open", "ftruncate", "execute", "executemany"}
)


class Job(msgspec.Struct):
    """A pack and its proof."""

    made: RepackedFrames
    proven: ProvenFrames


class Countdown:
    """Counts calls that may change a file; ends the process before the last one."""

    def __init__(self, step: int) -> None:
        self.left = step
        self.seen = 0

    def __call__(self, _frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401
        if event != "c_call" or getattr(called, "__name__", "") not in STEPS:
            return
        self.seen += 1
        if self.seen == self.left:
            os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: Sequence[str]) -> None:
    """Open, take over, replace, close; or be killed on the way."""
    root, made, step = arguments
    jobs = msgspec.msgpack.decode(Path(made).read_bytes(), type=list[Job])
    store = EvidenceStore.open(DataDir(Path(root)))
    countdown = Countdown(int(step))
    sys.setprofile(countdown)
    for job in jobs:
        store.take_over(job.made, job.proven)
    while store.reclaim() is not None:
        pass
    sys.setprofile(None)
    store.close()
    os.write(1, f"{countdown.seen}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
