"""What a dead kernel left in its run dir is taken away, and nothing that is in use or foreign."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.boot.session import kernel_session
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.store.evidence import EvidenceStore
from kernel.supervision import records
from kernel.supervision.identity import ProcessIdentity, read_boot_id, read_identity
from kernel.supervision.run_remains import clear_run_dir, leave_run_dir
from kernel.supervision.rundir import RunDir


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """The run dir of a kernel that is gone, with its socket, one of a host, and records."""
    made = RunDir(tmp_path / "run")
    made.make()
    done = subprocess.Popen([sys.executable, "-c", ""])
    identity = ProcessIdentity(done.pid, read_identity(done.pid).start_ticks, read_boot_id())
    done.wait()
    put_on_record(made, identity, tmp_path / "data")
    made.socket_dir("h1-00000001").mkdir()
    for path in (made.control_socket, made.socket_dir("h1-00000001") / "s"):
        bind(path)
    return made


def put_on_record(run_dir: RunDir, kernel: ProcessIdentity, data_dir: Path) -> None:
    records.write_kernel_record(run_dir, records.KernelRecord(kernel, "nonce", str(data_dir)))


def test_a_kernel_that_ends_in_order_takes_its_run_dir_with_it(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    with kernel_session(place, load_settings(None, place, {"pipeline.text_plugin": "none"})) as (
        kernel,
        _,
    ):
        root = kernel.parts.run_dir.root
        assert kernel.parts.run_dir.kernel_record.exists()
    assert not root.exists()


def test_a_run_dir_with_a_host_or_a_foreign_file_is_left(run_dir: RunDir) -> None:
    (run_dir.root / "foreign").write_text("")
    leave_run_dir(run_dir)
    assert [path.name for path in run_dir.root.iterdir()] == ["foreign"]
    run_dir.make()
    (run_dir.hosts_dir / "h1-00000001.json").write_text("unreadable, so it may be a living host")
    run_dir.control_socket.write_text("")
    leave_run_dir(run_dir)
    assert run_dir.control_socket.exists()


def bind(path: Path) -> None:
    """A socket's name, as a process that is gone leaves it; the path may be long."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path.name)
    finally:
        os.fchdir(before)
        os.close(before)


def test_remains_of_a_dead_kernel_are_taken_away_and_told(run_dir: RunDir, tmp_path: Path) -> None:
    found = clear_run_dir(run_dir)
    assert found is not None
    assert found.run_dir == str(run_dir.root)
    assert found.data_dir == str(tmp_path / "data")
    assert set(found.removed) == {"h1-00000001", "control", "kernel.json", "hosts"}
    assert found.kept == ()
    assert not run_dir.root.exists()
    assert clear_run_dir(run_dir) is None, "nothing is left to tell"


def test_run_dir_of_a_living_kernel_is_left_alone(run_dir: RunDir, tmp_path: Path) -> None:
    put_on_record(run_dir, read_identity(os.getpid()), tmp_path / "data")
    assert clear_run_dir(run_dir) is None
    assert run_dir.control_socket.exists()


def test_run_dir_with_a_host_on_record_is_left_to_the_reaper(run_dir: RunDir) -> None:
    me = read_identity(os.getpid())
    host = records.HostRecord("h1-00000001", "echo", "nonce", me, me)
    records.write_host_record(run_dir, host)
    assert clear_run_dir(run_dir) is None


def test_run_dir_whose_data_dir_is_held_is_left_alone_until_it_is_not(
    run_dir: RunDir, tmp_path: Path
) -> None:
    place = DataDir(tmp_path / "data")
    place.root.mkdir(mode=0o700)
    with EvidenceStore.open(place):
        assert clear_run_dir(run_dir) is None
    assert clear_run_dir(run_dir) is not None
    with EvidenceStore.open(place):
        assert not run_dir.root.exists()


@pytest.mark.parametrize("name", ["note.txt", "folder/note.txt", "hosts/note.txt"])
def test_what_no_kernel_makes_is_kept_with_its_folder_and_told(run_dir: RunDir, name: str) -> None:
    path = run_dir.root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    found = clear_run_dir(run_dir)
    assert found is not None
    assert found.kept == (name.split("/", maxsplit=1)[0],)
    assert path.read_text() == "mine"


def test_record_that_says_nothing_is_no_leave_to_clear(run_dir: RunDir) -> None:
    run_dir.kernel_record.write_text("{")
    assert clear_run_dir(run_dir) is None
    run_dir.kernel_record.unlink()
    assert clear_run_dir(run_dir) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own a folder as somebody else")
def test_folder_of_another_user_is_left_alone(run_dir: RunDir) -> None:
    os.chown(run_dir.root, 65534, 65534)
    assert clear_run_dir(run_dir) is None
