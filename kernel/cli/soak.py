"""`kernel soak`: the report over a run, two runs compared, days simulated.

Covers: printing and exit statuses. Does not cover: judging (`kernel.soak.verdict`), running a soak
(`kernel run --profile soak24`).
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from contracts.soak import SoakCriterion, SoakReport
from kernel.cli.durations import Duration
from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir

if TYPE_CHECKING:
    from kernel.soak.compare import Pair

RUN_PATH = click.Path(exists=True, path_type=Path)
YEAR_DAYS = 365


@click.group(help="Report on long runs, compare them, and simulate longer ones.")
def soak() -> None:
    """Group of the soak commands."""


@soak.command(
    help="Judge the run in folder RUN, write report.json and report.html into it, print the "
    "verdict. Exit status 0: every criterion passed; 1: one failed or could not be measured."
)
@click.argument("run", type=RUN_PATH, metavar="RUN")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write a page of text and a picture into this folder, to be kept.",
)
@click.option("--note", default="", help="A line for that page: which commit, which machine.")
@json_option
@click.pass_context
def report(
    context: click.Context, *, run: Path, out: Path | None, note: str, as_json: bool
) -> None:
    """Print all criteria, those that did not pass first."""
    from kernel.soak.keepsake import keep_report
    from kernel.soak.report import conclude
    from kernel.soak.runfiles import REPORT_HTML, read_run
    from kernel.soak.verdict import word

    found = conclude(run)
    kept = keep_report(read_run(run), found, out, note=note) if out is not None else ()
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        order = {"fail": 0, "unknown": 1, "pass": 2}
        for criterion in sorted(found.criteria, key=lambda c: order[c.state]):
            click.echo(format_criterion(criterion))
        passed = sum(criterion.state == "pass" for criterion in found.criteria)
        click.echo(f"{word(found.criteria)}: {passed} of {len(found.criteria)} criteria passed")
        click.echo(f"report: {run / REPORT_HTML}")
        for path in kept:
            click.echo(f"kept: {path}")
    context.exit(ExitCode.OK if found.passed else ExitCode.FAILED)


@soak.command(
    help="Put the runs A and B (folders, or kept report.json files) side by side. Exit status 1: "
    "something that passed in A does not in B."
)
@click.argument("first", type=RUN_PATH, metavar="A")
@click.argument("second", type=RUN_PATH, metavar="B")
@json_option
@click.pass_context
def compare(context: click.Context, *, first: Path, second: Path, as_json: bool) -> None:
    """Print figures, ratios and what got worse."""
    from kernel.soak.compare import compare_reports
    from kernel.soak.report import read_report

    before, after = read_report(first), read_report(second)
    pairs = compare_reports(before, after)
    setbacks = [pair.name for pair in pairs if pair.is_setback]
    if as_json:
        click.echo(json.dumps(_compare_document(before, after, pairs)))
    else:

        def line(pair: Pair) -> str:
            ratio = "" if pair.ratio is None else f"{pair.ratio:.2f}x"
            left = _short(pair.before)
            return f"{pair.name:<24} {left:>26} {_short(pair.after):>26} {ratio:>8}  {pair.change}"

        click.echo(f"{'':<24} {'A':>26} {'B':>26} {'B / A':>8}")
        for pair in pairs:
            click.echo(line(pair))
        said = f"no longer passed: {', '.join(setbacks)}" if setbacks else "no setback"
        click.echo(said)
    context.exit(ExitCode.FAILED if setbacks else ExitCode.OK)


@soak.command(
    help="Play days of a person in virtual time with the kernel's own policies: storage, backlog, "
    "whether the machine keeps up. Exit status 1: it does not."
)
@click.option("--days", type=click.IntRange(1, 3660), default=1, show_default=True)
@click.option("--year", is_flag=True, help="365 days; takes some minutes.")
@click.option("--monitors", type=click.IntRange(1, 8), default=2, show_default=True)
@click.option(
    "--cadence", type=Duration(), default=0.5, show_default="0.5s", help="Between captures."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Other seeds, other days.")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take costs and sizes from this data dir or soak run instead of assumptions.",
)
@click.option("--cores", type=click.IntRange(1, 1024), help="Of another machine than this one.")
@click.option("--memory-gb", type=click.FloatRange(1.0), help="Of another machine than this one.")
@json_option
@data_dir_option
@click.pass_context
def simulate(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    *,
    days: int,
    year: bool,
    monitors: int,
    cadence: float,
    seed: int,
    source: Path | None,
    cores: int | None,
    memory_gb: float | None,
    as_json: bool,
    data_dir: DataDir,
) -> None:
    """Print each day and the sum; the settings are those of the data dir."""
    from kernel.soak.forecast import describe, format_lines
    from kernel.soak.setting import make_setting
    from kernel.soak.simulate import simulate as play
    from kernel.soak.workload import Workload, measure

    memory_bytes = None if memory_gb is None else int(memory_gb * 1e9)
    setting = make_setting(
        data_dir, monitors=monitors, cadence_s=cadence, cores=cores, memory_bytes=memory_bytes
    )
    workload = Workload() if source is None else measure(_evidence_of(source))
    began_s = time.perf_counter()
    forecast = play(setting, workload, days=YEAR_DAYS if year else days, seed=seed)
    document = describe(
        forecast, setting, workload, seed=seed, wall_s=time.perf_counter() - began_s
    )
    if as_json:
        click.echo(json.dumps(document))
    else:
        for line in format_lines(document):
            click.echo(line)
    context.exit(ExitCode.OK if forecast.keeps_up else ExitCode.FAILED)


def format_criterion(criterion: SoakCriterion) -> str:
    """One line: state, title, figure against limit, what was seen."""
    from kernel.soak.report_html import criterion_title, figure_text, threshold_text

    title = criterion_title(criterion.name)
    figures = f"{figure_text(criterion)}, {threshold_text(criterion)}"
    detail = f"  ({criterion.detail})" if criterion.detail else ""
    return f"{criterion.state:<7}  {title}: {figures}{detail}"


def _short(criterion: SoakCriterion | None) -> str:
    from kernel.soak.report_html import figure_text

    return "-" if criterion is None else f"{figure_text(criterion)} {criterion.state}"


def _compare_document(
    before: SoakReport, after: SoakReport, pairs: tuple[Pair, ...]
) -> dict[str, object]:
    return {
        "passed": [before.passed, after.passed],
        "setbacks": [pair.name for pair in pairs if pair.is_setback],
        "criteria": [
            {
                "name": pair.name,
                "change": pair.change,
                "ratio": None if pair.ratio is None else round(pair.ratio, 4),
                "a": msgspec.to_builtins(pair.before),
                "b": msgspec.to_builtins(pair.after),
            }
            for pair in pairs
        ],
    }


def _evidence_of(path: Path) -> DataDir:
    """The data dir itself, or the one inside a soak's run folder."""
    for root in (path, path / "data"):
        if DataDir(root).journal_db.is_file():
            return DataDir(root)
    raise KernelError(
        "soak-no-evidence",
        f"{path} is neither a data dir nor the folder of a soak",
        hint="name a folder that holds journal.db",
        exit_code=ExitCode.USAGE,
    )
