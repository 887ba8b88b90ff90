"""`kernel export`: a copy for somebody else, with what looks secret masked."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
import msgspec

from kernel.boot.sinks import open_sink
from kernel.cli.moments import to_us
from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.query.export import ExportOptions, ExportReport, require_empty
from kernel.query.export import export as export_evidence
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.manifest import MANIFEST_NAME

RAW_PHRASE = "unmasked-evidence"
END_US = 253_402_300_799_999_999
SUBJECT_CHARS_MAX = 1024


@click.command(
    help="Write events, texts and pictures into the new FOLDER. Keys, tokens, passwords, card"
    " numbers and e-mail addresses are masked, in the pictures too; frames whose text was not"
    " read are left out. Look the result through: no detector finds everything. The ledger tells of"
    " it."
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--from", "from_us", metavar="ISO8601", callback=to_us, help="Captures since.")
@click.option("--to", "to_us", metavar="ISO8601", callback=to_us, help="Captures before.")
@click.option(
    "--raw", metavar=RAW_PHRASE, help=f"Mask nothing; needs the words --raw {RAW_PHRASE}."
)
@json_option
@data_dir_option
def export(
    *,
    folder: Path,
    from_us: int | None,
    to_us: int | None,
    raw: str | None,
    data_dir: DataDir,
    as_json: bool,
) -> None:
    """Print what was written and masked."""
    if raw is not None and raw != RAW_PHRASE:
        raise KernelError(
            "confirmation-needed",
            f"an unmasked export needs the words: --raw {RAW_PHRASE}",
            exit_code=ExitCode.USAGE,
        )
    options = ExportOptions(from_us or 0, END_US if to_us is None else to_us, raw is not None)
    with EvidenceStore.open_read_only(data_dir) as evidence, contextlib.ExitStack() as stack:
        require_empty(folder)
        _refuse_backup(data_dir)
        derived = None
        if data_dir.derived_db.exists():
            derived = stack.enter_context(DerivedStore.open_read_only(data_dir))
        # Before anything leaves: what cannot be ledgered is not exported, and a kill hides nothing.
        record_act(data_dir, "export.begun", folder, _facts(options))
        report = export_evidence(evidence, derived, folder, options)
        record_act(data_dir, "export.made", folder, _facts(options) | _counts(report))
    click.echo(msgspec.json.encode(report).decode() if as_json else format_export(report))


def _refuse_backup(data_dir: DataDir) -> None:
    if (data_dir.root / MANIFEST_NAME).exists():
        raise KernelError(
            "export-from-backup",
            f"{data_dir.root} is a backup: an export is ledgered, and a backup is not written to",
            hint="run: kernel restore, and export from the restored data dir",
        )


def record_act(data_dir: DataDir, act: str, folder: Path, detail: dict[str, str]) -> None:
    """Ledger it, through the kernel where one runs. Raises as `open_sink`."""
    with open_sink(data_dir) as sink:
        # A subject has 1024 characters; the end of a path says more than its beginning.
        sink.record(
            act,
            bytes(folder.absolute()).decode("utf-8", "backslashreplace")[-SUBJECT_CHARS_MAX:],
            detail,
        )


def _facts(options: ExportOptions) -> dict[str, str]:
    return {
        "form": "raw" if options.raw else "masked",
        "from_us": str(options.from_us),
        "to_us": str(options.to_us),
    }


def _counts(report: ExportReport) -> dict[str, str]:
    return {
        "events": str(report.events),
        "pictures": str(report.pictures),
        "masked": str(report.masked.total()),
        "left_out": str(len(report.left_out)),
    }


def format_export(report: ExportReport) -> str:
    """Counts, masks by detector, frames left out with the reason."""
    lines = [f"{report.events} events, {report.pictures} pictures"]
    lines += [f"masked {count} x {name}" for name, count in sorted(report.masked.items())]
    lines += [f"left out {blob}: {why}" for blob, why in report.left_out.items()]
    return "\n".join(lines)
