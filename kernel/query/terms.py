"""Words of a question: what each is (a name, a code, a plain word) and how screens say it.

Covers: cutting a question into words, names and identifiers, how much a word weighs. Does not
cover: what is asked (`kernel.query.question`), which words stand together
(`kernel.query.groups`). Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from kernel.query.ordinary import is_ordinary
from kernel.query.vocabulary import (
    ACRONYMS,
    CALENDAR,
    CONTAINERS,
    STOP_WORDS,
    WEAK_ADJECTIVES,
    WEAK_VERBS,
)
from kernel.query.words import Needle, needle_of
from kernel.store.folding import fold

_SPECIFIC_WEIGHT, _ASKED_WEIGHT, _PLAIN_WEIGHT, WEAK_WEIGHT = 250, 150, 100, 20
_WORD = re.compile(r"[^\s\"“”„«»]+")
_QUOTED = re.compile('["“„«]([^"“”„«»]+)["”“»]')
_ASKING = frozenset("what who where when why how which".split())
_CODE_PART_CHARS_MIN = 3
"""Shorter parts make everyday words: on-call, e-mail, wi-fi."""
_EDGES = " \t.,;:!?()[]{}<>'\u2019\u2018`*"
_JOINED = re.compile(r"[^\W_][-_/:.@#][^\W_]")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or phrase of the question.

    ``specific``: a name, identifier, number or quoted phrase, which the evidence must hold.
    ``asked``: part of what is asked for ("open amount" of "what is the open amount of ...").
    """

    text: str
    needle: Needle
    specific: bool
    asked: bool
    weight: int
    anchored: bool = False
    """The noun right after an article or preposition: what the question is about."""
    unfamiliar: bool = False
    """No ordinary English: a name or term of art, though written small."""
    classing: bool = False
    """Says of what class the name before it is: "pod" of "the billing-api pod"."""
    unsaid: bool = False
    """Says of what class a thing is that the question names besides: it need not be there."""

    @property
    def required(self) -> bool:
        """Whether the evidence must hold it, however little it may weigh."""
        return self.specific or (self.unfamiliar and not self.unsaid)


class Token(NamedTuple):
    """A word or quoted phrase as it is written."""

    text: str
    quoted: bool = False
    breaks_after: bool = False
    owns_next: bool = False
    """Written with 's: what follows is what is asked for."""


def tokens_of(text: str) -> list[Token]:
    """The words and quoted phrases of a question, in order."""
    tokens: list[Token] = []
    at = 0
    for quoted in [*_QUOTED.finditer(text), None]:
        end = quoted.start() if quoted else len(text)
        for found in _WORD.finditer(text, at, end):
            raw = found.group()
            whole = raw.strip(_EDGES)
            # "Aren't": that it is denied is told by the question as a whole.
            whole = re.sub(r"(?<=[a-z])n['\u2019]t$", "", whole)
            bare = whole.removesuffix("'s").removesuffix("\u2019s")
            owns = bare != whole
            if owns and bare.casefold() in _ASKING:
                # "What's" is "what is".
                tokens += [Token(bare), Token("is")]
            elif bare:
                tokens.append(Token(bare, breaks_after=owns or raw[-1] in ",;:", owns_next=owns))
        if quoted:
            tokens.append(Token(quoted.group(1).strip(), quoted=True, breaks_after=True))
            at = quoted.end()
    return tokens


def term_of(
    token: Token, at: int, *, asked: bool, anchored: bool, kept: bool = False
) -> Term | None:
    """The term of a token, None for one never looked for, unless it is ``kept`` all the same."""
    text = token.text
    if not kept and not token.quoted and text.casefold() in STOP_WORDS and not _is_code(text, at):
        return None
    specific = token.quoted or _is_code(text, at) or _is_name(text, at)
    loose = _is_name(text, at) and not _is_code(text, at) and not token.quoted
    needle = needle_of(text, exact=specific and not loose)
    if not needle.squashed:
        return None
    weak = not specific and _is_weak(text.casefold(), asked=asked)
    weight = _PLAIN_WEIGHT
    if specific:
        weight = _SPECIFIC_WEIGHT
    elif weak:
        weight = WEAK_WEIGHT
    elif asked:
        weight = _ASKED_WEIGHT
    anchored = (anchored and not weak) or kept
    return Term(text, needle, specific, asked, weight, anchored)


def is_unfamiliar(term: Term) -> bool:
    """Whether it is no ordinary English: a name or a term of art, though written small."""
    return not term.specific and term.text.isalpha() and not is_ordinary(term.text)


def unfamiliar_needle(term: Term) -> Needle:
    """Parker is not Park: a word in -er is met by itself and its plural alone."""
    word = term.text.casefold()
    if not word.endswith(("er", "ers")):
        return term.needle
    other = word.removesuffix("s") if word.endswith("s") else word + "s"
    return replace(needle_of(term.text, exact=True), synonyms=frozenset({fold(other)}))


def _is_weak(word: str, *, asked: bool) -> bool:
    return word in WEAK_ADJECTIVES or (not asked and (word in WEAK_VERBS or word in CONTAINERS))


def _is_code(text: str, at: int) -> bool:
    if text.casefold() in ACRONYMS:
        return False
    if any(ch.isdigit() for ch in text):
        return True
    if at > 0 and text.isupper() and len(text) > 1:
        return True
    parts = re.split(r"[-_/:.@#]", text)
    if re.fullmatch(r"[a-z]{3,}-[A-Z]{1,2}", text):
        return True
    if "-" in text and all(part.isalpha() for part in parts):
        return all(len(part) >= _CODE_PART_CHARS_MIN for part in parts)
    if _JOINED.search(text) or text.startswith(("/", "--", "__", "@", "#")):
        return True
    return bool(re.search(r"[a-z][A-Z]", text))


def _is_name(text: str, at: int) -> bool:
    general = text.casefold() in CALENDAR or text.casefold() in ACRONYMS
    if len(text) == 1:
        # "Block H": it names which one. "I" and the article do not.
        return at > 0 and text.isupper() and text not in "AI"
    return at > 0 and text[0].isupper() and not general
