"""An element for each line of text; it keeps its id for as long as its text stays."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.change import Delta, ElementChange
from contracts.registry import REGISTRY
from contracts.screen import Element, ScreenState
from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskContext, find_input, hookimpl

PLUGIN, VERSION = "watcher", "1.0.0"
T = TypeVar("T", bound=msgspec.Struct)


@hookimpl
def autocapture_run(
    stage: str, inputs: tuple[StageInput, ...], task: TaskContext
) -> msgspec.Struct | None:
    """The state of a frame, or what changed since the frame before."""
    task.checkpoint(0, 1)
    event = _read(inputs, "capture_event", CaptureEvent)
    assert event is not None
    if stage == "state":
        page = _read(inputs, "text_page", TextPage)
        assert page is not None
        return _state(event, page, _read(inputs, "previous.screen_state", ScreenState))
    if stage == "delta":
        after = find_input(inputs, "screen_state")
        assert after is not None
        before = find_input(inputs, "previous.screen_state")
        return _delta(event, after, before)
    return None


def _read(inputs: tuple[StageInput, ...], role: str, kind: type[T]) -> T | None:
    found = find_input(inputs, role)
    if found is None:
        return None
    record = REGISTRY.decode(found.data)
    assert isinstance(record, kind)
    return record


def _state(event: CaptureEvent, page: TextPage, before: ScreenState | None) -> ScreenState:
    if page.lines and page.lines[0].text == "no state":
        raise PluginError("no-state", "told to fail")
    known = {element.text: element.element_id for element in (before.elements if before else ())}
    elements = []
    for line in page.lines:
        fresh = "el-" + canonical.digest_bytes(f"{event.seq} {line.text}".encode())[:16]
        elements.append(
            Element(
                element_id=known.get(line.text, fresh),
                role="line",
                role_standing="observed",
                box=line.box,
                text=line.text,
                text_standing="observed",
            )
        )
    return ScreenState(
        event_id=event.event_id,
        blob=event.blob,
        monitor=event.monitor,
        width_px=page.width_px,
        height_px=page.height_px,
        elements=tuple(elements),
        extractor=PLUGIN,
        extractor_version=VERSION,
        before_event=before.event_id if before else None,
    )


def _delta(event: CaptureEvent, after: StageInput, before: StageInput | None) -> Delta:
    new = canonical.decode(after.data, ScreenState)
    old = canonical.decode(before.data, ScreenState) if before else None
    had = {element.element_id: element for element in (old.elements if old else ())}
    has = {element.element_id: element for element in new.elements}
    changes = [
        ElementChange(change="appeared", element_id=i, after_box=has[i].box, after_text=has[i].text)
        for i in has.keys() - had.keys()
    ] + [
        ElementChange(
            change="vanished", element_id=i, before_box=had[i].box, before_text=had[i].text
        )
        for i in had.keys() - has.keys()
    ]
    return Delta(
        before_event=old.event_id if old else None,
        after_event=event.event_id,
        monitor=event.monitor,
        before_state=before.digest if before else None,
        after_state=after.digest,
        changes=tuple(sorted(changes, key=lambda change: change.element_id)),
        extractor=PLUGIN,
        extractor_version=VERSION,
    )
