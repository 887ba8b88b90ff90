"""Where tests of the store put their files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.store.drives import free_bytes

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh directory is made below it

FREE_BYTES_MIN = 1 << 30


@pytest.fixture
def quick_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: for tests that simulate the disk themselves."""
    if not os.access(SHARED_MEMORY, os.W_OK) or free_bytes(SHARED_MEMORY) < FREE_BYTES_MIN:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as name:
        yield Path(name)
