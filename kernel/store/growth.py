"""How fast the evidence grows on its drive, from the segments that are there.

Segments that were given up or moved away do not count, so packing and archiving slow the growth
as they should. Pure. Covers: the rate. Does not cover: what follows from it
(`kernel.store.pressure`).
"""

from __future__ import annotations

from collections.abc import Iterable

WINDOW_DAYS = 7
SPAN_HOURS_MIN = 1
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def bytes_per_day(segments: Iterable[tuple[int, int]], now_us: int) -> int:
    """Bytes a day of the last seven days, nights and days off included; 0 when not known yet.

    ``segments``: when each was begun, and its length. Less than an hour tells nothing. Segments
    begun in the future (the clock was set back) are passed over.
    """
    window_us = WINDOW_DAYS * DAY_US
    begun = [(at_us, size) for at_us, size in segments if at_us <= now_us]
    if not begun:
        return 0
    span_us = min(window_us, now_us - min(at_us for at_us, _ in begun))
    if span_us < SPAN_HOURS_MIN * HOUR_US:
        return 0
    recent = sum(size for at_us, size in begun if now_us - at_us <= window_us)
    return recent * DAY_US // span_us
