"""A process that reads frames into a derived store until it is killed or done.

Started by the kill test: ``python -m tests.kernel.store.interval_process DATA_DIR``. It writes a
line when the store is open, one for each frame, and one at the end.
"""

from __future__ import annotations

import os
import random
import sys
from contextlib import closing
from pathlib import Path

from contracts.capture import CaptureEvent
from contracts.text import TextPage
from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from tests.kernel.store.test_chains import event_of, page_of
from tests.kernel.store.test_derived import TIMING, key_of

FRAMES = 120


def frames() -> list[tuple[CaptureEvent, TextPage]]:
    """Frames of typing, scrolling and switching, in an order of their own."""
    chance = random.Random(7)  # noqa: S311 - repeatable
    shown = []
    for seq in range(1, FRAMES + 1):
        top = seq // 9
        lines = [(f"line number {n}", n - top) for n in range(top, top + 12)]
        lines.append((f"typed {'x' * (seq % 7)}", 14))
        page = page_of(tuple(lines) if seq % 10 else (("another window", 3),))
        shown.append((event_of(seq, 1000 + 3 * seq, page), page))
    chance.shuffle(shown)
    return shown


def main(root: str) -> None:
    """Commit everything; what is there already is not done again."""
    with closing(DerivedStore.open(DataDir(Path(root)))) as store:
        os.write(1, b"open\n")
        for event, page in frames():
            if not store.commit_page(key_of(page), page, TIMING, [event]):
                store.place_events([event])
            os.write(1, b"frame\n")
    os.write(1, b"done\n")


if __name__ == "__main__":
    main(sys.argv[1])
