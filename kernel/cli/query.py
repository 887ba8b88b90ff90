"""`kernel query`: ask a question; the answer cites what was on the screen."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import click
import msgspec

from contracts.answer import Answer, Citation, Coverage, Provenance
from contracts.lock import contracts_lock_digest
from kernel.boot.extracting import extract
from kernel.boot.pixel_check import check_pixels
from kernel.boot.question_vector import find_alike, has_vectors
from kernel.capture.timestamps import read_local_zone, read_zone
from kernel.cli.answer_text import format_answer
from kernel.cli.durations import Duration
from kernel.cli.options import data_dir_option, json_option
from kernel.cli.progress_line import progress_line
from kernel.cli.terminal_image import find_way, picture_sequence
from kernel.config.approvals import read_plugin_locks
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.query.answering import Limits, Request, ask, name_of_zone, require_question
from kernel.query.covering import cover
from kernel.query.crops import save_crop
from kernel.query.scope import END_US, Scope
from kernel.query.stores import Derived, NothingProcessed, NoTimeline, Timeline
from kernel.query.timeline import StoredTimeline
from kernel.query.times import read_bound
from kernel.query.timezones import changes_clocks_near
from kernel.query.wording import moment_text
from kernel.store.clock import wall_clock_us
from kernel.store.damage import WAY_OUT
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.lost_journal import lost_journal

__all__ = ["format_answer", "query"]

_PICTURES_MAX = 4
_LIMIT_MAX = 60
_NO_VECTORS = (
    "no vector of a line has been made yet, so nothing was found by meaning;"
    " run: kernel process --until-drained"
)
_ALIKE_PER_LINE = 4
"""Texts looked at for each line that is wanted: some are not of the time that was asked about."""


class Options(TypedDict):
    """The options besides the question, as click hands them over."""

    since: str | None
    until: str | None
    app: str | None
    window: str | None
    monitor: int | None
    order: Literal["relevance", "newest"]
    limit: int
    crops: bool | None
    crops_dir: Path | None
    timeout_s: float
    extract_now: bool
    budget_s: float
    verify_pixels: bool
    similar: bool
    tz: str | None
    now_text: str | None


@dataclass(frozen=True, slots=True)
class Asking:
    """The question and how it is to be answered."""

    request: Request
    limits: Limits
    data_dir: DataDir
    crops_dir: Path | None
    extract_s: float | None = None
    """How long unread captures may be read first; None: not at all."""
    verify_pixels: bool = False
    similar: bool = False


@click.command(
    help="Ask about what was on the screen. The answer is a value, words to find, when something"
    " was there, what changed, how many, or a summary of a time. Times in the question are read"
    " (yesterday before lunch, between 9 and 10, two hours ago). Exits 0 with an answer, 3 when"
    " nothing that was captured answers it. Reads only, unless --extract-now is given; works"
    " with or without a running kernel."
)
@click.argument("text", nargs=-1, required=True)
@click.option(
    "--since", metavar="WHEN", help="Only captures from then on: 2025-11-12 9:30, 2h ago."
)
@click.option("--until", metavar="WHEN", help="Only captures before: noon, yesterday (its end).")
@click.option("--app", metavar="NAME", help="Only this application; part of its name will do.")
@click.option("--window", metavar="TITLE", help="Only windows whose title holds this.")
@click.option("--monitor", type=click.IntRange(0, 63), help="Only this monitor.")
@click.option(
    "--order",
    type=click.Choice(["relevance", "newest"]),
    default="relevance",
    show_default=True,
    help="What comes first when lines are found.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, _LIMIT_MAX),
    default=5,
    show_default=True,
    help="The most lines to show.",
)
@click.option(
    "--crops/--no-crops",
    default=None,
    help="Save the cut-out that proves each citation (default: yes, without --json).",
)
@click.option(
    "--save-crops",
    "crops_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Save the cut-outs into this folder.",
)
@click.option(
    "--timeout",
    "--time-limit",
    "timeout_s",
    type=Duration(),
    default=30.0,
    show_default="30s",
    help="Break off after this long, with what was found so far.",
)
@click.option(
    "--extract-now",
    is_flag=True,
    help="Read captures that are not read yet, of the time that was asked about, before"
    " answering: for at most --budget, within the limits on CPU and memory, also while you work.",
)
@click.option(
    "--budget",
    "budget_s",
    type=Duration(),
    default=120.0,
    show_default="2m",
    help="How long --extract-now may take.",
)
@click.option(
    "--verify-pixels",
    is_flag=True,
    help="Read the cut-out of every citation again and drop the claims that are not on it.",
)
@click.option(
    "--similar",
    is_flag=True,
    help="Lines of like meaning, too (needs pipeline.embed_plugin; the model takes some seconds).",
)
@click.option("--tz", metavar="ZONE", help="Your time zone (default: this machine's).")
@click.option(
    "--now",
    "now_text",
    metavar="WHEN",
    help="Ask as if it were then (2025-11-12 9:30): yesterday is the day before, and the same"
    " stores give the same answer whenever it is asked.",
)
@json_option
@data_dir_option
@click.pass_context
def query(
    context: click.Context,
    *,
    text: tuple[str, ...],
    as_json: bool,
    data_dir: DataDir,
    **options: Unpack[Options],
) -> None:
    """Print the answer with its citations."""
    asked = " ".join(text)
    require_question(asked)
    asking = _asking(asked, options, data_dir, as_json=as_json)
    answer, saved = answer_question(asking)
    if as_json:
        click.echo(msgspec.json.encode(answer).decode())
    else:
        click.echo(format_answer(answer, saved, asking.request.zone))
        _show_pictures(saved)
    if answer.state == "no_evidence":
        context.exit(ExitCode.NO_EVIDENCE)


def _asking(text: str, options: Options, data_dir: DataDir, *, as_json: bool) -> Asking:
    zone = _zone(options["tz"])
    now_us = _now(options["now_text"], zone)
    from_us, to_us = _range(options["since"], options["until"], now_us, zone)
    scope = Scope(
        from_us=from_us,
        to_us=to_us,
        app=options["app"] or "",
        title=options["window"] or "",
        monitor=options["monitor"],
    )
    crops, folder = options["crops"], options["crops_dir"]
    if folder is not None and crops is not False:
        _require_writable(folder)
    wanted = crops if crops is not None else (folder is not None or not as_json)
    return Asking(
        request=Request(text, now_us, zone, scope, options["order"]),
        limits=Limits(claims_max=options["limit"], time_limit_s=options["timeout_s"]),
        data_dir=data_dir,
        crops_dir=(folder or data_dir.crops_dir) if wanted else None,
        extract_s=options["budget_s"] if options["extract_now"] else None,
        verify_pixels=options["verify_pixels"],
        similar=options["similar"],
    )


def answer_question(asking: Asking) -> tuple[Answer, dict[Citation, Path | str]]:
    """The answer and where its crops are; from a data dir that may not exist yet.

    Raises `KernelError` where extracting or reading crops again cannot be done.
    """
    data_dir = asking.data_dir
    lost = lost_journal(data_dir)
    if lost is not None:
        raise lost
    if not data_dir.journal_db.is_file():
        # Nothing was ever captured there: that is no evidence, and said like it.
        return no_evidence_at_all(asking.request.text, data_dir), {}
    if asking.similar:
        asking = _with_alike(asking)
    answer = _ask(asking)
    if asking.similar and not has_vectors(data_dir):
        answer = msgspec.structs.replace(answer, notes=(*answer.notes, _NO_VECTORS))
    if asking.extract_s is not None and answer.coverage.processed < answer.coverage.events:
        note = _extract(asking, answer, asking.extract_s)
        answer = _ask(asking)
        answer = msgspec.structs.replace(answer, notes=(*answer.notes, note))
    if asking.verify_pixels and answer.claims:
        answer = check_pixels(answer, data_dir, show=progress_line())
    if asking.crops_dir is None:
        return answer, {}
    with EvidenceStore.open_read_only(data_dir) as evidence:
        return answer, _save_crops(answer, evidence, asking.crops_dir)


def _with_alike(asking: Asking) -> Asking:
    request = asking.request
    limit = asking.limits.claims_max * _ALIKE_PER_LINE
    alike = find_alike(request.text, asking.data_dir, limit=limit, show=progress_line())
    return replace(asking, request=replace(request, alike=alike))


def _ask(asking: Asking) -> Answer:
    data_dir = asking.data_dir
    with (
        EvidenceStore.open_read_only(data_dir) as evidence,
        _open_derived(data_dir) as (derived, timeline),
    ):
        locks = (contracts_lock_digest(), read_plugin_locks(data_dir).digest)
        answer = ask(
            evidence,
            derived,
            asking.request,
            locks=locks,
            limits=asking.limits,
            timeline=timeline,
        )
        left_out = len(derived.left_out) if isinstance(derived, DerivedStore) else 0
        return answer if not left_out else without_damaged(answer, left_out)


def without_damaged(answer: Answer, left_out: int) -> Answer:
    """The answer that says what was left out because it is damaged: it may not be all there is."""
    were = "result was left out: it is" if left_out == 1 else "results were left out: they are"
    note = f"{left_out} stored {were} damaged [derived-damaged]; {WAY_OUT}"
    state = "partial" if answer.state == "ok" else answer.state
    return msgspec.structs.replace(answer, state=state, notes=(*answer.notes, note))


def _extract(asking: Asking, answer: Answer, budget_s: float) -> str:
    """Read what the answer lacked; what is to be said about it."""
    data_dir = asking.data_dir
    scope = asking.request.scope
    window = (answer.from_us or 0, END_US if answer.to_us is None else answer.to_us)
    wanted = scope.within(*window)

    def count_left() -> int:
        with (
            EvidenceStore.open_read_only(data_dir) as evidence,
            _open_derived(data_dir) as (derived, _),
        ):
            coverage = cover(evidence, derived, wanted)
            return coverage.events - coverage.processed

    before = answer.coverage.events - answer.coverage.processed
    done = extract(data_dir, window, budget_s=budget_s, count_left=count_left, show=progress_line())
    why = f" ({done.stopped})" if done.stopped else ""
    spent = ""
    if done.spent_s:
        spent = f", though you count as active: {done.spent_s:.1f} s of processor time were spent"
    return f"{before - done.left} of {before} unread captures were read now{spent}{why}"


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


def _require_writable(folder: Path) -> None:
    """Make the folder for cut-outs; refused where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise click.BadParameter(
            f"nothing can be written into {folder}: {error.strerror or error}",
            param_hint="--save-crops",
        ) from error


def _zone(name: str | None) -> dt.tzinfo:
    if name is None:
        return read_local_zone()
    zone = read_zone(name)
    if zone is None:
        raise click.BadParameter(f"{name!r} is no time zone", param_hint="--tz")
    return zone


def _now(text: str | None, zone: dt.tzinfo) -> int:
    if text is None:
        return wall_clock_us()
    moment = read_bound(text, 0, zone, end=False)
    if moment is None:
        raise click.BadParameter(f"{text!r} is no time", param_hint="--now")
    return moment


def _range(since: str | None, until: str | None, now_us: int, zone: dt.tzinfo) -> tuple[int, int]:
    """The time that the two options leave; refused where that is none."""
    from_us = _bound(since, now_us, zone, end=False) if since else 0
    to_us = _bound(until, now_us, zone, end=True) if until else END_US
    if to_us > from_us:
        return from_us, to_us
    start, end = (moment_text(at_us, zone) for at_us in (from_us, to_us))
    skipped = "; a time that a clock change skips is read with the offset before it"
    raise click.BadParameter(
        f"nothing lies from {start} to {end} ({name_of_zone(zone)}): the beginning must come before"
        f" the end{skipped if changes_clocks_near(to_us, zone) else ''}",
        param_hint="--since, --until",
    )


def _bound(text: str, now_us: int, zone: dt.tzinfo, *, end: bool) -> int:
    moment = read_bound(text, now_us, zone, end=end)
    if moment is None:
        raise click.BadParameter(
            f"{text!r} is no time; write 2025-11-12 9:30, yesterday, noon, 2h ago",
            param_hint="--until" if end else "--since",
        )
    return moment


@contextlib.contextmanager
def _open_derived(data_dir: DataDir) -> Iterator[tuple[Derived, Timeline]]:
    if not data_dir.derived_db.exists():
        yield NothingProcessed(), NoTimeline()
        return
    with DerivedStore.open_read_only(data_dir, leave_out=True) as derived:
        yield derived, StoredTimeline(derived.intervals)


def _save_crops(
    answer: Answer, evidence: EvidenceStore, folder: Path
) -> dict[Citation, Path | str]:
    """Where each citation's crop is, or why there is none."""
    saved: dict[Citation, Path | str] = {}
    for claim in answer.claims:
        for citation in claim.citations:
            try:
                saved[citation] = save_crop(citation, evidence.read_blob(citation.blob), folder)
            except KernelError as error:
                saved[citation] = error.message
            except OSError as error:
                saved[citation] = f"cannot be written: {error}"
    return saved


def _show_pictures(saved: dict[Citation, Path | str]) -> None:
    """The first crops themselves, in a terminal that shows pictures."""
    way = find_way(os.environ, is_terminal=sys.stdout.isatty())
    if way is None:
        return
    paths = [crop for crop in saved.values() if isinstance(crop, Path)]
    for path in dict.fromkeys(paths[:_PICTURES_MAX]):
        with contextlib.suppress(OSError, ImportError):
            click.echo(picture_sequence(path, way), nl=False)
