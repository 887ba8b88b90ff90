"""A plugin that was changed by one byte never runs, in either hosting."""

from __future__ import annotations

import importlib.util
import marshal  # noqa: TID251 - to forge bytecode as an attacker would
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.plugin_digest import digest_plugin
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.pool_events import HostDied, TaskSucceeded
from kernel.supervision.runner import Launcher
from tests.kernel.supervision.pool_rig import (
    HOSTILE_DIR,
    Rig,
    hostile,
    pool_rig,
    process_launcher,
    task,
)


@pytest.fixture(params=["thread", "process"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    launcher: Launcher = (
        ThreadLauncher() if request.param == "thread" else process_launcher(tmp_path)
    )
    with pool_rig(launcher) as rig:
        yield rig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # The service user that hosts run as must get to it.
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    copy = tmp_path / "changed_echo"
    shutil.copytree(HOSTILE_DIR / "echo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_one_byte_more_after_the_approval_is_refused(rig: Rig, folder: Path) -> None:
    approved = hostile("echo", folder=folder, digest=digest_plugin(folder), package="changed_echo")
    path = folder / "plugin.py"
    path.write_bytes(path.read_bytes() + b"\n")
    rig.pool.start_host(approved, {})
    died = rig.wait_for_event(HostDied)
    assert died.crashed
    assert died.cause.startswith("plugin-changed")


def test_the_same_bytes_run(rig: Rig, folder: Path) -> None:
    approved = hostile("echo", folder=folder, digest=digest_plugin(folder), package="changed_echo")
    host_id = rig.start_ready(approved)
    rig.pool.assign(host_id, task("as approved"))
    rig.wait_for_event(TaskSucceeded)


def test_forged_bytecode_beside_the_approved_source_is_not_run(rig: Rig, folder: Path) -> None:
    source = folder / "plugin.py"
    approved = hostile("echo", folder=folder, digest=digest_plugin(folder), package="changed_echo")
    forged = compile("raise SystemExit('forged bytecode ran')", str(source), "exec")
    stat = source.stat()
    header = importlib.util.MAGIC_NUMBER + struct.pack(
        "<III", 0, int(stat.st_mtime), stat.st_size & 0xFFFFFFFF
    )
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir()
    cached.write_bytes(header + marshal.dumps(forged))
    # The interpreter's own import would take it: the forgery is a good one.
    spec = importlib.util.spec_from_file_location("forged_echo", source)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(SystemExit, match="forged bytecode ran"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))

    host_id = rig.start_ready(approved)
    rig.pool.assign(host_id, task("as approved"))
    rig.wait_for_event(TaskSucceeded)
