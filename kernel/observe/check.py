"""One check of the doctor: what was looked at, how it is, what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """``saw`` is what was found, ``remedy`` what to do about it (empty when all is well)."""

    name: str
    state: State
    saw: str
    remedy: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def worst(checks: list[Check]) -> State:
    """The state of the whole."""
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"


def telling_line(text: str) -> str:
    """The first line that says something: SQLite puts a heading before what it found."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("***")), lines[0] if lines else "")
