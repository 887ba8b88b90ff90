"""The soak's outside parts around one real kernel: start, watch, ask, kill, start again, stop."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.canonical import digest_bytes
from contracts.ledger import LedgerEntry
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.soak.book import Book
from kernel.soak.child import KernelChild, child_environment
from kernel.soak.commands import run_command
from kernel.soak.folder import RunFolder
from kernel.soak.garbage import throw_garbage
from kernel.soak.ledgerview import LedgerView, is_renewal
from kernel.soak.sampler import Sampler, quantile, tree_bytes
from kernel.soak.storeview import StoreView, frame_of
from kernel.soak.watcher import Watcher
from kernel.supervision.address import control_socket_of
from kernel.supervision.hearing import OUT_OF_MEMORY
from tests.functional.rig import picture, wait_until

CONFIG = """
[pipeline]
text_plugin = "none"
[intake]
inbox_poll_ms = 50
[disk]
yellow_free_bytes = 0
red_free_bytes = 0
black_free_bytes = 0
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[KernelChild]:
    root = tmp_path / "a run"
    (root / "data").mkdir(parents=True)
    (root / "data" / "config.toml").write_text(CONFIG)
    environment = child_environment({"XDG_CONFIG_HOME": str(tmp_path / "config")})
    made = KernelChild(RunFolder(root), DataDir(root / "data"), environment)
    yield made
    made.stop()


def events(child: KernelChild) -> list[str]:
    lines = (child.folder.root / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def drop(child: KernelChild, frame_id: str, text: str) -> bytes:
    data = picture(text)
    inbox = child.data_dir.inbox_dir
    inbox.mkdir(exist_ok=True)
    (inbox / f"{frame_id}.png.tmp").write_bytes(data)
    (inbox / f"{frame_id}.png.tmp").rename(inbox / f"{frame_id}.png")
    (inbox / f"{frame_id}.json").write_text(json.dumps({"source": "soak"}))
    return data


def test_a_killed_kernel_is_told_and_another_one_serves_the_same_data(child: KernelChild) -> None:
    child.start("first start")
    first = child.pid
    assert child.serving_pid == first
    store = StoreView(child.data_dir)
    data = drop(child, "f0000001-0", "one")

    def stored() -> bool:
        store.follow()
        return "f0000001-0" in store.blobs

    wait_until(stored)
    assert store.blobs == {"f0000001-0": digest_bytes(data)}
    child.kill()
    assert wait_until(child.poll) == -signal.SIGKILL
    assert child.pid is None
    child.start("again")
    assert child.pid != first
    assert len(set(child.run_ids)) == child.starts == 2
    assert events(child) == ["kernel_start", "kernel_start"]
    assert child.stop() == 0
    assert child.stop() is None
    assert (store.unread(), store.duplicates, store.model_loads()) == (1, 0, 0)


def test_a_kernel_left_over_by_another_soak_is_ended_first(child: KernelChild) -> None:
    child.start("first start")
    leftover = child.pid
    assert leftover is not None
    heir = KernelChild(child.folder, child.data_dir, child.environment)
    heir.start("resumed")
    assert child.poll() == 0
    assert heir.stop() == 0


def test_the_kernel_of_a_person_is_never_ended(child: KernelChild) -> None:
    child.start("first start")
    guest = KernelChild(child.folder, child.data_dir, child.environment, shares_data_dir=True)
    with pytest.raises(KernelError, match="data-dir-busy"):
        guest.start("live")
    assert child.poll() is None
    assert child.stop() == 0


def test_a_kernel_that_cannot_start_says_why(child: KernelChild) -> None:
    (child.data_dir.root / "config.toml").write_text("[hosts]\nmax_hosts = 99\n")
    with pytest.raises(KernelError, match=r"hosts\.max_hosts"):
        child.start("first start")
    assert child.pid is None


def test_garbage_at_its_socket_does_not_keep_the_kernel_from_answering(
    child: KernelChild,
) -> None:
    child.start("first start")
    socket = control_socket_of(child.data_dir)
    assert socket is not None
    thrown = throw_garbage(socket.parent, random.Random(1))  # noqa: S311 - rubbish
    assert thrown["sockets"] == 1
    assert thrown["bytes"] > 0
    assert thrown["messages"] > 0
    said = run_command(
        ["status", "--json", "--data-dir", str(child.data_dir.root)], child.environment
    )
    assert said.document is not None
    assert said.document["kernel"]["pid"] == child.pid
    assert said.took_ms > 0
    assert child.stop() == 0


def test_a_sample_holds_what_the_verdict_reads(child: KernelChild) -> None:
    child.start("first start")
    book, folder = Book(), child.folder
    watcher = Watcher(
        folder=folder,
        book=book,
        inbox=child.data_dir.inbox_dir,
        kernel_pid=lambda: child.pid,
        cpu_window_s=10.0,
    )
    sampler = Sampler(
        folder=folder,
        data_dir=child.data_dir,
        spool_dir=None,
        book=book,
        watcher=watcher,
        store=StoreView(child.data_dir),
        kernel_pid=lambda: child.pid,
        run_ids=lambda: child.run_ids,
        interval_s=1.0,
        memory_limit_bytes=1 << 40,
        cpu_share_max=0.5,
        driver_facts=lambda: {"driver_cpu_s": 0.25},
    )
    book.add("f0000001-0", 1, digest_bytes(drop(child, "f0000001-0", "one")), {})
    book.handed_over("f0000001-0")
    watcher._look()
    sampler.sample()

    def captured() -> bool:
        watcher._look()
        sampler.sample()
        return bool(sampler.last["captured"])

    wait_until(captured)
    last = sampler.last
    assert last["kernel_pid"] == child.pid
    assert last["mode"] in {"active", "idle"}
    assert last["kernel_pss_bytes"] > 1 << 20
    assert last["tree_pss_bytes"] >= last["kernel_pss_bytes"]
    assert (last["hosts_count"], last["orphans"], last["zombies"]) == (0, 0, 0)
    assert last["threads"] > 1
    assert last["descriptors"] > 3
    assert last["data_bytes"] > 0
    assert last["disk_free_bytes"] > 0
    assert not last["cpu_budget_exceeded"]
    assert not last["ram_budget_exceeded"]
    assert json.loads(folder.metrics_files()[0].read_text().splitlines()[-1]) == last
    sampler.memory_limit_bytes = 1
    sampler.sample()
    assert sampler.last["ram_budget_exceeded"]
    child.stop()
    watcher._look()
    sampler.sample()
    assert (sampler.last["mode"], sampler.last["kernel_pid"]) == ("down", None)


def test_a_command_that_takes_too_long_is_ended(child: KernelChild) -> None:
    began_s = time.monotonic()
    said = run_command(
        ["run", "--data-dir", str(child.data_dir.root)], {**os.environ}, seconds_max=1.0
    )
    assert said.document is None
    assert "no answer" in said.complaint
    assert time.monotonic() - began_s < 60


def test_a_host_that_was_ended_for_its_memory_is_counted(child: KernelChild) -> None:
    assert LedgerView(child.data_dir).count_renewed() == 0
    child.start("first start")
    assert LedgerView(child.data_dir).count_renewed() == 0

    def entry(act: str, cause: str) -> LedgerEntry:
        return LedgerEntry(
            seq=1, previous="0" * 64, recorded_at_us=1, act=act, detail={"cause": cause}
        )

    assert is_renewal(entry("host-killed-for-memory", "the largest host"))
    assert is_renewal(entry("host-left", OUT_OF_MEMORY))
    assert not is_renewal(entry("host-left", "nothing to do"))
    assert not is_renewal(entry("kernel-started", OUT_OF_MEMORY))


def test_frames_are_told_by_their_names() -> None:
    assert frame_of("/in box/f0000012-3.png") == "f0000012-3"
    assert frame_of("/in/photo.png") is None
    assert frame_of(None) is None


def test_quantiles_and_sizes(tmp_path: Path) -> None:
    assert quantile([], 0.5) is None
    assert quantile([1.0, 2.0, 3.0], 0.5) == 2.0
    assert quantile([1.0, 2.0], 1.0) == 2.0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    assert tree_bytes(tmp_path) == 3
