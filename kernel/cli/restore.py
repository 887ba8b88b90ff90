"""`kernel restore`: fill an empty data dir from a backup, verified before it takes its name."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kernel.cli.options import data_dir_option, json_option
from kernel.cli.verify import format_report, show_progress
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.store.restore import restore as restore_backup


@click.command(
    help="Restore the backup in FOLDER into an empty or new data dir. FOLDER/whole is its last"
    " whole state."
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--partial",
    is_flag=True,
    help="Restore all that is there though some of the backup is damaged or gone; exits 1 then.",
)
@json_option
@data_dir_option
@click.pass_context
def restore(
    context: click.Context, *, folder: Path, data_dir: DataDir, partial: bool, as_json: bool
) -> None:
    """Print the full check of what was restored; exit 1 when some of it is damaged."""
    with show_progress(wanted=not as_json) as progress:
        check = restore_backup(folder.absolute(), data_dir, partial=partial, progress=progress)
    click.echo(msgspec.json.encode(check).decode() if as_json else format_report(check))
    if not check.ok:
        context.exit(ExitCode.FAILED)
