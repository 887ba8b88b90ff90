"""What changed on screen during a window of time.

Covers: lines that appeared, vanished, or became others in the same place, from the intervals
of lines; what came back is no change, nor is a line that only moved. Does not cover: which
program caused it.

The state before is that of the last frame before the window, when it is not long before and
shows what is asked about; otherwise the first frame in the window is the state before, and that
is said. A line became another only in one place of one window, and when the two are alike.
"""

from __future__ import annotations

import bisect
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from contracts.answer import Citation, Claim
from contracts.base import Box
from contracts.capture import CaptureEvent
from contracts.interval import TextInterval
from kernel.query.candidates import Part
from kernel.query.citing import box_at
from kernel.query.clockticks import is_clock
from kernel.query.plan import Reading
from kernel.query.scope import Scope
from kernel.query.sightings import frame_after, frame_before, stream_of
from kernel.query.sources import Outcome, Sources
from kernel.query.wording import moment_text, quoted, span_text, window_text
from kernel.query.words import spans_in
from kernel.store.folding import squash

ROWS_MAX = 8000
FRAMES_MAX = 20_000
_BEFORE_US = 300_000_000
"""A frame this long before the window still is the state before it."""
_AT_ONCE_US = 2_000_000
"""A frame this soon after the beginning of the window shows how it was at its beginning."""
_PLACE_X_PX, _PLACE_Y_PX = 10, 8
_LETTERS_MAX = 60
_CLAIMS_MAX = 60
_CLAIMS_SHARE = 6
"""Changes shown for each claim that a question may have."""

_AKIN_RATIO = 0.6
"""Two texts this much alike are one line that was changed, not one line instead of another."""
_SIGNS_MIN = 2
_JITTER_CHARS_MIN = 24
_PARTS = 6
_CARET = re.compile(r"(?:\s*[|\u2502\u258c\u2588_])+$|(?<=\s)[Il]$")
"""What engines make of a caret at the end of a line."""

_Edge: TypeAlias = tuple[int, TextInterval]
_Shown: TypeAlias = TextInterval | CaptureEvent


@dataclass(frozen=True, slots=True)
class Change:
    """A line that came, went, or both: ``before`` became ``after`` in ``steps`` steps."""

    at_us: int
    before: TextInterval | None
    after: TextInterval | None
    steps: int = 1
    passing: bool = False
    """Whether the line came and went within the time: nothing of it is left at the end."""

    @property
    def kind(self) -> str:
        """Appeared, vanished or changed."""
        if self.before is None:
            return "appeared"
        return "vanished" if self.after is None else "changed"

    @property
    def weight(self) -> int:
        """How much it tells: the letters of its longer line; a clock tells little."""
        texts = [line.text for line in (self.before, self.after) if line is not None]
        return max(min(sum(ch.isalpha() for ch in text), _LETTERS_MAX) for text in texts)


def tell_changes(reading: Reading, sources: Sources) -> Outcome:
    """The changes of the window, the most telling ones in order of time."""
    outcome = Outcome()
    streams = _streams(reading.scope, sources)
    changes: list[Change] = []
    for stream in streams:
        sources.deadline.check()
        changes += _changes_of(stream, reading.scope, sources, outcome)
    wanted = [
        c for c in changes if not is_noise(c) and not _is_tick(c, sources) and _is_asked(c, reading)
    ]
    limit = min(sources.claims_max * _CLAIMS_SHARE, _CLAIMS_MAX)
    chosen = _spread(wanted, limit)
    with outcome.until_over():
        for change in sorted(chosen, key=lambda c: (c.at_us, c.kind, _text(c))):
            sources.deadline.check()
            claim = _claim(change, sources)
            if claim is not None:
                outcome.add(claim, sources)
    if len(wanted) > limit:
        outcome.notes.append(f"{len(wanted)} changes in all; more with --limit")
    return outcome


def is_noise(change: Change) -> bool:
    """Whether nothing was written: a caret blinked, or a line was read a little differently."""
    texts = [line.text for line in (change.before, change.after) if line is not None]
    if all(sum(map(str.isalnum, text)) < _SIGNS_MIN for text in texts):
        return True
    if change.before is None or change.after is None:
        return False
    before, after = (squash(_CARET.sub("", text)) for text in texts)
    if before == after:
        return True
    figures = [re.findall(r"\d", text) for text in texts]
    if figures[0] != figures[1] or min(len(before), len(after)) < _JITTER_CHARS_MIN:
        return False
    # What is typed makes a line longer; engines misread single letters within long ones.
    unlike = sum(a != b for a, b in zip(before, after, strict=False))
    return len(before) == len(after) and unlike <= 1


def _is_tick(change: Change, sources: Sources) -> bool:
    """Whether only the time went on, on a clock of the desktop."""
    lines = [line for line in (change.before, change.after) if line is not None]
    return all(is_clock(line, sources.zone) for line in lines)


def _spread(changes: Sequence[Change], limit: int) -> list[Change]:
    """The most telling changes of every part of the time, not those of its end alone."""
    if len(changes) <= limit:
        return list(changes)
    ordered = sorted(changes, key=lambda c: (c.at_us, c.kind, _text(c)))
    first_us, last_us = ordered[0].at_us, ordered[-1].at_us
    width_us = (last_us - first_us) // _PARTS + 1
    parts: dict[int, list[Change]] = {}
    for change in sorted(ordered, key=_telling):
        parts.setdefault((change.at_us - first_us) // width_us, []).append(change)
    chosen: list[Change] = []
    for rank in range(max(map(len, parts.values()))):
        chosen += [parts[at][rank] for at in sorted(parts) if rank < len(parts[at])]
    return chosen[:limit]


def _telling(change: Change) -> tuple[object, ...]:
    return (-change.weight, change.at_us, _text(change))


def _text(change: Change) -> str:
    line = change.after or change.before
    assert line is not None
    return line.text


def _is_asked(change: Change, reading: Reading) -> bool:
    side = reading.asked.side
    if change.passing and change.kind != side:
        return False
    if side and change.kind not in (side, "changed"):
        return False
    lines = [line for line in (change.before, change.after) if line is not None]
    return not reading.question.terms or any(
        all(spans_in(term.needle, line.text) for term in reading.question.terms) for line in lines
    )


def _streams(scope: Scope, sources: Sources) -> list[list[CaptureEvent]]:
    """The frames of the scope, stream by stream, in order of time."""
    events = sources.evidence.events_between(scope.from_us, scope.to_us, limit_rows=FRAMES_MAX)
    streams: dict[tuple[str, int], list[CaptureEvent]] = {}
    for event in events:
        if scope.admits(event):
            streams.setdefault((event.source, event.monitor), []).append(event)
    return [streams[key] for key in sorted(streams)]


def _changes_of(
    frames: Sequence[CaptureEvent], scope: Scope, sources: Sources, outcome: Outcome
) -> list[Change]:
    first = frames[0]
    base = _state_before(first, scope, sources)
    if base is first:
        at = moment_text(first.captured_at_us, sources.zone)
        outcome.notes.append(f"the frame at {at} is taken for the state before")
    elif not _is_one_window(base, first):
        at = moment_text(first.captured_at_us, sources.zone)
        outcome.notes.append(
            f"another window was in front before {at}: its lines went, they were not changed"
        )
    reach = Scope(from_us=base.captured_at_us, to_us=scope.to_us, monitor=first.monitor)
    rows = sources.timeline.during(reach, limit_rows=ROWS_MAX)
    outcome.cut = outcome.cut or len(rows) >= ROWS_MAX
    lines = [line for line in rows if line.source == first.source]
    times = sorted({event.captured_at_us for event in frames} | {base.captured_at_us})
    came, gone = [], []
    for line in lines:
        start = bisect.bisect_left(times, line.first_us)
        end = bisect.bisect_right(times, line.last_us)
        if start >= end:
            # It stood on no frame that counts.
            continue
        if start > 0:
            came.append((times[start], line))
        if end < len(times):
            gone.append((times[end], line))
    return _chained(_paired(*_without_returns(came, gone)))


def _state_before(first: CaptureEvent, scope: Scope, sources: Sources) -> CaptureEvent:
    """The last frame before the scope that shows what it is about, not long before; else the first.

    A frame of another window says nothing about the one that is asked about.
    """
    stream, moment_us = stream_of(first), scope.from_us
    while True:
        sources.deadline.check()
        before = frame_before(sources.evidence, stream, moment_us)
        if first.captured_at_us - scope.from_us < _AT_ONCE_US:
            # The state at the moment that was named is the one to compare with.
            return first
        if before is None or scope.from_us - before.captured_at_us > _BEFORE_US:
            return first
        if scope.admits_window(before.app, before.window_title):
            return before
        moment_us = before.captured_at_us


def _without_returns(came: list[_Edge], gone: list[_Edge]) -> tuple[list[_Edge], list[_Edge]]:
    """Without lines that went and came back with the same text: a window was switched."""
    back: dict[str, list[_Edge]] = {}
    for edge in sorted(came, key=_edge_key):
        back.setdefault(squash(edge[1].text), []).append(edge)
    kept_gone, returned = [], set()
    for edge in sorted(gone, key=_edge_key):
        waiting = back.get(squash(edge[1].text), [])
        match = next((e for e in waiting if e[0] >= edge[0] and id(e) not in returned), None)
        if match is None:
            kept_gone.append(edge)
        else:
            returned.add(id(match))
    return [edge for edge in came if id(edge) not in returned], kept_gone


def _edge_key(edge: _Edge) -> tuple[int, int, str]:
    return (edge[0], edge[1].first_us, edge[1].text)


def _paired(came: list[_Edge], gone: list[_Edge]) -> list[Change]:
    """Like lines that went and came in one place of a window at one time are one that changed."""
    waiting: dict[int, list[TextInterval]] = {}
    for at, line in sorted(came, key=_edge_key):
        waiting.setdefault(at, []).append(line)
    changes = []
    for at, line in sorted(gone, key=_edge_key):
        others = waiting.get(at, [])
        after = next((other for other in others if _became(line, other)), None)
        if after is not None:
            others.remove(after)
        changes.append(Change(at, line, after))
    changes += [Change(at, None, line) for at, lines in waiting.items() for line in lines]
    return changes


def _became(before: TextInterval, after: TextInterval) -> bool:
    """Whether one line is what the other was before."""
    return (
        _same_place(box_at(before, before.last_us), box_at(after, after.first_us))
        and _is_one_window(before, after)
        and _are_akin(before.text, after.text)
    )


def _is_one_window(first: _Shown, second: _Shown) -> bool:
    """Whether program and title are the same; a title may change a little ("* notes", "(4)")."""
    titles = (first.window_title or "", second.window_title or "")
    return first.app == second.app and (titles[0] == titles[1] or _are_akin(*titles))


def _are_akin(first: str, second: str) -> bool:
    """Whether one text goes on where the other ends, or few of their letters differ."""
    one, two = squash(first), squash(second)
    if not one or not two:
        return False
    if one.startswith(two) or two.startswith(one):
        return True
    matcher = difflib.SequenceMatcher(None, one, two, autojunk=False)
    return matcher.quick_ratio() >= _AKIN_RATIO and matcher.ratio() >= _AKIN_RATIO


def _same_place(first: Box, second: Box) -> bool:
    return (
        abs(first[0] - second[0]) <= _PLACE_X_PX
        and abs(first[1] - second[1]) <= _PLACE_Y_PX
        and abs(first[3] - second[3]) <= _PLACE_Y_PX
    )


def _chained(changes: list[Change]) -> list[Change]:
    """A line that changed again and again, as while it is typed, is one change."""
    ordered = sorted(changes, key=lambda c: (c.at_us, c.kind, _text(c)))
    by_after: dict[int, int] = {}
    chained: list[Change] = []
    for change in ordered:
        at = by_after.pop(id(change.before), None) if change.before is not None else None
        if at is not None and chained[at].before is None and change.after is None:
            chained[at] = replace(chained[at], passing=True)
            chained.append(replace(change, passing=True))
        elif at is not None:
            first = chained[at]
            chained[at] = Change(first.at_us, first.before, change.after, first.steps + 1)
        else:
            at = len(chained)
            chained.append(change)
        if change.after is not None:
            by_after[id(change.after)] = at
    return chained


def _claim(change: Change, sources: Sources) -> Claim | None:
    zone = sources.zone
    line = change.after or change.before
    assert line is not None
    citations: list[Citation] = []
    for shown, event_id in (
        (change.before, change.before.last_event if change.before else ""),
        (change.after, change.after.first_event if change.after else ""),
    ):
        cited = sources.citer.cite_line(event_id, shown) if shown else None
        if shown is not None and cited is None:
            return None
        citations += [cited] if cited else []
    if change.after is None and change.before is not None:
        gone = _cite_after(change, sources)
        citations += [gone] if gone else []
    at = moment_text(change.at_us, zone)
    where = window_text(line)
    if change.before is None:
        text = f"{at} appeared: {quoted(line.text)}{where}"
    elif change.after is None:
        text = f"{at} vanished: {quoted(line.text)}{where}"
    else:
        when = span_text(change.at_us, change.after.first_us, zone) if change.steps > 1 else at
        steps = f" in {change.steps} steps" if change.steps > 1 else ""
        text = f"{when} changed{steps}: {quoted(change.before.text)} to {quoted(line.text)}{where}"
    return Claim(text=text, citations=tuple(citations), first_us=change.at_us)


def _cite_after(change: Change, sources: Sources) -> Citation | None:
    """What the first frame without a line shows nearest to where it stood; None without text."""
    line = change.before
    assert line is not None
    after = frame_after(sources.evidence, stream_of(line), change.at_us - 1)
    stored = sources.derived.page_of(after.blob) if after else None
    if after is None or stored is None or after.captured_at_us != change.at_us:
        return None
    key, page = stored
    box = box_at(line, line.last_us)
    lines = [at for at, other in enumerate(page.lines) if other.text.strip()]
    if not lines:
        return None

    def away(at: int) -> tuple[int, int]:
        other = page.lines[at].box
        return (abs(other[1] - box[1]) + abs(other[0] - box[0]), at)

    at = min(lines, key=away)
    text = page.lines[at].text
    start = len(text) - len(text.lstrip())
    return sources.citer.cite(Part(at, start, len(text.rstrip())), key, page, after)
