"""What stood on the screen at one second: of each monitor the newest frame that is not after it.

Covers: whether a second is asked about, the frames that stood then, the reading narrowed to them.
Does not cover: times that are said less exactly; frames around them count.
"""

from __future__ import annotations

from dataclasses import replace

from contracts.capture import CaptureEvent
from kernel.query.covering import pages_of
from kernel.query.plan import Reading
from kernel.query.scope import Scope
from kernel.query.sightings import Stream, stream_of
from kernel.query.sources import Sources
from kernel.query.wording import moment_text


def as_it_stood(reading: Reading, sources: Sources) -> Reading:
    """The reading from the oldest of the frames on that stood at its second, which is told.

    The same where no second is asked about, or no frame stood then.
    """
    frames = standing_frames(reading.scope, sources)
    if not frames:
        return reading
    first = min(frame.captured_at_us for frame in frames)
    times = sorted({moment_text(frame.captured_at_us, sources.zone) for frame in frames})
    note = f"what stood on the screen then was captured at {', '.join(times)}"
    scope = replace(reading.scope, from_us=first)
    return replace(reading, scope=scope, notes=(*reading.notes, note))


def standing_frames(scope: Scope, sources: Sources) -> list[CaptureEvent]:
    """Of each stream the last frame of a scope that ends with the second that is asked about."""
    if not scope.ends_at_its_second:
        return []
    last: dict[Stream, CaptureEvent] = {}
    for page in pages_of(sources.evidence, scope):
        sources.deadline.check()
        last |= {stream_of(event): event for event in page if scope.admits(event)}
    return [last[stream] for stream in sorted(last)]
