"""Random values of any contract, made from its shape."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from contracts.registry import REGISTRY, Contract
from contracts.schema import Shape, TypeShape, describe_all, ref_of

ITEMS_MAX = 2
TEXT_MAX = 16


@cache
def shapes() -> dict[str, Shape]:
    """The shapes of all registered contracts."""
    return describe_all(REGISTRY.structs.values())


def values_of(contract: Contract) -> st.SearchStrategy[msgspec.Struct]:
    """Valid values of the contract."""
    return plain_of(ref_of(contract)).map(lambda plain: msgspec.convert(plain, contract))


def plain_of(ref: str) -> st.SearchStrategy[dict[str, Any]]:
    """Plain data that decodes as the contract; optional fields are left out at times."""
    shape = shapes()[ref]
    required: dict[str, st.SearchStrategy[Any]] = {"kind": st.just(shape["tag"])}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in shape["fields"]:
        target = optional if "default" in field else required
        target[field["encoded"]] = _of_type(field["type"])
    return st.fixed_dictionaries(required, optional=optional)


def _of_type(shape: TypeShape) -> st.SearchStrategy[Any]:
    match shape["type"]:
        case "record":
            return st.deferred(lambda: plain_of(shape["ref"]))
        case "union":
            return st.one_of([_of_type(member) for member in shape["of"]])
        case "tuple":
            return st.tuples(*[_of_type(item) for item in shape["items"]]).map(list)
        case "array":
            return st.lists(_of_type(shape["item"]), **_sizes(shape))
        case "map":
            return st.dictionaries(
                _of_type(shape["key"]), _of_type(shape["value"]), **_sizes(shape)
            )
        case _:
            return _of_scalar(shape)


def _of_scalar(shape: TypeShape) -> st.SearchStrategy[Any]:
    match shape["type"]:
        case "null":
            return st.none()
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(shape["ge"], shape["le"])
        case "str" if "pattern" in shape:
            return _matching(shape["pattern"])
        case "str":
            least = shape.get("min_length", 0)
            longest = min(shape["max_length"], max(TEXT_MAX, least))
            return st.text(min_size=least, max_size=longest)
        case "bytes":
            return st.binary(**_sizes(shape))
        case "literal":
            return st.sampled_from(shape["values"])
        case other:
            raise AssertionError(other)


def _matching(pattern: str) -> st.SearchStrategy[str]:
    """Text that matches; hexadecimal digits as one number, which is drawn much faster."""
    digits = re.fullmatch(r"\^([a-z-]*)\[0-9a-f\]\{(\d+)\}\$\(\?!\\n\)", pattern)
    if digits is None:
        # The look-ahead that keeps a newline out says nothing more to a generator.
        return st.from_regex(pattern.removesuffix(r"$(?!\n)"), fullmatch=True)
    prefix, count = digits[1], int(digits[2])
    return st.integers(0, 16**count - 1).map(lambda number: f"{prefix}{number:0{count}x}")


def _sizes(shape: TypeShape) -> dict[str, Any]:
    least = shape.get("min_length", 0)
    return {"min_size": least, "max_size": min(shape["max_length"], max(ITEMS_MAX, least))}
