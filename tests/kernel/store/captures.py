"""Drafts for tests of the evidence store."""

from __future__ import annotations

from contracts.capture import Cursor
from kernel.store.draft import CaptureDraft

START_US = 1_700_000_000_000_000


def draft(
    data: bytes, *, at_us: int = START_US, source: str = "test", title: str | None = None
) -> CaptureDraft:
    """A capture of these bytes at that time."""
    return CaptureDraft(
        captured_at_us=at_us,
        tz_name="Europe/Vienna",
        tz_offset_s=3600,
        monotonic_ns=at_us,
        source=source,
        source_path="/pictures/one.png",
        monitor=1,
        app="editor",
        window_title=title,
        cursor=Cursor(x=3, y=4),
        media_type="image/png",
        data=data,
    )
