"""No code writes into evidence that is there: each act that could is named here, with its file."""

from __future__ import annotations

import pytest

from tests.architecture.overwriting import overwriting_acts
from tests.architecture.tree import review

ALLOWED = {
    (
        "kernel/boot/scratch.py",
        "make_scratch",
    ): "copies of plugin files in a folder made for a moment",
    ("kernel/cli/plugin_new.py", "new"): "a new plugin, in a folder that was not there",
    ("kernel/config/approvals.py", "_keep_copy"): "a copy of a plugin, under a name for a moment",
    ("kernel/observe/bundle.py", "write_bundle"): "a bundle, through a file that was opened as new",
    ("kernel/query/export.py", "export"): "an export, in a folder that was empty",
    ("kernel/query/export.py", "_export_frame"): "an export, in a folder that was empty",
    (
        "kernel/scheduling/allowance.py",
        "write_allowance",
    ): "a number for a day, under a name for a moment",
    ("kernel/scheduling/cgroup.py", "add"): "a control group of the system",
    ("kernel/scheduling/cgroup.py", "open_host_group"): "a control group of the system",
    ("kernel/soak/driver.py", "_put"): "pictures that a soak run makes",
    ("kernel/soak/folder.py", "take_in_hand"): "a note of a soak run",
    ("kernel/soak/folder.py", "let_go"): "a note of a soak run",
    ("kernel/soak/folder.py", "mend_tails"): "the half line at the end of a soak run's file",
    ("kernel/soak/leaky.py", "make_leaky_plugin"): "a plugin that a soak run makes",
    ("kernel/soak/leaky.py", "_copy"): "a plugin that a soak run makes",
    ("kernel/soak/opening.py", "settle_hand"): "a sidecar that a soak run makes",
    ("kernel/soak/person.py", "tick"): "a file of a soak run",
    (
        "kernel/store/backup.py",
        "_copy_anchors",
    ): "anchors under a name for a moment; all of them are copied",
    (
        "kernel/store/filecopy.py",
        "bring_up",
    ): "behind the whole frames of a backup's copy, or of a part",
    (
        "kernel/store/journal_copy.py",
        "copy_journal",
    ): "a copy that no journal is yet: `.new`, or a fresh name",
    ("kernel/store/lock.py", "held_for_a_moment"): "the lock; nothing is written",
    ("kernel/store/lock.py", "_take_file"): "the lock; the text in it tells who holds it",
    (
        "kernel/store/manifest.py",
        "write_manifest",
    ): "the manifest of a backup, under a name for a moment",
    (
        "kernel/store/repair_backup.py",
        "restore_anchors",
    ): "anchors joined, under a name for a moment",
    ("kernel/store/reserve.py", "set_aside"): "room that holds nothing",
    ("kernel/store/reserve.py", "give_up"): "room that holds nothing",
    (
        "kernel/supervision/address.py",
        "write_note",
    ): "where the kernel listens, under a name for a moment",
    ("kernel/supervision/records.py", "_write"): "a record of a running host",
    ("plugin_host/sandbox/namespaces.py", "enter_user_namespace"): "files of the system",
    ("plugin_host/sandbox/rlimits.py", "be_polite"): "a file of the system",
    ("plugin_host/sandbox/seccomp.py", "_judge_opens"): "the filter that refuses it",
    ("plugin_host/sandbox/self_test.py", "act"): "a file of the self-test",
    ("plugins/grab_mss/shots.py", "write_shot"): "a shot, under a name for a moment",
}
"""(file, function): what is written there."""


def test_no_statement_writes_over_evidence() -> None:
    """In all packages; whoever adds one says here what it writes."""
    found, gone = review(overwriting_acts, ALLOWED)
    assert not found, "\n".join(found)
    assert not gone, f"these do no such thing any more: {gone}"


@pytest.mark.parametrize(
    "source",
    [
        "open(p, 'wb')",
        "open(p, mode='w')",
        "open(p, mode)",
        "io.open(p, 'w')",
        "p.open('wb')",
        "p.open('r+b')",
        "p.open(mode='w')",
        "p.write_bytes(b'')",
        "p.write_text('')",
        "os.open(p, os.O_WRONLY | os.O_CREAT)",
        "os.open(p, os.O_RDWR)",
        "flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC",
        "from os import O_TRUNC; o = O_TRUNC",
        "shutil.copyfile(a, b)",
        "shutil.copy(a, b)",
        "shutil.copy2(a, b)",
        "zipfile.ZipFile(p, 'w')",
    ],
)
def test_each_way_to_write_over_a_file_is_found(source: str) -> None:
    assert [function for function, _ in overwriting_acts(f"def f():\n    {source}")] == ["f"]


@pytest.mark.parametrize(
    "source",
    [
        "open(p)",
        "open(p, 'rb')",
        "p.open('x')",
        "p.open('ab')",
        "Store.open(data_dir)",
        "Image.open(path)",
        "os.open(p, os.O_RDONLY | os.O_CLOEXEC)",
        "os.open(p, os.O_WRONLY | os.O_CREAT | os.O_EXCL)",
        "os.open(p, os.O_WRONLY | os.O_APPEND)",
        "copy.copy(x)",
        "out.write('text')",
    ],
)
def test_what_writes_over_nothing_is_let_be(source: str) -> None:
    assert overwriting_acts(source) == []
