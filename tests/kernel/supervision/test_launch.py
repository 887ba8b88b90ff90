"""The start of a host as a plan, and what the host is told over an inherited descriptor."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from contracts.launch import SandboxPolicy
from kernel.supervision.chain import Chain, try_chain
from kernel.supervision.host_start import HOST_TARGET
from kernel.supervision.interpreter import HostInterpreter, this_interpreter
from kernel.supervision.launch import (
    AS_FIRST_PROCESS,
    AS_GROUP_GUARD,
    AS_NAMESPACE_GUARD,
    LaunchPlan,
    host_environment,
    launch_document,
    open_launch_pipe,
    plan_launch,
)

INTERPRETER = HostInterpreter(
    "/v/bin/python", "/v", "/code/plugin_host/bootstrap.py", ("/code",), ("/v/site",), ("/v/site",)
)
POLICY = SandboxPolicy(scratch_dir="/scratch", ipc_dir="/ipc", kernel_pid=1, keep_fds=(9,))
FULL = Chain(setpriv="/usr/bin/setpriv", unshare=("/usr/bin/unshare", "--pid", "--fork"))


def plan(chain: Chain) -> LaunchPlan:
    return plan_launch(
        chain=chain,
        interpreter=INTERPRETER,
        policy=POLICY,
        host_id="h1-00000000",
        run_nonce="nonce",
        launch_fd=7,
        lifeline_fd=8,
    )


def test_the_full_chain_ends_with_a_shell_that_stays() -> None:
    argv = plan(FULL).argv

    assert argv[:4] == ("/usr/bin/setpriv", "--pdeathsig", "KILL", "--")
    assert argv[4] == "/usr/bin/unshare"
    assert argv[-3:] == ("/bin/sh", "-c", AS_FIRST_PROCESS)


def test_each_missing_program_changes_who_watches_the_kernel() -> None:
    assert plan(Chain()).argv == ("/bin/sh", "-c", AS_GROUP_GUARD)
    assert plan(Chain(unshare=FULL.unshare)).argv[-1] == AS_NAMESPACE_GUARD
    assert plan(Chain(setpriv=FULL.setpriv)).argv[-1] == AS_GROUP_GUARD


@pytest.mark.parametrize("chain", [FULL, Chain(), Chain(unshare=FULL.unshare)])
def test_no_thin_program_names_plugin_host_or_a_path(chain: Chain) -> None:
    line = " ".join(plan(chain).argv)

    assert "plugin_host" not in line
    assert "/code" not in line


def test_the_environment_is_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_PERSON", "x")

    environment = plan(FULL).environment

    assert "SECRET_OF_THE_PERSON" not in environment
    assert environment["HOME"] == environment["TMPDIR"] == "/scratch"
    assert environment["OMP_NUM_THREADS"] == environment["OPENBLAS_NUM_THREADS"] == "1"
    assert environment["ORT_DISABLE_TELEMETRY"] == environment["HF_HUB_OFFLINE"] == "1"
    assert environment.items() >= host_environment("/scratch").items()


def test_only_named_descriptors_are_handed_on() -> None:
    popen = plan(FULL).popen

    assert popen["pass_fds"] == (7, 8, 9)
    assert popen["close_fds"] is True
    assert popen["start_new_session"] is True
    assert "user" not in popen
    assert plan(Chain(drop_first=True)).popen["user"] == POLICY.service_uid


def test_the_launch_document_comes_through_the_pipe_once() -> None:
    document = launch_document(
        interpreter=INTERPRETER,
        policy=POLICY,
        lifeline_fd=8,
        host={"token": "t" * 32},
        target=HOST_TARGET,
    )

    fd = open_launch_pipe(document)
    try:
        raw = os.read(fd, 1 << 20)
        assert os.read(fd, 1) == b""
    finally:
        os.close(fd)
    told = json.loads(raw)
    assert told["host"] == {"token": "t" * 32}
    policy = SandboxPolicy.from_dict(told["policy"])
    assert policy.kernel_pid_namespace == str(Path("/proc/self/ns/pid").readlink())


def test_a_document_that_does_not_fit_is_refused_before_anything_starts() -> None:
    before = set(Path("/proc/self/fd").iterdir())
    with pytest.raises(ValueError, match="limit 60000"):
        open_launch_pipe({"host": "x" * 70_000})

    assert len(set(Path("/proc/self/fd").iterdir())) == len(before)


def test_a_document_near_the_limit_fits_into_the_pipe() -> None:
    fd = open_launch_pipe({"host": "x" * 59_000})
    try:
        assert len(os.read(fd, 1 << 20)) > 59_000
    finally:
        os.close(fd)


def test_what_is_tried_works_or_says_why_not() -> None:
    chain = try_chain(65534, 65534)

    assert (chain.setpriv and chain.unshare) or chain.reasons
    for reason in chain.reasons:
        assert "setpriv" in reason or "unshare" in reason


def test_the_kernels_own_code_is_not_shown_to_hosts() -> None:
    interpreter = this_interpreter()
    names = {Path(path).name for path in interpreter.read_only_paths}

    assert {"contracts", "plugin_host", "plugins"} <= names
    assert "kernel" not in names
    assert Path(interpreter.bootstrap).is_file()
    assert all(Path(path).is_absolute() for path in interpreter.read_only_paths)


def test_a_broken_launch_is_told_by_its_status(tmp_path: Path) -> None:
    interpreter = this_interpreter()
    for document, status in (({}, 75), ({"policy": {"odd": 1}, "lifeline_fd": 0}, 75)):
        fd = open_launch_pipe(document)
        done = subprocess.run(
            [interpreter.python, "-I", "-S", interpreter.bootstrap, "--launch-fd", str(fd)],
            pass_fds=(fd,),
            capture_output=True,
            check=False,
            cwd=tmp_path,
        )
        os.close(fd)
        assert done.returncode == status, done.stderr
        assert json.loads(done.stderr)["fault"] == "bad-launch"


def test_a_host_whose_kernel_is_gone_before_it_looks_does_nothing(tmp_path: Path) -> None:
    interpreter = this_interpreter()
    lifeline_fd, kept = os.pipe()
    os.close(kept)
    policy = SandboxPolicy(scratch_dir=str(tmp_path), ipc_dir=str(tmp_path), kernel_pid=os.getpid())
    document = launch_document(
        interpreter=interpreter,
        policy=policy,
        lifeline_fd=lifeline_fd,
        host={},
        target=HOST_TARGET,
    )
    fd = open_launch_pipe(document)
    done = subprocess.run(
        [interpreter.python, "-I", "-S", interpreter.bootstrap, "--launch-fd", str(fd)],
        pass_fds=(fd, lifeline_fd),
        capture_output=True,
        check=False,
    )
    os.close(fd)
    os.close(lifeline_fd)

    assert done.returncode == 76
