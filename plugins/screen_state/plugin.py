"""Hooks of the screen state plugin: the stages "state" and "delta".

Covers: records in and out. Does not cover: what is told (`state`, `delta`, `actions`).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.change import Delta
from contracts.screen import ScreenState
from contracts.text import TextPage
from plugin_host.hooks import PluginError, StageInput, TaskContext, find_input, hookimpl

R = TypeVar("R", bound=msgspec.Struct)


class ScreenStatePlugin:
    """Does both stages; keeps nothing from task to task."""

    @hookimpl
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """The `ScreenState` of a frame, or the `Delta` from the frame before to it.

        Raises `PluginError`: ``inputs-invalid`` for a record that is missing or is no such
        record; ``image-undecodable``, ``image-too-large`` for the frame; ``frame-mismatch``
        where text and picture are not of one size.
        """
        if stage == "state":
            return _state(inputs, task)
        if stage == "delta":
            return _delta(inputs, task)
        return None


def _state(inputs: tuple[StageInput, ...], task: TaskContext) -> ScreenState:
    from plugin_host.textkit.images import decode_picture
    from plugins.screen_state.state import FrameFacts, build_state

    event = _need(inputs, "capture_event", CaptureEvent)
    page = _need(inputs, "text_page", TextPage)
    blob = find_input(inputs, "pixel_blob")
    if blob is None:
        raise PluginError("inputs-invalid", "no pixel_blob")
    picture = decode_picture(blob.data)
    task.checkpoint(0, 4)
    if (picture.width_px, picture.height_px) != (page.width_px, page.height_px):
        raise PluginError(
            "frame-mismatch",
            f"the picture has {picture.width_px} x {picture.height_px} pixels, its text is for "
            f"{page.width_px} x {page.height_px}",
        )
    facts = FrameFacts(event.event_id, event.monitor)
    before = _find(inputs, "previous.screen_state", ScreenState)
    return build_state(page, picture.pixels, facts, before, task.checkpoint)


def _delta(inputs: tuple[StageInput, ...], task: TaskContext) -> Delta:
    from plugins.screen_state.actions import infer_actions
    from plugins.screen_state.delta import diff, make_delta
    from plugins.screen_state.views import moment_of

    event = _need(inputs, "capture_event", CaptureEvent)
    after = _need(inputs, "screen_state", ScreenState)
    earlier = _find(inputs, "previous.capture_event", CaptureEvent)
    before = _find(inputs, "previous.screen_state", ScreenState)
    task.checkpoint(0, 2)
    if before is None or earlier is None:
        return make_delta(None, after)
    changes = diff(before.elements, after.elements)
    task.checkpoint(1, 2)
    actions = infer_actions(before, after, changes, moment_of(earlier), moment_of(event))
    return make_delta(before, after, actions)


def _need(inputs: tuple[StageInput, ...], role: str, kind: type[R]) -> R:
    record = _find(inputs, role, kind)
    if record is None:
        raise PluginError("inputs-invalid", f"no {role}")
    return record


def _find(inputs: tuple[StageInput, ...], role: str, kind: type[R]) -> R | None:
    found = find_input(inputs, role)
    if found is None:
        return None
    try:
        return canonical.decode(found.data, kind)
    except msgspec.MsgspecError as error:
        raise PluginError("inputs-invalid", f"{role}: {error}") from error


plugin = ScreenStatePlugin()
