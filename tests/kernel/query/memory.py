"""A data dir with the fixture pages in it, captured and read, for tests of the query."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from contracts.answer import Answer
from contracts.base import Box
from contracts.derivation import DerivationKey, StageTiming
from contracts.text import TextPage
from kernel.config.paths import DataDir
from kernel.query.answering import Limits, ask
from kernel.store.derived import DerivedStore
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore

FIXTURES = Path(__file__).parents[2] / "fixtures"
LOCKS = ("1" * 64, "2" * 64)
START_US = 1_760_000_000_000_000
HOUR_US = 3_600_000_000
TIMING = StageTiming(
    queue_wait_us=0, load_us=0, run_us=1, input_bytes=1, memory_peak_bytes=1, finished_at_us=1
)


@functools.cache
def page_names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (FIXTURES / "pages_text").glob("*.json")))


@functools.cache
def text_page(name: str) -> TextPage:
    return msgspec.json.decode(
        (FIXTURES / "pages_text" / f"{name}.json").read_bytes(), type=TextPage
    )


@functools.cache
def questions(file: str) -> tuple[dict[str, Any], ...]:
    path = FIXTURES / file
    return tuple(json.loads(path.read_bytes())["questions"])


@functools.cache
def truth(name: str) -> tuple[tuple[str, Box], ...]:
    """The words that are really on a page, with their boxes."""
    words = json.loads((FIXTURES / "pages" / f"{name}.json").read_bytes())["words"]
    return tuple((word["text"], tuple(word["box"])) for word in words)


def key_of(page: TextPage, *, version: str = "1.0.0") -> DerivationKey:
    return DerivationKey(
        input_digest=page.blob,
        stage="text",
        plugin_id="ocr_rapidocr",
        plugin_version=version,
        config_digest="0" * 64,
    )


def draft(data: bytes, name: str, *, at_us: int) -> CaptureDraft:
    return CaptureDraft(
        captured_at_us=at_us,
        tz_name="Europe/Dublin",
        tz_offset_s=3600,
        monotonic_ns=at_us * 1000,
        source="test",
        source_path=f"/pictures/{name}.png",
        monitor=0,
        app=None,
        window_title=None,
        cursor=None,
        media_type="image/png",
        data=data,
    )


@dataclass
class Memory:
    """Evidence and derived records of one data dir."""

    data_dir: DataDir
    evidence: EvidenceStore
    derived: DerivedStore
    clock_us: int = START_US

    @classmethod
    def open(cls, root: Path) -> Memory:
        data_dir = DataDir(root)
        return cls(data_dir, EvidenceStore.open(data_dir), DerivedStore.open(data_dir))

    def capture(self, data: bytes, name: str) -> str:
        """One more event, an hour after the last; its id."""
        self.clock_us += HOUR_US
        return self.evidence.append([draft(data, name, at_us=self.clock_us)])[0].event.event_id

    def commit(self, page: TextPage) -> None:
        self.derived.commit_page(key_of(page), page, TIMING)

    def take_in(self, name: str) -> str:
        """Capture a fixture page and commit what the default engine read of it."""
        event_id = self.capture((FIXTURES / "pages" / f"{name}.png").read_bytes(), name)
        self.commit(text_page(name))
        return event_id

    def ask(self, question: str, limits: Limits | None = None) -> Answer:
        return ask(self.evidence, self.derived, question, locks=LOCKS, limits=limits)

    def close(self) -> None:
        self.derived.close()
        self.evidence.close()


def covers(box: Box, word: Box) -> float:
    """Share of the word's area inside the box."""
    width = min(box[2], word[2]) - max(box[0], word[0])
    height = min(box[3], word[3]) - max(box[1], word[1])
    area = (word[2] - word[0]) * (word[3] - word[1])
    return max(0.0, width) * max(0.0, height) / area


def cites(answer: Answer, page: str, evidence: list[str]) -> bool:
    """Whether one citation's box on the page covers all the evidence words."""
    blob = text_page(page).blob
    for claim in answer.claims:
        for citation in claim.citations:
            covered = {text for text, box in truth(page) if covers(citation.box, box) >= 0.7}
            if citation.blob == blob and set(evidence) <= covered:
                return True
    return False


def shown(answer: Answer) -> str:
    """The answer's text and the texts of its claims."""
    return "\n".join([answer.answer, *(claim.text for claim in answer.claims)])
