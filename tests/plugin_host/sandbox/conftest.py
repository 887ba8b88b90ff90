"""Takes away what the hosts of these tests leave on disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.plugin_host.sandbox import host_rig


@pytest.fixture(autouse=True)
def clean_disk() -> Iterator[None]:
    yield
    while host_rig.BASES:
        shutil.rmtree(host_rig.BASES.pop(), ignore_errors=True)
