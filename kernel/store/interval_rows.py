"""What reads of lines over time are about: spans, windows, rows, and the statement they share.

Covers: plain values and SQL. Does not cover: reading (`kernel.store.interval_reader`).
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.store.frames import Place
from kernel.store.runs import Runs

END_US = 2**62
"""Later than any capture."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which intervals count: those that overlap [from_us, to_us) and pass the filters.

    ``windows``: ids of `IntervalReader.windows`, of which one must have been in front on a frame
    that showed the line within the span; None: any. ``streams``: ids of `IntervalReader.streams`.
    """

    from_us: int = 0
    to_us: int = END_US
    streams: frozenset[int] | None = None
    windows: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """An application and title as captures named it."""

    window_id: int
    app: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Movement:
    """At this frame most of the lines that moved did so by the same shift, in pixels."""

    stream_id: int
    at_us: int
    dx: int
    dy: int
    lines: int


@dataclass(frozen=True, slots=True)
class Row:
    """One stored interval; ``last`` None: the newest frame of its stream shows it."""

    interval_id: int
    stream_id: int
    text_id: int
    first: Place
    last: Place | None
    runs: Runs


OVERLAPPING = """
WITH tip AS MATERIALIZED (
  SELECT s.stream_id, (SELECT max(at_us) FROM frames f WHERE f.stream_id = s.stream_id) AS newest
  FROM streams s WHERE s.generation = :generation
    AND (:streams IS NULL OR s.stream_id IN (SELECT value FROM json_each(:streams)))),
hit AS MATERIALIZED (SELECT value AS text_id FROM json_each(:texts)),
found AS (
  SELECT i.interval_id, i.stream_id, i.first_us, i.last_us
  FROM hit CROSS JOIN intervals i ON i.text_id = hit.text_id AND i.first_us < :to_us
  WHERE i.last_us IS NULL OR i.last_us >= :from_us
  UNION
  SELECT i.interval_id, i.stream_id, i.first_us, i.last_us
  FROM hit CROSS JOIN variants v ON v.text_id = hit.text_id
  CROSS JOIN intervals i ON i.interval_id = v.interval_id
  WHERE i.first_us < :to_us AND (i.last_us IS NULL OR i.last_us >= :from_us))
SELECT interval_id, min(ifnull(last_us, newest), :end_us) AS ended
FROM found JOIN tip USING(stream_id)
WHERE ifnull(last_us, newest) >= :from_us
ORDER BY ended DESC, first_us DESC, interval_id DESC
"""
"""Ids of the intervals of some texts that overlap a span, and when each was last seen in it."""
COLUMNS = (
    "i.interval_id, i.stream_id, i.text_id, i.first_us, i.first_seq, i.last_us, i.last_seq, i.runs"
)
"""The columns of a `Row`."""
