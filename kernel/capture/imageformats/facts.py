"""What the walk over an image's structure gives, and how it fails.

Covers: the facts, their limits, the fault, bounded reads. Does not cover: any single format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from contracts.base import PIXELS_MAX
from kernel.capture.refusal import RefusalCode

BYTES_MAX = 256 * 1024 * 1024
PIXELS_TOTAL_MAX = 200_000_000

PARTS_MAX = 100_000
"""Chunks or segments of one image: bounds the walk over a file made of nothing but headers."""


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What one image may be at most; the side is also bounded by the box contract."""

    bytes_max: int = BYTES_MAX
    pixels_max: int = PIXELS_TOTAL_MAX
    side_px_max: int = PIXELS_MAX


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image's header declares; both sides are at least 1 pixel."""

    media_type: str
    width_px: int
    height_px: int


class ImageFault(Exception):
    """The bytes are not a whole image of the format they begin like."""

    def __init__(self, code: RefusalCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def truncated(reason: str) -> ImageFault:
    """The fault of an image that ends too early."""
    return ImageFault(RefusalCode.TRUNCATED, reason)


def corrupt(reason: str) -> ImageFault:
    """The fault of an image that contradicts itself."""
    return ImageFault(RefusalCode.CORRUPT, reason)


def unpack_at(layout: struct.Struct, data: bytes, offset: int, what: str) -> tuple[Any, ...]:
    """The fields at ``offset``; raises `ImageFault` (truncated) where the bytes do not reach."""
    if len(data) < offset + layout.size:
        raise truncated(f"the file ends inside its {what}")
    return layout.unpack_from(data, offset)


def require_sides(width_px: int, height_px: int, limits: ImageLimits) -> None:
    """Raises `ImageFault` unless both sides are positive and within the limits.

    To be called as soon as the header is read: a bomb is named a bomb, not corrupt.
    """
    if width_px < 1 or height_px < 1:
        raise corrupt(f"the header declares {width_px} x {height_px} pixels")
    if width_px * height_px > limits.pixels_max or max(width_px, height_px) > limits.side_px_max:
        raise ImageFault(
            RefusalCode.TOO_MANY_PIXELS,
            f"{width_px} x {height_px} pixels are declared,"
            f" the limit is {limits.pixels_max} and {limits.side_px_max} a side",
        )


def count_part(parts: int) -> int:
    """One part more; raises `ImageFault` (corrupt) beyond `PARTS_MAX`."""
    if parts >= PARTS_MAX:
        raise corrupt(f"the file has more than {PARTS_MAX} parts")
    return parts + 1
