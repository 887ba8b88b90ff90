"""The difference of two states, and its application.

Covers: appeared, vanished, moved, changed; `apply_delta` gives the later state back exactly.
Does not cover: which element is which (`identity`: ids say it), what the person did (`actions`).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from msgspec.structs import replace

from contracts import canonical
from contracts.change import Action, Delta, ElementChange
from contracts.screen import Element, ScreenState


class DeltaMismatch(ValueError):
    """A delta was applied to a state that it was not made from."""


def make_delta(
    before: ScreenState | None, after: ScreenState, actions: Sequence[Action] = ()
) -> Delta:
    """What changed from ``before`` (None: everything is new) to ``after``."""
    return Delta(
        before_event=None if before is None else before.event_id,
        after_event=after.event_id,
        monitor=after.monitor,
        before_state=None if before is None else canonical.digest(before),
        after_state=canonical.digest(after),
        changes=diff(() if before is None else before.elements, after.elements),
        extractor=after.extractor,
        extractor_version=after.extractor_version,
        after_blob=after.blob,
        after_width_px=after.width_px,
        after_height_px=after.height_px,
        actions=tuple(actions),
    )


def diff(before: Sequence[Element], after: Sequence[Element]) -> tuple[ElementChange, ...]:
    """Changes between two lists of elements, ordered by id."""
    old = {element.element_id: element for element in before}
    new = {element.element_id for element in after}
    placed = _placed(before, after)
    changes = [
        ElementChange(
            change="vanished",
            element_id=element.element_id,
            before_box=element.box,
            before_text=element.text,
        )
        for element in before
        if element.element_id not in new
    ]
    for index, element in enumerate(after):
        at = index if element.element_id in placed else None
        earlier = old.get(element.element_id)
        change = _appeared(element, at) if earlier is None else _changed(earlier, element, at)
        if change is not None:
            changes.append(change)
    return tuple(sorted(changes, key=lambda change: change.element_id))


def _appeared(element: Element, at: int | None) -> ElementChange:
    return ElementChange(
        change="appeared",
        element_id=element.element_id,
        after_box=element.box,
        after_text=element.text,
        after=element,
        after_index=at,
    )


def _changed(before: Element, after: Element, at: int | None) -> ElementChange | None:
    if before == after and at is None:
        return None
    told = replace(before, box=after.box, text=after.text) == after
    moved = told and before.text == after.text and before.box != after.box
    return ElementChange(
        change="moved" if moved else "changed",
        element_id=after.element_id,
        before_box=before.box,
        after_box=after.box,
        before_text=None if moved else before.text,
        after_text=None if moved else after.text,
        after=None if told else after,
        after_index=at,
    )


def _placed(before: Sequence[Element], after: Sequence[Element]) -> set[str]:
    """Ids whose place does not follow from the order before: new ones, and as few others as do.

    The rest is a longest rising run of earlier places (patience sorting).
    """
    place = {element.element_id: at for at, element in enumerate(before)}
    kept = [e.element_id for e in after if e.element_id in place]
    tails: list[int] = []
    tail_ids: list[str] = []
    previous: dict[str, str | None] = {}
    for element_id in kept:
        at = bisect.bisect_left(tails, place[element_id])
        previous[element_id] = tail_ids[at - 1] if at else None
        if at == len(tails):
            tails.append(place[element_id])
            tail_ids.append(element_id)
        else:
            tails[at], tail_ids[at] = place[element_id], element_id
    rising: set[str] = set()
    last = tail_ids[-1] if tail_ids else None
    while last is not None:
        rising.add(last)
        last = previous[last]
    return {e.element_id for e in after if e.element_id not in rising}


def apply_delta(before: ScreenState | None, delta: Delta) -> ScreenState:
    """The state after; raises `DeltaMismatch` where the delta does not belong to ``before``."""
    digest = None if before is None else canonical.digest(before)
    if digest != delta.before_state:
        message = f"made from state {delta.before_state}, applied to {digest}"
        raise DeltaMismatch(message)
    if delta.after_blob is None or delta.after_width_px is None or delta.after_height_px is None:
        message = "the delta does not name its frame: it is of an earlier version"
        raise DeltaMismatch(message)
    state = ScreenState(
        event_id=delta.after_event,
        blob=delta.after_blob,
        monitor=delta.monitor,
        width_px=delta.after_width_px,
        height_px=delta.after_height_px,
        elements=apply_changes(() if before is None else before.elements, delta.changes),
        extractor=delta.extractor,
        extractor_version=delta.extractor_version,
        before_event=delta.before_event,
    )
    if canonical.digest(state) != delta.after_state:
        message = "the result is not the state that the delta was made for"
        raise DeltaMismatch(message)
    return state


def apply_changes(
    before: Sequence[Element], changes: Sequence[ElementChange]
) -> tuple[Element, ...]:
    """The elements after; raises `DeltaMismatch` for a change of an element that is not there."""
    by_id = {change.element_id: change for change in changes}
    missing = by_id.keys() - {element.element_id for element in before}
    kept: list[Element] = []
    placed: list[tuple[int, Element]] = []
    for element in before:
        change = by_id.get(element.element_id)
        if change is None:
            kept.append(element)
        elif change.change != "vanished":
            after = _after(element, change)
            if change.after_index is None:
                kept.append(after)
            else:
                placed.append((change.after_index, after))
    for element_id in missing:
        change = by_id[element_id]
        if change.after is None or change.after_index is None:
            message = f"{element_id} did not stand in the state before"
            raise DeltaMismatch(message)
        placed.append((change.after_index, change.after))
    for index, element in sorted(placed, key=lambda item: item[0]):
        kept.insert(index, element)
    return tuple(kept)


def _after(element: Element, change: ElementChange) -> Element:
    if change.after is not None:
        return change.after
    box = change.after_box if change.after_box is not None else element.box
    text = element.text if change.change == "moved" else change.after_text
    return replace(element, box=box, text=text)
