"""A runtime that fails without a word is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from plugin_host.textkit.request import infer_anew

Write = Callable[["Request", int], None]


@dataclass
class Request:
    """A model that tells how large each row is; how it fails is up to ``write``."""

    write: Write
    output: np.ndarray[Any, np.dtype[np.float32]] = field(
        default_factory=lambda: np.empty((0, 3, 4), np.float32)
    )
    runs: int = 0

    def infer(self, inputs: Any, share_inputs: bool, *, share_outputs: bool) -> None:  # noqa: ANN401, FBT001 - the runtime's own signature
        assert share_inputs
        assert share_outputs
        self.runs += 1
        self.write(self, len(inputs[0]))

    def get_output_tensor(self) -> SimpleNamespace:
        return SimpleNamespace(data=self.output)


def answers(request: Request, rows: int) -> None:
    if len(request.output) != rows:
        request.output = np.empty((rows, 3, 4), np.float32)
    request.output[:] = request.runs


def is_silent(request: Request, rows: int) -> None:
    """What was there stays there."""


def is_cut_short(request: Request, rows: int) -> None:
    request.output[0] = request.runs


def loses_its_output(request: Request, rows: int) -> None:
    request.output = np.empty((rows, 3, 0), np.float32)


def batch(rows: int) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    return [np.zeros((rows, 8), np.float32)]


def test_each_run_has_its_own_answer() -> None:
    request = Request(answers)
    assert [infer_anew(request, batch(rows)).tolist() for rows in (2, 2, 1)] == [
        [[[run] * 4] * 3] * rows for run, rows in ((1.0, 2), (2.0, 2), (3.0, 1))
    ]


@pytest.mark.parametrize("fails", [is_silent, is_cut_short, loses_its_output])
@pytest.mark.parametrize("rows", [1, 2])
def test_what_was_left_of_another_run_is_no_answer(fails: Write, rows: int) -> None:
    request = Request(answers)
    infer_anew(request, batch(2))
    request.write = fails
    for _ in range(2):
        with pytest.raises(MemoryError, match="no answer"):
            infer_anew(request, batch(rows))


def test_the_first_run_may_fail_too() -> None:
    with pytest.raises(MemoryError, match="no answer"):
        infer_anew(Request(is_silent), batch(2))


def test_without_room_nothing_is_run() -> None:
    request = Request(answers)
    with pytest.raises(MemoryError):
        infer_anew(request, batch(2), room_bytes=1 << 60)
    assert request.runs == 0
