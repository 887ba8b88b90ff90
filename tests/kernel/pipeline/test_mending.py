"""Damaged results are made again when the person asks for work, and queries see them again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.pipeline.mending import Mender
from tests.kernel.pipeline.test_dispatcher import open_line
from tests.kernel.pipeline.test_replaying import Works, newer
from tests.kernel.pipeline.test_sequencer import graph


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    with ExitStack() as stack:
        yield Works(open_line(stack, tmp_path, graph()), graph())


def mend(works: Works) -> Mender:
    """What one asking for work does."""
    mender = Mender(works.line.derived, works.line.backlog, graph())
    mender.begin()
    while mender.is_behind:
        mender.step()
        works.drain()
    works.drain()
    return mender


def test_whoever_asks_again_in_time_means_the_same_walk(works: Works) -> None:
    """A command that waits for a running kernel asks every quarter of a second."""
    works.line.capture("one")
    works.drain()
    now_s = [100.0]
    mender = Mender(works.line.derived, works.line.backlog, graph(), now_s=lambda: now_s[0])
    begun = []
    for waited_s in (0.0, 1.5, 1.5, 2.5):
        now_s[0] += waited_s
        mender.begin(lasts_s=2.0)
        begun.append(mender.is_behind)
        while mender.is_behind:
            mender.step()
    assert begun == [True, False, False, True]


def damage(works: Works, stage: str) -> None:
    works.line.derived._db.execute(
        "UPDATE results SET record=zeroblob(50), codec=1 WHERE stage=?", (stage,)
    )
    works.line.derived._records.forget()


def test_text_that_is_damaged_is_read_again_in_its_place(works: Works) -> None:
    blobs = works.line.capture("one", "two", "three")
    works.drain()
    before = [works.line.derived.page_of(blob) for blob in blobs]
    states = works.states()
    damage(works, "text")
    with pytest.raises(KernelError) as caught:
        works.line.derived.page_of(blobs[0])
    assert caught.value.code == "derived-damaged"
    assert "kernel process" in str(caught.value.hint)
    assert mend(works).problem == ""
    assert [works.line.derived.page_of(blob) for blob in blobs] == before
    assert works.count_results("text") == 3
    assert works.states() == states
    assert [i.text for i in works.line.derived.intervals.find("tw0", limit=5)] == ["two"]


@pytest.mark.parametrize("stage", ["state", "delta"])
def test_results_about_frames_are_made_again(works: Works, stage: str) -> None:
    works.line.capture("one", "two", "three")
    works.drain()
    damage(works, stage)
    mend(works)
    events = works.line.evidence.events_after(0, limit_rows=10)
    records = [works.line.derived.record_of(stage, event.event_id) for event in events]
    assert all(records)
    assert works.count_results(stage) == 3


def test_what_is_well_is_left_alone(works: Works) -> None:
    works.line.capture("one", "two")
    works.drain()
    done = works.dispatcher.tally.done
    assert mend(works).problem == ""
    assert works.dispatcher.tally.done == done
    assert works.line.derived.replays.find() is None


def test_intervals_that_do_not_fit_are_built_anew_without_reading(works: Works) -> None:
    works.line.capture("one", "two", "one")
    works.drain()
    (before,) = works.line.derived.intervals.find("tw0", limit=5)
    done = works.dispatcher.tally.done_by["text"]
    works.line.derived._db.execute("UPDATE intervals SET first_us=first_us-7")
    with pytest.raises(KernelError) as caught:
        works.line.derived.intervals.find("tw0", limit=5)
    assert caught.value.code == "derived-damaged"
    mend(works)
    assert works.line.derived.intervals.find("tw0", limit=5) == [before]
    assert works.dispatcher.tally.done_by["text"] == done


def test_a_damaged_result_of_another_plugin_is_named_with_its_replay(works: Works) -> None:
    blobs = works.line.capture("one", "two")
    works.drain()
    damage(works, "text")
    works.use(newer(graph(), "text"))
    mender = Mender(works.line.derived, works.line.backlog, newer(graph(), "text"))
    mender.begin()
    mender.step()
    assert "kernel replay --stage text" in mender.problem
    works.line.derived.replays.order("text", 0)
    works.drain()
    assert all(works.line.derived.page_of(blob) for blob in blobs)


def test_a_replay_reads_again_what_is_damaged_though_it_is_stored(works: Works) -> None:
    blobs = works.line.capture("one", "two")
    works.drain()
    before = [works.line.derived.page_of(blob) for blob in blobs]
    damage(works, "text")
    works.line.derived.replays.order("text", 0)
    works.drain()
    assert [works.line.derived.page_of(blob) for blob in blobs] == before
