"""Status reads the stores as they are; it makes nothing and believes nothing it cannot see."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from kernel.config.paths import DataDir
from kernel.observe.doctor import run_checks
from kernel.observe.status import read_status
from kernel.store.derived import DerivedStore
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.store.schema import VERSION


def store_one(place: DataDir) -> None:
    with EvidenceStore.open(place) as store:
        store.append(
            [
                CaptureDraft(
                    captured_at_us=5,
                    tz_name="UTC",
                    tz_offset_s=0,
                    monotonic_ns=0,
                    source="test",
                    media_type="image/png",
                    data=b"pixels",
                )
            ]
        )


def test_nothing_is_there_and_nothing_is_made(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "none")
    document = read_status(place)
    assert (document["verdict"], document["running"]) == ("stopped", False)
    assert document["evidence"]["events"] == 0
    assert not place.root.exists()


def test_evidence_and_coverage_are_counted(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    store_one(place)
    document = read_status(place)
    assert (document["evidence"]["events"], document["evidence"]["blobs"]) == (1, 1)
    assert document["evidence"]["last_event"]["captured_at_us"] == 5
    assert document["coverage"] == {"events": 1, "processed": 0}


def test_data_of_a_newer_program_is_no_damage_and_asks_for_that_program(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    store_one(place)
    connection = apsw.Connection(str(place.journal_db))
    connection.pragma("user_version", VERSION + 1)
    connection.close()
    document = read_status(place)
    (problem,) = document["problems"]
    assert f"schema {VERSION + 1}" in problem
    assert document["remedies"] == [
        "install the newer version of the program that wrote this data dir"
    ]


def test_writer_that_is_no_kernel_is_told_apart(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    with EvidenceStore.open(place):
        document = read_status(place)
    assert document["running"]
    assert not document["healthy"]
    assert "no control socket" in document["reason"]


def test_damaged_evidence_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    store_one(place)
    place.journal_db.write_bytes(b"no database" * 1000)
    document = read_status(place)
    assert (document["verdict"], document["healthy"]) == ("degraded", False)
    assert "evidence cannot be read" in document["reason"]
    assert "no kernel runs" in document["reason"]
    assert document["remedies"] == ["stop the kernel, then: kernel verify, kernel repair"]


@pytest.mark.parametrize("name", ["derived.db", "journal.db"])
def test_damage_that_no_count_meets_is_told_all_the_same(tmp_path: Path, name: str) -> None:
    place = DataDir(tmp_path)
    store_one(place)
    with DerivedStore.open(place):
        pass
    assert read_status(place)["problems"] == []
    path = tmp_path / name
    page_bytes = 4096
    data = bytearray(path.read_bytes())
    assert len(data) > 22 * page_bytes
    data[20 * page_bytes :] = b"\xa5" * (len(data) - 20 * page_bytes)
    path.write_bytes(data)
    document = read_status(place)
    assert not document["healthy"]
    assert document["verdict"] == "degraded"
    assert document["remedies"]


def test_doctor_and_status_agree_on_damaged_evidence(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    store_one(place)
    place.journal_db.write_bytes(b"no database" * 1000)
    found = {check.name: check for check in run_checks(place)}
    assert found["kernel"].state == found["database journal.db"].state == "fail"
    assert "kernel status" not in found["kernel"].remedy
    assert "kernel verify" in found["kernel"].remedy
