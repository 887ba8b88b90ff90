"""What the person did: typed, deleted, clicked, scrolled, switched, opened or closed.

Covers: which questions ask for that, and the answer from the actions of stored screen deltas, cited
on the frames before and after. Does not cover: inferring actions (the plugin of the stage
"delta" does), words on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from contracts import canonical
from contracts.answer import Citation, Claim
from contracts.base import Box
from contracts.capture import CaptureEvent
from contracts.change import Action, Delta
from kernel.query.candidates import Part
from kernel.query.covering import pages_of
from kernel.query.deadline import OutOfTime
from kernel.query.wording import moment_text, quoted, span_text
from kernel.query.words import spans_in
from kernel.store.folding import squash

if TYPE_CHECKING:
    from kernel.query.plan import Reading
    from kernel.query.sources import Outcome, Sources

DELTA_STAGE: Final = "delta"
NO_DELTAS: Final = (
    "what you did is read from screen deltas, and none are stored for that time"
    " (docs/screen-state.md)"
)
UNSEEN_SCROLLS: Final = (
    "a scroll that left nothing of what was there, or ended where the text ended before, cannot be"
    " told: it may have been farther"
)
_CLAIMS_SHARE, _CLAIMS_MAX = 6, 60
_COUNTED_MAX, _LISTED_MAX = 60, 8
_PAUSE_US: Final = 15_000_000
"""Typing that goes on in one place after a shorter pause is one act."""
_I = r"(?:i|we|you)"
_VERBS: Final = {
    "type": ("typed",),
    "delete": ("deleted",),
    "erase": ("deleted",),
    "click": ("clicked",),
    "press": ("clicked",),
    "scroll": ("scrolled",),
    "switch": ("switched_window",),
    "open": ("opened",),
    "close": ("closed",),
}
_SAID: Final = {
    "typed": "typed",
    "deleted": "deleted",
    "clicked": "clicked",
    "scrolled": "scrolled",
    "switched_window": "switched to",
    "opened": "opened",
    "closed": "closed",
}
_FORMS = (
    r"type|typed|typing|delete|deleted|deleting|erase|erased|click|clicked|clicking"
    r"|press|pressed|scroll|scrolled|scrolling|switch|switched|switching"
)
_ASKED = re.compile(
    rf"(?:.*\b)?(?:did|have|had|was|were|am|are) {_I} (?:\w+ly |just |last |first )?"
    rf"(?P<verb>{_FORMS})\b(?P<rest>.*)",
    re.IGNORECASE,
)
_WINDOWS = re.compile(
    rf"(?:which|what) (?:windows?|apps?|applications?|programs?)"
    rf" (?:did|have|had) {_I} (?P<verb>open|opened|close|closed)\b(?P<rest>.*)",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\W*how (?:often|many)\b", re.IGNORECASE)
_REST = re.compile(
    r"^\W*(?:(?:to|on|into|at|in|from|up|down|through|windows?|between)\b\W*)+", re.I
)
"""What follows the verb and names nothing."""


@dataclass(frozen=True, slots=True)
class AskedAction:
    """The kinds of action that a question asks for, and the words it says about them."""

    kinds: tuple[str, ...]
    subject: str
    counted: bool = False
    """Whether it asks how often, and not what."""


@dataclass(frozen=True, slots=True)
class _Act:
    """An action with the delta that holds it, and the frame after."""

    action: Action
    delta: Delta
    event: CaptureEvent


def asked_action(text: str) -> AskedAction | None:
    """The actions that the question asks for; None when it asks for something else."""
    found = _ASKED.fullmatch(text) or _WINDOWS.fullmatch(text)
    if found is None:
        return None
    verb = found.group("verb").casefold()
    stem = next(stem for stem in _VERBS if verb[:4] == stem[:4])
    rest = _REST.sub("", found.group("rest")).strip()
    return AskedAction(_VERBS[stem], rest, counted=bool(_COUNTED.match(text)))


def tell_actions(reading: Reading, sources: Sources, outcome: Outcome) -> None:
    """Add the actions of the scope's stored deltas, the newest ones, in order of time."""
    kinds = reading.asked.actions
    deltas = 0
    acts: list[_Act] = []
    try:
        for event, delta in _deltas(reading, sources):
            deltas += 1
            acts += [_Act(a, delta, event) for a in delta.actions if a.action in kinds]
    except OutOfTime:
        outcome.cut = True
    if not deltas:
        outcome.notes.append(NO_DELTAS)
        return
    wanted = [run for run in _runs(acts) if _is_meant(run, reading)]
    if reading.asked.measure == "acts" and wanted:
        claim = _count(wanted, sources)
        if claim is not None:
            outcome.add(claim, sources)
        return
    limit = min(sources.claims_max * _CLAIMS_SHARE, _CLAIMS_MAX)
    for run in wanted[-limit:]:
        claim = _claim(run, sources)
        if claim is not None:
            outcome.add(claim, sources)
    outcome.notes += _limits_of(kinds, outcome)
    if len(wanted) > limit:
        outcome.notes.append(f"{len(wanted)} actions in all; more with --limit")
    if not wanted:
        outcome.notes.append(f"none of the {deltas} screen deltas of that time shows it")


def _limits_of(kinds: Sequence[str], outcome: Outcome) -> list[str]:
    """What deltas cannot tell of the deeds that were told."""
    return [UNSEEN_SCROLLS] if outcome.claims and "scrolled" in kinds else []


def _deltas(reading: Reading, sources: Sources) -> Iterator[tuple[CaptureEvent, Delta]]:
    for page in pages_of(sources.evidence, reading.scope):
        for event in page:
            sources.deadline.check()
            record = None
            if reading.scope.admits(event):
                record = sources.derived.record_of(DELTA_STAGE, event.event_id)
            if record is None:
                continue
            try:
                yield event, canonical.decode(record, Delta)
            except msgspec.MsgspecError:
                # A damaged record tells nothing; `kernel verify` finds it.
                continue


def _runs(acts: Sequence[_Act]) -> list[list[_Act]]:
    """Acts of one kind in one place without a pause between are told as one."""
    runs: list[list[_Act]] = []
    for act in acts:
        last = runs[-1][-1] if runs else None
        if last is not None and _goes_on(last.action, act.action):
            runs[-1].append(act)
        else:
            runs.append([act])
    return runs


def _goes_on(last: Action, act: Action) -> bool:
    together = last.action == act.action and act.action in ("typed", "deleted", "scrolled")
    place = (last.monitor, last.element_id) == (act.monitor, act.element_id)
    return together and place and act.from_us - last.to_us <= _PAUSE_US


def _text_of(run: Sequence[_Act]) -> str:
    texts = [act.action.text or "" for act in run]
    return "".join(texts[::-1] if run[0].action.action == "deleted" else texts).strip()


def _is_meant(run: Sequence[_Act], reading: Reading) -> bool:
    text = " ".join(
        part for part in (_text_of(run), run[-1].event.app, run[-1].event.window_title) if part
    )
    return all(spans_in(term.needle, text) for term in reading.question.terms)


def _claim(run: Sequence[_Act], sources: Sources) -> Claim | None:
    first, last = run[0], run[-1]
    before = sources.evidence.find_event(first.delta.before_event or "")
    # A frame may have no text at all; one of the two must be there to be cited.
    cited = [
        citation
        for event, act, late in ((last.event, last, True), (before, first, False))
        if event is not None and (citation := _cite(event, act, sources, late=late)) is not None
    ]
    if not cited:
        return None
    return Claim(
        text=_told(run, sources),
        citations=tuple(dict.fromkeys(cited)),
        first_us=first.action.from_us,
        last_us=last.action.to_us,
    )


def _count(runs: Sequence[Sequence[_Act]], sources: Sources) -> Claim | None:
    """How many acts there were, each cited on the frame after it; at least so many, else."""
    cited: list[Citation] = []
    counted = []
    for run in runs[:_COUNTED_MAX]:
        sources.deadline.check()
        citation = _cite(run[-1].event, run[-1], sources, late=True)
        if citation is not None:
            cited.append(citation)
            counted.append(run)
    if not counted:
        return None
    amount = len(counted)
    more = "at least " if amount < len(runs) else ""
    times = "once" if amount == 1 else f"{amount} times"
    said = "; ".join(_told(run, sources) for run in counted[:_LISTED_MAX])
    ending = "; \u2026" if amount > _LISTED_MAX else ""
    return Claim(
        text=f"{more}{times}: {said}{ending}",
        citations=tuple(dict.fromkeys(cited)),
        first_us=counted[0][0].action.from_us,
        last_us=counted[-1][-1].action.to_us,
        amount=amount,
    )


def _told(run: Sequence[_Act], sources: Sources) -> str:
    action, event = run[0].action, run[-1].event
    at_us, end_us = action.from_us, run[-1].action.to_us
    when = (
        span_text(at_us, end_us, sources.zone)
        if len(run) > 1
        else moment_text(end_us, sources.zone)
    )
    text = _text_of(run)
    what = f"{_SAID[action.action]} {quoted(text)}" if text else _SAID[action.action]
    if action.action == "scrolled":
        what = _scrolled_text([act.action.shift_y_px or 0 for act in run])
    named = event.app or event.window_title
    where = f" — {named}" if named else ""
    sure = min(act.action.confidence_permille for act in run) // 10
    seen = "" if action.standing == "observed" else f" (inferred from the screen, {sure} %)"
    return f"{when} {what}{where}{seen}"


def _scrolled_text(shifts: Sequence[int]) -> str:
    """How far, either way; at least, where it is a sum: not every scroll can be seen."""
    least = "at least " if len(shifts) > 1 else ""
    ways = (("down", -sum(s for s in shifts if s < 0)), ("up", sum(s for s in shifts if s > 0)))
    said = [f"{way} by {least}{moved} pixels" for way, moved in ways if moved]
    return f"scrolled {' and '.join(said)}".strip()


def _cite(event: CaptureEvent, act: _Act, sources: Sources, *, late: bool) -> Citation | None:
    """The line of a frame that shows the act best; None for a frame without text."""
    stored = sources.derived.page_of(event.blob)
    if stored is None or not stored[1].lines:
        return None
    key, page = stored
    wanted = squash(act.action.text or "")
    boxes = _boxes_of(act, late=late)

    def telling(at: int) -> tuple[bool, bool, int]:
        line = page.lines[at]
        holds = bool(wanted) and wanted in squash(line.text)
        return (holds, any(_meet(line.box, box) for box in boxes), -at)

    at = max(
        (i for i, line in enumerate(page.lines) if line.text.strip()), key=telling, default=None
    )
    if at is None:
        return None
    line = page.lines[at].text
    start = len(line) - len(line.lstrip())
    return sources.citer.cite(Part(at, start, len(line.rstrip())), key, page, event)


def _boxes_of(act: _Act, *, late: bool) -> list[Box]:
    """Where the elements that show the act stood."""
    shown = {*act.action.elements, *((act.action.element_id,) if act.action.element_id else ())}
    changes = [change for change in act.delta.changes if change.element_id in shown]
    boxes = [change.after_box if late else change.before_box for change in changes]
    return [box for box in boxes if box is not None]


def _meet(first: Box, second: Box) -> bool:
    across = min(first[2], second[2]) - max(first[0], second[0])
    return across > 0 and min(first[3], second[3]) - max(first[1], second[1]) > 0
