"""The same data gives the same answers: byte for byte, but for ids that tell when it came in."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import msgspec
import pytest

from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from tests.kernel.query.week import NOW, Desk, us

QUESTIONS = (
    "pump",
    "valve",
    "How many turns is valve 7 shut?",
    "When did I last see the valve?",
    "What changed yesterday between 9:00 and 9:01?",
    "When did I last see the pump?",
    "How long was the pump on the screen?",
    "What was I doing yesterday?",
    "How many lines with pump were in the terminal?",
    "What is the pressure of the pump?",
    "When was film.mkv on the screen?",
)
EVENT_ID = re.compile(rb"ev-[0-9a-f]{32}")


def answers(root: Path, received: dt.datetime) -> list[bytes]:
    """The answers from a fresh store into which everything came at some time."""
    data_dir = DataDir(root)
    evidence = EvidenceStore.open(data_dir, now_us=lambda: us(received))
    desk = Desk(data_dir, evidence, DerivedStore.open(data_dir))
    desk.shoot("25 09:00:00", ["pump 4 is off", "pressure of the pump: 3 bar"])
    desk.shoot("25 09:00:10", ["pump 4 is on", "pressure of the pump: 5 bar"])
    desk.shoot("25 09:00:10", ["pump 9 stands still in the harbour"], monitor=1)
    for monitor in range(4):
        desk.shoot("25 09:00:15", ["valve 7 is shut: 3 turns"], monitor=monitor)
    desk.shoot("25 09:00:20", ["pump 4 is on", "pressure of the pump: 5 bar"])
    desk.shoot("25 09:00:30", [], app="VLC", title="film.mkv")
    made = [msgspec.json.encode(desk.ask(question)) for question in QUESTIONS]
    desk.close()
    return made


def test_two_fresh_stores_with_the_same_clock_answer_with_the_same_bytes(tmp_path: Path) -> None:
    first = answers(tmp_path / "first", NOW)
    assert first == answers(tmp_path / "second", NOW)
    assert all(b'"claims":[{' in answer for answer in first)


@pytest.mark.parametrize("later", [dt.timedelta(seconds=1), dt.timedelta(days=400)])
def test_what_came_in_at_another_time_is_answered_alike_but_for_ids(
    tmp_path: Path, later: dt.timedelta
) -> None:
    first = answers(tmp_path / "first", NOW)
    second = answers(tmp_path / "second", NOW + later)
    assert first != second
    assert [EVENT_ID.sub(b"", a) for a in first] == [EVENT_ID.sub(b"", a) for a in second]
