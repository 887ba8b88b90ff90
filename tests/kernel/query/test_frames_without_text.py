"""A frame without text is evidence all the same: found by its time and its window, and cited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contracts.answer import Answer, Claim
from kernel.cli.answer_text import format_answer
from kernel.query.citing import FRAME_EXTRACTOR, verify_claim
from kernel.query.scope import Scope
from tests.kernel.query.week import Desk, at

FILM = "film.mkv - VLC media player"
CHAT = "Crew - Chat"


@pytest.fixture(params=[True, False], ids=["read", "unread"])
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A film at noon, between two looks at a chat; nothing is written on its frames."""
    made = Desk.open(tmp_path)
    made.shoot("25 12:00:00", ["Oscar has joined the crew of the harbour"], app="Chat", title=CHAT)
    for clock in ("25 12:19:30", "25 12:20:00", "25 12:20:30"):
        made.shoot(clock, [], app="VLC", title=FILM, read=request.param)
    made.shoot("25 12:21:00", ["the ferry leaves at seven o'clock"], app="Chat", title=CHAT)
    yield made
    made.close()


def film_of(answer: Answer) -> Claim:
    found = [c for c in answer.claims if any(cited.app == "VLC" for cited in c.citations)]
    assert len(found) == 1, answer
    return found[0]


@pytest.mark.parametrize(
    ("question", "app"),
    [
        ("What was I doing yesterday?", "VLC"),
        ("What was I doing yesterday?", ""),
        ("What was I watching in VLC yesterday?", ""),
        ("What was on my screen yesterday at 12:20?", ""),
        ("When was film.mkv on the screen?", ""),
        ("When was VLC open on 25 November?", ""),
        ("film.mkv", ""),
        ("How long was film.mkv on the screen?", ""),
    ],
)
def test_a_frame_without_text_is_found_by_time_and_window(
    desk: Desk, question: str, app: str
) -> None:
    claim = film_of(desk.ask(question, scope=Scope(app=app)))
    assert FILM in claim.text
    assert (claim.first_us, claim.last_us) == (at("25 12:19:30"), at("25 12:20:30"))
    frames = {desk.events[1].event_id, desk.events[3].event_id}
    assert {cited.event_id for cited in claim.citations} == frames
    for cited in claim.citations:
        assert (cited.text, cited.text_start, cited.text_end) == ("", 0, 0)
        assert cited.box[:2] == (0, 0)


@pytest.mark.parametrize(
    ("edge", "said"), [("first", "2025-11-25 12:19:30"), ("last", "2025-11-25 12:20:30")]
)
def test_its_first_and_last_time_are_told(desk: Desk, edge: str, said: str) -> None:
    assert said in film_of(desk.ask(f"When did I {edge} see film.mkv?")).text


@pytest.mark.parametrize(
    "question",
    [
        "What was I watching in VLC today?",
        "What was I watching in Kodi yesterday?",
        "When was film.avi on the screen?",
        "What did Oscar say in VLC yesterday?",
        "When was VLC open on 24 November?",
    ],
)
def test_a_frame_without_text_answers_no_more_than_its_event_says(
    desk: Desk, question: str
) -> None:
    assert desk.ask(question).state == "no_evidence"


@pytest.mark.parametrize(
    "fields",
    [
        {"app": "mpv"},
        {"window_title": "another film"},
        {"monitor": 1},
        {"captured_at_us": 5},
        {"box": (0, 0, 3, 3)},
        {"text_end": 4},
        {"text": "a line that nobody read", "text_end": 6},
        {"event_id": "ev-" + "0" * 32},
    ],
)
def test_a_forged_frame_does_not_verify(desk: Desk, fields: dict[str, object]) -> None:
    claim = film_of(desk.ask("When was film.mkv on the screen?"))
    assert verify_claim(claim, desk.evidence, desk.derived) is None
    forged = msgspec.structs.replace(claim.citations[0], **fields)
    made = msgspec.structs.replace(claim, citations=(forged,))
    assert verify_claim(made, desk.evidence, desk.derived) is not None


def test_nobody_is_said_to_have_read_it(desk: Desk) -> None:
    answer = desk.ask("When was film.mkv on the screen?")
    assert not any(FRAME_EXTRACTOR in extractor for extractor in answer.provenance.extractors)
    assert "(the frame as a whole)" in format_answer(answer, {})
