"""Scrolling: the content of a pane moved as a whole, and something new came in where it left room.

Content moves by itself too: a message comes in and pushes the others up, a log writes its next
line, a banner opens above. So nothing is said where the text ends (or begins) at the very place
where it did before, as it does when something is added there, nor where a part of the pane
stayed. A pane with line numbers shows by them where it stands: where lines went with their
numbers nothing came in above them. Only who writes (or goes) over the end of what is in view moves
it like that, and then the caret stands there.

Covers: vertical and horizontal scrolls of panes and windows. Does not cover: jumps that leave
nothing of what was there, animated frames between, who or what scrolled where both fit (none).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from contracts.base import ElementId
from contracts.screen import Element
from plugins.screen_state.geometry import overlap, union
from plugins.screen_state.views import Act, Comparison

MOVED_MIN: Final = 3
STILL_PX: Final = 2
SHIFT_MIN_PX: Final = 4
STAYED_SHARE_MAX: Final = 0.1
ANCHOR_PX: Final = 3
BOTH_PERMILLE: Final = 900
ONE_PERMILLE: Final = 600
NUMBERED_PERMILLE: Final = 800
PICTURE_PERMILLE: Final = 400
HEAD_CHARS_MIN: Final = 3
MANY_MOVED: Final = 8
EVIDENCE_MAX: Final = 32

Vector = tuple[int, int]


def find_scrolls(pair: Comparison, typed: Sequence[Act]) -> list[Act]:
    """Scrolls, one per pane; none in a pane where the typing in ``typed`` explains the move."""
    acts = []
    for home in pair.after.homes():
        if home is None or home not in pair.before.by_id or not _is_still(pair, home):
            continue
        if any(pair.after.home.get(e) == home for act in typed for e in act.elements):
            continue
        act = _scroll(pair, home)
        if act is not None:
            acts.append(act)
    return acts


def _is_still(pair: Comparison, home: ElementId) -> bool:
    """Whether pane and window stand where they stood."""
    pairs = [(pair.before.by_id[home], pair.after.by_id[home])]
    window = pair.after.window[home]
    if window is not None and window in pair.before.by_id:
        pairs.append((pair.before.by_id[window], pair.after.by_id[window]))
    return all(
        abs(a - b) <= ANCHOR_PX for old, new in pairs for a, b in zip(old.box, new.box, strict=True)
    )


def _scroll(pair: Comparison, home: ElementId) -> Act | None:
    olds = {e.element_id: e for e in pair.before.leaves_in(home)}
    news = {e.element_id: e for e in pair.after.leaves_in(home)}
    ways = {
        key: _way(olds[key], news[key])
        for key in news
        if key in olds and olds[key].text == news[key].text
    }
    shift = _common_way(list(ways.values()))
    if shift is None:
        return None
    moved = [key for key, way in ways.items() if _is_near(way, shift)]
    span = union(box for key in moved for box in (olds[key].box, news[key].box))
    inside = [key for key in ways if _is_within(news[key], span)]
    stayed = [key for key in inside if _is_near(ways[key], (0, 0))]
    if len(stayed) > STAYED_SHARE_MAX * len(inside) or len(moved) * 2 < len(inside):
        return None
    if _has_head([news[key] for key in ways if _is_near(ways[key], (0, 0))], span, shift):
        return None
    signs = _signs(shift, olds, news, moved)
    numbered = sum(news[key].line_number is not None for key in moved) * 2 > len(moved)
    if "end-stayed" in signs:
        if not numbered or _is_caret_at_end(shift, olds.values(), news.values()):
            return None
        permille = NUMBERED_PERMILLE
        signs = [sign for sign in signs if sign != "end-stayed"] + ["line-numbers"]
    else:
        permille = (0, ONE_PERMILLE, BOTH_PERMILLE)[len(signs)]
        if signs == ["left-view"]:
            # What went may have been closed: a note above the text.
            permille = PICTURE_PERMILLE
        if not signs and shift[1] < 0 and not stayed and len(moved) >= MANY_MOVED:
            # All of a long text went up and no text came: a picture did, or one above is gone.
            permille = PICTURE_PERMILLE
    if not permille:
        return None
    evidence = tuple(sorted(moved)[:EVIDENCE_MAX])
    return Act("scrolled", permille, ("content-moved", *signs), evidence, home, None, shift=shift)


def _is_caret_at_end(shift: Vector, olds: Collection[Element], news: Collection[Element]) -> bool:
    """Whether the caret stood, or stands now, on the last line of where the content came from."""
    axis = 1 if shift[1] else 0
    for elements in (olds, news):
        end = _edge(list(elements), axis, last=shift[axis] < 0)
        for element in elements:
            if element.caret_x is not None and overlap(*_stretch(element, axis), *end) > 0:
                return True
    return False


def _stretch(element: Element, axis: int) -> tuple[int, int]:
    return element.box[axis], element.box[axis + 2]


def _has_head(still: Sequence[Element], span: tuple[int, int, int, int], shift: Vector) -> bool:
    """Whether something stands still before what moved: then what lies between grew or shrank."""
    axis = 1 if shift[1] else 0
    # The pointer over a text is often read as a letter: that is no heading.
    heads = [e for e in still if len(e.text or "") >= HEAD_CHARS_MIN]
    return any(_beside(e, span, axis) and e.box[axis + 2] <= span[axis] + 2 for e in heads)


def _way(old: Element, new: Element) -> Vector:
    return new.box[0] - old.box[0], new.box[1] - old.box[1]


def _is_near(way: Vector, other: Vector) -> bool:
    return abs(way[0] - other[0]) <= STILL_PX and abs(way[1] - other[1]) <= STILL_PX


def _common_way(ways: Sequence[Vector]) -> Vector | None:
    """The way that most went, if they are enough and it is straight up, down, left or right."""
    counts = Counter(way for way in ways if not _is_near(way, (0, 0)))
    if not counts:
        return None
    best = max(counts, key=lambda way: (counts[way], way))
    votes = sum(count for way, count in counts.items() if _is_near(way, best))
    across, down = best
    if votes < MOVED_MIN or max(abs(across), abs(down)) < SHIFT_MIN_PX:
        return None
    if abs(across) <= STILL_PX:
        return 0, down
    return (across, 0) if abs(down) <= STILL_PX else None


def _is_within(element: Element, span: tuple[int, int, int, int]) -> bool:
    return (
        span[0] <= element.box[0]
        and element.box[2] <= span[2]
        and span[1] <= element.box[1]
        and element.box[3] <= span[3]
    )


def _signs(
    shift: Vector,
    olds: dict[ElementId, Element],
    news: dict[ElementId, Element],
    moved: Sequence[ElementId],
) -> list[str]:
    """What happened at the ends of the content: where it went out and where it came in."""
    axis = 1 if shift[1] else 0
    ahead = shift[axis] < 0
    span_old = union(olds[key].box for key in moved)
    span_new = union(news[key].box for key in moved)
    gone = [e for key, e in olds.items() if key not in news and _beside(e, span_old, axis)]
    come = [e for key, e in news.items() if key not in olds and _beside(e, span_new, axis)]
    near, far = axis, axis + 2
    signs = []
    if any(
        (e.box[far] <= span_old[near] + 2) if ahead else (e.box[near] >= span_old[far] - 2)
        for e in gone
    ):
        signs.append("left-view")
    if any(
        (e.box[near] >= span_new[far] - 2) if ahead else (e.box[far] <= span_new[near] + 2)
        for e in come
    ):
        signs.append("came-into-view")
    edge_old = _edge([e for e in olds.values() if _beside(e, span_old, axis)], axis, last=ahead)
    edge_new = _edge([e for e in news.values() if _beside(e, span_new, axis)], axis, last=ahead)
    if all(abs(a - b) <= ANCHOR_PX for a, b in zip(edge_old, edge_new, strict=True)):
        signs.append("end-stayed")
    return signs


def _beside(element: Element, span: tuple[int, int, int, int], axis: int) -> bool:
    """Whether the element stands in the span's column (or row)."""
    other = 1 - axis
    return overlap(element.box[other], element.box[other + 2], span[other], span[other + 2]) > 0


def _edge(elements: Sequence[Element], axis: int, *, last: bool) -> tuple[int, int]:
    """Where the last (or first) element begins and ends."""
    pick = max if last else min
    box = pick(
        (e.box for e in elements),
        key=lambda box: (box[axis + 2], box[axis]) if last else (box[axis], box[axis + 2]),
    )
    return box[axis], box[axis + 2]
