"""Versions of derived.db."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from kernel.config.errors import KernelError
from kernel.store import derived_schema
from kernel.store.sqlite import connect


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    path = tmp_path / "derived.db"
    for _ in range(2):
        derived_schema.migrate(connect(path, durable=False), path)
    assert apsw.Connection(str(path)).execute("PRAGMA user_version").get == derived_schema.VERSION


def test_reading_an_empty_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "derived.db"
    connect(path).close()
    with pytest.raises(KernelError) as caught:
        derived_schema.check(connect(path, read_only=True), path)
    assert caught.value.code == "derived-too-old"
