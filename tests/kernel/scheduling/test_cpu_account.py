"""CPU time of a tree: nothing that was seen is lost, and nothing counts twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.cpu_account import CpuAccount, CpuUse, ProcessTicks

ROOT, STUB, INIT, HOST = 1, 2, 3, 4


@dataclass
class _Process:
    parent: int
    started: int
    own: int = 0
    ended: int = 0


@dataclass
class Machine:
    """Processes that burn, begin and end as the system would have them; pid 1 is the root."""

    processes: dict[int, _Process] = field(default_factory=lambda: {ROOT: _Process(0, 0)})
    burnt: int = 0
    clock: int = 0

    def start(self, pid: int, parent: int) -> None:
        self.clock += 1
        self.processes[pid] = _Process(parent, self.clock)

    def burn(self, pid: int, ticks: int) -> None:
        self.processes[pid].own += ticks
        self.burnt += ticks if pid != ROOT else 0

    def end(self, pid: int, *, waited: bool = True) -> None:
        """End it; who is below it goes to the root (a subreaper)."""
        gone = self.processes.pop(pid)
        for process in self.processes.values():
            if process.parent == pid:
                process.parent = ROOT
        if waited:
            self.processes[gone.parent].ended += gone.own + gone.ended

    def look(self) -> list[ProcessTicks]:
        return [
            ProcessTicks(pid, one.parent, pid, one.started, one.own, one.ended)
            for pid, one in sorted(self.processes.items())
        ]


def take(account: CpuAccount, machine: Machine, *hosts: int) -> CpuUse:
    return account.take(machine.look(), hosts, ticks_per_s=1)


def hosted() -> Machine:
    machine = Machine()
    for pid in (STUB, INIT, HOST):
        machine.start(pid, pid - 1)
    return machine


def test_what_a_killed_host_used_stays_used_and_the_next_one_begins_where_it_ended() -> None:
    machine, account = hosted(), CpuAccount(ROOT)
    machine.burn(ROOT, 50)
    machine.burn(HOST, 1000)
    assert take(account, machine, STUB) == CpuUse(1050, 1000, 50, 0)
    # A process namespace that is killed: nobody waits for what was in it.
    for pid in (HOST, INIT):
        machine.end(pid, waited=False)
    machine.end(STUB)
    assert take(account, machine) == CpuUse(1050, 1000, 50, 0)
    for pid in (STUB, INIT, HOST):
        machine.start(pid, pid - 1)
    machine.burn(HOST, 7)
    machine.burn(ROOT, 3)
    assert take(account, machine, STUB) == CpuUse(1060, 1007, 53, 0)


def test_a_child_that_was_waited_for_counts_once_and_what_no_look_saw_counts_too() -> None:
    machine, account = hosted(), CpuAccount(ROOT)
    machine.start(5, HOST)
    machine.burn(5, 100)
    take(account, machine, STUB)
    machine.burn(5, 20)
    machine.end(5)
    assert take(account, machine, STUB).hosts_s == 120
    machine.start(6, HOST)
    machine.burn(6, 9)
    machine.end(6)
    assert take(account, machine, STUB).hosts_s == 129, "it came and went between two looks"


def test_a_look_that_reads_the_parent_before_it_waits_counts_nothing_twice() -> None:
    machine, account = hosted(), CpuAccount(ROOT)
    machine.start(5, HOST)
    machine.burn(5, 100)
    take(account, machine, STUB)
    early = [process for process in machine.look() if process.pid != 5]
    machine.end(5)
    assert account.take(early, [STUB], ticks_per_s=1).hosts_s == 100
    assert take(account, machine, STUB).hosts_s == 100
    # A child that nobody waited for does not hide another one for ever.
    machine.start(6, HOST)
    machine.burn(6, 40)
    take(account, machine, STUB)
    machine.end(6, waited=False)
    for _ in range(2):
        take(account, machine, STUB)
    machine.start(7, HOST)
    machine.burn(7, 40)
    machine.end(7)
    assert take(account, machine, STUB).hosts_s == 180


def test_a_process_of_the_same_pid_is_another_one() -> None:
    machine, account = hosted(), CpuAccount(ROOT)
    machine.burn(HOST, 100)
    take(account, machine, STUB)
    machine.end(HOST, waited=False)
    machine.start(HOST, INIT)
    machine.burn(HOST, 30)
    assert take(account, machine, STUB).hosts_s == 130


def test_a_stray_of_a_host_is_still_a_host() -> None:
    machine, account = hosted(), CpuAccount(ROOT)
    take(account, machine, STUB)
    machine.end(HOST)
    machine.start(5, INIT)
    take(account, machine, STUB)
    machine.end(INIT)
    machine.burn(5, 60)
    assert machine.processes[5].parent == ROOT
    assert take(account, machine, STUB).hosts_s == 60


@given(st.data())
def test_no_look_loses_what_a_look_saw_and_where_all_is_waited_for_the_sum_is_exact(
    data: st.DataObject,
) -> None:
    waited = data.draw(st.booleans())
    machine, account, pid = Machine(), CpuAccount(ROOT), ROOT
    seen_s = before_s = 0.0
    own: dict[int, int] = {}
    for _ in range(data.draw(st.integers(1, 25))):
        ends = 0
        for _ in range(data.draw(st.integers(0, 4))):
            chosen = data.draw(st.sampled_from(sorted(machine.processes)))
            match data.draw(st.sampled_from(["start", "burn", "end"])):
                case "start":
                    pid += 1
                    machine.start(pid, chosen)
                case "burn":
                    machine.burn(chosen, data.draw(st.integers(0, 50)))
                case _ if chosen != ROOT and not ends:
                    # Two ends at once may leave open who waited for whom: then more is counted.
                    ends += 1
                    machine.end(chosen, waited=waited)
        use = take(account, machine)
        seen_s += sum(one.own - own.get(pid, 0) for pid, one in machine.processes.items())
        own = {pid: one.own for pid, one in machine.processes.items()}
        assert use.total_s >= max(before_s, seen_s)
        before_s = use.total_s
    if waited:
        assert before_s == machine.burnt + machine.processes[ROOT].own
