"""A file that is read by a thread of its own: fresh where the drive answers, old where it hangs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from kernel.scheduling.filelook import FileLook
from tests.kernel.scheduling.providers.test_background import until

WAIT_S = 30.0


def test_what_is_there_when_it_is_asked_is_what_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    look = FileLook(path, 10, wait_s=WAIT_S)
    found = look.look()
    assert found is not None
    assert found.is_missing
    for number in range(100):
        path.write_text(str(number))
        found = look.look()
        assert found is not None
        assert (found.data, found.problem) == (str(number).encode(), "")
    look.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "look-file"]


def test_a_hanging_read_is_waited_for_once_and_is_used_again_when_it_answers(
    tmp_path: Path,
) -> None:
    held = threading.Event()
    asked: list[int] = []

    def read(path: Path, bytes_max: int) -> bytes:
        asked.append(bytes_max)
        if len(asked) > 1:
            held.wait()
        return str(len(asked)).encode()

    look = FileLook(tmp_path / "file", 10, wait_s=1.0, read=read)
    until(lambda: (first := look.look()) is not None and first.data == b"1")
    begin_s = time.monotonic()
    for _ in range(1_000):
        found = look.look()
        assert found is not None
        assert found.data == b"1"
    # A thousand waits of a second would be 1000 s.
    assert time.monotonic() - begin_s < 60.0
    assert len(asked) == 2, "no second read is begun behind the one that hangs"
    held.set()
    until(lambda: (later := look.look()) is not None and later.data != b"1")
    look.close()


def test_a_file_that_never_answered_is_not_known(tmp_path: Path) -> None:
    held = threading.Event()

    def read(path: Path, bytes_max: int) -> bytes:
        held.wait()
        return b""

    look = FileLook(tmp_path / "file", 10, wait_s=0.01, read=read)
    assert look.look() is None
    assert look.look() is None
    held.set()
    look.close()
