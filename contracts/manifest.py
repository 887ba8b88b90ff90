"""The plugin manifest: what ``plugin.toml`` says, read as data, long before any plugin code.

Covers: the fields, their bounds, errors that name file and key, and whether a manifest fits a
kernel. Does not cover: finding manifests (`kernel.config.plugins`), the lock
(`contracts.plugin_lock`).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from contracts.base import Name, PluginId, StageName, Version
from contracts.bounded import ContractError
from contracts.version_range import VersionRange

MANIFEST_NAME: Final = "plugin.toml"
MANIFEST_VERSION: Final = 1
MANIFEST_BYTES_MAX: Final = 256 << 10

KERNEL_API_VERSION: Final = "1.2.0"
"""Version of what a plugin may rely on: the hooks, their meaning and this manifest."""

HOOKS: Final = frozenset({"autocapture_setup", "autocapture_run"})
"""Hooks that exist in this version of the API (`plugin_host.hooks.StageHooks`)."""

Kind: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,62}$(?!\n)")]
Range: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
EntryPoint: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*(:[A-Za-z_][A-Za-z0-9_]*)?$(?!\n)",
        max_length=128,
    ),
]
ProgramName: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._+-]{1,64}$(?!\n)")]
AbsolutePath: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^/[^\x00-\x1f]*$(?!\n)", max_length=1024)
]
PackageFile: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$(?!\n)", max_length=256
    ),
]
MemoryBytes: TypeAlias = Annotated[int, msgspec.Meta(ge=1 << 20, le=1 << 43)]
Scalar: TypeAlias = (
    bool
    | Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
    | float
    | Annotated[str, msgspec.Meta(max_length=4096)]
)
ConfigValue: TypeAlias = Scalar | Annotated[tuple[Scalar, ...], msgspec.Meta(max_length=256)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the manifest's tables: immutable, strict on unknown keys."""


class Model(Part, frozen=True, kw_only=True):
    """A model that a host loads and keeps warm; ``memory_bytes`` is what it needs loaded.

    ``files`` are the files it is loaded from, as ``PACKAGE/PATH`` below an installed package: so
    that it can be told whether they are there before a host is started for them.
    """

    key: Name
    memory_bytes: MemoryBytes
    files: Annotated[tuple[PackageFile, ...], msgspec.Meta(max_length=32)] = ()


class StageDeclaration(Part, frozen=True, kw_only=True):
    """One stage that the plugin does: which records it takes, which one it gives.

    ``inputs`` and ``output`` are kinds whose versions stand under ``[contracts]``. ``model``
    names one of the plugin's models. ``config`` holds the stage's settings with their defaults.
    ``previous`` are kinds that it takes of the frame before on the same source and monitor as
    well, when there is one: such a stage gets its frames in order (`contracts.stages`).
    """

    name: StageName
    inputs: Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1, max_length=8)]
    output: Kind
    model: Name | None = None
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=3_600_000)] = 60_000
    config: Annotated[dict[Name, ConfigValue], msgspec.Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )
    previous: Annotated[tuple[Kind, ...], msgspec.Meta(max_length=8)] = ()


class Permissions(Part, frozen=True, kw_only=True):
    """What the plugin asks for beyond its own folder and scratch space.

    ``network`` "loopback" reaches 127.0.0.1 and ::1 and nothing else; there is no more to ask
    for. ``read_paths`` are absolute; ``programs`` are names of programs it may start.
    """

    network: Literal["none", "loopback"] = "none"
    read_paths: Annotated[tuple[AbsolutePath, ...], msgspec.Meta(max_length=64)] = ()
    programs: Annotated[tuple[ProgramName, ...], msgspec.Meta(max_length=64)] = ()


class PluginManifest(Part, frozen=True, kw_only=True):
    """The whole of ``plugin.toml``.

    ``entry`` is the module in the plugin's package that holds the hooks, and after a colon the
    object in it whose methods they are (without: the hooks are the module's functions).
    ``contracts`` maps each kind that the plugin handles to the range of its versions that it
    was written for. ``dependencies`` maps distributions to version ranges.
    ``memory_bytes_max`` is the limit that is put on one host of the plugin, models included.
    """

    manifest_version: Annotated[int, msgspec.Meta(ge=1)]
    id: PluginId
    version: Version
    summary: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    kernel_api: Range
    contracts: Annotated[dict[Kind, Range], msgspec.Meta(max_length=64)]
    hooks: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=32)]
    entry: EntryPoint = "plugin"
    stages: Annotated[tuple[StageDeclaration, ...], msgspec.Meta(max_length=32)] = ()
    models: Annotated[tuple[Model, ...], msgspec.Meta(max_length=16)] = ()
    permissions: Permissions = Permissions()
    hosting: Literal["in_process", "subprocess", "any"] = "any"
    memory_bytes_max: MemoryBytes
    dependencies: Annotated[dict[Name, Range], msgspec.Meta(max_length=64)] = msgspec.field(
        default_factory=dict
    )


def parse_manifest(data: bytes, where: str) -> PluginManifest:
    """The manifest in the file's bytes; ``where`` names the file in every error.

    Raises `ContractError` (``manifest-invalid``): ``FILE: KEY: what is wrong``.
    """
    if len(data) > MANIFEST_BYTES_MAX:
        raise _invalid(where, "", f"larger than {MANIFEST_BYTES_MAX} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # ValueError: bad UTF-8, bad TOML, and a number of more digits than Python reads.
        raise _invalid(where, "", str(error) or type(error).__name__) from error
    version = table.get("manifest_version")
    if isinstance(version, int) and version > MANIFEST_VERSION:
        raise _invalid(
            where,
            "manifest_version",
            f"{version} is newer than this kernel understands ({MANIFEST_VERSION})",
        )
    try:
        manifest = msgspec.convert(table, PluginManifest)
    except msgspec.ValidationError as error:
        raise _invalid(where, *_locate(str(error))) from error
    for key, reason in _find_contradictions(manifest):
        raise _invalid(where, key, reason)
    return manifest


def _invalid(where: str, key: str, reason: str) -> ContractError:
    return ContractError(
        "manifest-invalid", ": ".join(part for part in (where, key, reason) if part)
    )


_PATH: Final = re.compile(r"^(?P<reason>.*) - at `(?:key in )?\$\.?(?P<path>.*)`$", re.DOTALL)
_FIELD: Final = re.compile(r"(?:required field|unknown field) `(?P<name>[^`]+)`")


def _locate(message: str) -> tuple[str, str]:
    """The key and the reason in a decoder's message, as a person reads them in TOML."""
    match = _PATH.match(message)
    path, reason = (match["path"], match["reason"]) if match else ("", message)
    field = _FIELD.search(reason)
    if field:
        path = f"{path}.{field['name']}" if path else field["name"]
    return path, reason


def _find_contradictions(manifest: PluginManifest) -> Iterator[tuple[str, str]]:
    """What the fields' own bounds cannot show: (key, reason)."""
    yield from _check_ranges(manifest)
    unknown = sorted(set(manifest.hooks) - HOOKS)
    if unknown:
        yield "hooks", f"{', '.join(unknown)}: no such hook; there are {', '.join(sorted(HOOKS))}"
    if manifest.stages and "autocapture_run" not in manifest.hooks:
        yield "hooks", "a plugin with stages implements autocapture_run"
    if manifest.hosting == "in_process" and manifest.permissions.network != "none":
        yield "hosting", "a plugin with network permission never runs inside the kernel"
    yield from _check_stages(manifest)


def _check_ranges(manifest: PluginManifest) -> Iterator[tuple[str, str]]:
    ranges = {"kernel_api": manifest.kernel_api}
    ranges |= {f"contracts.{kind}": text for kind, text in manifest.contracts.items()}
    ranges |= {f"dependencies.{name}": text for name, text in manifest.dependencies.items()}
    for key, text in ranges.items():
        try:
            VersionRange.parse(text)
        except ValueError as error:
            yield key, str(error)


def _check_stages(manifest: PluginManifest) -> Iterator[tuple[str, str]]:
    models = {model.key for model in manifest.models}
    for index, stage in enumerate(manifest.stages):
        for kind in (*stage.inputs, *stage.previous, stage.output):
            if kind not in manifest.contracts:
                yield f"stages[{index}]", f"{kind} has no version range under [contracts]"
        if stage.model is not None and stage.model not in models:
            yield f"stages[{index}].model", f"no model {stage.model!r} under [[models]]"
    counts = {
        "stages": Counter(stage.name for stage in manifest.stages),
        "models": Counter(model.key for model in manifest.models),
    }
    for key, counter in counts.items():
        for name, count in counter.items():
            if count > 1:
                yield key, f"{name!r} is declared {count} times"


def find_misfits(
    manifest: PluginManifest, newest: Mapping[str, int], kernel_api: str = KERNEL_API_VERSION
) -> list[str]:
    """Why this kernel cannot run the plugin; empty when it can.

    ``newest`` maps each kind to its newest version (`contracts.registry.Registry.newest`).
    """
    misfits = []
    if not VersionRange.parse(manifest.kernel_api).contains(kernel_api):
        misfits.append(
            f"kernel_api: the plugin wants {manifest.kernel_api}, this kernel has {kernel_api}"
        )
    for kind, text in sorted(manifest.contracts.items()):
        if kind not in newest:
            misfits.append(f"contracts.{kind}: this kernel knows no such contract")
        elif not VersionRange.parse(text).contains(str(newest[kind])):
            misfits.append(
                f"contracts.{kind}: the plugin wants version {text}, this kernel has {newest[kind]}"
            )
    return misfits
