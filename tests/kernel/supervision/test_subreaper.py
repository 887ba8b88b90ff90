"""What hosts leave behind comes to us and is taken away; statuses others wait for stay."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kernel.supervision import bytecode, subreaper
from kernel.supervision.interpreter import HostInterpreter

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = f"""
import json, os, select, subprocess, sys
sys.path.insert(0, {str(ROOT)!r})
from kernel.supervision.subreaper import become_subreaper, collect_adopted
become_subreaper()
orphan = ("import os, sys; pid = os.posix_spawn('/bin/sh', ['sh', '-c', 'read _'], {{}});"
          "print(pid, flush=True)")
host = subprocess.Popen([sys.executable, "-I", "-S", "-c", orphan], stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, start_new_session=True)
pid = int(host.stdout.readline())
host.wait()
own = subprocess.Popen(["/bin/sh", "-c", "exit 5"], start_new_session=True)
fds = [os.pidfd_open(pid), os.pidfd_open(own.pid)]
host.stdin.close()
for fd in fds:
    select.select([fd], [], [])
collected = collect_adopted([own.pid])
print(json.dumps([collected == (pid,), own.wait(), collect_adopted([])]))
"""


def test_orphans_are_collected_and_own_children_left_to_who_waits_for_them() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [True, 5, []]
    assert subreaper.PR_SET_CHILD_SUBREAPER == 36


def test_code_of_hosts_is_compiled_once_and_nothing_else(tmp_path: Path) -> None:
    for name in ("plugin_host", "library"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("x = 1\n")
    paths = (str(tmp_path / "plugin_host"), str(tmp_path / "library"), str(tmp_path / "absent"))
    interpreter = HostInterpreter(sys.executable, "", "", (), (), paths)

    assert bytecode.compile_for_hosts(interpreter)

    compiled = list(tmp_path.rglob("*.pyc"))
    assert [path.parent.parent.name for path in compiled] == ["plugin_host"]
    before = compiled[0].stat().st_mtime_ns
    assert bytecode.compile_for_hosts(interpreter)
    assert compiled[0].stat().st_mtime_ns == before
