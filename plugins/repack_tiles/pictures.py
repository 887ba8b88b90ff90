"""Stored bytes to the pixels that are packed: exactly those of the frame, or not at all.

Only formats that keep pixels are packed: what a lossy file shows depends on who decodes it, and
as pixels it would be many times larger. The same pixels have one spelling whatever their
encoding: three channels, four where something is transparent. Covers: PNG, WebP (lossless),
BMP, QOI, GIF-like palettes, raw Netpbm. Does not cover: sixteen bits a channel, animations.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from plugin_host.textkit.netpbm import NetpbmFault, as_rgb, read_head, read_pixels
from plugins.repack_tiles.tiles import Pixels

PIXELS_MAX = 64 << 20
SIDE_PX_MAX = 65_535
FORMATS = ("PNG", "WEBP", "BMP", "QOI")
_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "LA", "PA"})
_PNG_DEPTH_AT = 24
_PNG_DEEP = 16


@dataclass(frozen=True, slots=True)
class Unfit(Exception):
    """The frame is not packed; ``code`` is one of lossy, deep, animated, too-large, undecodable."""

    code: str
    reason: str


def load_pixels(data: bytes) -> Pixels:
    """The pixels of a frame, opaque ones as red, green and blue. Raises `Unfit`."""
    raw = _netpbm(data)
    if raw is not None:
        return as_rgb(raw)
    if data[:2] == b"\xff\xd8" or (data[8:12] == b"WEBP" and b"VP8L" not in data[12:64]):
        raise Unfit("lossy", "a lossy picture stays as it came")
    if data[:4] == b"\x89PNG" and data[_PNG_DEPTH_AT : _PNG_DEPTH_AT + 1] == bytes([_PNG_DEEP]):
        raise Unfit("deep", "16 bits a channel")
    with warnings.catch_warnings():
        # The size is checked below, on one own limit; Pillow's warning would say it twice.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return as_rgb(_decode(image))
        except (Unfit, MemoryError):
            raise
        except Exception as error:  # hostile bytes raise anything in a format's reader
            raise Unfit("undecodable", f"no picture: {error}"[:400]) from error


def _decode(image: Image.Image) -> Pixels:
    _check_size(*image.size)
    if getattr(image, "n_frames", 1) != 1:
        raise Unfit("animated", "more than one picture in the file")
    if image.mode not in _MODES:
        raise Unfit("deep", f"pixels of mode {image.mode}")
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= SIDE_PX_MAX and 0 < height <= SIDE_PX_MAX):
        raise Unfit("too-large", f"{width} x {height} pixels")
    if width * height > PIXELS_MAX:
        raise Unfit("too-large", f"{width} x {height} pixels, at most {PIXELS_MAX} are packed")


def _netpbm(data: bytes) -> Pixels | None:
    """The pixels of a raw frame; None for other formats."""
    try:
        head = read_head(data)
        if head is None:
            return None
        _check_size(head.width_px, head.height_px)
        return read_pixels(data, head)
    except NetpbmFault as fault:
        raise Unfit(fault.code, fault.reason) from fault
