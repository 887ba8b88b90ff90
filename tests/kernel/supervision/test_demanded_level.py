"""A demanded sandbox level: whatever is below it does not run, as process or as thread."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.plugin_digest import digest_plugin
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.pool_events import HostDied, HostReady
from kernel.supervision.process import HostingFacts, ProcessLauncher
from kernel.supervision.runner import Hosting, PluginRecord
from kernel.supervision.sandbox_level import Level, LevelSetting, allows_threads, level_for
from tests.kernel.supervision.pool_rig import HOSTILE_DIR, hostile, pool_rig, process_launcher

MARK = "code of the plugin ran"


def with_network() -> PluginRecord:
    """A plugin whose host is at level C at best, on every machine: it may open sockets."""
    return hostile("echo", network="loopback")


def demanding(folder: Path, level: Level) -> ProcessLauncher:
    """Hosts that are told the level themselves."""
    facts: HostingFacts = process_launcher(folder)._facts
    return ProcessLauncher(replace(facts, level_required=level))


def test_a_process_below_the_demanded_level_is_refused_by_the_pool(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path), sandbox_level_required="B") as rig:
        rig.pool.start_host(with_network(), {})
        died = rig.wait_for_event(HostDied)
        assert "is below the required B" in died.cause
        assert (died.plugin_id, died.crashed) == ("echo", True)
        assert rig.of(HostReady) == []


def test_the_same_process_runs_where_its_level_is_enough(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path), sandbox_level_required="E") as rig:
        rig.start_ready(with_network())


@pytest.mark.parametrize("level", ["A", "E"])
def test_a_thread_is_refused_whatever_level_is_demanded(level: LevelSetting) -> None:
    with pool_rig(ThreadLauncher(), sandbox_level_required=level) as rig:
        rig.pool.start_host(hostile("echo"), {})
        died = rig.wait_for_event(HostDied)
        assert f"sandbox level none is below the required {level}" in died.cause
        assert rig.of(HostReady) == []


@pytest.mark.parametrize("level", ["auto", "none"])
def test_a_thread_may_run_where_nobody_demanded_a_level(level: LevelSetting) -> None:
    with pool_rig(ThreadLauncher(), sandbox_level_required=level) as rig:
        rig.start_ready(hostile("echo"))


def speaking(folder: Path) -> PluginRecord:
    """The echo plugin, saying so as soon as its code is imported, and leaving in its setup."""
    folder.mkdir()
    copy = folder / "echo"
    shutil.copytree(HOSTILE_DIR / "echo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = copy / "plugin.py"
    spoken = f"import sys\nprint({MARK!r}, file=sys.stderr, flush=True)\n"
    marked = code.read_text().replace("import os\n", f"import os\n{spoken}", 1)
    code.write_text(marked)
    for path in (folder, copy):
        path.chmod(0o755)
    return hostile("echo", network="loopback", folder=copy, digest=digest_plugin(copy))


def test_a_host_below_the_level_it_was_told_ends_itself_before_any_code_of_its_plugin(
    tmp_path: Path,
) -> None:
    plugin = speaking(tmp_path / "plugin")
    with pool_rig(demanding(tmp_path, "B")) as rig:
        rig.pool.start_host(plugin, {"setup": "exit"})
        died = rig.wait_for_event(HostDied)
    assert died.cause.startswith("exit status 77: sandbox-level: sandbox level ")
    assert "is below the required level B" in died.cause
    assert "network_namespace missing" in died.cause, "what is weak is named"
    assert MARK not in died.cause


def test_the_same_plugin_is_imported_where_the_level_is_enough(tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    plugin = speaking(tmp_path / "plugin")
    with pool_rig(demanding(tmp_path, "E")) as rig:
        rig.pool.start_host(plugin, {"setup": "exit"})
        died = rig.wait_for_event(HostDied)
    assert "exit status 7" in died.cause
    assert MARK in died.cause


@pytest.mark.parametrize(
    ("setting", "of_process", "of_thread", "threads"),
    [
        ("auto", "D", "none", True),
        ("none", "none", "none", True),
        ("E", "E", "E", False),
        ("A", "A", "A", False),
    ],
)
def test_what_the_setting_asks_of_a_process_and_of_a_thread(
    setting: LevelSetting,
    of_process: str,
    of_thread: str,
    threads: bool,  # noqa: FBT001 - a row
) -> None:
    kinds: tuple[Hosting, Hosting] = ("subprocess", "in_process")
    assert tuple(level_for(setting, kind) for kind in kinds) == (of_process, of_thread)
    assert allows_threads(setting) is threads
