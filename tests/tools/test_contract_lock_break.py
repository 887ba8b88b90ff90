"""A released contract is not changed by accident: the tool says what breaks and writes nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
COPIED = ("contracts", "locks", "tools/update_contract_lock.py", "tests/contracts/golden")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The contracts, their lock and corpus, released, with one field renamed."""
    for name in COPIED:
        source, target = REPOSITORY / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    assert run(tmp_path, "--release", "0.1.0").returncode == 0
    capture = tmp_path / "contracts" / "capture.py"
    text = capture.read_text()
    assert "    monitor: " in text
    capture.write_text(text.replace("    monitor: ", "    screen: "))
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "tools" / "update_contract_lock.py"), *arguments],
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_check_names_the_field_that_went_and_exits_1(copy: Path) -> None:
    before = (copy / "locks" / "contracts.lock.json").read_bytes()
    done = run(copy, "--check")
    assert done.returncode == 1
    assert "capture_event@1.monitor: field-removed" in done.stdout
    assert (copy / "locks" / "contracts.lock.json").read_bytes() == before


def test_update_refuses_and_writes_nothing(copy: Path) -> None:
    before = (copy / "locks" / "contracts.lock.json").read_bytes()
    done = run(copy)
    assert done.returncode == 1
    assert "breaks released contracts" in done.stderr
    assert (copy / "locks" / "contracts.lock.json").read_bytes() == before


def test_deliberate_break_is_recorded_with_its_reason_and_the_lock_agrees_again(copy: Path) -> None:
    assert run(copy, "--allow-break", "the word was wrong").returncode == 0
    assert "the word was wrong" in (copy / "locks" / "contracts.lock.json").read_text()
    assert run(copy, "--check").returncode == 0
