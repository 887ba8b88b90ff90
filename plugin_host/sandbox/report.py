"""What a host says of its walls, layer by layer, and the level that follows.

Covers: the report's shape and the level as a pure function. Does not cover: how a state was
found (`self_test`). A layer is `enforced` only where a denial was seen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from contracts.launch import LEVELS

State = Literal["enforced", "degraded", "missing"]
Level = Literal["A", "B", "C", "D", "E", "none"]

SWITCHED_OFF: Final = "switched off by policy"

REMEDIES: Final = {
    "service_uid": "run the kernel as a normal user, or give it a service user that exists",
    "user_namespace": "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 or"
    " kernel.apparmor_restrict_unprivileged_userns=0; in a container, permit unshare",
    "network_namespace": "allow user namespaces (see user_namespace)",
    "ipc_namespace": "allow user namespaces (see user_namespace)",
    "pid_namespace": "install util-linux (setpriv, unshare) and allow user namespaces",
    "mount_view": "allow user namespaces (see user_namespace); kernel 5.12 or newer",
    "landlock": "kernel 5.13 or newer, booted with landlock in lsm=",
    "seccomp": "a kernel with CONFIG_SECCOMP_FILTER; in a container, permit seccomp(2)",
    "signals": "a process namespace, or kernel 6.12 or newer for Landlock's signal scope",
    "network": "seccomp, or a network namespace",
    "process_limit": "allow user namespaces (see user_namespace); start the kernel as a user who"
    " is not root outside its namespace either",
}


@dataclass(frozen=True, slots=True)
class LayerReport:
    """One layer as it was found; same fields as `contracts.wire.SandboxLayer`."""

    name: str
    state: State
    proof: str = ""
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """All layers, the level, why the host must not go on (empty: it may), and the cost."""

    level: Level
    layers: tuple[LayerReport, ...]
    refused: str = ""
    apply_us: int = 0
    self_test_us: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def with_remedies(layers: list[LayerReport]) -> tuple[LayerReport, ...]:
    """The layers, each one that is not enforced with what a person can do about it."""
    return tuple(_with_remedy(layer) for layer in layers)


def _with_remedy(layer: LayerReport) -> LayerReport:
    if layer.state == "enforced":
        return layer
    if layer.reason == SWITCHED_OFF:
        return replace(layer, remedy="take it out of the policy's layers_off")
    return replace(layer, remedy=REMEDIES.get(layer.name, ""))


def level_of(layers: tuple[LayerReport, ...]) -> Level:
    """The level that the states allow to claim; pure.

    A: everything that confines holds. B: no own file tree, but Landlock, seccomp, network and
    signals hold. C: Landlock and seccomp hold. D: seccomp alone. E: the audit hook alone.
    """
    held = {layer.name for layer in layers if layer.state == "enforced"}
    core = {"landlock", "seccomp", "no_new_privs", "service_uid", "capabilities"}
    if core <= held and {"network", "signals"} <= held:
        return "A" if {"mount_view", "pid_namespace", "user_namespace"} <= held else "B"
    if core <= held:
        return "C"
    if {"seccomp", "service_uid"} <= held:
        return "D"
    return "E" if "audit_hook" in held else "none"


def is_below(level: Level, required: Level) -> bool:
    """Whether ``level`` is weaker than ``required``."""
    return LEVELS.index(level) > LEVELS.index(required)
