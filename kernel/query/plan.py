"""What a question wants and which readings of it are tried, in order.

Covers: the type of the answer, the time phrases (a window, or words on the screen), places
("in the terminal"), what remains to be looked for. Does not cover: looking. Pure.

A time of which a screen may speak as well ("on 31 October", "at 16:00") is first looked for on
the screen, with the rest of the question; only when that gives nothing, and the question is
about the past, it is taken for the time of looking. "Yesterday" or "two hours ago" is always
the time of looking, and so is any time in a question about what somebody saw.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.answer import AnswerType
from kernel.query.actions import asked_action
from kernel.query.places import WindowName, find_monitor, find_place, names_a_place, tidy
from kernel.query.question import Kind, Question, analyse
from kernel.query.scope import Scope
from kernel.query.times import Window, combined, find_windows
from kernel.query.vocabulary import STOP_WORDS

_I = r"(?:i|we|you)"
_SCREEN = r"(?:on (?:the|my) screen|on screen|visible|shown|displayed|open|up|seen|in view)"
_STATE = re.compile(r"\b(?:open|up)$", re.IGNORECASE)
_WINDOW_NOUN = re.compile(
    r"\b(?:windows?|tabs?|apps?|applications?|programs?|browser|terminal|console|shell|editor|chat"
    r"|mail|mailbox|inbox|calendar|sheet|spreadsheet|document|page|site|website|file|ticket|board"
    r"|dialog|notes?|player|viewer|i|we|you)\b|\.\w{1,5}\b|[\"“„]",
    re.IGNORECASE,
)
"""What is open when it is on the screen; an invoice, a shop or a host is open or up by itself."""
_PROGRAM = re.compile(r"[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*")
_ATTRIBUTION = re.compile(
    r",?\s*\b(?:according to (?:the|my) [\w-]+|as (?:(?:the|my) [\w-]+ )?(?:seen|shown|displayed"
    rf"|stated|listed|said|showed|told|{_I} saw|{_I} read)"
    r"(?: (?:in|on) (?:the|my) [\w-]+)?)"
    rf"(?:,? (?:(?:that|which) )?{_I} (?:saw|read|had open|looked(?: at)?|was reading))?\b"
    rf"|\b(?:(?:that|which) )?(?<!did )(?<!have )(?<!had ){_I} (?:saw|read|had open"
    r"|had on screen|looked(?: at)?|was reading)\b",
    re.IGNORECASE,
)
_SEEING = re.compile(
    rf"\b{_I}\b[\w ]*\b(?:see|saw|seen|read|look|looked|have open|had open|work|working|do|doing)\b"
    r"|\bon (?:the|my) screen\b|\bon screen\b|\bvisible\b|\bshowed?\b|\bshown\b|\bdisplayed\b",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:did|was|were|had|said|showed)\b", re.IGNORECASE)
_PAST_VERB = re.compile(r"\b[a-z]{3,}ed\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b(?:is|are|do|does|should|shall|will|must|can|may|has|have)\b", re.I)
_EDGE = re.compile(r"^[\s,;:.!?-]+|[\s,;:-]+$")

_WHEN = (
    re.compile(
        rf"when (?:did|have|had|was it that) {_I} (?:(?P<edge>first|last)(?: time)? )?"
        r"(?:see|saw|seen|read|view|look at|have|open|get|notice)\s+(?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:when was |what was )?the (?P<edge>first|last) time (?:that )?{_I}"
        r" (?:saw|see|read|looked at|had|opened)\s+(?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:when|at what time) (?:was|were|is) (?P<subject>.+?) (?:(?P<edge>first|last) )?"
        rf"{_SCREEN}(?: (?P<edge2>first|last))?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:when|at what time) did (?P<subject>.+?) (?:(?P<edge>first|last) )?"
        r"(?P<verb>appear|disappear|vanish|show up|come up|pop up|go away|change)"
        r"(?: (?P<edge2>first|last))?",
        re.IGNORECASE,
    ),
)
_LONG = (
    re.compile(
        rf"how long (?:was|were|is|has|have) (?P<subject>.+?) (?:been )?{_SCREEN}", re.IGNORECASE
    ),
    re.compile(
        rf"how long did {_I} (?:see|look at|read|watch|have|stare at) (?P<subject>.+?)"
        rf"(?: {_SCREEN})?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"how long (?:was|were|did|have|had) {_I} (?:been )?(?:in|use|using|spend (?:in|on)"
        r"|work(?:ing)? (?:in|with|on)) (?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(r"how long did (?P<subject>.+?) (?:stay|remain|last|stand)(?: .*)?", re.IGNORECASE),
)
_CHANGED = re.compile(
    r"what(?:'s| is| was| has| have| did| had|)\s*(?P<verb>changed?|appeared?|disappeared?"
    r"|vanished?|new|added|removed|gone|different|differed|differs?|came up|come up|went away"
    r"|go away|popped up)"
    r"\b\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"how (?:many times|often) (?:(?:did|have|had) {_I} (?:see|seen|read|look at|open|have)"
    rf"|was|were)\s+(?P<subject>.+?)(?:\s+{_SCREEN})?",
    re.IGNORECASE,
)
_WINDOWS = re.compile(
    r"how many (?:(?:different|distinct|various|separate) )?"
    r"(?P<noun>windows?|apps?|applications?|programs?)"
    rf"(?: (?:(?:did|have|had) {_I}|were|was|are|is)\b(?! switch).*)?",
    re.IGNORECASE,
)
_LINES = re.compile(
    r"how many (?:lines|rows|messages|entries|places) (?:(?:were|are|was|there)\s+)*"
    r"(?:with|contain(?:ed|ing|s)?|say(?:ing|s)?|said|mention(?:ed|ing|s)?|held|hold|about)"
    r"\s+(?P<subject>.+?)(?:\s+(?:were|was|are|is)(?:\s+.*)?)?",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    rf"how many (?P<subject>.+?) (?:were|are|was) (?:there )?{_SCREEN}(?:.*)?"
    r"|how many (?P<subject2>.+?) did (?:the|my) [\w -]+ (?:show|have|print|display)",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"(?:please )?(?:summari[sz]e|sum up|recap|(?:give me |show me )?(?:a |the )?(?:summary|recap"
    r"|overview)(?: of| for)?|what (?:was|were) "
    rf"{_I} (?:doing|working(?: on)?|reading|looking(?: at)?|up to)|what did {_I} "
    r"(?:do|see|read|work on|look at)|what happened"
    r"|what was (?:going on|happening|on (?:the|my) screen))"
    r"\b(?P<rest>.*)",
    re.IGNORECASE,
)
_GONE = frozenset(
    {"disappear", "disappeared", "vanish", "vanished", "removed", "gone", "go away", "went away"}
)
_NEW = frozenset(
    {"appear", "appeared", "new", "added", "came up", "come up", "show up", "pop up", "popped up"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What sort of answer is wanted, and about what.

    ``edge``: "first", "last" or empty; ``side``: "appeared", "vanished" or empty; ``measure``:
    "times", "lines", "things" (rows of a table, else lines that begin alike), "windows",
    "programs", "acts" or "length".
    """

    answer_type: AnswerType
    subject: str = ""
    edge: str = ""
    side: str = ""
    measure: str = ""
    actions: tuple[str, ...] = ()
    """Kinds of action of which one is asked for: what somebody did, not what stood there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take the question: what to look for, and where.

    ``notes`` say how time and place were understood; ``literal``: a time is taken for words that
    the screen shows.
    """

    asked: Asked
    question: Question
    scope: Scope
    window: Window | None = None
    notes: tuple[str, ...] = ()
    literal: bool = False
    missing: bool = False
    """Whether it asks about a place that no capture names: nothing answers it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The readings of a question, to be tried in order until one answers.

    ``names_a_place``: other names of windows might have given another plan.
    """

    text: str
    readings: tuple[Reading, ...]
    names_a_place: bool = False


def make_plan(
    text: str,
    scope: Scope,
    *,
    now_us: int,
    zone: dt.tzinfo,
    places: Sequence[WindowName] = (),
) -> Plan:
    """The plan for a question inside a scope.

    ``places`` are the applications and window titles that were captured: only what names one
    of them ("in the terminal") is taken for a place.
    """
    bare, scope, notes = _on_monitor(text, scope)
    plan = _plan_within(bare, scope, now_us=now_us, zone=zone, places=places)
    readings = tuple(replace(r, notes=(*notes, *r.notes)) for r in plan.readings)
    return Plan(text, readings, names_a_place(_outside_quotes(bare)))


def _on_monitor(text: str, scope: Scope) -> tuple[str, Scope, tuple[str, ...]]:
    """The text without the monitor that it names, the scope with it, and what is said of that."""
    found = find_monitor(text) if '"' not in text else None
    if found is None:
        return text, scope, ()
    if scope.monitor is not None and scope.monitor != found.monitor:
        note = f"{found.note}; --monitor {scope.monitor} counts"
        return found.left, scope, (note,)
    return found.left, replace(scope, monitor=found.monitor), (found.note,)


def _plan_within(
    text: str,
    scope: Scope,
    *,
    now_us: int,
    zone: dt.tzinfo,
    places: Sequence[WindowName],
) -> Plan:
    windows = find_windows(_outside_quotes(text), now_us, zone)
    window = combined(windows)
    seeing = bool(_SEEING.search(text) or _ATTRIBUTION.search(text))
    whole = _cut(text, windows)
    bare = _without_attribution(whole)
    asked = _asked(bare)
    if asked.answer_type == "value" and _asked(whole).edge:
        # "The last time I saw X" is about the seeing.
        bare, asked = whole, _asked(whole)
    timed = _Timed(text, scope, window, windows, places)
    if window is None:
        return Plan(text, (timed.read(bare if seeing else text, asked, inside=False),))
    inside = timed.read(bare, asked, inside=True)
    if asked.answer_type not in ("value", "find"):
        return Plan(text, (inside,))
    kind = inside.question.kind
    past = _is_past(text) or kind is Kind.FIND
    if window.sure or (seeing and _is_near(window)) or (_is_near(window) and past) or seeing:
        return Plan(text, (inside,))
    literal = timed.literally(asked)
    return Plan(text, (literal, inside) if past else (literal,))


class _Timed:
    """Makes the readings of one question."""

    def __init__(
        self,
        text: str,
        scope: Scope,
        window: Window | None,
        windows: list[Window],
        places: Sequence[WindowName],
    ) -> None:
        self._text = text
        self._scope = scope
        self._window = window
        self._windows = windows
        self._places = places

    def read(self, text: str, asked: Asked, *, inside: bool) -> Reading:
        """With the window as a window, and places as places."""
        scope, window = self._scope, self._window if inside else None
        notes: tuple[str, ...] = ()
        if window is not None:
            scope = scope.within(window.from_us, window.to_us)
            notes = (f"“{window.text}”: {window.understood}", *window.notes)
        place = find_place(text, self._places)
        bare = inside or text != self._text
        if place is not None and not (place.parts or place.missing or bare):
            # It may be no more than a word of the question.
            place = None
        left = text if place is None else place.left
        if place is not None:
            scope = replace(scope, places=place.parts)
            notes = (*notes, place.note)
        if asked.answer_type != "value":
            inner = find_place(asked.subject, self._places)
            left = _subject(asked.subject if inner is None else inner.left)
            asked = replace(asked, subject=left)
        question = analyse(left)
        if asked.answer_type == "value" and question.kind is Kind.FIND:
            asked = replace(asked, answer_type="find")
        missing = place is not None and place.missing
        return Reading(asked, question, scope, window, notes, missing=missing)

    def literally(self, asked: Asked) -> Reading:
        """With the time as words that the screen must show."""
        question = analyse(self._text)
        phrases = " ".join(window.text for window in self._windows).casefold()
        terms = tuple(
            replace(term, specific=True) if term.text.casefold() in phrases else term
            for term in question.terms
        )
        question = replace(question, terms=terms)
        if question.kind is Kind.FIND:
            asked = replace(asked, answer_type="find")
        said = ", ".join(window.text for window in self._windows)
        return Reading(
            asked, question, self._scope, None, (f"“{said}”: words on the screen",), literal=True
        )


def _is_past(text: str) -> bool:
    """Whether it asks about what was; "should be reviewed" does not."""
    return bool(_PAST.search(text)) or (bool(_PAST_VERB.search(text)) and not _PRESENT.search(text))


def _is_near(window: Window) -> bool:
    """Whether the phrase is one of looking back: this morning, today, before lunch."""
    said = window.text.casefold()
    return bool(
        re.search(
            r"\b(?:today|this|tonight|lunch|since|until|earlier|weekend|morning|afternoon"
            r"|evening|noon)\b",
            said,
        )
    )


def _asked(text: str) -> Asked:
    """The type of the answer, from the question without its time."""
    bare = _EDGE.sub("", text).rstrip("?!. ")
    action = asked_action(bare)
    if action is not None:
        kind: AnswerType = "count" if action.counted else "changed"
        measure = "acts" if action.counted else ""
        return Asked(kind, _subject(action.subject), measure=measure, actions=action.kinds)
    return _asked_of_screen(bare)


def _asked_of_screen(bare: str) -> Asked:
    """The type of the answer where what stood on the screen gives it."""
    for pattern in _WHEN:
        found = pattern.fullmatch(bare)
        if found and _names_something(found.group("subject")) and _is_of_screen(found):
            groups = found.groupdict()
            edge = (groups.get("edge") or groups.get("edge2") or "").casefold()
            verb = (groups.get("verb") or "").casefold()
            side = "vanished" if verb in _GONE else "appeared" if verb in _NEW else ""
            return Asked("when", _subject(found.group("subject")), edge=edge, side=side)
    for pattern in _LONG:
        found = pattern.fullmatch(bare)
        if found and _names_something(found.group("subject")) and _is_of_screen(found):
            return Asked("when", _subject(found.group("subject")), measure="length")
    found = _CHANGED.fullmatch(bare)
    if found:
        verb = found.group("verb").casefold()
        side = "vanished" if verb in _GONE else "appeared" if verb in _NEW else ""
        return Asked("changed", _subject(found.group("rest")), side=side)
    found = _SUMMARY.fullmatch(bare)
    if found:
        return Asked("summary", _subject(found.group("rest")))
    return _asked_count(bare) or Asked("value")


def _is_of_screen(found: re.Match[str]) -> bool:
    """Whether "open" or "up" is said of a window: a host that is up is not on the screen."""
    if not _STATE.search(found.group()):
        return True
    groups = found.groupdict()
    subject = groups.get("subject") or groups.get("subject2") or ""
    said = found.group().replace(subject, " ", 1)
    if _PROGRAM.fullmatch(subject) and re.search(r"\b(?:was|were)\b.*\bopen$", said):
        # "When was VLC open?"
        return True
    return bool(_WINDOW_NOUN.search(subject) or re.search(rf"\b{_I}\b", said, re.IGNORECASE))


def _asked_count(bare: str) -> Asked | None:
    """The amount that is asked for; None where it stands on the screen, if anywhere."""
    found = _WINDOWS.fullmatch(bare)
    if found:
        noun = found.group("noun").casefold()
        return Asked("count", measure="windows" if noun.startswith("win") else "programs")
    for pattern, measure in ((_TIMES, "times"), (_LINES, "lines"), (_SHOWN, "things")):
        found = pattern.fullmatch(bare)
        if found:
            groups = found.groupdict()
            subject = groups.get("subject") or groups.get("subject2") or ""
            if _names_something(subject) and _is_of_screen(found):
                return Asked("count", _subject(subject), measure=measure)
    return None


def _names_something(subject: str) -> bool:
    words = re.findall(r"[^\s,.?!]+", subject)
    return any(word.casefold() not in STOP_WORDS for word in words)


def _subject(text: str) -> str:
    """What is asked about, without articles and words like "the line"."""
    bare = tidy(re.sub(r"\b(?:on|from|in) (?:the |my )?screen\b", " ", text, flags=re.IGNORECASE))
    return re.sub(
        r"^(?:(?:the|a|an|my|any|that|some)\s+)?(?:(?:line|text|words?|message|phrase)s?\s+"
        r"(?=[\"“”']))?",
        "",
        bare,
        flags=re.IGNORECASE,
    )


def _cut(text: str, windows: list[Window]) -> str:
    """The text without its time phrases."""
    for window in reversed(windows):
        text = text[: window.start] + " " + text[window.end :]
    return tidy(text)


def _without_attribution(text: str) -> str:
    return tidy(_ATTRIBUTION.sub(" ", text))


def _outside_quotes(text: str) -> str:
    """The text with quoted phrases blanked: a quotation holds no time phrase."""
    return re.sub('["“„«]([^"“”„«»]+)["”“»]', lambda m: "\x00" * len(m.group()), text)
