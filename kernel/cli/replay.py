"""`kernel replay`: do a stage again over stored evidence, beside the old results.

Covers: options, progress, the result. Does not cover: the work (`kernel.boot.replaying`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from kernel.boot.replaying import (
    REPLAYABLE,
    ReplayPlan,
    plan_replay,
    refuse_replay,
    require_stage,
    run_replay,
)
from kernel.cli.moments import to_us
from kernel.cli.options import data_dir_option, json_option
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.store.derived import derived_missing
from kernel.store.replays import ReplayState


@click.command(
    help="Do a stage again with the plugin and the settings in force, on everything captured"
    " since a time. New results are made beside the old ones; queries see the old until all are"
    " there, then the new at once. Evidence is only read. An interrupted replay goes on where it"
    " was: give the same command."
)
@click.option(
    "--stage", required=True, type=click.Choice((*REPLAYABLE, "embed")), help="Which stage."
)
@click.option("--since", "since_us", metavar="ISO8601", callback=to_us, help="Captures since.")
@click.option("--dry-run", is_flag=True, help="Only say how much there is to do.")
@json_option
@data_dir_option
def replay(
    *, stage: str, since_us: int | None, dry_run: bool, as_json: bool, data_dir: DataDir
) -> None:
    """Print what was done, or what would be."""
    refused = refuse_replay(stage)
    if refused is not None:
        raise refused
    if not data_dir.derived_db.is_file():
        raise derived_missing(data_dir.derived_db)
    loaded = load_settings(None, data_dir, {})
    first_us = since_us or 0
    plan = plan_replay(data_dir, require_stage(stage, data_dir, loaded), first_us)
    if dry_run:
        told = f"{plan.stage} with {plan.plugin}: {plan.due} to do, {plan.kept} stored already"
        click.echo(json.dumps(asdict(plan)) if as_json else told)
        return
    state = run_replay(data_dir, loaded, stage, first_us, _show)
    facts = {
        "stage": stage,
        "plugin": plan.plugin,
        "results": state.results,
        "results_by": state.results_by,
        "kept": plan.kept,
    }
    click.echo(json.dumps(facts) if as_json else describe_end(plan, state))


def describe_end(plan: ReplayPlan, state: ReplayState) -> str:
    """One line: how many results took over, and of which stages where there are others."""
    told = f"{plan.stage} with {plan.plugin}: "
    if not state.results:
        kept = f"; {plan.kept} stored already are in force" if plan.kept else ""
        return f"{told}nothing new{kept}"
    others = [name for name in state.results_by if name != plan.stage]
    parts = ", ".join(f"{name} {count}" for name, count in state.results_by.items())
    noun = "result" if state.results == 1 else "results"
    return f"{told}{state.results} {noun} took over" + (f" ({parts})" if others else "")


def _show(text: str) -> None:
    """A line that replaces itself, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[2K{text}", nl=text == "", err=True)
