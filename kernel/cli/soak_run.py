"""What `kernel run` does with a soak profile: play the day, print the progress, give the verdict.

Covers: from options to exit code, what a person sees. Does not cover: the day
(`kernel.soak.endurance`), the verdict (`kernel.soak.report`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contracts.soak import SoakReport
from kernel.boot.stopping import StopSignal
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir, default_data_dir
from kernel.config.settings import LoadedSettings
from kernel.soak.endurance import Endurance, Parts
from kernel.soak.opening import choose_run_dir, open_soak
from kernel.soak.plan import Wishes
from kernel.soak.report import conclude


def run_soak(
    loaded: LoadedSettings,
    named: DataDir | None,
    options: dict[str, Any],
    *,
    as_json: bool,
) -> int:
    """Run the soak to its end; the exit code is its verdict (0 passed, 1 failed)."""
    wishes = _wishes(options)
    say = _speaker(as_json=as_json)
    run_dir = choose_run_dir(wishes, named, loaded.profile)
    with StopSignal() as stop:
        live_dir = named or DataDir(default_data_dir())
        parts = open_soak(loaded, wishes, run_dir, live_dir, say)
        say(f"soak of {parts.plan.planned_s:.0f} s, run folder {run_dir}")
        for line in _describe(parts, loaded):
            say(line)
        reason = Endurance(parts, stop).run()
    say(f"{reason}; making the report")
    report = conclude(run_dir)
    print_verdict(report, run_dir, as_json=as_json)
    return ExitCode.OK if report.passed else ExitCode.FAILED


def _describe(parts: Parts, loaded: LoadedSettings) -> list[str]:
    """What it is about to do with what is somebody's own."""
    if not parts.plan.live:
        return []
    data_dir = parts.child.data_dir
    inbox = loaded.settings.intake.inbox_dir or data_dir.inbox_dir
    return [
        f"live: an ordinary kernel runs on {data_dir.root} with its own settings, takes in what "
        f"comes to {inbox}, and works when you are away",
        "the soak only watches and, at the end, verifies: it plays nothing, puts in no fault, asks "
        "nothing, writes to its run folder alone",
    ]


def _wishes(options: dict[str, Any]) -> Wishes:
    return Wishes(
        run_dir=options["run_dir"],
        resume=options["resume"],
        frames=options["frames"],
        seed=options["seed"],
        live=options["live"],
        faults=not options["no_faults"],
    )


def _speaker(*, as_json: bool) -> Callable[[str], None]:
    def say(text: str) -> None:
        click.echo(json.dumps({"event": "progress", "text": text}) if as_json else text)

    return say


def print_verdict(report: SoakReport, run_dir: Path, *, as_json: bool) -> None:
    """What failed, with figure and threshold, then the verdict in one line."""
    if as_json:
        facts = {"event": "verdict", "passed": report.passed, "run_dir": str(run_dir)}
        click.echo(json.dumps(facts))
        return
    for item in report.criteria:
        if item.state != "pass":
            figure = "?" if item.figure_milli is None else f"{item.figure_milli / 1000:g}"
            limit = f"{item.threshold_milli / 1000:g} {item.unit}"
            words = item.comparison.replace("_", " ")
            click.echo(f"{item.state}: {item.name}: {figure}, wanted {words} {limit} {item.detail}")
    passed = sum(item.state == "pass" for item in report.criteria)
    word = "PASSED" if report.passed else "FAILED"
    click.echo(f"{word}: {passed} of {len(report.criteria)} criteria, see {run_dir}/report.html")
