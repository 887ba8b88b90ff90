"""What explicit requests may still spend, kept across kernels so that a new one is no new budget.

Covers: the file, the refill while no kernel ran. Does not cover: spending (`governor`). A kernel
that is killed forgets at most what was spent since the file was written last.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from kernel.config.smallfile import read_small_file

FILE_BYTES_MAX = 4_096
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many CPU seconds were left at that moment (UTC in microseconds)."""

    left_s: float
    at_us: int

    def left_at(self, now_us: int, *, cpu_s: float, window_s: float) -> float:
        """What is left later: ``cpu_s`` come back in ``window_s``, and there is never more.

        A clock that was set back gives nothing back.
        """
        elapsed_s = max(0, now_us - self.at_us) / 1e6
        return min(cpu_s, self.left_s + refill_s(elapsed_s, cpu_s=cpu_s, window_s=window_s))


def refill_s(elapsed_s: float, *, cpu_s: float, window_s: float) -> float:
    """CPU seconds that come back in a time."""
    return cpu_s / window_s * elapsed_s


def read_allowance(path: Path, now_us: int) -> Allowance | None:
    """What the file says; None: no file, nothing was ever spent.

    A file that cannot be read means that all is spent now: it comes back by itself.
    """
    try:
        document = json.loads(read_small_file(path, FILE_BYTES_MAX))
        return _parse(document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return Allowance(0.0, now_us)


def write_allowance(path: Path, allowance: Allowance) -> None:
    """Put it in place whole; raises `OSError`.

    Not forced to the drive: after a power cut a lost figure costs a few CPU seconds, and the loop
    that writes it must not wait for the drive.
    """
    document = {
        "schema": SCHEMA,
        "left_ms": round(allowance.left_s * 1000),
        "at_us": allowance.at_us,
    }
    part = path.with_name(f"{path.name}.new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(document).encode())
    part.replace(path)


def _parse(document: object) -> Allowance:
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError(f"not an allowance of schema {SCHEMA}")
    left_ms, at_us = document.get("left_ms"), document.get("at_us")
    if type(left_ms) is not int or type(at_us) is not int:
        raise ValueError("left_ms or at_us is wrong")
    return Allowance(left_ms / 1000, at_us)
