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
    """Limits: failed attempts, host deaths per task, delays in seconds.

    ``attempts_max`` counts what failed for the task's own reasons; one that is taken back because
    the person came back or a budget was spent has not failed, however often that is.
    """

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
    """The plugin failed the task for the ``attempts``-th time and the host lives on.

    ``retry`` is false where the plugin itself said that another try is vain.
    """
    if not retry or is_exhausted(attempts, attempts_max=policy.attempts_max):
        return Fate("give_up")
    delay_s = retry_delay_s(attempts, base_s=policy.retry_base_s, max_s=policy.retry_max_s)
    return Fate("retry", delay_s)


def after_loss(*, deaths: int, policy: RetryPolicy) -> Fate:
    """The host went away with the task; ``deaths`` counts those that are held against it."""
    if deaths >= policy.deaths_max:
        return Fate("quarantine")
    return Fate("retry")


def after_memory(*, losses: int, policy: RetryPolicy) -> Fate:
    """The host was ended with the task to keep a limit on memory, for the ``losses``-th time.

    It may have been another host's need: so it is tried as often as one that failed, and later
    each time, when that one may be gone.
    """
    if is_exhausted(losses, attempts_max=policy.attempts_max):
        return Fate("quarantine")
    delay_s = retry_delay_s(losses, base_s=policy.retry_base_s, max_s=policy.retry_max_s)
    return Fate("retry", delay_s)
