"""A data dir of a few days in which lines come and go, for tests of time in answers."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contracts import canonical
from contracts.answer import Answer
from contracts.capture import CaptureEvent
from contracts.text import TextPage
from kernel.config.paths import DataDir
from kernel.query.answering import Limits, Request, ask
from kernel.query.citing import Citer
from kernel.query.deadline import Deadline
from kernel.query.plan import Reading, make_plan
from kernel.query.scope import Scope
from kernel.query.searching import SearchLimits
from kernel.query.sources import Sources
from kernel.query.timeline import StoredTimeline
from kernel.store.derived import DerivedStore
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore
from tests.kernel.query.drawn import Canvas
from tests.kernel.query.memory import LOCKS, TIMING, key_of

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW = dt.datetime(2025, 11, 26, 14, 30, tzinfo=BERLIN)


def us(moment: dt.datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def at(text: str) -> int:
    """Microseconds of a local time like ``25 09:30:00`` in November 2025."""
    day, clock = text.split()
    hour, minute, second = (int(part) for part in clock.split(":"))
    return us(dt.datetime(2025, 11, int(day), hour, minute, second, tzinfo=BERLIN))


@dataclass
class Desk:
    """Evidence and text, filled frame by frame."""

    data_dir: DataDir
    evidence: EvidenceStore
    derived: DerivedStore
    events: list[CaptureEvent] = field(default_factory=list)

    @classmethod
    def open(cls, root: Path) -> Desk:
        data_dir = DataDir(root)
        return cls(
            data_dir,
            EvidenceStore.open(data_dir, now_us=lambda: us(NOW)),
            DerivedStore.open(data_dir),
        )

    def shoot(
        self,
        when: str,
        lines: Sequence[str],
        *,
        app: str | None = "Terminal",
        title: str | None = None,
        monitor: int = 0,
        read: bool = True,
    ) -> CaptureEvent:
        """One capture that shows these lines under each other; read unless told otherwise."""
        canvas = Canvas()
        for number, line in enumerate(lines):
            if line:
                canvas.text(100, 100 + 30 * number, line)
        return self.show(when, canvas.page(), app=app, title=title, monitor=monitor, read=read)

    def show(
        self,
        when: str,
        page: TextPage,
        *,
        app: str | None = "Terminal",
        title: str | None = None,
        monitor: int = 0,
        read: bool = True,
    ) -> CaptureEvent:
        """One capture of a page."""
        data = canonical.encode(page)
        draft = CaptureDraft(
            captured_at_us=at(when),
            tz_name="Europe/Berlin",
            tz_offset_s=3600,
            monotonic_ns=at(when) * 1000,
            source="test",
            monitor=monitor,
            app=app,
            window_title=title,
            media_type="image/png",
            data=data,
        )
        event = self.evidence.append([draft])[0].event
        self.events.append(event)
        if read:
            stored = TextPage(
                blob=event.blob,
                width_px=page.width_px,
                height_px=page.height_px,
                engine=page.engine,
                engine_version=page.engine_version,
                lines=page.lines,
            )
            if not self.derived.commit_page(key_of(stored), stored, TIMING, [event]):
                self.derived.place_events([event])
        return event

    def ask(
        self,
        text: str,
        *,
        scope: Scope | None = None,
        limits: Limits | None = None,
        order: str = "relevance",
    ) -> Answer:
        request = Request(text, us(NOW), BERLIN, scope or Scope(), order)  # type: ignore[arg-type]
        return ask(
            self.evidence,
            self.derived,
            request,
            locks=LOCKS,
            limits=limits,
            timeline=StoredTimeline(self.derived.intervals),
        )

    def sources(self, *, time_limit_s: float = 60.0, claims_max: int = 5) -> Sources:
        return Sources(
            evidence=self.evidence,
            derived=self.derived,
            timeline=StoredTimeline(self.derived.intervals),
            citer=Citer(self.evidence, self.derived, LOCKS),
            zone=BERLIN,
            deadline=Deadline(time_limit_s, lambda: 0.0),
            search=SearchLimits(),
            claims_max=claims_max,
        )

    def reading(self, text: str) -> Reading:
        timeline = StoredTimeline(self.derived.intervals)
        plan = make_plan(
            text, Scope(), now_us=us(NOW), zone=BERLIN, places=timeline.windows(Scope())
        )
        return plan.readings[-1]

    def close(self) -> None:
        self.derived.close()
        self.evidence.close()
