"""A plugin approved anew while its hosts run: old hosts leave, new ones come, the cap holds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.plugin_digest import digest_plugin
from kernel.config.errors import KernelError
from kernel.supervision.pool_events import HostReady
from kernel.supervision.runner import PluginRecord
from tests.kernel.supervision.cap_sampler import sampling
from tests.kernel.supervision.pool_rig import (
    HOSTILE_DIR,
    Rig,
    hostile,
    pool_rig,
    process_launcher,
    task,
)

MAX_HOSTS = 2
RELOADS = 4


def version(folder: Path, number: int) -> PluginRecord:
    """The echo plugin as it was approved for the ``number``-th time: other files each time."""
    copy = folder / f"v{number}" / "echo"
    shutil.copytree(HOSTILE_DIR / "echo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    code = copy / "plugin.py"
    code.write_text(f"{code.read_text()}\n# approved for the {number}th time\n")
    return hostile("echo", folder=copy, digest=digest_plugin(copy))


def fill(rig: Rig, plugin: PluginRecord) -> None:
    """Ask for hosts as fast as the pool lets us, beyond what the cap has room for."""
    while rig.pool.free_slots() > 0:
        rig.pool.start_host(plugin, {})
    with pytest.raises(KernelError, match="hosts are in use"):
        rig.pool.start_host(plugin, {})


def ready_of(rig: Rig) -> set[str]:
    return {h.host_id for h in rig.pool.statuses() if h.state in {"ready", "busy"}}


def test_hosts_of_the_old_and_the_new_files_together_never_pass_the_cap(tmp_path: Path) -> None:
    """Old hosts at work that do not listen to being asked keep their place until they are gone."""
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    versions = [version(tmp_path, number) for number in range(RELOADS + 1)]
    assert len({plugin.digest for plugin in versions}) == RELOADS + 1
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS) as rig:
        fill(rig, versions[0])
        rig.wait_for(lambda r: len(ready_of(r)) == MAX_HOSTS)
        with sampling(MAX_HOSTS) as sampled:
            for number, plugin in enumerate(versions[1:], 1):
                old = ready_of(rig)
                for place, host_id in enumerate(old):
                    assert rig.pool.assign(host_id, task("!sleep:60", number * 10 + place))
                    rig.pool.stop_host(host_id, "approved anew", now=True)
                while old & {h.host_id for h in rig.pool.statuses()}:
                    assert len(rig.pool.statuses()) <= MAX_HOSTS
                    if rig.pool.free_slots() > 0:
                        fill(rig, plugin)
                    rig.turn(5)
                fill(rig, plugin)
                rig.wait_for(lambda r: len(ready_of(r)) == MAX_HOSTS)
        assert sampled.hosts_most == MAX_HOSTS
        started = [event.host_id for event in rig.of(HostReady)]
    assert len(set(started)) == MAX_HOSTS * (RELOADS + 1)


def test_old_files_under_the_new_approval_are_refused_and_cost_no_place(tmp_path: Path) -> None:
    """Approved anew, and the files put back: neither the cap nor the other plugin suffers."""
    plugin = version(tmp_path, 1)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS) as rig, sampling(MAX_HOSTS):
        other = rig.start_ready(hostile("watcher", stages=("state",)))
        stale = replace(plugin, digest="0" * 64)
        while not rig.quarantine.plugins:
            if rig.pool.may_start("echo"):
                rig.pool.start_host(stale, {})
            rig.turn(5)
        assert "plugin-changed" in rig.quarantine.last_cause("echo")
        assert ready_of(rig) == {other}
        assert rig.pool.free_slots() == MAX_HOSTS - 1
