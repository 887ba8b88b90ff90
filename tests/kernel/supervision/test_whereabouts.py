"""Where the kernel is reached, who lives below a process, which levels are strong enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.paths import DataDir
from kernel.config.service_user import service_ids
from kernel.store.evidence import EvidenceStore
from kernel.supervision.address import RunNote, control_socket_of, read_note, write_note
from kernel.supervision.probe import probe_sandbox
from kernel.supervision.process_tree import descendants
from kernel.supervision.sandbox_level import LEVELS, is_at_least


def note(socket: Path) -> RunNote:
    return RunNote(
        pid=os.getpid(),
        run_id="r",
        run_dir=str(socket.parent),
        control_socket=str(socket),
        profile="default",
        started_at_us=1,
    )


def test_note_of_a_kernel_that_is_gone_is_no_address(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    socket = tmp_path / "control"
    socket.touch()
    write_note(place, note(socket))
    assert control_socket_of(place) is None
    with EvidenceStore.open(place):
        assert control_socket_of(place) == socket
    assert control_socket_of(place) is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": "x"}', "[1, 2]"])
def test_note_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert read_note(DataDir(tmp_path)) is None


def test_children_and_their_children_are_found_parents_first() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        while not (below := descendants(process.pid)):
            assert process.poll() is None
        found = descendants(os.getpid())
        assert found.index(process.pid) < found.index(below[0])
        process.communicate(b"\n")
    assert process.pid not in descendants(os.getpid())


def test_process_that_is_gone_has_no_descendants() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert descendants(done.pid) == ()


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS))
def test_levels_are_in_one_order(level: str, required: str) -> None:
    assert is_at_least(level, required) == (LEVELS.index(level) <= LEVELS.index(required))


@given(st.text().filter(lambda text: text not in LEVELS), st.sampled_from(LEVELS))
def test_level_that_nobody_knows_is_never_enough(level: str, required: str) -> None:
    assert not is_at_least(level, required)


def test_probe_tells_what_holds_around_a_real_host() -> None:
    uid, gid = service_ids() if os.geteuid() == 0 else (os.getuid(), os.getgid())
    probe = probe_sandbox(service_uid=uid, service_gid=gid)
    states = {layer["name"]: layer["state"] for layer in probe.layers}
    assert probe.level in LEVELS
    assert states["seccomp"] == "enforced"
    assert states["no_new_privs"] == "enforced"


def test_hosts_of_root_never_run_as_root() -> None:
    assert 0 not in service_ids()
