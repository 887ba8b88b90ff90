"""`kernel verify`: check that nothing stored is damaged, and name what is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.store.report import Progress, ProgressSink, VerifyReport
from kernel.store.verify import ignore_progress
from kernel.store.verify import verify as verify_evidence


@click.command(
    help="Check events, chain, ledger and pixels. Changes nothing and may run beside the"
    " kernel. Exits 1 when anything is damaged."
)
@click.option("--quick", is_flag=True, help="Newest part and lengths only; seconds, not hours.")
@json_option
@data_dir_option
@click.pass_context
def verify(context: click.Context, *, data_dir: DataDir, quick: bool, as_json: bool) -> None:
    """Print the report; exit 1 when something is damaged."""
    with show_progress(wanted=not as_json) as progress:
        report = verify_evidence(data_dir, quick=quick, progress=progress)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        click.echo(format_report(report))
    if not report.ok:
        context.exit(ExitCode.FAILED)


@contextlib.contextmanager
def show_progress(*, wanted: bool) -> Iterator[ProgressSink]:
    """A sink that draws bars on a terminal, and one that is silent anywhere else."""
    if not (wanted and sys.stderr.isatty()):
        yield ignore_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            if progress.step not in tasks:
                tasks[progress.step] = bar.add_task(progress.step)
            bar.update(tasks[progress.step], completed=progress.done, total=progress.total)

        yield show


def format_report(report: VerifyReport) -> str:
    """The report for people: damage first named, then notes, then one line of counts."""
    lines = []
    for finding in report.findings:
        lines.append(f"{finding.code}: {finding.where}: {finding.message}")
        lines.extend(f"  touches {event}" for event in finding.events)
        left = finding.events_total - len(finding.events)
        if left:
            lines.append(f"  and {left} more events")
    lines += [f"note: {note}" for note in report.notes]
    state = "clean" if report.ok else f"{len(report.findings) + report.findings_left_out} damaged"
    kind = "quick check" if report.quick else "full check"
    lines.append(
        f"{state}: {report.events} events, {report.blobs} blobs, {report.segments} segments, "
        f"{report.ledger_entries} ledger entries ({kind})"
    )
    return "\n".join(lines)
