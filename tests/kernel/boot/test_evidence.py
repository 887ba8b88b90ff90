"""Whoever writes evidence goes by the settings of its data dir."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.boot.evidence import open_evidence
from kernel.boot.sinks import open_sink
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import CONFIG_FILE_NAME
from kernel.store.evidence import EvidenceStore
from tests.kernel.store.captures import draft

FULL = 1 << 60


def configure(data_dir: DataDir, text: str) -> None:
    data_dir.root.mkdir()
    (data_dir.root / CONFIG_FILE_NAME).write_text(f"[disk]\n{text}\n", encoding="utf-8")


def test_a_command_that_writes_by_itself_sends_new_evidence_to_the_spool_when_it_is_red(
    tmp_path: Path,
) -> None:
    data_dir, spool_dir = DataDir(tmp_path / "data"), tmp_path / "second drive"
    spool_dir.mkdir()
    configure(
        data_dir,
        f"yellow_free_bytes = {FULL}\nred_free_bytes = {FULL}\nblack_free_bytes = 0\n"
        f'spool_dir = "{spool_dir}"',
    )
    with open_sink(data_dir) as sink:
        (taken,) = sink.submit([draft(b"pixels" * 100)])
    assert not isinstance(taken, KernelError)
    assert [b"pixels" in path.read_bytes() for path in spool_dir.rglob("*.seg")] == [True]
    with EvidenceStore.open_read_only(data_dir) as store:
        assert store.read_blob(taken.event.blob) == b"pixels" * 100


def test_black_refuses_whoever_writes(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    configure(
        data_dir,
        f"yellow_free_bytes = {FULL}\nred_free_bytes = {FULL}\nblack_free_bytes = {FULL}",
    )
    with open_sink(data_dir) as sink:
        (refused,) = sink.submit([draft(b"pixels")])
    assert isinstance(refused, KernelError)
    assert refused.code == "disk-full"
    with open_evidence(data_dir) as store, pytest.raises(KernelError):
        store.append([draft(b"pixels")])
