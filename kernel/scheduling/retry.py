"""When a failed task is tried again. Pure; the backlog records the attempts."""

from __future__ import annotations


def retry_delay_s(attempt: int, *, base_s: float, max_s: float) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 1): doubling, bounded."""
    if attempt < 1:
        raise ValueError(f"attempts are counted from 1, got {attempt}")
    # The exponent is bounded too: 2.0**1024 overflows long after the delay stopped growing.
    return min(max_s, base_s * 2.0 ** min(attempt - 1, 64))


def is_exhausted(attempt: int, *, attempts_max: int) -> bool:
    """Whether a task that failed this often is given up."""
    return attempt >= attempts_max
