"""Threads that decode a type for the first time at the same moment."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Literal

import msgspec
import pytest

from contracts import canonical
from contracts.base import Name, Record
from contracts.bounded import decode_bounded
from contracts.preparing import prepare, prepare_all

RACE = """
import sys, threading
from typing import Annotated
import msgspec
from contracts import canonical
from contracts.bounded import decode_bounded
from contracts.preparing import prepare_all

FIELDS = [(f"f{i}", Annotated[str, msgspec.Meta(max_length=20)]) for i in range(20)]
BYTES = msgspec.msgpack.encode({name: "x" for name, _ in FIELDS})
DECODERS = {
    "canonical": canonical.decode,
    "bounded": decode_bounded,
    "prepared": lambda data, as_type: msgspec.msgpack.decode(data, type=as_type),
    "by nobody": lambda data, as_type: msgspec.msgpack.decode(data, type=as_type),
}
decode = DECODERS[sys.argv[1]]
sys.setswitchinterval(1e-6)
made = []
for number in range(200):
    struct = msgspec.defstruct(f"Struct{number}", FIELDS)
    if sys.argv[1] == "prepared":
        prepare_all()
    # Two types that share one: it is the one inside that must be whole.
    types = (struct, msgspec.defstruct(f"Outer{number}", [("inner", struct)]))
    data = (BYTES, msgspec.msgpack.encode({"inner": msgspec.Raw(BYTES)}))
    if sys.argv[1] == "prepared":
        prepare_all()
    together = threading.Barrier(4)

    def go(which: int) -> None:
        together.wait()
        made.append(decode(data[which], types[which]))

    threads = [threading.Thread(target=go, args=(n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(len(made))
"""


def race(by: str) -> subprocess.CompletedProcess[str]:
    """200 rounds of four threads that decode fresh types, in a process that may die of it."""
    command = [sys.executable, "-c", RACE, by]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("by", ["canonical", "bounded", "prepared"])
def test_threads_may_decode_a_type_for_the_first_time_at_once(by: str) -> None:
    done = race(by)

    assert (done.returncode, done.stdout) == (0, "800\n"), done.stderr


class _Late(Record, frozen=True, kw_only=True, tag="late"):
    schema_version: Literal[1] = 1
    name: Name


def test_every_struct_is_prepared_and_again_costs_nothing_new() -> None:
    assert prepare_all() > 1
    before = threading.active_count()
    prepare(_Late)
    prepare(_Late | None)

    stored = canonical.encode(_Late(name="a"))

    assert canonical.decode(stored, _Late) == decode_bounded(stored, _Late)
    assert threading.active_count() == before


def test_a_type_that_nothing_can_be_decoded_into_is_refused() -> None:
    with pytest.raises(TypeError):
        prepare(_Late | dict[str, int] | dict[int, str])
    with pytest.raises(msgspec.MsgspecError):
        canonical.decode(b"\xc1", _Late)
