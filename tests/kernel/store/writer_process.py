"""A process that appends captures until it is killed, printing each acknowledgement.

Started by the kill tests: ``python -m tests.kernel.store.writer_process DATA_DIR SEED``.
A line is ``EVENT_ID SEED OF THE BYTES``; it is written only after the acknowledgement.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from kernel.capture.intake import Intake
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tests.kernel.store.captures import draft

PRODUCERS = 4
SEGMENT_BYTES = 200_000


def payload(seed: int) -> bytes:
    """The bytes of a capture, from its seed; every seventh repeats."""
    chance = random.Random(seed % 7 if seed % 3 == 0 else seed)  # noqa: S311 - repeatable
    return chance.randbytes(chance.choice([30, 3_000, 30_000]))


def produce(intake: Intake, first: int) -> None:
    """Submit one capture after the other, for ever."""
    seed = first
    while True:
        ack = intake.submit(draft(payload(seed)), timeout_s=60).result()
        os.write(1, f"{ack.event.event_id} {seed}\n".encode())
        seed += PRODUCERS


def main(root: str, seed: int) -> None:
    """Append until killed."""
    store = EvidenceStore.open(DataDir(Path(root)), segment_bytes_max=SEGMENT_BYTES)
    intake = Intake(store)
    intake.start()
    threads = [
        threading.Thread(target=produce, args=(intake, seed + number), daemon=True)
        for number in range(PRODUCERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
