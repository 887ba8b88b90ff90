"""`kernel backup`: a verified copy of the evidence, while the kernel runs."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from kernel.boot.sinks import open_sink
from kernel.cli.options import data_dir_option, json_option
from kernel.cli.verify import format_report, show_progress
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.store.backup import BackupReport, back_up
from kernel.store.clock import wall_clock_us


@click.command(
    help="Bring the backup in FOLDER up to this moment; the first time copies all, later only"
    " what is new. The kernel may run. What the backup holds is never overwritten. Exits 1"
    " when the evidence in it, or in the data dir, is damaged."
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@json_option
@data_dir_option
@click.pass_context
def backup(context: click.Context, *, folder: Path, data_dir: DataDir, as_json: bool) -> None:
    """Print what the backup holds; exit 1 when its check found damage."""
    with show_progress(wanted=not as_json) as progress:
        report = back_up(data_dir, folder.absolute(), now_us=wall_clock_us(), progress=progress)
    with open_sink(data_dir) as sink:
        detail = {"events": str(report.manifest.events), "head": report.manifest.evidence_head}
        sink.record("backup.made", str(folder), detail)
    if as_json:
        click.echo(
            msgspec.json.encode(
                {
                    "manifest": report.manifest,
                    "check": report.check,
                    "source": report.source,
                }
            )
        )
    else:
        click.echo(format_backup(report))
    if not report.ok:
        context.exit(ExitCode.FAILED)


def format_backup(report: BackupReport) -> str:
    """What was copied and what the check said."""
    manifest = report.manifest
    lines = [
        f"{len(manifest.files)} files, {report.copied_bytes} bytes of pixels copied this time",
        format_report(report.check),
    ]
    lines += [f"{found.code}: {found.where}: {found.message}" for found in report.source]
    if not report.check.ok:
        lines.append("the last whole state is kept beside it; see: kernel restore --help")
    lines += [f"not included, its drive is not mounted: {name}" for name in manifest.elsewhere]
    return "\n".join(lines)
