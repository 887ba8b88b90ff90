"""The shape shows everything that decides which bytes a contract takes and makes."""

from __future__ import annotations

import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from contracts.base import Record
from contracts.registry import REGISTRY
from contracts.schema import (
    DEPTH_MAX,
    depth,
    describe,
    describe_all,
    find_unbounded,
    json_schemas,
    ref_of,
)
from contracts.text import TextLine, TextPage, Word
from tests.contracts.toys import Short, Small, make


class Color(enum.Enum):
    """Two members, whose values are what is written."""

    RED = "r"
    BLUE = "b"


class Twig(Record, frozen=True, kw_only=True, tag="twig"):
    """Holds itself."""

    schema_version: Literal[1] = 1
    twigs: Annotated[tuple[Twig, ...], msgspec.Meta(max_length=2)] = ()


def types_of(*fields: object) -> list[dict[str, Any]]:
    return [field["type"] for field in describe(make("toy", list(fields)))["fields"][1:]]


def test_types_are_described_with_all_their_bounds() -> None:
    assert types_of(
        ("number", Small),
        ("text", Short),
        ("maybe", Small | None, None),
        ("pair", tuple[bool, Small], (False, 1)),
        ("table", Annotated[dict[Short, Small], msgspec.Meta(max_length=3)]),
        ("color", Color),
        ("choice", Literal["b", "a"]),
        ("data", Annotated[bytes, msgspec.Meta(min_length=1, max_length=9)]),
    ) == [
        {"type": "int", "ge": 0, "le": 100},
        {"type": "str", "max_length": 20},
        {"type": "union", "of": [{"type": "int", "ge": 0, "le": 100}, {"type": "null"}]},
        {"type": "tuple", "items": [{"type": "bool"}, {"type": "int", "ge": 0, "le": 100}]},
        {
            "type": "map",
            "key": {"type": "str", "max_length": 20},
            "value": {"type": "int", "ge": 0, "le": 100},
            "max_length": 3,
        },
        {"type": "literal", "values": ["b", "r"]},
        {"type": "literal", "values": ["a", "b"]},
        {"type": "bytes", "min_length": 1, "max_length": 9},
    ]


def test_what_json_schema_does_not_show_is_in_the_shape() -> None:
    plain = make("toy", [("first", Small), ("second", Small, 7)])
    renamed = make("toy", [("first", Small), ("second", Small, 7)], rename={"first": "erste"})
    listed = make("toy", [("first", Small), ("second", Small, 7)], array_like=True)
    sparse = make("toy", [("first", Small), ("second", Small, 7)], omit_defaults=True)
    shapes = [describe(contract) for contract in (plain, renamed, listed, sparse)]
    assert [field["encoded"] for field in shapes[1]["fields"]] == [
        "schema_version",
        "erste",
        "second",
    ]
    assert [shape["array_like"] for shape in shapes] == [False, False, True, False]
    assert [shape["omit_defaults"] for shape in shapes] == [False, False, False, True]
    assert [field.get("default") for field in shapes[0]["fields"]] == [1, None, 7]


def test_contracts_inside_are_named_not_spelled_out() -> None:
    fields = {field["name"]: field["type"] for field in describe(TextLine)["fields"]}
    assert fields["words"]["item"] == {"type": "record", "ref": "word@1"}
    assert ref_of(Word) == "word@1"


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (("share", float), "float"),
        (("anything", Any), "untyped"),
        (("text", str), "text without max_length"),
        (("data", bytes), "bytes without max_length"),
        (("items", tuple[Small, ...]), "array without max_length"),
        (("table", Annotated[dict[str, Small], msgspec.Meta(max_length=3)]), "text without"),
        (("number", int), "without lower and upper bound"),
        (("number", Annotated[int, msgspec.Meta(ge=0)]), "without lower and upper bound"),
        (("inside", Annotated[tuple[str, ...], msgspec.Meta(max_length=3)]), "text without"),
    ],
)
def test_a_field_without_bound_is_found(field: tuple[str, Any], problem: str) -> None:
    contract = make("toy", [field])
    (found,) = find_unbounded(describe_all([contract]))
    assert found.startswith(f"toy@1.{field[0]}: ")
    assert problem in found


def test_recursion_is_found() -> None:
    (found,) = find_unbounded(describe_all([Twig]))
    assert "without end" in found


def test_a_type_that_no_contract_may_hold_is_refused() -> None:
    import datetime as dt

    with pytest.raises(ValueError, match="DateTimeType"):
        describe(make("toy", [("at", dt.datetime)]))


def test_every_registered_contract_is_bounded() -> None:
    assert find_unbounded(describe_all(REGISTRY.structs.values())) == []


def test_depth_counts_maps_and_lists() -> None:
    shapes = describe_all([Word, TextLine, TextPage])
    # A word is a map with a box in it; a line holds a list of words, a page a list of lines.
    assert [depth(shapes, ref) for ref in ("word@1", "text_line@1", "text_page@1")] == [2, 4, 6]
    assert all(depth(shapes, ref) <= DEPTH_MAX for ref in shapes)


def test_json_schemas_carry_no_prose_and_keep_a_field_called_title() -> None:
    contract = make("toy", [("title", Short), ("description", Small)])
    schema = json_schemas([contract])["toy@1"]
    assert set(schema["properties"]) == {"kind", "schema_version", "title", "description"}
    assert "title" not in schema
    assert "description" not in schema


def test_json_schemas_refer_to_each_other_inside_the_lock() -> None:
    schemas = json_schemas([Word, TextLine])
    items = schemas["text_line@1"]["properties"]["words"]["items"]
    assert items == {"$ref": "#/contracts/word@1/json_schema"}
