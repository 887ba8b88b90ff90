"""Doctor's checks of one data dir: owner, space, integrity, the lock, what the kernel says.

Covers: reading only. Does not cover: deep verification (`kernel verify`).
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.config.kinds import wrong_kinds
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe.check import Check, State, telling_line
from kernel.observe.status import MEND_EVIDENCE, MEND_KIND, MEND_LOCK, MEND_REBUILDABLE, read_status
from kernel.scheduling.policies import disk_limits
from kernel.store.evidence import EvidenceStore
from kernel.store.lock import is_held, lock_problem, read_holder
from kernel.store.lost_journal import lost_journal
from kernel.store.pressure import DiskFacts, DiskLevel, decide_disk
from kernel.store.sqlite import connect

SPACE: dict[DiskLevel, tuple[State, str]] = {
    DiskLevel.YELLOW: ("warn", "heavy work pauses but for packing, until there is more"),
    DiskLevel.RED: ("fail", "nearly full: new evidence goes to the second drive, if one is set"),
    DiskLevel.BLACK: ("fail", "full: captures are refused"),
}
OTHERS_MASK = 0o077


def check_data_dir(data_dir: DataDir) -> Check:
    """It exists, is ours, nobody else may read it, and no name in it is of another kind."""
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
    if wrong := wrong_kinds(data_dir):
        return Check("data dir", "fail", "; ".join(wrong), MEND_KIND)
    if stat.S_IMODE(facts.st_mode) & OTHERS_MASK:
        saw = f"{root} has mode {stat.S_IMODE(facts.st_mode):o}: others may look into it"
        return Check("data dir", "warn", saw, f"chmod 700 {root}")
    return Check("data dir", "ok", str(root))


def check_lock(data_dir: DataDir) -> Check | None:
    """Who holds the data dir, and that the lock file is the one that they locked."""
    if not data_dir.root.is_dir():
        return None
    problem = lock_problem(data_dir.lock_file)
    if problem:
        return Check("data dir lock", "fail", problem, MEND_LOCK)
    if not is_held(data_dir.lock_file):
        return Check("data dir lock", "ok", "nobody holds the data dir")
    holder = read_holder(data_dir.lock_file)
    who = f"process {holder.pid}" if holder else "a process that the lock file does not name"
    return Check("data dir lock", "ok", f"held by {who}")


def check_space(data_dir: DataDir, settings: Settings) -> Check:
    """Room on the drives, judged as the kernel judges it (`disk.*`), and for how many days."""
    free = _free_bytes(data_dir.root)
    spool = settings.disk.spool_dir
    spool_free = _free_bytes(spool) if spool is not None and spool.is_dir() else None
    rate = _bytes_per_day(data_dir)
    facts = DiskFacts(free, spool_free, rate)
    decision = decide_disk(facts, disk_limits(settings), DiskLevel.GREEN)
    details: dict[str, object] = {"free_bytes": free, "level": decision.level.name.lower()}
    text = f"{free / (1 << 30):.1f} GiB free"
    if rate:
        days = free / rate
        details["days_left"] = round(days, 1)
        text += f", {days:.0f} days at the present rate"
    if spool_free is not None:
        details["spool_free_bytes"] = spool_free
        text += f", {spool_free / (1 << 30):.1f} GiB on the second drive"
    if decision.level is DiskLevel.GREEN:
        return Check("disk space", "ok", text, details=details)
    state, meaning = SPACE[decision.level]
    if spool is None:
        remedy = "make room, or name a second drive in disk.spool_dir (limits: disk.*)"
    elif spool_free is None:
        text += f", the second drive is absent ({spool})"
        remedy = f"mount the second drive again ({spool}), or make room (limits: disk.*)"
    else:
        remedy = "make room (limits: disk.*)"
    return Check("disk space", state, f"{text}: {meaning}", remedy, details)


def _free_bytes(place: Path) -> int:
    existing = place.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def _bytes_per_day(data_dir: DataDir) -> int:
    if not data_dir.journal_db.is_file():
        return 0
    try:
        with EvidenceStore.open_read_only(data_dir) as store:
            return store.bytes_per_day()
    except (KernelError, apsw.Error):
        # What is wrong with the journal is the finding of another check.
        return 0


def check_databases(data_dir: DataDir) -> list[Check]:
    """SQLite finds nothing wrong with the structure of each database."""
    checks = []
    lost = lost_journal(data_dir)
    if lost is not None:
        name = f"database {data_dir.journal_db.name}"
        checks.append(Check(name, "fail", lost.message, lost.hint or MEND_EVIDENCE))
    rebuildable = (data_dir.derived_db, data_dir.backlog_db, data_dir.vectors_db)
    for path in (data_dir.journal_db, *rebuildable):
        if not os.path.lexists(path) or (lost is not None and path == data_dir.journal_db):
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
