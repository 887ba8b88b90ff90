"""Citations: making them from a candidate, and checking them against what is stored.

Covers: the box and the line of every cited span, the check before an answer is shown. Does
not cover: reading pixels again. The check trusts nothing that was in memory while the answer
was made: it reads the stored record, the event and the bytes again.
"""

from __future__ import annotations

import datetime
from typing import Protocol

from contracts.answer import Citation, Claim
from contracts.base import Box
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey
from contracts.text import TextPage
from kernel.config.errors import KernelError
from kernel.query.candidates import Candidate, Part
from kernel.query.layout import box_of_span

CITATIONS_MAX = 16
_PAD_SHARE = 7
_PAD_MIN_PX = 2


class Evidence(Protocol):
    """What the query reads of `kernel.store.evidence.EvidenceStore`."""

    def find_event(self, event_id: str) -> CaptureEvent | None:
        """The event of that id."""
        ...

    def events_of_blob(self, digest: str) -> list[CaptureEvent]:
        """Every event that shows these bytes, oldest first."""
        ...

    def read_blob(self, digest: str) -> bytes:
        """The bytes, checked against the digest; raises `KernelError`."""
        ...

    def count_events(self) -> int:
        """Number of events."""
        ...


class Pages(Protocol):
    """Text pages by blob, see `kernel.store.derived.DerivedStore`."""

    def page_of(self, blob: str) -> tuple[DerivationKey, TextPage] | None:
        """The active text page of a blob, read back from its stored bytes."""
        ...


def make_claim(
    candidate: Candidate, key: DerivationKey, page: TextPage, event: CaptureEvent
) -> Claim:
    """The claim with one citation for each part, what answers first."""
    parts = list(dict.fromkeys((*candidate.answer, *candidate.support)))[:CITATIONS_MAX]
    return Claim(
        text=candidate.text,
        citations=tuple(_cite(part, key, page, event) for part in parts),
    )


def _cite(part: Part, key: DerivationKey, page: TextPage, event: CaptureEvent) -> Citation:
    line = page.lines[part.line]
    return Citation(
        event_id=event.event_id,
        captured_at=local_time(event),
        captured_at_us=event.captured_at_us,
        source_path=event.source_path,
        monitor=event.monitor,
        app=event.app,
        window_title=event.window_title,
        box=padded(box_of_span(line, part.start, part.end), page),
        text=line.text,
        text_start=part.start,
        text_end=part.end,
        blob=page.blob,
        extractor=key.plugin_id,
        extractor_version=key.plugin_version,
    )


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
    try:
        evidence.read_blob(citation.blob)
        stored = pages.page_of(citation.blob)
    except KernelError as error:
        return str(error)
    if stored is None:
        return f"the text of blob {citation.blob} is not stored"
    key, page = stored
    if (key.plugin_id, key.plugin_version) != (citation.extractor, citation.extractor_version):
        return "another extractor has read this frame since"
    return _verify_span(citation, page)


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
