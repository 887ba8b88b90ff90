"""Each distinct text gets one vector, in small batches, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from contracts import canonical
from kernel.config.paths import DataDir
from kernel.pipeline.dispatcher import Dispatcher, Stores
from kernel.pipeline.embedding import BATCH_TEXTS
from kernel.pipeline.planning import Planning
from kernel.pipeline.retries import RetryPolicy
from kernel.pipeline.stages import Stage, make_stage
from kernel.pipeline.walks import Walks
from kernel.scheduling.schedule import Policy
from kernel.store.vectors import VectorStore, why_unavailable
from tests.kernel.pipeline.test_dispatcher import BUDGET, Line, open_line
from tests.kernel.supervision.pool_rig import hostile

pytestmark = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "available")


def stages() -> tuple[Stage, ...]:
    meaning = hostile("meaning", stages=("embed",))
    return (
        make_stage("text", hostile("echo"), {}),
        make_stage("embed", meaning, {}, inputs=("text_batch",)),
    )


class Works:
    """A line of work that ends in vectors."""

    def __init__(self, line: Line, vectors: VectorStore) -> None:
        self.line = line
        self.vectors = vectors
        self.walks = Walks.over(line.evidence, line.derived, line.backlog, stages(), vectors)
        self.dispatcher = Dispatcher(
            pool=line.rig.pool,
            stores=Stores(line.backlog, line.evidence, line.derived, vectors),
            planning=Planning(stages(), costs=line.costs, policy=Policy()),
            policy=RetryPolicy(attempts_max=2, retry_base_s=0.05),
            task_timeout_s=10.0,
            audit=lambda *_: None,
        )

    def drain(self) -> None:
        end_s = time.monotonic() + 60
        while True:
            self.line.feeder.feed()
            self.walks.step()
            if not self.line.backlog.unfinished() and not self.walks.is_behind:
                return
            assert time.monotonic() < end_s, self.line.rig.seen
            self.dispatcher.dispatch(BUDGET, now_s=time.monotonic())
            before = len(self.line.rig.seen)
            self.line.rig.turn(10)
            for event in self.line.rig.seen[before:]:
                self.dispatcher.handle(event)

    def missing(self, *texts: str) -> list[int]:
        digests = [canonical.digest_bytes(text.encode()) for text in texts]
        absent = self.vectors.missing("1" * 64, digests)
        return [at for at, digest in enumerate(digests) if digest in absent]


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    with ExitStack() as stack:
        line = open_line(stack, tmp_path, stages())
        vectors = stack.enter_context(VectorStore.open(DataDir(tmp_path / "data")))
        yield Works(line, vectors)


def test_each_text_gets_one_vector(works: Works) -> None:
    works.line.capture("one", "two", "one", "three")
    works.drain()
    assert works.missing("one", "two", "three", "four") == [3]
    (model,) = works.vectors.models()
    assert (model.name, model.vectors) == ("letters", 3)
    works.line.capture("four")
    works.drain()
    assert works.missing("one", "four") == []


def test_many_texts_go_in_batches_and_none_is_left_out(works: Works) -> None:
    texts = [f"text number {n}" for n in range(2 * BATCH_TEXTS + 5)]
    works.line.capture(*texts)
    works.drain()
    assert works.missing(*texts) == []
    assert works.line.backlog.given_up(10) == []


def test_vectors_that_were_taken_away_are_made_again(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    texts = [f"text number {n}" for n in range(BATCH_TEXTS + 5)]
    with ExitStack() as stack:
        line = open_line(stack, tmp_path, stages())
        with VectorStore.open(data_dir) as vectors:
            works = Works(line, vectors)
            line.capture(*texts)
            works.drain()
            first_id = vectors.store_id()
        for path in data_dir.root.glob("vectors.db*"):
            path.unlink()
        with VectorStore.open(data_dir) as vectors:
            assert vectors.store_id() != first_id
            works = Works(line, vectors)
            works.drain()
            assert works.missing(*texts) == []
            assert works.dispatcher.tally.done_by["embed"] == 2
            works.drain()
            assert works.dispatcher.tally.done_by["embed"] == 2, "once is enough"


@pytest.mark.parametrize("spoiler", ["no vector", "wrong order"])
def test_a_batch_that_fails_is_stepped_over(works: Works, spoiler: str) -> None:
    works.line.capture(spoiler, "its neighbour")
    works.drain()
    works.line.capture("a later text")
    works.drain()
    assert works.missing("a later text") == []
    assert len(works.line.backlog.given_up(10)) >= 1
