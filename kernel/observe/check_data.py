"""Doctor's checks of one data dir: owner, space, integrity, the lock, what the kernel says.

Covers: reading only. Does not cover: deep verification (`kernel verify`).
"""

from __future__ import annotations

import os
import shutil
import stat

import apsw

from kernel.config.paths import DataDir
from kernel.observe.check import Check, telling_line
from kernel.observe.status import MEND_EVIDENCE, MEND_REBUILDABLE, read_status
from kernel.store.evidence import EvidenceStore
from kernel.store.sqlite import connect

FREE_WARN_BYTES = 10 << 30
FREE_FAIL_BYTES = 1 << 30
DAY_S = 86_400.0
DAYS_WARN = 14.0
OTHERS_MASK = 0o077


def check_data_dir(data_dir: DataDir) -> Check:
    """It exists, is ours and nobody else may read it."""
    root = data_dir.root
    if not root.exists():
        saw, remedy = f"{root} does not exist yet", "it is made by the first kernel run or ingest"
        return Check("data dir", "warn", saw, remedy)
    facts = root.stat()
    if facts.st_uid != os.geteuid():
        saw = f"{root} belongs to user {facts.st_uid}"
        return Check("data dir", "fail", saw, "run as its owner, or choose another --data-dir")
    if not os.access(root, os.W_OK):
        return Check("data dir", "fail", f"{root} cannot be written to", "mount it read-write")
    if stat.S_IMODE(facts.st_mode) & OTHERS_MASK:
        saw = f"{root} has mode {stat.S_IMODE(facts.st_mode):o}: others may look into it"
        return Check("data dir", "warn", saw, f"chmod 700 {root}")
    return Check("data dir", "ok", str(root))


def check_space(data_dir: DataDir) -> Check:
    """Room on the drive, and for how many days at the rate so far."""
    existing = data_dir.root
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    details: dict[str, object] = {"free_bytes": free}
    text = f"{free / (1 << 30):.1f} GiB free"
    days = _days_left(data_dir, free)
    if days is not None:
        details["days_left"] = round(days, 1)
        text += f", {days:.0f} days at the present rate"
    remedy = "make room, or name a second drive in disk.spool_dir"
    if free < FREE_FAIL_BYTES:
        return Check("disk space", "fail", text, remedy, details)
    if free < FREE_WARN_BYTES or (days is not None and days < DAYS_WARN):
        return Check("disk space", "warn", text, remedy, details)
    return Check("disk space", "ok", text, details=details)


def _days_left(data_dir: DataDir, free_bytes: int) -> float | None:
    if not data_dir.journal_db.is_file():
        return None
    with EvidenceStore.open_read_only(data_dir) as store:
        rate = store.bytes_per_day()
    return free_bytes / rate if rate else None


def check_databases(data_dir: DataDir) -> list[Check]:
    """SQLite finds nothing wrong with the structure of each database."""
    checks = []
    rebuildable = (data_dir.derived_db, data_dir.backlog_db, data_dir.vectors_db)
    for path in (data_dir.journal_db, *rebuildable):
        if not path.is_file():
            continue
        name = f"database {path.name}"
        try:
            connection = connect(path, read_only=True)
            answer = str(connection.execute("PRAGMA quick_check(1)").get)
            connection.close()
        except apsw.Error as error:
            answer = f"{type(error).__name__}: {error}"
        answer = telling_line(answer)
        if answer == "ok":
            checks.append(Check(name, "ok", "quick_check: ok"))
        else:
            remedy = MEND_REBUILDABLE if path in rebuildable else MEND_EVIDENCE
            checks.append(Check(name, "fail", answer, remedy))
    return checks


def check_status(data_dir: DataDir) -> Check:
    """What `kernel status` says is repeated here, so that neither is greener than the other."""
    document = read_status(data_dir)
    details = {"verdict": document["verdict"]}
    if document["healthy"]:
        return Check(
            "kernel", "ok", f"{document['verdict']}: {document['reason']}", details=details
        )
    remedy = "; ".join(document["remedies"])
    return Check("kernel", "fail", document["reason"], remedy, details)
