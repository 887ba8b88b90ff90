"""Where a plugin's host runs: the whole table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.supervision.hosting import choose_hosting
from kernel.supervision.runner import PluginRecord

Wanted = Literal["auto", "subprocess", "in_process"]
Network = Literal["none", "loopback"]
Manifest = Literal["any", "subprocess", "in_process"]
WANTED = st.sampled_from(["auto", "subprocess", "in_process"])


def plugin(*, network: Network = "none", hosting: Manifest = "any") -> PluginRecord:
    return PluginRecord(
        plugin_id="p",
        version="1.0.0",
        digest="0" * 64,
        folder=Path("/nowhere"),
        package="p",
        entry="plugin",
        stages=("text",),
        network=network,
        hosting=hosting,
    )


@given(st.booleans(), WANTED, st.sampled_from(["any", "subprocess", "in_process"]), st.booleans())
def test_a_network_plugin_is_always_a_process(
    wsl: bool,  # noqa: FBT001 - drawn
    wanted: Wanted,
    hosting: Manifest,
    hung: bool,  # noqa: FBT001 - drawn
) -> None:
    record = plugin(network="loopback", hosting=hosting)
    assert choose_hosting(record, is_wsl=wsl, wanted=wanted, has_hung=hung) == "subprocess"


@pytest.mark.parametrize(
    ("wsl", "wanted", "hosting", "expected"),
    [
        (True, "auto", "any", "in_process"),
        (True, "auto", "in_process", "in_process"),
        (True, "auto", "subprocess", "subprocess"),
        (True, "subprocess", "any", "subprocess"),
        (True, "in_process", "any", "in_process"),
        (True, "in_process", "subprocess", "subprocess"),
        (False, "auto", "any", "subprocess"),
        (False, "auto", "in_process", "subprocess"),
        (False, "in_process", "any", "in_process"),
        (False, "subprocess", "in_process", "subprocess"),
    ],
)
def test_a_plugin_without_network_is_a_thread_under_wsl_unless_it_or_the_profile_says_otherwise(
    wsl: bool,  # noqa: FBT001 - a row
    wanted: Wanted,
    hosting: Manifest,
    expected: str,
) -> None:
    assert choose_hosting(plugin(hosting=hosting), is_wsl=wsl, wanted=wanted) == expected


@given(st.booleans(), WANTED)
def test_a_plugin_that_held_a_thread_is_a_process_from_then_on(
    wsl: bool,  # noqa: FBT001 - drawn
    wanted: Wanted,
) -> None:
    assert choose_hosting(plugin(), is_wsl=wsl, wanted=wanted, has_hung=True) == "subprocess"
