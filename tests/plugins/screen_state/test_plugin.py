"""The plugin in a real host: both stages, their errors, their records."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts import canonical
from contracts.change import Delta
from contracts.screen import ScreenState
from plugin_host.testing import PluginFailed, open_plugin
from plugins.screen_state import plugin as plugin_module
from plugins.screen_state.delta import apply_delta
from plugins.screen_state.state import EXTRACTOR, VERSION
from tests.plugins.screen_state.desk import Desk, capture, with_text

FOLDER = Path(plugin_module.__file__).parent


def written(text: str) -> Desk:
    desk = Desk()
    desk.window("draft.txt - Pad", (0, 0, 960, 560))
    desk.caret(desk.text(text, 30, 60))
    return desk


def test_two_frames_give_states_with_stable_ids_and_a_delta_with_the_typing() -> None:
    first, second = written("hello"), written("hello you")
    events = [canonical.encode(capture(number)) for number in (1, 2)]
    with open_plugin(FOLDER) as plugin:
        pages = [canonical.encode(desk.page()) for desk in (first, second)]
        before = plugin.run("state", events[0], first.png(), pages[0]).record
        assert isinstance(before, ScreenState)
        kept = canonical.encode(before)
        after = plugin.run("state", events[1], second.png(), pages[1], kept).record
        assert isinstance(after, ScreenState)
        alone = plugin.run("delta", events[0], kept).record
        delta = plugin.run("delta", events[1], canonical.encode(after), events[0], kept).record
    assert isinstance(delta, Delta)
    assert isinstance(alone, Delta)
    assert with_text(before, "hello").element_id == with_text(after, "hello you").element_id
    assert (after.extractor, after.extractor_version) == (EXTRACTOR, VERSION)
    assert after.before_event == before.event_id
    assert apply_delta(None, alone) == before
    assert apply_delta(before, delta) == after
    assert [(a.action, a.text) for a in delta.actions] == [("typed", " you")]
    assert (delta.actions[0].from_us, delta.actions[0].to_us) == (500_000, 1_000_000)


def test_the_same_inputs_give_the_same_bytes_in_another_host() -> None:
    desk = written("hello")
    inputs = (canonical.encode(capture(1)), desk.png(), canonical.encode(desk.page()))
    results = []
    for _ in range(2):
        with open_plugin(FOLDER) as plugin:
            results.append(canonical.encode(plugin.run("state", *inputs).record))
    assert results[0] == results[1]


def test_a_page_of_another_size_and_a_broken_picture_are_refused() -> None:
    desk, event = written("hello"), canonical.encode(capture(1))
    small = Desk()
    small.image = small.image.crop((0, 0, 100, 100))
    page = canonical.encode(desk.page())
    with open_plugin(FOLDER) as plugin:
        with pytest.raises(PluginFailed, match="frame-mismatch"):
            plugin.run("state", event, small.png(), page)
        with pytest.raises(PluginFailed, match="image-undecodable"):
            plugin.run("state", event, b"no picture", page)
        with pytest.raises(PluginFailed, match="inputs-invalid"):
            plugin.run("state", event, desk.png(), event)
        # The host goes on.
        assert plugin.run("state", event, desk.png(), page).record is not None
