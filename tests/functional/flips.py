"""The person comes and goes while hosts work: how long until everything stands still.

Times are taken by somebody outside: from the moment the signal is in place until every process
of every host is told to stop and its processor clock stands still, or (inside the kernel) until
the last unit of work ended.

On a crowded machine these times are the machine's as much as the kernel's. What the kernel alone
is to blame for is told apart (`Flips.late_s`): no crowd adds to it, and no crowd hides it.
"""

from __future__ import annotations

import json
import math
import mmap
import random
import statistics
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kernel.scheduling.override import Override, Word, write_override
from tests.functional.outside import cpu_ns, host_pids_below, host_states, queued_ns
from tests.functional.rig import TEXT_ALONE, Rig, wait_until

IDLE_AFTER_S = 20.0
QUIET_S = 0.4
"""A gated thread that noted nothing for this long stands still."""
LOOK_S = 0.001
SETTLED_S = 0.1
"""Standing still counts when it held for so long."""
STOPPING_CPU_NS = 2_000_000
"""What stopping itself may cost all hosts together in that time: a system call is ended first."""
LATE_S_MAX = 0.25
"""The half of all stops must be told sooner by the kernel's own doing: a wait of its loop for
anything but a processor, or what it computes, comes on top of each."""


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
    late_s: list[float] = field(default_factory=list)
    """The last moment at which something was seen that the kernel had not stopped yet, less the
    time in which its loop stood in the queue for a processor."""
    ran_while_active: int = 0

    def quantile_ms(self, share: float) -> float:
        """In milliseconds; 1.0 is the worst."""
        ordered = sorted(self.stop_s)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def check(self) -> None:
        """Each stop was one, and the kernel was in time by its own clock."""
        assert self.ran_while_active == 0
        assert statistics.median(self.late_s) <= LATE_S_MAX, sorted(self.late_s)


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


@dataclass(frozen=True)
class Stopped:
    """How one stop went, in seconds from the moment it was asked for."""

    after_s: float
    """Until everything stood still."""
    ran_s: float
    """Until the last moment at which something ran that had not been told to stop."""


@dataclass(frozen=True)
class Ticks:
    """The file into which greedy's ``tick`` notes its units, and by which it is told to end."""

    path: Path
    _ENDED, _BEGUN, _ENOUGH, _BYTES = 0, 8, 16, 24

    def make(self) -> None:
        """Put it in place, with nothing noted."""
        self.path.write_bytes(bytes(self._BYTES))

    def ended_s(self) -> float:
        """When a unit ended last."""
        return self._read_ns(self._ENDED) / 1e9

    def begun_s(self) -> float:
        """When a unit was begun last."""
        return self._read_ns(self._BEGUN) / 1e9

    def enough(self) -> None:
        """Let every task end with the unit it is in."""
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), self._BYTES) as shared:
            struct.pack_into("<q", shared, self._ENOUGH, 1)

    def _read_ns(self, offset: int) -> int:
        with self.path.open("r+b") as file, mmap.mmap(file.fileno(), self._BYTES) as shared:
            return int(struct.unpack_from("<q", shared, offset)[0])


StandStill = Callable[[float], Stopped]
Stirs = Callable[[], bool]
UsedNs = Callable[[], int]


def flip(
    rig: Rig,
    count: int,
    stand_still: StandStill,
    stirs: Stirs,
    *,
    used_ns: UsedNs,
    kernel_pid: int,
) -> Flips:
    """Come and go so often, at random moments while hosts run; ends with the person away.

    ``stand_still`` waits from the moment it is given and returns how the stop went; ``stirs``
    tells whether anything moves, ``used_ns`` how much processor time was used so far.
    """
    chance, person, flips = random.Random(7), Person(rig), Flips()  # noqa: S311 - the same moments
    person.signal(idle=True)
    for number in range(count):
        person.leave(by_word=number % 2 == 0 and number > 0)
        _wait_for_work(person, stirs)
        time.sleep(chance.random() * 0.1)  # noqa: TID251 - any moment
        queued_before_ns, before_ns, begin_s = queued_ns(kernel_pid), used_ns(), time.monotonic()
        person.come(by_word=number % 2 == 1)
        stopped = stand_still(begin_s)
        flips.stop_s.append(stopped.after_s)
        flips.used_s.append((used_ns() - before_ns) / 1e9)
        flips.late_s.append(stopped.ran_s - (queued_ns(kernel_pid) - queued_before_ns) / 1e9)
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

    def stand_still(begin_s: float) -> Stopped:
        nonlocal last_look_ns
        since_s, since_ns, ran_s = math.inf, 0, begin_s
        while (look_s := time.monotonic()) < since_s + SETTLED_S:
            last_look_ns, letters = clocks.look_ns(), host_states(kernel_pid)
            if any(letter != "T" for letter in letters):
                # At the look's begin, not its end: it saw what was there some time in between.
                since_s, ran_s = math.inf, look_s
            elif since_s == math.inf or last_look_ns - since_ns > STOPPING_CPU_NS:
                since_s, since_ns = look_s, last_look_ns
            assert look_s < begin_s + 10.0, letters
            time.sleep(LOOK_S)  # noqa: TID251 - as often as we can look
        return Stopped(since_s - begin_s, ran_s - begin_s)

    return stand_still, stirs


def ticks_stand_still(ticks: Ticks) -> StandStill:
    """No unit of work is noted any more; the last one tells when it stopped."""

    def stand_still(begin_s: float) -> Stopped:
        while (last_s := ticks.ended_s()) > time.monotonic() - QUIET_S:
            assert time.monotonic() < begin_s + 10.0
            time.sleep(LOOK_S)  # noqa: TID251 - as often as we can look
        # A unit passes the open gate just before it begins; how long it takes is not the kernel's.
        return Stopped(max(0.0, last_s - begin_s), max(0.0, ticks.begun_s() - begin_s))

    return stand_still


def ticks_come(ticks: Ticks) -> Stirs:
    """A unit of work was noted a moment ago."""
    return lambda: ticks.ended_s() > time.monotonic() - 0.05


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
