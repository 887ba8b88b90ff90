import os
import socket
from pathlib import Path

import pytest

from kernel.capture.filebytes import FileBytes, read_file_bytes
from kernel.capture.imageformats.facts import ImageLimits
from kernel.capture.refusal import Refusal, RefusalCode

LIMITS = ImageLimits(bytes_max=1000)


def code_of(path: Path) -> RefusalCode | None:
    read = read_file_bytes(path, LIMITS)
    return read.code if isinstance(read, Refusal) else None


def test_file_is_read_whole_with_its_time_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1000)
    os.utime(path, ns=(5_000_000_000, 7_000_001_999))
    before = path.stat()
    assert read_file_bytes(path, LIMITS) == FileBytes(b"x" * 1000, 7_000_001)
    after = path.stat()
    assert (after.st_atime_ns, after.st_mtime_ns) == (before.st_atime_ns, before.st_mtime_ns)


def test_file_larger_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert code_of(path) is RefusalCode.TOO_MANY_BYTES


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert code_of(tmp_path / "pipe") is RefusalCode.NOT_A_FILE
    assert code_of(tmp_path) is RefusalCode.NOT_A_FILE
    assert code_of(Path("/dev/zero")) is RefusalCode.NOT_A_FILE
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert code_of(tmp_path / "s") is RefusalCode.NOT_A_FILE
    assert code_of(tmp_path / "nothing") is RefusalCode.NOT_FOUND


def test_final_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to("a")
    assert code_of(tmp_path / "link") is RefusalCode.SYMLINK


def test_file_of_somebody_else_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("runs as root, who may read everything")
    assert code_of(path) is RefusalCode.UNREADABLE


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite"])
def test_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 500)
    real_read = os.read

    def read_and_interfere(descriptor: int, length: int) -> bytes:
        part = real_read(descriptor, min(length, 100))
        match change:
            case "grow":
                path.write_bytes(b"x" * 600)
            case "shrink":
                path.write_bytes(b"x" * 50)
            case _:
                path.write_bytes(b"y" * 500)
                os.utime(path, ns=(1, 1))
        return part

    # The change must fall between two reads of the code under test.
    monkeypatch.setattr(os, "read", read_and_interfere)
    assert code_of(path) is RefusalCode.CHANGED_WHILE_READ
