"""Mending what `verify` found, by adding only: nothing is overwritten, nothing removed.

A damaged journal is moved into the quarantine folder and a new one is built from the packs
and, where one is given, a backup; a damaged blob gets one more place, from another copy.
Every act is ledgered. Covers: the order of the acts. Does not cover: finding damage
(`kernel.store.verify`), the new journal's content (`kernel.store.rebuild`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import blake3
import msgspec

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.clock import wall_clock_us
from kernel.store.evidence import EvidenceStore
from kernel.store.frame import FrameKind
from kernel.store.journal import VolumeRow
from kernel.store.journal_swap import finish_swap, is_half_swapped, swap_journal
from kernel.store.ledger import ANCHORS_NAME
from kernel.store.ledger_join import join_ledgers
from kernel.store.lock import DataDirLock
from kernel.store.lost_journal import lost_journal
from kernel.store.pack import Frame
from kernel.store.packed import TILES_MEDIA
from kernel.store.rebuild import Rebuilt, Salvage, rebuild_journal, salvage_journal
from kernel.store.repair_backup import (
    is_of_this,
    restore_anchors,
    restore_segments,
    spare_ledger,
)
from kernel.store.report import Progress, ProgressSink, VerifyReport
from kernel.store.verify import ignore_progress, verify

JOURNAL_CODES = frozenset(
    {
        "journal-damaged",
        "event-damaged",
        "event-missing",
        "event-unchained",
        "batch-missing",
        "chain-broken",
        "chain-rewritten",
        "blob-row-damaged",
        "ledger-damaged",
        "ledger-broken",
    }
)
"""Findings that a journal built from the packs may mend."""
LOST_ACT = "repair.blob-lost"
RESTORED_ACT = "repair.blob-restored"
PAGE_ROWS = 1000


class RepairAct(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done, or could not be: ``code`` is stable, ``what`` names the thing."""

    code: str
    what: str
    message: str


class RepairReport(msgspec.Struct, frozen=True, kw_only=True):
    """All acts in order, and the full check afterwards."""

    acts: tuple[RepairAct, ...]
    after: VerifyReport


def repair(
    data_dir: DataDir,
    *,
    backup: Path | None = None,
    now_us: Callable[[], int] = wall_clock_us,
    progress: ProgressSink = ignore_progress,
) -> RepairReport:
    """Mend what can be mended; running it again on a clean data dir does nothing.

    ``backup`` is a folder made by `kernel backup`. Raises `KernelError`: ``data-dir-busy``,
    ``no-data-dir``, ``disk-full``, ``disk-failed``.
    """
    if not data_dir.root.is_dir() or not (data_dir.packs_dir.is_dir() or backup):
        raise KernelError("no-data-dir", f"there is no evidence in {data_dir.root}")
    moment_us = now_us()
    acts: list[RepairAct] = []
    if is_half_swapped(data_dir):
        acts.append(_finish_swap(data_dir, moment_us))
    codes = _codes(data_dir, progress)
    spare = backup if backup and codes and is_of_this(data_dir, backup) else None
    if spare is not None:
        acts += _restore_files(data_dir, spare, moment_us)
        codes |= _codes(data_dir, progress)
    if codes & JOURNAL_CODES or (spare and _has_more_ledger(data_dir, spare)):
        acts.append(_replace_journal(data_dir, backup, spare, moment_us, codes))
    with EvidenceStore.open(data_dir, now_us=now_us) as store:
        for act in acts:
            store.ledger.append(f"repair.{act.code}", act.what, {"message": act.message})
        if codes:
            acts += _restore_blobs(store, backup, progress)
    return RepairReport(acts=tuple(acts), after=verify(data_dir, quick=False, progress=progress))


def _aside(data_dir: DataDir, now_us: int) -> Path:
    return data_dir.quarantine_dir / f"journal-{now_us}"


@contextlib.contextmanager
def _locked(data_dir: DataDir, now_us: int) -> Iterator[None]:
    lock = DataDirLock.acquire(data_dir.lock_file, started_at_us=now_us)
    try:
        yield
    finally:
        lock.release()


def _finish_swap(data_dir: DataDir, now_us: int) -> RepairAct:
    aside = _aside(data_dir, now_us)
    with _locked(data_dir, now_us):
        finish_swap(data_dir, aside)
    message = "a repair that was cut short was brought to its end"
    return RepairAct(code="journal-rebuilt", what=str(aside), message=message)


def _restore_files(data_dir: DataDir, backup: Path, now_us: int) -> list[RepairAct]:
    aside = _aside(data_dir, now_us)
    acts: list[RepairAct] = []
    with _locked(data_dir, now_us):
        if restore_anchors(data_dir, backup, aside):
            message = "lines that were gone or damaged came from the backup"
            acts.append(RepairAct(code="anchors-restored", what=ANCHORS_NAME, message=message))
        for name in restore_segments(data_dir, backup, aside):
            message = "a whole copy came from the backup; a damaged one is in the quarantine"
            acts.append(RepairAct(code="segment-restored", what=name, message=message))
    return acts


def _has_more_ledger(data_dir: DataDir, backup: Path) -> bool:
    own, spare = salvage_journal(data_dir.journal_db).ledger, spare_ledger(backup)[0]
    return join_ledgers(own, spare, _anchors(data_dir).splitlines()).chain != own.chain


def _anchors(data_dir: DataDir) -> bytes:
    path = data_dir.anchors_dir / ANCHORS_NAME
    return path.read_bytes() if path.exists() else b""


def _codes(data_dir: DataDir, progress: ProgressSink) -> set[str]:
    if lost_journal(data_dir) is not None or not data_dir.journal_db.is_file():
        return {"journal-damaged"}
    return {found.code for found in verify(data_dir, quick=False, progress=progress).findings}


def _replace_journal(
    data_dir: DataDir, backup: Path | None, spare: Path | None, now_us: int, codes: set[str]
) -> RepairAct:
    aside = _aside(data_dir, now_us)
    with _locked(data_dir, now_us):
        salvage, anchors = salvage_journal(data_dir.journal_db), _anchors(data_dir)
        if spare is not None:
            ledger, volumes = spare_ledger(spare)
            joined = join_ledgers(salvage.ledger, ledger, anchors.splitlines())
            salvage = Salvage(_known_volumes(salvage.volumes, volumes), joined)
        fresh = data_dir.root / f"journal-{now_us}.new"
        packs = backup / "packs" if backup else None
        rebuilt = rebuild_journal(fresh, data_dir.root, salvage, packs, now_us, anchors=anchors)
        # The old one is moved only now that a whole new one is there and synced.
        swap_journal(data_dir, fresh, aside)
    return RepairAct(code="journal-rebuilt", what=str(aside), message=_tell(rebuilt, codes))


def _known_volumes(
    own: tuple[VolumeRow, ...], spare: tuple[VolumeRow, ...]
) -> tuple[VolumeRow, ...]:
    """The data dir under the name that its backup knows, and its own other drives."""
    primary = [row for row in (*spare, *own) if row.kind == "primary"][:1]
    return (*primary, *(row for row in own if row.kind != "primary"))


def _tell(rebuilt: Rebuilt, codes: set[str]) -> str:
    gaps = ", ".join(f"{first}..{last}" for first, last in rebuilt.gaps) or "none"
    return (
        f"{rebuilt.events} events and {rebuilt.blobs} blobs from the packs, gaps: {gaps}; "
        f"because of {', '.join(sorted(codes))}"
    )


def _restore_blobs(
    store: EvidenceStore, backup: Path | None, progress: ProgressSink
) -> list[RepairAct]:
    acts: list[RepairAct] = []
    damaged = _damaged_blobs(store, progress)
    told = _told_lost(store) if damaged else frozenset()
    spare = EvidenceStore.open_read_only(DataDir(backup)) if backup else None
    try:
        # Packs come first: with one of them all frames in it are there again.
        for digest in sorted(damaged, key=lambda digest: not _is_pack(store, digest)):
            if store.has_intact_newest_place(digest):
                continue
            acts.append(_restore_blob(store, spare, digest, told))
    finally:
        if spare is not None:
            spare.close()
    return acts


def _damaged_blobs(store: EvidenceStore, progress: ProgressSink) -> list[str]:
    found: list[str] = []
    at, total = 0, store.stats().blobs
    while page := store.blob_digests(at, limit_rows=PAGE_ROWS):
        found += [digest for _, digest in page if not store.has_intact_newest_place(digest)]
        at = page[-1][0]
        progress(Progress("blobs", at, total, "blobs"))
    return found


def _told_lost(store: EvidenceStore) -> frozenset[str]:
    """Blobs that an earlier repair told as lost, and none as restored since."""
    told: set[str] = set()
    seq = 0
    while page := store.ledger.entries(seq, limit_rows=PAGE_ROWS):
        seq = page[-1].seq
        for entry in page:
            if entry.act == LOST_ACT:
                told.add(entry.subject)
            elif entry.act == RESTORED_ACT:
                told.discard(entry.subject)
    return frozenset(told)


def _is_pack(store: EvidenceStore, digest: str) -> bool:
    found = store.find_blob(digest)
    return found is not None and found.media_type == TILES_MEDIA


def _restore_blob(
    store: EvidenceStore, spare: EvidenceStore | None, digest: str, told: frozenset[str]
) -> RepairAct:
    for source, name in ((store, "another place"), (spare, "the backup")):
        if source is None:
            continue
        try:
            data = source.read_original(digest)
        except KernelError:
            continue
        found = source.find_blob(digest)
        media_type = found.media_type if found else "application/octet-stream"
        kind = FrameKind.TILES if media_type == TILES_MEDIA else FrameKind.BLOB
        frame = Frame(kind, blake3.blake3(data).digest(), data, media_type)
        store.add_place(digest, frame)
        store.ledger.append(RESTORED_ACT, digest, {"from": name})
        return RepairAct(code="blob-restored", what=digest, message=f"copied from {name}")
    if digest not in told:
        store.ledger.append(LOST_ACT, digest)
    return RepairAct(
        code="blob-lost", what=digest, message="no intact copy was found; its events are kept"
    )
