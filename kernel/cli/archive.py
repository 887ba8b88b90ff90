"""`kernel archive`: move cold segments to another drive, where they stay queryable."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kernel.boot.evidence import open_evidence
from kernel.cli.options import data_dir_option, json_option
from kernel.cli.verify import show_progress
from kernel.config.paths import DataDir
from kernel.store.clock import wall_clock_us

DAY_US = 86_400_000_000


@click.command(
    help="Move closed pack segments to FOLDER on another drive, copied and verified first."
    " While it is mounted nothing changes for queries; while it is not, they say so. Needs the"
    " kernel stopped."
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--older-than-days",
    type=click.IntRange(min=0),
    default=90,
    show_default=True,
    help="Move segments with no newer capture than this.",
)
@json_option
@data_dir_option
def archive(*, folder: Path, older_than_days: int, data_dir: DataDir, as_json: bool) -> None:
    """Print the names of the segments that were moved."""
    older_than_us = wall_clock_us() - older_than_days * DAY_US
    with (
        open_evidence(data_dir) as store,
        show_progress(wanted=not as_json) as progress,
    ):
        report = store.archive(folder, older_than_us=older_than_us, progress=progress)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
        return
    for name in report.moved:
        click.echo(f"moved {name}")
    click.echo(f"{len(report.moved)} segments, {report.moved_bytes} bytes moved to {folder}")
    for count, why in (
        (report.in_use, "still written to"),
        (report.too_new, f"with a capture of the last {older_than_days} days (--older-than-days)"),
    ):
        if count:
            click.echo(f"{count} segments stay: {why}")
