"""A replay's state and what it made so far, beside what queries see until it is switched over.

There is at most one replay. Its new results are *staged*: stored under their own keys, not yet
current. A replay of the text stage also builds another generation of streams (frames and lines
over time). `switch` makes all of it current in one transaction; what it replaced is then taken
away in small steps. Stored results stay. Covers: rows. Does not cover: which work is done
(`kernel.pipeline.replaying`).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import apsw
import msgspec

from kernel.config.errors import ExitCode, KernelError
from kernel.store.frames import FrameTable
from kernel.store.sqlite import transaction
from kernel.store.stage_results import StageResults

Phase = Literal["reading", "placing", "tidying", "done"]
TEXT_STAGE = "text"
REPLAY = "@replay"
"""Behind a stage's name: the cursor of its replay."""
PURGED_ROWS = 2_000


class ReplayState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a replay is; ``seq`` is the journal position of its walk, ``maker`` what makes it.

    ``looked_at`` counts events, ``results`` those that took over from another or none before:
    what was in force already is not among them. ``results_by`` are the same by stage.
    """

    stage: str
    since_us: int
    phase: Phase = "reading"
    seq: int = 0
    maker: str = ""
    generation: int = 0
    looked_at: int = 0
    results: int = 0
    results_by: dict[str, int] = {}
    rebuild: bool = False
    """Nothing is read again: pages that are there are put in their places anew."""

    @property
    def is_over(self) -> bool:
        """Whether queries see its results: what is left is tidying up."""
        return self.phase in {"tidying", "done"}


def replay_options(stage: str, since_us: int) -> str:
    """The options of `kernel replay` that name this replay again; all captures need no time."""
    if not since_us:
        return f"--stage {stage}"
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=since_us)
    return f"--stage {stage} --since {moment.isoformat()}"


class Replays:
    """The one replay of a data dir; use from one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection
        self._frames = FrameTable(connection)
        self._results = StageResults(connection)

    def find(self) -> ReplayState | None:
        """The replay that was ordered last; None when there never was one."""
        row = self._db.execute("SELECT value FROM meta WHERE name='replay'").fetchone()
        return msgspec.json.decode(row[0], type=ReplayState) if row else None

    def running(self) -> ReplayState | None:
        """The replay that is not done yet."""
        state = self.find()
        return None if state is None or state.phase == "done" else state

    def order(self, stage: str, since_us: int) -> ReplayState:
        """Begin a replay, or go on with the one of the same stage and time.

        Raises `KernelError` ``replay-running`` while there is another one.
        """
        with transaction(self._db):
            known = self.running()
            if known is not None:
                if _order(known) == (stage, since_us) and not known.rebuild:
                    return known
                if not known.is_over and not known.rebuild:
                    raise KernelError(
                        "replay-running",
                        f"another replay is not over: {replay_options(*_order(known))}",
                        hint=f"let it end: kernel replay {replay_options(*_order(known))}",
                        exit_code=ExitCode.BUSY,
                    )
            self._db.execute("DELETE FROM staged")
            self._db.execute("DELETE FROM cursors WHERE stage LIKE ?", (f"%{REPLAY}",))
            self._db.execute("DELETE FROM meta WHERE name='building'")
            state = ReplayState(stage=stage, since_us=since_us)
            self._save(state)
        return state

    def rebuild(self) -> None:
        """Put every page in its place anew, in another generation; not while a replay runs."""
        if self.running() is None:
            self.begin_generation(ReplayState(stage=TEXT_STAGE, since_us=0, rebuild=True))

    def save(self, state: ReplayState) -> None:
        """Keep how far it is."""
        with transaction(self._db):
            self._save(state)

    def restart(self, state: ReplayState, maker: str) -> ReplayState:
        """Begin anew with another plugin or other settings; what was staged is dropped."""
        with transaction(self._db):
            self._db.execute("DELETE FROM staged")
            self._db.execute("DELETE FROM cursors WHERE stage LIKE ?", (f"%{REPLAY}",))
            self._db.execute("DELETE FROM meta WHERE name='building'")
            fresh = ReplayState(stage=state.stage, since_us=state.since_us, maker=maker)
            self._save(fresh)
        return fresh

    def begin_generation(self, state: ReplayState) -> ReplayState:
        """From now on every page is also put in its place in a new generation."""
        with transaction(self._db):
            highest = self._db.execute("SELECT max(generation) FROM streams").get
            generation = max(int(highest or 0), self._frames.active_generation()) + 1
            self._set("building", str(generation))
            changed = msgspec.structs.replace(state, phase="placing", seq=0, generation=generation)
            self._save(changed)
        return changed

    def stage_result(self, stage: str, subject: str, result_id: int) -> None:
        """This is to be the current result about the subject; inside a transaction."""
        self._results.point(stage, subject, result_id, staged=True)

    def staged_result(self, stage: str, subject: str) -> int | None:
        """Row id of the staged result about the subject."""
        row = self._db.execute(
            "SELECT result_id FROM staged WHERE stage=? AND subject=?", (stage, subject)
        ).fetchone()
        return int(row[0]) if row else None

    def count_staged(self) -> int:
        """How many results are staged."""
        return int(self._db.execute("SELECT count(*) FROM staged").get)

    def switch(self, state: ReplayState, stages: tuple[str, ...]) -> ReplayState:
        """Make everything that was staged current, at once; queries see the new from here on."""
        with transaction(self._db):
            results_by = self._count_new()
            self._retire(state.generation)
            for blob, result_id in self._db.execute(
                "SELECT subject, result_id FROM staged WHERE stage=?", (TEXT_STAGE,)
            ).fetchall():
                self._db.execute(
                    "UPDATE pages SET result_id=? WHERE blob=?",
                    (result_id, bytes.fromhex(str(blob))),
                )
            self._db.execute(
                "INSERT OR REPLACE INTO latest(stage, subject, result_id)"
                " SELECT stage, subject, result_id FROM staged WHERE stage!=?",
                (TEXT_STAGE,),
            )
            self._db.execute("DELETE FROM staged")
            if state.generation:
                self._set("generation", str(state.generation))
                self._db.execute("DELETE FROM meta WHERE name='building'")
            for stage in stages:
                self._db.execute(
                    "INSERT OR REPLACE INTO cursors(stage, stream_id, at_us, seq)"
                    " SELECT ?, stream_id, at_us, seq FROM cursors WHERE stage=?",
                    (stage, stage + REPLAY),
                )
            self._db.execute("DELETE FROM cursors WHERE stage LIKE ?", (f"%{REPLAY}",))
            changed = msgspec.structs.replace(
                state, phase="tidying", results=sum(results_by.values()), results_by=results_by
            )
            self._save(changed)
        return changed

    def _retire(self, generation: int) -> None:
        """What was made of texts that change now is not current any more.

        On each stream from the first frame whose text changes: a result takes that of the frame
        before with it. What comes out the same is current again when the stage comes by.
        """
        changed = self._db.execute(
            "SELECT f.stream_id, min(f.at_us) FROM staged t"
            " JOIN pages p ON p.blob=unhex(t.subject) AND p.result_id!=t.result_id"
            " JOIN frames f ON f.result_id=t.result_id"
            " JOIN streams s ON s.stream_id=f.stream_id AND s.generation=?"
            " WHERE t.stage=? GROUP BY f.stream_id",
            (generation, TEXT_STAGE),
        ).fetchall()
        stages = self._db.execute("SELECT DISTINCT stage FROM latest").fetchall()
        self._db.executemany(
            "DELETE FROM latest WHERE stage=? AND subject IN"
            " (SELECT 'ev-' || lower(hex(event)) FROM frames WHERE stream_id=? AND at_us>=?)",
            [(stage, stream_id, at_us) for (stage,) in stages for stream_id, at_us in changed],
        )

    def _count_new(self) -> dict[str, int]:
        """Stage -> how many of the staged results are not in force already."""
        rows = self._db.execute(
            "SELECT s.stage, count(*) FROM staged s"
            " LEFT JOIN pages p ON s.stage=? AND p.blob=unhex(s.subject)"
            " LEFT JOIN latest l ON l.stage=s.stage AND l.subject=s.subject"
            " WHERE ifnull(p.result_id, l.result_id) IS NOT s.result_id"
            " GROUP BY s.stage ORDER BY s.stage",
            (TEXT_STAGE,),
        )
        return {str(stage): int(str(count)) for stage, count in rows}

    def tidy(self, state: ReplayState) -> ReplayState:
        """Take away a part of what no query sees any more; done when there is nothing left."""
        kept = self._frames.generations()
        marks = ",".join("?" * len(kept))
        with transaction(self._db):
            gone = 0
            old = self._db.execute(
                f"SELECT stream_id FROM streams WHERE generation NOT IN ({marks})",  # noqa: S608 - marks
                kept,
            )
            for stream_id in [int(str(row[0])) for row in old.fetchall()]:
                gone += self._purge(stream_id, PURGED_ROWS - gone)
                if gone >= PURGED_ROWS:
                    return state
            changed = msgspec.structs.replace(state, phase="done")
            self._save(changed)
        return changed

    def _purge(self, stream_id: int, limit: int) -> int:
        gone = 0
        for statement in (
            "DELETE FROM intervals WHERE interval_id IN"
            " (SELECT interval_id FROM intervals WHERE stream_id=? LIMIT ?)",
            "DELETE FROM movements WHERE (stream_id, at_us, seq) IN"
            " (SELECT stream_id, at_us, seq FROM movements WHERE stream_id=? LIMIT ?)",
            "DELETE FROM cursors WHERE (stage, stream_id) IN"
            " (SELECT stage, stream_id FROM cursors WHERE stream_id=? LIMIT ?)",
            "DELETE FROM frames WHERE (stream_id, at_us, seq) IN"  # not evidence: derived
            " (SELECT stream_id, at_us, seq FROM frames WHERE stream_id=? LIMIT ?)",
        ):
            if gone >= limit:
                return gone
            self._db.execute(statement, (stream_id, limit - gone))
            gone += self._db.changes()
        if gone < limit:
            self._db.execute("DELETE FROM streams WHERE stream_id=?", (stream_id,))
        return gone

    def _save(self, state: ReplayState) -> None:
        self._set("replay", msgspec.json.encode(state).decode())

    def _set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)", (name, value))


def _order(state: ReplayState) -> tuple[str, int]:
    """What was ordered: the stage, and captures since when in microseconds."""
    return state.stage, state.since_us
