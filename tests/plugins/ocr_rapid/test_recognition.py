"""Batches of bounded work, and decoding without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plugins.ocr_rapid.recognition import (
    BATCH_LINES_MAX,
    BATCH_WIDTH_MAX,
    COLUMN_PX,
    Recognizer,
    bucket_width,
    plan_batches,
)

widths = st.lists(st.integers(8, 6000), max_size=80)


@given(widths)
def test_every_line_is_in_one_batch_that_is_wide_enough(wanted: list[int]) -> None:
    seen: list[int] = []
    for width, members in plan_batches(wanted):
        assert all(wanted[index] <= width for index in members)
        assert len(members) <= BATCH_LINES_MAX
        assert len(members) == 1 or len(members) * width <= BATCH_WIDTH_MAX
        seen += members
    assert sorted(seen) == list(range(len(wanted)))


@given(st.integers(8, 6000))
def test_the_input_width_of_a_line_depends_on_that_line_alone(width: int) -> None:
    alone = next(iter(plan_batches([width])))[0]

    assert all(
        found == alone for found, members in plan_batches([width, 31, width, 5000]) if 0 in members
    )
    assert width <= bucket_width(width) <= max(width * 9 // 8 + 1, width + 31)


class FakeSession:
    """Answers with logits that spell one text per line of the batch."""

    def __init__(self, columns: Sequence[int]) -> None:
        self.columns = columns

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = np.zeros((batch.shape[0], batch.shape[3] // COLUMN_PX, 4), dtype=np.float32)
        for place, best in enumerate(self.columns):
            logits[:, place, best] = 20.0
        return logits


def test_repeats_merge_and_blanks_part_them() -> None:
    # Indices: 0 blank, 1 "O", 2 "0", 3 " ".
    recognizer = Recognizer(FakeSession([1, 1, 0, 1, 3, 2]), ("", "O", "0", " "))  # type: ignore[arg-type]
    crop = np.zeros((48, 48, 3), dtype=np.uint8)

    (reading,) = recognizer.read([crop], lambda _done, _total: None)

    assert "".join(c.text for c in reading) == "OO 0"
    assert [round(c.middle * 6 - 0.5) for c in reading] == [0, 3, 4, 5]
    assert all(c.confidence > 0.99 for c in reading)
