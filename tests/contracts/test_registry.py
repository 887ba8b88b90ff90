"""Every contract is known, and every stored version becomes the newest."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from contracts import canonical
from contracts.base import Message, Record
from contracts.bounded import ContractError
from contracts.registry import MESSAGES, RECORDS, REGISTRY, RETIRED, Registry, key_of
from contracts.wire import Beat
from tests.contracts.toys import UPCAST_1, UPCAST_ALL, NoteV1, NoteV2, NoteV3, make

NOTES = Registry.build([NoteV1, NoteV2, NoteV3], UPCAST_ALL)


def declared() -> Iterator[type[msgspec.Struct]]:
    """Every record and message that a module of contracts defines."""
    for module in pkgutil.iter_modules(contracts.__path__):
        for value in vars(importlib.import_module(f"contracts.{module.name}")).values():
            if (
                isinstance(value, type)
                and issubclass(value, Record | Message)
                and value not in {Record, Message}
            ):
                yield value


def test_no_record_or_message_is_forgotten() -> None:
    assert set(declared()) == {*RECORDS, *MESSAGES, *RETIRED}


def test_every_contract_forbids_unknown_fields_and_is_immutable() -> None:
    for struct in REGISTRY.structs.values():
        config = struct.__struct_config__
        assert config.frozen
        assert config.forbid_unknown_fields
        assert not config.omit_defaults
        assert not config.array_like
        assert config.tag_field == "kind"


@given(taken_s=st.integers(0, 100), words=st.text(max_size=20))
def test_the_oldest_bytes_become_the_newest_record(taken_s: int, words: str) -> None:
    stored = canonical.encode(NoteV1(taken_s=taken_s, words=words))
    assert NOTES.decode(stored) == NoteV3(taken_ms=taken_s * 1000, lines=(words,))


def test_the_newest_bytes_come_back_as_they_are() -> None:
    newest = NoteV3(taken_ms=1, lines=("a", "b"))
    assert NOTES.decode(canonical.encode(newest)) == newest


@pytest.mark.parametrize(
    ("plain", "code"),
    [
        ({"kind": "note", "schema_version": 4}, "unknown-version"),
        ({"kind": "note", "schema_version": 0}, "unknown-version"),
        ({"kind": "nota", "schema_version": 1}, "unknown-kind"),
        ({"schema_version": 1}, "invalid"),
        ({"kind": "note"}, "invalid"),
        # A version's fields under another version's number.
        ({"kind": "note", "schema_version": 2, "taken_s": 1, "words": ""}, "invalid"),
    ],
)
def test_bytes_of_no_known_version_are_refused(plain: dict[str, object], code: str) -> None:
    with pytest.raises(ContractError) as caught:
        NOTES.decode(canonical.encode_any(plain))
    assert caught.value.code == code


def test_an_upcaster_that_fails_is_a_contract_error() -> None:
    def fail(old: NoteV1) -> NoteV2:
        raise ZeroDivisionError

    broken = Registry.build([NoteV1, NoteV2], {("note", 1): fail})
    with pytest.raises(ContractError, match=r"note@1: ZeroDivisionError.*upcast-failed"):
        broken.decode(canonical.encode(NoteV1(taken_s=1, words="")))


def test_an_upcaster_that_goes_astray_is_a_contract_error() -> None:
    astray = Registry.build([NoteV1, NoteV2], {("note", 1): lambda old: old})
    with pytest.raises(ContractError, match="upcast-failed"):
        astray.decode(canonical.encode(NoteV1(taken_s=1, words="")))


def test_an_old_version_without_a_way_to_the_next_is_no_registry() -> None:
    with pytest.raises(ValueError, match="note@1 has no upcaster"):
        Registry.build([NoteV1, NoteV2])


def test_a_gap_between_versions_is_no_registry() -> None:
    with pytest.raises(ValueError, match="no version 2"):
        Registry.build([NoteV1, NoteV3], UPCAST_1)


def test_two_structs_with_one_key_are_no_registry() -> None:
    with pytest.raises(ValueError, match="claimed"):
        Registry.build([NoteV1, make("note", [])])


def test_a_message_needs_no_upcaster() -> None:
    registry = Registry.build([make("pulse", [], version=3, base=Message)])
    assert registry.newest == {"pulse": 3}


def test_the_key_is_what_the_struct_declares() -> None:
    assert key_of(Beat) == ("beat", 1)
    assert key_of(NoteV2) == ("note", 2)


def test_a_struct_without_tag_or_version_has_no_key() -> None:
    class Bare(msgspec.Struct):
        schema_version: int

    with pytest.raises(ValueError, match="Bare needs a text tag"):
        key_of(Bare)
