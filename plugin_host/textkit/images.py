"""Encoded image bytes to pixels, with the size checked before anything is decoded.

Frames come from outside: a small file may announce a picture of many gigabytes. Pillow reads
the header first, so the announced size is known before memory is taken. Orientation marks are
not applied: boxes are in pixels of the frame as it is stored.

Covers: PNG, JPEG, WebP, BMP, QOI, TIFF, GIF (first picture), raw Netpbm; grey, 16-bit, palette
and alpha.
Does not cover: finding text. Needs Pillow and NumPy (the extras of the text plugins).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from contracts.tiles import pixels_digest
from plugin_host.hooks import PluginError
from plugin_host.textkit.netpbm import NetpbmFault, as_rgb, read_head, read_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRAME_PIXELS_MAX: Final = 64 << 20
"""Largest frame that is decoded: more than two 8K screens."""

SIDE_PX_MAX: Final = 65_535
"""Longest side; a box of the contracts cannot point further."""

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "QOI", "TIFF", "GIF")
"""Formats that are tried; Pillow's rarer readers stay shut."""

EXACT_FORMATS: Final = ("PNG", "WEBP", "BMP", "QOI")
"""Formats that keep pixels; WebP where the file says that it does."""

OPAQUE: Final = 255
_EXACT_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "LA", "PA"})
_PNG_DEPTH_AT = 24
_PNG_DEEP = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame: ``pixels`` is height x width x 3, 8 bits, red-green-blue.

    ``is_exact``: they are the frame's own, whoever decodes it; not of a lossy format, nothing
    transparent, no more than 8 bits a channel.
    """

    pixels: NDArray[np.uint8]
    is_exact: bool = False

    @property
    def digest(self) -> str | None:
        """`contracts.tiles.pixels_digest` of the frame, where its pixels are exact."""
        if not self.is_exact:
            return None
        pixels = np.ascontiguousarray(self.pixels)
        return pixels_digest(self.width_px, self.height_px, 3, pixels.data.cast("B")).hex()

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


def decode_picture(data: bytes, *, pixels_max: int = FRAME_PIXELS_MAX) -> Picture:
    """The picture in ``data``.

    Raises `PluginError`: ``image-undecodable`` (no known format, broken or cut short) or
    ``image-too-large`` (more than ``pixels_max`` pixels or a side over `SIDE_PX_MAX`; found from
    the header, nothing is decoded then). Neither is worth another attempt.
    """
    raw = _read_raw(data, pixels_max)
    if raw is not None:
        return raw
    with warnings.catch_warnings():
        # The size is checked below, on one own limit; Pillow's warning would say it twice.
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise PluginError("image-too-large", str(error)) from error
        except Exception as error:  # hostile bytes raise anything in a format's reader
            raise PluginError("image-undecodable", f"not a picture: {error}") from error
        with image:
            _check_size(image.size, pixels_max)
            try:
                return Picture(_to_rgb(image), is_exact=_is_exact(image, data))
            except MemoryError:
                raise
            except Exception as error:  # the same for its pixel data
                raise PluginError("image-undecodable", f"broken picture: {error}") from error


def _read_raw(data: bytes, pixels_max: int) -> Picture | None:
    try:
        head = read_head(data)
        if head is None:
            return None
        _check_size((head.width_px, head.height_px), pixels_max)
        pixels = as_rgb(read_pixels(data, head))
    except NetpbmFault as fault:
        raise PluginError("image-undecodable", f"a raw frame: {fault.reason}") from fault
    opaque = pixels.shape[2] == 3  # noqa: PLR2004 - without alpha
    return Picture(pixels if opaque else _flatten(pixels), is_exact=opaque)


def _is_exact(image: Image.Image, data: bytes) -> bool:
    if image.format not in EXACT_FORMATS or getattr(image, "n_frames", 1) != 1:
        return False
    if image.format == "WEBP" and b"VP8L" not in data[12:64]:
        return False
    if image.format == "PNG" and data[_PNG_DEPTH_AT : _PNG_DEPTH_AT + 1] == bytes([_PNG_DEEP]):
        return False
    if image.mode not in _EXACT_MODES:
        return False
    alpha = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    return not alpha or int(np.asarray(image.convert("RGBA"))[:, :, 3].min()) == OPAQUE


def _check_size(size: tuple[int, int], pixels_max: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PluginError("image-undecodable", f"a picture of {width} x {height} pixels")
    if width * height > pixels_max or max(width, height) > SIDE_PX_MAX:
        raise PluginError(
            "image-too-large",
            f"{width} x {height} pixels where at most {pixels_max} and {SIDE_PX_MAX} a side "
            "are decoded",
        )


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep_grey(np.asarray(image))
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        return _flatten(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """16-bit grey to 8 bits: Pillow's own conversion would clip instead of scale."""
    scaled = np.clip(values.astype(np.float32) / 257.0, 0.0, 255.0).round().astype(np.uint8)
    return np.repeat(scaled[:, :, np.newaxis], 3, axis=2)


def _flatten(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture over white, or over black where what is visible is light itself."""
    alpha = rgba[:, :, 3:4]
    if int(alpha.min()) == 255:  # noqa: PLR2004 - opaque, as screens are
        return np.ascontiguousarray(rgba[:, :, :3])
    weights = alpha.astype(np.float32) / 255.0
    visible = float(weights.sum()) * 3.0
    mean = float((rgba[:, :, :3] * weights).sum()) / visible if visible else 0.0
    backdrop = 0.0 if mean > 127.5 else 255.0  # noqa: PLR2004 - the middle of 0..255
    mixed = rgba[:, :, :3] * weights + backdrop * (1.0 - weights)
    flat: NDArray[np.uint8] = mixed.round().astype(np.uint8)
    return flat
