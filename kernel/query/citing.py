"""Citations: making them from a candidate, and checking them against what is stored.

Covers: the box and the line of every cited span, frames cited as a whole, the check before an
answer is shown. Does not cover: reading pixels again. The check trusts nothing that was in
memory while the answer was made: it reads the stored record, the event and the bytes again.
"""

from __future__ import annotations

import datetime

import msgspec

from contracts.answer import Citation, Claim
from contracts.base import Box
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from contracts.interval import TextInterval
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.query.candidates import Candidate, Part
from kernel.query.layout import box_of_span
from kernel.query.stores import Evidence, Pages
from kernel.store.matching import jitter_key

CITATIONS_MAX = 16
FRAME_EXTRACTOR, FRAME_EXTRACTOR_VERSION = "evidence", "0.0.0"
"""Names that no plugin read a frame: it is cited for what its event says."""
_NO_BOX: Box = (0, 0, 0, 0)
_PAD_SHARE = 7
_PAD_MIN_PX = 2
_NEAR_PX = 64


class Citer:
    """Makes citations of stored lines, with the digests that pin them down.

    ``locks``: digests of the contracts lock and the plugins lock in force.
    """

    def __init__(self, evidence: Evidence, pages: Pages, locks: tuple[str, str]) -> None:
        self._evidence = evidence
        self._pages = pages
        self.locks = locks

    def claim_of(
        self, candidate: Candidate, key: DerivationKey, page: TextPage, event: CaptureEvent
    ) -> Claim:
        """The claim with one citation for each part, what answers first."""
        parts = list(dict.fromkeys((*candidate.answer, *candidate.support)))[:CITATIONS_MAX]
        return Claim(
            text=candidate.text,
            citations=tuple(self.cite(part, key, page, event) for part in parts),
        )

    def cite(self, part: Part, key: DerivationKey, page: TextPage, event: CaptureEvent) -> Citation:
        """The citation of a part of a page as one event shows it."""
        line = page.lines[part.line]
        box = padded(box_of_span(line, part.start, part.end), page)
        return self._cite(event, (key, page), box, line.text, (part.start, part.end))

    def cite_frame(self, event: CaptureEvent) -> Citation:
        """The citation of a whole frame, for its time and its window: no words, an empty span.

        Its box is the whole frame; empty where no one has decoded it yet.
        """
        box = _whole(event.blob, self._evidence, self._pages)
        return self._cite(event, self._pages.page_of(event.blob), box, "", (0, 0))

    def _cite(
        self,
        event: CaptureEvent,
        stored: tuple[DerivationKey, TextPage] | None,
        box: Box,
        text: str,
        span: tuple[int, int],
    ) -> Citation:
        """``stored``: what was read of the event's frame, and by whom."""
        key, page = stored or (None, None)
        digest = page.blob if page else event.blob
        blob = self._evidence.find_blob(digest)
        return Citation(
            event_id=event.event_id,
            captured_at=local_time(event),
            captured_at_us=event.captured_at_us,
            source_path=event.source_path,
            monitor=event.monitor,
            app=event.app,
            window_title=event.window_title,
            box=box,
            text=text,
            text_start=span[0],
            text_end=span[1],
            blob=digest,
            extractor=key.plugin_id if key else FRAME_EXTRACTOR,
            extractor_version=key.plugin_version if key else FRAME_EXTRACTOR_VERSION,
            tz_name=event.tz_name,
            pixel_digest=(blob.pixel_digest if blob else None)
            or (page.pixel_digest if page else None),
            config_digest=key.config_digest if key else None,
            contracts_lock=self.locks[0],
            plugins_lock=self.locks[1],
        )

    def cite_line(
        self, event_id: str, line: TextInterval, span: tuple[int, int] | None = None
    ) -> Citation | None:
        """The citation of an interval's line on one of its frames; None when it is not there.

        Frames of one interval may be read with small differences: the line that is nearest in
        text and place is cited as it was read. ``span``: offsets in the interval's text.
        """
        event = self._evidence.find_event(event_id)
        stored = self._pages.page_of(event.blob) if event else None
        if event is None or stored is None:
            return None
        key, page = stored
        at = _line_on(page, line, box_at(line, event.captured_at_us))
        if at is None:
            return None
        text = page.lines[at].text
        start, end = (0, len(text)) if span is None or text != line.text else span
        made = self.cite(Part(at, *_stripped(text, start, end)), key, page, event)
        return msgspec.structs.replace(
            made,
            first_event=line.first_event,
            first_us=line.first_us,
            last_event=line.last_event,
            last_us=line.last_us,
        )


def _whole(digest: str, evidence: Evidence, pages: Pages) -> Box:
    """The box of a whole frame; empty while its size is unknown."""
    stored = pages.page_of(digest)
    if stored is not None:
        return (0, 0, stored[1].width_px, stored[1].height_px)
    blob = evidence.find_blob(digest)
    if blob is None or blob.width_px is None or blob.height_px is None:
        return _NO_BOX
    return (0, 0, blob.width_px, blob.height_px)


def box_at(line: TextInterval, moment_us: int) -> Box:
    """Where the line stood at a moment: the last movement before it."""
    box = line.boxes[0].box
    for since in line.boxes:
        if since.from_us > moment_us:
            break
        box = since.box
    return box


def _line_on(page: TextPage, line: TextInterval, box: Box) -> int | None:
    """The index of the line on a page: the same text, or a reading of it, nearest to the box."""
    key = jitter_key(line.text)
    best: tuple[int, int, int] | None = None
    for at, candidate in enumerate(page.lines):
        # What no reading of these pixels can say is another line, however alike: an index that
        # says other figures than the record is damaged.
        if candidate.text != line.text and jitter_key(candidate.text) != key:
            continue
        unlike = int(candidate.text != line.text)
        away = abs(candidate.box[0] - box[0]) + abs(candidate.box[1] - box[1])
        if unlike and away > _NEAR_PX:
            continue
        best = min(best or (unlike, away, at), (unlike, away, at))
    return best[2] if best else None


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without blanks at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def local_time(event: CaptureEvent) -> str:
    """When the event was captured, ISO 8601 with the offset of its own time zone."""
    zone = datetime.timezone(datetime.timedelta(seconds=event.tz_offset_s))
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    moment = epoch + datetime.timedelta(microseconds=event.captured_at_us)
    try:
        return moment.astimezone(zone).isoformat()
    except OverflowError:
        return moment.isoformat()


def padded(box: Box, page: TextPage) -> Box:
    """The box a little larger: engines cut words a few pixels short at both ends."""
    pad = max(_PAD_MIN_PX, (box[3] - box[1]) // _PAD_SHARE)
    return (
        max(0, box[0] - pad),
        max(0, box[1] - pad),
        min(page.width_px, box[2] + pad),
        min(page.height_px, box[3] + pad),
    )


def verify_claim(claim: Claim, evidence: Evidence, pages: Pages) -> str | None:
    """None when every citation stands on what is stored now, else the first reason why not."""
    for citation in claim.citations:
        reason = _verify(citation, evidence, pages)
        if reason:
            return reason
    return None


def _verify(citation: Citation, evidence: Evidence, pages: Pages) -> str | None:
    event = evidence.find_event(citation.event_id)
    if event is None:
        return f"event {citation.event_id} is not in the evidence"
    if event.blob != citation.blob or event.captured_at_us != citation.captured_at_us:
        return f"event {citation.event_id} shows something else"
    shown = (event.app, event.window_title, event.monitor)
    if shown != (citation.app, citation.window_title, citation.monitor):
        return f"event {citation.event_id} is of another window"
    try:
        reason = _verify_ends(citation, evidence, pages)
        if reason:
            return reason
        evidence.read_blob(citation.blob)
        stored = pages.page_of(citation.blob)
    except KernelError as error:
        return str(error)
    if not citation.text:
        return _verify_frame(citation, evidence, pages)
    if stored is None:
        return f"the text of blob {citation.blob} is not stored"
    key, page = stored
    if (key.plugin_id, key.plugin_version) != (citation.extractor, citation.extractor_version):
        return "another extractor has read this frame since"
    return _verify_span(citation, page)


def _verify_ends(citation: Citation, evidence: Evidence, pages: Pages) -> str | None:
    """A line is said to be there from one event to another: both are looked at, two pages at most.

    At its ends it may be read as what joins readings of one line, and as nothing else.
    """
    key = jitter_key(citation.text)
    for event_id, at_us in (
        (citation.first_event, citation.first_us),
        (citation.last_event, citation.last_us),
    ):
        if not event_id:
            continue
        event = evidence.find_event(event_id)
        if event is None or event.captured_at_us != at_us:
            return f"event {event_id} is not at that time"
        if event_id == citation.event_id:
            continue
        stored = pages.page_of(event.blob)
        lines = stored[1].lines if stored else ()
        if not any(line.text == citation.text or jitter_key(line.text) == key for line in lines):
            return f"event {event_id} does not show the line"
    return None


def _verify_frame(citation: Citation, evidence: Evidence, pages: Pages) -> str | None:
    """A frame that is cited without words says no more than its event does."""
    if citation.text_start or citation.text_end:
        return "the cited span is outside its line"
    if citation.box not in (_NO_BOX, _whole(citation.blob, evidence, pages)):
        return "the cited box is not the whole frame"
    return None


def _verify_span(citation: Citation, page: TextPage) -> str | None:
    start, end = citation.text_start, citation.text_end
    if not 0 <= start < end <= len(citation.text) or not citation.text[start:end].strip():
        return "the cited span is empty or outside its line"
    boxes = [
        padded(box_of_span(line, start, end), page)
        for line in page.lines
        if line.text == citation.text
    ]
    if not boxes:
        return "the cited line is not in the stored text"
    if citation.box not in boxes:
        return "the cited box is not where the stored words are"
    return None
