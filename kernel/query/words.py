"""When a word on a screen is the word asked for.

Covers: cutting text into units (at punctuation, at letter/digit and lower/upper borders),
light stems, everyday abbreviations, finding a term in a line in spite of glued words and
misread letters. Does not cover: which terms a question has (`kernel.query.question`), where
the words stand (`kernel.query.layout`). Pure.

An identifier or number is never matched by nearness: its digits must be the same and no
digit may stand beside the match.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel.store.folding import fold

EXACT, STEM, SYNONYM, GLUED, HYPHENED, PART = 1000, 900, 850, 850, 700, 500
"""How well an occurrence fits its term, in thousandths."""

_STEMMED_CHARS_MIN, _STEM_CHARS_MIN = 4, 3
_CLICK_CHARS = 5
_CUT_CHARS_MIN = 5
_CUT_GAPS = " -_./'\u2019"
_GAP_CHARS_MAX = 3
_GLUED_LETTERS_MIN, _GLUED_DIGITS_MIN = 3, 2
"""What is glued to a match must be a word or number of its own: GX-7b is not GX-7."""

_LITTLE = frozenset("of the and for to per on in a an".split())

_ATOM = re.compile(r"[^\W_]+")
_UNIT = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[^\W_]")
_ISO_T = re.compile(r"(?<=\d)T(?=\d\d:)")
_PART_OF = re.compile(r"(?<![\w/.,:-])(\d{1,4})/$")
"""The part that has been done, right before how many there are in all."""
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")

_SAME = (
    ("phone", "telephone", "tel"),
    ("email", "mail", "e-mail"),
    ("cost", "price", "costs"),
    ("quantity", "qty"),
    ("including", "incl", "includes", "inclusive"),
    ("excluding", "excl"),
    ("number", "no", "nr"),
    ("status", "state"),
    ("due", "deadline"),
    ("maximum", "max"),
    ("minimum", "min"),
    ("average", "avg", "mean"),
    ("memory", "mem"),
    ("error", "err"),
    ("message", "msg"),
    ("version", "ver"),
    ("identifier", "id"),
    ("department", "dept"),
    ("reference", "ref"),
    ("temperature", "temp"),
    ("directory", "dir", "folder"),
    ("address", "addr"),
    ("amount", "amt"),
    ("account", "acct"),
    ("extension", "ext"),
    ("configuration", "config"),
    ("application", "app"),
    ("repository", "repo"),
    ("available", "avail"),
    ("requests", "reqs", "req"),
    ("seconds", "secs", "sec", "s"),
    ("minutes", "mins", "min"),
    ("hours", "hrs", "h"),
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep", "sept"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
    ("monday", "mon"),
    ("tuesday", "tue", "tues"),
    ("wednesday", "wed"),
    ("thursday", "thu", "thurs"),
    ("friday", "fri"),
    ("saturday", "sat"),
    ("sunday", "sun"),
    ("owns", "owner", "owned", "own", "responsible"),
    ("wrote", "written", "write", "writes"),
    ("sent", "send", "sends", "sender"),
    ("paid", "pay", "payment"),
    ("left", "leave", "leaves"),
    ("began", "begin", "begins", "start"),
    ("end", "ended", "exited", "finished"),
    ("built", "build"),
    ("ran", "run", "running", "runs"),
    ("broke", "broken", "break"),
    ("chose", "chosen", "choose"),
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of text that can match: offsets in its line, folded spelling."""

    folded: str
    stem: str
    start: int
    end: int
    opens: bool
    """Whether nothing alphanumeric stands right before it."""
    closes: bool


@dataclass(frozen=True, slots=True)
class Span:
    """An occurrence in a line: offsets and quality in thousandths."""

    start: int
    end: int
    quality: int


@dataclass(frozen=True, slots=True)
class Needle:
    """A term in the form in which lines are searched for it."""

    squashed: str
    separators: tuple[tuple[int, str], ...]
    """What separates figures in the term itself, by offset in ``squashed``."""
    stem: str
    """Empty when only the exact word counts."""
    synonyms: frozenset[str]
    numeric: bool
    alphabetic: bool
    phrases: tuple[tuple[str, ...], ...] = ()
    """Stems of neighbouring words that mean the term: those of what its initials stand for."""
    letters: str = ""
    """The term, where words with these initials may be meant; empty for all others."""
    initials: frozenset[str] = frozenset()
    """Folded words that mean the term where they are written in capitals."""


@functools.lru_cache(maxsize=65_536)
def stem_of(word: str) -> str:
    """The word without its everyday English endings; not a dictionary form."""
    text = word.casefold()
    for ending in ("'s", "\u2019s"):
        text = text.removesuffix(ending)
    if not text.isalpha() or len(text) < _STEMMED_CHARS_MIN:
        return text
    if text.endswith("ies") and len(text) > _STEMMED_CHARS_MIN:
        text = text[:-3] + "y"
    elif text.endswith(("sses", "shes", "ches", "xes")):
        text = text[:-2]
    elif text.endswith("s") and not text.endswith(("ss", "us", "is")):
        text = text[:-1]
    for ending in ("ing", "ed", "er"):
        bare = text.removesuffix(ending)
        if bare != text and len(bare) >= _STEM_CHARS_MIN:
            doubled = len(bare) > _STEM_CHARS_MIN and bare[-1] == bare[-2]
            text = bare[:-1] if doubled and bare[-1] not in "ls" else bare
            if ending != "er" and text.endswith("ick") and len(text) > _CLICK_CHARS:
                # Panicked, trafficking: the k stands for the sound alone.
                text = text[:-1]
            break
    return text.removesuffix("e") if len(text) > _STEM_CHARS_MIN else text


@functools.cache
def _synonym_table() -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for group in _SAME:
        folded = frozenset(fold(word) for word in group)
        for word in group:
            key = stem_of(word)
            table[key] = table.get(key, frozenset()) | folded
    return table


def synonyms_of(word: str) -> frozenset[str]:
    """Folded spellings that everyday screens use for the word; may be empty."""
    return _synonym_table().get(stem_of(word), frozenset())


def units_of(text: str) -> Iterator[Unit]:
    """Cut a line into units, in order."""
    # A time stamp's T is a separator like a blank.
    text = _ISO_T.sub(" ", text)
    for atom in _ATOM.finditer(text):
        pieces = list(_pieces(atom.group()))
        whole = stem_of(atom.group())
        for at, (start, end) in enumerate(pieces):
            piece = atom.group()[start:end]
            single = len(pieces) == 1
            yield Unit(
                folded=fold(piece),
                stem=fold(whole if single else stem_of(piece)),
                start=atom.start() + start,
                end=atom.start() + end,
                opens=at == 0,
                closes=at == len(pieces) - 1,
            )


def _pieces(atom: str) -> Iterator[tuple[int, int]]:
    if _CJK.search(atom):
        yield from ((at, at + 1) for at in range(len(atom)))
        return
    for found in _UNIT.finditer(atom):
        yield found.span()


def needle_of(term: str, *, exact: bool) -> Needle:
    """The search form of a term; ``exact`` leaves out stems and synonyms."""
    squashed, atoms, end = "", 0, 0
    separators: dict[int, str] = {}
    for unit in units_of(term):
        atoms += unit.opens
        if squashed and term[end - 1].isdigit() and term[unit.start].isdigit():
            separators[len(squashed)] = term[end : unit.start]
        squashed += unit.folded
        end = unit.end
    bare = term.replace(",", "").replace(".", "")
    plain = bool(squashed) and atoms == 1 and term.isalpha()
    return Needle(
        squashed=squashed,
        separators=tuple(sorted(separators.items())),
        stem=fold(stem_of(term)) if plain and not exact else "",
        synonyms=synonyms_of(term) if plain and not exact else frozenset(),
        numeric=bare.isdigit(),
        alphabetic=term.isalpha(),
    )


@functools.lru_cache(maxsize=32_768)
def cut_line(text: str) -> tuple[Unit, ...]:
    """`units_of` as a tuple, kept: the same lines stand on many frames."""
    return tuple(units_of(text))


@functools.lru_cache(maxsize=131_072)
def spans_in(needle: Needle, text: str) -> tuple[Span, ...]:
    """`find_spans` in a whole line, kept as `cut_line` is."""
    return tuple(find_spans(needle, text, cut_line(text)))


def parts_holding(term: str, text: str) -> tuple[Span, ...]:
    """Where a single word stands within longer words of the line, in order, without overlaps.

    Letters match up to what OCR confuses. A term with figures must stand there character by
    character (whatever the case), and no figure may continue one of its own.
    """
    if any(ch.isdigit() for ch in term):
        found = re.finditer(re.escape(term.casefold()), text.casefold())
        spans = [hit.span() for hit in found if len(text) == len(text.casefold())]
        return tuple(Span(*s, PART) for s in spans if not _continues_a_figure(text, *s))
    wanted = _folded_with_places(term)[0]
    folded, places = _folded_with_places(text)
    hits = re.finditer(re.escape(wanted), folded)
    ranges = [(places[hit.start()][0], places[hit.end() - 1][1]) for hit in hits]
    # "Lool" is read for 1001, and yet no number holds it.
    return tuple(Span(*r, PART) for r in ranges if any(map(str.isalpha, text[slice(*r)])))


def _folded_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The folded text, and for each of its characters where it stands in the text."""
    made: list[tuple[str, int, int]] = []
    for at, ch in enumerate(text):
        for folded in fold(ch):
            if folded == "n" and made and made[-1][0] == "r" and made[-1][2] == at:
                # As `fold` does: engines read rn for m.
                made[-1] = ("m", made[-1][1], at + 1)
            else:
                made.append((folded, at, at + 1))
    return "".join(ch for ch, _, _ in made), [(start, end) for _, start, end in made]


def _continues_a_figure(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start] if start else "", text[end : end + 1]
    inside = text[start].isdigit() and before.isdigit()
    if inside or (text[end - 1].isdigit() and after.isdigit()):
        return True
    return _is_part_of_number(text, start, end)


def find_spans(needle: Needle, text: str, units: Sequence[Unit]) -> list[Span]:
    """Where the term occurs in the line, in order, without overlaps."""
    spans: list[Span] = []
    at = 0
    while at < len(units):
        span, used = _match_at(needle, text, units, at)
        if span:
            spans.append(span)
        at += used
    return spans


def _match_at(needle: Needle, text: str, units: Sequence[Unit], at: int) -> tuple[Span | None, int]:
    unit = units[at]
    if needle.squashed.startswith(unit.folded):
        last = _concatenate(needle, text, units, at)
        if last is not None:
            span = _judge(needle, text, units, at, last)
            if span:
                return span, last - at + 1
    if needle.stem and unit.stem == needle.stem:
        inside = _is_hyphened(text, unit)
        return Span(unit.start, unit.end, HYPHENED if inside else STEM), 1
    if unit.opens and unit.closes and unit.folded in needle.synonyms:
        return Span(unit.start, unit.end, SYNONYM), 1
    if needle.initials and unit.opens and unit.closes and unit.folded in needle.initials:
        capitals = text[unit.start : unit.end].isupper()
        return (Span(unit.start, unit.end, SYNONYM) if capitals else None), 1
    if needle.phrases or needle.letters:
        return _match_spelled(needle, text, units, at)
    return None, 1


def _match_spelled(
    needle: Needle, text: str, units: Sequence[Unit], at: int
) -> tuple[Span | None, int]:
    """The words that the initials stand for: known ones, or any with those initials."""
    for phrase in needle.phrases:
        run = units[at : at + len(phrase)]
        if tuple(unit.stem for unit in run) == phrase and _are_neighbours(text, run):
            return Span(run[0].start, run[-1].end, SYNONYM), len(run)
    if not needle.letters:
        return None, 1
    run = _with_initials(needle.letters, text, units, at)
    if not run or not _are_neighbours(text, run) or not text[run[0].start].isupper():
        return None, 1
    return Span(run[0].start, run[-1].end, SYNONYM), len(run)


def _with_initials(letters: str, text: str, units: Sequence[Unit], at: int) -> Sequence[Unit]:
    """The units from ``at`` on that begin with the letters one by one; empty where they do not.

    Little words between them need no letter; the first word is no little one.
    """
    met = 0
    for end in range(at, min(len(units), at + 2 * len(letters))):
        unit = units[end]
        word = text[unit.start : unit.end].casefold()
        little = word in _LITTLE
        if word.startswith(letters[met]) and (met or not little):
            met += len(word) > 1
        elif not little or not met:
            return ()
        if met == len(letters):
            return units[at : end + 1]
    return ()


def _are_neighbours(text: str, run: Sequence[Unit]) -> bool:
    """Whether only a blank or a hyphen parts the units."""
    gaps = (text[one.end : two.start] for one, two in itertools.pairwise(run))
    return all(gap in (" ", "-", "_") for gap in gaps)


def _is_hyphened(text: str, unit: Unit) -> bool:
    """Whether a hyphen ties the word to another one: an e-stop is no stop of a bus."""
    before, after = text[max(0, unit.start - 2) : unit.start], text[unit.end : unit.end + 2]
    tied = before[-1:] == "-" and before[:1].isalpha()
    return tied or (after[:1] == "-" and after[1:].isalpha())


def _concatenate(needle: Needle, text: str, units: Sequence[Unit], at: int) -> int | None:
    """Index of the unit that completes the term begun at ``at``; None when none does."""
    built = ""
    for index in range(at, len(units)):
        unit = units[index]
        if index > at:
            before = units[index - 1]
            gap = text[before.end : unit.start]
            if len(gap) > _GAP_CHARS_MAX or (gap.isspace() and len(gap) > 1):
                return None
            if needle.alphabetic and gap and not _may_be_cut(needle, gap):
                return None
            figures = text[before.end - 1].isdigit() and text[unit.start].isdigit()
            if figures and not _same_separator(dict(needle.separators).get(len(built), ""), gap):
                return None
        inside = range(len(built) + 1, len(built) + len(unit.folded))
        if any(at in inside for at, _ in needle.separators):
            return None
        built += unit.folded
        if built == needle.squashed:
            return index
        if not needle.squashed.startswith(built):
            return None
    return None


def _may_be_cut(needle: Needle, gap: str) -> bool:
    """Whether a word may stand in two pieces: engines cut long words, not "is" from "I"."""
    return len(needle.squashed) >= _CUT_CHARS_MIN and not gap.strip(_CUT_GAPS)


def _same_separator(wanted: str, gap: str) -> bool:
    """Whether figures are separated as the term has it; a decimal comma is a point."""
    return wanted == gap or (wanted in (".", ",") and gap in (".", ","))


def _judge(needle: Needle, text: str, units: Sequence[Unit], first: int, last: int) -> Span | None:
    start, end = units[first].start, units[last].end
    if needle.numeric and (_is_part_of_number(text, start, end) or _is_whole_of(text, start, end)):
        return None
    if "/" in text[start:end] and re.match(r"[-_]\w", text[end : end + 2]):
        # The name of a file or folder goes on: /srv/app-old is not /srv/app.
        return None
    quality = EXACT
    if not units[first].opens and not _CJK.match(text[start]):
        left = units[first - 1]
        if left.end - left.start < _GLUED_LETTERS_MIN and not text[left.start : left.end].isdigit():
            return None
        quality = GLUED
    if not units[last].closes and not _CJK.match(text[end - 1]):
        right = units[last + 1]
        digits = text[right.start : right.end].isdigit()
        if right.end - right.start < (_GLUED_DIGITS_MIN if digits else _GLUED_LETTERS_MIN):
            return None
        quality = GLUED
    return Span(start, end, quality)


def _is_part_of_number(text: str, start: int, end: int) -> bool:
    before = re.search(r"\d[.,:]$", text[max(0, start - 2) : start])
    after = re.match(r"[.,:]\d", text[end : end + 2])
    return bool(before or after)


def _is_whole_of(text: str, start: int, end: int) -> bool:
    """Whether the number only says of how many another one is: wave 3/4 is not wave 4."""
    before = _PART_OF.search(text, 0, start)
    follows = re.match(r"\s?/", text[end : end + 2])
    if before is None or follows is not None:
        return False
    return 0 < int(before.group(1)) < int(text[start:end].replace(",", "").replace(".", "") or 0)
