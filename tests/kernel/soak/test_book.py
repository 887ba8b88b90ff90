"""The book of frames, and the same book read back after an interruption."""

from __future__ import annotations

import json
from pathlib import Path

from kernel.soak.book import Book, describe_frame, read_book
from kernel.soak.facts import make_fact

FACT = make_fact(1, 1, "table")
BOX = (1, 2, 30, 4)


def test_frames_that_left_the_inbox_are_acknowledged() -> None:
    book = Book()
    for frame_id in ("f1", "f2"):
        book.add(frame_id, 1, "d", {})
        book.handed_over(frame_id)
    assert (book.pending(), book.acknowledged()) == (2, 0)
    book.note_inbox({"f2"})
    assert book.pending_ids() == ["f2"]
    assert book.acknowledged() == 1
    assert len(book.take_acks_ms()) == 1
    assert book.take_acks_ms() == []


def test_a_book_read_back_says_the_same(tmp_path: Path) -> None:
    file, book = tmp_path / "produced.jsonl", Book()
    facts = {FACT.fact_id: (FACT, BOX)}
    book.add("f1", 10, "x", facts)
    first = describe_frame("f1", 10, 0, b"bytes", facts)
    second = describe_frame("f2", 20, 0, b"bytes", {}) | {"same_as": "f1"}
    file.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n{json.dumps(second)[:40]}")
    again = read_book(file)
    assert again.count() == 2
    assert again.facts == book.facts
    assert again.box_of("f2", FACT.fact_id) == BOX
    assert again.facts_on("f2") == (FACT.fact_id,)
    assert again.box_of("f3", FACT.fact_id) is None
    assert again.digests["f1"] == again.digests["f2"]
    assert read_book(tmp_path / "none.jsonl").count() == 0


def test_a_frame_that_was_never_handed_over_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "produced.jsonl"
    facts = {FACT.fact_id: (FACT, BOX)}
    lines = [
        describe_frame("f1", 10, 0, b"one", {}),
        describe_frame("f2", 20, 0, b"two", facts),
        {"frame_id": "f2", "at_us": 30, "in_hand": True},
    ]
    shown_again = describe_frame("f3", 40, 0, b"three", facts)
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    book = read_book(file)
    assert list(book.digests) == ["f1"]
    assert book.planted() == []
    assert book.acknowledged() == 1
    with file.open("a") as more:
        more.write(f'{{"frame_id": "f\n{json.dumps(shown_again)}\n')
    book = read_book(file)
    assert list(book.digests) == ["f1", "f3"]
    assert [planted.frame_id for planted in book.planted()] == ["f3"]
