"""Words from characters and ink: spaces, boxes and look-alikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.textkit.reading import LineReading
from plugins.ocr_rapid.characters import Character, Reading
from plugins.ocr_rapid.confusions import settle_confusions
from plugins.ocr_rapid.words import build_reading, find_ink, find_text_rows

CELL = 10


def line_of(text: str, *, gaps: dict[int, int] | None = None) -> LineReading | None:
    """A crop with a block of ink per character, 6 of its 10 pixels wide, and wider gaps."""
    columns: list[bool] = [False] * 4
    middles: list[float] = []
    for index, char in enumerate(text):
        columns += [False] * (gaps or {}).get(index, 0)
        middles.append(len(columns) + 3)
        columns += [not char.isspace()] * 6 + [False] * (CELL - 6)
    crop = np.full((24, len(columns), 3), 255, dtype=np.uint8)
    crop[5:19, np.array(columns)] = 0
    characters = tuple(
        Character(text=char, confidence=1.0, middle=middle / len(columns))
        for char, middle in zip(text, middles, strict=True)
    )
    return build_reading((100, 50, 100 + len(columns), 74), crop, characters)


def words_of(reading: LineReading | None) -> list[str]:
    return [word.text for word in reading.words] if reading else []


def test_spaces_of_the_model_part_words() -> None:
    assert words_of(line_of("due on Friday")) == ["due", "on", "Friday"]


def test_a_word_ends_where_its_ink_ends() -> None:
    reading = line_of("ab cd")
    assert reading is not None

    first, second = reading.words
    assert (first.box[0], first.box[2]) == (104, 120)
    assert (second.box[0], second.box[2]) == (134, 150)
    assert first.box[1] < 55
    assert first.box[3] > 69


def test_a_gap_far_wider_than_the_others_is_a_space_that_was_not_read() -> None:
    assert words_of(line_of("Romano10:42", gaps={6: 24})) == ["Romano", "10:42"]


def test_a_gap_like_the_others_is_none() -> None:
    assert words_of(line_of("Romano10:42")) == ["Romano10:42"]
    assert words_of(line_of("Romano", gaps=dict.fromkeys(range(6), 20))) == ["Romano"]


def test_a_gap_beside_a_thin_letter_is_none() -> None:
    assert words_of(line_of("Mailbox", gaps={3: 5})) == ["Mailbox"]


def test_characters_of_a_script_without_spaces_are_glued_words() -> None:
    reading = line_of("会議 3pm")
    assert reading is not None

    assert [(w.text, w.is_glued) for w in reading.words] == [
        ("会", False),
        ("議", True),
        ("3pm", False),
    ]


def test_no_characters_are_no_line() -> None:
    crop = np.full((20, 40, 3), 255, dtype=np.uint8)

    assert build_reading((0, 0, 40, 20), crop, ()) is None


@given(
    st.lists(st.sampled_from("abO0 .1会"), max_size=30),
    st.integers(8, 60),
    st.integers(2, 200),
    st.integers(0, 2**32),
)
def test_words_hold_every_character_in_order_within_the_crop(
    chars: list[str], height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    crop = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    characters = tuple(
        Character(text=char, confidence=0.9, middle=(index + 0.5) / len(chars))
        for index, char in enumerate(chars)
    )

    reading = build_reading((10, 20, 10 + width, 20 + height), crop, characters)

    expected = "".join(chars).replace(" ", "")
    read = "".join(word.text for word in reading.words) if reading else ""
    assert read == expected
    for word in reading.words if reading else ():
        assert 10 <= word.box[0] < word.box[2] <= 11 + width
        assert 20 <= word.box[1] < word.box[3] <= 20 + height


def test_rows_of_text_are_those_around_the_middle() -> None:
    crop = np.full((30, 50, 3), 255, dtype=np.uint8)
    crop[0] = 0
    crop[10:20, 5:20] = 0
    crop[28:, 5:20] = 0

    assert find_text_rows(find_ink(crop)) == (10, 20)


def wavering(text: str, at: int, odds: float) -> Reading:
    return tuple(
        Character(
            text=char,
            confidence=0.9 if index == at else 1.0,
            middle=0.5,
            rival_confidence=odds if index == at else 0.0,
        )
        for index, char in enumerate(text)
    )


@pytest.mark.parametrize(
    ("text", "at", "odds", "settled"),
    [
        ("ERR0R", 3, 0.05, "ERROR"),
        ("TERR0R", 4, 0.001, "TERR0R"),
        ("INF0 main", 3, 0.0, "INFO main"),
        ("10:42 ERR0R x", 9, 0.0, "10:42 ERROR x"),
        ("15 S", 3, 0.07, "15 s"),
        ("15 S", 3, 0.001, "15 S"),
        ("model S", 6, 0.4, "model S"),
        ("15 SE", 3, 0.4, "15 SE"),
        ("Ibl-hub-02", 0, 0.03, "lbl-hub-02"),
        ("Ibl-hub-02", 0, 0.001, "Ibl-hub-02"),
        ("Inv-hub-02", 0, 0.4, "Inv-hub-02"),
        ("Item-02", 0, 0.4, "Item-02"),
        ("CrashLoopBack0ff", 13, 0.13, "CrashLoopBackOff"),
        ("INC0048213", 3, 0.05, "INC0048213"),
        ("D02", 1, 0.05, "D02"),
        ("00", 0, 0.05, "00"),
        ("2O5", 1, 0.05, "205"),
        ("xIsx", 1, 0.4, "xlsx"),
        ("AsyncIterator", 5, 0.01, "AsyncIterator"),
        ("Ion", 0, 0.4, "Ion"),
        ("APl", 2, 0.1, "API"),
    ],
)
def test_a_look_alike_is_taken_only_where_model_and_word_agree(
    text: str, at: int, odds: float, settled: str
) -> None:
    assert "".join(c.text for c in settle_confusions(wavering(text, at, odds))) == settled
