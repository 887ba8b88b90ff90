"""No code ends or rewrites evidence: each act that could is named here, with what it is about."""

from __future__ import annotations

import pytest

from tests.architecture.destruction import EVIDENCE_TABLES, destructive_acts
from tests.architecture.tree import review

ALLOWED = {
    ("kernel/boot/rebuildable.py", "open_or_set_aside"): "what can be made again is laid aside",
    (
        "kernel/capture/keeping.py",
        "move_aside",
    ): "a file of the inbox into its done folder or the quarantine",
    ("kernel/config/approvals.py", "_keep_copy"): "copies of plugins",
    ("kernel/config/approvals.py", "write_atomically"): "the file of approvals",
    ("kernel/query/crops.py", "save_crop"): "a picture that a person asked for",
    ("kernel/scheduling/allowance.py", "write_allowance"): "a number for a day",
    ("kernel/soak/diskfill.py", "remove"): "ballast of a soak run",
    ("kernel/soak/driver.py", "_clean"): "pictures that a soak run made",
    ("kernel/soak/driver.py", "_put"): "pictures that a soak run made",
    ("kernel/soak/opening.py", "_note_reboot"): "a note of a soak run",
    ("kernel/soak/person.py", "tick"): "a file of a soak run",
    (
        "kernel/store/archive.py",
        "_give_up_source",
    ): "after its verified copy is committed elsewhere",
    (
        "kernel/store/backup.py",
        "_copy_anchors",
    ): "the backup's anchors; those of the last whole state are kept",
    (
        "kernel/store/backup.py",
        "_finish",
    ): "the backup's journal; that of the last whole state is kept",
    (
        "kernel/store/backup.py",
        "_relocate_volumes",
    ): "where the copied journal finds the copied drives",
    ("kernel/store/backup.py", "keep_last_whole"): "a whole state by a later whole one",
    (
        "kernel/store/backup_segment.py",
        "_keep_better",
    ): "a damaged copy is laid aside under a free name",
    ("kernel/store/disk.py", "truncate"): "the seam for what was never acknowledged",
    ("kernel/store/drain.py", "_seal"): "a spool segment that is all home, into drained/",
    ("kernel/store/filecopy.py", "copy_part"): "a copy that failed, under a name of its own",
    ("kernel/store/filecopy.py", "take_free_name"): "the other name of a copy; an empty claim",
    ("kernel/store/journal.py", "seal_segment"): "a state, with a ledger entry; no evidence",
    ("kernel/store/journal_swap.py", "_take_place"): "the old journal into the quarantine",
    ("kernel/store/journal_swap.py", "swap_journal"): "a new journal that nobody used",
    ("kernel/store/ledger.py", "_append_line"): "a line of anchors that was cut short",
    ("kernel/store/lock.py", "_name_holder"): "the text of the lock",
    ("kernel/store/manifest.py", "write_manifest"): "the manifest of a backup",
    ("kernel/store/pack.py", "_cut"): "frames that were never acknowledged",
    ("kernel/store/reclaim.py", "_give_up"): "after its proved packed form is committed",
    ("kernel/store/repair_backup.py", "_take_place"): "what had the name lies in the quarantine",
    ("kernel/store/reserve.py", "give_up"): "room that holds nothing",
    ("kernel/store/reserve.py", "set_aside"): "room that holds nothing",
    ("kernel/store/restore.py", "_lay_aside"): "a restore that failed, under a free name",
    ("kernel/store/restore.py", "restore"): "an empty folder makes room for the whole one",
    ("kernel/store/stage_results.py", "point"): "rows of derived.db, which can be made again",
    ("kernel/supervision/address.py", "write_note"): "where the kernel listens",
    ("kernel/supervision/inprocess.py", "release"): "a host's scratch folder",
    ("kernel/supervision/probe.py", "probe_sandbox"): "a folder for a moment",
    ("kernel/supervision/process.py", "finish"): "a host's scratch folder",
    ("kernel/supervision/process.py", "release"): "a host's scratch folder",
    ("kernel/supervision/process.py", "spawn"): "a host's scratch folder",
    ("kernel/supervision/reaper.py", "_clean_up"): "what a dead host left",
    ("kernel/supervision/reaper.py", "_forget"): "what a dead host left",
    ("kernel/supervision/records.py", "_write"): "a record of a running host",
    ("kernel/supervision/records.py", "remove_host_record"): "a record of a running host",
    (
        "kernel/supervision/run_remains.py",
        "_remove_known",
    ): "what a dead kernel left in its run folder",
    (
        "kernel/supervision/run_remains.py",
        "clear_run_dir",
    ): "what a dead kernel left in its run folder",
    (
        "kernel/supervision/run_remains.py",
        "leave_run_dir",
    ): "what a kernel that ends has in its run folder",
    ("plugin_host/sandbox/self_test.py", "act"): "a file of the self-test",
    ("plugin_host/sandbox/self_test.py", "try_run_from"): "a file of the self-test",
    ("plugins/grab_mss/shots.py", "write_shot"): "a shot takes its name in the inbox",
    ("plugins/ocr_tesseract/program.py", "_call"): "a picture for a moment",
}
"""(file, function): what of it is removed, renamed or rewritten."""


def test_no_statement_deletes_evidence() -> None:
    """In all packages; whoever adds one says here what it is about."""
    found, gone = review(destructive_acts, ALLOWED)
    assert not found, "\n".join(found)
    assert not gone, f"these do no such thing any more: {gone}"


@pytest.mark.parametrize("table", EVIDENCE_TABLES)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET x = 1", "REPLACE INTO {}"])
def test_sql_on_any_table_of_evidence_is_found(table: str, act: str) -> None:
    source = f"def f(c):\n    c.execute({act.format(table)!r})\n"
    assert [function for function, _ in destructive_acts(source)] == ["f"]


@pytest.mark.parametrize(
    "source",
    [
        "c.execute('DROP TRIGGER event_no_delete')",
        "c.execute(f'DELETE FROM {name} WHERE 1')",
        "c.execute('drop table if exists ledger')",
        "os.truncate(p, 0)",
        "os.rename(a, b)",
        "os.replace(a, b)",
        "os.remove(a)",
        "p.replace(q)",
        "p.rename(q)",
        "p.unlink()",
        "shutil.rmtree(p)",
        "shutil.move(a, b)",
        "from os import remove\nremove(p)",
        "from os import unlink as u\nu(p)",
        "from shutil import move\nmove(p, q)",
    ],
)
def test_each_way_to_end_a_file_or_row_is_found(source: str) -> None:
    assert len(destructive_acts(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "'a'.replace('b', 'c')",
        "dataclasses.replace(x, y=1)",
        "when.replace(tzinfo=None)",
        "names.remove(1)",
        "c.execute('DELETE FROM lines WHERE text_id = 1')",
        "c.execute('UPDATE results SET a = 1')",
    ],
)
def test_what_ends_nothing_is_let_be(source: str) -> None:
    assert destructive_acts(source) == []
