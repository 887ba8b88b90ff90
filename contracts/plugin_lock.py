"""The plugin lock: what was approved, and whether what was found is that.

Covers: the records of both plugin locks (the packaged one and the person's), the verdict on a
plugin, and the difference that a person is shown. Does not cover: files (`kernel.config`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, TypeVar

import msgspec

from contracts import canonical
from contracts.base import Digest, PluginId, UtcMicros, Version
from contracts.bounded import ContractError
from contracts.manifest import MemoryBytes, Permissions, PluginManifest, find_misfits

PLUGIN_LOCK_FORMAT: Final = 1
PLUGIN_LOCK_BYTES_MAX: Final = 16 << 20

LockT = TypeVar("LockT", bound="PluginsLock | Approvals")
Refusal: TypeAlias = Literal["unlocked", "changed", "exceeds-grant", "misfit"]


class LockedPlugin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approved state of a plugin: exactly these files, at most these permissions."""

    version: Version
    digest: Digest
    manifest_digest: Digest
    files: dict[str, Digest]
    permissions: Permissions
    memory_bytes_max: MemoryBytes
    dependencies: dict[str, str]


class PluginsLock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``locks/plugins.lock.json``: the built-in plugins, as this release ships them."""

    format: int = PLUGIN_LOCK_FORMAT
    plugins: dict[PluginId, LockedPlugin] = msgspec.field(default_factory=dict)


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something a person decided about a plugin; never rewritten, only added to."""

    at_us: UtcMicros
    act: Literal["approve", "rollback"]
    locked: LockedPlugin
    kept: bool = False
    """Whether a copy of these files is kept, so that a rollback can bring them back."""


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the person approved last, and everything before.

    ``from_copy`` says that the kept copy runs instead of the installed files (a rollback).
    """

    current: LockedPlugin
    from_copy: bool = False
    history: tuple[Decision, ...]


class Approvals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``plugins.lock.json`` in the data dir: what the person approved."""

    format: int = PLUGIN_LOCK_FORMAT
    plugins: dict[PluginId, Approval] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginFacts:
    """A plugin as it was found: its manifest and the digests of its files."""

    manifest: PluginManifest
    files: Mapping[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class PluginVerdict:
    """Whether a plugin may run, and every reason why not: (code, detail)."""

    refusals: tuple[tuple[Refusal, str], ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing stands against it."""
        return not self.refusals


def lock_plugin(facts: PluginFacts) -> LockedPlugin:
    """The lock entry that approves exactly what was found, with all that it asks for."""
    manifest = facts.manifest
    return LockedPlugin(
        version=manifest.version,
        digest=facts.digest,
        manifest_digest=canonical.digest(manifest),
        files=dict(sorted(facts.files.items())),
        permissions=manifest.permissions,
        memory_bytes_max=manifest.memory_bytes_max,
        dependencies=dict(sorted(manifest.dependencies.items())),
    )


def verify_plugin(
    facts: PluginFacts, locked: LockedPlugin | None, newest: Mapping[str, int]
) -> PluginVerdict:
    """Whether the found plugin is the locked one and fits this kernel.

    ``newest`` maps each contract kind to its newest version.
    """
    refusals: list[tuple[Refusal, str]] = []
    if locked is None:
        refusals.append(("unlocked", "nobody approved this plugin"))
    else:
        if facts.digest != locked.digest:
            changed = diff_files(locked.files, facts.files)
            refusals.append(("changed", ", ".join(changed) or "its files differ"))
        refusals += [("exceeds-grant", excess) for excess in find_excess(facts.manifest, locked)]
    refusals += [("misfit", misfit) for misfit in find_misfits(facts.manifest, newest)]
    return PluginVerdict(refusals=tuple(refusals))


def find_excess(manifest: PluginManifest, locked: LockedPlugin) -> list[str]:
    """What the manifest asks for beyond what the lock grants."""
    asked, granted = manifest.permissions, locked.permissions
    excess = []
    if asked.network not in {"none", granted.network}:
        excess.append(f"network: asks for {asked.network}, granted is {granted.network}")
    excess += [
        f"read_paths: {path} is not granted"
        for path in asked.read_paths
        if path not in granted.read_paths
    ]
    excess += [
        f"programs: {program} is not granted"
        for program in asked.programs
        if program not in granted.programs
    ]
    if manifest.memory_bytes_max > locked.memory_bytes_max:
        excess.append(
            f"memory_bytes_max: asks for {manifest.memory_bytes_max}, "
            f"granted is {locked.memory_bytes_max}"
        )
    return excess


def diff_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """``added|removed|changed PATH`` for every file that differs, by path."""
    lines = []
    for path in sorted(old.keys() | new.keys()):
        if path not in old:
            lines.append(f"added {path}")
        elif path not in new:
            lines.append(f"removed {path}")
        elif old[path] != new[path]:
            lines.append(f"changed {path}")
    return lines


def diff_plugin(locked: LockedPlugin | None, found: LockedPlugin) -> list[str]:
    """What approving ``found`` would change, line by line; empty when nothing."""
    if locked is None:
        lines = [f"new plugin, version {found.version}, {len(found.files)} files"]
        lines += [f"added {path}" for path in found.files]
        locked = msgspec.structs.replace(found, permissions=Permissions(), dependencies={})
    else:
        lines = diff_files(locked.files, found.files)
        if locked.version != found.version:
            lines.insert(0, f"version: {locked.version} -> {found.version}")
    for name in ("network", "read_paths", "programs"):
        before, after = getattr(locked.permissions, name), getattr(found.permissions, name)
        if before != after:
            lines.append(f"permissions.{name}: {_show(before)} -> {_show(after)}")
    if locked.memory_bytes_max != found.memory_bytes_max:
        lines.append(f"memory_bytes_max: {locked.memory_bytes_max} -> {found.memory_bytes_max}")
    for name in sorted(locked.dependencies.keys() | found.dependencies.keys()):
        wanted, wants = locked.dependencies.get(name), found.dependencies.get(name)
        if wanted != wants:
            lines.append(f"dependencies.{name}: {wanted or 'none'} -> {wants or 'none'}")
    return lines


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


def digest_plugin_locks(packaged: PluginsLock, approvals: Approvals) -> str:
    """The digest of all that is approved: goes into handshake, run manifest and provenance.

    The history of approvals plays no part: equal approvals have equal digests.
    """
    approved = {name: approval.current for name, approval in approvals.plugins.items()}
    return canonical.digest_bytes(canonical.encode_any([packaged.plugins, approved]))


def parse_plugins_lock(data: bytes) -> PluginsLock:
    """The packaged lock in the file's bytes; raises `ContractError`."""
    return _parse(data, PluginsLock)


def parse_approvals(data: bytes) -> Approvals:
    """The person's lock in the file's bytes; raises `ContractError`."""
    return _parse(data, Approvals)


def _parse(data: bytes, as_type: type[LockT]) -> LockT:
    if len(data) > PLUGIN_LOCK_BYTES_MAX:
        raise ContractError("too-large", f"a plugin lock of {len(data)} bytes")
    try:
        lock = msgspec.json.decode(data, type=as_type)
    except msgspec.ValidationError as error:
        raise ContractError("invalid", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("malformed", str(error)) from error
    if lock.format != PLUGIN_LOCK_FORMAT:
        raise ContractError("unknown-version", f"plugin lock format {lock.format}")
    return lock


def render_plugin_lock(lock: PluginsLock | Approvals) -> bytes:
    """The file's bytes: keys sorted, one value per line, the same everywhere."""
    return msgspec.json.format(msgspec.json.encode(lock, order="sorted"), indent=1) + b"\n"
