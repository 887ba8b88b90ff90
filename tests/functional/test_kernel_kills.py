"""kill -9 of the kernel at random moments: no host outlives it, no work is lost or done twice.

Each round waits for one of several moments in the life of a host, seen from outside through the
control socket, so that kills do hit work and not only a kernel that is still starting.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest

from contracts.control import (
    AskStatus,
    CaptureAcknowledged,
    StatusReply,
    SubmitCapture,
)
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.supervision.control import ControlClient
from tests.functional.endings import Ending, marked
from tests.functional.rig import Rig, kill_9, make_rig, picture, wait_until
from tests.functional.test_spine import results

ROUNDS_QUICK = 10
ROUNDS_FULL = 200
GONE_S_MAX = 2.0
"""Of time in which whoever shall end has a processor (see `endings`)."""
LONG = "!sleep:1.5"
"""A task that is still at work when the look at it comes late."""
JITTER_S = 0.02


@dataclass
class Round:
    """One running kernel that is going to be killed."""

    rig: Rig
    client: ControlClient
    note: dict[str, Any]
    chance: random.Random

    def live(self) -> dict[str, Any]:
        """What the kernel says of itself: milliseconds, where the command takes half a second."""
        found: dict[str, Any] = json.loads(self.client.ask(AskStatus(), StatusReply).document)
        return found

    def submit(self, text: str, number: int) -> None:
        """One frame, durable when this returns."""
        request = SubmitCapture(
            captured_at_us=time.time_ns() // 1000,
            tz_name="UTC",
            tz_offset_s=0,
            monotonic_ns=time.monotonic_ns(),
            source="test",
            media_type="image/png",
        )
        # Each frame has pixels of its own: equal ones are read once.
        data = picture(text, side=8 + number // 256, shade=number)
        self.client.ask(request, CaptureAcknowledged, payload=data)

    def wait_live(self, holds: Callable[[dict[str, Any]], Any]) -> None:
        wait_until(lambda: holds(self.live()), 60.0)


def before_the_first_host(now: Round) -> None:
    """At once: the frames are acknowledged and nothing else is done yet."""


def host_starting(now: Round) -> None:
    """A host is on record: its processes are being made."""
    folder = Path(now.note["run_dir"]) / "hosts"
    wait_until(lambda: any(folder.glob("*.json")), 60.0)


def task_leased(now: Round) -> None:
    """A host has a task in hand."""
    now.wait_live(lambda live: any(host["task_id"] for host in live["hosts"]))


def between_tasks(now: Round) -> None:
    """Something was done, more waits."""
    now.wait_live(lambda live: live["tasks"]["done"] >= 1)


def idle(now: Round) -> None:
    """All is done, and the host stays for a while."""
    now.wait_live(lambda live: live["hosts"] and live["tasks"]["done"] >= 1)
    wait_until(lambda: unfinished(now.rig) == 0, 120.0)


MOMENTS: dict[Callable[[Round], None], tuple[str, ...]] = {
    before_the_first_host: ("one",),
    host_starting: ("one",),
    task_leased: (LONG,),
    between_tasks: ("one", "two", "three"),
    idle: ("one",),
}
"""The moment to wait for, and the frames that are put in for it."""


def in_backlog(rig: Rig, *states: str) -> int:
    """How many tasks are so, as the file says."""
    path = str(rig.data_dir / "backlog.db")
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(5_000)
    found = connection.execute("SELECT state FROM tasks").fetchall()
    return sum(state in states for (state,) in found)


def unfinished(rig: Rig) -> int:
    """How many tasks are still to be done."""
    return in_backlog(rig, "waiting", "leased")


@dataclass
class Kills:
    """What all rounds hit."""

    rig: Rig
    frames: int = 0
    hit: Counter[str] = field(default_factory=Counter)

    def play(self, moment: Callable[[Round], None], chance: random.Random) -> None:
        """Start a kernel, put frames in, wait for the moment, kill, and watch everything end."""
        with self.rig.kernel("--profile", "idle") as kernel:
            note = json.loads((self.rig.data_dir / "run.json").read_text())
            client = ControlClient(Path(note["control_socket"]), timeout_s=60.0)
            now = Round(self.rig, client, note, chance)
            for text in MOMENTS[moment]:
                now.submit(text, self.frames)
                self.frames += 1
            moment(now)
            time.sleep(chance.random() * JITTER_S)  # noqa: TID251 - the moment is random
            below = {child.pid for child in psutil.Process(kernel.pid).children(recursive=True)}
            kill_9(kernel.pid)
            kernel.wait(timeout=30)
            client.close()
            # Also those that were born between the look and the kill.
            ending = Ending(below, lambda: marked(note["run_id"]))
            ending.wait()
        assert ending.fair_s < GONE_S_MAX, f"{moment.__name__}: {ending}"
        self.hit[self._what_was_hit(below)] += 1

    def _what_was_hit(self, below: set[int]) -> str:
        """As the backlog's file says after the kill: a lease is what a host had in hand."""
        if not below:
            return "no host"
        if in_backlog(self.rig, "leased"):
            return "busy"
        return "starting" if in_backlog(self.rig, "waiting") else "idle"


def kill_rounds(rig: Rig, rounds: int) -> Kills:
    """Every moment equally often, in random order."""
    chance = random.Random(20)  # noqa: S311 - the same order in every run
    moments = [list(MOMENTS)[number % len(MOMENTS)] for number in range(rounds)]
    chance.shuffle(moments)
    kills = Kills(rig)
    for moment in moments:
        kills.play(moment, chance)
    return kills


def assert_nothing_was_left_or_lost(rig: Rig, frames: int) -> None:
    reaped = rig.json("doctor", "--reap")
    assert [action for action in reaped["actions"] if action["pids"]] == []
    assert reaped["left_pids"] == []
    (remains,) = reaped["run_dirs"]
    assert (remains["data_dir"], remains["kept"]) == (str(rig.data_dir), [])
    assert not Path(remains["run_dir"]).exists()
    done = rig.json("process", "--until-drained")
    assert (done["failed"], done["unfinished"]) == (0, 0)
    assert results(rig) == frames
    assert rig.json("verify")["ok"]
    with EvidenceStore.open(DataDir(rig.data_dir)) as store:
        acts = Counter(entry.act for entry in store.ledger.entries(limit_rows=100_000))
    assert acts["host-reaped"] == 0, "no start found a host of the one before"


def check(rig: Rig, rounds: int) -> None:
    kills = kill_rounds(rig, rounds)
    assert_nothing_was_left_or_lost(rig, kills.frames)
    # Each moment came up in a fifth of the rounds; not every kill hits what was waited for.
    assert kills.hit["busy"] >= rounds // 10, kills.hit
    assert kills.hit["idle"] >= 1, kills.hit


def test_kernel_killed_at_random_moments_leaves_no_host_and_loses_no_work(tmp_path: Path) -> None:
    check(make_rig(tmp_path), ROUNDS_QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kernel_killed_at_200_random_moments_leaves_no_host_and_loses_no_work(
    tmp_path: Path,
) -> None:
    check(make_rig(tmp_path), ROUNDS_FULL)


def test_a_host_that_outlives_its_kernel_is_found_by_its_mark_and_takes_its_time(
    tmp_path: Path,
) -> None:
    """Else the tests above could not fail."""
    environment = os.environ | {"AUTOCAPTURE_RUN": "a-run-of-this-test"}
    code = "import signal; print(flush=True); signal.sigtimedwait([signal.SIGUSR1], 0.5)"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE
    ) as left:
        assert left.stdout is not None
        left.stdout.readline()
        assert marked("a-run-of-this-test") == {left.pid}
        ending = Ending(set(), lambda: marked("a-run-of-this-test"))
        ending.wait()
    assert ending.wall_s > 0.2
    assert ending.fair_s > 0.0
