"""Looks over what is stored when the person asks for work, and has made again what is damaged.

Covers: one walk over results and intervals for each asking, in small steps; tasks for results of
the stages in force; building intervals anew. A damaged result of another plugin, version or other
settings cannot be made as it was: `problem` names the replay that replaces it. Does not cover:
how damage is found (`kernel.store.mending`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kernel.pipeline.stages import Stage
from kernel.store.backlog import Backlog
from kernel.store.derived import TEXT_STAGE, DerivedStore
from kernel.store.mending import Damaged

STEP_RESULTS = 32
STEP_INTERVALS = 1_000
STEP_S = 0.03


class Mender:
    """Used from the kernel's loop, while work may run."""

    def __init__(
        self,
        store: DerivedStore,
        backlog: Backlog,
        stages: Sequence[Stage],
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._backlog = backlog
        self._stages = {stage.name: stage for stage in stages}
        self._now_s = now_s
        self._result_id: int | None = None
        self._interval_id: int | None = None
        self._foreign: dict[str, int] = {}
        self._asked_until_s = 0.0

    @property
    def is_behind(self) -> bool:
        """Whether there is something left to look at."""
        return self._result_id is not None or self._interval_id is not None

    @property
    def problem(self) -> str:
        """What of the last walk cannot be made as it was; empty when nothing."""
        return "; ".join(
            f"{count} damaged results of the stage {name} were made by another plugin or settings:"
            f" kernel replay --stage {name} replaces them"
            for name, count in sorted(self._foreign.items())
        )

    def begin(self, *, lasts_s: float = 0.0) -> None:
        """Look over everything, from the first result on.

        Whoever asks again within ``lasts_s`` still means the same walk, be it over or not.
        """
        now_s = self._now_s()
        is_new, self._asked_until_s = now_s >= self._asked_until_s, now_s + lasts_s
        if self._stages and is_new:
            self._result_id = self._interval_id = 0
            self._foreign.clear()

    def step(self) -> None:
        """Go on for about `STEP_S` seconds."""
        end_s = self._now_s() + STEP_S
        while self.is_behind:
            if self._result_id is not None:
                self._look_at_results(self._result_id)
            elif self._interval_id is not None:
                if self._backlog.oldest_open_us(TEXT_STAGE) is not None:
                    # Intervals are made of pages: those that were lost come first.
                    return
                self._look_at_intervals(self._interval_id)
            if self._now_s() >= end_s:
                return

    def _look_at_results(self, result_id: int) -> None:
        self._result_id, found = self._store.damage.results_behind(result_id, limit=STEP_RESULTS)
        for damaged in found:
            self._take(damaged)

    def _take(self, damaged: Damaged) -> None:
        stage, key = self._stages.get(damaged.stage), damaged.key
        if key is None or stage is None or stage.key(key.input_digest) != key:
            self._foreign[damaged.stage] = self._foreign.get(damaged.stage, 0) + 1
            return
        self._store.lose(damaged)
        if damaged.stage == TEXT_STAGE:
            # Those of the stages over frames are put in where the sequencer comes by again.
            self._backlog.add(key, (), captured_at_us=damaged.captured_at_us)

    def _look_at_intervals(self, interval_id: int) -> None:
        finder = self._store.damage
        self._interval_id, misfits = finder.intervals_behind(interval_id, limit=STEP_INTERVALS)
        # Where a page cannot be had, the replay that replaces it makes the intervals, too.
        if misfits and not self._foreign:
            self._store.replays.rebuild()
            self._interval_id = None
