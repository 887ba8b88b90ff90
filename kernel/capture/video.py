"""Taking in videos: each frame becomes a capture at its own time.

Covers: which refused files are tried as videos, the time of the first frame, drafts of
frames. Does not cover: decoding (`kernel.capture.ffmpeg`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from kernel.capture.ffmpeg import VideoFacts, VideoFault, probe_video, read_frames
from kernel.capture.filewalk import FoundFile
from kernel.capture.imagefile import recognise_image
from kernel.capture.ingest import (
    IngestOptions,
    Offer,
    describe_path,
    offer_frame,
    offer_image,
)
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.timestamps import CapturedAt, parse_captured_at, place_utc

_MAYBE_VIDEO = (RefusalCode.NOT_AN_IMAGE, RefusalCode.TOO_MANY_BYTES)


def offer_images_and_frames(
    files: Iterable[FoundFile], options: IngestOptions, read_utc_us: Callable[[], int]
) -> Iterator[Offer]:
    """As `kernel.capture.ingest.offer_images`; what is no image is tried as a video.

    A frame's path is that of the video with ``#t=SECONDS`` behind it. Raises `KernelError`
    ``ffmpeg-missing``.
    """
    for found in files:
        offer = offer_image(found, options, read_utc_us())
        refusal = offer.item
        if isinstance(refusal, Refusal) and refusal.code in _MAYBE_VIDEO:
            yield from _offer_video(found.path, offer, options, read_utc_us)
        else:
            yield offer


def _offer_video(
    path: Path, as_image: Offer, options: IngestOptions, read_utc_us: Callable[[], int]
) -> Iterator[Offer]:
    try:
        facts = probe_video(path)
    except VideoFault:
        # Neither image nor video: the first refusal says it.
        yield as_image
        return
    before = path.stat()
    start = _find_start(facts, before.st_mtime_ns // 1000, options)
    if isinstance(start, Refusal):
        yield Offer(as_image.path, start)
        return
    name = describe_path(path)
    frames = 0
    try:
        for frame in read_frames(path, frame_bytes_max=options.limits.bytes_max):
            seconds, micros = divmod(frame.offset_us, 1_000_000)
            frame_name = f"{name}#t={seconds}.{micros:06}"
            frame_facts = recognise_image(frame.data, options.limits)
            captured = place_frame(start, frame.offset_us, options)
            if isinstance(frame_facts, Refusal):
                yield Offer(frame_name, frame_facts)
            elif isinstance(captured, Refusal):
                yield Offer(frame_name, captured)
            else:
                yield offer_frame(
                    frame_name, frame.data, frame_facts, captured, options, read_utc_us()
                )
            frames += 1
    except VideoFault as fault:
        yield Offer(name, Refusal(RefusalCode.BAD_VIDEO, f"{fault} (after {frames} frames)"))
        return
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        reason = f"it was written to while {frames} frames were read"
        yield Offer(name, Refusal(RefusalCode.CHANGED_WHILE_READ, reason))


def place_frame(start: CapturedAt, offset_us: int, options: IngestOptions) -> CapturedAt | Refusal:
    """The moment of a frame on the wall clock of the video's start."""
    moment_us = start.utc_us + offset_us
    if options.captured_at is None:
        return place_utc(moment_us, options.local_zone)
    # The person gave an offset; a zone behind it is not known, so it holds for the whole video.
    placed = place_utc(moment_us, options.local_zone)
    if isinstance(placed, Refusal):
        return placed
    return CapturedAt(moment_us, start.tz_name, start.tz_offset_s)


def _find_start(facts: VideoFacts, mtime_us: int, options: IngestOptions) -> CapturedAt | Refusal:
    """The first frame's time: as said, else the container's, else the file's less its length."""
    if options.captured_at is not None:
        return options.captured_at
    if facts.creation_time is not None:
        created = parse_captured_at(facts.creation_time, options.local_zone)
        # Cameras without a clock write 1970 or 1904; the file's own time is better then.
        if isinstance(created, CapturedAt) and created.utc_us > 0:
            return created
    return place_utc(mtime_us - facts.duration_us, options.local_zone)
