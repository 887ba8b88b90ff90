"""The capture program's file: what is believed and what is not."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.config.smallfile import read_small_file
from kernel.scheduling.activity import (
    Activity,
    ActivityMonitor,
    ActivityVerdict,
    combine,
    observed,
)
from kernel.scheduling.filelook import FileLook
from kernel.scheduling.providers.signal_file import (
    TORN_KEEP_S,
    SignalFileProvider,
    parse_signal,
)
from tests.kernel.scheduling.providers.test_background import until

WAIT_S = 30.0
"""The machine may be busy: what a read says is of that moment all the same."""


def write(path: Path, seq: int, *, written_ms: int = 9_000_000, idle_ms: int = 0) -> None:
    document = {
        "schema": 1,
        "seq": seq,
        "written_ms": written_ms,
        "last_input_ms": written_ms - idle_ms,
    }
    path.write_text(json.dumps(document))


def test_a_file_of_last_week_is_not_believed_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    assert "there is no" in (provider.probe() or "")
    write(path, 1, idle_ms=400_000)
    assert provider.probe() == ""
    assert provider.read(10.0).state == "unknown"
    assert provider.read(11.0).state == "unknown"
    write(path, 2, idle_ms=401_000)
    activity = provider.read(12.0)
    assert (activity.idle_s, activity.observed_s, activity.state) == (401.0, 12.0, "idle")
    provider.close()


def test_a_writer_that_stops_grows_stale_by_our_clock(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    for seq in (1, 2):
        write(path, seq)
        provider.read(float(seq))
    assert provider.read(60.0).observed_s == 2.0
    provider.close()


def idle_provider(path: Path) -> SignalFileProvider:
    """One that believes the file, which said at 2 s: nobody is here."""
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    for seq in (1, 2):
        write(path, seq, idle_ms=600_000)
        provider.read(float(seq))
    return provider


@pytest.mark.parametrize("torn", ['{"schema": 1, "se', "", None, "\xff\xfe"])
def test_a_torn_or_missing_file_leaves_the_last_word_for_a_second_and_no_longer(
    tmp_path: Path, torn: str | None
) -> None:
    path = tmp_path / "activity.json"
    provider = idle_provider(path)
    if torn is None:
        path.unlink()
    else:
        path.write_text(torn, encoding="latin-1")
    assert provider.read(3.0).idle_s == 600.0
    assert provider.read(3.9).idle_s == 600.0
    assert provider.read(4.1).state == "unknown"
    write(path, 3, idle_ms=601_000)
    assert provider.read(4.2).idle_s == 601.0
    path.write_text("{")
    assert provider.read(9.0).idle_s == 601.0, "the next torn file has a second of its own"
    provider.close()


BREACHES = {
    "[]": "a JSON object",
    "null": "a JSON object",
    "{}": "schema must be 1, got null",
    '{"schema": 2, "seq": 3, "written_ms": 2, "last_input_ms": 1}': "schema must be 1, got 2",
    '{"schema": true, "seq": 3, "written_ms": 2, "last_input_ms": 1}': "schema must be 1, got true",
    '{"schema": 1, "seq": true, "written_ms": 2, "last_input_ms": 1}': "seq must be a whole number",
    '{"schema": 1, "seq": 3, "written_ms": 2.5, "last_input_ms": 1}': "written_ms must be",
    '{"schema": 1, "seq": -1, "written_ms": 2, "last_input_ms": 1}': "seq must be",
    '{"schema": 1, "seq": 3, "written_ms": 2, "last_input_ms": "1"}': "last_input_ms must be",
    "[" * 4_000 + "]" * 10: "",
    " " * 5_000: "larger than",
}


@pytest.mark.parametrize("text", BREACHES, ids=lambda text: text[:60].strip())
def test_what_breaks_the_contract_is_unknown_at_once_and_says_what_is_wrong(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "activity.json"
    provider = idle_provider(path)
    path.write_text(text)
    seen = provider.read(3.0)
    if BREACHES[text]:
        assert seen.state == "unknown"
        assert BREACHES[text] in seen.detail
        assert str(path) in seen.detail
    assert provider.read(3.0 + TORN_KEEP_S).state == "unknown"
    provider.close()


@pytest.mark.parametrize("later_ms", [1, 1_000, 3_600_000])
def test_input_after_the_writer_looked_at_its_clock_is_input_now(
    tmp_path: Path, later_ms: int
) -> None:
    """The writer reads the clock, a key is pressed, it asks for the last input."""
    path = tmp_path / "activity.json"
    provider = idle_provider(path)
    write(path, 3, idle_ms=-later_ms)
    seen = provider.read(3.0)
    assert (seen.state, seen.idle_s, seen.observed_s) == ("active", 0.0, 3.0)
    provider.close()


def test_a_pipe_in_place_of_the_file_is_unknown_at_once(tmp_path: Path) -> None:
    path = tmp_path / "activity.json"
    provider = idle_provider(path)
    path.unlink()
    os.mkfifo(path)
    seen = provider.read(3.0)
    assert (seen.state, seen.idle_s) == ("unknown", None)
    assert "no regular file" in seen.detail
    provider.close()


def test_a_link_to_the_file_is_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere.json", tmp_path / "activity.json"
    link.symlink_to(target)
    provider = SignalFileProvider(link, wait_s=WAIT_S)
    for seq in (1, 2):
        write(target, seq, idle_ms=5_000)
        assert provider.probe() == ""
        seen = provider.read(float(seq))
    assert seen.idle_s == 5.0
    provider.close()


def test_a_drive_that_hangs_leaves_the_word_to_grow_stale_and_the_reader_free(
    tmp_path: Path,
) -> None:
    path = tmp_path / "activity.json"
    hangs, held = threading.Event(), threading.Event()

    def read(path: Path, bytes_max: int) -> bytes:
        if hangs.is_set():
            held.wait()
        return read_small_file(path, bytes_max)

    provider = SignalFileProvider(path, look=FileLook(path, 4_096, wait_s=0.2, read=read))

    def verdict_at(now_s: float) -> ActivityVerdict:
        return combine([(provider.read(now_s), True)], now_s=now_s, idle_after_s=300.0)

    write(path, 1, idle_ms=600_000)
    until(lambda: provider.read(1.0).detail == "waiting for the file to change")
    write(path, 2, idle_ms=600_000)
    until(lambda: provider.read(2.0).idle_s == 600.0)
    hangs.set()
    write(path, 3)
    assert verdict_at(3.0).idle_s == 600.0
    begin_s = time.thread_time()
    for _ in range(1_000):
        # Were each of these to wait, the test would run into its time limit.
        assert verdict_at(12.1).idle_s is None
    assert "stale" in verdict_at(12.1).reason
    assert time.thread_time() - begin_s < 10.0
    held.set()
    until(lambda: provider.read(13.0).idle_s == 0.0)
    provider.close()


def test_a_writers_clock_is_only_subtracted_from_itself(tmp_path: Path) -> None:
    """A writer whose clock stands in 1970, then jumps to 2038: the idle time stays right."""
    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    for seq, written_ms in enumerate((20_000, 21_000, 2**31 * 1_000)):
        write(path, seq, written_ms=written_ms, idle_ms=7_000)
        activity = provider.read(float(seq))
    assert (activity.idle_s, activity.observed_s) == (7.0, 2.0)
    provider.close()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"schema": 2, "seq": 1, "written_ms": 2, "last_input_ms": 1}',
        '{"schema": 1, "seq": true, "written_ms": 2, "last_input_ms": 1}',
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
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    assert "larger than 4096 bytes" in provider.read(1.0).detail
    provider.close()


def test_a_file_that_appears_counts_at_the_next_poll(tmp_path: Path) -> None:
    """Another source says: away for long. Who begins to report input is heard at once."""

    class Away:
        name, precise = "x11", True

        def probe(self) -> str:
            return ""

        def read(self, now_s: float) -> Activity:
            return observed("x11", 600.0, now_s)

        def close(self) -> None:
            """Nothing is held."""

    path = tmp_path / "activity.json"
    provider = SignalFileProvider(path, wait_s=WAIT_S)
    monitor = ActivityMonitor([provider, Away()], now_s=lambda: 1.0, idle_after_s=300.0)
    assert monitor.poll().idle_s == 600.0
    write(path, 1)
    assert monitor.poll().idle_s is None, "new, and not yet believed: unknown"
    write(path, 2)
    assert monitor.poll().idle_s == 0.0
    monitor.close()
