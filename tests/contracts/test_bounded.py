"""Bytes from outside: bounded, and wrong in one way only."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import canonical
from contracts.bounded import ContractError, decode_bounded
from contracts.capture import Cursor
from contracts.control import ControlReply, ControlRequest
from contracts.golden import golden_bytes
from contracts.identity import event_id_of_bytes
from contracts.ledger import LedgerEntry
from contracts.registry import REGISTRY
from contracts.text import TextLine, TextPage
from contracts.wire import HEADER_BYTES_MAX, HostMessage, KernelMessage
from tests.contracts.strategies import shapes

FUZZ_ROUNDS_CI = 20_000
FUZZ_ROUNDS_NIGHTLY = 1_000_000
CODES = {"too-large", "too-deep", "malformed", "invalid", "unknown-kind", "unknown-version"}
CURSOR = canonical.encode(Cursor(x=1, y=2))


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ContractError, match="too-large"):
        decode_bounded(CURSOR, Cursor, bytes_max=len(CURSOR) - 1)
    assert decode_bounded(CURSOR, Cursor, bytes_max=len(CURSOR)) == Cursor(x=1, y=2)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_taken(wrap: type) -> None:
    assert decode_bounded(wrap(CURSOR), Cursor) == Cursor(x=1, y=2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (CURSOR[:-1], "malformed"),
        (CURSOR + b"\x00", "malformed"),
        (b"\xc1", "malformed"),
        # A key that is not UTF-8.
        (b"\x81\xa2\xff\xff\x00", "malformed"),
        (canonical.encode_any({"kind": "cursor", "schema_version": 1, "x": 1}), "invalid"),
        (canonical.encode_any({"kind": "cursor", "schema_version": 2, "x": 1, "y": 1}), "invalid"),
        (canonical.encode_any({"kind": "word", "schema_version": 1, "x": 1, "y": 1}), "invalid"),
        (canonical.encode_any({"kind": "cursor", "x": -1, "y": 1}), "invalid"),
        (canonical.encode_any({"kind": "cursor", "x": 1, "y": 1, "z": 1}), "invalid"),
    ],
)
def test_what_is_wrong_has_a_code(data: bytes, code: str) -> None:
    with pytest.raises(ContractError) as caught:
        decode_bounded(data, Cursor)
    assert caught.value.code == code


def test_deep_nesting_ends_in_the_defined_error() -> None:
    deep = b"\x82\xa4kind\xa6cursor\xa1u" + b"\x91" * 1_000_000 + b"\xc0"
    with pytest.raises(ContractError) as caught:
        REGISTRY.decode(deep)
    assert caught.value.code == "too-deep"


def test_an_announced_length_is_refused_before_anything_is_allocated() -> None:
    # A list of 2**32 - 1 lines, announced in five bytes.
    page = canonical.encode(
        TextPage(blob="0" * 64, width_px=1, height_px=1, engine="e", engine_version="1", lines=())
    )
    hostile = page.replace(b"\xa5lines\x90", b"\xa5lines\xdd\xff\xff\xff\xff")
    assert hostile != page
    with pytest.raises(ContractError) as caught:
        decode_bounded(hostile, TextPage)
    assert caught.value.code == "invalid"


def test_a_list_longer_than_its_bound_is_refused() -> None:
    line = {"kind": "text_line", "schema_version": 1, "text": "", "box": [0, 0, 0, 0]}
    word = {"kind": "word", "schema_version": 1, "text": "", "box": [0, 0, 0, 0]}
    word |= {"confidence_permille": 0, "start": 0, "end": 0}
    full = canonical.encode_any({**line, "confidence_permille": 0, "words": [word] * 4096})
    assert len(decode_bounded(full, TextLine).words) == 4096
    with pytest.raises(ContractError, match="invalid"):
        decode_bounded(
            canonical.encode_any({**line, "confidence_permille": 0, "words": [word] * 4097}),
            TextLine,
        )


def test_a_map_longer_than_its_bound_is_refused() -> None:
    entry = {
        "kind": "ledger_entry",
        "seq": 1,
        "previous": "0" * 64,
        "recorded_at_us": 0,
        "act": "a",
    }
    detail = {f"n{number}": "" for number in range(65)}
    with pytest.raises(ContractError, match="invalid"):
        decode_bounded(canonical.encode_any({**entry, "detail": detail}), LedgerEntry)


@pytest.mark.parametrize("text", ["0" * 63, "0" * 65, "0" * 64 + "\n", "G" * 64, "\u0660" * 64])
def test_a_digest_is_64_hexadecimal_digits_and_nothing_after_them(text: str) -> None:
    plain = {"kind": "ledger_anchor", "seq": 1, "head": text, "recorded_at_us": 0}
    with pytest.raises(ContractError, match="invalid"):
        REGISTRY.decode(canonical.encode_any({**plain, "schema_version": 1}))


def test_bytes_in_another_order_are_not_canonical() -> None:
    other = msgspec.msgpack.encode({"y": 2, "x": 1, "kind": "cursor", "schema_version": 1})
    assert decode_bounded(other, Cursor) == Cursor(x=1, y=2)
    with pytest.raises(ContractError, match="not-canonical"):
        decode_bounded(other, Cursor, require_canonical=True)
    assert decode_bounded(CURSOR, Cursor, require_canonical=True) == Cursor(x=1, y=2)


def test_the_reason_is_short_and_harmless_to_a_terminal() -> None:
    name = "\x1b[2J\r\n" + "x" * 5000
    with pytest.raises(ContractError) as caught:
        decode_bounded(canonical.encode_any({"kind": "cursor", "x": 1, "y": 1, name: 1}), Cursor)
    assert caught.value.reason.isprintable()
    assert len(str(caught.value)) < 1500


HEADERS = bytes.fromhex("808f909fa0c0c1c6c9cbd9dbdddf")
"""First bytes that announce something: containers, long texts, extensions, floats."""


def damage(data: bytearray, other: bytes, chance: random.Random) -> None:
    """Change the message in one of the ways in which messages go wrong."""
    at = chance.randrange(len(data))
    ways: list[Callable[[], object]] = [
        lambda: data.__setitem__(at, data[at] ^ 1 << chance.randrange(8)),
        lambda: data.__setitem__(at, chance.choice(HEADERS)),
        lambda: data.__delitem__(slice(at, None)),
        lambda: data.__delitem__(slice(at, at + chance.randint(1, 9))),
        lambda: data.__setitem__(slice(at, at), chance.randbytes(chance.randint(1, 9))),
        lambda: data.__setitem__(slice(at, None), other[chance.randrange(len(other)) :]),
        lambda: data.__setitem__(slice(at, at), data[at : at + chance.randint(1, 40)]),
        lambda: data.__setitem__(
            slice(at, at + 1), bytes([chance.choice([0x91, 0x81])]) * chance.randint(1, 64)
        ),
    ]
    chance.choice(ways)()


def mutations(seed: int, rounds: int) -> Iterator[bytes]:
    """Valid messages of every contract, damaged in one to four ways."""
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    known = shapes()
    seeds = [
        bytes.fromhex(text)
        for contract in REGISTRY.structs.values()
        for text in golden_bytes(known, contract).values()
    ]
    for _ in range(rounds):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 4)):
            if data:
                damage(data, chance.choice(seeds), chance)
        yield bytes(data)


def fuzz(seed: int, rounds: int) -> dict[str, int]:
    """Decode damaged messages every way there is; returns how often each outcome was seen."""
    seen: dict[str, int] = {}
    unions = [HostMessage, KernelMessage, ControlRequest, ControlReply]
    for number, data in enumerate(mutations(seed, rounds)):
        for decode in (
            lambda data=data: REGISTRY.decode(data),
            lambda data=data, union=unions[number % 4]: decode_bounded(
                data, union, bytes_max=HEADER_BYTES_MAX
            ),
            lambda data=data: event_id_of_bytes(data),
        ):
            try:
                decode()
                outcome = "decoded"
            except ContractError as error:
                outcome = error.code
            seen[outcome] = seen.get(outcome, 0) + 1
    return seen


def test_damaged_messages_end_in_the_defined_error_alone() -> None:
    seen = fuzz(seed=20_261_123, rounds=FUZZ_ROUNDS_CI)
    assert set(seen) <= CODES | {"decoded"}
    # A fuzzer that breaks everything at once tests the first byte only.
    assert (
        min(seen.get(code, 0) for code in ("decoded", "malformed", "invalid", "unknown-kind")) > 50
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_million_damaged_messages_end_in_the_defined_error_alone() -> None:
    seed = random.SystemRandom().randrange(2**32)
    assert set(fuzz(seed=seed, rounds=FUZZ_ROUNDS_NIGHTLY)) <= CODES | {"decoded"}, seed


@given(data=st.binary(max_size=200))
def test_any_bytes_at_all_end_in_the_defined_error(data: bytes) -> None:
    for decode in (REGISTRY.decode, event_id_of_bytes):
        with contextlib.suppress(ContractError):
            decode(data)
