"""Words of English time phrases, and the tokens of a question that may hold one.

Covers: data (months, weekdays, numbers, units, parts of the day) and cutting text into tokens
with offsets. Does not cover: what a phrase means (`kernel.query.timephrase`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kernel.query.timeparts import Form

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon",
            "tuesday tue tues",
            "wednesday wed",
            "thursday thu thur thurs",
            "friday fri",
            "saturday sat",
            "sunday sun",
        )
    )
    for name in names.split()
}
NUMBERS = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
        " fifteen sixteen seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90}
SOME = {"few": 5, "couple": 2, "several": 5}
"""How many "a few minutes ago" are taken for."""
UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
CALENDAR_UNITS = frozenset({"day", "week", "month", "year"})
UNITS = {
    alias: name
    for name, aliases in {
        "second": "second seconds sec secs s",
        "minute": "minute minutes min mins m",
        "hour": "hour hours hr hrs h",
        "day": "day days d",
        "week": "week weeks wk wks w",
        "month": "month months",
        "year": "year years yr yrs",
    }.items()
    for alias in aliases.split()
}
HOUR = 60
PARTS = {
    "morning": (5 * HOUR, 12 * HOUR),
    "forenoon": (8 * HOUR, 12 * HOUR),
    "lunch": (12 * HOUR, 13 * HOUR),
    "lunchtime": (12 * HOUR, 13 * HOUR),
    "lunchbreak": (12 * HOUR, 13 * HOUR),
    "afternoon": (12 * HOUR, 18 * HOUR),
    "evening": (18 * HOUR, 23 * HOUR),
    "night": (22 * HOUR, 29 * HOUR),
}
"""Part of the day -> minutes after midnight, end exclusive; a night ends at 5 the next day."""
EARLY_LATE_SHARE = 2
"""The early or late morning is the first or last part of so many."""
NOONS = {"noon": 12 * HOUR, "midday": 12 * HOUR, "midnight": 0}
PAST_HALF = {"quarter": 15, "half": 30}
SEASONS = {
    name: season
    for season, names in (("summer", "summer daylight"), ("winter", "winter standard"))
    for name in names.split()
}
"""Before "time", behind a clock time: the half of the year whose clock is meant."""
ZONE_HOURS = {
    "utc": 0,
    "gmt": 0,
    "bst": 1,
    "cet": 1,
    "mez": 1,
    "cest": 2,
    "mesz": 2,
    "eet": 2,
    "eest": 3,
    "msk": 3,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "jst": 9,
    "kst": 9,
    "aest": 10,
    "aedt": 11,
}
"""Hours east of UTC of time zones that are said behind a clock time."""

AT = frozenset({"at", "around", "about", "circa", "near", "approximately", "roughly"})
ABOUT = AT - {"at"}
LINKS = frozenset({"on", "in", "at", "of", "the", "during", "over", "around", "about"})
TO_END = frozenset({"to", "until", "till", "through"})
"""Between two times they lead to the end of a stretch, whatever stands before it."""
TO = TO_END | {"and"}
CONNECTORS: dict[str, Form] = {
    "before": "before",
    "after": "after",
    "since": "since",
    "until": "until",
    "till": "until",
    "by": "until",
    "from": "since",
}
LAST = frozenset({"last", "past", "previous", "preceding"})
FUTURE = frozenset({"next", "tomorrow", "coming", "following", "upcoming"})
AFTER_HOUR = (
    LINKS
    | TO
    | frozenset(CONNECTORS)
    | frozenset(WEEKDAYS)
    | frozenset(ZONE_HOURS)
    | frozenset(
        "yesterday today this last early late am pm when while that where with and or".split()
    )
)
"""Words that may follow an hour said bare."""

_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?(?![\w:]))"
    r"|(?P<date>\d{4}-\d{2}-\d{2}(?![\w-])|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})(?![\w./]*\w))"
    r"|(?P<clock>\d{1,2}:\d{2}(?::\d{2})?(?![\d:.]\d))(?P<clock_half>\s?[ap]\.?m\b\.?)?"
    r"|(?P<hour>\d{1,2})(?P<hour_half>\s?[ap](?:\.m\.|m\b))"
    r"|(?P<ordinal>\d{1,2})(?:st|nd|rd|th)\b"
    r"|(?P<amount>\d{1,4})(?P<unit>h|hrs?|min|mins|m|s|secs?|d|days?|w)\b"
    r"|(?P<number>\d{1,4})(?!\w|[.,:/]\d|-(?!\d{1,2}(?::\d|\s?[ap]\.?m))\d)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019.-][^\W\d_]+)*)"
    r"|(?P<dash>[-\u2013\u2014])"
    r"|(?P<other>\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token: which kind, lower-case text, offsets; ``half`` is "am", "pm" or empty."""

    kind: str
    text: str
    start: int
    end: int
    half: str = ""
    unit: str = ""
    glued: bool = False
    """Whether no blank stands before it."""


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    end = -1
    for found in _TOKEN.finditer(text):
        kind = next(
            name
            for name in (
                "iso",
                "date",
                "clock",
                "hour",
                "ordinal",
                "amount",
                "number",
                "word",
                "dash",
                "other",
            )
            if found.group(name) is not None
        )
        half = (found.group("clock_half") or found.group("hour_half") or "").strip().casefold()
        yield Token(
            kind=kind,
            text=found.group(kind).casefold().replace("\u2019", "'"),
            start=found.start(),
            end=found.end(),
            half=half.replace(".", ""),
            unit=UNITS.get((found.group("unit") or "").casefold(), ""),
            glued=found.start() == end,
        )
        end = found.end()


class TokenReader:
    """The tokens of a text and how readers look at them."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)

    def _at(self, at: int) -> Token:
        if at < len(self._tokens):
            return self._tokens[at]
        return Token("end", "", 0, 0)

    def _word(self, at: int, *words: str) -> bool:
        return self._at(at).text in words

    def _skip(self, at: int, words: frozenset[str]) -> int:
        while self._at(at).text in words:
            at += 1
        return at
