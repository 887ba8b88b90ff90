"""Stored bytes to the pixels that are packed: exactly those of the frame, or not at all.

Only formats that keep pixels are packed: what a lossy file shows depends on who decodes it, and
as pixels it would be many times larger. The same pixels have one spelling whatever their
encoding: three channels, four where something is transparent. Covers: PNG, WebP (lossless),
BMP, QOI, GIF-like palettes, raw Netpbm. Does not cover: sixteen bits a channel, animations.
"""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image

from plugins.repack_tiles.tiles import Pixels

PIXELS_MAX = 64 << 20
SIDE_PX_MAX = 65_535
FORMATS = ("PNG", "WEBP", "BMP", "QOI")
OPAQUE = 255
_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "LA", "PA"})
_PNG_DEPTH_AT = 24
_PNG_DEEP = 16
_PNM = re.compile(
    rb"P([56])(?:\s|#[^\n]*\n)+(\d{1,6})(?:\s|#[^\n]*\n)+(\d{1,6})(?:\s|#[^\n]*\n)+255\s"
)
_PAM_LINE = re.compile(rb"(WIDTH|HEIGHT|DEPTH|MAXVAL) +(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Unfit(Exception):
    """The frame is not packed; ``code`` is one of lossy, deep, animated, too-large, undecodable."""

    code: str
    reason: str


def load_pixels(data: bytes) -> Pixels:
    """The pixels of a frame, opaque ones as red, green and blue. Raises `Unfit`."""
    raw = _netpbm(data)
    if raw is not None:
        return _canonical(raw)
    if data[:2] == b"\xff\xd8" or (data[8:12] == b"WEBP" and b"VP8L" not in data[12:64]):
        raise Unfit("lossy", "a lossy picture stays as it came")
    if data[:4] == b"\x89PNG" and data[_PNG_DEPTH_AT : _PNG_DEPTH_AT + 1] == bytes([_PNG_DEEP]):
        raise Unfit("deep", "16 bits a channel")
    with warnings.catch_warnings():
        # The size is checked below, on one own limit; Pillow's warning would say it twice.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _canonical(_decode(image))
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
    """The pixels of a binary Netpbm file with 8 bits a sample; None for other formats."""
    if data[:2] not in {b"P5", b"P6", b"P7"}:
        return None
    if data[:2] == b"P7":
        head, _, _ = data[:1024].partition(b"\nENDHDR\n")
        at = len(head) + len(b"\nENDHDR\n")
        fields = {name: int(value) for name, value in _PAM_LINE.findall(head)}
        width, height = fields.get(b"WIDTH", 0), fields.get(b"HEIGHT", 0)
        channels, deepest = fields.get(b"DEPTH", 0), fields.get(b"MAXVAL", 0)
        if deepest != OPAQUE or not 1 <= channels <= 4:  # noqa: PLR2004 - at most RGB and alpha
            raise Unfit("deep", f"{channels} channels up to {deepest}")
    else:
        found = _PNM.match(data[:1024])
        if found is None:
            raise Unfit("deep", "not 8 bits a sample")
        width, height, at = int(found[2]), int(found[3]), found.end()
        channels = 1 if found[1] == b"5" else 3
    _check_size(width, height)
    size = width * height * channels
    if len(data) - at < size:
        raise Unfit("undecodable", "the pixels are cut short")
    return np.frombuffer(data, np.uint8, size, at).reshape(height, width, channels)


def _canonical(pixels: Pixels) -> Pixels:
    """Grey as three channels; without the alpha channel where nothing is transparent."""
    channels = pixels.shape[2]
    has_alpha = channels in {2, 4}
    if channels <= 2:  # noqa: PLR2004 - grey, or grey and alpha
        grey = np.repeat(pixels[:, :, :1], 3, axis=2)
        pixels = np.concatenate((grey, pixels[:, :, 1:]), axis=2)
    if has_alpha and int(pixels[:, :, 3].min()) == OPAQUE:
        pixels = pixels[:, :, :3]
    return np.ascontiguousarray(pixels)
