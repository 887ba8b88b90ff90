"""A journal that went is told as what it is, everywhere, with the step that brings it back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.cli.main import main
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.observe.check_data import check_databases
from kernel.observe.status import read_status
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.lost_journal import lost_journal
from kernel.store.repair import repair
from kernel.store.verify import verify
from tests.kernel.store.captures import draft

WRITER = """
import sys
from pathlib import Path
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
store = EvidenceStore.open(DataDir(Path(sys.argv[1])))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        store.append([draft(b"pixels")])
    DerivedStore.open(data_dir).close()
    return data_dir


def delete(place: DataDir) -> None:
    place.journal_db.unlink()


def empty(place: DataDir) -> None:
    place.journal_db.write_bytes(b"")


def put_pipe(place: DataDir) -> None:
    place.journal_db.unlink()
    os.mkfifo(place.journal_db)


@pytest.mark.parametrize("harm", [delete, empty, put_pipe])
def test_whoever_looks_says_that_it_is_lost_and_names_the_repair(
    place: DataDir, harm: Callable[[DataDir], None], capsys: pytest.CaptureFixture[str]
) -> None:
    harm(place)
    document = read_status(place)
    assert not document["healthy"]
    (problem,) = document["problems"]
    assert str(place.journal_db) in problem
    assert ["kernel repair" in remedy for remedy in document["remedies"]] == [True]
    (check, *_) = check_databases(place)
    assert (check.state, check.saw) == ("fail", problem)
    for act in (
        lambda: verify(place, quick=True),
        lambda: EvidenceStore.open(place),
        lambda: EvidenceStore.open_read_only(place),
    ):
        with pytest.raises(KernelError) as told:
            act()
        assert told.value.code == "journal-missing"
    for command in (["query", "what was it?"], ["process", "--until-drained"], ["verify"]):
        assert main([*command, "--data-dir", str(place.root)]) == 1
        assert "journal-missing" in capsys.readouterr().err
    if harm is put_pipe:
        place.journal_db.rename(place.root / "aside")
    repair(place)
    assert read_status(place)["evidence"]["events"] == 1


def test_packs_that_are_gone_too_are_told_and_nothing_is_begun_anew(place: DataDir) -> None:
    place.journal_db.unlink()
    shutil.rmtree(place.packs_dir)
    (problem,) = read_status(place)["problems"]
    assert "packs are gone too" in problem
    with pytest.raises(KernelError, match="packs are gone too"):
        EvidenceStore.open(place)
    assert not place.journal_db.exists()


def test_a_place_where_nothing_was_stored_lost_nothing(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "none")
    assert lost_journal(place) is None
    EvidenceStore.open(place).close()
    assert lost_journal(place) is None


def test_while_a_kernel_has_the_deleted_file_open_nobody_advises_to_stop_it_first(
    place: DataDir,
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        size = place.journal_db.stat().st_size
        place.journal_db.unlink()
        lost = lost_journal(place)
        assert lost is not None
        assert f"process {writer.pid} runs on" in lost.message
        assert lost.hint is not None
        assert lost.hint.startswith(f"do not stop process {writer.pid} before")
        copy = lost.hint.split(": ", 1)[1].split(" ; ", 1)[0].split()
        assert copy[0] == "cp"
        shutil.copy(copy[1], copy[2])
        assert Path(copy[2]).stat().st_size == size
    finally:
        writer.communicate()
    lost = lost_journal(place)
    assert lost is not None
    assert lost.hint == "run: kernel repair"
