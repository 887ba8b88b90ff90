"""What a question asks, and which of its words the evidence must hold."""

from __future__ import annotations

import pytest

from kernel.query.question import Kind, Question, analyse


def asked(question: Question) -> list[str]:
    return [term.text for term in question.terms if term.asked]


def specific(question: Question) -> list[str]:
    return [term.text for term in question.terms if term.specific]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who owns SKU-27455?", Kind.PERSON),
        ("When was CHUNK_SIZE tuned?", Kind.TIME),
        ("How many points does SR-214 have?", Kind.NUMBER),
        ("How long does a reconnect take?", Kind.DURATION),
        ("Why did the pod abort?", Kind.REASON),
        ("Where is the dinner?", Kind.PLACE),
        ("Which error does it fail with?", Kind.THING),
        ("What is the total price?", Kind.NUMBER),
        ("nginx PANIC", Kind.FIND),
        ("", Kind.FIND),
    ],
)
def test_the_kind_follows_from_the_question_word(text: str, kind: Kind) -> None:
    assert analyse(text).kind is kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What is the open amount of invoice INV-20871?", ["open", "amount"]),
        ("Which exit code did the job end with?", ["exit", "code"]),
        ("What is Helen Okafor's phone number?", ["phone", "number"]),
        ("What is MAX_RETRIES set to?", ["MAX_RETRIES"]),
        ("What is the use of the filesystem mounted on /var/lib/x?", ["use"]),
        ("What is on 31 October?", []),
    ],
)
def test_what_is_asked_for_is_the_noun_phrase_after_the_question_word(
    text: str, words: list[str]
) -> None:
    assert asked(analyse(text)) == words


def test_names_identifiers_numbers_and_quoted_phrases_must_be_met() -> None:
    question = analyse('When did Helen Okafor quote "no space left" in INC0048213 on web-server?')
    assert specific(question) == ["Helen", "Okafor", "no space left", "INC0048213", "web-server"]
    assert specific(analyse("Is the on-call e-mail sent by Monday?")) == []


def test_names_and_numbered_things_stand_together() -> None:
    question = analyse("What is the Q1 total of the Gearbox GX-7 Pro in sprint 41?")
    texts = [[question.terms[i].text for i in group] for group in question.groups]
    assert texts == [["Gearbox", "GX-7", "Pro"], ["sprint", "41"]]


def test_stop_words_alone_ask_for_nothing() -> None:
    assert analyse("What is it?").terms == ()


def test_a_name_that_ends_like_a_past_form_is_no_deed() -> None:
    asked = analyse("When was Winifred Castellane born?")
    assert asked.deed is None or asked.terms[asked.deed].text == "born"
