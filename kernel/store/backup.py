"""Backup while the kernel runs; it is only ever added to, and verified.

A backup has the layout of a data dir and a manifest with the hash of every file. Making it
again into the same folder copies only what is new. Covers: the data dir's own packs, segments
on other drives that are mounted, the journal, the anchors, the last whole state beside a newer
one that is not. Does not cover: one segment (`kernel.store.backup_segment`), derived records,
which can be rebuilt.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store import sqlite
from kernel.store.backup_segment import SegmentReplacedError, keep_segment, missing_segment
from kernel.store.backup_target import check_target
from kernel.store.disk import OsDisk, make_durable_dir
from kernel.store.drives import (
    MARKER_NAME,
    VolumeMarker,
    is_mounted,
    mark_volume,
    packs_dir,
    read_marker,
)
from kernel.store.evidence import EvidenceStore
from kernel.store.failure import translated
from kernel.store.filecopy import copy_part, digest_file, sync_file
from kernel.store.journal import GONE_STATES, Journal, SegmentRow, VolumeRow
from kernel.store.journal_copy import copy_journal
from kernel.store.ledger import ANCHORS_NAME, ledger_head, parse_anchor
from kernel.store.manifest import (
    CARRIED_OVER,
    FORMAT_VERSION,
    MANIFEST_NAME,
    VOLUMES_NAME,
    WHOLE_NAME,
    BackedUpFile,
    Manifest,
    read_manifest,
    write_manifest,
)
from kernel.store.pack import segment_path
from kernel.store.readers import connect_reader
from kernel.store.report import Finding, Progress, ProgressSink, VerifyReport
from kernel.store.verify import ignore_progress, verify

JOURNAL_NAME = "journal.db"
ATTEMPTS_MAX = 5
"""Segments that the running kernel replaces meanwhile make a backup begin again."""


@dataclass(slots=True)
class _Copying:
    """The backup at work: what was there before, what is there now, how much was copied."""

    target: Path
    before: dict[str, BackedUpFile]
    files: list[BackedUpFile] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    copied_bytes: int = 0


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds now, and how much of it was copied this time.

    ``check`` is about the backup; ``source`` tells what of the data dir is damaged or gone
    though the backup has it (or had to do without it).
    """

    manifest: Manifest
    copied_bytes: int
    check: VerifyReport
    source: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether neither the backup nor what it was made from is damaged."""
        return self.check.ok and not self.source


def back_up(
    data_dir: DataDir, target: Path, *, now_us: int, progress: ProgressSink = ignore_progress
) -> BackupReport:
    """Bring the backup in ``target`` up to this moment; the kernel may run meanwhile.

    The state is the one of the journal's copy: later captures are not in it. Nothing that the
    backup holds intact is overwritten: damage of the data dir is told and does not reach it.
    The backup is fully verified; a state that is not whole keeps the last whole one beside it.
    Raises `KernelError`: ``no-data-dir``, ``folder-overlaps``, ``backup-damaged``,
    ``backup-foreign`` (the folder holds other evidence, nothing was written),
    ``backup-unsettled``, ``copy-damaged``, ``disk-full``.
    """
    with _readable_journal(data_dir):
        EvidenceStore.open_read_only(data_dir).close()
        identity = _identity_of(data_dir)
    manifest = read_manifest(target)
    with translated(target):
        check_target(data_dir, identity, target, manifest)
        make_durable_dir(target, OsDisk())
        for _ in range(ATTEMPTS_MAX):
            try:
                with _readable_journal(data_dir):
                    return _back_up_once(data_dir, target, manifest, now_us, progress)
            except SegmentReplacedError:
                continue
    raise KernelError(
        "backup-unsettled",
        f"segments of {data_dir.root} were replaced faster than they could be copied",
        hint="run: kernel backup again; what was copied stays",
    )


@contextlib.contextmanager
def _readable_journal(data_dir: DataDir) -> Iterator[None]:
    """Turn a journal that SQLite cannot read into an error with a next step."""
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise KernelError(
            "copy-damaged",
            f"{data_dir.journal_db} cannot be read ({error}); the backup is as it was",
            hint="run: kernel repair --from-backup FOLDER",
        ) from error


def _identity_of(data_dir: DataDir) -> str:
    live = connect_reader(data_dir.journal_db)
    try:
        return Journal(live).volumes()[0].identity
    finally:
        live.close()


def _back_up_once(
    data_dir: DataDir,
    target: Path,
    manifest: Manifest | None,
    now_us: int,
    progress: ProgressSink,
) -> BackupReport:
    live = connect_reader(data_dir.journal_db)
    try:
        copy_journal(live, target / f"{JOURNAL_NAME}.new")
    finally:
        live.close()
    known = (*manifest.files, *manifest.kept) if manifest else ()
    work = _Copying(target, {f.path: f for f in known})
    connection = sqlite.connect(target / f"{JOURNAL_NAME}.new", read_only=True)
    try:
        identity = Journal(connection).volumes()[0].identity
        _copy_segments(data_dir, Journal(connection), work, progress)
        summary = (*Journal(connection).head(), ledger_head(connection)[0])
    finally:
        connection.close()
    if manifest is not None:
        keep_last_whole(target, manifest)
    _copy_anchors(data_dir, work, summary[2])
    return _finish(work, identity, summary, now_us, progress)


def _copy_segments(
    data_dir: DataDir, journal: Journal, work: _Copying, progress: ProgressSink
) -> None:
    rows = [
        (volume, row)
        for volume in journal.volumes()
        for row in journal.segments(volume.volume_id)
        if row.state not in GONE_STATES
    ]
    total, done = sum(row.end_bytes for _, row in rows), 0
    for volume, row in rows:
        if is_mounted(data_dir.root, volume):
            _copy_segment(data_dir, volume, row, work)
        else:
            work.elsewhere.append(f"{volume.root}/{row.number}")
        done += row.end_bytes
        progress(Progress("backup", done, total, "bytes"))


def _copy_segment(data_dir: DataDir, volume: VolumeRow, row: SegmentRow, work: _Copying) -> None:
    source = segment_path(packs_dir(data_dir.root, volume), row.number)
    folder = "packs" if volume.kind == "primary" else f"{VOLUMES_NAME}/{volume.identity}/packs"
    name = f"{folder}/{source.name}"
    known = work.before.get(name)
    target = work.target / name
    try:
        kept = keep_segment(source, target, row, known.length_bytes if known else 0)
    except FileNotFoundError as error:
        if _was_replaced(data_dir, volume, row):
            # The kernel gave the segment up since the journal was copied; it is packed now.
            raise SegmentReplacedError from error
        kept = missing_segment(source, target)
    work.findings += kept.findings
    work.copied_bytes += kept.copied_bytes
    if target.exists():
        length = min(row.end_bytes, target.stat().st_size)
        work.files.append(
            BackedUpFile(path=name, length_bytes=length, digest=digest_file(target, length))
        )


def _was_replaced(data_dir: DataDir, volume: VolumeRow, row: SegmentRow) -> bool:
    live = connect_reader(data_dir.journal_db)
    try:
        now = Journal(live).segments(volume.volume_id)
    finally:
        live.close()
    return any(one.number == row.number and one.state in GONE_STATES for one in now)


def _copy_anchors(data_dir: DataDir, work: _Copying, ledger_seq: int) -> None:
    source = data_dir.anchors_dir / "anchors.log"
    if not source.exists():
        return
    target = work.target / "anchors" / source.name
    make_durable_dir(target.parent, OsDisk())
    lines = source.read_bytes().splitlines(keepends=True)
    # The kernel may have anchored on since the journal was copied, or be writing a line.
    kept = [line for line in lines if line.endswith(b"\n") and _is_within(line, ledger_seq)]
    whole = b"".join(kept)
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_bytes(whole)
    sync_file(fresh)
    fresh.replace(target)
    OsDisk().sync_dir(target.parent)
    name = f"anchors/{source.name}"
    work.files.append(BackedUpFile(path=name, length_bytes=len(whole), digest=digest_file(target)))


def _is_within(line: bytes, ledger_seq: int) -> bool:
    anchor = parse_anchor(line)
    return anchor is None or anchor.seq <= ledger_seq


def _relocate_volumes(journal: Path, work: _Copying) -> None:
    """Let the copied journal find the copied segments of other drives below its own folder."""
    copied = {name.path.split("/")[1] for name in work.files if name.path.startswith(VOLUMES_NAME)}
    connection = sqlite.connect(journal)
    try:
        connection.execute("PRAGMA journal_mode=DELETE")
        for volume in Journal(connection).volumes():
            if volume.identity not in copied:
                continue
            root = work.target / VOLUMES_NAME / volume.identity
            if read_marker(root) is None:
                mark_volume(root, VolumeMarker(volume.identity, volume.kind), OsDisk())
            marker = f"{VOLUMES_NAME}/{volume.identity}/{MARKER_NAME}"
            length = (work.target / marker).stat().st_size
            digest = digest_file(work.target / marker)
            work.files.append(BackedUpFile(path=marker, length_bytes=length, digest=digest))
            connection.execute(
                "UPDATE volume SET root = ? WHERE volume_id = ?",
                (f"{VOLUMES_NAME}/{volume.identity}", volume.volume_id),
            )
    finally:
        connection.close()


def _finish(
    work: _Copying,
    identity: str,
    summary: tuple[int, str, int],
    now_us: int,
    progress: ProgressSink,
) -> BackupReport:
    journal = work.target / JOURNAL_NAME
    _relocate_volumes(work.target / f"{JOURNAL_NAME}.new", work)
    (work.target / f"{JOURNAL_NAME}.new").replace(journal)
    OsDisk().sync_dir(work.target)
    work.files.append(
        BackedUpFile(
            path=JOURNAL_NAME, length_bytes=journal.stat().st_size, digest=digest_file(journal)
        )
    )
    check = verify(DataDir(work.target), quick=False, progress=progress)
    named = {file.path for file in work.files}
    damage = [f"{f.code} {f.where}" for f in check.findings if f.code not in CARRIED_OVER]
    kept = [file for path, file in work.before.items() if _is_segment(path) and path not in named]
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        identity=identity,
        created_at_us=now_us,
        events=summary[0],
        evidence_head=summary[1],
        ledger_entries=summary[2],
        files=tuple(work.files),
        elsewhere=tuple(work.elsewhere),
        kept=tuple(kept),
        damage=tuple(damage),
    )
    write_manifest(work.target, manifest)
    return BackupReport(manifest, work.copied_bytes, check, tuple(work.findings))


def _is_segment(path: str) -> bool:
    return path.endswith(".seg")


def keep_last_whole(target: Path, manifest: Manifest) -> None:
    """Lay the journal, anchors and manifest of a whole state where no later one replaces them.

    Does nothing for a state that is not whole, or whose journal was replaced by a backup that
    did not come to its end: then the last whole one lies there already. Raises `OSError`.
    """
    digests = {file.path: file.digest for file in manifest.files}
    journal = target / JOURNAL_NAME
    if manifest.damage or not journal.exists() or digest_file(journal) != digests[JOURNAL_NAME]:
        return
    whole = target / WHOLE_NAME
    for name in (JOURNAL_NAME, f"anchors/{ANCHORS_NAME}", MANIFEST_NAME):
        source, copy = target / name, whole / name
        if not source.exists():
            continue
        make_durable_dir(copy.parent, OsDisk())
        copy_part(source, copy, source.stat().st_size).replace(copy)
        OsDisk().sync_dir(copy.parent)
