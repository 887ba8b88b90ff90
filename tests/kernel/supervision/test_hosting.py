"""Where a plugin's host runs: the whole table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.sections import HostSettings
from kernel.supervision.hosting import HostingRules, choose_hosting, read_rules
from kernel.supervision.runner import PluginRecord
from kernel.supervision.sandbox_level import LevelSetting

Wanted = Literal["auto", "subprocess", "in_process"]
Network = Literal["none", "loopback"]
Manifest = Literal["any", "subprocess", "in_process"]
WANTED = st.sampled_from(["auto", "subprocess", "in_process"])
LEVELS = st.sampled_from(["auto", "A", "B", "C", "D", "E", "none"])
MANIFESTS = st.sampled_from(["any", "subprocess", "in_process"])
RULES = st.builds(
    HostingRules, is_wsl=st.booleans(), is_root=st.booleans(), wanted=WANTED, level_required=LEVELS
)


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


@given(RULES, MANIFESTS, st.booleans())
def test_a_network_plugin_is_always_a_process(
    rules: HostingRules,
    hosting: Manifest,
    hung: bool,  # noqa: FBT001 - drawn
) -> None:
    record = plugin(network="loopback", hosting=hosting)
    assert choose_hosting(record, rules, has_hung=hung) == "subprocess"


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
    rules = HostingRules(is_wsl=wsl, is_root=False, wanted=wanted)
    assert choose_hosting(plugin(hosting=hosting), rules) == expected


@given(RULES)
def test_a_plugin_that_held_a_thread_is_a_process_from_then_on(rules: HostingRules) -> None:
    assert choose_hosting(plugin(), rules, has_hung=True) == "subprocess"


@given(st.booleans(), WANTED, LEVELS, MANIFESTS)
def test_no_plugin_is_a_thread_of_a_kernel_that_is_root(
    wsl: bool,  # noqa: FBT001 - drawn
    wanted: Wanted,
    level: LevelSetting,
    hosting: Manifest,
) -> None:
    rules = HostingRules(is_wsl=wsl, is_root=True, wanted=wanted, level_required=level)
    assert choose_hosting(plugin(hosting=hosting), rules) == "subprocess"


@given(st.booleans(), WANTED, st.sampled_from(["A", "B", "C", "D", "E"]), MANIFESTS)
def test_where_a_level_is_demanded_nothing_is_a_thread_since_that_has_none(
    wsl: bool,  # noqa: FBT001 - drawn
    wanted: Wanted,
    level: LevelSetting,
    hosting: Manifest,
) -> None:
    rules = HostingRules(is_wsl=wsl, is_root=False, wanted=wanted, level_required=level)
    assert choose_hosting(plugin(hosting=hosting), rules) == "subprocess"


def test_the_rules_are_read_from_profile_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    hosts = HostSettings(hosting="in_process", sandbox_level_required="B")
    assert read_rules(hosts) == HostingRules(
        is_wsl=True, is_root=os.geteuid() == 0, wanted="in_process", level_required="B"
    )
