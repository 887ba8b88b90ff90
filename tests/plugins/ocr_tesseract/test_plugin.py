"""The light text plugin on real pages, with the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contracts.manifest import parse_manifest
from contracts.text import TextPage
from plugin_host.hooks import PluginError
from plugins.ocr_tesseract.preparation import PADDING_PX, prepare
from plugins.ocr_tesseract.program import (
    CALL_PAGES_MAX,
    CALL_PIXELS_MAX,
    parse_table,
    plan_calls,
)
from tests.plugins.pictures import EVERY, QUICK, draw, encode, page_truth
from tools.text_engines import ROOT, TextEngine
from tools.text_score import score_page

ReadPage = Callable[[str], TextPage]


@pytest.mark.parametrize("name", QUICK)
def test_words_of_a_page_are_read_with_their_boxes(tesseract_page: ReadPage, name: str) -> None:
    score = score_page(page_truth(name), tesseract_page(name))

    assert score.recall >= 0.85, score.missed
    assert score.precision >= 0.9
    assert score.overlap >= 0.5


@pytest.mark.slow
def test_all_pages_together_keep_nineteen_words_of_twenty(tesseract_page: ReadPage) -> None:
    scores = [score_page(page_truth(name), tesseract_page(name)) for name in EVERY]

    assert sum(s.found for s in scores) / sum(s.words for s in scores) >= 0.95


def test_a_page_says_which_languages_and_program_read_it(tesseract_page: ReadPage) -> None:
    page = tesseract_page("06_ticket")

    assert page.languages == ("eng",)
    assert page.engine_version.startswith("tesseract-")


def test_a_dark_theme_is_read(tesseract: TextEngine) -> None:
    page = tesseract.read(encode(draw("Budget used", ground="#1e1e2e", ink="#d0d0e0")))

    assert [line.text for line in page.lines] == ["Budget used"]


def test_nothing_is_left_behind(tesseract: TextEngine) -> None:
    tesseract.read(encode(draw("Pipeline failed")))

    assert list(tesseract.task.scratch_dir.iterdir()) == []


def test_a_bad_image_fails_its_task_with_a_code(tesseract: TextEngine) -> None:
    with pytest.raises(PluginError) as caught:
        tesseract.read(b"not a picture")

    assert caught.value.code == "image-undecodable"


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"languages": ["tlh"]}, "language-missing"),
        ({"languages": ["eng -c x"]}, "config-invalid"),
        ({"languages": []}, "config-invalid"),
        ({"timeout_s": 0}, "config-invalid"),
        ({"recall": "yes"}, "config-invalid"),
    ],
)
def test_wrong_settings_end_the_setup_with_a_code(
    tesseract: TextEngine, tmp_path: Path, config: dict[str, object], code: str
) -> None:
    assert tesseract.task.config == {}
    with pytest.raises(PluginError) as caught:
        TextEngine("ocr_tesseract", tmp_path, config)

    assert caught.value.code == code


def test_a_missing_program_is_named(
    tesseract: TextEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PluginError) as caught:
        tesseract.read(encode(draw("Never seen before")))

    assert caught.value.code == "tesseract-missing"


def test_a_missing_language_says_what_to_install(tesseract: TextEngine, tmp_path: Path) -> None:
    assert tesseract.task.config == {}
    with pytest.raises(PluginError, match="apt install tesseract-ocr-chi-sim tesseract-ocr-xyz"):
        TextEngine("ocr_tesseract", tmp_path, {"languages": ["eng", "chi_sim", "xyz"]})


def test_languages_that_change_from_task_to_task_are_looked_at_again(
    tesseract: TextEngine, tmp_path: Path
) -> None:
    engine = TextEngine("ocr_tesseract", tmp_path)
    engine.task.config = {"languages": ["tlh"]}

    with pytest.raises(PluginError) as caught:
        engine.read(encode(draw("Pipeline failed")))

    assert caught.value.code == "language-missing"
    assert "eng" in caught.value.message
    assert tesseract.task.config == {}


def test_a_warm_memory_reads_what_a_cold_one_reads(tesseract: TextEngine, tmp_path: Path) -> None:
    assert tesseract.task.config == {}
    warm = TextEngine("ocr_tesseract", tmp_path)
    frames = []
    for lines in (("Order HL-2291", "Room 5B"), ("Room 5B", "Order HL-2292", "Berth 7")):
        frame = Image.new("RGB", (640, 320), "white")
        for index, line in enumerate(lines):
            frame.paste(draw(line), (0, 96 * index))
        frames.append(encode(frame))
    warm.read(frames[0])
    done = len(warm.task.checkpoints)

    page = warm.read(frames[1])

    cold = TextEngine("ocr_tesseract", tmp_path, {"recall": False})
    assert page == cold.read(frames[1])
    assert [line.text for line in page.lines] == ["Room 5B", "Order HL-2292", "Berth 7"]
    again = len(warm.task.checkpoints)
    assert warm.read(frames[1]) == page
    # Known frames need no call of the program, and so no checkpoint but the first.
    assert len(warm.task.checkpoints) - again == 1 < again - done


def test_dark_regions_turn_light_and_light_ones_stay() -> None:
    dark = prepare(np.full((40, 160, 3), 20, np.uint8))
    light = prepare(np.full((40, 160, 3), 240, np.uint8))

    assert dark.pixels.min() == 235
    assert light.pixels.min() == 240


def test_regions_are_doubled_and_very_large_ones_are_not() -> None:
    small = prepare(np.zeros((20, 100, 3), np.uint8))
    large = prepare(np.zeros((1800, 1800, 3), np.uint8))

    assert (small.scale, small.pixels.shape[1]) == (2, 2 * (100 + 2 * PADDING_PX))
    assert (large.scale, large.pixels.shape[1]) == (1, 1800 + 2 * PADDING_PX)


def test_rows_of_the_table_that_are_no_words_are_passed_over() -> None:
    word = "5\t{p}\t1\t1\t1\t{n}\t{x}\t20\t60\t30\t91.5\t{t}"
    table = "\n".join(
        [
            "header",
            word.format(p=1, n=1, x=30, t="due"),
            word.format(p=1, n=2, x=90, t=" "),
            "4\tbroken",
            word.format(p=3, n=1, x=9, t="late"),
        ]
    )

    first, second, third = parse_table(table, [2, 2, 1])

    assert [(w.text, w.box, w.confidence) for line in first for w in line.words] == [
        ("due", (7, 2, 37, 17), 0.915)
    ]
    assert second == []
    assert [word.text for line in third for word in line.words] == ["late"]


@given(st.lists(st.integers(1, 2 * CALL_PIXELS_MAX), max_size=200))
def test_every_page_is_read_in_one_call_of_bounded_work(sizes: list[int]) -> None:
    calls = list(plan_calls(sizes))

    assert [index for call in calls for index in call] == list(range(len(sizes)))
    for call in calls:
        assert 1 <= len(call) <= CALL_PAGES_MAX
        assert len(call) == 1 or sum(sizes[index] for index in call) <= CALL_PIXELS_MAX


def test_the_manifest_is_valid_and_asks_for_the_program() -> None:
    path = ROOT / "plugins" / "ocr_tesseract" / "plugin.toml"
    manifest = parse_manifest(path.read_bytes(), str(path))

    assert manifest.permissions.programs == ("tesseract",)
    assert manifest.hosting == "subprocess"
