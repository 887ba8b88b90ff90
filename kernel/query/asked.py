"""What sort of answer a question wants, and about what.

Covers: the ways of asking when, for how long, what changed, how many, for a summary, for what was
done; everything else is a value. Does not cover: times and places in the question
(`kernel.query.plan`), looking. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.answer import AnswerType
from kernel.query.actions import asked_action
from kernel.query.places import tidy
from kernel.query.vocabulary import STOP_WORDS

PERSON = r"(?:i|we|you)"
"""The person who asks, and who looked."""
_SCREEN = (
    r"(?:on (?:the|my) screen|on screen|visible|shown|displayed|open|up|seen|in view"
    r"|(?P<front>in (?:the )?(?:front|foreground)))"
)
_STATE = re.compile(r"\b(?:open|up)$", re.IGNORECASE)
_WINDOW_NOUN = re.compile(
    r"\b(?:windows?|tabs?|apps?|applications?|programs?|browser|terminal|console|shell|editor|chat"
    r"|mail|mailbox|inbox|calendar|sheet|spreadsheet|document|page|site|website|file|ticket|board"
    r"|dialog|notes?|player|viewer|i|we|you)\b|\.\w{1,5}\b|[\"“„]",
    re.IGNORECASE,
)
"""What is open when it is on the screen; an invoice, a shop or a host is open or up by itself."""
_PROGRAM = re.compile(r"[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)*")
_EDGE = re.compile(r"^[\s,;:.!?-]+|[\s,;:-]+$")

_WHEN = (
    re.compile(
        rf"when (?:did|have|had|was it that) {PERSON} (?:(?P<edge>first|last)(?: time)? )?"
        r"(?:see|saw|seen|read|view|look at|have|open|get|notice)\s+(?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?:when was |what was )?the (?P<edge>first|last) time (?:that )?{PERSON}"
        r" (?:saw|see|read|looked at|had|opened)\s+(?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:when|at what time) (?:was|were|is) (?P<subject>.+?) (?:(?P<edge>first|last) )?"
        rf"{_SCREEN}(?: (?P<edge2>first|last))?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?P<reach>since|until|till|up to) when (?:was|were|is|are|has|have|had)"
        rf" (?P<subject>.+?) (?:been )?{_SCREEN}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?P<reach>since|until|till|up to) when (?:did|have|had) {PERSON}"
        r" (?:see|seen|have|had|look at|looked at|read) (?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:when|at what time) (?:did|had|has) (?P<subject>.+?) (?P<verb>become|became|turn(?:ed)?"
        r"(?: to| into)?|go|gone|switch(?:ed)? to|change(?:d)? to|get) (?P<state>[\w -]+?)"
        r" on (?:the |my )?screen",
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
        rf"how long did {PERSON} (?:see|look at|read|watch|have|stare at) (?P<subject>.+?)"
        rf"(?: {_SCREEN})?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"how long (?:was|were|did|have|had) {PERSON} (?:been )?(?:in|use|using|spend (?:in|on)"
        r"|work(?:ing)? (?:in|with|on)) (?P<subject>.+)",
        re.IGNORECASE,
    ),
    re.compile(r"how long did (?P<subject>.+?) (?:stay|remain|stand)(?: .*)?", re.IGNORECASE),
)
_CHANGED = re.compile(
    r"what(?:'s| is| was| has| have| did| had|)\s*(?P<verb>changed?|appeared?|disappeared?"
    r"|vanished?|new|added|removed|gone|different|differed|differs?|came up|come up|went away"
    r"|go away|popped up)"
    r"\b\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"how (?:many times|often) (?:(?:did|have|had) {PERSON} (?:see|seen|read|look at|open|have)"
    rf"|was|were)\s+(?P<subject>.+?)(?:\s+{_SCREEN})?",
    re.IGNORECASE,
)
_WINDOWS = re.compile(
    r"how many (?:(?:different|distinct|various|separate) )?"
    r"(?P<noun>windows?|apps?|applications?|programs?)"
    rf"(?: (?:(?:did|have|had) {PERSON}|were|was|are|is)\b(?! switch).*)?",
    re.IGNORECASE,
)
_NOUNS = (
    r"(?P<noun>windows?|apps?|applications?|programs?|tools?|tabs?|pages?|sites?|websites?"
    r"|web pages?|files?|documents?|browsers?|editors?|terminals?|(?:[a-z]+ )?clients?"
    r"|messengers?)"
)
_OPEN = r"(?:open(?:ed)?|up|running|in use|in front|on (?:the|my) screen|on screen|visible|shown)"
_OPENED = (
    re.compile(
        rf"(?:which|what) (?P<kind>(?:[\w.-]+ ){{0,3}}?){_NOUNS} (?:"
        rf"(?:did|have|had) {PERSON} (?:have |had |keep |kept |got )?{_OPEN}"
        rf"|(?:did|have|had) {PERSON} (?:use|used|visit|visited|look(?:ed)? at|have|had|see|seen"
        r"|work(?:ed)? (?:in|with)|edit|edited)"
        rf"|(?:was|were) {PERSON} (?:using|in|looking at|working (?:in|with)|editing|visiting)"
        rf"|(?:was|were|is|are) (?:there )?(?:{_OPEN}|used))",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:list|show(?: me)?|name)(?: all| me)?(?: of)? the (?P<kind>(?:[\w.-]+ ){0,3}?)"
        rf"{_NOUNS}"
        rf" (?:(?:that )?{PERSON} (?:had|have|kept) open|(?:that )?{PERSON} used"
        rf"|(?:that (?:was|were) )?{_OPEN})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"what(?P<kind>)(?P<noun>) (?:(?:did|had) {PERSON} (?:have |had )?open"
        r"|was (?:in front|open))",
        re.IGNORECASE,
    ),
)
_OPEN_MEASURES = {
    "open programs": frozenset("app application program tool client messenger".split()),
    "open pages": frozenset({"tab", "page", "site", "website", "web page"}),
    "open files": frozenset({"file", "document"}),
}
"""What is listed for a noun; windows for any other."""
_KINDS_OF_PROGRAM = frozenset({"browser", "editor", "terminal", "messenger"})
_UNTELLING = frozenset("of the my all other different various kind sort open".split())
_LINES = re.compile(
    r"how many (?:lines|rows|messages|entries|places) (?:(?:were|are|was|there)\s+)*"
    r"(?:with|contain(?:ed|ing|s)?|say(?:ing|s)?|said|mention(?:ed|ing|s)?|held|hold|about)"
    r"\s+(?P<subject>.+?)(?:\s+(?:were|was|are|is)(?:\s+.*)?)?",
    re.IGNORECASE,
)
_LEVELS = re.compile(
    r"(?i:how many (?:(?:different|distinct) )?)(?:"
    r"(?P<subject>[A-Z]{3,}|(?i:errors?|warn(?:ing)?s?|fatal|info|debug|trace|critical|panic"
    r"|exception))(?i: log)? (?i:lines?|messages?|entries)(?i: (?:were|was|did|had|in)\b.*)?"
    r"|(?P<subject2>(?i:errors?|warnings?|exceptions?|failures?))(?i: (?:were|was|did|had)\b.*"
    r" (?:in|on) (?:the|my) (?:[\w-]+ )?(?:terminal|console|shell|logs?|log file|output)\b.*)"
    r")"
)
"""Lines of a log by their level; a screen seldom tells how many there are."""
_SHOWN = re.compile(
    rf"how many (?P<subject>.+?) (?:were|are|was) (?:there )?{_SCREEN}(?:.*)?"
    r"|how many (?P<subject2>.+?) did (?:the|my) [^\W\d]+(?: [^\W\d]+)*"
    r" (?:show|have|print|display)",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"(?:please )?(?:summari[sz]e|sum up|recap|(?:give me |show me )?(?:a |the )?(?:summary|recap"
    r"|overview)(?: of| for)?|what (?:was|were) "
    rf"{PERSON} (?:doing|working(?: on)?|reading|looking(?: at)?|up to)|what did {PERSON} "
    r"(?:do|see|read|work on|look at)|what happened"
    r"|what was (?:going on|happening)|what (?:was|were|stood) on (?:(?:the|my) )?screen)"
    r"\b(?P<rest>.*)",
    re.IGNORECASE,
)
_SHOWING = re.compile(
    r"what (?:was|were|has been|had been) (?:there|shown|displayed|visible|(?:to be )?seen|in view)"
    rf"(?: on (?:(?:the|my) )?screen)?|what could {PERSON} see(?: on (?:(?:the|my) )?screen)?",
    re.IGNORECASE,
)
"""All that was to be seen."""
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
    "programs", "acts", "length" or "state" (what something became); of a list "open windows",
    "open programs", "open pages" or "open files".
    """

    answer_type: AnswerType
    subject: str = ""
    edge: str = ""
    side: str = ""
    measure: str = ""
    actions: tuple[str, ...] = ()
    """Kinds of action of which one is asked for: what somebody did, not what stood there."""


def asked_of(text: str) -> Asked:
    """The type of the answer, from the question without its time."""
    bare = _EDGE.sub("", text).rstrip("?!. ")
    action = asked_action(bare)
    if action is not None:
        kind: AnswerType = "count" if action.counted else "changed"
        measure = "acts" if action.counted else ""
        return Asked(kind, subject_of(action.subject), measure=measure, actions=action.kinds)
    return _asked_of_screen(bare)


def _asked_of_screen(bare: str) -> Asked:
    """The type of the answer where what stood on the screen gives it."""
    for pattern in _WHEN:
        found = pattern.fullmatch(bare)
        if found and _names_something(found.group("subject")) and _is_of_screen(found):
            return _asked_when(found)
    for pattern in _LONG:
        found = pattern.fullmatch(bare)
        if found and _names_something(found.group("subject")) and _is_of_screen(found):
            return Asked("when", subject_of(_as_window(found)), measure="length")
    found = _CHANGED.fullmatch(bare)
    if found:
        verb = found.group("verb").casefold()
        side = "vanished" if verb in _GONE else "appeared" if verb in _NEW else ""
        return Asked("changed", subject_of(found.group("rest")), side=side)
    listed = _asked_list(bare)
    if listed is not None:
        return listed
    found = _SUMMARY.fullmatch(bare)
    if found:
        return Asked("summary", subject_of(found.group("rest")))
    if _SHOWING.fullmatch(bare):
        return Asked("summary")
    return _asked_count(bare) or Asked("value")


def _asked_when(found: re.Match[str]) -> Asked:
    """What is looked for, and which end of its time on the screen is meant."""
    groups = found.groupdict()
    edge = (groups.get("edge") or groups.get("edge2") or "").casefold()
    verb = (groups.get("verb") or "").casefold()
    side = "vanished" if verb in _GONE else "appeared" if verb in _NEW else ""
    subject = _as_window(found)
    if groups.get("reach"):
        edge = "first" if groups["reach"].casefold() == "since" else "last"
    if groups.get("state"):
        # When it became so is when it was first seen to be so.
        said = subject_of(f"{subject} {groups['state']}")
        return Asked("when", said, edge="first", measure="state")
    return Asked("when", subject_of(subject), edge=edge, side=side)


def _as_window(found: re.Match[str]) -> str:
    """What is asked about; what is in front is a window."""
    groups = found.groupdict()
    return f"{groups['subject']} window" if groups.get("front") else str(groups["subject"])


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
    return bool(_WINDOW_NOUN.search(subject) or re.search(rf"\b{PERSON}\b", said, re.IGNORECASE))


def _asked_list(bare: str) -> Asked | None:
    """The sort of windows of which a list is asked for; None where it is something else."""
    for pattern in _OPENED:
        found = pattern.fullmatch(bare)
        if found is None:
            continue
        noun = found.group("noun").casefold().removesuffix("s")
        kind = " ".join(w for w in found.group("kind").split() if w.casefold() not in _UNTELLING)
        last = noun.split()[-1] if noun else ""
        measure = next((m for m, nouns in _OPEN_MEASURES.items() if {noun, last} & nouns), "")
        if noun in _KINDS_OF_PROGRAM or noun.endswith(" client"):
            kind = f"{kind} {noun.removesuffix(' client')}".strip()
            measure = "open programs"
        return Asked("find", kind, measure=measure or "open windows")
    return None


def _asked_count(bare: str) -> Asked | None:
    """The amount that is asked for; None where it stands on the screen, if anywhere."""
    found = _WINDOWS.fullmatch(bare)
    if found:
        noun = found.group("noun").casefold()
        return Asked("count", measure="windows" if noun.startswith("win") else "programs")
    for pattern, measure in (
        (_TIMES, "times"),
        (_LINES, "lines"),
        (_LEVELS, "lines"),
        (_SHOWN, "things"),
    ):
        found = pattern.fullmatch(bare)
        if found:
            groups = found.groupdict()
            subject = groups.get("subject") or groups.get("subject2") or ""
            if _names_something(subject) and _is_of_screen(found):
                return Asked("count", subject_of(subject), measure=measure)
    return None


def _names_something(subject: str) -> bool:
    words = re.findall(r"[^\s,.?!]+", subject)
    return any(word.casefold() not in STOP_WORDS for word in words)


def subject_of(text: str) -> str:
    """What is asked about, without articles and words like "the line"."""
    bare = tidy(re.sub(r"\b(?:on|from|in) (?:the |my )?screen\b", " ", text, flags=re.IGNORECASE))
    return re.sub(
        r"^(?:(?:the|a|an|my|any|that|some)\s+)?(?:(?:line|text|words?|message|phrase)s?\s+"
        r"(?=[\"“”']))?",
        "",
        bare,
        flags=re.IGNORECASE,
    )
