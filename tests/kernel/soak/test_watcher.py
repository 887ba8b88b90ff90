"""The fast look: peaks, budgets over a window, heavy work while active, the inbox."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kernel.soak.book import Book
from kernel.soak.folder import RunFolder
from kernel.soak.tree import Host, Look, Stat, Tree
from kernel.soak.watcher import STOP_DEADLINE_S, Watcher

SLEEPING = Stat(2, 1, "S", 0.0, 0.0, 1)
STOPPED = Stat(3, 1, "T", 0.0, 0.0, 1)
RUNNING = Stat(4, 1, "R", 0.0, 0.0, 1)


@dataclass
class ToldTree(Tree):
    """Sees what it is told, one look after the other; the last one stays."""

    told: list[Look] = field(default_factory=list)

    def look(self, kernel_pid: int | None) -> Look:
        """The next look."""
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]


def host(name: str, inner: Stat) -> Host:
    return Host(name, 2, (SLEEPING, inner))


@pytest.fixture
def tree() -> ToldTree:
    return ToldTree()


@pytest.fixture
def watcher(tmp_path: Path, tree: ToldTree) -> Watcher:
    (tmp_path / "inbox").mkdir()
    return Watcher(
        folder=RunFolder(tmp_path),
        book=Book(),
        inbox=tmp_path / "inbox",
        kernel_pid=lambda: 1,
        cpu_window_s=10.0,
        tree=tree,
    )


def events(tmp_path: Path, kind: str) -> list[dict[str, object]]:
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


def test_each_new_peak_of_hosts_is_told_once(
    watcher: Watcher, tree: ToldTree, tmp_path: Path
) -> None:
    one, two = host("a", RUNNING), host("b", RUNNING)
    tree.told = [
        Look(float(at_s), alive=True, hosts=hosts)
        for at_s, hosts in enumerate([(one,), (one, two), (one,), (one, two)])
    ]
    for _ in range(4):
        watcher._look()
    assert [event["count"] for event in events(tmp_path, "host_peak")] == [1, 2]
    assert watcher.hosts_peak == 2


def test_the_share_of_the_processor_is_that_of_the_worst_whole_window(
    watcher: Watcher, tree: ToldTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1})
    used = [(0.0, 0.0), (5.0, 5.0), (10.0, 12.0), (15.0, 13.0), (20.0, 13.0)]
    tree.told = [Look(at_s, alive=True, tree_cpu_s=cpu_s) for at_s, cpu_s in used]
    for _ in used:
        watcher._look()
    assert watcher.take_cpu_worst_share() == pytest.approx(12.0 / 10.0 / 2)
    assert watcher.take_cpu_worst_share() == 0.0


def test_work_after_the_stop_deadline_counts_and_work_before_does_not(
    watcher: Watcher, tree: ToldTree, tmp_path: Path
) -> None:
    watcher.turned("active")
    began_s = watcher._active_since_s
    deadline_s = began_s + STOP_DEADLINE_S
    used = [(began_s, 1.0), (deadline_s, 1.5), (deadline_s + 1, 1.75), (deadline_s + 2, 2.0)]
    tree.told = [Look(at_s, alive=True, heavy_cpu_s=cpu_s) for at_s, cpu_s in used]
    for _ in used:
        watcher._look()
    watcher.turned("idle")
    (spell,) = events(tmp_path, "active_spell")
    assert spell["heavy_cpu_s"] == 0.5
    assert watcher.heavy_active_cpu_s == 0.5


def test_the_stop_is_over_when_every_inner_process_stands_still(
    watcher: Watcher, tree: ToldTree, tmp_path: Path
) -> None:
    watcher.look = Look(0.0, alive=True, hosts=(host("a", RUNNING),))
    watcher.turned("active")
    tree.told = [
        Look(0.1, alive=True, hosts=(host("a", RUNNING),)),
        Look(0.2, alive=True, hosts=(host("a", RUNNING), host("b", STOPPED))),
        Look(0.3, alive=True, hosts=(host("a", STOPPED), host("b", STOPPED))),
    ]
    watcher._measure_stop()
    assert len(tree.told) == 1
    (stop,) = events(tmp_path, "stop")
    assert stop["took_ms"] == pytest.approx(watcher.stop_ms, abs=0.1)


def test_where_nobody_tells_of_the_person_their_moments_are_not_judged(
    watcher: Watcher, tree: ToldTree
) -> None:
    watcher.follows = True
    watcher.look = Look(0.0, alive=True, hosts=(host("a", RUNNING),))
    watcher.turned("active")
    late_s = watcher._active_since_s + 2 * STOP_DEADLINE_S
    tree.told = [Look(late_s + n, alive=True, heavy_cpu_s=float(n)) for n in range(3)]
    for _ in range(3):
        watcher._look()
    watcher._measure_stop()
    assert watcher.heavy_active_cpu_s == 0.0
    assert watcher.stop_ms is None


def test_without_hosts_there_is_nothing_to_stop(watcher: Watcher, tree: ToldTree) -> None:
    tree.told = [Look(0.1, alive=True)]
    watcher.turned("active")
    watcher._measure_stop()
    assert watcher.stop_ms is None


def test_frames_that_left_the_inbox_are_acknowledged(
    watcher: Watcher, tree: ToldTree, tmp_path: Path
) -> None:
    tree.told = [Look(0.1, alive=True)]
    for frame_id in ("f0000001-0", "f0000002-0"):
        watcher.book.add(frame_id, 1, "d", {})
        watcher.book.handed_over(frame_id)
    (tmp_path / "inbox" / "f0000002-0.png").write_bytes(b"")
    watcher._look()
    assert watcher.book.pending_ids() == ["f0000002-0"]


def test_a_watcher_that_fails_says_so(watcher: Watcher) -> None:
    # Nothing was told to this tree: its first look fails.
    watcher._run()
    assert "the watcher failed" in watcher.problem
