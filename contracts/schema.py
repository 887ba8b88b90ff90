"""The shape of a contract as plain data: all that decides which bytes it takes and makes.

JSON Schema alone does not show the order of an array-like struct, a renamed field, a default
that is left out of the bytes or the tag's field, and each of them can change the meaning of
stored bytes without an error. A shape holds them all.

Covers: shapes, JSON Schemas, bounds and depth. Does not cover: what may change between two
shapes (`contracts.compat`), the lock file (`contracts.lock`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from contracts.base import Message
from contracts.registry import Contract, key_of

Shape: TypeAlias = dict[str, Any]
"""Plain JSON data describing one contract; see `describe`."""

TypeShape: TypeAlias = dict[str, Any]
"""Plain JSON data describing one type: ``{"type": "int", "ge": 0}`` and the like."""

DEPTH_MAX: Final = 8
"""Deepest nesting of maps and lists that any contract may have."""

_SCALARS: Final[Mapping[type[inspect.Type], str]] = {
    inspect.NoneType: "null",
    inspect.BoolType: "bool",
    inspect.IntType: "int",
    inspect.FloatType: "float",
    inspect.StrType: "str",
    inspect.BytesType: "bytes",
    inspect.AnyType: "any",
}
_ARRAYS: Final = (inspect.VarTupleType, inspect.ListType, inspect.SetType, inspect.FrozenSetType)
_BOUNDS: Final = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")


def ref_of(contract: Contract) -> str:
    """``kind@version``, as the lock and the manifest write it."""
    kind, version = key_of(contract)
    return f"{kind}@{version}"


def describe(contract: Contract) -> Shape:
    """The shape of one contract; other contracts in it are named, not spelled out."""
    return describe_all([contract])[ref_of(contract)]


def describe_all(contracts: Iterable[Contract]) -> dict[str, Shape]:
    """The shapes of many contracts by ``kind@version``: one pass, much cheaper than singly.

    Raises `ValueError` for a struct without tag or version and for types that no contract
    may use (dataclasses, datetimes, untagged structs, ...).
    """
    shapes: dict[str, Shape] = {}
    for info in inspect.multi_type_info(contracts):
        if not isinstance(info, inspect.StructType):
            raise ValueError(f"{info!r} is not a struct")  # noqa: TRY004 - the class is the value
        shapes[ref_of(info.cls)] = _describe_struct(info)
    return shapes


def _describe_struct(info: inspect.StructType) -> Shape:
    config = info.cls.__struct_config__
    return {
        "family": "message" if issubclass(info.cls, Message) else "record",
        "tag": info.tag,
        "tag_field": info.tag_field,
        "array_like": info.array_like,
        "forbid_unknown_fields": info.forbid_unknown_fields,
        "omit_defaults": config.omit_defaults,
        "fields": [_describe_field(field) for field in info.fields],
    }


def _describe_field(field: inspect.Field) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "name": field.name,
        "encoded": field.encode_name,
        "type": _describe_type(field.type),
    }
    if field.default is not msgspec.NODEFAULT:
        shape["default"] = _plain(field.default)
    elif field.default_factory is not msgspec.NODEFAULT:
        shape["default"] = _plain(field.default_factory())
    return shape


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is what it is
    # Through JSON, so that a shape read back from the lock equals the one from the code.
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


def _describe_type(info: inspect.Type) -> TypeShape:
    match info:
        case inspect.Metadata():
            shape = _describe_type(info.type)
            extra = info.extra_json_schema or {}
            return {**shape, "example": extra["examples"][0]} if "examples" in extra else shape
        case inspect.StructType():
            return {"type": "record", "ref": ref_of(info.cls)}
        case inspect.UnionType():
            members = [_describe_type(member) for member in info.types]
            return {"type": "union", "of": sorted(members, key=_sort_key)}
        case inspect.LiteralType():
            return {"type": "literal", "values": sorted(info.values, key=_sort_key)}
        case inspect.EnumType():
            values = [member.value for member in info.cls]
            return {"type": "literal", "values": sorted(values, key=_sort_key)}
        case inspect.TupleType():
            return {"type": "tuple", "items": [_describe_type(item) for item in info.item_types]}
        case inspect.DictType():
            inner = {"key": _describe_type(info.key_type), "value": _describe_type(info.value_type)}
            return {"type": "map", **inner, **_bounds(info)}
        case inspect.CollectionType() if isinstance(info, _ARRAYS):
            return {"type": "array", "item": _describe_type(info.item_type), **_bounds(info)}
        case _ if type(info) in _SCALARS:
            return {"type": _SCALARS[type(info)], **_bounds(info)}
        case _:
            raise ValueError(f"no contract may hold a {type(info).__name__}")


def _bounds(info: inspect.Type) -> dict[str, Any]:
    found = ((name, getattr(info, name, None)) for name in _BOUNDS)
    return {name: value for name, value in found if value is not None}


def _sort_key(value: object) -> tuple[str, str]:
    return (type(value).__name__, repr(value))


def json_schemas(contracts: Iterable[Contract]) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each contract by ``kind@version``, without prose.

    Titles and descriptions are left out: a better docstring is no change of the contract.
    References point at ``#/contracts/KIND@VERSION/json_schema``, which resolves in the lock.
    """
    chosen = {contract.__name__: ref_of(contract) for contract in contracts}
    _, components = msgspec.json.schema_components(list(contracts), ref_template="{name}")
    return {
        chosen[name]: _plain(_rewrite(schema, chosen))
        for name, schema in components.items()
        if name in chosen
    }


def _rewrite(node: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(node, list):
        return [_rewrite(item, names) for item in node]
    if not isinstance(node, dict):
        return node
    rewritten: dict[str, Any] = {}
    for key, value in node.items():
        if key in {"title", "description"} and isinstance(value, str):
            continue
        if key == "$ref" and value in names:
            rewritten[key] = f"#/contracts/{names[value]}/json_schema"
        elif key == "properties":
            # Names of fields, one of which may well be called "title".
            rewritten[key] = {name: _rewrite(prop, names) for name, prop in value.items()}
        else:
            rewritten[key] = _rewrite(value, names)
    return rewritten


def walk(shape: TypeShape) -> Iterator[TypeShape]:
    """The type and every type inside it, records not entered."""
    yield shape
    for name in ("item", "key", "value"):
        if isinstance(shape.get(name), dict):
            yield from walk(shape[name])
    for name in ("of", "items"):
        for inner in shape.get(name, ()):
            yield from walk(inner)


def find_unbounded(shapes: Mapping[str, Shape]) -> list[str]:
    """What no contract may be: places without a bound, floats, untyped values, recursion.

    Empty when all holds. Each entry names the contract, the field and what is wrong.
    """
    problems: list[str] = []
    for ref, shape in shapes.items():
        for field in shape["fields"]:
            problems.extend(
                f"{ref}.{field['name']}: {problem}"
                for inner in walk(field["type"])
                if (problem := _problem_of(inner))
            )
        if depth(shapes, ref) > DEPTH_MAX:
            problems.append(f"{ref}: nested deeper than {DEPTH_MAX}, or without end")
    return problems


def _problem_of(shape: TypeShape) -> str | None:
    match shape["type"]:
        case "float":
            return "a float has no place in what is hashed; use an integer and a smaller unit"
        case "any":
            return "an untyped value is not validated"
        case "str" if "max_length" not in shape and "pattern" not in shape:
            return "text without max_length"
        case "bytes" | "array" | "map" if "max_length" not in shape:
            return f"{shape['type']} without max_length"
        case "int" if not ({"ge", "gt"} & shape.keys() and {"le", "lt"} & shape.keys()):
            return "an integer without lower and upper bound"
        case _:
            return None


def depth(shapes: Mapping[str, Shape], ref: str, *, _seen: tuple[str, ...] = ()) -> int:
    """How deep maps and lists nest in the contract; over `DEPTH_MAX` when it is recursive."""
    if ref in _seen:
        return DEPTH_MAX + 1
    path = (*_seen, ref)
    fields = [_depth_of_type(shapes, field["type"], path) for field in shapes[ref]["fields"]]
    return 1 + max(fields, default=0)


def _depth_of_type(shapes: Mapping[str, Shape], shape: TypeShape, path: tuple[str, ...]) -> int:
    match shape["type"]:
        case "record":
            return depth(shapes, shape["ref"], _seen=path)
        case "array":
            return 1 + _depth_of_type(shapes, shape["item"], path)
        case "map":
            return 1 + _depth_of_type(shapes, shape["value"], path)
        case "tuple":
            return 1 + max(_depth_of_type(shapes, item, path) for item in shape["items"])
        case "union":
            return max(_depth_of_type(shapes, member, path) for member in shape["of"])
        case _:
            return 0
