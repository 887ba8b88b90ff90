"""A day squeezed into half a minute: real kernel, text recognition and faults, and a verdict.

The five minutes of `--profile dry-run` and the hours are for people to run.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.functional.rig import wait_until

LOG = logging.getLogger(__name__)
KERNEL = (sys.executable, "-m", "kernel.cli")
TREND = frozenset({"memory_slope", "memory_growth"})
"""Of half a minute nothing can be said of growth."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        # How full the machine's drive is says nothing about the code.
        "KERNEL_DISK_YELLOW_FREE_BYTES": "0",
        "KERNEL_DISK_RED_FREE_BYTES": "0",
        "KERNEL_DISK_BLACK_FREE_BYTES": "0",
        "KERNEL_ACTIVITY_IDLE_AFTER_S": "1",
    }


def soak(*arguments: str) -> list[str]:
    return [*KERNEL, "run", "--json", "--profile", "dry-run", *arguments]


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.timeout(600)
def test_half_a_minute_with_faults_loses_nothing_and_ends_in_a_verdict(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = tmp_path / "a run"
    done = subprocess.run(
        soak("--duration", "28s", "--run-dir", str(run)),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    LOG.info("%s", done.stdout)
    report = json.loads((run / "report.json").read_text())
    failing = {item["name"] for item in report["criteria"] if item["state"] != "pass"}
    assert failing <= TREND, done.stdout
    assert done.returncode == (0 if report["passed"] else 1), done.stderr
    faults = {fault["name"] for fault in report["faults"]}
    assert faults == {"kernel_killed", "host_killed"}
    accounts = json.loads((run / "reconciliation.json").read_text())
    assert accounts["produced"] > 10
    assert accounts["produced"] == accounts["acknowledged"] == accounts["stored"]
    assert accounts["searchable"] == accounts["stored"]
    checks = [check for check in lines(run / "checks.jsonl") if not check["pending"]]
    assert checks
    assert all(check["found"] and check["event_ok"] for check in checks)
    assert json.loads((run / "verify.json").read_text())["ok"]
    assert "<html" in (run / "report.html").read_text()
    assert left_over(run) == []


@pytest.mark.timeout(300)
def test_an_interrupted_soak_is_accounted_and_its_resumption_tells_the_gap(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = tmp_path / "run"
    first = soak("--duration", "1h", "--no-faults", "--run-dir", str(run))
    with subprocess.Popen(first, env=environment, stdout=subprocess.PIPE) as process:
        wait_until(lambda: len(lines(run / "produced.jsonl")) > 4, 120.0)
        # What a power cut leaves: no last word of anybody.
        process.kill()
        process.wait()
    assert not (run / "ended.json").exists()
    before = len(lines(run / "produced.jsonl"))
    again = soak("--no-faults", "--resume", str(run))
    with subprocess.Popen(again, env=environment, stdout=subprocess.PIPE) as process:
        wait_until(lambda: len(lines(run / "produced.jsonl")) > before + 4, 120.0)
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 1
    ended = json.loads((run / "ended.json").read_text())
    assert ended["reason"] == "interrupted"
    (gap,) = [event for event in lines(run / "events.jsonl") if event["kind"] == "gap"]
    assert gap["explained_by"] == "reboot"
    produced = lines(run / "produced.jsonl")
    made = [frame["frame_id"] for frame in produced if not frame.get("in_hand")]
    assert len(set(made)) == len(made)
    accounts = json.loads((run / "reconciliation.json").read_text())
    # The one in hand at the cut may be nowhere: then it is told, and counts for nothing.
    in_hand = [frame["frame_id"] for frame in produced if frame.get("in_hand")]
    assert len(in_hand) <= 1
    assert accounts["lost"] == []
    assert accounts["stored"] == accounts["acknowledged"] == len(produced) - 2 * len(in_hand)
    report = json.loads((run / "report.json").read_text())
    states = {item["name"]: item["state"] for item in report["criteria"]}
    assert (states["lost_events"], states["gaps_unexplained"]) == ("pass", "pass")
    assert (run / "in-hand").read_text() == ""
    assert left_over(run) == []


def test_options_of_a_soak_are_refused_for_a_kernel(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*KERNEL, "run", "--no-faults"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--no-faults is for a soak" in done.stderr


def left_over(run: Path) -> list[str]:
    """Processes that still work on the run folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if any(str(run) in word for word in command):
            found.append(" ".join(command))
    return found
