"""The driver's person is believed by the kernel's own reader of the signal file."""

from __future__ import annotations

import time
from pathlib import Path

from kernel.scheduling.providers.signal_file import SignalFileProvider
from kernel.soak import person as person_module
from kernel.soak.person import Person


def test_the_kernel_sees_the_person_leave_and_come(tmp_path: Path) -> None:
    file = tmp_path / "activity.json"
    person, reader = Person(file), SignalFileProvider(file, wait_s=30.0)
    assert person.tick("active")
    reader.read(time.monotonic())
    assert person.tick("idle")
    left = reader.read(time.monotonic())
    assert left.idle_s is not None
    assert person.tick("active")
    assert reader.read(time.monotonic()).idle_s == 0.0
    reader.close()


def test_the_file_is_rewritten_only_when_it_is_due(tmp_path: Path) -> None:
    file = tmp_path / "activity.json"
    person = Person(file)
    person.tick("idle")
    first = file.read_bytes()
    assert not person.tick("idle")
    assert file.read_bytes() == first
    person._next_s -= person_module.REWRITE_S
    assert not person.tick("idle")
    assert file.read_bytes() != first
    assert not list(tmp_path.glob("*.tmp"))
