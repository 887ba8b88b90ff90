"""The reaper over real processes: stale hosts end, everybody else lives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.supervision import records
from kernel.supervision.identity import ProcessIdentity, read_boot_id, read_identity
from kernel.supervision.launch import HOST_ID_ENV, RUN_NONCE_ENV
from kernel.supervision.reap_plan import OwnRun
from kernel.supervision.reaper import reap
from kernel.supervision.records import HostRecord, KernelRecord
from kernel.supervision.rundir import RunDir

WAITS = "import signal; print(flush=True); signal.pause()"
IGNORES_TERM = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
HAS_CHILD = (
    "import subprocess, sys;"
    "child = subprocess.Popen([sys.executable, '-I', '-S', '-c', sys.argv[1]],"
    " stdout=subprocess.PIPE, start_new_session=True);"
    "child.stdout.readline(); print(child.pid, flush=True); child.wait()"
)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(code: str, *arguments: str, nonce: str = "") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, *arguments],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={RUN_NONCE_ENV: nonce, HOST_ID_ENV: "h1-00000001"} if nonce else {},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path / "run")
    made.make()
    return made


def first_line(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def dead_kernel(start: Start) -> ProcessIdentity:
    process = start(WAITS)
    first_line(process)
    identity = read_identity(process.pid)
    process.kill()
    process.wait()
    return identity


def put_on_record(
    run_dir: RunDir, stub: ProcessIdentity, kernel: ProcessIdentity, host_id: str = "h1-00000001"
) -> None:
    record = HostRecord(host_id, "ocr_rapid", "nonce-of-the-dead", kernel, stub)
    records.write_host_record(run_dir, record)


def test_a_stale_host_is_asked_to_end_and_its_record_goes(run_dir: RunDir, start: Start) -> None:
    stale = start(HAS_CHILD, WAITS)
    grandchild = int(first_line(stale))
    put_on_record(run_dir, read_identity(stale.pid), dead_kernel(start))

    report = reap([run_dir])

    [action] = report.actions
    assert action.outcome == "terminated"
    assert {stale.pid, grandchild} <= set(action.pids)
    assert report.left_pids == ()
    assert stale.wait(5) is not None
    assert not Path(f"/proc/{grandchild}/exe").exists()
    assert records.read_host_records(run_dir) == []
    assert reap([run_dir]).actions == ()


def test_a_host_that_ignores_term_is_killed(run_dir: RunDir, start: Start) -> None:
    stale = start(HAS_CHILD, IGNORES_TERM)
    grandchild = int(first_line(stale))
    put_on_record(run_dir, read_identity(stale.pid), dead_kernel(start))

    report = reap([run_dir], term_s_max=0.2)

    assert report.actions[0].outcome == "killed"
    assert not Path(f"/proc/{grandchild}/exe").exists()


def test_the_host_of_a_living_kernel_is_kept(run_dir: RunDir, start: Start) -> None:
    kernel, stub = start(WAITS), start(WAITS)
    first_line(kernel)
    first_line(stub)
    put_on_record(run_dir, read_identity(stub.pid), read_identity(kernel.pid))

    report = reap([run_dir])

    assert [action.outcome for action in report.actions] == ["kept"]
    assert stub.poll() is None
    assert len(records.read_host_records(run_dir)) == 1


def test_whoever_got_the_pid_of_a_dead_host_lives_on(run_dir: RunDir, start: Start) -> None:
    innocent = start(WAITS)
    first_line(innocent)
    former = ProcessIdentity(innocent.pid, 1, read_boot_id())
    put_on_record(run_dir, former, dead_kernel(start))

    report = reap([run_dir])

    assert [(action.outcome, action.reason) for action in report.actions] == [
        ("forgotten", "reused")
    ]
    assert innocent.poll() is None
    assert records.read_host_records(run_dir) == []


def test_a_stray_without_a_record_is_found_by_its_mark(run_dir: RunDir, start: Start) -> None:
    stray = start(WAITS, nonce="nonce-of-a-dead-run")
    bystander = start(WAITS, nonce="nonce-of-somebody-else")
    first_line(stray)
    first_line(bystander)
    kernel = KernelRecord(dead_kernel(start), "nonce-of-a-dead-run", "/data")
    records.write_kernel_record(run_dir, kernel)

    report = reap([run_dir])

    assert [action.pids for action in report.actions] == [(stray.pid,)]
    assert report.actions[0].outcome == "terminated"
    assert bystander.poll() is None


def test_a_kernel_sweeps_up_after_its_own_hosts_only(run_dir: RunDir, start: Start) -> None:
    stray = start(WAITS, nonce="my-nonce")
    first_line(stray)
    me = KernelRecord(read_identity(os.getpid()), "my-nonce", "/data")
    records.write_kernel_record(run_dir, me)

    assert reap([run_dir]).actions == ()
    assert reap([run_dir], own=OwnRun("my-nonce", frozenset({"h1-00000001"}))).actions == ()
    assert stray.poll() is None
    [action] = reap([run_dir], own=OwnRun("my-nonce", frozenset())).actions
    assert action.pids == (stray.pid,)


def test_what_a_dead_host_leaves_on_disk_goes_too(run_dir: RunDir, start: Start) -> None:
    host_id = "h1-00000001"
    scratch = run_dir.root / f"scratch-{host_id}"
    scratch.mkdir()
    (scratch / "left").write_text("x")
    run_dir.socket_dir(host_id).mkdir()
    stale = start(WAITS)
    first_line(stale)
    gone = read_identity(stale.pid)
    stale.kill()
    stale.wait()
    record = HostRecord(
        host_id, "ocr_rapid", "n", dead_kernel(start), gone, scratch_dir=str(scratch)
    )
    records.write_host_record(run_dir, record)

    [action] = reap([run_dir]).actions

    assert (action.outcome, action.reason) == ("forgotten", "gone")
    assert not scratch.exists()
    assert not run_dir.socket_dir(host_id).exists()


def test_a_broken_record_is_told_and_left_where_it_is(run_dir: RunDir) -> None:
    path = records.host_record_path(run_dir, "h1-00000001")
    path.write_text('{"host_id": "h1-00000001"')

    report = reap([run_dir])

    assert report.actions == ()
    assert len(report.unreadable) == 1
    assert path.exists()


def test_records_are_for_their_owner_alone(run_dir: RunDir) -> None:
    me = read_identity(os.getpid())
    put_on_record(run_dir, me, me)

    path = records.host_record_path(run_dir, "h1-00000001")
    assert path.stat().st_mode & 0o777 == 0o600
    [record] = records.read_host_records(run_dir)
    assert isinstance(record, HostRecord)
    assert (record.stub, record.kernel, record.host) == (me, me, None)


def test_a_broken_record_of_a_dead_kernel_goes_once_nobody_carries_its_mark(
    run_dir: RunDir, start: Start
) -> None:
    path = records.host_record_path(run_dir, "h1-00000001")
    path.write_text('{"host_id": "h1-00000001"')
    run_dir.socket_dir("h1-00000001").mkdir()
    marked = start(WAITS, nonce="of-a-run-that-nobody-knows")
    first_line(marked)
    records.write_kernel_record(run_dir, KernelRecord(dead_kernel(start), "n", "/data"))

    (told,) = reap([run_dir]).unreadable
    assert f"process {marked.pid} carries its mark" in told
    assert marked.poll() is None
    marked.kill()
    marked.wait()
    report = reap([run_dir])
    assert [action.outcome for action in report.actions] == ["forgotten"]
    assert report.unreadable == ()
    assert not path.exists()
    assert not run_dir.socket_dir("h1-00000001").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own a folder as somebody else")
def test_records_of_another_user_are_not_believed(run_dir: RunDir, start: Start) -> None:
    victim = start(WAITS)
    first_line(victim)
    put_on_record(run_dir, read_identity(victim.pid), dead_kernel(start))
    os.chown(run_dir.root, 65534, 65534)

    assert reap([run_dir]).actions == ()
    assert victim.poll() is None


def test_a_run_that_is_over_is_known_without_a_run_dir(tmp_path: Path, start: Start) -> None:
    stray, bystander = start(WAITS, nonce="over"), start(WAITS, nonce="another")
    first_line(stray)
    first_line(bystander)

    [action] = reap([RunDir(tmp_path / "gone")], over=frozenset({"over"})).actions

    assert action.pids == (stray.pid,)
    assert bystander.poll() is None
