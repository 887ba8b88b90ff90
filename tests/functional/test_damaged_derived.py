"""Damaged derived data through the real commands: never cited, told, and made again."""

from __future__ import annotations

import zlib
from pathlib import Path

import apsw

from tests.functional.rig import Rig, make_rig

QUESTION = "What is the total of the invoice?"
WHEN = 'When was "due on Friday" on the screen?'
TEXT = "The total of the invoice is 412.50 EUR and it is due on Friday"


def read(tmp_path: Path) -> Rig:
    rig = make_rig(tmp_path)
    rig.ingest(rig.write("a.png", TEXT))
    rig.json("process")
    assert "412.50" in rig.json("query", QUESTION)["answer"]
    return rig


def database(rig: Rig) -> apsw.Connection:
    return apsw.Connection(str(rig.data_dir / "derived.db"))


def rewrite(rig: Rig) -> None:
    """Another total, in a record that reads well."""
    store = database(rig)
    rows = store.execute("SELECT result_id, record FROM results WHERE codec=1").fetchall()
    for result_id, record in rows:
        plain = zlib.decompress(bytes(record))  # type: ignore[arg-type]
        assert b"412.50" in plain
        forged = zlib.compress(plain.replace(b"412.50", b"712.50"))
        store.execute("UPDATE results SET record=? WHERE result_id=?", (forged, result_id))
    store.close()


def test_text_that_was_rewritten_is_not_cited_and_is_read_again(tmp_path: Path) -> None:
    rig = read(tmp_path)
    rewrite(rig)
    answer = rig.json("query", QUESTION, expect=3)
    assert answer["claims"] == []
    assert any("derived-damaged" in note for note in answer["notes"])
    checked = rig.json("verify")
    assert checked["ok"]
    assert any("1 results cannot be read" in note for note in checked["notes"])
    assert rig.json("process")["processed"] == 1
    assert "412.50" in rig.json("query", QUESTION)["answer"]
    assert rig.json("verify")["notes"] == []


def test_a_running_kernel_reads_it_again_when_asked(tmp_path: Path) -> None:
    rig = read(tmp_path)
    with rig.kernel():
        rewrite(rig)
        rig.json("query", QUESTION, expect=3)
        assert rig.json("process")["processed"] == 1
        assert "412.50" in rig.json("query", QUESTION)["answer"]


def test_an_interval_that_was_moved_is_told_and_made_again(tmp_path: Path) -> None:
    rig = read(tmp_path)
    store = database(rig)
    store.execute("UPDATE intervals SET first_us=first_us-7")
    store.close()
    refused = rig.json("query", WHEN, expect=1)
    assert refused["error"]["code"] == "derived-damaged"
    assert "kernel process" in refused["error"]["hint"]
    rig.json("process")
    assert rig.json("query", WHEN)["claims"]


def test_overwritten_pages_are_told_by_every_command_and_made_again(tmp_path: Path) -> None:
    rig = read(tmp_path)
    store = database(rig)
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = int(str(store.execute("PRAGMA page_size").get))
    store.close()
    path = rig.data_dir / "derived.db"
    data = bytearray(path.read_bytes())
    data[size:] = b"\xa5" * (len(data) - size)
    path.write_bytes(bytes(data))
    for arguments in (("query", QUESTION), ("replay", "--stage", "text", "--dry-run")):
        refused = rig.json(*arguments, expect=1)
        assert refused["error"]["code"] == "derived-damaged", arguments
    status = rig.json("status", expect=1)
    assert any("derived" in problem for problem in status["problems"])
    assert rig.json("verify")["ok"]
    rig.json("process")
    assert "412.50" in rig.json("query", QUESTION)["answer"]
