"""What somebody did is told from stored screen deltas, and never from words on the screen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.change import Action, Delta
from contracts.derivation import DerivationKey
from kernel.query.actions import UNSEEN_SCROLLS, asked_action
from tests.kernel.query.memory import TIMING
from tests.kernel.query.week import Desk

DIGEST = "a" * 64


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk.open(tmp_path)
    yield made
    made.close()


def action(kind: str, before: CaptureEvent, after: CaptureEvent, **more: object) -> Action:
    return Action(
        action=kind,  # type: ignore[arg-type]
        standing="derived",
        monitor=0,
        from_us=before.captured_at_us,
        to_us=after.captured_at_us,
        confidence_permille=900,
        evidence=(before.event_id, after.event_id),
        extractor="screen_state",
        extractor_version="1.0.0",
        **more,  # type: ignore[arg-type]
    )


def settle(desk: Desk, before: CaptureEvent, after: CaptureEvent, *actions: Action) -> None:
    """Store the delta between two frames, as its stage does."""
    delta = Delta(
        before_event=before.event_id,
        after_event=after.event_id,
        monitor=0,
        before_state=DIGEST,
        after_state=DIGEST,
        changes=(),
        extractor="screen_state",
        extractor_version="1.0.0",
        actions=actions,
    )
    key = DerivationKey(
        input_digest=after.blob,
        stage="delta",
        plugin_id="screen_state",
        plugin_version="1.0.0",
        config_digest="0" * 64,
    )
    desk.derived.commit_record(key, after.event_id, canonical.encode(delta), TIMING)
    for stream in desk.derived.active_streams():
        for frame in desk.derived.frames_following(stream, (0, -1), limit=99):
            if frame.event_id == after.event_id:
                desk.derived.settle_frame("delta", frame, key)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("what did I type yesterday", ("typed",)),
        ("which window did I switch to", ("switched_window",)),
        ("what have I just clicked on", ("clicked",)),
        ("how far did I scroll", ("scrolled",)),
        ("which program did I close", ("closed",)),
        ("what is the type of the disk", None),
        ("when was the switch replaced", None),
        ("what did I see", None),
        ("what did I have open", None),
    ],
)
def test_a_question_about_doing_is_told_from_one_about_the_screen(
    text: str, kinds: tuple[str, ...] | None
) -> None:
    found = asked_action(text)
    assert (found.kinds if found else None) == kinds


def test_what_was_typed_is_one_act_cited_on_the_frames_before_and_after(desk: Desk) -> None:
    first = desk.shoot("25 09:00:00", ["Find a type of pump", "query: "])
    second = desk.shoot("25 09:00:02", ["Find a type of pump", "query: rot"])
    third = desk.shoot("25 09:00:04", ["Find a type of pump", "query: rotary"])
    settle(desk, first, second, action("typed", first, second, text="rot"))
    settle(desk, second, third, action("typed", second, third, text="ary"))
    answer = desk.ask("What did I type yesterday morning?")
    (claim,) = answer.claims
    assert "typed “rotary” — Terminal (inferred from the screen, 90 %)" in claim.text
    assert [c.event_id for c in claim.citations] == [third.event_id, first.event_id]
    assert claim.citations[0].text == "query: rotary"
    assert answer.state == "ok"
    assert desk.ask('What did I type about "pump" yesterday?').state == "no_evidence"
    other = desk.ask("What did I click yesterday?")
    assert other.state == "no_evidence"
    assert any("none of the 2 screen deltas" in note for note in other.notes)


def test_switches_and_scrolls_are_told_in_order_and_by_their_window(desk: Desk) -> None:
    first = desk.shoot("25 09:00:00", ["alpha report of the week"], app="Firefox")
    second = desk.shoot("25 09:01:00", ["beta notes of the day"], app="Slack")
    third = desk.shoot("25 09:02:00", ["gamma lines further down"], app="Slack")
    settle(desk, first, second, action("switched_window", first, second, text="Slack"))
    settle(desk, second, third, action("scrolled", second, third, shift_y_px=-240))
    (switch,) = desk.ask("Which window did I switch to yesterday?").claims
    assert "switched to “Slack”" in switch.text
    (scroll,) = desk.ask("What did I scroll in Slack yesterday?").claims
    assert "scrolled down by 240 pixels" in scroll.text
    assert UNSEEN_SCROLLS in desk.ask("How far did I scroll in Slack yesterday?").notes
    assert desk.ask("When did I switch to Excel?").state == "no_evidence"


def test_several_scrolls_are_at_least_so_far_down_and_so_far_up(desk: Desk) -> None:
    shots = [desk.shoot(f"25 09:00:0{at}", [f"line {at} of the reference"]) for at in range(5)]
    pairs = itertools.pairwise(shots)
    for (before, after), shift in zip(pairs, (-120, -60, 100, -20), strict=True):
        settle(desk, before, after, action("scrolled", before, after, shift_y_px=shift))
    (claim,) = desk.ask("How far did I scroll yesterday?").claims
    assert "scrolled down by at least 200 pixels and up by at least 100 pixels" in claim.text


@pytest.mark.parametrize(
    "question",
    [
        "What did I type yesterday?",
        "What did I click on yesterday?",
        "What did I scroll yesterday?",
        "Which window did I switch to yesterday?",
    ],
)
def test_without_deltas_words_on_the_screen_are_not_taken_for_deeds(
    desk: Desk, question: str
) -> None:
    desk.shoot("25 09:00:00", ["Click here, type your name, scroll down, switch the window"])
    answer = desk.ask(question)
    assert (answer.state, answer.claims) == ("no_evidence", ())
    assert any("screen deltas, and none are stored" in note for note in answer.notes)


@pytest.mark.parametrize(
    "question",
    ["How often did I switch windows yesterday?", "How many times did I switch yesterday?"],
)
def test_how_often_is_told_as_an_amount(desk: Desk, question: str) -> None:
    shots = [
        desk.shoot(f"25 09:0{at}:00", [f"report number {at} of the week"], app=app)
        for at, app in enumerate(("Firefox", "Slack", "Firefox", "Slack"))
    ]
    for before, after in itertools.pairwise(shots):
        settle(desk, before, after, action("switched_window", before, after, text=after.app))
    answer = desk.ask(question)
    assert answer.answer_type == "count"
    (claim,) = answer.claims
    assert claim.amount == 3
    assert claim.text.startswith("3 times: ")
    assert [c.event_id for c in claim.citations] == [shot.event_id for shot in shots[1:]]
    assert desk.ask("How often did I scroll yesterday?").state == "no_evidence"
