"""Where faults are put in a day; more on this stands beside the days (test_day)."""

from __future__ import annotations

from itertools import pairwise

from kernel.soak.day import phase_at, plan_day
from kernel.soak.faultplan import EVERY_S, IN_REST, IN_WORK, left_over, plan_faults


def test_faults_of_the_kernel_come_while_the_person_works() -> None:
    for length_s in (300.0, 3_600.0, 86_400.0):
        phases = plan_day(3, length_s)
        at_work = [fault for fault in plan_faults(phases) if fault.name in IN_WORK]
        assert at_work
        assert all(phase_at(phases, fault.at_s).truth == "active" for fault in at_work)
        assert all(fault.at_s < fault.until_s <= length_s for fault in at_work)


def test_on_a_long_day_faults_keep_their_distance() -> None:
    faults = plan_faults(plan_day(3, 86_400.0))
    for place in (IN_REST, IN_WORK):
        times = [fault.at_s for fault in faults if fault.name in place]
        # A leak is planned with the work before its rest: half a spell earlier.
        gaps = [after - before for before, after in pairwise(times)]
        assert min(gaps) > EVERY_S / 4
        assert len(times) > 10


def test_what_was_put_in_before_a_cut_is_not_put_in_again() -> None:
    faults = plan_faults(plan_day(3, 86_400.0))
    assert left_over(faults, []) == faults
    assert left_over(faults, [fault.name for fault in faults]) == ()
    done = ["host_killed", "host_killed", "disk_full", "no such fault"]
    left = left_over(faults, done)
    assert len(left) == len(faults) - 3
    assert [f for f in faults if f.name == "host_killed"][2:] == [
        f for f in left if f.name == "host_killed"
    ]
