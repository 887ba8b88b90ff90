"""Equal values have equal bytes, different values different ones, everywhere."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from contracts.capture import CaptureEvent, Cursor
from contracts.ledger import LedgerEntry
from contracts.registry import REGISTRY, Contract
from contracts.schema import ref_of
from tests.contracts.strategies import values_of

ALL = [pytest.param(contract, id=ref_of(contract)) for contract in REGISTRY.structs.values()]
CURSOR_BYTES = bytes.fromhex(
    "84a46b696e64a6637572736f72ae736368656d615f76657273696f6e01a17801a179cd0100"
)
"""{"kind": "cursor", "schema_version": 1, "x": 1, "y": 256}, written by hand from the format's
specification."""


@pytest.mark.parametrize("contract", ALL)
@given(data=st.data())
def test_every_value_comes_back_from_its_bytes(contract: Contract, data: st.DataObject) -> None:
    value = data.draw(values_of(contract))
    encoded = canonical.encode(value)
    assert canonical.decode(encoded, contract) == value
    assert canonical.encode(canonical.decode(encoded, contract)) == encoded


@pytest.mark.parametrize("contract", ALL)
@given(data=st.data())
def test_any_changed_field_changes_the_digest(contract: Contract, data: st.DataObject) -> None:
    one, other = data.draw(values_of(contract)), data.draw(values_of(contract))
    assert (canonical.digest(one) == canonical.digest(other)) == (one == other)
    for name in contract.__struct_fields__:
        changed = msgspec.structs.replace(one, **{name: getattr(other, name)})
        assert (canonical.digest(changed) == canonical.digest(one)) == (changed == one)


def test_the_bytes_are_those_of_the_written_format() -> None:
    assert canonical.encode(Cursor(x=1, y=256)) == CURSOR_BYTES


@given(
    items=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=8), seed=st.integers()
)
def test_the_order_in_which_a_map_was_filled_does_not_matter(
    items: dict[str, str], seed: int
) -> None:
    shuffled = list(items.items())
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    assert canonical.encode_any(dict(shuffled)) == canonical.encode_any(items)


@given(keys=st.sets(st.text(max_size=6), max_size=8))
def test_fields_stand_as_declared_and_keys_of_maps_by_code_point(keys: set[str]) -> None:
    entry = LedgerEntry(
        seq=1,
        previous="0" * 64,
        recorded_at_us=0,
        act="a",
        detail=dict.fromkeys(keys, ""),
    )
    plain: dict[str, Any] = msgspec.msgpack.decode(canonical.encode(entry))
    assert list(plain["detail"]) == sorted(keys)
    assert list(plain) == ["kind", *LedgerEntry.__struct_fields__]
    assert canonical.encode_in_order(plain) == canonical.encode(entry)


def test_text_is_kept_as_it_came_not_normalized() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    assert canonical.encode_any(composed) != canonical.encode_any(decomposed)


@given(text=st.text(st.characters(exclude_categories=()), max_size=20))
def test_repaired_text_can_be_encoded_and_healthy_text_is_not_touched(text: str) -> None:
    repaired = canonical.repair_text(text)
    canonical.encode_any(repaired)
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert repaired == text


def test_text_that_is_not_unicode_has_no_bytes() -> None:
    event = CaptureEvent(
        event_id="ev-" + "0" * 32,
        seq=1,
        captured_at_us=0,
        received_at_us=0,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=0,
        source="test",
        blob="0" * 64,
        window_title="broken \ud800",
    )
    with pytest.raises(UnicodeEncodeError):
        canonical.encode(event)


@pytest.mark.parametrize(
    "data", [b"", b"\x81\xa4kind\xa2\xff\xff", b"\x81\xa1x" + b"\x91" * 100_000]
)
def test_damaged_bytes_end_in_one_kind_of_error(data: bytes) -> None:
    class Loose(msgspec.Struct):
        kind: str = ""

    with pytest.raises(msgspec.MsgspecError):
        canonical.decode(data, Loose)


def test_a_text_has_the_digest_of_its_utf_8_and_any_text_has_one() -> None:
    assert canonical.digest_text("Größe") == canonical.digest_bytes(b"Gr\xc3\xb6\xc3\x9fe")
    assert canonical.digest_text("\ud800") != canonical.digest_text("\ufffd")
