"""Ticks that a person reads: round values, round times. Pure.

Covers: where ticks lie and what they say. Does not cover: drawing (`plots`).
"""

from __future__ import annotations

import math

TIME_STEPS_S = (
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600,
    43_200, 86_400, 172_800, 604_800, 2_592_000,
)  # fmt: skip
DAY_S = 86_400
HOURS_UNTIL_S = 2 * DAY_S
DIGITS_UNTIL = 1_000


def value_ticks(top: float, count_max: int = 5, *, whole: bool = False) -> list[float]:
    """Round values from 0 to at least ``top``, in equal steps of 1, 2, 2.5 or 5 times a power.

    ``whole``: what is counted has no halves.
    """
    if not top > 0:
        return [0.0, 1.0]
    raw = max(top / count_max, 1.0) if whole else top / count_max
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    count = math.ceil(top / step - 1e-9)
    return [step * number for number in range(count + 1)]


def decade_ticks(low: float, high: float) -> list[float]:
    """Powers of ten that enclose both values (which are positive)."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def time_ticks(length_s: float, count_max: int = 9) -> list[float]:
    """Round times from 0 to the length."""
    step = next((s for s in TIME_STEPS_S if length_s / s <= count_max), TIME_STEPS_S[-1])
    return [float(step * number) for number in range(int(length_s // step) + 1)]


def value_text(value: float) -> str:
    """The value with as many digits as it needs, thousands apart."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < DIGITS_UNTIL else f"{value:,.0f}"


def time_text(seconds: float) -> str:
    """A time since the start: 45 s, 3:20 min, 25:00 h, 3 d 4:00 h."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    if whole < 3_600:  # noqa: PLR2004 - an hour
        return f"{whole // 60}:{whole % 60:02d} min" if whole % 60 else f"{whole // 60} min"
    days, rest = divmod(whole, DAY_S)
    if whole <= HOURS_UNTIL_S:
        days, rest = 0, whole
    clock = f"{rest // 3600}:{rest % 3600 // 60:02d} h"
    return f"{days} d {clock}" if days else clock
