"""Who is a stale host: decided from records and a snapshot alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kernel.supervision.identity import ProcessIdentity, ProcessStat
from kernel.supervision.reap_plan import OwnRun, Snapshot, decide
from kernel.supervision.records import HostRecord, KernelRecord

BOOT = "this-boot"


def process(pid: int, start_ticks: int = 5, boot_id: str = BOOT) -> ProcessIdentity:
    return ProcessIdentity(pid, start_ticks, boot_id)


def stat(
    pid: int, *, parent: int = 1, group: int = 0, session: int = 0, start_ticks: int = 5
) -> ProcessStat:
    return ProcessStat(pid, "S", parent, group or pid, session or pid, start_ticks)


def snapshot(*stats: ProcessStat, marks: dict[int, tuple[str, str]] | None = None) -> Snapshot:
    return Snapshot(BOOT, {item.pid: item for item in stats}, marks or {})


def host(
    host_id: str = "h1", *, kernel: ProcessIdentity, stub: ProcessIdentity, nonce: str = "old"
) -> HostRecord:
    return HostRecord(host_id, "ocr", nonce, kernel, stub)


def test_the_hosts_of_a_living_kernel_are_kept() -> None:
    record = host(kernel=process(10), stub=process(20))

    [decision] = decide([record], None, snapshot(stat(10), stat(20)))

    assert (decision.verdict, decision.targets) == ("kept", ())


def test_the_host_of_a_dead_kernel_ends_with_everything_below_and_in_its_session() -> None:
    record = host(kernel=process(10), stub=process(20))
    seen = snapshot(
        stat(20),
        stat(21, parent=20),
        stat(22, parent=21),
        stat(23, parent=1, session=20),
        stat(24, parent=1, group=21),
        stat(30),
    )

    [decision] = decide([record], None, seen)

    assert decision.verdict == "ends"
    assert [target.pid for target in decision.targets] == [20, 21, 22, 23, 24]
    assert decision.stub == process(20)


def test_a_kernel_whose_pid_was_reused_is_dead() -> None:
    record = host(kernel=process(10, start_ticks=5), stub=process(20))

    [decision] = decide([record], None, snapshot(stat(10, start_ticks=9), stat(20)))

    assert decision.verdict == "ends"


def test_a_reused_stub_is_forgotten_and_its_new_owner_left_alone() -> None:
    record = host(kernel=process(10), stub=process(20, start_ticks=5))

    [decision] = decide([record], None, snapshot(stat(20, start_ticks=9), stat(21, parent=20)))

    assert (decision.verdict, decision.reason, decision.targets) == ("forgotten", "reused", ())


def test_a_record_of_another_boot_is_forgotten() -> None:
    record = host(kernel=process(10, boot_id="b"), stub=process(20, boot_id="b"))

    [decision] = decide([record], None, snapshot(stat(10), stat(20)))

    assert (decision.verdict, decision.reason) == ("forgotten", "other-boot")


def test_a_stray_is_found_by_the_mark_of_a_dead_run_alone() -> None:
    kernel = KernelRecord(process(10), "old", "/data")
    seen = snapshot(
        stat(50), stat(51), stat(52), marks={50: ("old", "h9"), 51: ("other", "h9"), 52: ("", "")}
    )

    [decision] = decide([], kernel, seen)

    assert [target.pid for target in decision.targets] == [50]


def test_marks_of_a_living_run_are_left_alone_by_others() -> None:
    kernel = KernelRecord(process(10), "live", "/data")
    seen = snapshot(stat(10), stat(50), marks={50: ("live", "h9")})

    assert decide([], kernel, seen) == []


def test_a_kernel_ends_strays_of_its_own_dead_hosts_and_keeps_the_others() -> None:
    kernel = KernelRecord(process(10), "live", "/data")
    seen = snapshot(stat(10), stat(50), stat(51), marks={50: ("live", "h1"), 51: ("live", "h2")})

    [decision] = decide([], kernel, seen, OwnRun("live", frozenset({"h2"})))

    assert [target.pid for target in decision.targets] == [50]


pids = st.integers(2, 12)
stats = st.builds(
    lambda pid, parent, group, session, ticks: ProcessStat(pid, "S", parent, group, session, ticks),
    pids,
    pids,
    pids,
    pids,
    st.integers(1, 2),
)


@given(
    st.lists(stats, max_size=10),
    st.lists(st.tuples(pids, st.integers(1, 2), pids, st.integers(1, 2)), max_size=4),
)
def test_no_unrelated_process_is_ever_a_target(
    seen: list[ProcessStat], known: list[tuple[int, int, int, int]]
) -> None:
    by_pid = {item.pid: item for item in seen}
    records = [
        host(f"h{at}", kernel=process(k, kt), stub=process(s, sticks))
        for at, (k, kt, s, sticks) in enumerate(known)
    ]

    for record, decision in zip(
        records, decide(records, None, Snapshot(BOOT, by_pid, {})), strict=False
    ):
        kernel_stat = by_pid.get(record.kernel.pid)
        stub_stat = by_pid.get(record.stub.pid)
        kernel_lives = kernel_stat and kernel_stat.start_ticks == record.kernel.start_ticks
        stub_lives = stub_stat and stub_stat.start_ticks == record.stub.start_ticks
        if kernel_lives or not stub_lives:
            assert decision.targets == ()
        else:
            assert record.stub in decision.targets
        for target in decision.targets:
            assert by_pid[target.pid].start_ticks == target.start_ticks
