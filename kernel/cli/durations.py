"""Durations as a person types them: 90s, 5m, 1.5h, 2d."""

from __future__ import annotations

import re

import click

_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PATTERN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd]?)")
DAYS_MAX = 366


class Duration(click.ParamType[float]):
    """A click type that gives seconds; a plain number means seconds.

    pytimeparse was looked at and left: it takes far more spellings than a help text can
    explain, and was last released in 2018.
    """

    name = "DURATION"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds, more than none and at most a year."""
        if isinstance(value, float):
            return value
        match = _PATTERN.fullmatch(value.strip().lower())
        if match is None:
            self.fail(f"{value!r} is no duration; write 90s, 5m, 1.5h or 2d", param, ctx)
        seconds = float(match["number"]) * _UNITS_S[match["unit"] or "s"]
        if not 0 < seconds <= DAYS_MAX * _UNITS_S["d"]:
            self.fail(f"{value!r} is not between a moment and a year", param, ctx)
        return seconds


def told(seconds: float) -> str:
    """A duration for people, in the largest unit that it fills: 3 s, 30 min, 1.5 h."""
    for unit, size_s in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size_s:
            return f"{seconds / size_s:.4g} {unit}"
    return f"{seconds:.3g} s"
