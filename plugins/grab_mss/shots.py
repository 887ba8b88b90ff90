"""One monitor's pictures: what is worth writing, and how it is written into the inbox.

Covers: exact comparison with the picture before, names, PNG and sidecar put in place by
rename. Does not cover: grabbing (`plugins.grab_mss.grabber`).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import mss.tools

SOURCE = "grab_mss"
ACTIVE_INTERVAL_S = 0.5
STILL_INTERVAL_S = 2.0
STILL_AFTER_S = 30.0
"""A screen that has not changed for this long is looked at less often."""
REPEAT_AFTER_S = 300.0
"""An unchanged picture is written again after this long: it says that the screen was on."""
PNG_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of one monitor: BGRA bytes, and RGB made from them only when it is written."""

    monitor: int
    width_px: int
    height_px: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last written of a monitor, and when it last changed."""

    shot: Shot
    changed_s: float
    written_s: float


def judge(previous: Seen | None, shot: Shot, now_s: float) -> tuple[Seen, bool]:
    """What is known after this look, and whether the picture is to be written.

    Only a picture of exactly the same bytes counts as unchanged: one changed character on a
    full screen is a change.
    """
    if previous is None or previous.shot != shot:
        return Seen(shot, now_s, now_s), True
    if now_s - previous.written_s >= REPEAT_AFTER_S:
        return Seen(shot, previous.changed_s, now_s), True
    return previous, False


def next_interval_s(seen: list[Seen], now_s: float) -> float:
    """How long to wait until the next look, given what is known of every monitor."""
    still = all(now_s - known.changed_s >= STILL_AFTER_S for known in seen)
    return STILL_INTERVAL_S if seen and still else ACTIVE_INTERVAL_S


def write_shot(inbox: Path, shot: Shot, rgb: bytes, moment: dt.datetime, monotonic_ns: int) -> Path:
    """Put the picture and its sidecar in place; returns the picture's path.

    ``moment`` is aware. The temporary files keep their names and are used again, so that an
    interrupted write leaves nothing to tidy up. Raises `OSError` when the disk takes nothing.
    """
    stamp = moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    image = inbox / f"{stamp}-m{shot.monitor}.png"
    png = mss.tools.to_png(rgb, (shot.width_px, shot.height_px), level=PNG_LEVEL)
    assert png is not None
    sidecar = {
        "captured_at": moment.isoformat(),
        "monitor": shot.monitor,
        "monotonic_ns": monotonic_ns,
        "source": SOURCE,
    }
    for data, target in (
        (png, image),
        (json.dumps(sidecar).encode(), image.with_suffix(".json")),
    ):
        temporary = inbox / f".{SOURCE}-m{shot.monitor}.tmp"
        temporary.write_bytes(data)
        temporary.rename(target)
    return image
