"""Is the person at the machine: one small interface, one rule for all sources.

The rule: unknown, stale or contradictory means active. All ages are taken on the monotonic
clock of this process; a source's own clock is only ever subtracted from itself.
Covers: the interface, the rule, polling the sources. Does not cover: the single sources
(`kernel.scheduling.providers`), what activity leads to (`governor`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ActivityState = Literal["active", "idle", "unknown"]

ACTIVE_BELOW_S = 10.0
"""Input more recent than this is called active; the governor decides by ``idle_s``."""
STALE_AFTER_S = 10.0
NOT_YET = "no answer yet"


@dataclass(frozen=True, slots=True)
class Activity:
    """One observation: seconds without input (None: unknown) as of ``observed_s``."""

    state: ActivityState
    idle_s: float | None
    source: str
    observed_s: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ActivityVerdict:
    """What the rule makes of all observations; ``idle_s`` None means: counts as active."""

    idle_s: float | None
    source: str
    reason: str
    observations: tuple[Activity, ...] = ()


class ActivityProvider(Protocol):
    """A source of activity. ``precise``: it measures the last input, it is not a mere hint.

    `probe` and `read` return at once: what may block runs in the provider's own thread.
    """

    @property
    def name(self) -> str:
        """How settings and reports call it."""
        ...

    @property
    def precise(self) -> bool:
        """Whether it measures."""
        ...

    def probe(self) -> str | None:
        """Why it does not work here; empty when it does; None: not known yet.

        Starts what it needs. Asked at every poll until it works.
        """
        ...

    def read(self, now_s: float) -> Activity:
        """The latest observation; never raises."""
        ...

    def close(self) -> None:
        """Let go of processes, threads and connections; may be called twice."""
        ...


def observed(source: str, idle_s: float, at_s: float) -> Activity:
    """An observation of a known idle time; a negative one is unknown."""
    if not idle_s >= 0.0:
        return unknown(source, at_s, f"idle time of {idle_s} s makes no sense")
    state: ActivityState = "active" if idle_s < ACTIVE_BELOW_S else "idle"
    return Activity(state, idle_s, source, at_s)


def unknown(source: str, at_s: float, detail: str) -> Activity:
    """An observation of nothing, with the reason."""
    return Activity("unknown", None, source, at_s, detail)


def combine(
    observations: Sequence[tuple[Activity, bool]],
    *,
    now_s: float,
    idle_after_s: float,
    stale_after_s: float = STALE_AFTER_S,
) -> ActivityVerdict:
    """The rule over (observation, precise) of all working sources, best source first.

    Sources that measure decide; hints count only where nothing measures. Every one of the
    deciding sources must know, be fresh and agree; the least idle time is the verdict.
    """
    seen = tuple(activity for activity, _ in observations)
    if not seen:
        return ActivityVerdict(None, "none", "no source of activity works here")
    precise = [activity for activity, is_precise in observations if is_precise]
    deciding = precise or list(seen)
    for activity in deciding:
        # An observation from the future is a broken clock, no fresher than one too old.
        age_s = now_s - activity.observed_s
        if activity.idle_s is None:
            reason = f"{activity.source} does not know: {activity.detail}"
            return ActivityVerdict(None, activity.source, reason, seen)
        if not 0.0 <= age_s <= stale_after_s:
            reason = f"{activity.source} is stale: {age_s:.0f} s old"
            return ActivityVerdict(None, activity.source, reason, seen)
    idle = [(activity.idle_s or 0.0, activity.source) for activity in deciding]
    least_s, source = min(idle)
    most_s, other = max(idle)
    if least_s < idle_after_s <= most_s:
        reason = (
            f"contradictory: {source} saw input {least_s:.0f} s ago, {other} {most_s:.0f} s ago"
        )
        return ActivityVerdict(min(least_s, idle_after_s / 2), source, reason, seen)
    return ActivityVerdict(least_s, deciding[0].source, f"last input {least_s:.0f} s ago", seen)


class ActivityMonitor:
    """Polls the providers in order of trust. One thread calls it."""

    def __init__(
        self,
        providers: Sequence[ActivityProvider],
        *,
        now_s: Callable[[], float],
        idle_after_s: float,
        stale_after_s: float = STALE_AFTER_S,
    ) -> None:
        self._providers = tuple(providers)
        self._now_s = now_s
        self._idle_after_s = idle_after_s
        self._stale_after_s = stale_after_s
        self._why_not: dict[str, str | None] = {}

    def poll(self) -> ActivityVerdict:
        """Read what works and apply the rule; what did not work is probed again."""
        observations = [
            (provider.read(self._now_s()), provider.precise)
            for provider in self._providers
            if not self._probe(provider)
        ]
        return combine(
            observations,
            now_s=self._now_s(),
            idle_after_s=self._idle_after_s,
            stale_after_s=self._stale_after_s,
        )

    def describe(self) -> dict[str, str]:
        """Provider -> why it does not work here, or empty; for `kernel doctor`."""
        found = {provider.name: self._probe(provider) for provider in self._providers}
        return {name: NOT_YET if why is None else why for name, why in found.items()}

    def close(self) -> None:
        """Close all providers."""
        for provider in self._providers:
            provider.close()

    def _probe(self, provider: ActivityProvider) -> str | None:
        """Why it is left out; empty and None: it takes part, silence included."""
        # A source that worked once and falls silent stays in: silence means active.
        if self._why_not.get(provider.name) != "":
            self._why_not[provider.name] = provider.probe()
        return self._why_not[provider.name]
