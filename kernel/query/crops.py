"""The picture that proves a citation: a cut-out of the frame with the box drawn around it.

Covers: decoding the frame (Pillow, when it is installed), cutting, drawing, writing a PNG
into the crops folder. Does not cover: evidence, which is only read. Crops can be made again
at any time; the same citation has the same file name.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

from contracts.answer import Citation
from kernel.config.errors import KernelError

_MARGIN_X_PX = 120
_MARGIN_Y_PX = 60
_FRAME_PX = 2
_FRAME_COLOUR = (230, 0, 80)
_PIXELS_MAX = 120_000_000


def crop_name(citation: Citation) -> str:
    """File name of a citation's crop: event and box."""
    x0, y0, x1, y1 = citation.box
    return f"{citation.event_id}-{x0}-{y0}-{x1}-{y1}.png"


def save_crop(citation: Citation, frame: bytes, folder: Path) -> Path:
    """Write the crop of a citation, losslessly; returns where it is.

    Raises `KernelError`: ``crop-needs-pillow`` when no image library is installed,
    ``crop-failed`` when the frame cannot be decoded.
    """
    path = folder / crop_name(citation)
    if path.exists():
        return path
    try:
        from PIL import Image, ImageDraw
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
            image = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise KernelError("crop-failed", f"the frame cannot be decoded: {error}") from error
    x0, y0, x1, y1 = citation.box
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
