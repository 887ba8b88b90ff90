"""The picture that proves a citation: a cut-out of the frame with the box drawn around it.

Covers: decoding the frame (Pillow, when it is installed), cutting, drawing, writing a PNG
into the crops folder. Does not cover: evidence, which is only read. Crops can be made again
at any time; the same citation has the same file name.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.answer import Citation
from contracts.base import Box
from kernel.config.errors import KernelError

if TYPE_CHECKING:
    from PIL import Image

_MARGIN_X_PX = 120
_MARGIN_Y_PX = 60
_MARGIN_PX_MIN = 12
_FRAME_PX = 2
_FRAME_COLOUR = (230, 0, 80)
_PIXELS_MAX = 120_000_000


def crop_name(citation: Citation) -> str:
    """File name of a citation's crop: event and box."""
    if not has_box(citation):
        return f"{citation.event_id}-frame.png"
    x0, y0, x1, y1 = citation.box
    return f"{citation.event_id}-{x0}-{y0}-{x1}-{y1}.png"


def has_box(citation: Citation) -> bool:
    """Whether it cites a place on its frame; a frame nobody has decoded yet is cited as a whole."""
    x0, y0, x1, y1 = citation.box
    return x0 < x1 and y0 < y1


def save_crop(citation: Citation, frame: bytes, folder: Path) -> Path:
    """Write the crop of a citation, losslessly; returns where it is.

    Raises `KernelError`: ``crop-needs-pillow`` when no image library is installed,
    ``crop-failed`` when the frame cannot be decoded.
    """
    path = folder / crop_name(citation)
    if path.exists():
        return path
    image = _decoded(frame)
    from PIL import ImageDraw

    x0, y0, x1, y1 = _box_on(image, citation)
    draw = ImageDraw.Draw(image)
    outline = (x0 - _FRAME_PX, y0 - _FRAME_PX, x1 + _FRAME_PX - 1, y1 + _FRAME_PX - 1)
    draw.rectangle(outline, outline=_FRAME_COLOUR, width=_FRAME_PX)
    cut = image.crop(
        (
            max(0, x0 - _MARGIN_X_PX),
            max(0, y0 - _MARGIN_Y_PX),
            min(image.width, x1 + _MARGIN_X_PX),
            min(image.height, y1 + _MARGIN_Y_PX),
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    cut.save(unfinished, format="PNG")
    unfinished.replace(path)
    return path


def cut_crop(citation: Citation, frame: bytes) -> bytes:
    """A PNG of the citation's box with a margin of its own height, nothing drawn on it.

    Raises `KernelError` as `save_crop` does.
    """
    image = _decoded(frame)
    x0, y0, x1, y1 = _box_on(image, citation)
    margin = max(_MARGIN_PX_MIN, y1 - y0)
    cut = image.crop(
        (
            max(0, x0 - margin),
            max(0, y0 - margin),
            min(image.width, x1 + margin),
            min(image.height, y1 + margin),
        )
    )
    written = io.BytesIO()
    cut.save(written, format="PNG")
    return written.getvalue()


def _box_on(image: Image.Image, citation: Citation) -> Box:
    """The box; the whole picture for a frame that was cited before anybody knew its size."""
    return citation.box if has_box(citation) else (0, 0, image.width, image.height)


def _decoded(frame: bytes) -> Image.Image:
    try:
        from PIL import Image
    except ImportError as error:
        raise KernelError(
            "crop-needs-pillow",
            "crops need an image library that is not installed",
            hint="install the extra: autocapture[ocr]",
        ) from error
    try:
        with Image.open(io.BytesIO(frame)) as opened:
            if opened.width * opened.height > _PIXELS_MAX:
                raise KernelError("crop-failed", f"the frame has {opened.size} pixels, too many")
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise KernelError("crop-failed", f"the frame cannot be decoded: {error}") from error
