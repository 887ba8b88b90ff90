"""The check whether what was acknowledged is still there, unchanged and in order.

Covers: the journal file itself, the event chain, the ledger and its anchors, packs and
references; runs beside a running kernel and changes nothing. Does not cover: mending
(`kernel.store.repair`); of derived records there is a note alone (they can be rebuilt).
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from kernel.config.paths import DataDir
from kernel.store import drives
from kernel.store.check_chain import check_events, check_ledger
from kernel.store.check_derived import derived_note
from kernel.store.check_packs import check_references, check_segments
from kernel.store.drives import is_mounted
from kernel.store.evidence import EvidenceStore
from kernel.store.journal import GONE_STATES, PRIMARY, Journal
from kernel.store.ledger import ANCHORS_NAME
from kernel.store.lock import is_held
from kernel.store.readers import connect_reader
from kernel.store.recovery import choose_chain, find_tails, read_tails
from kernel.store.report import Findings, Progress, ProgressSink, VerifyReport

INTEGRITY_ROWS_MAX = 20


def ignore_progress(_: Progress) -> None:
    """For callers that show no progress."""


def verify(
    data_dir: DataDir, *, quick: bool, progress: ProgressSink = ignore_progress
) -> VerifyReport:
    """Check the evidence of the data dir; changes nothing, needs no lock.

    ``quick`` looks at the newest 1000 events and ledger entries and at the lengths of all
    segments; the full check reads every byte. Raises `KernelError`: ``no-data-dir``,
    ``journal-missing``, ``schema-newer``, ``schema-older``.
    """
    findings = Findings()
    counts = dict.fromkeys(("events", "blobs", "segments", "ledger_entries", "bytes_checked"), 0)
    if _can_open(data_dir, findings):
        connection = connect_reader(data_dir.journal_db)
        try:
            _check_all(data_dir, connection, findings, counts, progress, quick=quick)
        finally:
            connection.close()
    note = derived_note(data_dir, quick=quick)
    if note:
        findings.note(note)
    found, left_out = findings.result()
    return VerifyReport(
        ok=not found,
        quick=quick,
        findings=found,
        notes=tuple(findings.notes),
        findings_left_out=left_out,
        **counts,
    )


def _can_open(data_dir: DataDir, findings: Findings) -> bool:
    try:
        EvidenceStore.open_read_only(data_dir).close()
    except apsw.Error as error:
        _report_journal(findings, error)
        return False
    return True


def _check_all(
    data_dir: DataDir,
    connection: apsw.Connection,
    findings: Findings,
    counts: dict[str, int],
    progress: ProgressSink,
    *,
    quick: bool,
) -> None:
    anchors = data_dir.anchors_dir / ANCHORS_NAME
    journal = Journal(connection)

    def count() -> None:
        counts["events"], counts["blobs"] = journal.count_events(), journal.count_blobs()

    def ledger() -> None:
        counts["ledger_entries"] = check_ledger(connection, anchors, findings, quick=quick)

    def packs() -> None:
        for volume in journal.volumes():
            rows = [
                row for row in journal.segments(volume.volume_id) if row.state not in GONE_STATES
            ]
            counts["segments"] += len(rows)
            if not is_mounted(data_dir.root, volume):
                findings.note(
                    f"the {volume.kind} drive {volume.root} is not mounted: "
                    f"{len(rows)} segments were not checked"
                )
                continue
            directory = drives.packs_dir(data_dir.root, volume)
            counts["bytes_checked"] += check_segments(
                connection, directory, rows, findings, progress, quick=quick
            )

    steps: list[Callable[[], object]] = [
        count,
        lambda: check_events(connection, findings, progress, quick=quick),
        ledger,
        packs,
        lambda: _note_tails(data_dir, journal, findings),
    ]
    if not quick:
        steps.insert(0, lambda: _check_file(connection, findings, progress))
        steps.append(lambda: check_references(connection, findings))
    for step in steps:
        _guarded(findings, step)


def _guarded(findings: Findings, step: Callable[[], object]) -> bool:
    """Run one step; a journal that SQLite cannot read is a finding, not an end."""
    try:
        step()
    except apsw.Error as error:
        _report_journal(findings, error)
        return False
    return True


def _report_journal(findings: Findings, error: apsw.Error) -> None:
    findings.add("journal-damaged", "journal.db", f"SQLite cannot read it: {error}")


def _check_file(connection: apsw.Connection, findings: Findings, progress: ProgressSink) -> None:
    progress(Progress("journal", 0, 1, "files"))
    rows = connection.execute(f"PRAGMA integrity_check({INTEGRITY_ROWS_MAX})")
    for (message,) in rows:
        if message != "ok":
            findings.add("journal-damaged", "journal.db", message)
    for table, row_id, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        message = f"row {row_id} of {table} refers to a row of {parent} that is not there"
        findings.add("journal-damaged", "journal.db", message)
    progress(Progress("journal", 1, 1, "files"))


def _note_tails(data_dir: DataDir, journal: Journal, findings: Findings) -> None:
    """Tell what the next start will adopt or seal; a running writer's tail is its own affair."""
    if is_held(data_dir.lock_file):
        return
    tails, _ = find_tails(data_dir.packs_dir, journal.segments(PRIMARY))
    if not tails:
        return
    content = read_tails(tails)
    chain = choose_chain(content.batches, *journal.head())
    events = sum(len(found.batch.events) for found in chain)
    findings.note(
        f"a crash left {len(tails)} tail(s); the next start of the kernel adopts {events} "
        "event(s) from them and seals the rest"
    )
