"""Any sequence of appends, restarts, crashes and reads agrees with a plain model."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import blake3
import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.capture import CaptureEvent
from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.pack import segment_path
from kernel.store.verify import verify
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.conftest import SHARED_MEMORY

PAYLOADS = st.sampled_from([b"a", b"b", b"c" * 3000, b"d" * 9000]) | st.binary(
    min_size=1, max_size=64
)
TIMES = st.integers(START_US - 10, START_US + 10)
BATCHES = st.lists(st.tuples(PAYLOADS, TIMES), min_size=1, max_size=5)


class EvidenceMachine(RuleBasedStateMachine):
    """The model: a list of events, and the bytes by digest."""

    @initialize()
    def begin(self) -> None:
        base = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        self.root = Path(tempfile.mkdtemp(dir=base))
        self.data_dir = DataDir(self.root / "data")
        self.events: list[CaptureEvent] = []
        self.blobs: dict[str, bytes] = {}
        self.open()

    def open(self) -> None:
        self.store = EvidenceStore.open(self.data_dir, segment_bytes_max=10_000)

    @rule(batch=BATCHES)
    def append(self, batch: list[tuple[bytes, int]]) -> None:
        acks = self.store.append([draft(data, at_us=at) for data, at in batch])
        for (data, at), ack in zip(batch, acks, strict=True):
            digest = blake3.blake3(data).hexdigest()
            assert ack.status == ("duplicate-pixels" if digest in self.blobs else "stored")
            assert (ack.event.blob, ack.event.captured_at_us) == (digest, at)
            assert ack.event.seq == len(self.events) + 1
            self.events.append(ack.event)
            self.blobs[digest] = data

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.open()

    @rule(junk=st.binary(min_size=1, max_size=300))
    def crash_with_a_torn_tail(self, junk: bytes) -> None:
        self.store.close()
        numbers = sorted(self.data_dir.packs_dir.iterdir())
        if numbers:
            with numbers[-1].open("ab") as file:
                file.write(junk)
        self.open()

    @rule(cut=st.integers(0, 27))
    def crash_while_a_segment_was_made(self, cut: int) -> None:
        self.store.close()
        number = len(list(self.data_dir.packs_dir.iterdir())) + 1
        segment_path(self.data_dir.packs_dir, number).write_bytes(bytes(cut))
        self.open()

    @rule(start=TIMES, end=TIMES)
    def ask_for_a_time_span(self, start: int, end: int) -> None:
        found = self.store.events_between(start, end, limit_rows=1000)
        expected = [event for event in self.events if start <= event.captured_at_us < end]
        assert found == sorted(expected, key=lambda event: (event.captured_at_us, event.seq))

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def ask_for_one_event(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.events))
        assert self.store.find_event(event.event_id) == event
        same = [other for other in self.events if other.blob == event.blob]
        assert self.store.events_of_blob(event.blob) == same
        assert self.store.read_blob(event.blob) == self.blobs[event.blob]

    @rule()
    def verify_beside_the_writer(self) -> None:
        report = verify(self.data_dir, quick=False)
        assert report.ok, report.findings
        assert (report.events, report.blobs) == (len(self.events), len(self.blobs))

    @invariant()
    def counts_agree(self) -> None:
        if hasattr(self, "store"):
            assert self.store.count_events() == len(self.events)
            assert self.store.events_after(0, limit_rows=1000) == self.events[:1000]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            report = verify(self.data_dir, quick=False)
            assert report.ok, report.findings
            shutil.rmtree(self.root)


TestEvidenceAgreesWithTheModel = EvidenceMachine.TestCase
TestEvidenceAgreesWithTheModel.settings = settings(
    settings.default, stateful_step_count=25, deadline=None
)
