"""A bounded memory by content."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugin_host.textkit.recall import Recall, key_of


def test_pixels_are_known_by_shape_and_content_wherever_they_stand() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (200, 64, 3)).astype(np.uint8)

    assert key_of(pixels[0:96]) == key_of(np.vstack([pixels[96:], pixels[:96]])[-96:])
    assert key_of(pixels[0:96]) != key_of(pixels[96:192])
    assert key_of(pixels[0:2, 0:4]) != key_of(pixels[0:4, 0:2])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 10)), max_size=60))
def test_what_is_kept_stays_within_its_weight_and_is_the_newest(
    entries: list[tuple[int, int]],
) -> None:
    recall: Recall[int] = Recall(30)
    for number, (key, weight) in enumerate(entries):
        recall.keep(str(key), number, weight)

    newest = dict(entries)
    kept = [key for key in newest if recall.find(str(key)) is not None]
    assert sum(newest[key] for key in kept) <= 30
    assert not entries or entries[-1][0] in kept
