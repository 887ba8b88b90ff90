"""What explicit requests may still spend, over the ends of kernels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel.scheduling.allowance import Allowance, read_allowance, write_allowance

S_US = 1_000_000


@pytest.mark.parametrize(
    ("later_s", "left_s"), [(0, -1.0), (15, 0.0), (150, 9.0), (400, 20.0), (-100, -1.0)]
)
def test_it_comes_back_with_time_and_never_more_than_all_of_it(later_s: int, left_s: float) -> None:
    before = Allowance(-1.0, at_us=1_000 * S_US)
    now_us = (1_000 + later_s) * S_US
    assert before.left_at(now_us, cpu_s=20.0, window_s=300.0) == pytest.approx(left_s)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "explicit.json"
    assert read_allowance(path, 5) is None
    write_allowance(path, Allowance(1.25, 4))
    assert read_allowance(path, 5) == Allowance(1.25, 4)
    assert [entry.name for entry in tmp_path.iterdir()] == ["explicit.json"]


@pytest.mark.parametrize("text", ["", "[]", "[" * 4_000, '{"schema": 1, "left_ms": 1.5}'])
def test_what_cannot_be_read_means_that_all_is_spent(tmp_path: Path, text: str) -> None:
    path = tmp_path / "explicit.json"
    path.write_text(text)
    assert read_allowance(path, 5) == Allowance(0.0, 5)


def test_a_pipe_in_its_place_is_refused_at_once_and_replaced_by_the_next_word(
    tmp_path: Path,
) -> None:
    path = tmp_path / "explicit.json"
    os.mkfifo(path)
    assert read_allowance(path, 5) == Allowance(0.0, 5)
    write_allowance(path, Allowance(1.0, 6))
    assert read_allowance(path, 7) == Allowance(1.0, 6)
