"""Taking in files that a person names: each becomes a durable event or a refusal.

Covers: drafts from image files, group commit in small batches, results in the order of the
files. The person's files are read and left as they are. Does not cover: walking folders
(`kernel.capture.filewalk`), videos (`kernel.capture.video`), the terminal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from contracts.canonical import digest_bytes
from contracts.capture import CaptureEvent
from kernel.capture.filebytes import FileBytes, read_file_bytes
from kernel.capture.filewalk import FoundFile
from kernel.capture.imagefile import recognise_image
from kernel.capture.imageformats.facts import ImageFacts, ImageLimits
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.sink import IngestSink, find_stored
from kernel.capture.timestamps import (
    CapturedAt,
    ClockRules,
    ClockVerdict,
    SourceClock,
    judge_clock,
    place_utc,
    refuse_future,
)
from kernel.config.errors import KernelError
from kernel.store.draft import CaptureDraft, check_draft

SOURCE = "ingest"
REFUSED_ACT = "ingest-refused"
CLOCK_AHEAD_ACT = "ingest-clock-ahead"
BATCH_FILES_MAX = 16
BATCH_BYTES_MAX = 16 * 1024 * 1024

VIDEO_SUFFIXES = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv"}
)
"""Names of files of which a person is told that videos are taken in when asked for."""

Status = Literal["stored", "duplicate-pixels", "already-stored", "refused"]
_Sameness = tuple[int, str, str | None, int, str]
_ASK_VIDEO = "if it is a video, take in its frames with: kernel ingest --video"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the person says about all files; ``captured_at`` None: each file's own time."""

    local_zone: dt.tzinfo
    captured_at: CapturedAt | None = None
    app: str | None = None
    window_title: str | None = None
    monitor: int = 0
    limits: ImageLimits = field(default_factory=ImageLimits)
    clock_rules: ClockRules = field(default_factory=ClockRules)


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of one file: an event (``reason`` may hold a remark), or a code and a reason.

    ``already-stored``: the event is one that was there before; nothing was added.
    """

    path: str
    status: Status
    event: CaptureEvent | None = None
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """One capture found in a file, ready to submit, or refused. ``path`` is as printed."""

    path: str
    item: CaptureDraft | Refusal
    verdict: ClockVerdict = ClockVerdict.SOUND


def describe_path(path: Path) -> str:
    """The absolute path as text; bytes of a name that are not UTF-8 appear escaped."""
    return bytes(path.absolute()).decode("utf-8", "backslashreplace")


def offer_image(found: FoundFile, options: IngestOptions, now_us: int) -> Offer:
    """Read one file and make a draft of it, or a refusal; never raises `OSError`."""
    path = describe_path(found.named or found.path)
    if found.refusal:
        return Offer(path, found.refusal)
    read = read_file_bytes(found.path, options.limits)
    if isinstance(read, Refusal):
        return Offer(path, read)
    # One file is one source, by whatever links and detours it was named; a line says the name.
    return replace(offer_bytes(describe_path(found.path), read, options, now_us), path=path)


def offer_bytes(path: str, read: FileBytes, options: IngestOptions, now_us: int) -> Offer:
    """A draft of an image's bytes, or a refusal. Pure."""
    facts = recognise_image(read.data, options.limits)
    if isinstance(facts, Refusal):
        return Offer(path, facts)
    captured = options.captured_at or place_utc(read.mtime_us, options.local_zone)
    if isinstance(captured, Refusal):
        return Offer(path, captured)
    return offer_frame(path, read.data, facts, captured, options, now_us)


def offer_frame(
    path: str,
    data: bytes,
    facts: ImageFacts,
    captured: CapturedAt,
    options: IngestOptions,
    now_us: int,
) -> Offer:
    """A draft of a recognised image captured at a known time, unless its clock is refused."""
    verdict = judge_clock(SourceClock(captured.utc_us), now_us, None, options.clock_rules)
    if verdict is ClockVerdict.FUTURE:
        return Offer(path, refuse_future(captured.utc_us, now_us))
    draft = CaptureDraft(
        captured_at_us=captured.utc_us,
        tz_name=captured.tz_name,
        tz_offset_s=captured.tz_offset_s,
        monotonic_ns=0,
        source=SOURCE,
        source_path=path,
        monitor=options.monitor,
        app=options.app,
        window_title=options.window_title,
        cursor=None,
        media_type=facts.media_type,
        data=data,
    )
    try:
        check_draft(draft)
    except KernelError as error:
        return Offer(path, Refusal(RefusalCode.BAD_DETAIL, error.message))
    return Offer(path, draft, verdict)


def offer_images(
    files: Iterable[FoundFile], options: IngestOptions, read_utc_us: Callable[[], int]
) -> Iterator[Offer]:
    """An offer for every file, each made when it is asked for."""
    for found in files:
        offer = offer_image(found, options, read_utc_us())
        refusal = offer.item
        if isinstance(refusal, Refusal) and found.path.suffix.lower() in VIDEO_SUFFIXES:
            offer = replace(offer, item=replace(refusal, reason=f"{refusal.reason}; {_ASK_VIDEO}"))
        yield offer


def ingest_offers(offers: Iterable[Offer], sink: IngestSink) -> Iterator[IngestResult]:
    """Submit the offers in small batches; a result for each, in order.

    A result is given only after its event is durable. At most `BATCH_FILES_MAX` files and
    `BATCH_BYTES_MAX` bytes (or one larger file) are held at a time. What the sink does not
    take is refused with the sink's error code, and the rest goes on. Taking the same capture in
    again adds nothing: same bytes, moment, monitor, source and path are one event.
    """
    batch: list[Offer] = []
    held_bytes = 0
    for offer in offers:
        if isinstance(offer.item, CaptureDraft):
            size_bytes = len(offer.item.data)
            if batch and held_bytes + size_bytes > BATCH_BYTES_MAX:
                yield from _submit_batch(batch, sink)
                batch, held_bytes = [], 0
            held_bytes += size_bytes
        batch.append(offer)
        if len(batch) >= BATCH_FILES_MAX or held_bytes >= BATCH_BYTES_MAX:
            yield from _submit_batch(batch, sink)
            batch, held_bytes = [], 0
    yield from _submit_batch(batch, sink)


def _submit_batch(batch: list[Offer], sink: IngestSink) -> Iterator[IngestResult]:
    known: dict[_Sameness, CaptureEvent] = {}
    new: dict[_Sameness, CaptureDraft] = {}
    for draft in (offer.item for offer in batch if isinstance(offer.item, CaptureDraft)):
        event = find_stored(draft, sink)
        if event is not None:
            known[_sameness(draft)] = event
        else:
            new.setdefault(_sameness(draft), draft)
    submitted = sink.submit([*new.values()]) if new else []
    assert len(submitted) == len(new)
    answers = dict(zip(new, submitted, strict=True))
    for offer in batch:
        if isinstance(offer.item, Refusal):
            yield _refuse(offer.path, offer.item.code, offer.item.reason, sink)
            continue
        key = _sameness(offer.item)
        if key in known:
            yield IngestResult(offer.path, "already-stored", known[key])
            continue
        answer = answers[key]
        if isinstance(answer, KernelError):
            yield _refuse(offer.path, answer.code, answer.message, sink)
            continue
        known[key] = answer.event
        note = _record_clock(offer, answer.event, sink)
        yield IngestResult(offer.path, answer.status, answer.event, reason=note)


def _sameness(draft: CaptureDraft) -> _Sameness:
    """Captures of equal sameness are one event."""
    where = (draft.source, draft.source_path, draft.monitor)
    return (draft.captured_at_us, *where, digest_bytes(draft.data))


def _refuse(path: str, code: str, reason: str, sink: IngestSink) -> IngestResult:
    try:
        _record(sink, REFUSED_ACT, path, {"code": code, "reason": reason})
    except KernelError as error:
        # The file was not taken either way; that the ledger is unwritable belongs in the line.
        reason = f"{reason} (and it could not be ledgered: {error.message})"
    return IngestResult(path, "refused", None, code, reason)


def _record_clock(offer: Offer, event: CaptureEvent, sink: IngestSink) -> str | None:
    """A remark for the person when the claimed time is odd, None when it is not."""
    if offer.verdict is ClockVerdict.SOUND:
        return None
    detail = {"event_id": event.event_id, "captured_at_us": str(event.captured_at_us)}
    remark = "the capture time is ahead of this machine's clock"
    try:
        _record(sink, CLOCK_AHEAD_ACT, offer.path, detail)
    except KernelError as error:
        # The capture is durable; that the ledger is unwritable belongs in the line.
        return f"{remark} (and it could not be ledgered: {error.message})"
    return remark


def _record(sink: IngestSink, act: str, path: str, detail: dict[str, str]) -> None:
    # A ledger subject has 1024 characters; the end of a path says more than its beginning.
    sink.record(act, path[-1024:], detail)
