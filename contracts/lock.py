"""The contract lock: the shape and the bytes of every record, pinned in one readable file.

The *fingerprint* is a digest over all shapes and golden bytes. It is computed from the code
(`contracts_lock_digest`), so a host with other code cannot claim to have the same; the lock
holds it too, and the kernel refuses to start where the two differ.

Covers: making, reading, comparing and rendering the lock. Does not cover: where the file is
(`kernel.config.locks`), the command line (`tools/update_contract_lock.py`).
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from contracts import canonical
from contracts.bounded import ContractError
from contracts.compat import (
    Change,
    Reserved,
    Verdict,
    compare_contracts,
    field_names,
    kind_of,
    version_of,
)
from contracts.golden import golden_bytes
from contracts.registry import REGISTRY, Contract, Registry
from contracts.schema import Shape, describe_all, find_unbounded, json_schemas, ref_of

LOCK_FORMAT: Final = 1
LOCK_BYTES_MAX: Final = 16 << 20
LINE_CHARS_MAX: Final = 100
"""A value that fits in this many columns stands on one line: a diff then shows whole fields."""


class LockedContract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one contract. ``released`` names the release that first shipped it.

    Until then it is a draft: no bytes of it are stored outside of development, and it may
    change freely (the lock follows). From its release on the rules of `contracts.compat` hold.
    """

    shape: Shape
    golden: dict[str, str]
    json_schema: dict[str, Any]
    released: str | None = None


class ReservedNames(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that must not come back: tags of retired kinds; per kind its retired fields."""

    kinds: list[str] = msgspec.field(default_factory=list)
    fields: dict[str, list[str]] = msgspec.field(default_factory=dict)


class Break(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change that the rules forbid and a person allowed. ``date`` is ISO, UTC."""

    ref: str
    path: str
    rule: str
    detail: str
    reason: str
    date: str


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    format: int
    fingerprint: str
    contracts: dict[str, LockedContract]
    reserved: ReservedNames = msgspec.field(default_factory=ReservedNames)
    breaks: list[Break] = msgspec.field(default_factory=list)


def fingerprint_of(contracts: Mapping[str, Mapping[str, Any]]) -> str:
    """Digest over shapes and golden bytes; release marks and JSON Schemas play no part."""
    essence = {ref: [entry["shape"], entry["golden"]] for ref, entry in contracts.items()}
    return canonical.digest_bytes(canonical.encode_any(essence))


def describe_code(registry: Registry = REGISTRY) -> dict[str, dict[str, Any]]:
    """Shape and golden bytes of every contract of the code, by ``kind@version``."""
    structs = list(registry.structs.values())
    shapes = describe_all(structs)
    return {
        ref_of(struct): {
            "shape": shapes[ref_of(struct)],
            "golden": golden_bytes(shapes, struct),
        }
        for struct in structs
    }


@functools.cache
def contracts_lock_digest() -> str:
    """Fingerprint of the contracts in this process's code: goes into handshake and provenance.

    Equal to ``fingerprint`` in the lock when code and lock agree, see `compare_code`.
    """
    return fingerprint_of(describe_code())


def parse_lock(data: bytes) -> Lock:
    """The lock in the file's bytes; raises `ContractError`."""
    if len(data) > LOCK_BYTES_MAX:
        raise ContractError("too-large", f"a lock of {len(data)} bytes")
    try:
        lock = msgspec.json.decode(data, type=Lock)
    except msgspec.ValidationError as error:
        raise ContractError("invalid", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("malformed", str(error)) from error
    if lock.format != LOCK_FORMAT:
        raise ContractError("unknown-version", f"lock format {lock.format}, not {LOCK_FORMAT}")
    return lock


def empty_lock() -> Lock:
    """The lock before the first contract."""
    return Lock(format=LOCK_FORMAT, fingerprint="", contracts={})


def compare_code(lock: Lock, code: Mapping[str, Mapping[str, Any]]) -> list[Change]:
    """All changes from the lock to the code (`describe_code`), sorted; empty when they agree."""
    return compare_contracts(_essence(lock), code, _reserved(lock))


def code_matches(lock: Lock) -> bool:
    """Whether this process's code is what the lock pins: one digest over each."""
    own = fingerprint_of(_essence(lock))
    return own == lock.fingerprint == contracts_lock_digest()


def _essence(lock: Lock) -> dict[str, dict[str, Any]]:
    return {
        ref: {"shape": entry.shape, "golden": entry.golden} for ref, entry in lock.contracts.items()
    }


def _reserved(lock: Lock) -> Reserved:
    fields = {kind: frozenset(names) for kind, names in lock.reserved.fields.items()}
    return Reserved(kinds=frozenset(lock.reserved.kinds), fields=fields)


def blocking(lock: Lock, changes: Iterable[Change]) -> list[Change]:
    """The changes that may not go into the lock just so: forbidden, and not on a draft."""
    drafts = {ref for ref, entry in lock.contracts.items() if entry.released is None}
    return [
        change
        for change in changes
        if change.verdict > Verdict.COMPATIBLE and change.ref not in drafts
    ]


def next_lock(
    lock: Lock,
    registry: Registry = REGISTRY,
    *,
    breaks: Iterable[Break] = (),
    release: str | None = None,
) -> Lock:
    """The lock that pins the code: release marks, reserved names and breaks carried over.

    ``release`` marks every draft as shipped by that release. Raises `ContractError` when a
    contract has an unbounded, untyped or floating field.
    """
    code = describe_code(registry)
    problems = find_unbounded({ref: entry["shape"] for ref, entry in code.items()})
    if problems:
        raise ContractError("invalid", "; ".join(problems))
    schemas = json_schemas(registry.structs.values())
    contracts = {}
    for ref, entry in code.items():
        held = lock.contracts.get(ref)
        contracts[ref] = LockedContract(
            shape=entry["shape"],
            golden=entry["golden"],
            json_schema=schemas[ref],
            released=(held.released if held else None) or release,
        )
    return Lock(
        format=LOCK_FORMAT,
        fingerprint=fingerprint_of(code),
        contracts=contracts,
        reserved=_next_reserved(lock, contracts),
        breaks=[*lock.breaks, *breaks],
    )


def _next_reserved(lock: Lock, contracts: Mapping[str, LockedContract]) -> ReservedNames:
    """What was reserved, plus the names that released contracts have lost since."""
    kinds = set(lock.reserved.kinds)
    fields = {kind: set(names) for kind, names in lock.reserved.fields.items()}
    current_kinds = {kind_of(ref) for ref in contracts}
    for ref, entry in [*lock.contracts.items(), *contracts.items()]:
        if entry.released is None:
            continue
        kind = kind_of(ref)
        if kind not in current_kinds:
            kinds.add(kind)
            continue
        newest = max((r for r in contracts if kind_of(r) == kind), key=version_of)
        gone = field_names(entry.shape) - field_names(contracts[newest].shape)
        fields.setdefault(kind, set()).update(gone)
    kept = {kind: sorted(names) for kind, names in fields.items() if names}
    return ReservedNames(kinds=sorted(kinds), fields=kept)


def render_lock(lock: Lock) -> str:
    """The file's text: keys sorted, short values on one line, the same bytes everywhere."""
    return _render(msgspec.to_builtins(lock), indent=0, prefix_chars=0) + "\n"


def _render(node: Any, *, indent: int, prefix_chars: int) -> str:  # noqa: ANN401 - JSON
    flat = json.dumps(node, sort_keys=True, ensure_ascii=True)
    if not isinstance(node, dict | list) or not node:
        return flat
    if indent + prefix_chars + len(flat) + 1 <= LINE_CHARS_MAX and indent > 0:
        return flat
    pad, end = " " * (indent + 1), " " * indent
    if isinstance(node, dict):
        lines = []
        for key in sorted(node):
            name = json.dumps(key, ensure_ascii=True) + ": "
            lines.append(pad + name + _render(node[key], indent=indent + 1, prefix_chars=len(name)))
        return "{\n" + ",\n".join(lines) + "\n" + end + "}"
    items = [pad + _render(item, indent=indent + 1, prefix_chars=0) for item in node]
    return "[\n" + ",\n".join(items) + "\n" + end + "]"


def diff_locks(old_text: str, new_text: str) -> list[str]:
    """Lines of a unified diff between two lock files' texts; empty when they are equal."""
    return list(
        difflib.unified_diff(
            old_text.splitlines(), new_text.splitlines(), "locked", "code", lineterm="", n=2
        )
    )


def find_contract(ref: str, registry: Registry = REGISTRY) -> Contract:
    """The struct behind ``kind`` (its newest version) or ``kind@version``.

    Raises `ContractError` when there is none.
    """
    kind, _, version = ref.partition("@")
    if not version:
        return registry.find(kind, registry.newest.get(kind, 1))
    if not version.isdecimal():
        raise ContractError("unknown-version", f"{version!r} is not a version number")
    return registry.find(kind, int(version))
