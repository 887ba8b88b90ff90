"""Finding what should not leave the machine in a line of text.

Covers: keys, tokens, passwords after their label, card numbers (Luhn), e-mail addresses; each
detector is a pattern, pure. Does not cover: names, addresses, pictures: a sanitized export is
an aid for the person who looks it through, not a promise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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


def _always(_: str) -> bool:
    return True


_PREFIXES = r"sk-|sk_live_|sk_test_|pk_live_|rk_live_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-"
_DETECTORS: tuple[tuple[str, re.Pattern[str], int, Callable[[str], bool]], ...] = (
    ("email", re.compile(r"[\w.+-]+ ?@ ?[\w-]+(?:\.[\w-]+)+"), 0, _always),
    ("card", re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)"), 0, _is_card),
    ("private-key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*"), 0, _always),
    ("key", re.compile(rf"(?:{_PREFIXES})[A-Za-z0-9_\-]{{8,}}"), 0, _always),
    ("key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}"), 0, _always),
    ("token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), 0, _always),
    ("token", re.compile(r"(?i)\bbearer\s+([\w.~+/=-]{12,})"), 1, _always),
    (
        "password",
        re.compile(
            r"(?i)\b(?:password|passwort|passwd|pwd|secret|api[_ -]?key|token|passcode|pin)"
            r"\b\s*(?:is|=|:)\s*(\S{3,})"
        ),
        1,
        _always,
    ),
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


def mask_text(text: str) -> tuple[str, list[Secret]]:
    """The text with each find replaced by its detector in brackets; and the finds."""
    secrets = find_secrets(text)
    masked = text
    for secret in reversed(secrets):
        masked = f"{masked[: secret.start]}[{secret.detector}]{masked[secret.end :]}"
    return masked, secrets
