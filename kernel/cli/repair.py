"""`kernel repair`: mend damaged evidence by adding; nothing is removed or overwritten."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kernel.cli.options import data_dir_option, json_option
from kernel.cli.verify import format_report
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.store.repair import RepairReport
from kernel.store.repair import repair as repair_evidence


@click.command(
    help="Mend what `kernel verify` found: seal, quarantine, rebuild the journal from the"
    " packs, restore blobs from the spool or a backup. Needs the kernel stopped. Exits 1 when"
    " damage is left."
)
@click.option(
    "--from-backup",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A folder made by `kernel backup`, to take lost parts from.",
)
@json_option
@data_dir_option
@click.pass_context
def repair(
    context: click.Context, *, data_dir: DataDir, from_backup: Path | None, as_json: bool
) -> None:
    """Print what was done and the check afterwards; exit 1 when damage is left."""
    report = repair_evidence(data_dir, backup=from_backup)
    click.echo(msgspec.json.encode(report).decode() if as_json else format_acts(report))
    if not report.after.ok:
        context.exit(ExitCode.FAILED)


def format_acts(report: RepairReport) -> str:
    """The acts, one a line, then the report of the check."""
    lines = [f"{act.code}: {act.what}: {act.message}" for act in report.acts]
    return "\n".join([*lines, format_report(report.after)])
