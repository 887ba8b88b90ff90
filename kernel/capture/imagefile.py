"""Recognition of image files by structure alone: format, size, wholeness; no decoding.

Covers: PNG, JPEG, WebP, BMP, QOI and raw frames (Netpbm), limits on bytes and declared
pixels. Pure: bytes in, facts or a refusal out, so it may run while the person is active.
Does not cover: whether the compressed pixels decode; that shows in idle time, in a host.

Pillow was rejected for this job: `Image.open` reads headers only, so a PNG, JPEG, BMP or QOI
cut short passes it (shown in tests/kernel/capture/test_imagefile.py), and what would notice
(`load`) decodes: 10 to 30 ms for a full screen against about 0.2 ms here. It would also put
C decoders for hostile bytes into the process that holds the evidence.
"""

from __future__ import annotations

from collections.abc import Callable

from kernel.capture.imageformats.bmp import SIGNATURE as BMP_SIGNATURE
from kernel.capture.imageformats.bmp import recognise_bmp
from kernel.capture.imageformats.facts import ImageFacts, ImageFault, ImageLimits
from kernel.capture.imageformats.jpeg import SIGNATURE as JPEG_SIGNATURE
from kernel.capture.imageformats.jpeg import recognise_jpeg
from kernel.capture.imageformats.png import SIGNATURE as PNG_SIGNATURE
from kernel.capture.imageformats.png import recognise_png
from kernel.capture.imageformats.pnm import SIGNATURES as PNM_SIGNATURES
from kernel.capture.imageformats.pnm import recognise_pnm
from kernel.capture.imageformats.qoi import SIGNATURE as QOI_SIGNATURE
from kernel.capture.imageformats.qoi import recognise_qoi
from kernel.capture.imageformats.webp import FORM as WEBP_FORM
from kernel.capture.imageformats.webp import SIGNATURE as RIFF_SIGNATURE
from kernel.capture.imageformats.webp import recognise_webp
from kernel.capture.refusal import Refusal, RefusalCode

_SIGNATURE_BYTES_MAX = 12

Recogniser = Callable[[bytes, ImageLimits], ImageFacts]
_BY_SIGNATURE: tuple[tuple[bytes, Recogniser], ...] = (
    (PNG_SIGNATURE, recognise_png),
    (JPEG_SIGNATURE, recognise_jpeg),
    (QOI_SIGNATURE, recognise_qoi),
    *((signature, recognise_pnm) for signature in PNM_SIGNATURES),
    (BMP_SIGNATURE, recognise_bmp),
)


def refuse_size(size_bytes: int, limits: ImageLimits) -> Refusal | None:
    """The refusal of a file by its size alone, None when it is small enough."""
    if size_bytes <= limits.bytes_max:
        return None
    return Refusal(
        RefusalCode.TOO_MANY_BYTES, f"{size_bytes} bytes, the limit is {limits.bytes_max}"
    )


def recognise_image(data: bytes, limits: ImageLimits | None = None) -> ImageFacts | Refusal:
    """What the bytes are, or why they are not a whole acceptable image. Never raises."""
    limits = limits or ImageLimits()
    if not data:
        return Refusal(RefusalCode.EMPTY, "the file has no bytes")
    too_large = refuse_size(len(data), limits)
    if too_large:
        return too_large
    recogniser = _find_recogniser(data)
    if recogniser is None:
        if _begins_like_an_image(data):
            return Refusal(RefusalCode.TRUNCATED, "the file ends inside its signature")
        return Refusal(RefusalCode.NOT_AN_IMAGE, "it begins like no known image format")
    try:
        return recogniser(data, limits)
    except ImageFault as fault:
        return Refusal(fault.code, fault.reason)


def _find_recogniser(data: bytes) -> Recogniser | None:
    if data.startswith(RIFF_SIGNATURE) and data[8:12] == WEBP_FORM:
        return recognise_webp
    for signature, recogniser in _BY_SIGNATURE:
        if data.startswith(signature):
            return recogniser
    return None


def _begins_like_an_image(data: bytes) -> bool:
    """Whether these few bytes may grow into an image (a half-written file)."""
    if data.startswith(RIFF_SIGNATURE) and len(data) < _SIGNATURE_BYTES_MAX:
        return WEBP_FORM.startswith(data[8:])
    known = (RIFF_SIGNATURE, *(signature for signature, _ in _BY_SIGNATURE))
    return any(signature.startswith(data) for signature in known)
