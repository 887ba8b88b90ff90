"""`kernel restore`: fill an empty data dir from a backup, verified before it takes its name."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kernel.cli.options import data_dir_option, json_option
from kernel.cli.verify import format_report, show_progress
from kernel.config.paths import DataDir
from kernel.store.restore import restore as restore_backup


@click.command(help="Restore the backup in FOLDER into an empty or new data dir.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
@data_dir_option
def restore(*, folder: Path, data_dir: DataDir, as_json: bool) -> None:
    """Print the full check of what was restored."""
    with show_progress(wanted=not as_json) as progress:
        check = restore_backup(folder, data_dir, progress=progress)
    click.echo(msgspec.json.encode(check).decode() if as_json else format_report(check))
