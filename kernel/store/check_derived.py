"""Whether derived data is as it was stored, for `kernel verify`: a note, never its verdict.

Covers: structure, every result in force, every interval (the latter two in a full check). Does not
cover: vectors (they are made again from texts), having it made again (`kernel.pipeline.mending`).
"""

from __future__ import annotations

import apsw

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.damage import WAY_OUT
from kernel.store.derived import DerivedStore
from kernel.store.sqlite import structure_fault

QUICK_BUDGET_S = 2.0
FULL_BUDGET_S = 600.0
_STEP_RESULTS, _STEP_INTERVALS = 256, 4_096


def derived_note(data_dir: DataDir, *, quick: bool) -> str:
    """What is damaged, with the way out; empty when nothing was found. Changes nothing."""
    if not data_dir.derived_db.exists():
        return ""
    try:
        fault = structure_fault(
            data_dir.derived_db, budget_s=QUICK_BUDGET_S if quick else FULL_BUDGET_S
        )
        found = fault if fault or quick else _look_through(data_dir)
    except (KernelError, apsw.Error) as error:
        found = str(error)
    if not found:
        return ""
    return f"derived data is damaged, which is no evidence ({found}); {WAY_OUT}"


def _look_through(data_dir: DataDir) -> str:
    results = misfits = 0
    with DerivedStore.open_read_only(data_dir) as store:
        at: int | None = 0
        while at is not None:
            at, damaged = store.damage.results_behind(at, limit=_STEP_RESULTS)
            results += len(damaged)
        at = 0
        while at is not None:
            at, count = store.damage.intervals_behind(at, limit=_STEP_INTERVALS)
            misfits += count
    parts = [
        f"{results} results cannot be read" if results else "",
        f"{misfits} intervals do not fit their frames" if misfits else "",
    ]
    return ", ".join(part for part in parts if part)
