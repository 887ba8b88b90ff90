"""From a question to an answer whose every claim was verified.

Covers: the steps (plan, look, cite, verify), the readings of a question in order, coverage and
state of the answer, the limits on all of it. Does not cover: printing. Same stores, same
question and same time give the same answer, byte for byte.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import apsw

from contracts.answer import Answer, Claim, Coverage, Provenance
from kernel.config.errors import ExitCode, KernelError
from kernel.query.actions import tell_actions
from kernel.query.changes import tell_changes
from kernel.query.citing import CITATIONS_MAX, Citer
from kernel.query.counting import count
from kernel.query.covering import cover
from kernel.query.deadline import Deadline, OutOfTime
from kernel.query.lanes import asks_for_a_lane, list_lane
from kernel.query.listing import asks_for_a_list, list_rows
from kernel.query.openwindows import list_windows
from kernel.query.places import WindowName, are_programs
from kernel.query.plan import Plan, Reading, make_plan
from kernel.query.question import Kind
from kernel.query.rows import asks_for_rows, count_rows
from kernel.query.scope import END_US, Scope
from kernel.query.searching import Found, SearchLimits, distinct, search
from kernel.query.similar import Alike
from kernel.query.sources import Outcome, Sources
from kernel.query.standing import as_it_stood
from kernel.query.stores import Derived, Evidence, NoTimeline, Timeline
from kernel.query.summary import summarize
from kernel.query.switches import tell_switches
from kernel.query.visibility import find_lines, find_parts, tell_when
from kernel.query.windows import as_watched, names_in, tell_windows
from kernel.query.wrapped import find_wrapped

METHOD = "extractive-8"
"""Name of the way of answering, for the provenance; changes when answers may change."""
QUESTION_CHARS_MAX = 2000
_FIND_SHARE = 600
_NAMES_OF_UTC = frozenset({"UTC", "UCT", "Zulu", "Universal"})
_NOTES_MAX = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """What one query may cost."""

    blobs_max: int = 256
    """Pages that are read."""
    pages_max: int = 64
    """Pages that are looked at closely."""
    texts_max: int = 2000
    claims_max: int = 5
    time_limit_s: float = 30.0
    now_s: Callable[[], float] = field(default=time.monotonic)


@dataclass(frozen=True, slots=True)
class Request:
    """A question with all that its answer depends on besides the stores.

    ``now_us`` and ``zone`` are the clock of the person: "yesterday" is theirs. ``scope`` are
    the filters that were given beside the question.
    """

    text: str
    now_us: int
    zone: dt.tzinfo = dt.UTC
    scope: Scope = field(default_factory=Scope)
    order: Literal["relevance", "newest"] = "relevance"
    alike: tuple[Alike, ...] = ()
    """Texts of like meaning, most alike first, where they were asked for."""


def ask(
    evidence: Evidence,
    derived: Derived,
    question: str | Request,
    *,
    locks: tuple[str, str],
    limits: Limits | None = None,
    timeline: Timeline | None = None,
) -> Answer:
    """The answer to a question from what is stored; never anything else.

    ``locks``: digests of the contracts lock and the plugins lock. A question given as text is
    asked now, in UTC. When the time limit is reached, what was found so far is the answer,
    marked partial. Raises `KernelError`: ``question-empty``, ``question-too-long``,
    ``query-timeout`` (nothing was found in time).
    """
    limits = limits or Limits()
    request = (
        question
        if isinstance(question, Request)
        else Request(question, now_us=time.time_ns() // 1000)
    )
    require_question(request.text)
    if len(request.text) > QUESTION_CHARS_MAX:
        raise KernelError(
            "question-too-long",
            f"the question has {len(request.text)} characters, {QUESTION_CHARS_MAX} are the most",
        )
    deadline = Deadline(limits.time_limit_s, limits.now_s)
    sources = Sources(
        evidence=evidence,
        derived=derived,
        timeline=timeline or NoTimeline(),
        citer=Citer(evidence, derived, locks),
        zone=request.zone,
        deadline=deadline,
        search=SearchLimits(limits.blobs_max, limits.pages_max, limits.texts_max),
        claims_max=limits.claims_max,
        order=request.order,
        alike=request.alike,
    )
    derived.stop_when(lambda: deadline.is_over)
    try:
        return _answer(request, sources)
    except (apsw.InterruptError, OutOfTime) as error:
        raise _timeout(limits) from error
    finally:
        derived.stop_when(lambda: False)


def require_question(text: str) -> None:
    """Raise `KernelError` ``question-empty`` where nothing is asked: no letter and no figure."""
    if not any(ch.isalnum() for ch in text):
        raise KernelError(
            "question-empty",
            "nothing is asked: the question has no word",
            hint='ask a question or give words, for example: kernel query "what did I see today?"',
            exit_code=ExitCode.USAGE,
        )


def _answer(request: Request, sources: Sources) -> Answer:
    plan = _plan(request, sources)
    outcome, reading = _first_that_answers(plan, sources)
    if request.alike and not outcome.claims and reading.asked.answer_type != "find":
        # What was asked has no answer in words: the lines of like meaning, said to be that.
        outcome = find_lines(reading, sources)
    sources.derived.stop_when(lambda: False)
    coverage = cover(sources.evidence, sources.derived, reading.scope)
    return _compose(request, reading, outcome, coverage, sources)


def _plan(request: Request, sources: Sources) -> Plan:
    """The plan, with the names of the windows of the time that is asked about.

    "In the chat" means no window of another day, unless nothing but the place is asked about: then
    other windows cannot answer. A program that is called by its name is meant whenever it was
    there. Names are looked up only where the question may name one.
    """

    def planned(names: Sequence[WindowName]) -> Plan:
        return make_plan(
            request.text, request.scope, now_us=request.now_us, zone=request.zone, places=names
        )

    plan = planned(sources.timeline.windows(request.scope))
    if not plan.names_a_place:
        return _watched(plan)
    scope = plan.readings[-1].scope
    within = request.scope.within(scope.from_us, scope.to_us)
    names = names_in(within, sources)
    then = planned(names)
    last = then.readings[-1]
    meant = are_programs(scope.places, request.text) or not last.question.terms
    kept = scope.places and meant and not last.scope.places
    return _watched(plan if kept else then)


def _watched(plan: Plan) -> Plan:
    return replace(plan, readings=tuple(map(as_watched, plan.readings)))


def _first_that_answers(plan: Plan, sources: Sources) -> tuple[Outcome, Reading]:
    """The outcome of the first reading with a claim, else that of the last reading."""
    dropped = 0
    for reading in (as_it_stood(reading, sources) for reading in plan.readings):
        outcome = _outcome(reading, sources)
        outcome.dropped += dropped
        if outcome.claims or outcome.cut:
            break
        dropped = outcome.dropped
    if outcome.cut and not outcome.claims:
        raise OutOfTime
    return outcome, reading


def _outcome(reading: Reading, sources: Sources) -> Outcome:
    """What one reading gives; cut short, with what was found, when time runs out."""
    if reading.missing:
        return Outcome()
    if reading.asked.actions:
        outcome = Outcome()
        tell_actions(reading, sources, outcome)
        seen = Outcome() if outcome.claims else tell_switches(reading, sources)
        return seen if seen.claims else outcome
    match reading.asked.answer_type:
        case "when":
            return tell_when(reading, sources)
        case "changed":
            return tell_changes(reading, sources)
        case "count":
            return count(reading, sources)
        case "summary":
            if not reading.question.terms:
                return summarize(reading, sources)
            return find_lines(reading, sources)
        case "find" if reading.asked.measure:
            return list_windows(reading, sources)
        case "find":
            return _lines_or_values(reading, sources)
        case _:
            return _values_or_rows(reading, sources)


def _lines_or_values(reading: Reading, sources: Sources) -> Outcome:
    """Lines with the words, else values near them, lines with part of a word, windows by name."""
    lines = (find_lines, find_wrapped)
    if reading.literal:
        return _first_with_claims(lines, reading, sources)
    return _first_with_claims((*lines, _values, find_parts, tell_windows), reading, sources)


def _values_or_rows(reading: Reading, sources: Sources) -> Outcome:
    """Cards of a lane; rows that are so, or are not; values; rows that may be counted."""
    lane = (list_lane,) if asks_for_a_lane(reading.question) else ()
    listed = (*lane, list_rows) if asks_for_a_list(reading.question) else lane
    counted = (count_rows,) if asks_for_rows(reading.question) else ()
    return _first_with_claims((*listed, _values, *counted), reading, sources)


def _first_with_claims(
    ways: Sequence[Callable[[Reading, Sources], Outcome]], reading: Reading, sources: Sources
) -> Outcome:
    """What the first way of answering gives that gives anything; what fell on the way counts."""
    dropped = 0
    for way in ways:
        outcome = way(reading, sources)
        # One line that fell was found in several ways.
        outcome.dropped = max(outcome.dropped, dropped)
        if outcome.claims:
            break
        dropped = outcome.dropped
    return outcome


def _values(reading: Reading, sources: Sources) -> Outcome:
    """Values and lines found by the layout of the pages."""
    question = reading.question
    result = search(
        sources.evidence,
        sources.derived,
        question,
        reading.scope,
        sources.search,
        sources.deadline,
    )
    outcome = Outcome(cut=result.cut)
    wanted = sources.claims_max if question.kind is Kind.FIND else 1
    for group in distinct(result.found):
        if len(outcome.claims) >= wanted:
            break
        if outcome.claims and group[0].score < result.found[0].score * _FIND_SHARE // 1000:
            break
        _add_group(group, outcome, sources)
    return outcome


def _add_group(group: list[Found], outcome: Outcome, sources: Sources) -> None:
    """One claim for equal answers on several frames, with the citations that stand."""
    sound = Outcome()
    for item in group:
        claim = sources.citer.claim_of(item.candidate, item.key, item.page, item.event)
        sound.add(claim, sources)
    outcome.dropped += sound.dropped
    if sound.claims:
        citations = dict.fromkeys(c for claim in sound.claims for c in claim.citations)
        outcome.claims.append(
            Claim(text=sound.claims[0].text, citations=tuple(citations)[:CITATIONS_MAX])
        )


def _compose(
    request: Request, reading: Reading, outcome: Outcome, coverage: Coverage, sources: Sources
) -> Answer:
    claims, scope = outcome.claims, reading.scope
    complete = coverage.processed >= coverage.events and not outcome.dropped and not outcome.cut
    notes = [*reading.notes, *outcome.notes]
    if outcome.dropped:
        notes.insert(0, dropped_note(outcome.dropped))
    if outcome.cut:
        notes.append(
            f"the time limit of {sources.deadline.limit_s:g} s or the limit of rows was reached:"
            " there may be more"
        )
    return Answer(
        question=request.text,
        state="no_evidence" if not claims else "ok" if complete else "partial",
        answer="\n".join(claim.text for claim in claims)
        or _nothing(coverage, reading, outcome, request.zone),
        claims=tuple(claims),
        coverage=coverage,
        provenance=Provenance(
            method=METHOD,
            contracts_lock=sources.citer.locks[0],
            plugins_lock=sources.citer.locks[1],
            extractors=tuple(outcome.extractors()),
            claims_dropped=outcome.dropped,
        ),
        answer_type=reading.asked.answer_type,
        from_us=scope.from_us if scope.is_timed else None,
        to_us=min(scope.to_us, END_US - 1) if scope.is_timed else None,
        tz_name=name_of_zone(request.zone)[:255],
        notes=tuple(notes)[:_NOTES_MAX],
    )


def name_of_zone(zone: dt.tzinfo) -> str:
    """The zone as captures name theirs: UTC has many names, and is told by one."""
    name = getattr(zone, "key", None) or str(zone)
    return "UTC" if name.removeprefix("Etc/") in _NAMES_OF_UTC else name


def dropped_note(dropped: int) -> str:
    """What is said of claims that fell: they are not in the answer, and it is not all there is."""
    were = "claim was" if dropped == 1 else "claims were"
    return f"{dropped} {were} left out: what is stored now does not bear them out"


def _nothing(coverage: Coverage, reading: Reading, outcome: Outcome, zone: dt.tzinfo) -> str:
    window = reading.window
    when = f" in {window.understood}" if window is not None else ""
    if not coverage.events:
        # Captures of other windows or monitors there may be: what was asked for is named.
        scope = reading.scope if window is None else replace(reading.scope, from_us=0, to_us=END_US)
        named = scope.describe(zone)
        there = f"{when} ({'; '.join(named)})" if named else when or " yet"
        return f"No evidence: nothing was captured{there}."
    if outcome.dropped:
        return f"No evidence that stands{when}: {dropped_note(outcome.dropped)}."
    share = 100 * coverage.processed // coverage.events
    return (
        f"No evidence: nothing that was captured{when} answers this "
        f"({coverage.processed} of {coverage.events} captures have been read, {share} %)."
    )


def _timeout(limits: Limits) -> KernelError:
    return KernelError(
        "query-timeout",
        f"the question took longer than {limits.time_limit_s:g} s and nothing was found in it",
        hint="name something rarer (a name, a number), a shorter time, or allow more: --timeout",
    )
