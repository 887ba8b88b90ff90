"""Lint, types and formatting hold on every run of the suite, not only before a commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import REPOSITORY


def check(program: str, *arguments: str) -> None:
    """Run a program of this very environment over the repository; its words on failure."""
    finished = subprocess.run(
        [str(Path(sys.executable).parent / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert finished.returncode == 0, "\n" + finished.stdout + finished.stderr


def test_ruff_finds_nothing() -> None:
    check("ruff", "check", "--output-format=concise", ".")


def test_everything_is_formatted() -> None:
    check("ruff", "format", "--check", ".")


# Without a cache, on a slow machine that others use too.
@pytest.mark.timeout(400)
def test_mypy_strict_finds_nothing() -> None:
    check("mypy")
