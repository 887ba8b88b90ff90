"""`kernel query`: ask a question; the answer cites what was on the screen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from contracts.answer import Answer, Citation, Coverage, Provenance
from contracts.lock import contracts_lock_digest
from kernel.cli.options import data_dir_option, json_option
from kernel.config.approvals import read_plugin_locks
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.query.answering import Derived, Limits, NothingProcessed, ask
from kernel.query.crops import save_crop
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore

_LINE_CHARS_MAX = 240


@click.command(
    help="Ask about what was on the screen. Exits 0 with an answer, 3 when nothing that was"
    " captured answers it. Reads only; works with or without a running kernel."
)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--crops/--no-crops",
    default=None,
    help="Save the cut-out that proves each citation (default: yes, without --json).",
)
@click.option("--time-limit", default=30.0, show_default=True, metavar="SECONDS")
@json_option
@data_dir_option
@click.pass_context
def query(
    context: click.Context,
    *,
    text: tuple[str, ...],
    crops: bool | None,
    time_limit: float,
    as_json: bool,
    data_dir: DataDir,
) -> None:
    """Print the answer with its citations."""
    question = " ".join(text)
    if not data_dir.journal_db.is_file():
        # Nothing was ever captured there: that is no evidence, and said like it.
        answer = no_evidence_at_all(question, data_dir)
        click.echo(msgspec.json.encode(answer).decode() if as_json else format_answer(answer, {}))
        context.exit(ExitCode.NO_EVIDENCE)
    with EvidenceStore.open_read_only(data_dir) as evidence, _open_derived(data_dir) as derived:
        locks = (contracts_lock_digest(), read_plugin_locks(data_dir).digest)
        limits = Limits(time_limit_s=time_limit)
        answer = ask(evidence, derived, question, locks=locks, limits=limits)
        wanted = crops if crops is not None else not as_json
        saved = _save_crops(answer, evidence, data_dir) if wanted else {}
    click.echo(msgspec.json.encode(answer).decode() if as_json else format_answer(answer, saved))
    if answer.state == "no_evidence":
        context.exit(ExitCode.NO_EVIDENCE)


def no_evidence_at_all(question: str, data_dir: DataDir) -> Answer:
    """The answer where there is no evidence store."""
    return Answer(
        question=question,
        state="no_evidence",
        answer=f"No evidence: nothing was captured in {data_dir.root}.",
        claims=(),
        coverage=Coverage(events=0, processed=0),
        provenance=Provenance(
            method="none",
            contracts_lock=contracts_lock_digest(),
            plugins_lock=read_plugin_locks(data_dir).digest,
            extractors=(),
            claims_dropped=0,
        ),
    )


@contextlib.contextmanager
def _open_derived(data_dir: DataDir) -> Iterator[Derived]:
    if not data_dir.derived_db.exists():
        yield NothingProcessed()
        return
    with DerivedStore.open_read_only(data_dir) as derived:
        yield derived


def _save_crops(
    answer: Answer, evidence: EvidenceStore, data_dir: DataDir
) -> dict[Citation, Path | str]:
    """Where each citation's crop is, or why there is none."""
    saved: dict[Citation, Path | str] = {}
    for claim in answer.claims:
        for citation in claim.citations:
            try:
                frame = evidence.read_blob(citation.blob)
                saved[citation] = save_crop(citation, frame, data_dir.crops_dir)
            except KernelError as error:
                saved[citation] = error.message
            except OSError as error:
                saved[citation] = f"cannot be written: {error}"
    return saved


def format_answer(answer: Answer, crops: dict[Citation, Path | str]) -> str:
    """The answer for people: what was found, then where and when it stood on the screen."""
    lines = [_printable(answer.answer), ""] if answer.claims else [_printable(answer.answer)]
    number = 0
    for claim in answer.claims:
        for citation in claim.citations:
            number += 1
            lines += _format_citation(number, citation, crops.get(citation))
    coverage = answer.coverage
    if answer.claims and answer.state == "partial":
        lines.append(f"read so far: {coverage.processed} of {coverage.events} captures")
    if coverage.processed < coverage.events:
        lines.append("read the rest now with: kernel process --until-drained")
    if answer.provenance.claims_dropped:
        lines.append(f"{answer.provenance.claims_dropped} claim(s) did not verify and were dropped")
    return "\n".join(lines)


def _format_citation(number: int, citation: Citation, crop: Path | str | None) -> list[str]:
    cited = citation.text[citation.text_start : citation.text_end]
    where = [f"monitor {citation.monitor}", citation.app, citation.window_title]
    lines = [
        f"[{number}] {_printable(cited)}",
        f"    seen   {citation.captured_at}  {', '.join(_printable(w) for w in where if w)}",
    ]
    if cited != citation.text:
        lines.append(f"    line   {_printable(citation.text)}")
    if citation.source_path:
        lines.append(f"    source {_printable(citation.source_path)}")
    x0, y0, x1, y1 = citation.box
    lines.append(f"    box    x {x0}..{x1}, y {y0}..{y1}  event {citation.event_id}")
    if isinstance(crop, Path):
        lines.append(f"    crop   {crop}")
    elif crop:
        lines.append(f"    crop   none: {crop}")
    return lines


def _printable(text: str) -> str:
    """The text without what a terminal would obey; screens may show anything."""
    cleaned = "".join(ch if ch.isprintable() or ch == "\n" else "\ufffd" for ch in text)
    return cleaned if len(cleaned) <= _LINE_CHARS_MAX else cleaned[: _LINE_CHARS_MAX - 1] + "…"
