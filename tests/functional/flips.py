"""The person comes and goes while hosts work: how long until everything stands still.

Times are taken by somebody outside: from the moment the signal is in place until every process
of every host is told to stop and its processor clock stands still, or (inside the kernel) until
the last unit of work was begun.
"""

from __future__ import annotations

import json
import math
import mmap
import random
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kernel.scheduling.override import Override, Word, write_override
from tests.functional.outside import cpu_ns, host_pids_below, host_states
from tests.functional.rig import TEXT_ALONE, Rig, wait_until

IDLE_AFTER_S = 20.0
QUIET_S = 0.4
"""A gated thread that noted nothing for this long stands still."""
LOOK_S = 0.001
SETTLED_S = 0.1
"""Standing still counts when it held for so long."""
STOPPING_CPU_NS = 2_000_000
"""What stopping itself may cost all hosts together in that time: a system call is ended first."""


@dataclass
class Person:
    """Writes the activity signal as a capture program does, or gives the word."""

    rig: Rig
    seq: int = 0

    def signal(self, *, idle: bool) -> None:
        """Rewrite the signal file whole."""
        self.seq += 1
        now_ms = time.monotonic_ns() // 1_000_000
        last_ms = now_ms - (int(IDLE_AFTER_S * 2_000) if idle else 0)
        document = {"schema": 1, "seq": self.seq, "written_ms": now_ms, "last_input_ms": last_ms}
        path = self.rig.data_dir / "activity.json"
        part = path.with_name("activity.json.tmp")
        part.write_text(json.dumps(document))
        part.replace(path)

    def say(self, word: Word) -> None:
        """What `kernel active` and its like write."""
        write_override(self.rig.data_dir / "override.json", Override(word, time.time_ns() // 1000))

    def come(self, *, by_word: bool) -> None:
        """Be active."""
        if by_word:
            self.say("active")
        else:
            self.signal(idle=False)

    def leave(self, *, by_word: bool) -> None:
        """Be away."""
        if by_word:
            self.say("none")
        self.signal(idle=True)


@dataclass
class Flips:
    """Seconds from the signal to the stop, one for each flip, and how they went."""

    stop_s: list[float] = field(default_factory=list)
    used_s: list[float] = field(default_factory=list)
    """Processor time used after the person came; others' load adds nothing to it."""
    ran_while_active: int = 0

    def quantile_ms(self, share: float) -> float:
        """In milliseconds; 1.0 is the worst."""
        ordered = sorted(self.stop_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def configure(rig: Rig, *, hosting: str = "subprocess") -> None:
    """Settings under which only the signal file and the word count."""
    rig.settings(f"""
[pipeline]
text_plugin = "greedy"
{TEXT_ALONE}[activity]
idle_after_s = {IDLE_AFTER_S}
providers = ["signal_file"]
[budget]
ramp_step_s = 0.2
[hosts]
max_hosts = 2
hosting = "{hosting}"
[scheduler]
keep_warm_min_s = 3600.0
""")


StandStill = Callable[[float], float]
Stirs = Callable[[], bool]
UsedNs = Callable[[], int]


def flip(rig: Rig, count: int, stand_still: StandStill, stirs: Stirs, *, used_ns: UsedNs) -> Flips:
    """Come and go so often, at random moments while hosts run; ends with the person away.

    ``stand_still`` waits from the moment it is given and returns the seconds that it took;
    ``stirs`` tells whether anything moves, ``used_ns`` how much processor time was used so far.
    """
    chance, person, flips = random.Random(7), Person(rig), Flips()  # noqa: S311 - the same moments
    person.signal(idle=True)
    for number in range(count):
        person.leave(by_word=number % 2 == 0 and number > 0)
        _wait_for_work(person, stirs)
        time.sleep(chance.random() * 0.1)  # noqa: TID251 - any moment
        before_ns, begin_s = used_ns(), time.monotonic()
        person.come(by_word=number % 2 == 1)
        flips.stop_s.append(stand_still(begin_s))
        flips.used_s.append((used_ns() - before_ns) / 1e9)
        time.sleep(0.05)  # noqa: TID251 - a moment of standing still, then a look
        flips.ran_while_active += stirs()
    person.leave(by_word=True)
    return flips


class Clocks:
    """The processor time of all hosts' processes together, those that ended included."""

    def __init__(self, kernel_pid: int) -> None:
        self._kernel_pid = kernel_pid
        self._seen_ns: dict[int, int] = {}

    def look_ns(self) -> int:
        """Nanoseconds since the first look at each process."""
        for pid in host_pids_below(self._kernel_pid):
            self._seen_ns[pid] = max(self._seen_ns.get(pid, 0), cpu_ns(pid))
        return sum(self._seen_ns.values())


def processes_stand_still(kernel_pid: int) -> tuple[StandStill, Stirs]:
    """No process of a host gets anything done: all are told to stop, and no clock moves.

    The time that it took ends with the first look after which that held.
    """
    clocks = Clocks(kernel_pid)
    last_look_ns = 0

    def stirs() -> bool:
        nonlocal last_look_ns
        former_ns, last_look_ns = last_look_ns, clocks.look_ns()
        moved = last_look_ns - former_ns > STOPPING_CPU_NS
        return moved or any(letter != "T" for letter in host_states(kernel_pid))

    def stand_still(begin_s: float) -> float:
        nonlocal last_look_ns
        since_s, since_ns = math.inf, 0
        while (look_s := time.monotonic()) < since_s + SETTLED_S:
            last_look_ns, letters = clocks.look_ns(), host_states(kernel_pid)
            if any(letter != "T" for letter in letters):
                since_s = math.inf
            elif since_s == math.inf or last_look_ns - since_ns > STOPPING_CPU_NS:
                since_s, since_ns = look_s, last_look_ns
            assert look_s < begin_s + 10.0, letters
            time.sleep(LOOK_S)  # noqa: TID251 - as often as we can look
        return since_s - begin_s

    return stand_still, stirs


def ticks_stand_still(path: Path) -> StandStill:
    """No unit of work is noted any more; the last one tells when it stopped."""

    def stand_still(begin_s: float) -> float:
        while (last_s := _last_tick_s(path)) > time.monotonic() - QUIET_S:
            assert time.monotonic() < begin_s + 10.0
            time.sleep(LOOK_S)  # noqa: TID251 - as often as we can look
        return max(0.0, last_s - begin_s)

    return stand_still


def ticks_come(path: Path) -> Stirs:
    """A unit of work was noted a moment ago."""
    return lambda: _last_tick_s(path) > time.monotonic() - 0.05


def _last_tick_s(path: Path) -> float:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        return float(struct.unpack_from("<q", shared)[0]) / 1e9


def _wait_for_work(person: Person, stirs: Stirs) -> None:
    """Until a host runs; the signal is kept fresh meanwhile, as its contract asks."""
    fresh_until_s = time.monotonic() + 3.0

    def works() -> bool:
        nonlocal fresh_until_s
        if time.monotonic() > fresh_until_s:
            fresh_until_s = time.monotonic() + 3.0
            person.signal(idle=True)
        return stirs()

    wait_until(works, 60.0)
