"""What an answer looks like: times, names, numbers, identifiers.

Covers: telling from the text alone whether it can be the kind of thing that was asked for.
Does not cover: whether it is the right one. Pure.
"""

from __future__ import annotations

import re

from kernel.query.question import Kind
from kernel.query.words import stem_of

_MONTHS = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june"
    r"|july|august|september|october|november|december)"
)
_DAYS = (
    r"(?:mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|yesterday|today|tomorrow|tonight|noon|midnight)"
)
_TIME = re.compile(
    rf"\d{{1,2}}:\d{{2}}|\b\d{{4}}-\d{{2}}-\d{{2}}|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}}"
    r"|\b\d{2}\.\d{2}\.\d{2}\b|\b\d{1,2}/\d{1,2}/\d{2}\b"
    rf"|\b\d{{1,2}}\.?\s+{_MONTHS}\b|\b{_MONTHS}\.?\s+\d{{1,4}}|\b{_DAYS}\b|\b\d{{1,2}}\s?[ap]\.?m\b"
    r"|(?<!\d\.)\b\d+\s*(?:days?|hours?|minutes?|weeks?|months?|years?|[dhms])\b|\ball day\b"
    r"|\b(?:19|20)\d\d\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<!\w)(?<!\w-)[€$£¥+-]?\d[\d.,:/]*\s?(?:%|[^\W\d]{0,3}\b)")
_NAME = re.compile(
    r"(?<![\w.])(?:[A-Z][^\W\d_]*(?:['\u2019-][A-Z]?[^\W\d_]+)*\.?)"
    r"(?:\s+(?:van|von|de|der|den|da|di|la|le|al|bin)\b)*"
    r"(?:\s+[A-Z][^\W\d_]*(?:['\u2019-][A-Z]?[^\W\d_]+)*){1,2}(?![A-Z]|-?\d|\s*\d(?!\d?:))"
)
_HANDLE = re.compile(r"(?:^|\s)@[\w.-]+|[\w.+-]+@[\w-]+\.[\w.]+")
_ID = re.compile(r"\b(?=[\w/#.:-]*\d)[A-Z]{1,8}[\w/#.:-]*\d[\w/#.:-]*|#\d+|\b\d{3,}\b")

_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2}(?:T|\b)|\b\d{1,2}:\d{2}(?::\d{2}[.\dZ]*)?\b")
_UNIT = (
    r"(?:ns|us|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?"
    r"|yrs?)"
)
_DURATION = re.compile(
    rf"\d\s*{_UNIT}(?=\d+\s?{_UNIT}\b|\b|_)|\d:\d\d\s*/|\b(?:daily|hourly|weekly|monthly|yearly|always|never)\b",
    re.IGNORECASE,
)
_OF_DAY = re.compile(r"\d{1,2}:\d{2}|\b\d{1,2}\s?[ap]\.?m\b|\bnoon\b|\bmidnight\b", re.IGNORECASE)
_OCCASION = re.compile(r"\b(?:when|once|until|as soon as)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"(?:^|[:.!?>]\s)\W*(?:(?:what|who|whom|whose|when|where|why|how)(?:'s|\s+(?:is|are|was|were|do|does"
    r"|did|can|could|should|would|will|has|have|had))|can|could|would|will|does|do|did|is|are|has"
    r"|have|should|may|might)\s+(?:the|an?|i|you|we|he|she|it|they|some(?:body|one)|any(?:body|one)"
    r"|this|that|there|my|our|your)\b[^.!]*$",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\W*(?:there|it|this|that)(?:['\u2019]s|\s+(?:is|are|was|were))\b", re.IGNORECASE
)
_PLACEHOLDER = (
    r"(?:tb[acd]|n/a|to (?:follow|come"
    r"|be (?:announced|confirmed|decided|determined|defined|assigned))"
    r"|not (?:yet|set|available|assigned|specified|known|applicable|provided|decided)\b[\w ]*"
    r"|none yet|unknown|unassigned|unspecified|pending|coming soon)"
)
_NO_VALUE = re.compile(rf"(?:\W*(?:is |are )?{_PLACEHOLDER}\W*|[\W_]+)", re.IGNORECASE)
_OPEN = re.compile(
    rf"^[\s:]*{_PLACEHOLDER}\b|^[^.,;!?]*\b(?:is|are|was|still|yet)\s+{_PLACEHOLDER}\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\W*\d[\d.,]*\s+[a-z]{2,}s\b")
_SPAN_NAMED = re.compile(r"\b(?:second|minute|hour|day|night|week|month|quarter|year)s?\b")
_PROMPT = re.compile(r"^\S*@\S+[:~ ]\S*\s?[$#%>] |^PS [A-Z]:|^[$>] ")
_REASON = re.compile(
    r"\b(?:because|due to|since(?! \d)|so that|caused?|reason|after|failed|fails|error|code|cannot"
    r"|could not|out of|not found|no such|invalid|exceeded|expired|killed|lost|broken|full"
    r"|refused|denied|timeout|timed out|unreachable|unavailable|mismatch|missing|no space|exit"
    r"|wait(?:ing|s)? for"
    r"|(?:under|over|mis)-?[a-z]{3,}(?:ed|en)|(?:dis)(?:connected|abled)|insufficient|not enough"
    r"|too \w+|damaged|leak(?:s|ed|ing)?|defect(?:ive)?|fault(?:y)?"
    r"|congestion|overload|awaiting|blocked|lack(?:s|ing)?|shortage|owing to|thanks to|delayed"
    r"|depends on|instead of|(?:wo|ca|does|did|could|is)n['\u2019]t)\b"
    r"|(?-i:\b[A-Z]+(?:_[A-Z]+)+\b)",
    re.IGNORECASE,
)

_GIVEN = re.compile(
    r"\b(?:because|due to|owing to|caused by|on account of)\b|\b(?:root )?(?:cause|reason)\s?[:=]",
    re.IGNORECASE,
)

_NO_TIMES = frozenset({"number", "phone", "id", "money"})
_SHAPES: dict[str, re.Pattern[str]] = {
    "id": _ID,
    "commit": re.compile(r"\b[0-9a-f]{7,40}\b"),
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.\w+)+"),
    "url": re.compile(r"https?://\S+|\bwww\.\S+|\b[\w-]+(?:\.[\w-]+)+/\S*"),
    "ip": re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}\b"),
    "host": re.compile(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\.[a-z]{2,}\b"),
    "phone": re.compile(r"(?<![\w.])\+?\d[\d ()/-]{5,}\d"),
    "money": re.compile(r"[€$£¥]\s?\d|\d\s?(?:€|EUR|USD|GBP|CHF)\b|\d[.,]\d{2}\b"),
    "number": re.compile(r"\d(?:[\d .,/-]*\d)?\d"),
    "formula": re.compile(r"=[A-Z]+\("),
    "percent": re.compile(r"\d\s?%"),
    "version": re.compile(r"\bv?\d+(?:\.\d+)+"),
    "file": re.compile(r"\b[\w-]+\.[a-z][a-z0-9]{1,5}\b"),
    "path": re.compile(r"(?:^|\s)[~.]?/[\w./-]+"),
    "line": re.compile(r"\blines?\s+\d+|\.\w+:\d+|\bLn\s*\d+", re.IGNORECASE),
    "time": _TIME,
    "person": _NAME,
    "port": re.compile(r"(?:\b\d{1,3}(?:\.\d{1,3}){3}|[A-Za-z][\w.-]*|\*|\]):\d{2,5}\b"),
    "temperature": re.compile(r"\d\s?°|\d\s?degrees?\b"),
    "weight": re.compile(r"\d\s?(?:[km]?g|t|lbs?|oz|tonn?es?|tons?)\b"),
    "pressure": re.compile(r"\d\s?(?:m?bar|[hkM]?Pa|psi)\b"),
    "power": re.compile(r"\d\s?(?:[kMG]?W|[kM]?VA|hp)\b"),
    "energy": re.compile(r"\d\s?(?:[kMGT]?Wh|[kM]?J)\b"),
    "voltage": re.compile(r"\d\s?[mk]?V\b"),
    "distance": re.compile(r"\d\s?(?:[ckm]?m|miles?|mi|ft|feet)\b"),
    "speed": re.compile(r"\d\s?(?:km/h|m/s|mph|rpm|knots?)(?!\w)"),
}
_NOUN_SHAPE = {
    "id": "ticket card issue story bug task incident id sku flight gate serial key identifier"
    " invoice order reference ref cve pr plate",
    "commit": "commit hash revision sha",
    "email": "email mail address",
    "url": "url link website site page",
    "ip": "ip address",
    "host": "address host hostname domain",
    "phone": "phone telephone mobile",
    "money": "price cost amount fee balance total sales revenue turnover spend spent",
    "number": "number count figure amount digit",
    "formula": "formula",
    "percent": "percentage percent share rate level",
    "version": "version release",
    "file": "file attachment module",
    "path": "path mount directory folder",
    "line": "line",
    "time": "time date day deadline start end hour weekday",
    "person": "person",
    "port": "port",
    "temperature": "temperature",
    "weight": "weight mass",
    "pressure": "pressure",
    "power": "power",
    "energy": "energy electricity",
    "voltage": "voltage",
    "distance": "distance length width height depth",
    "speed": "speed",
}


def _noun_table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for shape, nouns in _NOUN_SHAPE.items():
        for noun in nouns.split():
            key = stem_of(noun)
            table[key] = (*table.get(key, ()), shape)
    return table


_SHAPES_OF_NOUN = _noun_table()


def has_shape_of(noun: str, text: str) -> bool:
    """Whether the text holds the sort of thing the noun names; False for unknown nouns."""
    return find_shape(noun, text) is not None


def find_shape(noun: str, text: str) -> tuple[int, int] | None:
    """Offsets of the first thing in the text that the noun may name."""
    for shape in _SHAPES_OF_NOUN.get(stem_of(noun), ()):
        searched = without_times(text) if shape in _NO_TIMES else text
        found = _SHAPES[shape].search(searched)
        if found:
            return found.span()
    return None


def is_code(text: str) -> bool:
    """Whether the whole text is one word with figures: a code, a PIN, an identifier."""
    return len(text.split()) == 1 and any(map(str.isdigit, text)) and not is_time(text)


def skeleton_of(word: str) -> str:
    """The form of an identifier: the same for those that differ in their figures alone."""
    return re.sub(r"\d", "0", word.strip(".,;:!?()[]").casefold())


def without_times(text: str) -> str:
    """The text with times and dates blanked out, offsets kept."""
    return _TIME.sub(lambda found: " " * len(found.group()), text)


def is_person(text: str) -> bool:
    """Whether the whole text can be the name of a person."""
    bare = text.strip()
    found = _NAME.match(bare)
    whole = bool(found and found.end() == len(bare))
    return whole and not any(word.isupper() and len(word) > 1 for word in bare.split())


def holds_person(text: str) -> bool:
    """Whether a name of a person (two or more capitalised words) stands in the text."""
    return bool(_HANDLE.search(text)) or any(
        is_person(found.group()) for found in _NAME.finditer(text)
    )


def is_byline(text: str) -> bool:
    """Whether the text begins with somebody's name and goes on with a time."""
    found = _NAME.match(text.strip())
    return (
        found is not None and is_person(found.group()) and bool(_TIME.search(text[found.end() :]))
    )


def tells_reason(text: str) -> bool:
    """Whether the text holds a word with which reasons and failures are told."""
    return bool(_REASON.search(text))


def gives_reason(text: str) -> bool:
    """Whether the text says that it tells a reason: "because", "due to", "Cause: ..."."""
    return bool(_GIVEN.search(text))


def tells_clock(text: str) -> bool:
    """Whether the text tells a time of day."""
    return bool(_OF_DAY.search(text))


def tells_occasion(text: str) -> bool:
    """Whether the text tells when in words: "when the server rejects it"."""
    return bool(_OCCASION.search(text))


def is_command(text: str) -> bool:
    """Whether the text is a shell prompt with what was typed: it asks rather than tells."""
    return bool(_PROMPT.search(text))


def is_question(text: str) -> bool:
    """Whether the text asks instead of telling; also without its mark, lost in a line break."""
    marked = text.rstrip(" \"')]\u201d\u2019").endswith("?") and not _STATES.match(text)
    return marked or bool(_ASKS.search(text))


def is_placeholder(text: str) -> bool:
    """Whether the text stands where a value is missing: "TBD", "n/a", "to follow", "-"."""
    return bool(_NO_VALUE.fullmatch(text.strip()))


def is_left_open(text: str) -> bool:
    """Whether what goes before the text is said to be unknown by it: "... is to follow"."""
    return bool(_OPEN.match(text))


def is_count(text: str) -> bool:
    """Whether the text is one plain number."""
    return text.strip("()[] ").replace(",", "").replace(".", "").isdigit()


def counts(text: str) -> bool:
    """Whether the text tells a number alone, or how many of some things: "12 boxes left"."""
    return is_count(text) or bool(_COUNTED.match(text) and not _SPAN_NAMED.search(text))


def is_time(text: str) -> bool:
    """Whether the text is little more than a time or date."""
    covered = sum(len(found.group()) for found in _TIME.finditer(text))
    return 10 * covered >= 6 * len(text.strip()) > 0


def fits(kind: Kind, text: str) -> bool:
    """Whether the text can answer a question of this kind; True where any text can."""
    if kind is Kind.PERSON:
        return holds_person(text)
    if kind is Kind.TIME:
        return bool(_TIME.search(text))
    if kind is Kind.NUMBER:
        return bool(_NUMBER.search(_CLOCK.sub(" ", text)))
    if kind is Kind.DURATION:
        return bool(_DURATION.search(text))
    return True
