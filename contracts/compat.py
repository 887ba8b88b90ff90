"""What a change of a contract means for bytes that are already written: pure rules.

In the manner of buf's breaking-change detection: each kind of change is a rule with a name and
a verdict, and docs/contracts.md carries the same table (a test compares the two). The question
behind each verdict is the one of a store that keeps everything: does the new code read every
byte that the locked code may have written, and give it the same meaning and the same hash?

Covers: comparing two shapes, and two whole locks. Does not cover: the lock file
(`contracts.lock`), exceptions granted by a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from contracts.schema import Shape, TypeShape


class Verdict(IntEnum):
    """What a change asks for; the larger is the worse."""

    COMPATIBLE = 0
    """The same version may take it: old bytes are read as before."""
    NEW_VERSION = 1
    """Needs a new schema version with an upcaster; the old struct stays as it is."""
    REFUSED = 2
    """Never: old bytes would be lost, or read as something else."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change."""

    verdict: Verdict
    why: str


_OK, _NEW, _NO = Verdict.COMPATIBLE, Verdict.NEW_VERSION, Verdict.REFUSED

RULES: Final[Mapping[str, Rule]] = {
    "kind-added": Rule(_OK, "no bytes of it exist"),
    "version-added": Rule(_OK, "the registry demands an upcaster from the version before"),
    "message-gone": Rule(_OK, "messages are not stored; the handshake compares fingerprints"),
    "optional-field-added": Rule(_OK, "old bytes take the default"),
    "default-added": Rule(_OK, "old bytes have the field"),
    "constraint-widened": Rule(_OK, "whatever was valid stays valid"),
    "unknown-fields-allowed": Rule(_OK, "whatever was valid stays valid"),
    "attribute-renamed": Rule(_OK, "the encoded name is the same"),
    "example-changed": Rule(_OK, "the example is not part of the contract"),
    "required-field-added": Rule(_NEW, "old bytes do not have it"),
    "field-removed": Rule(_NEW, "old bytes have it, and are refused"),
    "field-renamed": Rule(_NEW, "old bytes have the old name: refused, or silently the default"),
    "field-retyped": Rule(_NEW, "old bytes hold the old type, or hash differently in the new one"),
    "constraint-tightened": Rule(_NEW, "old bytes may hold what is now refused"),
    "default-changed": Rule(_NEW, "bytes without the field change their meaning silently"),
    "default-removed": Rule(_NEW, "bytes without the field are refused"),
    "unknown-fields-forbidden": Rule(_NEW, "old bytes may hold unknown fields"),
    "tag-field-changed": Rule(_NEW, "old bytes keep their kind under the old name"),
    "array-like-changed": Rule(_NEW, "a map is read as a list, or the other way round"),
    "array-item-inserted": Rule(_NEW, "values land in the wrong fields, silently"),
    "field-order-changed": Rule(_NEW, "equal values get other bytes, so other hashes"),
    "array-order-changed": Rule(_NEW, "values land in the wrong fields, silently"),
    "omit-defaults-changed": Rule(_NEW, "equal values get other bytes, so other hashes"),
    "encoding-changed": Rule(_NEW, "the same value gets other bytes, so another hash"),
    "version-removed": Rule(_NO, "stored bytes of it could not be read any more"),
    "tag-reused": Rule(_NO, "old bytes of the retired kind would be read as the new one"),
    "field-name-reused": Rule(_NO, "old bytes hold something else under this name"),
}
"""Every kind of change; the key is the name that the lock, the tools and the docs use."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference between the locked contract and the code."""

    ref: str
    path: str
    rule: str
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """What the rule says about it."""
        return RULES[self.rule].verdict

    def __str__(self) -> str:
        where = f"{self.ref}.{self.path}" if self.path else self.ref
        detail = f" ({self.detail})" if self.detail else ""
        name = self.verdict.name.lower().replace("_", "-")
        return f"{name}: {where}: {self.rule}{detail}: {RULES[self.rule].why}"


def compare_shapes(ref: str, old: Shape, new: Shape) -> list[Change]:
    """All changes from the locked shape to the shape of the code, sorted."""
    changes = [*_compare_options(ref, old, new), *_compare_fields(ref, old, new)]
    return sorted(set(changes))


def _compare_options(ref: str, old: Shape, new: Shape) -> Iterator[Change]:
    if old["tag_field"] != new["tag_field"]:
        yield Change(ref, "", "tag-field-changed", f"{old['tag_field']} -> {new['tag_field']}")
    if old["array_like"] != new["array_like"]:
        yield Change(ref, "", "array-like-changed")
    if old["omit_defaults"] != new["omit_defaults"]:
        yield Change(ref, "", "omit-defaults-changed")
    if old["forbid_unknown_fields"] and not new["forbid_unknown_fields"]:
        yield Change(ref, "", "unknown-fields-allowed")
    if new["forbid_unknown_fields"] and not old["forbid_unknown_fields"]:
        yield Change(ref, "", "unknown-fields-forbidden")


def _compare_fields(ref: str, old: Shape, new: Shape) -> Iterator[Change]:
    before = {field["encoded"]: field for field in old["fields"]}
    after = {field["encoded"]: field for field in new["fields"]}
    renamed = _find_renames(before, after)
    for name, field in before.items():
        if name in after:
            yield from _compare_field(ref, field, after[name])
        elif name in renamed:
            yield Change(ref, name, "field-renamed", f"now {renamed[name]}")
        else:
            yield Change(ref, name, "field-removed")
    array_like = bool(old["array_like"] and new["array_like"])
    for position, (name, field) in enumerate(after.items()):
        if name in before or name in renamed.values():
            continue
        if array_like and position < len(before):
            yield Change(ref, name, "array-item-inserted", f"at position {position}")
        elif "default" in field:
            yield Change(ref, name, "optional-field-added")
        else:
            yield Change(ref, name, "required-field-added")
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield Change(ref, "", "array-order-changed" if array_like else "field-order-changed")


def _find_renames(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, str]:
    """Old encoded name to new one, for attributes that kept their name in the code."""
    gone = {field["name"]: name for name, field in before.items() if name not in after}
    come = {field["name"]: name for name, field in after.items() if name not in before}
    return {gone[attribute]: come[attribute] for attribute in gone.keys() & come.keys()}


def _compare_field(ref: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    name = old["encoded"]
    if old["name"] != new["name"]:
        yield Change(ref, name, "attribute-renamed", f"{old['name']} -> {new['name']}")
    if "default" in old and "default" not in new:
        yield Change(ref, name, "default-removed")
    elif "default" in new and "default" not in old:
        yield Change(ref, name, "default-added")
    elif "default" in old and not _same(old["default"], new["default"]):
        yield Change(ref, name, "default-changed", f"{old['default']!r} -> {new['default']!r}")
    for rule in compare_types(old["type"], new["type"]):
        yield Change(ref, name, rule)


def _same(old: object, new: object) -> bool:
    """Equality of plain data that tells False from 0, as the bytes do."""
    return repr(old) == repr(new)


def compare_types(old: TypeShape, new: TypeShape) -> frozenset[str]:
    """Names of the rules that the change from one type to the other falls under."""
    if old["type"] != "union" and new["type"] != "union":
        return _compare_members(old, new)
    before = {_identity(member): member for member in _members(old)}
    after = {_identity(member): member for member in _members(new)}
    shared = before.keys() & after.keys()
    if not shared - {"null"}:
        # Only "nothing" is common to both: what is there is of another type.
        return frozenset({"field-retyped"})
    rules: set[str] = set()
    if after.keys() - shared:
        rules.add("constraint-widened")
    if before.keys() - shared:
        rules.add("constraint-tightened")
    for identity in shared:
        rules |= _compare_members(before[identity], after[identity])
    return frozenset(rules)


def _members(shape: TypeShape) -> list[TypeShape]:
    return list(shape["of"]) if shape["type"] == "union" else [shape]


def _identity(shape: TypeShape) -> str:
    """What makes two members of a union the same one: a union holds one of each at most."""
    return f"record {shape['ref']}" if shape["type"] == "record" else str(shape["type"])


def _compare_members(old: TypeShape, new: TypeShape) -> frozenset[str]:
    if _identity(old) != _identity(new):
        return frozenset({"field-retyped"})
    rules = _compare_bounds(old, new)
    if old["type"] == "literal":
        rules |= _compare_values(old["values"], new["values"])
    for part in ("item", "key", "value"):
        if part in old:
            rules |= compare_types(old[part], new[part])
    if old["type"] == "tuple":
        if len(old["items"]) != len(new["items"]):
            return frozenset({"field-retyped"})
        for before, after in zip(old["items"], new["items"], strict=True):
            rules |= compare_types(before, after)
    return frozenset(rules)


def _compare_values(old: list[Any], new: list[Any]) -> set[str]:
    before, after = {repr(value) for value in old}, {repr(value) for value in new}
    rules: set[str] = set()
    if after - before:
        rules.add("constraint-widened")
    if before - after:
        rules.add("constraint-tightened")
    return rules


def _compare_bounds(old: TypeShape, new: TypeShape) -> set[str]:
    rules: set[str] = set()
    for before, after in (
        (_lower(old), _lower(new)),
        (old.get("min_length", 0), new.get("min_length", 0)),
        (-_upper(old), -_upper(new)),
        (-old.get("max_length", _INFINITE), -new.get("max_length", _INFINITE)),
    ):
        if after > before:
            rules.add("constraint-tightened")
        elif after < before:
            rules.add("constraint-widened")
    for name in ("pattern", "multiple_of"):
        before, after = old.get(name), new.get(name)
        if before != after:
            # Whether one pattern takes all that another took is not decided here: no, then.
            rules.add("constraint-widened" if after is None else "constraint-tightened")
    if old.get("example") != new.get("example"):
        rules.add("example-changed")
    return rules


_INFINITE: Final = 2**200
"""Beyond every bound that a contract can state, and an integer, so that comparing is exact."""


def _lower(shape: TypeShape) -> int:
    """Smallest integer allowed."""
    if "gt" in shape:
        return int(shape["gt"]) + 1
    return int(shape.get("ge", -_INFINITE))


def _upper(shape: TypeShape) -> int:
    """Largest integer allowed."""
    if "lt" in shape:
        return int(shape["lt"]) - 1
    return int(shape.get("le", _INFINITE))


@dataclass(frozen=True, slots=True)
class Reserved:
    """Names that were used once: tags of retired kinds, and per kind its retired fields."""

    kinds: frozenset[str]
    fields: Mapping[str, frozenset[str]]


def compare_contracts(
    locked: Mapping[str, Mapping[str, Any]],
    code: Mapping[str, Mapping[str, Any]],
    reserved: Reserved,
) -> list[Change]:
    """All changes from the locked contracts to those of the code, sorted.

    Both map ``kind@version`` to ``{"shape": ..., "golden": ...}``. Every locked version is
    compared, not only the last: what was written under any of them may still be stored.
    """
    changes: list[Change] = []
    locked_kinds = {kind_of(ref) for ref in locked}
    code_kinds = {kind_of(ref) for ref in code}
    for ref, entry in locked.items():
        if ref in code:
            changes += compare_shapes(ref, entry["shape"], code[ref]["shape"])
            if entry["shape"] == code[ref]["shape"] and entry["golden"] != code[ref]["golden"]:
                changes.append(Change(ref, "", "encoding-changed"))
        elif entry["shape"]["family"] == "message":
            changes.append(Change(ref, "", "message-gone"))
        else:
            changes.append(Change(ref, "", "version-removed"))
    for ref in code.keys() - locked.keys():
        kind = kind_of(ref)
        if kind in reserved.kinds - (locked_kinds & code_kinds):
            changes.append(Change(ref, "", "tag-reused"))
        else:
            changes.append(
                Change(ref, "", "version-added" if kind in locked_kinds else "kind-added")
            )
    changes += _find_reused_names(locked, code, reserved)
    return sorted(set(changes))


def _find_reused_names(
    locked: Mapping[str, Mapping[str, Any]],
    code: Mapping[str, Mapping[str, Any]],
    reserved: Reserved,
) -> Iterator[Change]:
    for ref, entry in code.items():
        before = field_names(locked[ref]["shape"]) if ref in locked else frozenset()
        for name in field_names(entry["shape"]) - before:
            if name in reserved.fields.get(kind_of(ref), frozenset()):
                yield Change(ref, name, "field-name-reused")


def field_names(shape: Shape) -> frozenset[str]:
    """Encoded names of the fields."""
    return frozenset(field["encoded"] for field in shape["fields"])


def kind_of(ref: str) -> str:
    """The kind in ``kind@version``."""
    return ref.rpartition("@")[0]


def version_of(ref: str) -> int:
    """The version in ``kind@version``."""
    return int(ref.rpartition("@")[2])
