"""Example values of a contract, made from its shape alone, and their bytes.

The lock keeps the bytes: they show what no description shows, such as a change in the encoder
itself. Two examples per contract: the least that is valid, and one with every field filled.

Covers: deterministic examples. Does not cover: random ones (tests), the lock file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts import canonical
from contracts.registry import Contract
from contracts.schema import Shape, TypeShape, ref_of

LEAST: Final = "least"
FULL: Final = "full"
VARIANTS: Final = (LEAST, FULL)

_SAMPLE_TEXT: Final = "Größe 10 µm 漢字 🙂 "
"""Two, three and four byte code points, so that a wrong text encoding shows."""


class _Filler:
    """Fills types with values; every number differs from the last, so a swap shows."""

    def __init__(self, shapes: Mapping[str, Shape], *, full: bool) -> None:
        self._shapes = shapes
        self._full = full
        self._count = 0

    def fill_contract(self, ref: str) -> Any:  # noqa: ANN401 - a map, or a list
        shape = self._shapes[ref]
        if shape["array_like"]:
            return [shape["tag"], *(self._fill_item(field) for field in shape["fields"])]
        value: dict[str, Any] = {shape["tag_field"]: shape["tag"]}
        for field in shape["fields"]:
            if self._full or "default" not in field:
                value[field["encoded"]] = self._fill(field["type"], field["name"])
        return value

    def _fill_item(self, field: Shape) -> Any:  # noqa: ANN401 - plain JSON data
        if "default" in field and not self._full:
            return field["default"]
        return self._fill(field["type"], field["name"])

    def _fill(self, shape: TypeShape, name: str) -> Any:  # noqa: ANN401 - plain JSON data
        self._count += 1
        match shape["type"]:
            case "record":
                return self.fill_contract(shape["ref"])
            case "union":
                return self._fill(self._choose(shape["of"]), name)
            case "tuple":
                return [self._fill(item, name) for item in shape["items"]]
            case "array":
                return [self._fill(shape["item"], name) for _ in range(self._length(shape, 2))]
            case "map":
                keys = [self._fill(shape["key"], f"k{i}") for i in range(self._length(shape, 2))]
                return {key: self._fill(shape["value"], name) for key in keys}
            case _:
                return self._fill_scalar(shape, name)

    def _fill_scalar(self, shape: TypeShape, name: str) -> Any:  # noqa: ANN401 - plain JSON data
        match shape["type"]:
            case "null":
                return None
            case "bool":
                return self._full
            case "int":
                return self._fill_int(shape)
            case "str":
                return self._fill_str(shape, name)
            case "bytes":
                return bytes(range(self._length(shape, 5)))
            case "literal":
                return shape["values"][-1 if self._full else 0]
            case other:
                raise ValueError(f"{name}: no example for type {other}")

    def _choose(self, members: list[TypeShape]) -> TypeShape:
        null = [member for member in members if member["type"] == "null"]
        rest = [member for member in members if member["type"] != "null"]
        return rest[0] if self._full or not null else null[0]

    def _fill_int(self, shape: TypeShape) -> int:
        low = int(shape.get("ge", shape.get("gt", -(2**63)) + ("gt" in shape)))
        high = int(shape.get("le", shape.get("lt", 2**63 - 1) - ("lt" in shape)))
        wanted = 1000 + 7 * self._count if self._full else 0
        step = int(shape.get("multiple_of", 1))
        # A bound below the wanted number folds it into the range and keeps neighbours apart.
        folded = low + wanted % (high - low + 1) if not low <= wanted <= high else wanted
        return folded - folded % step

    def _fill_str(self, shape: TypeShape, name: str) -> str:
        if "example" in shape:
            return str(shape["example"])
        if "pattern" in shape:
            raise ValueError(f"{name}: a pattern needs examples=[...] beside it")
        least, most = int(shape.get("min_length", 0)), int(shape.get("max_length", 64))
        text = f"{name} {_SAMPLE_TEXT}{self._count}" if self._full else ""
        return text.ljust(least, "x")[:most]

    def _length(self, shape: TypeShape, wanted: int) -> int:
        least, most = int(shape.get("min_length", 0)), int(shape.get("max_length", wanted))
        return max(least, min(most, wanted)) if self._full else least


def example(shapes: Mapping[str, Shape], contract: Contract, variant: str) -> msgspec.Struct:
    """The example value of a contract: ``least`` or ``full``.

    ``shapes`` holds the shapes of the contract and of all contracts inside it.
    Raises `msgspec.ValidationError` when the shape allows what the struct refuses.
    """
    plain = _Filler(shapes, full=variant == FULL).fill_contract(ref_of(contract))
    return msgspec.convert(plain, contract)


def golden_bytes(shapes: Mapping[str, Shape], contract: Contract) -> dict[str, str]:
    """Canonical bytes of both examples, in hexadecimal, by variant."""
    return {
        variant: canonical.encode(example(shapes, contract, variant)).hex() for variant in VARIANTS
    }
