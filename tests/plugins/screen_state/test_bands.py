"""Words between rules are bands; what stands far above a rule is not in its row."""

from __future__ import annotations

from contracts.text import Word
from plugins.screen_state.bands import find_bands, line_bands, runs_of


def word(text: str, x: int, y: int) -> Word:
    box = (x, y, x + 8 * len(text), y + 16)
    return Word(text=text, box=box, confidence_permille=900, start=0, end=len(text))


def test_a_band_holds_the_lines_right_above_its_rule_and_parts_them_at_gaps() -> None:
    words = [
        word("heading", 10, 10),
        word("name", 10, 60),
        word("of", 50, 60),
        word("sum", 200, 60),
    ]
    words += [word("Ada", 10, 90), word("London", 10, 108), word("12", 208, 90)]
    head, row = find_bands(words, [84, 132])
    assert [[w.text for w in group] for group in head.groups] == [["name", "of"], ["sum"]]
    assert (head.lines, row.lines) == (1, 2)
    assert (row.top, row.bottom, row.words_top) == (84, 132, 90)
    assert row.group_spans == [(10, 58), (208, 224)]
    assert head.starts_anew
    assert not row.starts_anew


def test_rows_below_the_last_rule_are_open_and_end_where_a_gap_is() -> None:
    words = [word("name", 10, 10), word("sum", 200, 10)]
    words += [word("Ada", 10, 40), word("1", 200, 40), word("Jon", 10, 66), word("2", 200, 66)]
    words += [word("far", 10, 160), word("below", 200, 160)]
    bands = find_bands(words, [32])
    assert [band.is_open for band in bands] == [False, True, True]
    assert [len(run) for run in runs_of(bands)] == [3]


def test_a_row_with_one_text_ends_a_run() -> None:
    words = []
    for at, texts in enumerate((("a", "b"), ("c", "d"), ("section",), ("e", "f"))):
        words += [word(text, 10 + 200 * x, 10 + 30 * at) for x, text in enumerate(texts)]
    bands = find_bands(words, [32, 62, 92, 122])
    assert [[band.words[0].text for band in run] for run in runs_of(bands)] == [["a", "c"], ["e"]]


def test_lines_that_are_alone_or_far_below_start_anew() -> None:
    words = [word("a", 10, 10), word("b", 200, 10), word("c", 10, 30), word("d", 200, 30)]
    words += [word("alone", 10, 50), word("e", 10, 140), word("f", 200, 140)]
    bands = line_bands(words)
    assert [band.starts_anew for band in bands] == [True, False, True, True]
