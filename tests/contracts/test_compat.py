"""Each kind of change on each kind of field is judged as the table in the docs says.

The table of docs/contracts.md is read, and every change in it is made on a real contract: the
one page that people read cannot say something else than the rules.
"""

# ruff: noqa: ANN401 - types of fields are values here, and any of them may come
# mypy: disable-error-code="valid-type,misc"
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import pytest

from contracts import canonical
from contracts.base import Message
from contracts.bounded import ContractError, decode_bounded
from contracts.compat import (
    RULES,
    Change,
    Reserved,
    Verdict,
    compare_contracts,
    compare_shapes,
    compare_types,
)
from contracts.golden import FULL, example
from contracts.lock import describe_code
from contracts.registry import Contract, Registry
from contracts.schema import describe, describe_all
from tests.architecture.tree import REPOSITORY
from tests.contracts.toys import Short, Small, make

PAGE = (REPOSITORY / "docs" / "contracts.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| ([^|]+) \| ([^|]+) \| (compatible|new version|refused) \| `([^`]+)` \|$", re.M
)
NOTHING_RESERVED = Reserved(kinds=frozenset(), fields={})

Inner = make("inner", [("number", Small)])
InnerNext = make("inner", [("figure", Small)], version=2)


def numbers(most: int) -> Any:
    return Annotated[int, msgspec.Meta(ge=0, le=most)]


def text(most: int) -> Any:
    return Annotated[str, msgspec.Meta(max_length=most)]


def pattern(expression: str | None, sample: str = "aa") -> Any:
    meta = msgspec.Meta(pattern=expression, max_length=9, examples=[sample])
    return Annotated[str, meta]


def data(most: int) -> Any:
    return Annotated[bytes, msgspec.Meta(max_length=most)]


def items(item: Any, most: int = 5) -> Any:
    return Annotated[tuple[item, ...], msgspec.Meta(max_length=most)]


def table(value: Any, most: int = 5) -> Any:
    return Annotated[dict[text(9), value], msgspec.Meta(max_length=most)]


@dataclass(frozen=True)
class Kind:
    """A kind of field: its type, two defaults, and variations of the type."""

    base: Any
    default: Any
    other_default: Any
    retyped: Any
    wider: Any = None
    tighter: Any = None
    wider_inside: Any = None
    tighter_inside: Any = None
    retyped_inside: Any = None
    other_length: Any = None
    other_record: Any = None


KINDS = {
    "int": Kind(numbers(100), 1, 2, text(9), wider=numbers(101), tighter=numbers(99)),
    "bool": Kind(bool, default=False, other_default=True, retyped=numbers(1)),
    "text": Kind(text(20), "a", "b", data(20), wider=text(21), tighter=text(19)),
    "pattern": Kind(
        pattern("^a+$"), "a", "aa", numbers(9), wider=pattern(None), tighter=pattern("^aa$")
    ),
    "bytes": Kind(data(20), b"a", b"b", text(20), wider=data(21), tighter=data(19)),
    "literal": Kind(
        Literal["a", "b"],
        "a",
        "b",
        text(9),
        wider=Literal["a", "b", "c"],
        tighter=Literal["a"],
    ),
    "record": Kind(Inner, Inner(number=1), None, numbers(9), other_record=InnerNext),
    "list": Kind(
        items(numbers(100)),
        (),
        (1,),
        table(numbers(100)),
        wider=items(numbers(100), 6),
        tighter=items(numbers(100), 4),
        wider_inside=items(numbers(101)),
        tighter_inside=items(numbers(99)),
        retyped_inside=items(text(9)),
        other_record=(items(Inner), items(InnerNext)),
    ),
    "tuple": Kind(
        tuple[numbers(100), numbers(100)],
        (0, 1),
        (1, 1),
        items(numbers(100)),
        wider=tuple[numbers(100), numbers(101)],
        tighter=tuple[numbers(99), numbers(100)],
        wider_inside=tuple[numbers(101), numbers(101)],
        tighter_inside=tuple[numbers(99), numbers(99)],
        retyped_inside=tuple[numbers(100), text(9)],
        other_length=tuple[numbers(100), numbers(100), numbers(100)],
    ),
    "map": Kind(
        table(numbers(100)),
        {},
        msgspec.field(default_factory=lambda: {"a": 1}),
        items(numbers(100)),
        wider=table(numbers(100), 6),
        tighter=table(numbers(100), 4),
        wider_inside=table(numbers(101)),
        tighter_inside=table(numbers(99)),
        retyped_inside=table(text(9)),
    ),
    "optional": Kind(
        numbers(100) | None,
        None,
        1,
        text(9) | None,
        wider=numbers(101) | None,
        tighter=numbers(99) | None,
    ),
}
FIRST = ("first", Small)
Pair = tuple[Contract, Contract]


def toy(*fields: Any, **options: Any) -> Contract:
    return make("toy", [FIRST, *fields], **options)


def between(before: Any, after: Any) -> Pair:
    """The same contract with two types of one field."""
    return toy(("it", before)), toy(("it", after))


ON_FIELDS: dict[str, Callable[[Kind], Pair]] = {
    "add a field with a default": lambda k: (toy(), toy(("it", k.base, k.default))),
    "add a field without a default": lambda k: (toy(), toy(("it", k.base))),
    "remove a field": lambda k: (toy(("it", k.base)), toy()),
    "rename a field, also through `rename=`": lambda k: (
        toy(("it", k.base)),
        toy(("it", k.base), rename={"it": "that"}),
    ),
    "rename the attribute, keep the encoded name": lambda k: (
        toy(("it", k.base)),
        toy(("that", k.base), rename={"that": "it"}),
    ),
    "change the type": lambda k: between(k.base, k.retyped),
    "allow null": lambda k: between(k.base, k.base | None),
    "forbid null": lambda k: between(k.base, numbers(100)),
    "widen the bounds or add a value": lambda k: between(k.base, k.wider),
    "tighten the bounds or take a value away": lambda k: between(k.base, k.tighter),
    "widen what is inside": lambda k: between(k.base, k.wider_inside),
    "tighten what is inside": lambda k: between(k.base, k.tighter_inside),
    "change the type of what is inside": lambda k: between(k.base, k.retyped_inside),
    "change the length of a tuple": lambda k: between(k.base, k.other_length),
    "refer to another version of a record": lambda k: (
        between(*k.other_record)
        if isinstance(k.other_record, tuple)
        else between(k.base, k.other_record)
    ),
    "give a field a default": lambda k: (toy(("it", k.base)), toy(("it", k.base, k.default))),
    "change a default": lambda k: (
        toy(("it", k.base, k.default)),
        toy(("it", k.base, k.other_default)),
    ),
    "take a default away": lambda k: (toy(("it", k.base, k.default)), toy(("it", k.base))),
    "change the example of a pattern": lambda k: between(k.base, pattern("^a+$", "aaa")),
}
SECOND = ("second", Small)
LOOSE = {"forbid_unknown_fields": False}
ON_RECORDS: dict[tuple[str, str], Pair] = {
    ("reorder fields", "a map-like record"): (
        make("toy", [FIRST, SECOND]),
        make("toy", [SECOND, FIRST]),
    ),
    ("reorder fields", "an array-like record"): (
        make("toy", [FIRST, SECOND], array_like=True),
        make("toy", [SECOND, FIRST], array_like=True),
    ),
    ("insert a field before the end", "an array-like record"): (
        make("toy", [FIRST, SECOND], array_like=True),
        make("toy", [FIRST, ("between", Small), SECOND], array_like=True),
    ),
    ("append a field with a default", "an array-like record"): (
        make("toy", [FIRST], array_like=True),
        make("toy", [FIRST, ("last", Small, 0)], array_like=True),
    ),
    ("switch `array_like`", "a record"): (toy(), toy(array_like=True)),
    ("switch `omit_defaults`", "a record"): (toy(), toy(omit_defaults=True)),
    ("allow unknown fields", "a record"): (toy(), toy(**LOOSE)),
    ("forbid unknown fields", "a record"): (toy(**LOOSE), toy()),
    ("change the tag field", "a record"): (toy(), toy(tag_field="sort")),
}

TABLE = ROW.findall(PAGE)
FIELD_ROWS = [
    pytest.param(change, kind, verdict, rule, id=f"{change}-{kind}")
    for change, on, verdict, rule in TABLE
    if change in ON_FIELDS
    for kind in on.split(", ")
]
RECORD_ROWS = [
    pytest.param(change, on, verdict, rule, id=f"{change}-{on}")
    for change, on, verdict, rule in TABLE
    if (change, on) in ON_RECORDS
]


def judge(before: Contract, after: Contract) -> list[Change]:
    return compare_shapes("toy@1", describe(before), describe(after))


def named(verdict: str) -> Verdict:
    return Verdict[verdict.upper().replace(" ", "_")]


@pytest.mark.parametrize(("change", "kind", "verdict", "rule"), FIELD_ROWS)
def test_a_change_of_a_field_is_judged_as_documented(
    change: str, kind: str, verdict: str, rule: str
) -> None:
    changes = judge(*ON_FIELDS[change](KINDS[kind]))
    assert [found.rule for found in changes] == [rule]
    assert changes[0].verdict == named(verdict)


@pytest.mark.parametrize(("change", "on", "verdict", "rule"), RECORD_ROWS)
def test_a_change_of_a_record_is_judged_as_documented(
    change: str, on: str, verdict: str, rule: str
) -> None:
    changes = judge(*ON_RECORDS[(change, on)])
    assert rule in [found.rule for found in changes]
    assert max(found.verdict for found in changes) == named(verdict)


@pytest.mark.parametrize(("change", "kind", "verdict", "rule"), FIELD_ROWS)
def test_a_compatible_change_reads_every_old_byte_and_loses_nothing(
    change: str, kind: str, verdict: str, rule: str
) -> None:
    del rule
    before, after = ON_FIELDS[change](KINDS[kind])
    old = example(describe_all([before, Inner]), before, FULL)
    stored = canonical.encode(old)
    if verdict == "compatible":
        plain = msgspec.to_builtins(decode_bounded(stored, after))
        assert plain.items() >= msgspec.to_builtins(old).items()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_change_is_no_finding(kind: str) -> None:
    for fields in [("it", KINDS[kind].base)], [("it", KINDS[kind].base, KINDS[kind].default)]:
        assert judge(toy(*fields), toy(*fields)) == []


def test_the_page_names_every_rule_with_its_verdict() -> None:
    documented = {(rule, named(verdict)) for _, _, verdict, rule in TABLE}
    assert documented == {(name, rule.verdict) for name, rule in RULES.items()}


def test_every_change_that_can_be_made_is_on_the_page() -> None:
    changes = {change for change, _, _, _ in TABLE}
    assert set(ON_FIELDS) <= changes
    assert {change for change, _ in ON_RECORDS} <= changes


# --- what happens to whole locks --------------------------------------------------------------


def entries(*contracts: Contract) -> dict[str, Any]:
    registry = Registry(
        structs={(c.__struct_config__.tag, index): c for index, c in enumerate(contracts)},
        newest={},
        upcasters={},
    )
    return describe_code(registry)


def rules(
    locked: dict[str, Any], code: dict[str, Any], reserved: Reserved = NOTHING_RESERVED
) -> list[str]:
    return [change.rule for change in compare_contracts(locked, code, reserved)]


NOTE_1 = make("note", [FIRST])
NOTE_2 = make("note", [SECOND], version=2)


def test_a_new_kind_and_a_new_version_are_compatible() -> None:
    assert rules(entries(NOTE_1), entries(NOTE_1, NOTE_2, Inner)) == ["kind-added", "version-added"]


def test_dropping_a_stored_version_is_refused() -> None:
    assert rules(entries(NOTE_1, NOTE_2), entries(NOTE_2)) == ["version-removed"]
    assert RULES["version-removed"].verdict is Verdict.REFUSED


def test_dropping_a_message_is_not_for_it_is_never_stored() -> None:
    assert rules(entries(make("pulse", [FIRST], base=Message)), {}) == ["message-gone"]


def test_a_retired_tag_is_refused() -> None:
    reserved = Reserved(kinds=frozenset({"note"}), fields={})
    assert rules({}, entries(NOTE_1), reserved) == ["tag-reused"]


def test_a_retired_field_name_is_refused_in_a_new_version_too() -> None:
    reserved = Reserved(kinds=frozenset(), fields={"note": frozenset({"second"})})
    found = rules(entries(NOTE_1), entries(NOTE_1, NOTE_2), reserved)
    assert sorted(found) == ["field-name-reused", "version-added"]


def test_other_bytes_from_the_same_shape_are_a_finding() -> None:
    code = entries(NOTE_1)
    locked = {"note@1": {**code["note@1"], "golden": {"full": "00", "least": "00"}}}
    assert rules(locked, code) == ["encoding-changed"]


def test_every_locked_version_is_compared_not_only_the_last() -> None:
    changed = make("note", [("first", Short)])
    assert rules(entries(NOTE_1, NOTE_2), entries(changed, NOTE_2)) == ["field-retyped"]


# --- the silent breaks of msgspec -------------------------------------------------------------


def test_rename_loses_values_silently_and_is_caught() -> None:
    before = toy(("it", Small, 0), **LOOSE)
    after = toy(("it", Small, 0), rename={"it": "that"}, **LOOSE)
    stored = canonical.encode(before(first=1, it=7))
    assert decode_bounded(stored, after).it == 0  # type: ignore[attr-defined]
    assert [change.rule for change in judge(before, after)] == ["field-renamed"]


def test_a_changed_default_under_omit_defaults_changes_old_bytes_silently_and_is_caught() -> None:
    before = toy(("it", Small, 1), omit_defaults=True)
    after = toy(("it", Small, 2), omit_defaults=True)
    stored = canonical.encode(before(first=1, it=1))
    assert decode_bounded(stored, after).it == 2  # type: ignore[attr-defined]
    assert [change.rule for change in judge(before, after)] == ["default-changed"]


def test_an_insert_into_an_array_shifts_values_silently_and_is_caught() -> None:
    before = make("toy", [FIRST, ("last", Small, 0)], array_like=True)
    after = make("toy", [FIRST, ("between", Small, 0), ("last", Small, 0)], array_like=True)
    stored = canonical.encode(before(first=1, last=7))
    moved = decode_bounded(stored, after)
    assert (moved.between, moved.last) == (7, 0)  # type: ignore[attr-defined]
    assert "array-item-inserted" in [change.rule for change in judge(before, after)]


def test_forbidding_unknown_fields_refuses_old_bytes_and_is_caught() -> None:
    before, after = toy(**LOOSE), toy()
    stored = canonical.encode_any({"kind": "toy", "schema_version": 1, "first": 1, "more": 2})
    decode_bounded(stored, before)
    with pytest.raises(ContractError):
        decode_bounded(stored, after)
    assert [change.rule for change in judge(before, after)] == ["unknown-fields-forbidden"]


def test_an_integer_that_becomes_a_float_decodes_and_hashes_differently_and_is_caught() -> None:
    before, after = toy(("it", Small)), toy(("it", float))
    stored = canonical.encode(before(first=1, it=7))
    assert canonical.encode(decode_bounded(stored, after)) != stored
    assert [change.rule for change in judge(before, after)] == ["field-retyped"]


def test_exclusive_and_inclusive_bounds_are_compared_by_what_they_allow() -> None:
    inclusive = {"type": "int", "ge": 1, "le": 9}
    exclusive = {"type": "int", "gt": 0, "lt": 10}
    assert compare_types(inclusive, exclusive) == frozenset()
    assert compare_types(inclusive, {**exclusive, "lt": 9}) == {"constraint-tightened"}


def test_a_change_reads_as_a_sentence() -> None:
    (change,) = judge(toy(("it", Small)), toy())
    assert str(change) == "new-version: toy@1.it: field-removed: old bytes have it, and are refused"
