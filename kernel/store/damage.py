"""What is said of derived data that is not as it was stored, and how it is told from the rest.

Covers: the error and its way out, errors of SQLite while derived data is read. Does not cover:
finding damage (`kernel.store.mending`), evidence (`kernel.store.verify`).
"""

from __future__ import annotations

import apsw

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.sqlite import structure_fault

WAY_OUT = (
    "stop the kernel if one runs, then: kernel process (what is damaged is made again from"
    " evidence)"
)
CHECK_BUDGET_S = 2.0
DAMAGE = (apsw.CorruptError, apsw.NotADBError)


def derived_damaged(what: str) -> KernelError:
    """The error for derived data that cannot be as it was stored."""
    return KernelError("derived-damaged", what, hint=WAY_OUT)


def told_as_damage(error: BaseException | None, data_dir: DataDir) -> KernelError | None:
    """The error to raise where this one ended a reading of derived data beside evidence.

    None when it is no damage, or when the journal is at fault.
    """
    if not isinstance(error, DAMAGE):
        return None
    try:
        if data_dir.journal_db.is_file() and structure_fault(
            data_dir.journal_db, budget_s=CHECK_BUDGET_S
        ):
            return None
    except apsw.Error:
        return None
    return derived_damaged(f"{data_dir.derived_db} is damaged: {error}")
