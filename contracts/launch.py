"""What the kernel tells a starting host: the limits and walls it must put around itself.

Covers: the sandbox policy and its JSON form. Does not cover: the wire (`contracts.wire`) and
how a wall is built (`plugin_host.sandbox`). Plain dataclasses and the standard library only:
a host reads this under ``python -I -S``, before any library is reachable.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

LEVELS: Final = ("A", "B", "C", "D", "E", "none")
"""Sandbox levels, strongest first; docs/sandbox.md says what each one holds."""

LAYERS: Final = (
    "service_uid",
    "session",
    "parent_death",
    "rlimits",
    "user_namespace",
    "network_namespace",
    "ipc_namespace",
    "pid_namespace",
    "mount_view",
    "process_limit",
    "capabilities",
    "no_new_privs",
    "landlock",
    "seccomp",
    "not_dumpable",
    "audit_hook",
    "network",
    "signals",
    "affinity",
)
"""Every layer a report names, in the order of the report."""

LAUNCH_DOCUMENT_BYTES_MAX: Final = 60_000
"""A launch document must fit into a pipe (64 KiB) without a reader."""


@dataclass(frozen=True, slots=True)
class ProgramGrant:
    """One program a host may execute, and the data it reads."""

    path: str
    read_only_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """The walls of one host; paths are absolute, sizes in bytes.

    ``data_bytes_max`` limits private memory (RLIMIT_DATA), ``address_bytes_max`` address space
    (loose: library mappings count). ``nproc_max`` counts processes and threads together.
    ``kernel_pid_namespace`` is the kernel's own /proc/self/ns/pid, to be told apart from.
    ``network``: ``none``, or ``loopback`` (TCP by ``connect_ports`` only; see docs/sandbox.md for
    what is not enforced). ``keep_fds`` are inherited descriptors that stay open, such as a
    listening socket the kernel bound: that way a host serves loopback with no network of its own.
    ``hide_paths`` must be invisible and ``decoy_paths`` unreadable: both are tried afterwards.
    ``layers_off`` switches layers off (for tests and diagnosis); the report tells.
    """

    scratch_dir: str
    ipc_dir: str
    kernel_pid: int
    kernel_pid_namespace: str = ""
    read_only_paths: tuple[str, ...] = ()
    programs: tuple[ProgramGrant, ...] = ()
    data_bytes_max: int = 600 << 20
    address_bytes_max: int = 8 << 30
    fsize_bytes_max: int = 256 << 20
    nofile_max: int = 256
    nproc_max: int = 64
    network: Literal["none", "loopback"] = "none"
    connect_ports: tuple[int, ...] = ()
    keep_fds: tuple[int, ...] = ()
    affinity: tuple[int, ...] = ()
    nice: int = 10
    service_uid: int = 65534
    service_gid: int = 65534
    hide_paths: tuple[str, ...] = ("/home", "/mnt", "/run/WSL")
    decoy_paths: tuple[str, ...] = ("/etc/passwd",)
    level_required: Literal["A", "B", "C", "D", "E", "none"] = "none"
    layers_off: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` gives the equal policy back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> SandboxPolicy:
        """The policy that ``raw`` spells.

        Raises ValueError on an unknown name or layer, TypeError on a missing one: a host that
        does not understand its policy must not run.
        """
        unknown = set(raw) - {field.name for field in fields(cls)}
        if unknown:
            msg = f"unknown sandbox policy fields: {sorted(unknown)}"
            raise ValueError(msg)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
        }
        values["programs"] = tuple(
            ProgramGrant(path=item["path"], read_only_paths=tuple(item["read_only_paths"]))
            for item in raw.get("programs", ())
        )
        policy = cls(**values)
        strange = set(policy.layers_off) - set(LAYERS)
        if strange or policy.network not in ("none", "loopback"):
            msg = f"unknown sandbox layers {sorted(strange)} or network {policy.network!r}"
            raise ValueError(msg)
        if policy.level_required not in LEVELS:
            msg = f"unknown sandbox level {policy.level_required!r}"
            raise ValueError(msg)
        return policy


def encode_document(document: dict[str, Any]) -> bytes:
    """The bytes of a launch document, for the pipe that the host inherits.

    Raises ValueError when it would not fit into a pipe.
    """
    encoded = json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    if len(encoded) > LAUNCH_DOCUMENT_BYTES_MAX:
        msg = f"launch document has {len(encoded)} bytes, limit {LAUNCH_DOCUMENT_BYTES_MAX}"
        raise ValueError(msg)
    return encoded
