"""Groups go through two hosts and the store; whatever fails, frames stay as they came."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.canonical import encode
from contracts.tiles import RepackedFrames
from kernel.config.paths import DataDir
from kernel.pipeline.repacking import PACK_STAGE, PROOF_STAGE, Repacking
from kernel.store.evidence import EvidenceStore
from kernel.supervision.pool_events import (
    HostDied,
    HostStatus,
    PoolTask,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)
from kernel.supervision.runner import PluginRecord
from plugin_host.hooks import PluginError, StageInput
from plugins.repack_tiles.plugin import plugin
from tests.kernel.store.packing import fill, picture, task

RECORD = PluginRecord("repack_tiles", "1.0.0", "0" * 64, Path("/x"), "x", "x", (PACK_STAGE,))
WAIT_S = 60.0


@dataclass
class FakeHosts:
    """A pool whose hosts run the plugin at once, in this process."""

    slots: int = 2
    ready: bool = True
    states: dict[str, str] = field(default_factory=dict)
    given: list[tuple[str, PoolTask]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def free_slots(self) -> int:
        return self.slots - len(self.states)

    def may_start(self, plugin_id: str) -> bool:
        return self.ready and plugin_id == RECORD.plugin_id

    def start_host(self, plugin: PluginRecord, config: dict[str, Any]) -> str:
        assert plugin is RECORD
        assert config == {}
        host_id = f"h{len(self.states) + len(self.stopped) + 1}-00000000"
        self.states[host_id] = "ready"
        return host_id

    def assign(self, host_id: str, task: PoolTask) -> bool:
        if self.states.get(host_id) != "ready":
            return False
        self.states[host_id] = "busy"
        self.given.append((host_id, task))
        return True

    def stop_host(self, host_id: str, cause: str, *, now: bool = False) -> None:
        assert cause
        assert not now
        self.states.pop(host_id, None)
        self.stopped.append(host_id)

    def statuses(self) -> tuple[HostStatus, ...]:
        return tuple(
            HostStatus(
                host_id=host_id,
                plugin_id=RECORD.plugin_id,
                hosting="subprocess",
                state=state,
                hung=False,
                frozen=False,
                pid=1,
                root_pid=1,
                task_id=None,
                model_key="",
                age_s=1.0,
                tasks_done=0,
                memory_bytes=0,
                sandbox_level="A",
            )
            for host_id, state in self.states.items()
        )


@dataclass
class Rig:
    """A store with frames, and packing over it with hosts that answer as told."""

    store: EvidenceStore
    hosts: FakeHosts
    packing: Repacking
    audit: list[tuple[str, str, dict[str, str]]]
    answered: int = 0

    def run(
        self,
        *,
        until: Callable[[], bool],
        answer: Callable[[PoolTask], bytes | str] | None = None,
    ) -> None:
        """Drive the loop until the condition holds."""
        deadline = time.monotonic() + WAIT_S
        while not until():
            assert time.monotonic() < deadline, self.packing.facts()
            self.packing.step(memory_free_bytes=1 << 40)
            while self.answered < len(self.hosts.given):
                host_id, given = self.hosts.given[self.answered]
                self.answered += 1
                self.hosts.states[host_id] = "ready"
                self._reply(host_id, given, (answer or run_plugin)(given))
            time.sleep(0.001)  # noqa: TID251 - the packing thread's turn

    def _reply(self, host_id: str, given: PoolTask, answer: bytes | str) -> None:
        if isinstance(answer, str):
            self.packing.handle(
                TaskErrored(
                    host_id, RECORD.plugin_id, given.task_id, answer, "told so", retry=False
                )
            )
            return
        self.packing.handle(TaskSucceeded(host_id, RECORD.plugin_id, given.task_id, answer, 1, 1))


def run_plugin(given: PoolTask) -> bytes | str:
    inputs = tuple(
        StageInput(digest, data) for digest, data in zip(given.inputs, given.payload, strict=True)
    )
    try:
        record = plugin.autocapture_run(given.stage, inputs, task())
    except PluginError as error:
        return error.code
    assert record is not None
    return encode(record)


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def build(count: int = 6, *, keep: bool = False, slots: int = 2) -> Rig:
        data_dir = DataDir(tmp_path / "data")
        fill(data_dir, [picture(seed) for seed in range(count)])
        store, hosts, audit = EvidenceStore.open(data_dir), FakeHosts(slots), []
        packing = Repacking(
            store=store,
            pool=hosts,
            plugin=RECORD,
            keep_original_bytes=keep,
            task_timeout_s=60.0,
            audit=lambda *entry: audit.append(entry),
            partial_after_s=0.0,
        )
        made.append(Rig(store, hosts, packing, audit))
        return made[-1]

    yield build
    for rig in made:
        rig.packing.close()
        rig.store.close()


def test_two_hosts_pack_and_prove_and_never_change_roles(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=33)
    rig.run(until=lambda: rig.packing.tally.frames == 33)
    roles = {(task.stage, host_id) for host_id, task in rig.hosts.given}
    assert [task.stage for _, task in rig.hosts.given] == [PACK_STAGE, PROOF_STAGE] * 2
    assert len(roles) == len({host_id for _, host_id in roles}) == 2
    facts = rig.packing.facts()
    assert facts["packed_bytes"] * 3 < facts["original_bytes"]


def test_with_room_for_one_host_the_two_take_turns(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(slots=1)
    rig.run(until=lambda: rig.packing.tally.frames == 6)
    (packer, _), (prover, _) = rig.hosts.given
    assert packer != prover
    assert packer in rig.hosts.stopped


def test_segments_go_when_their_frames_are_packed_unless_the_person_keeps_them(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(count=12)
    rig.run(until=lambda: rig.packing.tally.segments >= 2)
    assert rig.packing.facts()["freed_bytes"] > 0
    rig.run(until=lambda: not rig.hosts.states)


def test_kept_segments_stay(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=12, keep=True)
    rig.run(until=lambda: rig.packing.tally.frames == 12 and not rig.hosts.states)
    assert rig.packing.tally.segments == 0
    for blob in [event.blob for event in rig.store.events_after(0, limit_rows=99)]:
        assert rig.store.read_original(blob)


def test_a_frame_that_breaks_its_group_is_found_and_left_as_it_came(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig()
    bad = rig.store.events_after(0, limit_rows=9)[2].blob

    def answer(given: PoolTask) -> bytes | str:
        return "plugin-raised" if bad in given.inputs else run_plugin(given)

    tally = rig.packing.tally
    rig.run(until=lambda: tally.failed == 1 and not rig.packing.is_busy, answer=answer)
    rig.run(
        until=lambda: not rig.store.packing_group(0, frames_max=9, bytes_max=1 << 24),
        answer=answer,
    )
    assert tally.frames >= 2
    assert rig.store.read_original(bad)
    assert {entry[0] for entry in rig.audit} == {"packing-failed"}
    assert rig.store.packing_group(0, frames_max=9, bytes_max=1 << 24) == []


def test_a_pack_of_other_pixels_is_refused_whoever_vouches_for_it(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(count=2)

    def answer(given: PoolTask) -> bytes | str:
        record = run_plugin(given)
        if given.stage == PACK_STAGE and isinstance(record, bytes):
            return encode(RepackedFrames(blobs=given.inputs[::-1], tiles=b"\x96\x02"))
        return record

    rig.run(until=lambda: rig.packing.tally.failed == 2, answer=answer)
    assert rig.packing.tally.frames == 0
    assert "packing failed" in rig.packing.problem


def test_a_record_about_other_frames_is_refused(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=1)
    rig.run(
        until=lambda: rig.packing.tally.failed == 1,
        answer=lambda _: encode(RepackedFrames(blobs=("1" * 64,), tiles=b"x")),
    )
    assert "other frames" in rig.audit[0][2]["error"]


def test_a_lost_host_is_replaced(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=2)
    deadline = time.monotonic() + WAIT_S
    while not rig.hosts.given:
        assert time.monotonic() < deadline
        rig.packing.step(memory_free_bytes=1 << 40)
        time.sleep(0.001)  # noqa: TID251 - the packing thread's turn
    host_id, given = rig.hosts.given.pop()
    rig.packing.handle(TaskLost(host_id, RECORD.plugin_id, given.task_id, "released", blame=False))
    rig.hosts.states.pop(host_id)
    rig.packing.handle(HostDied(host_id, RECORD.plugin_id, "released", crashed=False, lived_s=1.0))
    rig.run(until=lambda: rig.packing.tally.frames == 2)
    assert rig.audit == []


def test_without_memory_or_a_fit_plugin_nothing_is_started(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=2)
    deadline = time.monotonic() + WAIT_S
    while not rig.packing.is_busy or rig.packing._job is not None:
        assert time.monotonic() < deadline
        rig.packing.step(memory_free_bytes=1 << 20)
        time.sleep(0.001)  # noqa: TID251 - the packing thread's turn
    for _ in range(20):
        rig.packing.step(memory_free_bytes=1 << 20)
    rig.hosts.ready = False
    for _ in range(20):
        rig.packing.step(memory_free_bytes=1 << 40)
    assert rig.hosts.states == {}
    rig.hosts.ready = True
    rig.run(until=lambda: rig.packing.tally.frames == 2)


def test_few_frames_wait_for_more(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=2)
    rig.packing._partial_after_s = 3600.0
    rig.run(until=lambda: rig.packing._look_at_s > 0)
    assert rig.hosts.given == []


def test_giving_way_leaves_the_proof_to_be_made_again(make_rig: Callable[..., Rig]) -> None:
    rig = make_rig(count=2)
    paused = 0

    def answer(given: PoolTask) -> bytes | str:
        nonlocal paused
        if given.stage == PROOF_STAGE and not paused:
            paused += 1
            rig.packing.pause()
        return run_plugin(given)

    rig.run(until=lambda: rig.packing.tally.frames == 2, answer=answer)
    assert rig.audit == []
