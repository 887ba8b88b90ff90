import os
from pathlib import Path

import pytest

from kernel.capture.inboxeyes import InboxEyes
from kernel.capture.inboxfate import InboxRules, Refuse, Take, Wait
from kernel.capture.inboxlisting import Pair
from tests.kernel.capture.inbox_rig import BERLIN, make_png

RULES = InboxRules(settle_s=2, patience_s=10, files_per_poll_max=3)


def test_unchanged_incomplete_file_is_read_once_and_again_when_patience_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(make_png()[:-1])
    eyes = InboxEyes(tmp_path, RULES, BERLIN)
    opened: list[object] = []
    real_open = os.open

    def counting_open(path: Path, flags: int) -> int:
        opened.append(path)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", counting_open)
    judgements = []
    reads = []
    for now_s in (0.0, 2.0, 3.0, 9.9, 10.0):
        (seen,) = eyes.examine([Pair("a.png")], now_s)
        judgements.append(type(seen.judgement))
        reads.append(len(opened))
    assert judgements == [Wait, Wait, Wait, Wait, Refuse]
    assert reads == [0, 1, 1, 1, 2]


def test_file_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    eyes = InboxEyes(tmp_path, RULES, BERLIN)
    assert list(eyes.examine([Pair("a.png")], 0.0)) == []
    assert eyes.quiet_s("a.png", 0.0) is None


def test_name_that_was_forgotten_is_new(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(make_png())
    eyes = InboxEyes(tmp_path, RULES, BERLIN)
    assert eyes.quiet_s("a.png", 0.0) == 0
    assert eyes.quiet_s("a.png", 5.0) == 5
    eyes.forget("a.png")
    assert eyes.quiet_s("a.png", 6.0) == 0


def test_turn_goes_on_where_the_last_look_ended(tmp_path: Path) -> None:
    pairs = [Pair(f"{letter}.png") for letter in "abcde"]
    eyes = InboxEyes(tmp_path, RULES, BERLIN)
    turns = []
    for _ in range(3):
        turn = eyes.turn(pairs)
        turns.append("".join(pair.image[0] for pair in turn))
        assert list(eyes.examine(turn, 0.0)) == []
    assert turns == ["abc", "dea", "bcd"]
    assert eyes.turn(pairs[:3]) == pairs[:3]


def test_bytes_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    eyes = InboxEyes(tmp_path, InboxRules(settle_s=0), BERLIN)
    pairs = [Pair("a.png"), Pair("b.png")]
    (tmp_path / "a.png").write_bytes(make_png())
    looks = eyes.examine(pairs, 0.0)
    assert isinstance(next(looks).judgement, Take)
    (tmp_path / "b.png").write_bytes(make_png(7))
    assert next(looks).read.data == make_png(7)
