"""What the driver has made so far: frames, the facts on them, and which were taken over.

Covers: one thread-safe memory, filled by the driver or from an earlier part of the same soak.
Does not cover: whether they are stored and found (`kernel.soak.reconcile`, `kernel.soak.checker`).
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.canonical import digest_bytes
from kernel.soak.facts import Fact
from kernel.soak.screens import Box

ACKS_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class Planted:
    """A fact and the first frame that shows it."""

    fact: Fact
    at_us: int
    frame_id: str


@dataclass
class Book:
    """Frames by id and facts by id, in the order of their making."""

    seen_at_us: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Planted] = field(default_factory=dict)
    _boxes: dict[str, dict[str, Box]] = field(default_factory=dict)
    _same_as: dict[str, str] = field(default_factory=dict)
    _pending: dict[str, float] = field(default_factory=dict)
    _acks_ms: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        frame_id: str,
        at_us: int,
        digest: str,
        facts: dict[str, tuple[Fact, Box]],
        *,
        same_as: str | None = None,
    ) -> None:
        """A frame was made; ``same_as`` names the one with the same bytes, whose facts it shows.

        ``digest`` is the one that evidence is addressed by (`contracts.canonical.digest_bytes`).
        """
        with self._lock:
            self.seen_at_us[frame_id] = at_us
            self.digests[frame_id] = digest
            if same_as is not None:
                self._same_as[frame_id] = self._same_as.get(same_as, same_as)
                return
            self._boxes[frame_id] = {fact_id: box for fact_id, (_, box) in facts.items()}
            for fact_id, (fact, _) in facts.items():
                self.facts.setdefault(fact_id, Planted(fact, at_us, frame_id))

    def withdraw(self, frame_id: str) -> None:
        """A frame was made and never handed over: forget it, and what only it showed."""
        with self._lock:
            for by_frame in (self.seen_at_us, self.digests, self._boxes, self._same_as):
                by_frame.pop(frame_id, None)
            self.facts = {
                fact_id: item for fact_id, item in self.facts.items() if item.frame_id != frame_id
            }

    def box_of(self, frame_id: str, fact_id: str) -> Box | None:
        """Where the frame shows the fact; None when it does not."""
        with self._lock:
            return self._boxes.get(self._same_as.get(frame_id, frame_id), {}).get(fact_id)

    def facts_on(self, frame_id: str) -> tuple[str, ...]:
        """The facts that the frame shows."""
        with self._lock:
            return tuple(self._boxes.get(self._same_as.get(frame_id, frame_id), ()))

    def planted(self) -> list[Planted]:
        """All facts so far, the oldest first."""
        with self._lock:
            return list(self.facts.values())

    def count(self) -> int:
        """How many frames were made."""
        return len(self.seen_at_us)

    # --- who has been taken over ---------------------------------------------------------------

    def handed_over(self, frame_id: str) -> None:
        """The frame lies whole in the inbox since this moment."""
        with self._lock:
            self._pending[frame_id] = time.monotonic()

    def note_inbox(self, present: set[str]) -> None:
        """What lies in the inbox now; frames that left it were acknowledged."""
        now_s = time.monotonic()
        with self._lock:
            gone = [frame_id for frame_id in self._pending if frame_id not in present]
            for frame_id in gone:
                self._acks_ms.append(1000 * (now_s - self._pending.pop(frame_id)))
            del self._acks_ms[:-ACKS_KEPT]

    def pending(self) -> int:
        """How many frames still lie in the inbox."""
        return len(self._pending)

    def pending_ids(self) -> list[str]:
        """The frames that still lie in the inbox."""
        with self._lock:
            return list(self._pending)

    def acknowledged(self) -> int:
        """Frames that left the inbox."""
        with self._lock:
            return len(self.seen_at_us) - len(self._pending)

    def take_acks_ms(self) -> list[float]:
        """How long each took that was acknowledged since this was asked last, sorted."""
        with self._lock:
            taken, self._acks_ms = sorted(self._acks_ms), []
        return taken


def describe_frame(
    frame_id: str, at_us: int, monitor: int, data: bytes, facts: dict[str, tuple[Fact, Box]]
) -> dict[str, Any]:
    """The frame's line in produced.jsonl; ``blob`` is the digest that evidence is addressed by."""
    return {
        "frame_id": frame_id,
        "at_us": at_us,
        "monitor": monitor,
        "sha256": hashlib.sha256(data).hexdigest(),
        "blob": digest_bytes(data),
        "facts": [
            {
                "fact_id": fact_id,
                "window": fact.window,
                "line": fact.line,
                "question": fact.question,
                "answer": fact.answer,
                "box": list(box),
            }
            for fact_id, (fact, box) in facts.items()
        ],
    }


def read_book(produced_file: Path) -> Book:
    """The book of an earlier part of the same soak; lines that a cut tore are passed over."""
    book = Book()
    if not produced_file.exists():
        return book
    with produced_file.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                frame = json.loads(line)
            except ValueError:
                continue
            if frame.get("in_hand"):
                book.withdraw(frame["frame_id"])
                continue
            facts = {
                fact["fact_id"]: (
                    Fact(
                        fact["fact_id"],
                        fact["window"],
                        fact["line"],
                        fact["question"],
                        fact["answer"],
                    ),
                    _box(fact["box"]),
                )
                for fact in frame["facts"]
            }
            book.add(
                frame["frame_id"],
                frame["at_us"],
                frame["blob"],
                facts,
                same_as=frame.get("same_as"),
            )
    return book


def _box(values: list[int]) -> Box:
    x, y, width, height = values
    return x, y, width, height
