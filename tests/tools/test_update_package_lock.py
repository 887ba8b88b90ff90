"""The lock that an installation carries is checked by the suite against uv.lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import REPOSITORY

TOOL = REPOSITORY / "tools" / "update_package_lock.py"


def run(*arguments: str | Path, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_the_lock_agrees_with_uv_lock() -> None:
    finished = run("--check")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_a_changed_version_is_drift_until_it_is_written(tmp_path: Path) -> None:
    uv_lock, lock = tmp_path / "uv.lock", tmp_path / "packages.lock.json"
    text = (REPOSITORY / "uv.lock").read_text(encoding="utf-8")
    assert '\nname = "click"\nversion = "' in text
    uv_lock.write_text(
        text.replace('\nname = "click"\nversion = "', '\nname = "click"\nversion = "9')
    )
    lock.write_bytes((REPOSITORY / "locks" / "packages.lock.json").read_bytes())
    drift = run("--check", "--uv-lock", uv_lock, "--lock", lock, cwd=tmp_path)
    assert drift.returncode == 1
    assert "Run: python tools/update_package_lock.py" in drift.stdout
    assert run("--uv-lock", uv_lock, "--lock", lock).returncode == 0
    assert run("--check", "--uv-lock", uv_lock, "--lock", lock).returncode == 0
