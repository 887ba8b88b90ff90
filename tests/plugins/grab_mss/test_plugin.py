"""The grabber's hook tells whether grabbing is possible here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from plugin_host.hooks import PluginError, SetupContext
from plugins.grab_mss.plugin import plugin

CONTEXT = SetupContext(plugin_dir=Path("/x"), scratch_dir=Path("/x"), config={})


def test_a_missing_library_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(PluginError) as missing:
        plugin.autocapture_setup(CONTEXT)
    assert missing.value.code == "mss-missing"


def test_with_the_library_there_is_nothing_to_say() -> None:
    pytest.importorskip("mss", reason="the extra `grab` is not installed")
    plugin.autocapture_setup(CONTEXT)
