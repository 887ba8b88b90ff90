"""Faults are put in in their time, and recovered means what docs/soak.md says."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from kernel.soak.book import Book
from kernel.soak.day import Truth
from kernel.soak.faultplan import PlannedFault
from kernel.soak.faults import Faults
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.watcher import Watcher
from tests.functional.rig import wait_until
from tests.kernel.soak.test_tree import start_kernel

LATER = float("inf")


@dataclass
class Child:
    """A kernel child that is told what it is."""

    pid: int | None = None
    serving_pid: int | None = None
    leaky: bool = False
    killed: int = 0

    def kill(self) -> None:
        """Another one serves at once."""
        self.killed += 1
        self.serving_pid = (self.serving_pid or 0) + 1


@dataclass
class Store:
    """A store with so many frames to read."""

    left: int = 5

    def follow(self) -> None:
        """Nothing is new."""

    def unread(self) -> int:
        """So many."""
        return self.left


@dataclass
class Other:
    """Stands for parts that a fault asks something of: pictures, ledger, disk."""

    asked: list[str] = field(default_factory=list)
    renewed: int = 0
    why_not: str = "no room"

    @property
    def pictures(self) -> Other:
        return self

    def mark_leaks(self, frames: int) -> None:
        self.asked.append(f"mark {frames}")

    def count_renewed(self) -> int:
        return self.renewed

    def prepare(self) -> str:
        return self.why_not

    def remove(self) -> None:
        self.asked.append("remove")


@dataclass
class Scene:
    """Faults around a stand-in for a kernel with one host."""

    folder: RunFolder
    watcher: Watcher
    child: Child = field(default_factory=Child)
    store: Store = field(default_factory=Store)
    other: Other = field(default_factory=Other)
    book: Book = field(default_factory=Book)
    faults: Faults | None = None

    def put_in(self, *planned: PlannedFault) -> Faults:
        self.faults = Faults(
            folder=self.folder,
            planned=planned,
            started_us=now_us(),
            child=cast("Any", self.child),
            watcher=self.watcher,
            driver=cast("Any", self.other),
            book=self.book,
            store=cast("Any", self.store),
            ledger=cast("Any", self.other),
            disk=cast("Any", self.other),
            status=lambda: {"kernel": {"hosts": [{"host_id": "h1-test", "state": "busy"}]}},
            seed=1,
        )
        self.faults.start()
        return self.faults

    def events(self, kind: str) -> list[dict[str, Any]]:
        file = self.folder.root / "events.jsonl"
        lines: Sequence[str] = file.read_text().splitlines() if file.exists() else ()
        return [event for event in map(json.loads, lines) if event["kind"] == kind]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    kernel = start_kernel()
    (tmp_path / "inbox").mkdir()
    folder = RunFolder(tmp_path)
    watcher = Watcher(
        folder=folder,
        book=Book(),
        inbox=tmp_path / "inbox",
        kernel_pid=lambda: kernel.pid,
        cpu_window_s=10.0,
    )
    watcher.start()
    made = Scene(folder, watcher, Child(kernel.pid, kernel.pid))
    yield made
    if made.faults is not None:
        made.faults.stop()
    watcher.stop()
    os.killpg(kernel.pid, signal.SIGKILL)
    kernel.communicate()


def kill_below(pid: int | None) -> None:
    for process in psutil.Process(pid).children(recursive=True):
        if process.name() != "sleep":
            process.kill()


def test_a_killed_host_is_recovered_once_it_is_gone_and_nothing_is_left(scene: Scene) -> None:
    scene.store.left = 0
    faults = scene.put_in(PlannedFault(0.0, LATER, "host_killed"))
    wait_until(lambda: scene.events("fault"), 60.0)
    # The stand-in's first process waits for its child and ends with it, as a host's does.
    wait_until(lambda: faults.recovered == 1, 60.0)
    assert faults.injected == 1
    assert not faults.busy
    (fault,), (recovered,) = scene.events("fault"), scene.events("recovered")
    assert fault["fault_id"] == recovered["fault_id"]
    assert "h1-test" in fault["detail"]


def test_a_hung_host_stays_stopped_until_somebody_ends_it(scene: Scene) -> None:
    scene.store.left = 0
    faults = scene.put_in(PlannedFault(0.0, LATER, "host_hung"))

    def stands_still() -> bool:
        hosts = scene.watcher.look.hosts
        return bool(hosts) and hosts[0].is_still

    wait_until(stands_still, 60.0)
    inner = max(stat.pid for stat in scene.watcher.look.hosts[0].stats)
    os.kill(inner, signal.SIGCONT)
    wait_until(stands_still, 60.0)
    assert faults.busy
    assert faults.recovered == 0
    kill_below(scene.child.pid)
    wait_until(lambda: faults.recovered == 1, 60.0)


def test_a_killed_kernel_is_recovered_when_another_one_has_taken_what_lay_there(
    scene: Scene,
) -> None:
    scene.book.add("f0000001-0", 1, "d", {})
    scene.book.handed_over("f0000001-0")
    faults = scene.put_in(PlannedFault(0.0, LATER, "kernel_killed"))
    wait_until(lambda: scene.child.killed == 1)
    assert faults.kernel_fault == scene.events("fault")[0]["fault_id"]
    assert faults.recovered == 0
    scene.book.note_inbox(set())
    wait_until(lambda: faults.recovered == 1)
    wait_until(lambda: faults.kernel_fault is None)


def test_a_leak_is_marked_in_time_and_recovered_when_a_host_was_renewed(scene: Scene) -> None:
    scene.child.leaky = True
    faults = scene.put_in(PlannedFault(0.0, LATER, "plugin_leak"))
    wait_until(lambda: scene.events("fault"), 60.0)
    assert scene.other.asked == ["mark 10"]
    assert faults.recovered == 0
    scene.other.renewed = 1
    wait_until(lambda: faults.recovered == 1)


@pytest.mark.parametrize(
    ("fault", "truth"),
    [
        (PlannedFault(0.0, -1.0, "kernel_killed"), "active"),
        (PlannedFault(0.0, LATER, "plugin_leak"), "idle"),
        (PlannedFault(0.0, LATER, "disk_full"), "active"),
    ],
)
def test_what_cannot_be_put_in_is_a_note_and_no_fault(
    scene: Scene, fault: PlannedFault, truth: Truth
) -> None:
    scene.watcher.turned(truth)
    faults = scene.put_in(fault)
    wait_until(lambda: scene.events("note"))
    assert scene.events("note")[0]["name"] == f"no {fault.name}"
    assert scene.events("fault") == []
    assert faults.injected == 0


def test_no_new_fault_comes_after_the_finish_and_the_room_is_given_back(scene: Scene) -> None:
    faults = scene.put_in(PlannedFault(3_600.0, LATER, "kernel_killed"))
    faults.finish()
    faults.stop()
    assert scene.child.killed == 0
    assert scene.other.asked == ["remove"]
