"""Raw frames: binary Netpbm with 8 bits a sample.

Covers: P5 (grey), P6 (red-green-blue) and P7 (PAM, one to four channels). Does not cover: what is
done with the pixels. Pillow was rejected: it has no PAM. Needs NumPy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE_MAX: Final = 255
CHANNELS_MAX: Final = 4
_HEAD_BYTES: Final = 1024
_PNM = re.compile(
    rb"P([56])(?:\s|#[^\n]*\n)+(\d{1,6})(?:\s|#[^\n]*\n)+(\d{1,6})(?:\s|#[^\n]*\n)+255\s"
)
_PAM_LINE = re.compile(rb"(WIDTH|HEIGHT|DEPTH|MAXVAL) +(\d{1,6})")
_PAM_END = b"\nENDHDR\n"


@dataclass(frozen=True, slots=True)
class NetpbmFault(Exception):
    """The frame is not read; ``code`` is ``deep`` or ``undecodable``."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NetpbmHead:
    """What a raw frame says of itself; the pixels begin at ``start`` and need not be there."""

    width_px: int
    height_px: int
    channels: int
    start: int


def read_head(data: bytes) -> NetpbmHead | None:
    """The header of a raw frame; None for other formats.

    Raises `NetpbmFault` ``deep`` for anything but 8 bits a sample.
    """
    if data[:2] not in {b"P5", b"P6", b"P7"}:
        return None
    if data[:2] == b"P7":
        head, _, _ = data[:_HEAD_BYTES].partition(_PAM_END)
        fields = {name: int(value) for name, value in _PAM_LINE.findall(head)}
        channels, deepest = fields.get(b"DEPTH", 0), fields.get(b"MAXVAL", 0)
        if deepest != SAMPLE_MAX or not 1 <= channels <= CHANNELS_MAX:
            raise NetpbmFault("deep", f"{channels} channels up to {deepest}")
        size = fields.get(b"WIDTH", 0), fields.get(b"HEIGHT", 0)
        return NetpbmHead(*size, channels, len(head) + len(_PAM_END))
    found = _PNM.match(data[:_HEAD_BYTES])
    if found is None:
        raise NetpbmFault("deep", "not 8 bits a sample")
    return NetpbmHead(int(found[2]), int(found[3]), 1 if found[1] == b"5" else 3, found.end())


def read_pixels(data: bytes, head: NetpbmHead) -> NDArray[np.uint8]:
    """Height x width x channels, a view on ``data``.

    Raises `NetpbmFault` ``undecodable`` where pixels are missing.
    """
    size = head.width_px * head.height_px * head.channels
    if not size or len(data) - head.start < size:
        raise NetpbmFault("undecodable", "the pixels are cut short")
    flat = np.frombuffer(data, np.uint8, size, head.start)
    return flat.reshape(head.height_px, head.width_px, head.channels)


def as_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey as three channels; without the alpha channel where nothing is transparent."""
    channels = pixels.shape[2]
    has_alpha = channels in {2, 4}
    if channels <= 2:  # noqa: PLR2004 - grey, or grey and alpha
        grey = np.repeat(pixels[:, :, :1], 3, axis=2)
        pixels = np.concatenate((grey, pixels[:, :, 1:]), axis=2)
    if has_alpha and int(pixels[:, :, 3].min()) == SAMPLE_MAX:
        pixels = pixels[:, :, :3]
    return np.ascontiguousarray(pixels)
