"""An inbox in a temporary folder, with a real store and clocks that only move when told."""

from __future__ import annotations

import io
import json
import os
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from contracts.capture import CaptureEvent
from contracts.ledger import LedgerEntry
from kernel.capture.inbox import Inbox
from kernel.capture.inboxfate import InboxRules
from kernel.capture.inboxreport import InboxReport
from kernel.capture.sink import StoreSink, Submitted
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore

NOW_US = 1_800_000_000_000_000  # 2027-01-15T08:00:00Z
DAY = "2027-01-15"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


class SteppedClock:
    """Both clocks of the inbox; `step` moves them together."""

    def __init__(self) -> None:
        self.now_us = NOW_US
        self.now_s = 1000.0

    def utc_us(self) -> int:
        return self.now_us

    def monotonic_s(self) -> float:
        return self.now_s

    def step(self, seconds: float) -> None:
        self.now_us += int(seconds * 1_000_000)
        self.now_s += seconds


class FaultySink:
    """The real store, but for what a test switches off."""

    def __init__(self, store: EvidenceStore) -> None:
        self._inner = StoreSink(store)
        self.takes = True
        self.records = True
        self.reads_back = True

    def submit(self, drafts: Sequence[CaptureDraft]) -> list[Submitted]:
        if not self.takes:
            return [KernelError("disk-full", "no space left")] * len(drafts)
        return self._inner.submit(drafts)

    def record(self, act: str, subject: str, detail: Mapping[str, str]) -> None:
        if not self.records:
            raise KernelError("disk-full", "no space left")
        self._inner.record(act, subject, detail)

    def gives_back(self, digest: str, data: bytes) -> bool:
        return self._inner.gives_back(digest, data) and self.reads_back

    def find_captures(self, blob: str, captured_at_us: int) -> Sequence[CaptureEvent]:
        return self._inner.find_captures(blob, captured_at_us)


class InboxRig:
    """One inbox and what a test wants to know of it."""

    def __init__(self, root: Path, rules: InboxRules | None = None) -> None:
        self.data_dir = DataDir(root / "data")
        self.folder = root / "inbox"
        self.folder.mkdir(parents=True)
        self.rules = rules or InboxRules(settle_s=2, patience_s=10)
        self.clock = SteppedClock()
        self.store = EvidenceStore.open(self.data_dir)
        self.sink = FaultySink(self.store)
        self.start()

    def start(self) -> None:
        """A new process: nothing is remembered but what is on disk."""
        self.inbox = Inbox(
            self.folder,
            self.data_dir.quarantine_dir,
            rules=self.rules,
            clock=self.clock,
            local_zone=BERLIN,
        )

    def drop(self, name: str, data: bytes, *, age_s: float = 1.0) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        mtime_ns = (self.clock.now_us - int(age_s * 1_000_000)) * 1000
        os.utime(path, ns=(mtime_ns, mtime_ns))
        return path

    def drop_json(self, name: str, document: object) -> Path:
        return self.drop(name, json.dumps(document).encode())

    def poll(self) -> InboxReport:
        return self.inbox.poll(self.sink)

    def settle(self, seconds: float = 2.0) -> InboxReport:
        """A look now and one later, as two polls see them; the report has both."""
        first = self.poll()
        self.clock.step(seconds)
        second = self.poll()
        second.happenings[:0] = first.happenings
        return second

    def events(self) -> list[CaptureEvent]:
        return self.store.events_after(0, limit_rows=10_000)

    def acts(self) -> list[tuple[str, str, str]]:
        """Act, name and code of every ledger entry of the inbox."""
        return [
            (entry.act, Path(entry.subject).name, entry.detail.get("code", ""))
            for entry in self.entries()
        ]

    def entries(self) -> list[LedgerEntry]:
        return [e for e in self.store.ledger.entries(limit_rows=10_000) if "inbox" in e.act]

    def in_folder(self) -> list[str]:
        return names(self.folder)

    def done(self) -> list[str]:
        return names(self.folder / "done" / DAY)

    def quarantined(self) -> list[str]:
        return names(self.data_dir.quarantine_dir / "inbox" / DAY)


def names(folder: Path) -> list[str]:
    """The names of the files in the folder, if there is one."""
    return sorted(p.name for p in folder.iterdir() if p.is_file()) if folder.exists() else []


def make_png(shade: int = 0, width: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, 8), shade).save(buffer, "PNG")
    return buffer.getvalue()
