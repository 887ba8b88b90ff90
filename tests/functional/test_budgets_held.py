"""Plugins that take all they can get, held to the budgets by the real kernel, seen from outside."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.functional.outside import Watcher
from tests.functional.rig import TEXT_ALONE, Rig, make_rig, wait_until

LOG = logging.getLogger(__name__)
"""The figures, for ``--log-cli-level=INFO``."""
MIB = 1 << 20
WINDOW_S = 10.0
CPU_TOLERANCE = 0.02
"""Clock ticks of 10 ms on both sides, and samples that are not taken all at one instant."""
MEMORY_LIMIT_BYTES = 380 * MIB
"""The kernel and one host at its cap fit, two hosts do not."""


def settings(
    rig: Rig,
    *,
    cpu_share_max: float,
    memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    max_hosts: int = 2,
) -> None:
    share = memory_limit_bytes / psutil.virtual_memory().total
    rig.settings(f"""
[pipeline]
text_plugin = "greedy"
{TEXT_ALONE}[budget]
cpu_share_max = {cpu_share_max}
ram_share_max = {share:.9f}
sample_interval_s = 0.2
[hosts]
max_hosts = {max_hosts}
[restart]
restarts_max = 50
window_s = 2000.0
backoff_max_s = 1.0
""")


def fill(rig: Rig, *texts: str) -> None:
    rig.ingest(*(rig.write(f"{n}.png", f"{text} #{n}", shade=n) for n, text in enumerate(texts)))


def ledger(rig: Rig, act: str) -> list[dict[str, Any]]:
    """The ledger's entries of one act."""
    bundle = rig.root / "bundle.zip"
    rig.run("doctor", "--bundle", str(bundle), expect=None)
    with zipfile.ZipFile(bundle) as archive:
        entries = json.loads(archive.read("ledger.json"))
    bundle.unlink()
    return [entry for entry in entries if entry["act"] == act]


def hold(rig: Rig, *, cpu_share_max: float, seconds: float) -> Watcher:
    """Let spinners and hogs loose for so long, and look."""
    settings(rig, cpu_share_max=cpu_share_max)
    fill(rig, *["spin 3 2 3.0", "spin 2 3 3.0", "hog 16 0.2"] * (4 + int(seconds / 5)))
    with rig.kernel("--profile", "idle") as kernel:
        watcher = Watcher(kernel.pid)
        wait_until(lambda: len(psutil.Process(kernel.pid).children(recursive=True)) > 2)
        watcher.watch(seconds, boost=True)
        status = rig.json("status", expect=None)
        watcher.watch(1.0)
    assert status["kernel"]["budget"]["memory_limit_bytes"] <= MEMORY_LIMIT_BYTES
    return watcher


def check(watcher: Watcher, *, cpu_share_max: float) -> None:
    gaps_s = [b.at_s - a.at_s for a, b in zip(watcher.seen, watcher.seen[1:], strict=False)]
    share = watcher.worst_cpu_share(WINDOW_S)
    LOG.info(
        "%d samples, largest gap %.2f s; CPU at most %.3f of %.2f, wanted %.2f; "
        "memory at most %.0f of %.0f",
        len(watcher.seen),
        max(gaps_s),
        share,
        cpu_share_max,
        watcher.wanted_share(),
        watcher.most_memory_bytes() / MIB,
        MEMORY_LIMIT_BYTES / MIB,
    )
    assert share <= cpu_share_max + CPU_TOLERANCE
    # What they wanted, not what they got: beside others that compute, polite hosts get little.
    assert watcher.wanted_share() > cpu_share_max, "they were hungry indeed"
    assert watcher.most_memory_bytes() <= MEMORY_LIMIT_BYTES
    # Beside others that compute, polite hosts may not even get what they are allowed.
    needed = share > cpu_share_max * 0.8
    assert any(sample.stopped for sample in watcher.seen) or not needed, "the duty cycle was needed"


def test_hungry_plugins_stay_within_both_budgets_seen_from_outside(tmp_path: Path) -> None:
    """A seventh of the machine: less than one core, so that binding alone cannot do it."""
    rig = make_rig(tmp_path, plugin="greedy")
    check(hold(rig, cpu_share_max=0.15, seconds=20.0), cpu_share_max=0.15)
    assert ledger(rig, "host-killed-for-memory"), "a hog was ended before the limit"


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_hungry_plugins_stay_within_half_of_the_machine_for_three_minutes(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    check(hold(rig, cpu_share_max=0.5, seconds=180.0), cpu_share_max=0.5)
    assert ledger(rig, "host-killed-for-memory")


def test_a_leaking_plugin_is_renewed_at_its_own_cap_told_with_its_slope_and_loses_no_task(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    # Far above what a host may take: it is the plugin's own cap (192 MiB) that must act here. One
    # host has it all: two that share the tasks evenly would both stay below. Over 200 MiB the
    # plugin waits: on a quick machine all would be over before the first look otherwise.
    settings(rig, cpu_share_max=0.5, memory_limit_bytes=900 * MIB, max_hosts=1)
    frames = 24
    fill(rig, *["leak 12 200"] * frames)
    done = rig.json("process", "--until-drained")
    assert (done["processed"], done["failed"], done["unfinished"]) == (frames, 0, 0)
    killed = ledger(rig, "host-killed-for-memory")
    assert killed
    for entry in killed:
        assert "its own memory cap" in entry["detail"]["cause"]
        assert int(entry["detail"]["slope_bytes_per_s"]) > 0
    assert not ledger(rig, "host-crashed"), "a slow leak is no crash of the plugin"


def test_a_frame_that_takes_the_tree_to_its_limit_ends_in_quarantine_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    # What is left beside the kernel is less than its own cap: only the tree's limit can end it.
    settings(rig, cpu_share_max=0.5, memory_limit_bytes=220 * MIB, max_hosts=1)
    rig.environment["KERNEL_SCHEDULER_RETRY_BASE_S"] = "0.1"
    rig.environment["KERNEL_SCHEDULER_ATTEMPTS_MAX"] = "2"
    fill(rig, "hog 8 0.1", "burn 0.01", "burn 0.01")
    done = rig.json("process", "--until-drained", expect=None)
    assert (done["processed"], done["failed"], done["unfinished"]) == (2, 1, 0)
    (told,) = rig.json("status", expect=None)["backlog"]["errors"]
    assert told["state"] == "quarantined"
    assert "the largest host" in told["error"]
    assert [one["kind"] for one in told["attempts"]] == ["memory"] * 2


def test_a_plugin_that_cannot_fit_below_the_limit_is_not_started_and_the_person_is_told(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    settings(rig, cpu_share_max=0.5, memory_limit_bytes=90 * MIB)
    fill(rig, "leak 1 200")
    done = rig.json("process", "--until-drained", expect=1)
    assert done["unfinished"] == 1
    assert "budget.ram_share_max" in done["stuck"]
    assert not ledger(rig, "host-ready")
