"""What a reader made of a caret is no text; a last letter that looks like one is."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.screen_state.caret_letter import tall_runs
from tests.plugins.screen_state.desk import TALL, Desk, state_of, with_text


def with_caret(text: str) -> Desk:
    desk = Desk()
    desk.window("notes.txt - Pad", (0, 0, 960, 560))
    desk.text("first of all", 30, 60)
    desk.caret(desk.text(text, 30, 120))
    return desk


@pytest.mark.parametrize("letter", ["|", "l", "I", "1", "!", "]"])
@pytest.mark.parametrize("text", ["hello", "the cat", "a list:", "call(x)", "good"])
def test_the_letter_that_was_made_of_a_caret_is_not_in_the_text(text: str, letter: str) -> None:
    desk = with_caret(text)
    line = desk.lines[-1]
    x0, y0, x1, y1 = line.box
    box = (x0, y0, x1 + 4, y1)
    desk.lines[-1] = replace(line, text=text + letter, box=box, words=())
    element = with_text(state_of(desk), text)
    assert element.caret_x == x1 + 1
    assert x1 - TALL // 2 <= element.box[2] <= x1


@pytest.mark.parametrize("text", ["until", "chapter 1", "stop!", "PART I", "all", "x[1]"])
def test_a_last_letter_that_looks_like_a_caret_stays(text: str) -> None:
    desk = with_caret(text)
    line = desk.lines[-1]
    x0, y0, x1, y1 = line.box
    desk.lines[-1] = replace(line, box=(x0, y0, x1 + 4, y1), words=())
    assert with_text(state_of(desk), text).caret_x == x1 + 1


def test_of_each_column_the_longest_run_is_told() -> None:
    ink = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 1], [1, 0, 1]], dtype=bool)
    assert tall_runs(ink) == [(0, 2), (0, 0), (2, 4)]
