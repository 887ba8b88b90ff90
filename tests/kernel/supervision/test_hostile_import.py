"""Plugins that misbehave while they are imported: ended, named, quarantined, nobody disturbed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from contracts.plugin_digest import digest_plugin
from kernel.supervision import lifecycle
from kernel.supervision.pool_events import HostDied, TaskSucceeded
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
ENDS_AT_ONCE = {
    "raises": "no_such_library_anywhere",
    "leaves": "SystemExit|exit status",
    "exits": "exit status 9",
    "segfaults": "signal 11",
}
NEVER_READY = ("loops", "stops")


def at_import(name: str) -> PluginRecord:
    folder = HOSTILE_DIR / "at_import" / name
    values: dict[str, Any] = {"folder": folder, "digest": digest_plugin(folder), "package": name}
    return hostile("hostile", plugin_id=name, **values)


def deaths(rig: Rig, plugin_id: str) -> list[HostDied]:
    return [event for event in rig.of(HostDied) if event.plugin_id == plugin_id]


def death_of(rig: Rig, plugin_id: str) -> HostDied:
    rig.wait_for(lambda rig: bool(deaths(rig, plugin_id)))
    (died,) = deaths(rig, plugin_id)
    return died


def echo_works(rig: Rig, host_id: str) -> None:
    before = len(rig.of(TaskSucceeded))
    assert rig.pool.assign(host_id, task("still here", before + 1))
    rig.wait_for(lambda rig: len(rig.of(TaskSucceeded)) > before)


def test_whatever_ends_the_import_ends_its_host_alone_and_is_named(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS) as rig:
        echo_id = rig.start_ready(hostile("echo"))
        with sampling(MAX_HOSTS):
            for name, says in ENDS_AT_ONCE.items():
                rig.pool.start_host(at_import(name), {})
                died = death_of(rig, name)
                assert died.crashed, name
                assert re.search(says, died.cause), died.cause
                echo_works(rig, echo_id)
        assert rig.pool.crashes == dict.fromkeys(ENDS_AT_ONCE, 1)


def test_one_that_always_fails_is_quarantined(tmp_path: Path) -> None:
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS) as rig:
        while "raises" not in rig.quarantine.plugins:
            if rig.pool.may_start("raises"):
                rig.pool.start_host(at_import("raises"), {})
            rig.turn(5)
        assert len(rig.quarantine.plugins["raises"]) == 4
        assert "no_such_library_anywhere" in rig.quarantine.last_cause("raises")


@pytest.mark.parametrize("name", NEVER_READY)
def test_an_import_that_never_ends_is_ended(tmp_path: Path, name: str) -> None:
    limits = lifecycle.Limits(start_timeout_s=1.5, term_grace_s=0.3, kill_grace_s=0.5)
    with pool_rig(process_launcher(tmp_path), max_hosts=MAX_HOSTS, limits=limits) as rig:
        with sampling(MAX_HOSTS):
            rig.pool.start_host(at_import(name), {})
            died = rig.wait_for_event(HostDied)
        assert (died.plugin_id, died.crashed, died.cause) == (name, True, "not ready in time")
        assert rig.pool.free_slots() == MAX_HOSTS
