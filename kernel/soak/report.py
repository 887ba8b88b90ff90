"""The report over a soak: reads the run folder, judges it, writes report.json and report.html.

Covers: the record (`contracts.soak.SoakReport`) and both files. Does not cover: judging
(`verdict`), drawing (`report_html`, `plots`).
"""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import msgspec

from contracts import canonical
from contracts.soak import SoakFault, SoakReport
from kernel.config.approvals import write_atomically
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.soak.ledgerview import is_renewal
from kernel.soak.report_html import render_report
from kernel.soak.runfiles import (
    LEDGER,
    PLAN,
    REPORT_HTML,
    REPORT_JSON,
    LedgerFacts,
    Run,
    read_run,
)
from kernel.soak.verdict import Verdict, judge
from kernel.store.evidence import EvidenceStore

UNKNOWN_DIGEST = "0" * 64
"""Stands where the plan names no digest; a record has no empty one."""
DIGEST = re.compile(r"[0-9a-f]{64}")
RUN_ID = re.compile(r"r-[0-9a-f]{32}")
FAULTS_MAX = 4_096
RUN_IDS_MAX = 4_096
DATA_FOLDER = "data"


def conclude(run_dir: Path) -> SoakReport:
    """Judge the run in this folder and write ``report.json`` and ``report.html`` into it.

    May be called again, and while the run still goes on: what is not there yet is unknown.
    Raises `KernelError`: ``soak-no-run`` where the folder holds no run,
    ``soak-report-unwritable``.
    """
    keep_ledger_facts(run_dir)
    run = read_run(run_dir)
    report = make_report(run, judge(run))
    data = msgspec.json.format(msgspec.json.encode(report), indent=1)
    page = render_report(run, report).encode()
    try:
        write_atomically(run_dir / REPORT_JSON, data + b"\n")
        write_atomically(run_dir / REPORT_HTML, page)
    except OSError as error:
        raise KernelError(
            "soak-report-unwritable",
            f"the report cannot be written into {run_dir}: {error}",
            hint="copy the run to a folder that you may write to",
        ) from error
    return report


def keep_ledger_facts(run_dir: Path) -> None:
    """Put beside the records what the ledger in the run's data dir says of its hosts' memory.

    The records are kept and compared long after the data dir is gone. A data dir that cannot be
    read leaves no facts, and the criterion unknown.
    """
    data_dir = DataDir(run_dir / DATA_FOLDER)
    if not data_dir.journal_db.is_file():
        return
    try:
        with EvidenceStore.open_read_only(data_dir) as store:
            renewals_us = _renewals_us(store)
        facts = LedgerFacts(renewals_us=tuple(renewals_us))
        write_atomically(run_dir / LEDGER, msgspec.json.encode(facts) + b"\n")
    except (apsw.Error, KernelError, OSError):
        return


def _renewals_us(store: EvidenceStore) -> list[int]:
    found: list[int] = []
    after = 0
    while entries := store.ledger.entries(after):
        found += [entry.recorded_at_us for entry in entries if is_renewal(entry)]
        after = entries[-1].seq
    return found


def read_report(path: Path) -> SoakReport:
    """The report of a run folder, judged anew without writing; or one kept as a file.

    A folder whose records are gone (only its report was kept) gives that report. Raises
    `KernelError` ``soak-no-run``.
    """
    kept = path / REPORT_JSON if path.is_dir() else path
    if path.is_dir() and (path / PLAN).is_file():
        run = read_run(path)
        return make_report(run, judge(run))
    try:
        return msgspec.json.decode(kept.read_bytes(), type=SoakReport)
    except (OSError, msgspec.DecodeError) as error:
        raise KernelError(
            "soak-no-run",
            f"{path} is neither the folder of a soak nor its report.json: {error}",
            hint="name the folder that `kernel run --profile soak24` wrote to",
            exit_code=ExitCode.USAGE,
        ) from error


def make_report(run: Run, verdict: Verdict) -> SoakReport:
    """The record of this run and verdict."""
    found = run.reconciliation
    produced = found.produced if found is not None else None
    return SoakReport(
        run_ids=_run_ids(run),
        started_at_us=max(0, run.started_us),
        ended_at_us=max(0, run.ended_us),
        planned_s=round(run.plan.planned_s or 0),
        passed=verdict.passed,
        criteria=verdict.criteria,
        faults=_faults(run),
        samples=len(run.samples),
        events_produced=len(run.produced_at_us) if produced is None else produced,
        events_stored=(found.stored or 0) if found is not None else 0,
        contracts_lock=_digest(run.plan.contracts_lock),
        plugins_lock=_digest(run.plan.plugins_lock),
        config_digest=_digest(run.plan.config_digest),
        machine=", ".join(f"{key} {value}" for key, value in sorted(run.plan.machine.items())),
    )


def _run_ids(run: Run) -> tuple[str, ...]:
    """The kernels' own ids as far as they were told, else one made from the plan's bytes."""
    told = [event.run_id for event in run.events_of("kernel_start") if event.run_id]
    good = list(dict.fromkeys(run_id for run_id in told if RUN_ID.fullmatch(run_id)))
    if good:
        return tuple(good[:RUN_IDS_MAX])
    plan = run.folder / PLAN
    data = plan.read_bytes() if plan.is_file() else run.folder.name.encode()
    return (f"r-{canonical.digest_bytes(data)[:32]}",)


def _faults(run: Run) -> tuple[SoakFault, ...]:
    return tuple(
        SoakFault(
            name=span.name[:255] or "unnamed",
            injected_at_us=max(0, span.from_us),
            recovered_at_us=None if span.to_us is None else max(0, span.to_us),
            detail=span.detail[:2_000],
        )
        for span in run.faults()[:FAULTS_MAX]
    )


def _digest(value: str | None) -> str:
    return value if value is not None and DIGEST.fullmatch(value) else UNKNOWN_DIGEST
