"""What a host process refuses before anything else, and how it hears that its kernel is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from contracts.launch import SandboxPolicy
from plugin_host import bootstrap
from plugin_host.main import HostDocument, serve


def pipe_with(data: bytes) -> int:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, data)
    os.close(write_fd)
    return read_fd


def test_launch_document_is_read_once_from_the_named_descriptor() -> None:
    read_fd = pipe_with(b'{"a": 1}')
    assert bootstrap.read_launch(["--launch-fd", str(read_fd)]) == {"a": 1}
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(read_fd)


@pytest.mark.parametrize("arguments", [[], ["--launch-fd"], ["--fd", "3"], ["--launch-fd", "x"]])
def test_other_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        bootstrap.read_launch(arguments)


@pytest.mark.parametrize("data", [b"", b"[1]", b"{", b"\xff\xfe"])
def test_document_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        bootstrap.read_launch(["--launch-fd", str(pipe_with(data))])


def test_host_that_does_not_understand_its_policy_says_so_and_runs_nothing() -> None:
    read_fd = pipe_with(json.dumps({"policy": {"strange": 1}, "lifeline_fd": 0}).encode())
    done = subprocess.run(
        [sys.executable, "-I", "-S", bootstrap.__file__, "--launch-fd", str(read_fd)],
        pass_fds=(read_fd,),
        capture_output=True,
        check=False,
        timeout=20,
    )
    os.close(read_fd)
    assert done.returncode == bootstrap.EXIT_BAD_LAUNCH
    assert json.loads(done.stderr)["fault"] == "bad-launch"


def test_host_whose_kernel_is_gone_already_ends_at_once(tmp_path: Path) -> None:
    lifeline, kept = os.pipe()
    os.close(kept)
    policy = SandboxPolicy(scratch_dir=str(tmp_path), ipc_dir=str(tmp_path), kernel_pid=os.getpid())
    document = {"policy": policy.to_dict(), "lifeline_fd": lifeline, "environment": {}}
    read_fd = pipe_with(json.dumps(document).encode())
    started_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", "-S", bootstrap.__file__, "--launch-fd", str(read_fd)],
        pass_fds=(read_fd, lifeline),
        capture_output=True,
        check=False,
        timeout=20,
    )
    os.close(read_fd)
    os.close(lifeline)
    assert done.returncode == bootstrap.EXIT_KERNEL_GONE
    assert time.monotonic() - started_s < 15


def test_loop_refuses_a_document_that_is_not_whole() -> None:
    with pytest.raises(msgspec.ValidationError, match="endpoint"):
        serve({"host_id": "h1-00000000"}, sandbox_level="none", sandbox=[], lifeline_fd=None)
    assert "token" in HostDocument.__struct_fields__
