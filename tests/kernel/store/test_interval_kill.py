"""kill -9 in the middle of interval commits: the rows are those of an undisturbed run."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from tests.kernel.store.interval_process import FRAMES, main
from tests.kernel.store.test_chains import stored


def run(root: Path, *, kill_after_frames: int | None) -> int:
    """Run the process, killed right after so many frames; returns how many it told of."""
    command = [sys.executable, "-m", "tests.kernel.store.interval_process", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told += line == b"frame\n"
        if kill_after_frames is not None and told >= kill_after_frames:
            process.kill()
            break
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    return told + rest.count(b"frame\n")


def test_killed_again_and_again_it_ends_with_the_rows_of_an_undisturbed_run(
    tmp_path: Path,
) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable
    disturbed = tmp_path / "disturbed"
    for _ in range(6):
        assert run(disturbed, kill_after_frames=chance.randint(1, FRAMES - 1)) >= 1
    assert run(disturbed, kill_after_frames=None) == FRAMES
    main(str(tmp_path / "quiet"))
    with (
        closing(DerivedStore.open(DataDir(disturbed))) as store,
        closing(DerivedStore.open(DataDir(tmp_path / "quiet"))) as quiet,
    ):
        assert stored(store) == stored(quiet)
        assert store._db.execute("PRAGMA integrity_check").get == "ok"
        query = "SELECT text, count(*) FROM texts GROUP BY text ORDER BY text"
        assert store._db.execute(query).fetchall() == quiet._db.execute(query).fetchall()
