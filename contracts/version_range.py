"""Ranges of versions as a manifest writes them: ``>=1.2,<2``.

Covers: dotted numbers and the six comparisons, joined by commas (all must hold). Does not
cover: pre-releases and other suffixes; a manifest that needs them cannot say so.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Numbers: TypeAlias = tuple[int, ...]

_OPERATORS: Final[Mapping[str, Callable[[Numbers, Numbers], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_CLAUSE: Final = re.compile(r"(==|!=|>=|<=|>|<)?\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,5})")


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Comparisons that must all hold; a bare version means exactly that one."""

    text: str
    clauses: tuple[tuple[str, Numbers], ...]

    @classmethod
    def parse(cls, text: str) -> VersionRange:
        """The range in the text; raises `ValueError` that says which part is wrong."""
        clauses = []
        for part in text.split(","):
            match = _CLAUSE.fullmatch(part.strip())
            if match is None:
                raise ValueError(
                    f"{part.strip()!r} is not a comparison with a version, like >=1.2 or <2"
                )
            clauses.append((match[1] or "==", parse_numbers(match[2])))
        return cls(text=text, clauses=tuple(clauses))

    def contains(self, version: str) -> bool:
        """Whether the version (dotted numbers) lies in the range; 1.2 equals 1.2.0."""
        numbers = parse_numbers(version)
        return all(_OPERATORS[name](numbers, bound) for name, bound in self.clauses)


def parse_numbers(version: str) -> Numbers:
    """The parts of a dotted version, without trailing zeros, so that 1.2 equals 1.2.0.

    Raises `ValueError` for anything but dotted numbers.
    """
    numbers = [int(part) for part in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
