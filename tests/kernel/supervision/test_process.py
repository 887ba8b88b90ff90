"""A host's tree without a process namespace: it has ended when its last process has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kernel.supervision import lifecycle
from kernel.supervision.pool_events import HostDied, TaskLost, TaskSucceeded
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher, task

ROOT = Path(__file__).resolve().parents[3]
CHILDREN = 60
PROGRAM = f"""
import os, select, signal, subprocess, sys, time
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from kernel.supervision.process import ENDED, ProcessHost
from kernel.supervision.identity import read_stat
from kernel.supervision.process_tree import children_of
from kernel.supervision.subreaper import become_subreaper

become_subreaper()
# All on one processor, and what was forked gets it only when nobody else wants it: it needs it to
# die, so that it still lives when it was just killed.
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
fork = "for _ in $(seq {CHILDREN}); do sleep 3600 & done; echo ready; wait"
stub = subprocess.Popen(["/bin/sh", "-c", fork], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        process_group=0)
assert stub.stdout.readline() == b"ready\\n"
family = children_of(stub.pid)
lives = lambda pid: (stat := read_stat(pid)) is not None and stat.state not in ENDED
assert sum(map(lives, family)) == {CHILDREN}
for pid in family:
    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
kept, given = os.pipe()
host = ProcessHost(stub, uid=0, lifeline_fd=given, scratch_dir=Path("/nonexistent"),
                   on_adopt=lambda pid: None, ends_last=False)
os.kill(stub.pid, signal.SIGKILL)
assert select.select([host.exit_fd], [], [], 60)[0]
while not host.has_ended():
    time.sleep(0.01)
left = [pid for pid in family if lives(pid)]
assert left == [], left
assert host.finish().signal == signal.SIGKILL
"""


def test_a_tree_has_ended_only_when_nothing_that_was_forked_lives() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_host_without_a_process_namespace_works_is_killed_and_frees_its_place(
    tmp_path: Path,
) -> None:
    launcher = process_launcher(tmp_path, own_pids=False)
    with pool_rig(launcher, max_hosts=1, limits=lifecycle.Limits(start_timeout_s=60.0)) as rig:
        host_id = rig.start_ready(hostile("echo"))
        assert rig.pool.assign(host_id, task("hello"))
        rig.wait_for_event(TaskSucceeded)
        assert rig.pool.assign(host_id, task("!sleep:3600", 2))
        rig.pool.kill_host(host_id, "enough", blame=False)
        rig.wait_for_event(HostDied)
        assert rig.of(TaskLost)
        assert rig.pool.free_slots() == 1
        rig.start_ready(hostile("echo"))
