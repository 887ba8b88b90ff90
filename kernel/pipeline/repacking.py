"""Brings stored frames into their packed form, group by group, when nothing else waits.

One host packs a group, another compares the pack with its frames, then the store reads it once
more with its own code and takes it over (`kernel.store.takeover`). Reading and writing go on in a
thread of their own; the kernel's loop calls `step` while heavy work may run, `pause` when it may
not, and hands over what the pool reports. Nothing is remembered but in the journal: after a crash
the group is packed again. Covers: groups, the two hosts, failures, when a segment may be given
up. Does not cover: whether heavy work may run (`kernel.scheduling.governor`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import apsw

from contracts.bounded import ContractError, decode_bounded
from contracts.canonical import digest_bytes
from contracts.tiles import ProvenFrames, RepackedFrames
from kernel.config.errors import KernelError
from kernel.store.packed import PackCandidate
from kernel.store.reclaim import Reclaimed
from kernel.store.takeover import Takeover
from kernel.supervision.pool_events import (
    HostDied,
    HostStatus,
    PoolEvent,
    PoolTask,
    TaskErrored,
    TaskLost,
    TaskSucceeded,
)
from kernel.supervision.runner import PluginRecord

PACK_STAGE: Final = "repack"
PROOF_STAGE: Final = "repack_proof"
FRAMES_PER_PACK = 30
GROUP_BYTES_MAX = 24 << 20
BASES = 2
"""Packs made before that the next one may refer to: a frame is read from so many and its own."""
PARTIAL_AFTER_S = 1800.0
"""Frames fewer than a group are packed after they have waited this long."""
LOOK_INTERVAL_S = 30.0
RETRY_INTERVAL_S = 60.0
RECLAIM_AFTER_GROUPS = 16
"""So many groups may fill a segment of captures: then one is looked for that can be given up."""
HOST_BYTES = 384 << 20
"""What must be free below the limit for a host to be started."""
FAILED: Final = "failed"
"""Why a frame stays as it came: packing it alone failed as well."""


class PackStore(Protocol):
    """The part of the evidence store that packs frames; called in the packing thread."""

    def packing_group(
        self, after_id: int, *, frames_max: int, bytes_max: int
    ) -> list[PackCandidate]:
        """The next blobs without a packed form."""
        ...

    def newest_packs(self, limit_rows: int) -> list[tuple[str, bytes]]:
        """Digest and tiles of the packs made last."""
        ...

    def read_original(self, digest: str) -> bytes:
        """The blob's own bytes, checked."""
        ...

    def take_over(
        self, made: RepackedFrames, proven: ProvenFrames, *, may_go_on: Callable[[], bool]
    ) -> Takeover | None:
        """Take a proven pack into use; None when told to give way."""
        ...

    def keep_as_they_are(self, unfit: Sequence[tuple[str, str]]) -> None:
        """Note (digest, code) of blobs that are not packed."""
        ...

    def reclaim(self, *, may_go_on: Callable[[], bool]) -> Reclaimed | None:
        """Give up one segment whose frames are all packed."""
        ...


class Hosts(Protocol):
    """The part of the host pool that is needed."""

    def free_slots(self) -> int:
        """How many more hosts there may be."""
        ...

    def may_start(self, plugin_id: str) -> bool:
        """Whether the plugin is neither in backoff nor quarantined."""
        ...

    def start_host(self, plugin: PluginRecord, config: dict[str, Any]) -> str:
        """Start a host; its id."""
        ...

    def assign(self, host_id: str, task: PoolTask) -> bool:
        """Give a ready host its task; False when it is none any more."""
        ...

    def stop_host(self, host_id: str, cause: str, *, now: bool = False) -> None:
        """Ask a host to leave."""
        ...

    def statuses(self) -> tuple[HostStatus, ...]:
        """All hosts there are."""
        ...


@dataclass(slots=True)
class Group:
    """Frames that go into one pack, with what has become of them so far."""

    blobs: list[str]
    bases: list[tuple[str, bytes]] = field(default_factory=list)
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    made: RepackedFrames | None = None
    attempt: int = 1

    @property
    def stage(self) -> str:
        """What is to be done with it next."""
        return PACK_STAGE if self.made is None else PROOF_STAGE

    def inputs(self) -> list[tuple[str, bytes]]:
        """Digest and bytes of what the next stage takes."""
        if self.made is None:
            return [*self.bases, *self.frames]
        known = dict(self.frames)
        pack = (digest_bytes(self.made.tiles), self.made.tiles)
        return [pack, *self.bases, *((blob, known[blob]) for blob in self.made.blobs)]


@dataclass(slots=True)
class Tally:
    """What was done since the start."""

    frames: int = 0
    left_out: int = 0
    failed: int = 0
    original_bytes: int = 0
    packed_bytes: int = 0
    segments: int = 0
    freed_bytes: int = 0


class Repacking:
    """Used from the kernel's loop; `close` waits for the step at hand."""

    def __init__(  # noqa: PLR0913 - what it works on and how, by name
        self,
        *,
        store: PackStore,
        pool: Hosts,
        plugin: PluginRecord,
        keep_original_bytes: bool,
        task_timeout_s: float,
        audit: Callable[[str, str, dict[str, str]], Any],
        now_s: Callable[[], float] = time.monotonic,
        partial_after_s: float = PARTIAL_AFTER_S,
    ) -> None:
        self._store = store
        self._pool = pool
        self._plugin = plugin
        self._keep_original_bytes = keep_original_bytes
        self._task_timeout_s = task_timeout_s
        self._audit = audit
        self._now_s = now_s
        self._partial_after_s = partial_after_s
        self._allowed = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="packing")
        self._job: Future[Callable[[], None]] | None = None
        self._group: Group | None = None
        self._hosts: dict[str, str] = {}
        self._sent: str | None = None
        self._after_id = 0
        self._halves: list[list[PackCandidate]] = []
        self._groups_since_reclaim = RECLAIM_AFTER_GROUPS
        self._look_at_s = 0.0
        self._partial_since_s: float | None = None
        self.tally = Tally()
        self.problem = ""

    @property
    def is_busy(self) -> bool:
        """Whether a group is being packed, or a segment given up."""
        return self._group is not None or self._job is not None

    @property
    def plugin_id(self) -> str:
        """Who packs."""
        return self._plugin.plugin_id

    @property
    def needs_host(self) -> bool:
        """Whether there is a group to be given to a host, and none of ours is there."""
        return self._group is not None and self._sent is None and not self._hosts

    @property
    def wants_turn(self) -> bool:
        """Whether there may be something to do: what is in hand, or a look that is due."""
        return self.is_busy or self._now_s() >= self._look_at_s

    def step(self, *, memory_free_bytes: int) -> None:
        """Go on by one step, as heavy work may run; returns at once."""
        self._allowed.set()
        if self._job is not None:
            if self._job.done():
                self._collect(self._job)
            return
        if self._group is None:
            if self._now_s() >= self._look_at_s:
                self._job = self._thread.submit(self._find_work)
            return
        if self._sent is None:
            self._give_out(self._group, memory_free_bytes)

    def pause(self) -> None:
        """Heavy work may not run: what goes on in the thread gives way at its next frame."""
        self._allowed.clear()

    def release_hosts(self, cause: str) -> None:
        """Let the hosts go that have nothing to do, when other work wants their places."""
        for stage, host_id in list(self._hosts.items()):
            if self._sent is None or self._group is None or self._group.stage != stage:
                self._pool.stop_host(host_id, cause)
                del self._hosts[stage]

    def handle(self, event: PoolEvent) -> None:
        """Take in what the pool reports; what is not ours is passed over."""
        match event:
            case HostDied():
                self._hosts = {s: h for s, h in self._hosts.items() if h != event.host_id}
            case TaskSucceeded() if event.task_id == self._sent:
                self._take_result(event.record)
            case TaskErrored() if event.task_id == self._sent:
                self._sent = None
                self._fail(f"{event.code}: {event.message}")
            case TaskLost() if event.task_id == self._sent:
                self._sent = None
                if event.blame:
                    self._fail(event.cause)
            case _:
                return

    def facts(self) -> dict[str, Any]:
        """For `kernel status`."""
        return {
            "frames_packed": self.tally.frames,
            "frames_left_out": self.tally.left_out,
            "frames_failed": self.tally.failed,
            "original_bytes": self.tally.original_bytes,
            "packed_bytes": self.tally.packed_bytes,
            "segments_replaced": self.tally.segments,
            "freed_bytes": self.tally.freed_bytes,
            "keep_original_bytes": self._keep_original_bytes,
            "busy": self.is_busy,
            "problem": self.problem,
        }

    def close(self) -> None:
        """Give way and end the thread."""
        self._allowed.clear()
        self._thread.shutdown(wait=True, cancel_futures=True)

    # --- with the hosts ------------------------------------------------------------------

    def _give_out(self, group: Group, memory_free_bytes: int) -> None:
        host = self._host_for(group.stage, memory_free_bytes)
        if host is None:
            return
        inputs = group.inputs()
        name = digest_bytes("\n".join((group.stage, *group.blobs)).encode())
        task = PoolTask(
            task_id=f"t-{name[:32]}",
            attempt=group.attempt,
            stage=group.stage,
            config="{}",
            inputs=tuple(digest for digest, _ in inputs),
            payload=tuple(data for _, data in inputs),
            timeout_s=self._task_timeout_s,
        )
        if self._pool.assign(host, task):
            self._sent = task.task_id
            group.attempt += 1

    def _host_for(self, stage: str, memory_free_bytes: int) -> str | None:
        """A ready host that only ever does this stage; one is started where there is room."""
        states = {status.host_id: status.state for status in self._pool.statuses()}
        host_id = self._hosts.get(stage)
        if host_id is not None:
            return host_id if states.get(host_id) == "ready" else None
        if self._pool.free_slots() < 1 or memory_free_bytes < HOST_BYTES:
            for other, idle in list(self._hosts.items()):
                # With room for one host only the two take turns.
                if states.get(idle) == "ready":
                    self._pool.stop_host(idle, "its place is wanted for the proof")
                    del self._hosts[other]
            return None
        if not self._pool.may_start(self._plugin.plugin_id):
            return None
        try:
            self._hosts[stage] = self._pool.start_host(self._plugin, {})
        except (KernelError, OSError) as error:
            self._rest(str(error))
        return None

    def _take_result(self, record: bytes) -> None:
        group, self._sent = self._group, None
        assert group is not None
        try:
            if group.made is None:
                group.made = decode_bounded(record, RepackedFrames)
                self._check_made(group, group.made)
                return
            proven = decode_bounded(record, ProvenFrames)
        except ContractError as error:
            self._fail(str(error))
            return
        made = group.made
        self._job = self._thread.submit(self._take_over, group, made, proven)

    def _check_made(self, group: Group, made: RepackedFrames) -> None:
        told = [*made.blobs, *(frame.blob for frame in made.left_out)]
        if sorted(told) != sorted(group.blobs):
            self._fail("the pack is about other frames than were given")
        elif not made.blobs:
            self._job = self._thread.submit(self._leave_out, group, made)

    def _fail(self, reason: str) -> None:
        """Try each half of the group; give up a frame that fails alone."""
        group, self._group = self._group, None
        assert group is not None
        self.problem = f"packing failed: {reason}"[:500]
        detail = {"frames": str(len(group.blobs)), "error": reason[:2000]}
        self._audit("packing-failed", group.blobs[0], detail)
        if len(group.blobs) > 1:
            self._job = self._thread.submit(self._split, list(group.blobs))
        else:
            self._job = self._thread.submit(self._give_up, group.blobs[0])

    def _rest(self, problem: str) -> None:
        self.problem = problem[:500]
        self._group = None
        self._look_at_s = self._now_s() + RETRY_INTERVAL_S

    # --- in the thread: each returns what the loop has to do with the outcome ---------------

    def _find_work(self) -> Callable[[], None]:
        # Not only when all is packed: that may be never, and the drive wants its room back.
        first = self._groups_since_reclaim >= RECLAIM_AFTER_GROUPS
        reclaimed = self._reclaim() if first else None
        if reclaimed is None and self._allowed.is_set():
            group = self._next_group()
            if group is not None:
                found = group
                return lambda: self._begin(found)
            reclaimed = None if first else self._reclaim()
        if reclaimed is None and not self._allowed.is_set():
            # It gave way: there may be something to do, another time.
            return lambda: None
        return lambda: self._note_reclaimed(reclaimed)

    def _reclaim(self) -> Reclaimed | None:
        if self._keep_original_bytes:
            return None
        reclaimed = self._store.reclaim(may_go_on=self._allowed.is_set)
        if reclaimed is None and self._allowed.is_set():
            self._groups_since_reclaim = 0
        return reclaimed

    def _next_group(self) -> Group | None:
        if self._halves:
            candidates = self._halves.pop()
        else:
            candidates = self._store.packing_group(
                self._after_id, frames_max=FRAMES_PER_PACK, bytes_max=GROUP_BYTES_MAX
            )
            if not candidates:
                return None
            # What lies before needs no second look.
            self._after_id = max(self._after_id, candidates[0].blob_id - 1)
            if not self._is_due(candidates):
                return None
        group = Group(
            blobs=[candidate.digest.hex() for candidate in candidates],
            bases=self._store.newest_packs(BASES),
        )
        for candidate in candidates:
            blob = candidate.digest.hex()
            try:
                group.frames.append((blob, self._store.read_original(blob)))
            except KernelError:
                # Damaged or out of reach: another time, when it can be read again.
                self._after_id = max(self._after_id, candidate.blob_id)
        group.blobs = [blob for blob, _ in group.frames]
        return group if group.frames else None

    def _is_due(self, candidates: Sequence[PackCandidate]) -> bool:
        """A whole group, or one that has waited long enough for more."""
        size = sum(candidate.length_bytes for candidate in candidates)
        if len(candidates) >= FRAMES_PER_PACK or size * 2 >= GROUP_BYTES_MAX:
            self._partial_since_s = None
            return True
        now_s = self._now_s()
        if self._partial_since_s is None:
            self._partial_since_s = now_s
        if now_s - self._partial_since_s < self._partial_after_s:
            return False
        self._partial_since_s = None
        return True

    def _take_over(
        self, group: Group, made: RepackedFrames, proven: ProvenFrames
    ) -> Callable[[], None]:
        try:
            done = self._store.take_over(made, proven, may_go_on=self._allowed.is_set)
        except KernelError as error:
            if error.code != "pack-refused":
                raise
            reason = str(error)
            return lambda: self._fail(reason)
        if done is None:
            # The person is back: the pack is proved again and taken over when they are gone.
            return lambda: None
        self._store.keep_as_they_are([(frame.blob, frame.code) for frame in made.left_out])
        return lambda: self._note_packed(done, len(made.left_out))

    def _leave_out(self, group: Group, made: RepackedFrames) -> Callable[[], None]:
        self._store.keep_as_they_are([(frame.blob, frame.code) for frame in made.left_out])
        return lambda: self._note_packed(Takeover(0, 0, 0), len(group.blobs))

    def _split(self, blobs: Sequence[str]) -> Callable[[], None]:
        known = {
            candidate.digest.hex(): candidate
            for candidate in self._store.packing_group(
                self._after_id, frames_max=FRAMES_PER_PACK, bytes_max=GROUP_BYTES_MAX
            )
        }
        left = [known[blob] for blob in blobs if blob in known]
        middle = (len(left) + 1) // 2
        halves = [half for half in (left[middle:], left[:middle]) if half]
        return lambda: self._halves.extend(halves)

    def _give_up(self, blob: str) -> Callable[[], None]:
        self._store.keep_as_they_are([(blob, FAILED)])

        def note() -> None:
            self.tally.failed += 1

        return note

    # --- outcomes, in the loop -----------------------------------------------------------

    def _collect(self, job: Future[Callable[[], None]]) -> None:
        self._job = None
        try:
            outcome = job.result()
        except (KernelError, apsw.Error, OSError) as error:
            # The drive or the libraries refuse: the frames are as they were, look again later.
            self._rest(f"packing rests: {error}")
            return
        outcome()

    def _begin(self, group: Group) -> None:
        self._group = group
        self._groups_since_reclaim += 1

    def _note_packed(self, done: Takeover, left_out: int) -> None:
        self._group = None
        self.problem = ""
        self.tally.frames += done.frames
        self.tally.left_out += left_out
        self.tally.original_bytes += done.original_bytes if done.frames else 0
        self.tally.packed_bytes += done.packed_bytes if done.frames else 0

    def _note_reclaimed(self, reclaimed: Reclaimed | None) -> None:
        if reclaimed is None:
            self._look_at_s = self._now_s() + LOOK_INTERVAL_S
            self.release_hosts("nothing to pack")
            return
        self.tally.segments += 1
        self.tally.freed_bytes += reclaimed.freed_bytes
