"""The capture program's file: what is believed and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.providers.signal_file import SignalFileProvider, parse_signal


def write(path: Path, seq: int, *, written_ms: int = 500_000, idle_ms: int = 0) -> None:
    document = {
        "schema": 1,
        "seq": seq,
        "written_ms": written_ms,
        "last_input_ms": written_ms - idle_ms,
    }
    path.write_text(json.dumps(document))


def test_a_file_of_last_week_is_not_believed_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path)
    assert "there is no" in provider.probe()
    write(path, 1, idle_ms=400_000)
    assert provider.probe() == ""
    assert provider.read(10.0).state == "unknown"
    assert provider.read(11.0).state == "unknown"
    write(path, 2, idle_ms=401_000)
    activity = provider.read(12.0)
    assert (activity.idle_s, activity.observed_s, activity.state) == (401.0, 12.0, "idle")


def test_a_writer_that_stops_grows_stale_by_our_clock(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path)
    for seq in (1, 2):
        write(path, seq)
        provider.read(float(seq))
    assert provider.read(60.0).observed_s == 2.0
    path.unlink()
    assert provider.read(61.0).observed_s == 2.0


def test_a_torn_write_leaves_the_last_word(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path)
    for seq in (1, 2):
        write(path, seq, idle_ms=5_000)
        provider.read(float(seq))
    path.write_text('{"schema": 1, "se')
    assert provider.read(3.0).idle_s == 5.0


def test_a_writers_clock_is_only_subtracted_from_itself(tmp_path: Path) -> None:
    """A writer whose clock stands in 1970, then jumps to 2038: the idle time stays right."""
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path)
    for seq, written_ms in enumerate((20_000, 21_000, 2**31 * 1_000)):
        write(path, seq, written_ms=written_ms, idle_ms=7_000)
        activity = provider.read(float(seq))
    assert (activity.idle_s, activity.observed_s) == (7.0, 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"schema": 2, "seq": 1, "written_ms": 2, "last_input_ms": 1}',
        '{"schema": 1, "seq": true, "written_ms": 2, "last_input_ms": 1}',
        '{"schema": 1, "seq": 1, "written_ms": 2, "last_input_ms": 3}',
        '{"schema": 1, "seq": 1, "written_ms": 2.5, "last_input_ms": 1}',
        '{"schema": 1, "seq": -1, "written_ms": 2, "last_input_ms": 1}',
    ],
)
def test_what_breaks_the_contract_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_signal(text.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_signal_or_a_value_error(data: bytes) -> None:
    try:
        parse_signal(data)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - both outcomes are right


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    path.write_bytes(b" " * 1_000_000)
    assert "larger than a signal" in SignalFileProvider(path).read(1.0).detail
