"""Each layer on its own, in a fresh process where it changes the process."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plugin_host.sandbox import (
    audit,
    capabilities,
    lifeline,
    namespaces,
    probe,
    process,
    rlimits,
    self_test,
    verdict,
)
from tests.plugin_host.sandbox.fresh import ROOT, run_fresh


def test_the_audit_hook_counts_and_refuses_network_sockets_only() -> None:
    log = audit.AuditLog(refuse_sockets=True)
    log._hook("socket.__new__", (None, socket.AF_UNIX, 1, 0))
    with pytest.raises(PermissionError, match="no network permission"):
        log._hook("socket.__new__", (None, socket.AF_INET, 1, 0))
    log._hook("subprocess.Popen", ())
    log._hook("open", ())

    assert log.counts() == {"socket.__new__": 1, "subprocess.Popen": 1}
    telemetry = audit.AuditLog(refuse_sockets=False)
    telemetry._hook("socket.__new__", (None, socket.AF_INET, 1, 0))
    assert telemetry.counts() == {"socket.__new__": 1}


def test_dropped_capabilities_are_gone() -> None:
    answer = run_fresh(
        "from plugin_host.sandbox import capabilities\n"
        "capabilities.drop_all(); capabilities.forbid_new_privileges()\n"
        "answer = capabilities.held()"
    )

    assert answer == 0
    assert (capabilities.held() != 0) == (os.geteuid() == 0)


def test_a_lifeline_is_cut_when_its_last_writer_is_gone() -> None:
    read_fd, write_fd = os.pipe()
    second = os.dup(write_fd)
    os.close(write_fd)
    assert not lifeline.is_cut(read_fd)
    os.close(second)
    assert lifeline.is_cut(read_fd)
    os.close(read_fd)


def test_the_watch_ends_a_process_that_waits_for_ever() -> None:
    read_fd, write_fd = os.pipe()
    code = (
        f"import sys, signal; sys.path.insert(0, {str(ROOT)!r})\n"
        "from plugin_host.sandbox import lifeline\n"
        f"lifeline.watch({read_fd}); print(flush=True)\n"
        "while True: signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", code], pass_fds=(read_fd,), stdout=subprocess.PIPE
    ) as child:
        os.close(read_fd)
        assert child.stdout is not None
        child.stdout.readline()
        assert child.poll() is None
        os.close(write_fd)
        assert child.wait(10) == lifeline.EXIT_KERNEL_GONE


def test_a_user_namespace_keeps_the_numbers_of_the_user() -> None:
    answer = run_fresh(
        "import os\n"
        "from plugin_host.sandbox import namespaces\n"
        "before = os.getuid()\n"
        "try: note = namespaces.enter_user_namespace()\n"
        "except OSError as error: note = None\n"
        "answer = [note, before, os.getuid()]"
    )

    note, before, after = answer
    if note is None:
        pytest.skip("this machine refuses user namespaces")
    assert note == f"uid_map {before} {before} 1"
    assert before == after


def test_a_refused_namespace_is_an_oserror() -> None:
    with pytest.raises(OSError, match="unshare"):
        namespaces.unshare(0x1)


def test_the_probe_prints_what_it_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.serve({}, sandbox_level="B", sandbox=[{"name": "x"}], lifeline_fd=None) == 0

    assert json.loads(capsys.readouterr().out) == {"level": "B", "layers": [{"name": "x"}]}


def test_only_kept_descriptors_stay_open() -> None:
    answer = run_fresh(
        "import os\n"
        "from plugin_host.sandbox import process\n"
        "fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(5)]\n"
        "process.close_other_fds([fds[1], fds[3]])\n"
        "def is_open(fd):\n"
        "    try: os.fstat(fd)\n"
        "    except OSError: return False\n"
        "    return True\n"
        "answer = [is_open(fd) for fd in [0, 1, 2, *fds]]"
    )

    assert answer == [True, True, True, False, True, False, True, False]


def test_a_host_leads_its_session_unless_a_guard_does() -> None:
    answer = run_fresh(
        "import os\n"
        "from plugin_host.sandbox import process\n"
        "process.lead_session(has_pid_namespace=False); stayed = os.getsid(0) != os.getpid()\n"
        "process.lead_session(has_pid_namespace=True)\n"
        "answer = [stayed, os.getsid(0) == os.getpid() == os.getpgrp()]"
    )

    assert answer == [True, True]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have something to drop")
def test_root_is_given_up_for_good_or_not_at_all() -> None:
    with pytest.raises(PermissionError, match="must not be root"):
        process.drop_to(0, 65534)
    answer = run_fresh(
        "import os\n"
        "from plugin_host.sandbox import process\n"
        "process.drop_to(65534, 65534)\n"
        "try: os.setuid(0); back = True\n"
        "except OSError: back = False\n"
        "answer = [os.getresuid(), os.getresgid(), os.getgroups(), back]"
    )

    assert answer == [[65534] * 3, [65534] * 3, [], False]


def test_limits_are_lowered_and_never_raised() -> None:
    answer = run_fresh(
        "import resource\n"
        "from contracts.launch import SandboxPolicy\n"
        "from plugin_host.sandbox import rlimits\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "policy = SandboxPolicy(scratch_dir='/', ipc_dir='/', kernel_pid=1, nofile_max=128,"
        " data_bytes_max=300 << 20)\n"
        "rlimits.set_limits(policy); rlimits.limit_processes(50)\n"
        "get = resource.getrlimit\n"
        "answer = [get(resource.RLIMIT_NOFILE), get(resource.RLIMIT_DATA)[1] >> 20,"
        " get(resource.RLIMIT_CORE), get(resource.RLIMIT_NPROC)[1]]"
    )

    assert answer == [[64, 64], 300, [0, 0], 50]


def test_politeness_says_what_holds() -> None:
    answer = run_fresh(
        "import os\n"
        "from plugin_host.sandbox import rlimits\n"
        "cpu = min(os.sched_getaffinity(0))\n"
        "note = rlimits.be_polite((cpu,), 3)\n"
        "answer = [note.startswith(f'cpus [{cpu}], nice 3'), os.getpriority(os.PRIO_PROCESS, 0)]"
    )

    assert answer == [True, 3]
    assert rlimits.MEMLOCK_BYTES_MAX > 0


def test_attempts_leave_no_trace_where_nothing_stops_them(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    os.utime(file, ns=(1_000, 2_000))

    assert not self_test.try_change_times(str(file)).denied
    assert (file.stat().st_atime_ns, file.stat().st_mtime_ns) == (1_000, 2_000)
    assert not self_test.try_create(str(tmp_path), "new").denied
    assert not self_test.try_run_from(str(tmp_path)).denied
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert self_test.try_read(str(tmp_path / "absent")).code == "ENOENT"
    assert not self_test.try_signal(os.getpid()).denied


def test_an_error_that_is_not_the_walls_counts_as_gone_through() -> None:
    def fail() -> None:
        raise OSError(errno.EINVAL, "bad argument")

    assert self_test.attempt("call", fail).denied
    assert self_test.attempt("call", fail, frozenset({"EPERM"})) == self_test.Attempt(
        "call (EINVAL)", ""
    )


def test_a_process_without_walls_is_not_called_walled() -> None:
    answer = run_fresh(
        "import os, tempfile\n"
        "from contracts.launch import SandboxPolicy\n"
        "from plugin_host.sandbox import report, verdict\n"
        "folder = tempfile.mkdtemp()\n"
        "policy = SandboxPolicy(scratch_dir=folder, ipc_dir=folder, kernel_pid=os.getpid(),"
        " kernel_pid_namespace=os.readlink('/proc/self/ns/pid'))\n"
        "layers = tuple(verdict.judge(policy, {}, {}))\n"
        "os.rmdir(folder)\n"
        "answer = [report.level_of(layers),"
        " sorted(item.name for item in layers if item.state == 'enforced')]",
        # Whoever runs the tests may lead a session, as the guard of a host does.
        process_group=0,
    )

    level, enforced = answer
    # An ordinary user has neither root nor capabilities to begin with.
    assert set(enforced) <= {"service_uid", "capabilities"}
    assert level == "none"


def test_a_missing_audit_hook_is_told() -> None:
    assert verdict.judge_audit_hook(None, {"audit_hook": "off"}).state == "missing"
