"""No claim is shown unless what it cites is stored, there, and says so."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.answer import Citation, Claim
from contracts.text import TextLine, TextPage, Word
from kernel.cli.answer_text import format_answer
from kernel.query.answering import Limits, ask, name_of_zone
from kernel.query.citing import verify_claim
from kernel.query.layout import PageLayout
from kernel.query.question import analyse
from kernel.query.ranking import rank
from kernel.query.stores import NothingProcessed
from kernel.store.sqlite import connect
from tests.kernel.query.memory import (
    LOCKS,
    Memory,
    key_of,
    page_names,
    questions,
    text_page,
)
from tests.kernel.query.week import Desk, at

QUESTION = "Who is INC0048213 assigned to?"
TEXTS = sorted({q["question"] for q in (*questions("questions_extra.json"),)})


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    made = Memory.open(tmp_path)
    made.take_in("06_ticket")
    yield made
    made.close()


def the_claim(memory: Memory) -> Claim:
    return memory.ask(QUESTION).claims[0]


def changed(claim: Claim, **fields: object) -> Claim:
    citation = msgspec.structs.replace(claim.citations[0], **fields)
    return msgspec.structs.replace(claim, citations=(citation,))


def test_a_true_claim_verifies(memory: Memory) -> None:
    assert verify_claim(the_claim(memory), memory.evidence, memory.derived) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": "ev-" + "0" * 32},
        {"blob": "0" * 64},
        {"captured_at_us": 5},
        {"text": "Oskar Lundqvist"},
        {"text_start": 3, "text_end": 3},
        {"text_end": 400},
        {"box": (0, 0, 10, 10)},
        {"extractor_version": "9.9.9"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_forged_citation_does_not(memory: Memory, fields: dict[str, object]) -> None:
    forged = changed(the_claim(memory), **fields)
    assert verify_claim(forged, memory.evidence, memory.derived) is not None


def test_a_claim_whose_pixels_are_damaged_is_dropped_and_said_so(memory: Memory) -> None:
    segments = sorted(p for p in memory.data_dir.packs_dir.rglob("*") if p.is_file())
    data = bytearray(segments[0].read_bytes())
    data[len(data) // 2] ^= 0xFF
    segments[0].write_bytes(bytes(data))
    answer = memory.ask(QUESTION)
    assert answer.claims == ()
    assert answer.state == "no_evidence"
    assert answer.provenance.claims_dropped >= 1


def test_a_dropped_claim_makes_what_is_left_partial(memory: Memory) -> None:
    class Forgetful:
        """Evidence that has lost its newest event."""

        def __init__(self) -> None:
            self.lost = memory.take_in("01_mail")

        def __getattr__(self, name: str) -> object:
            return getattr(memory.evidence, name)

        def find_event(self, event_id: str) -> object:
            return None if event_id == self.lost else memory.evidence.find_event(event_id)

    forgetful = Forgetful()
    found = ask(forgetful, memory.derived, "INC0048213", locks=LOCKS)  # type: ignore[arg-type]
    assert found.claims
    assert found.provenance.claims_dropped >= 1
    assert found.state == "partial"


def test_captures_that_are_not_read_yet_make_an_answer_partial(memory: Memory) -> None:
    assert memory.ask(QUESTION).state == "ok"
    memory.capture(b"not read yet", "later")
    answer = memory.ask(QUESTION)
    assert answer.state == "partial"
    assert (answer.coverage.processed, answer.coverage.events) == (1, 2)


def test_two_events_of_one_blob_both_count_as_read(memory: Memory) -> None:
    memory.take_in("06_ticket")
    answer = memory.ask(QUESTION)
    assert (answer.coverage.processed, answer.coverage.events) == (2, 2)
    events = memory.evidence.events_of_blob(text_page("06_ticket").blob)
    assert answer.claims[0].citations[0].event_id == events[-1].event_id


def test_nothing_processed_is_no_evidence(memory: Memory) -> None:
    answer = ask(memory.evidence, NothingProcessed(), QUESTION, locks=LOCKS)
    assert answer.state == "no_evidence"
    assert answer.coverage.processed == 0


def test_the_time_of_a_citation_has_the_offset_of_its_capture(memory: Memory) -> None:
    assert the_claim(memory).citations[0].captured_at == "2025-10-09T10:53:20+01:00"


def test_of_equal_answers_the_newest_is_cited_first(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.take_in("12_multiwin")
    newest = memory.take_in("05_terminal")
    answer = memory.ask("What is the use of the filesystem mounted on /var/lib/postgresql?")
    assert answer.claims[0].citations[0].event_id == newest
    assert len({c.blob for c in answer.claims[0].citations}) == 2
    memory.close()


def test_the_same_question_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    for name in page_names():
        memory.take_in(name)
    for text in TEXTS[::9]:
        first, second = memory.ask(text), memory.ask(text)
        assert msgspec.json.encode(first) == msgspec.json.encode(second)
    memory.close()


def test_words_without_a_question_find_lines_newest_and_best_first(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    for name in page_names():
        memory.take_in(name)
    answer = memory.ask("Helen Okafor")
    assert 1 < len(answer.claims) <= Limits().claims_max
    assert all("Okafor" in claim.text for claim in answer.claims)
    memory.close()


def _glued(line: TextLine, at: int) -> TextLine:
    """The line with the blank after its word ``at`` lost, as engines lose it."""
    first, second = line.words[at], line.words[at + 1]
    joined = Word(
        text=first.text + second.text,
        box=(first.box[0], first.box[1], second.box[2], second.box[3]),
        confidence_permille=first.confidence_permille,
        start=first.start,
        end=first.start + len(first.text) + len(second.text),
    )
    lost = second.start - first.end
    moved = [
        msgspec.structs.replace(w, start=w.start - lost, end=w.end - lost)
        for w in line.words[at + 2 :]
    ]
    text = line.text[: first.end] + line.text[second.start :]
    words = (*line.words[:at], joined, *moved)
    return msgspec.structs.replace(line, text=text, words=words)


def _without(line: TextLine, at: int) -> TextLine:
    """The line with its word ``at`` unread."""
    gone = line.words[at]
    text = line.text[: gone.start] + " " * (gone.end - gone.start) + line.text[gone.end :]
    return msgspec.structs.replace(line, text=text, words=(*line.words[:at], *line.words[at + 1 :]))


@st.composite
def jittered(draw: st.DrawFn) -> TextPage:
    page = text_page(draw(st.sampled_from(page_names())))
    lines = list(page.lines)
    for _ in range(draw(st.integers(1, 12))):
        index = draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        kind = draw(st.sampled_from(["glue", "lose word", "lose line", "shift"]))
        if kind == "lose line" and len(lines) > 1:
            lines.pop(index)
        elif kind == "shift":
            dx = draw(st.integers(-3, 3))
            words = tuple(
                msgspec.structs.replace(
                    w, box=(max(0, w.box[0] + dx), w.box[1], max(1, w.box[2] + dx), w.box[3])
                )
                for w in line.words
            )
            lines[index] = msgspec.structs.replace(line, words=words)
        elif len(line.words) > 1:
            at = draw(st.integers(0, len(line.words) - 2))
            lines[index] = _glued(line, at) if kind == "glue" else _without(line, at)
    return msgspec.structs.replace(page, lines=tuple(lines))


@given(page=jittered(), text=st.sampled_from(TEXTS))
def test_badly_read_pages_never_give_a_citation_that_does_not_resolve(
    page: TextPage, text: str
) -> None:
    for scored in rank(PageLayout(page), analyse(text)):
        candidate = scored.candidate
        assert candidate.answer
        for part in (*candidate.answer, *candidate.support):
            line = page.lines[part.line]
            assert 0 <= part.start < part.end <= len(line.text)
            assert line.text[part.start : part.end].strip()


NEGATIVE = sorted(q["question"] for q in questions("questions_extra.json") if q["page"] is None)


@given(page=jittered(), text=st.sampled_from(NEGATIVE))
def test_badly_read_pages_never_answer_what_is_nowhere(page: TextPage, text: str) -> None:
    said = rank(PageLayout(page), analyse(text))[:1]
    assert [s.candidate.text for s in said] == []


@given(text=st.text(max_size=120))
def test_any_text_is_a_question_that_can_be_analysed_and_asked(text: str) -> None:
    rank(PageLayout(text_page("05_terminal")), analyse(text))


def test_citations_of_all_our_questions_resolve(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    for name in page_names():
        memory.take_in(name)
    for text in TEXTS[::4]:
        for claim in memory.ask(text).claims:
            for citation in claim.citations:
                assert_resolves(memory, citation)
    memory.close()


def assert_resolves(memory: Memory, citation: Citation) -> None:
    stored = memory.derived.page_of(citation.blob)
    assert stored is not None
    key, page = stored
    assert key == key_of(page)
    lines = [line for line in page.lines if line.text == citation.text]
    inside = [
        word
        for line in lines
        for word in line.words
        if word.start < citation.text_end and word.end > citation.text_start
    ]
    assert inside
    x0, y0, x1, y1 = citation.box
    assert 0 <= x0 < x1 <= page.width_px
    assert 0 <= y0 < y1 <= page.height_px
    assert any(
        x0 <= w.box[0] and y0 <= w.box[1] and w.box[2] <= x1 and w.box[3] <= y1 for w in inside
    )


@pytest.mark.parametrize(("lost", "state"), [((0,), "partial"), ((0, 1), "no_evidence")])
def test_claims_that_fell_are_told_in_the_answer(
    tmp_path: Path, lost: tuple[int, ...], state: str
) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["the pump is off"])
    desk.shoot("25 09:10:00", ["the pump is on again"])
    for number in lost:
        overwrite(desk, desk.events[number].blob)
    answer = desk.ask("pump")
    fell = len(lost)
    note = f"{fell} claim{'s were' if fell > 1 else ' was'} left out: what is stored now"
    assert (answer.state, answer.provenance.claims_dropped) == (state, fell)
    assert answer.notes[0].startswith(note)
    assert (note in answer.answer) is (state == "no_evidence")
    assert format_answer(answer, {}).count("left out") == 1, "once is enough"
    desk.close()


@pytest.mark.parametrize(
    ("zone", "name"),
    [("Etc/UTC", "UTC"), ("UTC", "UTC"), ("Zulu", "UTC"), ("Europe/Berlin", "Europe/Berlin")],
)
def test_an_answer_names_utc_as_its_citations_do(zone: str, name: str) -> None:
    assert name_of_zone(zoneinfo.ZoneInfo(zone)) == name
    assert name_of_zone(dt.UTC) == "UTC"


def overwrite(desk: Desk, blob: str) -> None:
    """Damage the stored bytes of a blob."""
    stored = desk.evidence.read_blob(blob)
    for path in sorted(p for p in desk.data_dir.packs_dir.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if stored in data:
            path.write_bytes(data.replace(stored, bytes(len(stored))))
            return
    pytest.fail("the bytes of the blob lie in no pack")


@pytest.mark.parametrize("end", ["first", "last"])
def test_a_time_whose_end_does_not_show_the_line_is_not_told(tmp_path: Path, end: str) -> None:
    desk = Desk.open(tmp_path)
    before = desk.shoot("25 09:00:00", ["Quiet here"])
    for second in (10, 20, 30):
        desk.shoot(f"25 09:00:{second}", ["Reactor pressure is rising"])
    behind = desk.shoot("25 09:00:40", ["Quiet again"])
    question = "When was the reactor pressure rising on the screen?"
    (claim,) = desk.ask(question).claims
    assert (claim.first_us, claim.last_us) == (at("25 09:00:10"), at("25 09:00:30"))
    shifted = before if end == "first" else behind
    derived = connect(desk.data_dir.derived_db)
    derived.execute(
        f"UPDATE intervals SET {end}_us=?, {end}_seq=? WHERE text_id ="  # noqa: S608 - a name of this test
        " (SELECT text_id FROM texts WHERE text LIKE 'Reactor%')",
        (shifted.captured_at_us, shifted.seq),
    )
    derived.close()
    answer = desk.ask(question)
    assert answer.claims == ()
    assert answer.provenance.claims_dropped == 1
    assert any("left out" in text for text in (answer.answer, *answer.notes))
    desk.close()


def test_a_line_of_the_index_that_no_frame_shows_is_not_told(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["Quiet here", "Firmware version 3.14.2-b7"])
    assert [c.text for c in desk.ask("firmware").claims] == ["Firmware version 3.14.2-b7"]
    derived = connect(desk.data_dir.derived_db)
    derived.execute("UPDATE texts SET text=replace(text, '3.14.2', '3.14.7')")
    derived.close()
    answer = desk.ask("firmware")
    # What the record says is told in its place, and that something fell.
    assert [c.text for c in answer.claims] == ["Firmware version 3.14.2-b7"]
    assert answer.provenance.claims_dropped == 1
    assert any("left out" in text for text in (answer.answer, *answer.notes))
    desk.close()
