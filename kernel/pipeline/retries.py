"""What becomes of a task that failed or was lost: pure.

Covers: retry with bounded backoff, giving up, quarantine of a task that kills hosts. Does
not cover: restarts of hosts (`kernel.supervision.restart`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kernel.scheduling.retry import is_exhausted, retry_delay_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Limits: attempts in all, host deaths per task, delays in seconds."""

    attempts_max: int = 3
    deaths_max: int = 2
    retry_base_s: float = 1.0
    retry_max_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What to do with the task; ``delay_s`` is meant for ``retry``."""

    kind: Literal["retry", "give_up", "quarantine"]
    delay_s: float = 0.0


def after_error(*, attempts: int, retry: bool, policy: RetryPolicy) -> Fate:
    """The plugin failed the task for the ``attempts``-th time and the host lives on."""
    if not retry or is_exhausted(attempts, attempts_max=policy.attempts_max):
        return Fate("give_up")
    delay_s = retry_delay_s(attempts, base_s=policy.retry_base_s, max_s=policy.retry_max_s)
    return Fate("retry", delay_s)


def after_loss(*, deaths: int, policy: RetryPolicy) -> Fate:
    """The host went away with the task; ``deaths`` counts those that are held against it."""
    if deaths >= policy.deaths_max:
        return Fate("quarantine")
    return Fate("retry")
