"""Facts that the driver plants: a line on the screen, a question, the one right answer.

Covers: unique facts by number, in the wording of five kinds of windows. Does not cover: drawing
them (`kernel.soak.screens`). Pure: the same seed and number give the same fact.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

PEOPLE = (
    "Amira Haddad",
    "Jonas Petersen",
    "Mara Winter",
    "Tobias Klein",
    "Ines Moreau",
    "Pavel Novak",
    "Greta Lindholm",
    "Samuel Okafor",
)
SERVICES = ("ledgerd", "mailgate", "indexer", "paygate", "archiver", "notifier")


@dataclass(frozen=True, slots=True)
class Fact:
    """``line`` stands on the screen and holds ``answer``; each has a ``question`` of its own."""

    fact_id: str
    window: str
    line: str
    question: str
    answer: str


def make_fact(seed: int, number: int, window: str) -> Fact:
    """The fact of that number in the wording of that kind of window."""
    rng = random.Random(f"fact:{seed}:{number}")  # noqa: S311 - a script, no secret
    line, question, answer = _WORDINGS[window](rng, number)
    return Fact(f"F{number:06d}", window, line, question, answer)


Wording = Callable[[random.Random, int], tuple[str, str, str]]


def _code(number: int, base: int) -> int:
    """Distinct for each number: every digit counts, none is an O or an I when misread."""
    return base + number


def _mail(rng: random.Random, number: int) -> tuple[str, str, str]:
    name = f"KL-{_code(number, 30_000)}"
    amount = f"{rng.randrange(1, 10)},{rng.randrange(100, 1000)}.{rng.randrange(10, 100)}"
    return (
        f"Amount due of invoice {name}: {amount}",
        f"What is the amount due of invoice {name}?",
        amount,
    )


def _table(rng: random.Random, number: int) -> tuple[str, str, str]:
    name = f"PO-{_code(number, 70_000)}"
    total = f"{rng.randrange(10, 100)},{rng.randrange(100, 1000)}.{rng.randrange(10, 100)}"
    return f"Total of order {name}: {total}", f"What is the total of order {name}?", total


def _terminal(rng: random.Random, number: int) -> tuple[str, str, str]:
    name = f"{rng.choice(SERVICES)}-{_code(number, 4_000)}"
    port = str(rng.randrange(20_000, 60_000))
    return f"{name} listening on port {port}", f"Which port is {name} listening on?", port


def _chat(rng: random.Random, number: int) -> tuple[str, str, str]:
    name = f"REQ-{_code(number, 50_000)}"
    person = rng.choice(PEOPLE)
    return f"{name} assigned to: {person}", f"Who is {name} assigned to?", person


def _editor(rng: random.Random, number: int) -> tuple[str, str, str]:
    name = f"BLD-{_code(number, 60_000)}"
    limit = str(rng.randrange(2_000, 9_000))
    return f"# timeout of build {name}: {limit}", f"What is the timeout of build {name}?", limit


_WORDINGS: dict[str, Wording] = {
    "mail": _mail,
    "table": _table,
    "terminal": _terminal,
    "chat": _chat,
    "editor": _editor,
}
WINDOWS: tuple[str, ...] = tuple(_WORDINGS)
