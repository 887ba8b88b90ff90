"""A plugin may run exactly as it was approved, and every reason why not is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bounded import ContractError
from contracts.manifest import Permissions, parse_manifest
from contracts.plugin_digest import digest_digests
from contracts.plugin_lock import (
    Approval,
    Approvals,
    Decision,
    LockedPlugin,
    PluginFacts,
    PluginsLock,
    diff_plugin,
    digest_plugin_locks,
    find_excess,
    lock_plugin,
    parse_approvals,
    parse_plugins_lock,
    render_plugin_lock,
    verify_plugin,
)
from tests.contracts.test_manifest import GOOD

NEWEST = {"pixel_blob": 1, "text_page": 1}
ZERO = "0" * 64


def facts(files: dict[str, str] | None = None, **changes: Any) -> PluginFacts:  # noqa: ANN401
    manifest = msgspec.structs.replace(parse_manifest(GOOD.encode(), "x"), **changes)
    files = files or {"plugin.py": "a" * 64, "plugin.toml": "b" * 64}
    return PluginFacts(manifest=manifest, files=files, digest=digest_digests(files))


def codes(found: PluginFacts, locked: LockedPlugin | None) -> list[str]:
    return [code for code, _ in verify_plugin(found, locked, NEWEST).refusals]


def test_what_was_locked_may_run() -> None:
    found = facts()
    verdict = verify_plugin(found, lock_plugin(found), NEWEST)
    assert verdict.is_ok
    assert verdict.refusals == ()


def test_what_nobody_locked_may_not() -> None:
    assert codes(facts(), None) == ["unlocked"]


def test_what_was_changed_may_not_and_the_file_is_named() -> None:
    locked = lock_plugin(facts())
    found = facts({"plugin.py": "c" * 64, "new.py": ZERO, "plugin.toml": "b" * 64})
    verdict = verify_plugin(found, locked, NEWEST)
    assert verdict.refusals == (("changed", "added new.py, changed plugin.py"),)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Permissions(network="loopback"), "network: asks for loopback, granted is none"),
        (Permissions(read_paths=("/usr/share/x",)), "read_paths: /usr/share/x is not granted"),
        (Permissions(programs=("ffmpeg",)), "programs: ffmpeg is not granted"),
    ],
)
def test_asking_for_more_than_was_granted_is_refused(asked: Permissions, said: str) -> None:
    granted = lock_plugin(facts(permissions=Permissions()))
    found = facts(permissions=asked)
    assert ("exceeds-grant", said) in verify_plugin(found, granted, NEWEST).refusals


def test_asking_for_more_memory_is_refused_and_for_less_of_anything_is_not() -> None:
    locked = lock_plugin(facts())
    assert find_excess(facts(memory_bytes_max=2_000_000_000).manifest, locked) == [
        "memory_bytes_max: asks for 2000000000, granted is 1000000000"
    ]
    less = facts(permissions=Permissions(), memory_bytes_max=500_000_000)
    assert find_excess(less.manifest, locked) == []


def test_a_plugin_for_another_kernel_does_not_fit() -> None:
    found = facts(kernel_api=">=7")
    assert codes(found, lock_plugin(found)) == ["misfit"]


PATHS = st.sampled_from(("/a", "/b", "/c"))
ASKED = st.builds(
    Permissions,
    network=st.sampled_from(("none", "loopback")),
    read_paths=st.lists(PATHS, unique=True).map(tuple),
    programs=st.lists(st.sampled_from(("x", "y")), unique=True).map(tuple),
)


@given(asked=ASKED, granted=ASKED)
def test_nothing_is_asked_for_in_vain_and_nothing_is_had_without_a_grant(
    asked: Permissions, granted: Permissions
) -> None:
    locked = lock_plugin(facts(permissions=granted))
    within = (
        (asked.network == "none" or granted.network == "loopback")
        and set(asked.read_paths) <= set(granted.read_paths)
        and set(asked.programs) <= set(granted.programs)
    )
    assert (find_excess(facts(permissions=asked).manifest, locked) == []) == within


def test_the_difference_names_files_permissions_and_dependencies() -> None:
    old = lock_plugin(facts())
    new = lock_plugin(
        facts(
            {"plugin.py": "c" * 64},
            version="2.0.0",
            permissions=Permissions(network="loopback"),
            dependencies={"numpy": ">=2"},
        )
    )
    assert diff_plugin(old, new) == [
        "version: 1.2.3 -> 2.0.0",
        "changed plugin.py",
        "removed plugin.toml",
        "permissions.network: none -> loopback",
        "permissions.programs: tesseract -> none",
        "dependencies.numpy: none -> >=2",
        "dependencies.pytesseract: >=0.3.13 -> none",
    ]
    assert diff_plugin(old, old) == []


def test_a_new_plugin_shows_everything_it_asks_for() -> None:
    lines = diff_plugin(None, lock_plugin(facts()))
    assert lines[0] == "new plugin, version 1.2.3, 2 files"
    assert "permissions.programs: none -> tesseract" in lines
    assert "dependencies.pytesseract: none -> >=0.3.13" in lines


def test_equal_approvals_have_equal_digests_whatever_their_history() -> None:
    locked = lock_plugin(facts())
    packaged = PluginsLock(plugins={"reader": locked})
    decision = Decision(at_us=1, act="approve", locked=locked)

    def approvals(*history: Decision) -> Approvals:
        return Approvals(plugins={"other": Approval(current=locked, history=history)})

    once = digest_plugin_locks(packaged, approvals(decision))
    assert digest_plugin_locks(packaged, approvals(decision, decision)) == once
    assert digest_plugin_locks(packaged, Approvals()) != once
    assert digest_plugin_locks(PluginsLock(), approvals(decision)) != once


def test_both_locks_come_back_from_their_bytes() -> None:
    locked = lock_plugin(facts())
    packaged = PluginsLock(plugins={"reader": locked})
    assert parse_plugins_lock(render_plugin_lock(packaged)) == packaged
    decision = Decision(at_us=1, act="approve", locked=locked, kept=True)
    approval = Approval(current=locked, from_copy=True, history=(decision,))
    approvals = Approvals(plugins={"reader": approval})
    assert parse_approvals(render_plugin_lock(approvals)) == approvals


@pytest.mark.parametrize("data", [b"", b"[]", b'{"format": 9}', b'{"plugins": {"A": {}}}', b"\xff"])
def test_a_damaged_lock_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError):
        parse_plugins_lock(data)
    with pytest.raises(ContractError):
        parse_approvals(data)
