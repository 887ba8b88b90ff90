"""When a word on the screen is the word asked for, and when it only looks near."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.query.words import EXACT, find_spans, needle_of, spans_in, stem_of, units_of


def found(term: str, text: str, *, exact: bool = True) -> list[str]:
    spans = find_spans(needle_of(term, exact=exact), text, list(units_of(text)))
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("INV-20871", "Invoice INV-20871 overdue", ["INV-20871"]),
        ("PO-77120-B", "order Po-77120-B. The", ["Po-77120-B"]),
        ("/srv/app", "see /srv/app/log - now", ["srv/app"]),
        ("ERROR", "ERR0R db.pool", ["ERR0R"]),
        ("Cls", "Affected CIs (2)", ["CIs"]),
        ("modern", "a modem view", ["modem"]),
        ("E_DB_UNREACHABLE", "(code=E DB UNREACHABLE)", ["E DB UNREACHABLE"]),
        ("test:integration", "Job test: integration ran", ["test: integration"]),
        ("Romano", "Carla Romano10:42", ["Romano"]),
        ("Okafor", "Helen Okafor2025-10-13 15:20", ["Okafor"]),
        ("11:02:51", "2025-10-15T11:02:51.124Z FATAL", ["11:02:51"]),
        ("Crash", "CrashLoopBackOff", ["Crash"]),
        ("東京", "会議 東京 本社", ["東京"]),
    ],
)
def test_misread_and_glued_words_are_found(term: str, text: str, expected: list[str]) -> None:
    assert found(term, text) == expected


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("INC004821", "INC0048213"),
        ("GX-7", "GX-70 Pro"),
        ("GX-7", "GX-7b Pro"),
        ("/srv/app", "volume=/srv/app-old used=9%"),
        ("/srv/app", "in /srv/app_2 now"),
        ("318.60", "amount 4,318.60"),
        ("12.3", "clause 123"),
        ("123", "clause 12.3"),
        ("31", "at 09:31"),
        ("20872", "INV-20871"),
        ("Car", "Carla Romano"),
        ("17", "room 177"),
    ],
)
def test_part_of_an_identifier_or_number_is_not_the_whole(term: str, text: str) -> None:
    assert found(term, text) == []


def test_plain_words_match_by_stem_and_everyday_abbreviation() -> None:
    assert found("fail", "IKE rekey fails", exact=False) == ["fails"]
    assert found("detecting", "Detect scroll", exact=False) == ["Detect"]
    assert found("including", "Total incl. VAT", exact=False) == ["incl"]
    assert found("owns", "Owner", exact=False) == ["Owner"]
    assert found("fail", "IKE rekey fails") == []


def test_an_exact_word_counts_more_than_its_stem() -> None:
    text = "Used Avail Use%"
    spans = find_spans(needle_of("use", exact=False), text, list(units_of(text)))
    best = max(spans, key=lambda span: span.quality)
    assert (text[best.start : best.end], best.quality) == ("Use", EXACT)


@given(st.text(max_size=60))
def test_units_lie_in_order_inside_their_text(text: str) -> None:
    units = list(units_of(text))
    assert all(0 <= unit.start < unit.end <= len(text) for unit in units)
    assert all(a.end <= b.start for a, b in itertools.pairwise(units))


@given(st.text(max_size=20), st.text(max_size=60))
def test_what_is_found_lies_inside_the_text(term: str, text: str) -> None:
    for span in find_spans(needle_of(term, exact=False), text, list(units_of(text))):
        assert 0 <= span.start < span.end <= len(text)


@given(st.from_regex(r"[A-Z]{2,4}-[0-9]{3,6}", fullmatch=True))
def test_an_identifier_is_found_in_any_sentence_and_only_once(term: str) -> None:
    assert found(term, f"see ({term}), please") == [term]


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=15))
def test_a_stem_is_a_beginning_of_its_word_or_its_singular(word: str) -> None:
    stem = stem_of(word)
    assert word.startswith(stem) or word.endswith("ies")


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("4", "wave 3/4: all ok", False),
        ("4", "wave 4/4: all ok", True),
        ("3", "wave 3/4: all ok", True),
        ("2025", "24/10/2025", True),
        ("443", "https://host/443", True),
    ],
)
def test_how_many_there_are_in_all_is_not_the_number_of_one(
    term: str, text: str, *, found: bool
) -> None:
    assert bool(spans_in(needle_of(term, exact=True), text)) is found
