"""What goes over stored evidence and results to find work, in the order in which it must.

Covers: one step of all of them. Does not cover: new captures (`kernel.pipeline.feeder`), which
are looked for whether work may run or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from kernel.pipeline.arranger import Arranger
from kernel.pipeline.embedding import Embedder, Vectors
from kernel.pipeline.mending import Mender
from kernel.pipeline.replaying import Evidence, Replayer
from kernel.pipeline.sequencer import Sequencer
from kernel.pipeline.stages import Stage
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore


@dataclass(frozen=True, slots=True)
class Walks:
    """Used from the kernel's loop, while work may run."""

    arranger: Arranger
    replayer: Replayer
    sequencer: Sequencer
    embedder: Embedder
    mender: Mender

    @classmethod
    def over(
        cls,
        evidence: Evidence,
        store: DerivedStore,
        backlog: Backlog,
        stages: Sequence[Stage],
        vectors: Vectors | None = None,
    ) -> Self:
        """The walks of one data dir; without a store of vectors no text gets one."""
        return cls(
            Arranger(evidence, store),
            Replayer(evidence, store, backlog, stages),
            Sequencer(evidence, store, backlog, stages),
            Embedder(store, vectors, backlog, stages),
            Mender(store, backlog, stages),
        )

    @property
    def is_behind(self) -> bool:
        """Whether anything is left to walk over."""
        return self.mender.is_behind or self.makes_tasks

    @property
    def makes_tasks(self) -> bool:
        """Whether more tasks may come though nothing that is stored is damaged."""
        parts = (self.arranger, self.replayer, self.sequencer, self.embedder)
        return any(part.is_behind for part in parts)

    def step(self) -> None:
        """Look for damage if asked to, place pages, go on with a replay, make the next tasks."""
        self.mender.step()
        self.arranger.step()
        self.replayer.step()
        self.sequencer.feed(paused=self.replayer.replayed)
        self.embedder.feed()
