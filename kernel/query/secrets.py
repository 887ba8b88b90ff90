"""Finding what should not leave the machine in lines of text.

Covers: keys (private ones over all their lines), tokens, passwords after their label, card
numbers (Luhn), e-mail addresses; each detector is a pattern, pure. Does not cover: names,
addresses, pictures: a sanitized export is an aid for the person who looks it through, not a
promise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CARD_DIGITS_MIN = 13
CARD_DIGITS_MAX = 19
_DOUBLED_MAX = 9


@dataclass(frozen=True, slots=True)
class Secret:
    """A find: which detector, and where in the text (code points, end exclusive)."""

    detector: str
    start: int
    end: int


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if not CARD_DIGITS_MIN <= len(digits) <= CARD_DIGITS_MAX or len(set(digits)) == 1:
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > _DOUBLED_MAX else doubled
    return total % 10 == 0


def _is_mixed(text: str) -> bool:
    """Letters and digits, as in a token; not a word, not a number."""
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)


def _is_chosen(text: str) -> bool:
    """As people choose passwords and numbers: no word that may follow one of the labels."""
    return _is_mixed(text) or text.strip(".,;:!?)").isdigit()


def _always(_: str) -> bool:
    return True


_DASHES = r"[-\u2010-\u2015_]{2,}"
"""What the dashes of a key's first and last line are read as."""
_KEY_BEGIN = re.compile(rf"(?:{_DASHES} ?)?BEGIN [A-Z ]*PRIVATE KEY.*")
_KEY_END = re.compile(rf"(?:{_DASHES} ?)?END [A-Z ]*PRIVATE KEY.*")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{4,}")
_KEY_LINES_MAX = 200
_LABELS = r"password|passwort|kennwort|passwd|pwd|secret|api[_ -]?key|token|passcode|passphrase|pin"
_PREFIXES = r"sk-|sk_live_|sk_test_|pk_live_|rk_live_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-"
_DETECTORS: tuple[tuple[str, re.Pattern[str], int, Callable[[str], bool]], ...] = (
    ("email", re.compile(r"[\w.+-]+ ?@ ?[\w-]+(?:\.[\w-]+)+"), 0, _always),
    ("card", re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)"), 0, _is_card),
    ("private-key", _KEY_BEGIN, 0, _always),
    ("private-key", _KEY_END, 0, _always),
    ("key", re.compile(rf"(?:{_PREFIXES})[A-Za-z0-9_\-]{{8,}}"), 0, _always),
    ("key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}"), 0, _always),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), 0, _always),
    ("token", re.compile(r"(?i)\bbearer\s+([\w.~+/=-]{12,})"), 1, _always),
    (
        "password",
        re.compile(rf"(?i)\b(?:{_LABELS})\b\s*(?:(?:is|ist|lautet|was)\b|=|:)\s*(\S{{3,}})"),
        1,
        _always,
    ),
    # Without a word or a sign between them only what is no ordinary word counts.
    ("password", re.compile(rf"(?i)\b(?:{_LABELS})\s+(\S{{4,}})"), 1, _is_chosen),
    ("one-time-code", re.compile(r"(?i)\bcode\b\D{0,20}?\b(\d(?:[ -]?\d){3,7})\b"), 1, _always),
    ("token", re.compile(r"(?<![\w/])[A-Za-z0-9_\-+/=]{32,}(?![\w/])"), 0, _is_mixed),
)


def find_secrets(text: str) -> list[Secret]:
    """All finds in the text, in order, overlapping ones joined under the first's name."""
    found = sorted(
        (
            Secret(name, match.start(group), match.end(group))
            for name, pattern, group, holds in _DETECTORS
            for match in pattern.finditer(text)
            if holds(match[group])
        ),
        key=lambda secret: (secret.start, -secret.end),
    )
    joined: list[Secret] = []
    for secret in found:
        if joined and secret.start < joined[-1].end:
            last = joined[-1]
            joined[-1] = Secret(last.detector, last.start, max(last.end, secret.end))
        else:
            joined.append(secret)
    return joined


def find_in_lines(lines: Sequence[str]) -> list[list[Secret]]:
    """The finds of each line of a page, in reading order; a private key is all of its lines."""
    whole = _key_lines(lines)
    return [
        [Secret("private-key", 0, len(line))] if index in whole and line else find_secrets(line)
        for index, line in enumerate(lines)
    ]


def _key_lines(lines: Sequence[str]) -> set[int]:
    """Lines from the first of a private key to its last, or as far as the page shows it."""
    found: set[int] = set()
    for index, line in enumerate(lines):
        if _KEY_BEGIN.search(line):
            found |= _body(lines, range(index, min(index + _KEY_LINES_MAX, len(lines))), _KEY_END)
        if _KEY_END.search(line):
            found |= _body(lines, range(index, max(index - _KEY_LINES_MAX, -1), -1), _KEY_BEGIN)
    return found


def _body(lines: Sequence[str], way: range, other_end: re.Pattern[str]) -> set[int]:
    """From one end of the key to the other; where that is not shown, as long as it looks so."""
    looks_so = {way[0]}
    going = True
    for index in way[1:]:
        if other_end.search(lines[index]):
            return {*range(min(way[0], index), max(way[0], index) + 1)}
        going = going and _KEY_BODY.fullmatch(lines[index].strip()) is not None
        if going:
            looks_so.add(index)
    return looks_so


def mask_text(text: str) -> tuple[str, list[Secret]]:
    """The text with each find replaced by its detector in brackets; and the finds."""
    secrets = find_secrets(text)
    return mask_finds(text, secrets), secrets


def mask_finds(text: str, secrets: Sequence[Secret]) -> str:
    """The text with each of the finds, in order, replaced by its detector in brackets."""
    for secret in reversed(secrets):
        text = f"{text[: secret.start]}[{secret.detector}]{text[secret.end :]}"
    return text
