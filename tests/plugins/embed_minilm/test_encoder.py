from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.embed_minilm.encoder import (
    BATCH_TOKENS_MAX,
    BUCKET_TOKENS,
    TOKENS_MAX,
    bucket,
    plan_batches,
    quantize,
)

lengths = st.lists(st.integers(2, TOKENS_MAX), max_size=200)


@given(lengths)
def test_every_text_is_computed_once_beside_texts_of_like_length(lengths: list[int]) -> None:
    batches = plan_batches(lengths)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        widths = {bucket(lengths[place]) for place in batch}
        assert len(widths) == 1
        assert len(batch) == 1 or len(batch) * widths.pop() <= BATCH_TOKENS_MAX


@given(st.integers(1, TOKENS_MAX))
def test_a_bucket_is_the_next_multiple(tokens: int) -> None:
    assert tokens <= bucket(tokens) < tokens + BUCKET_TOKENS
    assert bucket(tokens) % BUCKET_TOKENS == 0


@given(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=384))
def test_quantizing_is_off_by_half_a_step_at_most(values: list[float]) -> None:
    vector = np.array(values, dtype=np.float32)
    kept = quantize(vector)
    step = kept.scale_nano / 1e9
    back = np.frombuffer(kept.components, dtype=np.int8) * step
    # The scale is a whole number of billionths: that much more per component of 127.
    assert np.abs(back - vector).max() <= step / 2 + 127e-9


def test_a_vector_of_nothing_is_kept_as_nothing() -> None:
    assert set(quantize(np.zeros(8, dtype=np.float32)).components) == {0}


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_largest_component_takes_the_whole_range(sign: float) -> None:
    kept = quantize(np.array([0.01, sign * 0.25, 0.1], dtype=np.float32))
    assert np.frombuffer(kept.components, dtype=np.int8)[1] == sign * 127
