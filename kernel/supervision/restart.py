"""When a plugin's host may be started again: backoff and restart intensity, pure.

Intensity is Erlang/OTP's: more than R crashes within T seconds, and the supervisor gives up
(the plugin is quarantined). Backoff grows from base to max with a jitter that is a pure
function of plugin and crash count, so that a test can foresee it. The window is minutes
long: short windows miss slow crash loops (circus #604), and the backoff may never carry the
crashes out of the window (`Policy.check`; systemd's trap).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

JITTER_PERMILLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Policy:
    """Restart limits: ``restarts_max`` crashes within ``window_s`` seconds, then no more."""

    restarts_max: int = 3
    window_s: float = 300.0
    backoff_base_s: float = 0.1
    backoff_max_s: float = 30.0
    stable_after_s: float = 10.0

    def check(self) -> None:
        """Raise `ValueError` when backoff alone would keep crashes below the intensity."""
        if self.restarts_max < 1 or self.window_s <= 0 or self.backoff_base_s <= 0:
            raise ValueError("restart limits must be positive")
        longest_s = (self.restarts_max + 1) * self.backoff_max_s * (1 + JITTER_PERMILLE_MAX / 1000)
        if longest_s >= self.window_s:
            raise ValueError(
                f"{self.restarts_max + 1} restarts at the longest backoff take {longest_s:.0f} s: "
                f"they never fall into a window of {self.window_s:.0f} s"
            )


@dataclass(frozen=True, slots=True)
class Crash:
    """One unwanted death: when, why, and how long the host had been alive."""

    at_s: float
    cause: str
    lived_s: float


@dataclass(frozen=True, slots=True)
class History:
    """The crashes of one plugin inside the window, oldest first."""

    plugin_id: str
    crashes: tuple[Crash, ...] = ()
    streak: int = 0
    """Crashes in a row of hosts that did not live long enough to count as stable."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``start_at_s``: not before this time; ``quarantine``: not at all."""

    start_at_s: float
    quarantine: bool


def record_crash(history: History, crash: Crash, policy: Policy) -> tuple[History, Verdict]:
    """Add a crash and say when the next host may start, or that none may."""
    recent = tuple(c for c in history.crashes if c.at_s > crash.at_s - policy.window_s)
    crashes = (*recent, crash)
    streak = 1 if crash.lived_s >= policy.stable_after_s else history.streak + 1
    updated = replace(history, crashes=crashes, streak=streak)
    if len(crashes) > policy.restarts_max:
        return updated, Verdict(start_at_s=float("inf"), quarantine=True)
    delay_s = backoff_s(history.plugin_id, streak, policy)
    return updated, Verdict(start_at_s=crash.at_s + delay_s, quarantine=False)


def backoff_s(plugin_id: str, streak: int, policy: Policy) -> float:
    """Seconds to wait after the ``streak``-th crash in a row (1, 2, ...)."""
    exponent = min(max(streak, 1) - 1, 32)
    plain_s = min(policy.backoff_max_s, policy.backoff_base_s * float(2**exponent))
    jitter = zlib.crc32(f"{plugin_id}/{streak}".encode()) % (JITTER_PERMILLE_MAX + 1)
    return plain_s * (1 + jitter / 1000)
