"""Telling by its look what an answer can be."""

from __future__ import annotations

import pytest

from kernel.query import shapes
from kernel.query.question import Kind


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        (Kind.TIME, "14 October 2025 at 09:31", True),
        (Kind.TIME, "due yesterday", True),
        (Kind.TIME, "no date here", False),
        (Kind.NUMBER, "€4,318.60", True),
        (Kind.NUMBER, "17 (2m ago)", True),
        (Kind.NUMBER, "Servo drive SD-310", False),
        (Kind.NUMBER, "11:02", False),
        (Kind.DURATION, "after 12m 04s", True),
        (Kind.DURATION, "every 20 minutes", True),
        (Kind.DURATION, "12:15 Lunch with Ben", False),
        (Kind.DURATION, "passed in 11m39s", True),
        (Kind.DURATION, "5f0c2a1e-77b4-4d0e-9a35-c1d2f6a8e903", False),
        (Kind.PERSON, "Oskar Lindqvist", True),
        (Kind.THING, "", True),
    ],
)
def test_a_kind_of_question_wants_a_kind_of_text(kind: Kind, text: str, *, fits: bool) -> None:
    assert shapes.fits(kind, text) is fits


@pytest.mark.parametrize("text", ["Network Operations Tier 2", "IT Service Desk", "17:00"])
def test_teams_and_times_are_no_persons(text: str) -> None:
    assert not shapes.is_person(text)


@pytest.mark.parametrize(
    ("noun", "text", "found"),
    [
        ("ticket", "see SR-207 now", "SR-207"),
        ("commit", "a3f91bc fix", "a3f91bc"),
        ("email", "write to care@shop.example.com.", "care@shop.example.com"),
        ("phone", "at 2025-10-13 15:20 call +44 20 7946 0958", "+44 20 7946 0958"),
        ("ip", "host 10.42.0.19 up", "10.42.0.19"),
        ("version", "runs 2.8.14 since", "2.8.14"),
        ("address", "tele-05.ops.rijnlo.example", "tele-05.ops.rijnlo.example"),
        ("address", "12 seconds", None),
        ("price", "now €37.80 only", "€3"),
        ("temperature", "at 47.6 °C", "6 °"),
        ("pressure", "4.12 bar", "2 bar"),
        ("port", "listening on 0.0.0.0:8447", "0.0.0.0:8447"),
        ("port", "at 05:58:12 nothing", None),
        ("weight", "11.6 kg gross", "6 kg"),
        ("weight", "4.12 bar", None),
        ("power", "61 kWh", None),
        ("energy", "61 kWh", "1 kWh"),
        ("melody", "SR-207", None),
        ("number", "before 12 January 2026", None),
    ],
)
def test_a_noun_finds_its_sort_of_thing(noun: str, text: str, found: str | None) -> None:
    span = shapes.find_shape(noun, text)
    assert (text[span[0] : span[1]] if span else None) == found


def test_a_shell_prompt_asks_rather_than_tells() -> None:
    assert shapes.is_command("deploy@web-03:~$ df -h")
    assert not shapes.is_command("mail to deploy@web-03.example, please")


@pytest.mark.parametrize(
    ("text", "code"),
    [("7194C", True), ("0042", True), ("7 4", False), ("open", False), ("9:40", False)],
)
def test_a_code_is_one_word_with_figures(text: str, *, code: bool) -> None:
    assert shapes.is_code(text) is code
