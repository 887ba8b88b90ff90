"""An event's id follows from its content, whoever computes it and whenever."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from contracts.bounded import ContractError
from contracts.capture import CaptureEvent
from contracts.identity import NO_EVENT_ID, event_id, event_id_of_bytes, with_event_id
from tests.architecture.tree import REPOSITORY
from tests.contracts.strategies import values_of

EVENT = CaptureEvent(
    event_id=NO_EVENT_ID,
    seq=1,
    captured_at_us=1_700_000_000_000_000,
    received_at_us=1_700_000_000_100_000,
    tz_name="Europe/Berlin",
    tz_offset_s=3600,
    monotonic_ns=5,
    source="inbox",
    blob="ab" * 32,
)
EVENT_ID = "ev-f41279e5c7d052b41863c2f6217999e3"
"""Pinned: ids stand in stored answers."""


def test_the_id_is_the_pinned_one() -> None:
    assert event_id(EVENT) == EVENT_ID


def test_the_id_is_the_hash_of_the_canonical_map_without_it() -> None:
    plain = msgspec.msgpack.decode(canonical.encode(EVENT))
    del plain["event_id"]
    packed = msgspec.msgpack.encode(plain)
    assert event_id(EVENT) == "ev-" + blake3(packed).hexdigest()[:32]


def test_another_interpreter_computes_the_same_id() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from contracts.canonical import decode\n"
        "from contracts.capture import CaptureEvent\n"
        "from contracts.identity import event_id\n"
        "print(event_id(decode(bytes.fromhex(sys.argv[2]), CaptureEvent)))"
    )
    stored = canonical.encode(EVENT).hex()
    for seed in ("0", "1"):
        said = subprocess.run(
            [sys.executable, "-c", program, str(REPOSITORY), stored],
            env={"PYTHONHASHSEED": seed, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert said.strip() == EVENT_ID


@given(data=st.data())
def test_what_an_event_claims_as_its_id_plays_no_part(data: st.DataObject) -> None:
    event = data.draw(values_of(CaptureEvent))
    assert isinstance(event, CaptureEvent)
    named = with_event_id(event)
    assert named.event_id == event_id(event) == event_id(named)
    assert event_id_of_bytes(canonical.encode(named)) == named.event_id


@given(data=st.data())
def test_events_that_differ_have_different_ids(data: st.DataObject) -> None:
    one, other = data.draw(values_of(CaptureEvent)), data.draw(values_of(CaptureEvent))
    assert isinstance(one, CaptureEvent)
    assert isinstance(other, CaptureEvent)
    same = msgspec.structs.replace(one, event_id=NO_EVENT_ID) == msgspec.structs.replace(
        other, event_id=NO_EVENT_ID
    )
    assert (event_id(one) == event_id(other)) == same


def test_the_id_of_stored_bytes_counts_fields_that_todays_code_does_not_know() -> None:
    plain = msgspec.msgpack.decode(canonical.encode(EVENT))
    later = canonical.encode_in_order({**plain, "added_later": 1})
    assert event_id_of_bytes(later) != EVENT_ID
    del plain["event_id"]
    without = canonical.encode_in_order({**plain, "added_later": 1})
    assert event_id_of_bytes(later) == event_id_of_bytes(without)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x81\x01\x02", b"\xc1"])
def test_bytes_that_are_no_event_have_no_id(data: bytes) -> None:
    with pytest.raises(ContractError, match="malformed"):
        event_id_of_bytes(data)
