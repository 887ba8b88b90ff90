"""`kernel doctor`: check everything, and end what dead kernels left behind.

Covers: printing findings, `--reap`, `--bundle`. Does not cover: the checks
(`kernel.observe.doctor`), the reaper (`kernel.supervision.reaper`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.observe.check import Check, worst
from kernel.observe.doctor import run_checks

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
EXITS = {"ok": ExitCode.OK, "warn": ExitCode.FAILED, "fail": ExitCode.USAGE}


@click.command(
    help="Check the installation, the machine, the data dir and the sandbox. "
    "Exits 0 when all is well, 1 with warnings, 2 with failures."
)
@click.option(
    "--reap",
    is_flag=True,
    help="Only end stale hosts of dead kernels and clear their run dirs; 0: none left.",
)
@click.option("--all-runs", is_flag=True, help="With --reap: of every data dir of this user.")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write a redacted zip for a bug report; nothing is sent anywhere.",
)
@json_option
@data_dir_option
@click.pass_context
def doctor(
    context: click.Context,
    *,
    reap: bool,
    all_runs: bool,
    bundle: Path | None,
    as_json: bool,
    data_dir: DataDir,
) -> None:
    """Print findings, worst ones with their remedy."""
    if all_runs and not reap:
        raise click.UsageError("--all-runs goes with --reap")
    if reap:
        context.exit(_reap(data_dir, all_runs=all_runs, as_json=as_json))
    if bundle is not None:
        from kernel.observe.bundle import require_name, write_bundle

        require_name(bundle)
    show = sys.stderr.isatty() and not as_json
    checks = run_checks(
        data_dir,
        on_begin=lambda name: (
            click.echo(f"\r\x1b[2Kchecking {name}", nl=False, err=True) if show else None
        ),
    )
    if show:
        click.echo("\r\x1b[2K", nl=False, err=True)
    state = worst(checks)
    if bundle is not None:
        write_bundle(bundle, data_dir, checks)
    if as_json:
        document = {"state": state, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(document | ({"bundle": str(bundle)} if bundle else {})))
    else:
        click.echo("\n".join(format_check(check) for check in checks))
    if bundle is not None:
        click.echo(f"wrote {bundle}: look into it before you hand it on", err=True)
    context.exit(EXITS[state])


def format_check(check: Check) -> str:
    """One finding for people."""
    line = f"{MARKS[check.state]}  {check.name}: {check.saw}"
    return f"{line}\n      -> {check.remedy}" if check.remedy and check.state != "ok" else line


def _reap(data_dir: DataDir, *, all_runs: bool, as_json: bool) -> ExitCode:
    from kernel.supervision.reaper import reap
    from kernel.supervision.run_places import find_places
    from kernel.supervision.run_remains import clear_run_dir
    from kernel.supervision.rundir import all_run_dirs

    places = find_places(data_dir)
    run_dirs = list(places.run_dirs)
    report = reap(run_dirs, over=places.over, is_idle=places.is_idle)
    if all_runs:
        others = [run_dir for run_dir in all_run_dirs() if run_dir not in run_dirs]
        report += reap(others)
        run_dirs += others
    remains = [found for run_dir in run_dirs if (found := clear_run_dir(run_dir)) is not None]
    if as_json:
        click.echo(json.dumps(report.to_dict() | {"run_dirs": [asdict(one) for one in remains]}))
    else:
        for action in report.actions:
            pids = " ".join(map(str, action.pids))
            click.echo(
                f"{action.outcome}: {action.host_id} of {action.plugin_id}: "
                f"{action.reason} {pids}".rstrip()
            )
        for path in report.unreadable:
            click.echo(f"unreadable record: {path}")
        for one in remains:
            what = f"kept, with {', '.join(one.kept)} in it" if one.kept else "taken away"
            click.echo(f"run dir {one.run_dir} of process {one.pid} ({one.data_dir}): {what}")
        left = len(report.left_pids)
        if left or not report.unreadable:
            click.echo(f"{left} stale processes left" if left else "no stale host is left")
    return ExitCode.FAILED if report.left_pids or report.unreadable else ExitCode.OK
