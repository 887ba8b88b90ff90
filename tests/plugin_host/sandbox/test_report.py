"""The report says what holds, and a host that is too weak does not start."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import Any

import pytest

from contracts.launch import LAYERS
from contracts.wire import SandboxLayer
from plugin_host.sandbox.report import LayerReport, is_below, level_of
from tests.plugin_host.sandbox import host_rig
from tests.plugin_host.sandbox.host_rig import run

PROBE = "plugin_host.sandbox.probe:serve"
who = pytest.mark.parametrize("who", ["root", "user"])


def states(answer: dict[str, Any]) -> dict[str, str]:
    return {layer["name"]: layer["state"] for layer in answer["layers"]}


@who
def test_every_layer_is_enforced_and_proved_where_this_machine_can(who: str) -> None:
    cpu = min(os.sched_getaffinity(0))
    answer = run(who, PROBE, policy={"affinity": [cpu]}).answer

    assert sorted(states(answer)) == sorted(LAYERS)
    assert {name for name, state in states(answer).items() if state != "enforced"} == set()
    assert answer["level"] == "A"
    for layer in answer["layers"]:
        SandboxLayer(**layer)
        denied_or_read = re.search(
            r"read back: \S|-> [A-Z]{5,}|-> not done|\d seen", layer["proof"]
        )
        assert denied_or_read, f"{layer['name']} is called enforced without a proof: {layer}"
    proofs = {layer["name"]: layer["proof"] for layer in answer["layers"]}
    now, before = re.findall(r"ipc:\[\d+\]", proofs["ipc_namespace"])
    assert now != before
    assert proofs["affinity"] == f"more cores than [{cpu}] -> not done"
    assert proofs["parent_death"].endswith(f"signal {signal.SIGKILL:d} at its end")


def test_cores_that_nobody_asked_for_are_not_called_enforced() -> None:
    answer = run("user", PROBE).answer
    (layer,) = [one for one in answer["layers"] if one["name"] == "affinity"]
    assert (layer["state"], layer["reason"]) == ("missing", "the policy names no cores")


@pytest.mark.parametrize(
    ("off", "level"),
    [
        (("mount_view",), "B"),
        (("landlock",), "D"),
        (("landlock", "mount_view", "user_namespace"), "D"),
        (("seccomp",), "E"),
        (("seccomp", "audit_hook"), "none"),
    ],
)
def test_a_layer_that_is_off_is_reported_missing_and_lowers_the_level(
    off: tuple[str, ...], level: str
) -> None:
    answer = run("user", PROBE, policy={"layers_off": list(off)}).answer

    assert {states(answer)[name] for name in off} == {"missing"}
    assert answer["level"] == level


def test_hosts_start_without_user_namespaces_and_no_limit_counts_the_persons_programs() -> None:
    host_rig.needs_program("unshare")
    answer = run("user", PROBE, wrapped_in=host_rig.NO_USER_NAMESPACES).answer

    found = states(answer)
    assert found["user_namespace"] == found["pid_namespace"] == found["mount_view"] == "missing"
    limit = next(layer for layer in answer["layers"] if layer["name"] == "process_limit")
    assert limit["state"] == "missing"
    assert "no own user namespace" in limit["reason"]
    assert limit["remedy"]
    assert found["seccomp"] == found["landlock"] == found["no_new_privs"] == "enforced"
    assert answer["level"] in {"B", "C", "D"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be shown as somebody else")
def test_root_shown_as_somebody_else_is_not_held_to_a_number_of_processes_and_that_is_told() -> (
    None
):
    host_rig.needs_program("unshare")
    shown = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")
    answer = run("root", PROBE, wrapped_in=shown).answer

    limit = next(layer for layer in answer["layers"] if layer["name"] == "process_limit")
    assert limit["state"] == "degraded"
    assert "uid 0" in limit["reason"]
    assert "not root outside" in limit["remedy"]


@who
def test_the_limit_on_processes_is_proved_by_one_too_many(who: str) -> None:
    answer = run(who, PROBE).answer

    limit = next(layer for layer in answer["layers"] if layer["name"] == "process_limit")
    assert limit["state"] == "enforced"
    assert limit["proof"].endswith("fork beyond NPROC -> EAGAIN")


def test_without_its_namespace_a_host_can_name_the_kernel_but_landlock_scopes_signals() -> None:
    answer = run("user", PROBE, chain="no-unshare").answer

    assert states(answer)["pid_namespace"] == "missing"
    assert answer["level"] in {"B", "C"}
    signals = next(layer for layer in answer["layers"] if layer["name"] == "signals")
    assert signals["state"] == ("enforced" if answer["level"] == "B" else "missing")


@who
def test_below_the_required_level_nothing_is_imported(who: str) -> None:
    outcome = run(who, "attempts:obey", policy={"layers_off": ["landlock"], "level_required": "C"})

    assert outcome.status == 77
    assert outcome.answer is None
    assert "below the required level C" in outcome.errors


def test_a_host_that_would_stay_root_refuses() -> None:
    outcome = run("root", "attempts:obey", policy={"service_uid": 0})

    assert outcome.status == 77
    assert "still uid 0" in outcome.errors


def test_a_root_kernel_without_an_own_file_tree_says_when_the_interpreter_is_out_of_reach() -> None:
    outcome = run("root", "attempts:calls", policy={"layers_off": ["mount_view"]})

    if host_rig.reachable(sys.executable):
        assert outcome.status == 0
    else:
        assert outcome.status == 77
        assert "cannot reach the interpreter" in outcome.errors


def test_a_level_is_claimed_only_for_enforced_layers() -> None:
    full = tuple(LayerReport(name, "enforced") for name in LAYERS)
    assert level_of(full) == "A"
    for name, level in (
        ("mount_view", "B"),
        ("signals", "C"),
        ("network", "C"),
        ("landlock", "D"),
        ("capabilities", "D"),
        ("service_uid", "E"),
        ("seccomp", "E"),
    ):
        weaker = tuple(
            LayerReport(item.name, "degraded") if item.name == name else item for item in full
        )
        assert level_of(weaker) == level, name
    assert level_of(()) == "none"
    assert is_below("D", "B")
    assert not is_below("A", "A")
