"""Small contracts with a history, made for tests of the rules about history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from contracts.base import Record
from contracts.registry import Contract, Key, Upcaster

Small = Annotated[int, msgspec.Meta(ge=0, le=100)]
Short = Annotated[str, msgspec.Meta(max_length=20)]


class NoteV1(Record, frozen=True, kw_only=True, tag="note"):
    """Where it began: seconds, and one text."""

    schema_version: Literal[1] = 1
    taken_s: Small
    words: Short


class NoteV2(Record, frozen=True, kw_only=True, tag="note"):
    """The unit changed, and with it the name."""

    schema_version: Literal[2] = 2
    taken_ms: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    words: Short


class NoteV3(Record, frozen=True, kw_only=True, tag="note"):
    """One text became several."""

    schema_version: Literal[3] = 3
    taken_ms: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    lines: Annotated[tuple[Short, ...], msgspec.Meta(max_length=10)]


def upcast_1(old: NoteV1) -> NoteV2:
    return NoteV2(taken_ms=old.taken_s * 1000, words=old.words)


def upcast_2(old: NoteV2) -> NoteV3:
    return NoteV3(taken_ms=old.taken_ms, lines=(old.words,))


UPCAST_1: dict[Key, Upcaster] = {("note", 1): upcast_1}
UPCAST_ALL: dict[Key, Upcaster] = {("note", 1): upcast_1, ("note", 2): upcast_2}


def make(
    kind: str,
    fields: list[Any],
    *,
    version: int = 1,
    base: type = Record,
    **options: Any,  # noqa: ANN401 - whatever msgspec takes
) -> Contract:
    """A contract on the spot: fields as `msgspec.defstruct` takes them."""
    literal = Literal[version]  # type: ignore[valid-type]  # built at run time on purpose
    return msgspec.defstruct(
        f"{kind.title()}V{version}",
        [("schema_version", literal, version), *fields],
        bases=(base,),
        tag=kind,
        **{"frozen": True, "kw_only": True, **options},
    )
