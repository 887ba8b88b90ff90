"""Frame by frame: what was made, taken over, stored, and can be found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.soak.reconcile import reconcile

FRAMES = st.sets(st.integers(0, 40).map("f{}".format))


@given(FRAMES, FRAMES, FRAMES, FRAMES)
def test_no_frame_is_counted_twice_or_forgotten(
    produced: set[str], pending: set[str], stored: set[str], processed: set[str]
) -> None:
    found = reconcile(
        dict.fromkeys(produced, "x"),
        pending,
        dict.fromkeys(stored, "x"),
        processed,
        duplicates=0,
        as_of_us=1,
    )
    assert found["produced"] == len(produced)
    assert set(found["lost"]) == produced - pending - stored
    assert found["stored"] == len(produced & stored)
    assert set(found["unsearchable"]) == (produced & stored) - processed
    assert found["searchable"] + len(found["unsearchable"]) == found["stored"]
    assert set(found["strangers"]) == stored - produced


def test_a_frame_that_is_stored_with_other_bytes_is_lost() -> None:
    found = reconcile({"a": "1"}, (), {"a": "2"}, {"a"}, duplicates=0, as_of_us=1)
    assert found["lost"] == found["altered"] == ["a"]
    assert found["searchable"] == 0
