"""Every run dir that kernels of one data dir may have used, and which of their runs are over.

The environment that names a run dir (XDG_RUNTIME_DIR, TMPDIR, the user) may have been another one
when the kernel that died was started, and a run dir may have been swept away under its hosts. So
the note in the data dir counts, and every place where a run dir can be. Covers: finding them. Does
not cover: what is in them (`records`), ending hosts (`reaper`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psutil

from kernel.config.paths import DataDir
from kernel.store.lock import is_held
from kernel.supervision.address import RunNote, read_note
from kernel.supervision.rundir import RunDir, candidates, run_dir_of

NOTE_LAG_S = 2.0
"""How much later than its note a process may seem to have started: clocks are set."""


@dataclass(frozen=True, slots=True)
class RunPlaces:
    """Where to look, the place of today first, and the marks of runs that are known to be over."""

    run_dirs: tuple[RunDir, ...]
    over: frozenset[str]
    is_idle: bool
    """Whether no kernel serves the data dir: a record that says nothing is of a dead one then."""


def find_places(data_dir: DataDir, *, is_ours: bool = False) -> RunPlaces:
    """All places that are there and ours; ``is_ours``: the caller holds the data dir.

    Raises `KernelError` ``socket-path-too-long`` like `run_dir_of`.
    """
    note = read_note(data_dir)
    noted = [RunDir(Path(note.run_dir))] if note is not None else []
    others = [place for place in (*noted, *candidates(data_dir)) if place.is_ours()]
    return RunPlaces(
        run_dirs=tuple(dict.fromkeys((run_dir_of(data_dir), *others))),
        over=frozenset() if note is None or _lives(note) else frozenset({note.run_id}),
        is_idle=is_ours or not is_held(data_dir.lock_file),
    )


def _lives(note: RunNote) -> bool:
    """Whether the kernel that wrote the note is there: of that pid, and older than the note.

    Asked of the process and not of the lock: a copy of a data dir has the note of the first one.
    """
    try:
        started_s = psutil.Process(note.pid).create_time()
    except psutil.NoSuchProcess:
        return False
    return started_s <= note.started_at_us / 1e6 + NOTE_LAG_S
