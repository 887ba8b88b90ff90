"""The `kernel` command as any user runs it: a subprocess that prints one JSON document.

Covers: running it with a deadline. Does not cover: what is asked.
"""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any

from kernel.soak.child import COMMAND

SECONDS_MAX = 120.0


@dataclass(frozen=True, slots=True)
class Said:
    """What it printed (None: no JSON), its exit status and how long it took."""

    document: dict[str, Any] | None
    status: int
    took_ms: float
    complaint: str = ""


def run_command(
    arguments: list[str], environment: dict[str, str], *, seconds_max: float = SECONDS_MAX
) -> Said:
    """Run it to its end; a command that takes too long is killed and says nothing."""
    began_s = time.monotonic()
    try:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds_max,
            check=False,
            # Ctrl-C is for the soak, which lets its questions end.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return Said(None, -9, 1000 * seconds_max, f"no answer within {seconds_max:.0f} s")
    took_ms = round(1000 * (time.monotonic() - began_s), 1)
    complaint = done.stderr.decode(errors="replace").strip()
    try:
        document = json.loads(done.stdout)
    except ValueError:
        document = None
    return Said(document, done.returncode, took_ms, complaint)
