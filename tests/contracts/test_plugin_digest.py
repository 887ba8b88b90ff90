"""One digest over a plugin's files: the same everywhere, another for every change."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.bounded import ContractError
from contracts.plugin_digest import (
    PLUGIN_DEPTH_MAX,
    digest_each,
    digest_files,
    digest_plugin,
    read_plugin_files,
)

FILES = {"plugin.toml": b"x", "plugin.py": b"y", "data/table.bin": bytes(range(256))}
DIGEST = "e247b590af5df89637456db63656ecff039f4dc04c1a5f878b332cf7a736c8aa"
"""Pinned: digests stand in lock files."""


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_the_digest_is_the_pinned_one(tmp_path: Path) -> None:
    assert digest_plugin(write(tmp_path, FILES)) == DIGEST == digest_files(FILES)


def test_times_modes_and_the_order_of_writing_play_no_part(tmp_path: Path) -> None:
    one = write(tmp_path / "one", FILES)
    other = write(tmp_path / "other", dict(reversed(FILES.items())))
    os.utime(other / "plugin.py", (1, 1))
    (other / "plugin.py").chmod(0o700)
    assert digest_plugin(one) == digest_plugin(other)


def test_cached_bytecode_plays_no_part_and_loose_bytecode_does(tmp_path: Path) -> None:
    write(tmp_path, FILES | {"__pycache__/plugin.cpython-311.pyc": b"z"})
    assert digest_plugin(tmp_path) == DIGEST
    write(tmp_path, {"plugin.pyc": b"z"})
    assert digest_plugin(tmp_path) != DIGEST


@given(
    files=st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=4), min_size=1),
    at=st.integers(0, 3),
)
def test_every_change_of_a_byte_a_name_or_the_set_changes_the_digest(
    files: dict[str, bytes], at: int
) -> None:
    name = sorted(files)[at % len(files)]
    digest = digest_files(files)
    renamed = {("z" if key == name else key): data for key, data in files.items()}
    without = {key: data for key, data in files.items() if key != name}
    for changed in ({**files, name: files[name] + b"\0"}, renamed, without, {**files, "z": b""}):
        assert digest_files(changed) != digest


def test_a_moved_boundary_between_name_and_content_changes_the_digest() -> None:
    assert digest_files({"a": b"bc"}) != digest_files({"ab": b"c"})


def test_each_file_has_its_own_digest(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert list(digest_each(read_plugin_files(tmp_path))) == sorted(FILES)


@pytest.mark.parametrize("where", ["link.py", "data/link.py"])
def test_a_link_is_refused(tmp_path: Path, where: str) -> None:
    write(tmp_path, FILES)
    (tmp_path / where).symlink_to("/etc/hostname")
    with pytest.raises(ContractError, match="is a link"):
        digest_plugin(tmp_path)


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "plugin", FILES)
    write(tmp_path / "elsewhere", FILES)
    (tmp_path / "plugin" / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ContractError, match="is a link"):
        digest_plugin(tmp_path / "plugin")


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A path of a socket may have 107 bytes, which a temporary folder can use up.
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("door")
        with pytest.raises(ContractError, match="not a regular file"):
            digest_plugin(tmp_path)


@pytest.mark.parametrize("name", ["a\nb", "a\\b", "a\x1b[2J"])
def test_a_name_that_is_no_plain_text_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: b""})
    with pytest.raises(ContractError, match="is no name for a file"):
        digest_plugin(tmp_path)


def test_a_folder_without_end_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"/".join("d" * (PLUGIN_DEPTH_MAX + 1)): b""})
    with pytest.raises(ContractError, match="nested too deep"):
        digest_plugin(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="is not a folder"):
        digest_plugin(tmp_path / "nowhere")
