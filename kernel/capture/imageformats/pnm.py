"""Raw frames with a declared header: binary Netpbm, P5 (grey), P6 (RGB) and P7 (PAM).

Chosen over a header of our own: a grabber writes one line of text before its buffer, and
every image tool reads the result. Covers: one frame of 8-bit samples. Does not cover: the
plain-text variants, 16-bit samples, several frames in a file.
"""

from __future__ import annotations

import re

from kernel.capture.imageformats.facts import (
    ImageFacts,
    ImageFault,
    ImageLimits,
    corrupt,
    require_sides,
    truncated,
)

SIGNATURES = (b"P5", b"P6", b"P7\n")
_HEADER_BYTES_MAX = 1024
_GAP = rb"(?:\s+(?:#[^\n]*\n\s*)*)"
_PNM = re.compile(
    rb"P([56])" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,9})" + _GAP + rb"(\d{1,5})\s"
)
_PNM_DEPTH = {b"5": 1, b"6": 3}
_PAM_LINE = re.compile(rb"(WIDTH|HEIGHT|DEPTH|MAXVAL)\s+(\d{1,9})\s*\Z")
_PAM_END = b"\nENDHDR\n"
_PAM_DEPTH_MAX = 4
_SAMPLE_MAX = 255


def recognise_pnm(data: bytes, limits: ImageLimits) -> ImageFacts:
    """The facts of one whole raw frame. Raises `ImageFault`."""
    head = data[:_HEADER_BYTES_MAX]
    fields = _read_pam(head) if head.startswith(b"P7") else _read_pnm(head)
    width_px, height_px, depth, sample_max, pixels_at = fields
    require_sides(width_px, height_px, limits)
    if sample_max != _SAMPLE_MAX or not 1 <= depth <= _PAM_DEPTH_MAX:
        raise corrupt("only frames of 1 to 4 samples of 8 bits are taken")
    needed_bytes = pixels_at + width_px * height_px * depth
    if len(data) < needed_bytes:
        raise truncated(f"{len(data)} of {needed_bytes} bytes are there")
    if len(data) > needed_bytes:
        raise corrupt(f"{len(data) - needed_bytes} bytes follow the frame")
    return ImageFacts("image/x-portable-anymap", width_px, height_px)


def _read_pnm(head: bytes) -> tuple[int, int, int, int, int]:
    found = _PNM.match(head)
    if found is None:
        raise _header_fault(head)
    kind, width, height, sample_max = found.groups()
    return int(width), int(height), _PNM_DEPTH[kind], int(sample_max), found.end()


def _read_pam(head: bytes) -> tuple[int, int, int, int, int]:
    end = head.find(_PAM_END)
    if end < 0:
        raise _header_fault(head)
    named: dict[bytes, int] = {}
    for line in head[:end].split(b"\n")[1:]:
        found = _PAM_LINE.match(line)
        if found:
            named[found[1]] = int(found[2])
    if len(named) < len((b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")):
        raise corrupt("the header lacks a size")
    end += len(_PAM_END)
    return named[b"WIDTH"], named[b"HEIGHT"], named[b"DEPTH"], named[b"MAXVAL"], end


def _header_fault(head: bytes) -> ImageFault:
    if len(head) < _HEADER_BYTES_MAX:
        return truncated("the file ends inside its header")
    return corrupt("the header cannot be read")
