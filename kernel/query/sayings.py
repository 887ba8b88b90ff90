"""Meanings that take several words: "in charge of" for owning, "good until" for expiring.

Covers: idioms of questions, said in a plain word; what a screen says in several words for one of
the question. Does not cover: verbs with a particle (`kernel.query.phrasal`), single words of one
meaning (`kernel.query.synonyms`). Pure data and looking it up.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from kernel.query.inflections import forms_of

_IDIOMS: Final = tuple(
    (re.compile(rf"\b(?:{said})\b", re.IGNORECASE), plain)
    for said, plain in (
        (r"(?<=who )(?:(?:is|are|was|were) )?(?:taking|takes?|took) care of", "owns"),
        (r"(?<=who )(?:is|are|was|were) in charge of", "owns"),
        (r"(?<=who )(?:(?:is|are) )?look(?:s|ing) after", "owns"),
        (
            r"(?:stays?|remains?|keeps?) (?:open|active|valid|alive|available|stored|saved"
            r"|logged in|signed in)(?=\W*$)",
            "last",
        ),
        (r"get in touch with", "contact"),
        (r"(?:get|gets|got) rid of", "removed"),
        (r"how come", "why"),
        (r"^by (?:what|which) date", "when"),
        (r"called off", "cancelled"),
        (r"call off", "cancel"),
        (r"(?:put off|pushed back)(?=\W*$|\s+(?:to|until|till|by)\b)", "postponed"),
        (r"turned down(?=\W*$)", "rejected"),
        (r"(?<=the )most recent(?! and\b)", "latest"),
        (r"until (?:when|what time|which date)", "until when"),
    )
)
_MILEAGE: Final = re.compile(
    r"\b(?:kilomet(?:re|er)s|km|miles)\b(?P<of>.*) on the (?:clock|odometer)\b", re.IGNORECASE
)
_TO_BE_PAID: Final = re.compile(
    r"\b(?:must|should|shall|does|do|has|have) (?P<of>.+?) "
    r"(?:(?:(?:have|need) )?to be|be) paid\b",
    re.IGNORECASE,
)
_QUOTE: Final = re.compile('["“”„«»]')
_PHRASES: Final = """
expire: good until; good till; good through; valid until; valid till; valid to; valid through
expire: best before; use by; runs out; ends on
valid: expires after; expire after; expires in; expire in; good for
last: expires after; expire after
allow: may only; is permitted; are permitted
deadline: due by; no later than; at the latest
due: no later than; at the latest; by the
own: in charge; looks after; takes care; point of contact
responsible: in charge; looks after; takes care
delay: behind schedule; running late; pushed back
late: behind schedule; running late; pushed back
postpone: pushed back; put off; moved to
cancel: called off
reject: turned down; turned away; sent back
fail: did not pass; went wrong; gave up
broken: out of order; not working; out of service
restart: started again
outdated: too old; out of date; no longer current
skip: not served; not called at; passed without stopping
mileage: odometer reading; km reading
odometer: km reading; mileage reading
previous: last time
phone: reach at
contact: reach at; get in touch
start: kicks off; goes live; takes effect
finish: wraps up; winds up
cost: comes to; amounts to; adds up
empty: out of; used up; ran out
unlimited: no limit
free: no charge; free of charge
"""
"""What a screen says in several words for a verb in any form, or for another word."""


def plainly(text: str) -> str:
    """The question with its idioms in plain words; one that quotes something is left as it is."""
    if _QUOTE.search(text):
        return text
    for idiom, plain in _IDIOMS:
        text = idiom.sub(plain, text)
    text = _TO_BE_PAID.sub(r"is \g<of> due", text)
    return _MILEAGE.sub(r"odometer\g<of>", text)


@functools.cache
def _phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    table: dict[str, tuple[tuple[str, ...], ...]] = {}
    for line in _PHRASES.strip().splitlines():
        word, _, said = line.partition(":")
        phrases = tuple(tuple(phrase.split()) for phrase in said.split(";"))
        for form in forms_of(word):
            table[form] = (*table.get(form, ()), *phrases)
    return table


def sayings_for(word: str) -> tuple[tuple[str, ...], ...]:
    """The phrases, each as its words, that a screen may say for a word; none for most words."""
    return _phrases().get(word.casefold(), ())
