"""Mains or battery, and heat, where the system tells. Read seldom: sysfs may be slow."""

from __future__ import annotations

from typing import Literal

import psutil

PowerSource = Literal["mains", "battery"]
HOT_BELOW_CRITICAL_C = 5.0
PLAUSIBLE_CRITICAL_C = (40.0, 150.0)


def read_power() -> PowerSource | None:
    """Where the machine's power comes from; None on machines without a battery."""
    try:
        battery = psutil.sensors_battery()
    except OSError:
        # No /sys/class/power_supply (containers, some virtual machines): no battery to spare.
        return None
    if battery is None or battery.power_plugged is None:
        return None
    return "mains" if battery.power_plugged else "battery"


def read_too_hot() -> bool:
    """Whether a sensor is within 5 degrees of the point it calls critical."""
    return any(
        is_too_hot(reading.current, reading.critical)
        for readings in psutil.sensors_temperatures().values()
        for reading in readings
    )


def is_too_hot(current_c: float, critical_c: float | None) -> bool:
    """The rule for one sensor; implausible critical points (0, 255) do not count."""
    low_c, high_c = PLAUSIBLE_CRITICAL_C
    if critical_c is None or not low_c <= critical_c <= high_c:
        return False
    return current_c >= critical_c - HOT_BELOW_CRITICAL_C
