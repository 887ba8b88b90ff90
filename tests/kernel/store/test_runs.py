"""The life of one line as plain data."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.store.runs import (
    Look,
    Run,
    Runs,
    best_text,
    cut,
    join,
    look_at,
    other_texts,
    pack_runs,
    unpack_runs,
)

side = st.integers(0, 65_535)
look_st = st.builds(
    Look,
    text_id=st.integers(1, 2**31),
    box=st.tuples(side, side, side, side),
    confidence=st.integers(0, 1000),
)


@st.composite
def runs_st(draw: st.DrawFn) -> Runs:
    looks = draw(st.lists(look_st, min_size=1, max_size=6))
    at, seq = draw(st.integers(0, 2**52)), draw(st.integers(1, 2**40))
    runs: list[Run] = []
    for look in looks:
        if runs and runs[-1].look == look:
            continue
        runs.append(Run((at, seq), look))
        at += draw(st.integers(0, 10**9))
        seq += draw(st.integers(-5, 5)) or 1
        at += 1
    return tuple(runs)


@given(runs_st())
def test_runs_come_back_from_their_bytes(runs: Runs) -> None:
    assert unpack_runs(pack_runs(runs), runs[0].place) == runs


@given(runs_st(), st.data())
def test_what_is_cut_and_joined_is_what_it_was(runs: Runs, data: st.DataObject) -> None:
    at = data.draw(st.integers(runs[0].place[0], runs[-1].place[0] + 5))
    before, after = (at, 2**60), (at + 1, -(2**60))
    left, right = cut(runs, before, after)
    last = look_at(left, before)
    assert last is not None
    assert join(left, last, right) == runs
    for run in runs:
        assert look_at(runs, run.place) == run.look


def test_the_surest_reading_tells_the_line_and_the_others_are_kept() -> None:
    box = (0, 0, 1, 1)
    runs = tuple(Run((at, at), Look(at, box, sure)) for at, sure in ((1, 700), (2, 990), (3, 990)))
    assert best_text(runs) == 2
    assert other_texts(runs) == {1, 3}
    assert look_at(runs, (0, 0)) is None
