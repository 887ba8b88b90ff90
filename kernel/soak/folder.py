"""The run folder: the files that a soak leaves, appended line by line, bounded.

Covers: names, appending, rotation of the metrics and their thinning within the size budget.
Does not cover: what the lines say (docs/soak.md), reading them back for the verdict.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.config.approvals import write_atomically

METRICS_FILE_BYTES_MAX = 8 << 20
METRICS_SHARE = 0.25
"""Of the size budget; the other files grow with the day alone."""


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


@dataclass
class RunFolder:
    """One run's folder; its methods may be called from any thread."""

    root: Path
    budget_bytes: int = 512 << 20
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def data_dir(self) -> Path:
        """The kernel's data dir."""
        return self.root / "data"

    @property
    def plan_file(self) -> Path:
        """What was intended, written first."""
        return self.root / "plan.json"

    @property
    def produced_file(self) -> Path:
        """Every frame that the driver made."""
        return self.root / "produced.jsonl"

    @property
    def in_hand_file(self) -> Path:
        """Names the frame that the driver is just handing over; empty at all other times."""
        return self.root / "in-hand"

    @property
    def kernel_log(self) -> Path:
        """What the kernels said on stderr."""
        return self.root / "kernel.log"

    def write(self, name: str, document: Any) -> None:  # noqa: ANN401 - JSON
        """Replace one JSON document durably."""
        write_atomically(self.root / name, json.dumps(document, indent=1).encode() + b"\n")

    def amend_plan(self, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Replace facts in plan.json."""
        self.write("plan.json", json.loads(self.plan_file.read_bytes()) | facts)

    def event(self, kind: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Append one line to the events."""
        self._append(self.root / "events.jsonl", {"at_us": now_us(), "kind": kind, **facts})

    def faults_begun(self) -> list[str]:
        """Names of the faults that an earlier part of the run put in; a torn line tells none."""
        path = self.root / "events.jsonl"
        lines = path.read_bytes().splitlines() if path.exists() else []
        found = []
        for line in lines:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if event["kind"] == "fault":
                    found.append(str(event["name"]))
        return found

    def check(self, facts: dict[str, Any]) -> None:
        """Append one self-check."""
        self._append(self.root / "checks.jsonl", facts)

    def produced(self, facts: dict[str, Any]) -> None:
        """Append one frame."""
        self._append(self.produced_file, facts)

    def take_in_hand(self, frame_id: str) -> None:
        """This frame is about to be handed over."""
        self.in_hand_file.write_text(frame_id, encoding="utf-8")

    def let_go(self) -> None:
        """It lies whole in the inbox."""
        self.in_hand_file.write_text("", encoding="utf-8")

    def read_in_hand(self) -> str | None:
        """The frame that was in the driver's hand when it was cut off."""
        try:
            return self.in_hand_file.read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None

    def mend_tails(self) -> None:
        """End last lines that a cut tore, so that what is appended stands in lines of its own."""
        for path in self.root.glob("*.jsonl"):
            with path.open("rb+") as file:
                if file.seek(0, os.SEEK_END) == 0:
                    continue
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def metric(self, facts: dict[str, Any]) -> None:
        """Append one sample; begins a new file when the last one is full."""
        files = self.metrics_files()
        path = files[-1] if files else self._metrics_file(1)
        if path.exists() and path.stat().st_size >= METRICS_FILE_BYTES_MAX:
            path = self._metrics_file(int(path.stem.rpartition("-")[2]) + 1)
            self._thin()
        self._append(path, facts)

    def metrics_files(self) -> list[Path]:
        """All files of samples, the oldest first."""
        return sorted(self.root.glob("metrics-*.jsonl"))

    def _metrics_file(self, number: int) -> Path:
        return self.root / f"metrics-{number:04d}.jsonl"

    def _thin(self) -> None:
        """Leave every second line out of the largest old file until all fit."""
        files = self.metrics_files()
        while files and sum(f.stat().st_size for f in files) > METRICS_SHARE * self.budget_bytes:
            largest = max(files, key=lambda file: file.stat().st_size)
            lines = largest.read_bytes().splitlines(keepends=True)
            write_atomically(largest, b"".join(lines[::2]))
            if len(lines) < 2:  # noqa: PLR2004 - nothing is left to halve
                return

    def _append(self, path: Path, facts: dict[str, Any]) -> None:
        line = json.dumps(facts, separators=(",", ":")).encode() + b"\n"
        with self._lock, path.open("ab") as file:
            file.write(line)
