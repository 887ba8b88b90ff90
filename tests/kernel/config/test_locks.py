"""The kernel finds its locks, and does not start when the code is not what they pin."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contracts.lock import contracts_lock_digest, parse_lock
from kernel.config.errors import KernelError
from kernel.config.locks import (
    CONTRACTS_LOCK_NAME,
    PLUGINS_LOCK_NAME,
    locks_dir,
    read_contracts_lock,
    require_contracts_lock,
)


def test_the_locks_of_this_installation_are_found() -> None:
    assert {path.name for path in locks_dir().iterdir()} >= {CONTRACTS_LOCK_NAME, PLUGINS_LOCK_NAME}


def test_boot_gets_the_fingerprint_when_code_and_lock_agree() -> None:
    assert require_contracts_lock() == contracts_lock_digest()


def edit(folder: Path, old: str, new: str) -> Path:
    text = (locks_dir() / CONTRACTS_LOCK_NAME).read_text(encoding="utf-8")
    assert old in text
    (folder / CONTRACTS_LOCK_NAME).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_boot_fails_with_the_difference_when_they_do_not(tmp_path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        require_contracts_lock(edit(tmp_path, '"confidence_permille"', '"confidence_percent"'))
    assert caught.value.code == "contracts-lock-mismatch"
    assert "word@1.confidence_permille: required-field-added" in caught.value.message
    assert "word@1.confidence_percent: field-removed" in caught.value.message
    assert "update_contract_lock" in str(caught.value.hint)


def test_boot_fails_when_the_fingerprint_was_edited_by_hand(tmp_path: Path) -> None:
    fingerprint = read_contracts_lock().fingerprint
    with pytest.raises(KernelError, match="edited by hand"):
        require_contracts_lock(edit(tmp_path, fingerprint, "f" * 64))


def test_boot_does_not_mind_how_the_checkout_ends_its_lines(tmp_path: Path) -> None:
    assert require_contracts_lock(edit(tmp_path, "\n", "\r\n")) == contracts_lock_digest()


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", json.dumps({"format": 99}).encode()])
def test_a_damaged_lock_stops_the_boot(tmp_path: Path, data: bytes) -> None:
    (tmp_path / CONTRACTS_LOCK_NAME).write_bytes(data)
    with pytest.raises(KernelError) as caught:
        require_contracts_lock(tmp_path)
    assert caught.value.code == "contracts-lock-unreadable"


def test_a_lock_that_is_not_there_stops_the_boot(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="contracts-lock-unreadable"):
        require_contracts_lock(tmp_path)


def test_a_wheel_carries_its_locks_beside_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "kernel" / "_locks"
    shutil.copytree(locks_dir(), packaged)
    monkeypatch.setattr(
        "kernel.config.locks.__file__", str(tmp_path / "kernel" / "config" / "locks.py")
    )
    assert locks_dir() == packaged
    shutil.rmtree(packaged)
    with pytest.raises(KernelError, match="locks-missing"):
        locks_dir()


def test_the_lock_is_what_the_contracts_module_reads() -> None:
    assert parse_lock((locks_dir() / CONTRACTS_LOCK_NAME).read_bytes()) == read_contracts_lock()
