"""Which windows, programs, pages or files were open: a list, the newest first.

Covers: what sort of window a question means ("which browser", "which tabs", "which mail program"),
one claim for each with the times it was in front, cited on frames that show it; at one moment those
that were in front then. Does not cover: windows that were never in front, how many they were
(`kernel.query.windows`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from contracts.answer import Claim
from kernel.query.places import WindowName, is_of_kind
from kernel.query.plan import Reading
from kernel.query.question import analyse
from kernel.query.sightings import Stream, stream_of
from kernel.query.sources import Outcome, Sources
from kernel.query.windows import Shown, citations_of, spans_said, stretches_of_windows
from kernel.query.wording import quoted
from kernel.query.words import spans_in

LISTED_MAX: Final = 20
_FILE: Final = re.compile(r"[\w-]\.[A-Za-z]\w{0,4}\b(?!\.)")
_SPOKEN_KINDS: Final = {
    "web": "browser",
    "internet": "browser",
    "code": "editor",
    "text": "editor",
    "messenger": "chat",
    "messaging": "chat",
    "shell": "terminal",
    "mail": "email",
    "mailer": "email",
}
_SORTS: Final = frozenset("client clients app apps program programs window windows".split())
"""Behind the name of a kind: "mail client"."""


def list_windows(reading: Reading, sources: Sources) -> Outcome:
    """A claim for each window, or program, that is meant; the one last in front comes first."""
    outcome = Outcome()
    is_meant = _meant(reading)
    stretches = [s for s in stretches_of_windows(reading, sources) if is_meant(s.name)]
    if reading.scope.near is not None:
        stretches = _then_in_front(stretches, reading.scope.near)
    programs = reading.asked.measure == "open programs"
    groups: dict[str, list[Shown]] = {}
    for shown in stretches:
        app, title = shown.name
        key = (app or title) if programs else (title or app)
        if key:
            groups.setdefault(key, []).append(shown)
    newest = sorted(groups.items(), key=lambda item: (-_last_us(item[1]), item[0]))
    limit = max(sources.claims_max, LISTED_MAX)
    with outcome.until_over():
        for _, own in newest[:limit]:
            sources.deadline.check()
            outcome.add(_claim(own, sources, programs=programs), sources)
    if len(newest) > limit:
        outcome.notes.append(f"{len(newest)} in all; more in a shorter time")
    if stretches and not groups:
        outcome.notes.append("no capture of that time names its window")
    return outcome


def _meant(reading: Reading) -> Callable[[WindowName], bool]:
    """Whether a window is of the sort that is asked about."""
    measure = reading.asked.measure
    terms = [t for t in analyse(reading.asked.subject).terms if t.text.casefold() not in _SORTS]

    def is_meant(name: WindowName) -> bool:
        app, title = name
        if measure == "open pages" and not _is_meant_kind("browser", name):
            return False
        if measure == "open files" and not _FILE.search(title or ""):
            return False
        return all(
            _is_meant_kind(term.text, name)
            or any(spans_in(term.needle, said) for said in (app, title) if said)
            for term in terms
        )

    return is_meant


def _is_meant_kind(word: str, name: WindowName) -> bool:
    kind = _SPOKEN_KINDS.get(word.casefold(), word.casefold())
    return is_of_kind(kind, name) or is_of_kind(kind.removesuffix("s"), name)


def _then_in_front(stretches: Sequence[Shown], near: tuple[int, int]) -> list[Shown]:
    """Of each monitor the window that was in front at the moment: the last one that came before."""
    then: dict[Stream, Shown] = {}
    for shown in stretches:
        if shown.first.captured_at_us < near[1]:
            then[stream_of(shown.first)] = shown
    return list(then.values())


def _last_us(stretches: Sequence[Shown]) -> int:
    return max(shown.last.captured_at_us for shown in stretches)


def _claim(stretches: Sequence[Shown], sources: Sources, *, programs: bool) -> Claim:
    names = dict.fromkeys(s.name for s in stretches[::-1])
    app, title = next(iter(names))
    said = quoted((app or title or "") if programs else (title or app or ""))
    titles = [quoted(title) for _, title in names if programs and app and title]
    more = f", {len(titles) - 1} more" if len(titles) > 1 else ""
    beside = f" ({titles[0]}{more})" if titles else ""
    return Claim(
        text=f"{said}{beside} was in front {spans_said(stretches, sources)}",
        citations=citations_of(stretches, sources),
        first_us=min(s.first.captured_at_us for s in stretches),
        last_us=_last_us(stretches),
        visible_us=sum(s.length_us for s in stretches),
        amount=len(stretches) if len(stretches) > 1 else None,
    )
