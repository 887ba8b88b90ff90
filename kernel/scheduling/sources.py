"""Which sources of activity there are, in order of trust, by their names in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from kernel.scheduling.activity import ActivityProvider
from kernel.scheduling.providers.background import BackgroundProvider
from kernel.scheduling.providers.logind_idle import LogindIdleSource
from kernel.scheduling.providers.signal_file import SignalFileProvider
from kernel.scheduling.providers.wsl_idle import WslIdleSource
from kernel.scheduling.providers.x11_idle import X11IdleSource

ProviderName = Literal["signal_file", "wsl", "x11", "logind"]
TRUST_ORDER: tuple[ProviderName, ...] = ("signal_file", "wsl", "x11", "logind")


def make_providers(
    names: Sequence[ProviderName],
    *,
    signal_file: Path,
    environment: Mapping[str, str] | None = None,
) -> tuple[ActivityProvider, ...]:
    """The named providers, most trusted first, unopened; whether they work, `probe` tells."""
    return tuple(_make(name, signal_file, environment) for name in TRUST_ORDER if name in names)


def _make(
    name: ProviderName, signal_file: Path, environment: Mapping[str, str] | None
) -> ActivityProvider:
    match name:
        case "signal_file":
            return SignalFileProvider(signal_file)
        case "wsl":
            # The process sends a line a second: its pace is the pace.
            return BackgroundProvider("wsl", WslIdleSource(), precise=True, interval_s=0.0)
        case "x11":
            return BackgroundProvider("x11", X11IdleSource(environment), precise=True)
        case "logind":
            # A hint, and a bus that is asked in vain may start things: no hurry.
            return BackgroundProvider(
                "logind", LogindIdleSource(), precise=False, probe_delay_s=30.0
            )
