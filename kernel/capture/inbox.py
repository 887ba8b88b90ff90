"""The inbox folder: files that a capture program drops become evidence, then lie in ``done``.

A file is moved only after its evidence is durable and was read back; what cannot be taken is
moved to quarantine with a reason; nothing is ever removed. Covers: one poll, from listing to
storing. Does not cover: decisions (`kernel.capture.inboxfate`), ledger and moves
(`kernel.capture.inboxacts`), waiting between polls (`kernel.capture.folderwatch`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from contracts.capture import CaptureEvent
from kernel.capture.inboxacts import InboxActs, InboxClock, Poll, SystemClock
from kernel.capture.inboxeyes import InboxEyes, Seen
from kernel.capture.inboxfate import InboxOutcome, InboxRules, Refuse, Take, Wait
from kernel.capture.inboxlisting import Listing, Pair
from kernel.capture.inboxreport import InboxReport
from kernel.capture.ingest import BATCH_BYTES_MAX, BATCH_FILES_MAX, describe_path
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.sidecar import Sidecar
from kernel.capture.sink import InboxSink, find_stored
from kernel.capture.timestamps import (
    ClockVerdict,
    SourceClock,
    judge_clock,
    place_utc,
    read_local_zone,
    refuse_future,
)
from kernel.config.errors import KernelError
from kernel.store.draft import CaptureDraft, check_draft

_SOURCES_MAX = 1024
_CLOCK_OUTCOMES = {
    ClockVerdict.AHEAD: InboxOutcome.CLOCK_AHEAD,
    ClockVerdict.BACKWARD: InboxOutcome.CLOCK_BACKWARD,
}


@dataclass(frozen=True, slots=True)
class _Ready:
    """A pair that is to be stored."""

    pair: Pair
    draft: CaptureDraft
    take: Take


class Inbox:
    """One inbox folder. `poll` belongs to one thread; it keeps what it saw between calls.

    ``quarantine_dir`` receives what is refused when it lies on the inbox's file system, else
    the folder ``refused`` in the inbox does.
    """

    def __init__(
        self,
        folder: Path,
        quarantine_dir: Path,
        *,
        rules: InboxRules | None = None,
        clock: InboxClock | None = None,
        local_zone: dt.tzinfo | None = None,
    ) -> None:
        self._folder = folder.absolute()
        self._rules = rules or InboxRules()
        self._clock = clock or SystemClock()
        self._local_zone = local_zone or read_local_zone()
        self._eyes = InboxEyes(self._folder, self._rules, self._local_zone)
        self._acts = InboxActs(self._folder, quarantine_dir, self._rules, self._clock)
        self._source_clocks: dict[tuple[str, int], SourceClock] = {}
        self._deferred_until_s = 0.0
        self._deferred_because = ""

    def poll(self, sink: InboxSink) -> InboxReport:
        """One look at the folder: take what is ready, refuse what is final, leave the rest.

        Work is bounded by the rules' limits per poll; ``more`` in the report says that it is
        worth calling again at once. Raises nothing for what it finds in the folder.
        """
        report = InboxReport()
        now_s = self._clock.monotonic_s()
        if now_s < self._deferred_until_s:
            report.problem = self._deferred_because
            return report
        try:
            listing = self._eyes.list_names()
        except OSError as error:
            report.problem = f"{self._folder} cannot be listed: {error.strerror or error}"
            return report
        self._acts.forget_all_but(listing.names())
        poll = Poll(sink, report)
        try:
            unseen = self._poll_pairs(listing, poll, now_s)
            self._poll_others(listing, poll, now_s)
        except KernelError as error:
            # The ledger is not writable: nothing may be moved that is not on record.
            self._defer(report, "", error)
        else:
            # Where nothing happened the limit was spent on files that wait: no hurry.
            report.more = unseen and bool(report.happenings)
        return report

    def _poll_pairs(self, listing: Listing, poll: Poll, now_s: float) -> bool:
        """Whether pairs were left for the next poll."""
        pairs = [pair for pair in listing.pairs if not self._acts.is_held(pair.image, now_s)]
        chosen = self._eyes.turn(pairs)
        poll.report.waiting += len(listing.pairs) - len(pairs)
        unseen = len(chosen) < len(pairs)
        ready: list[_Ready] = []
        ready_bytes = read_bytes = 0
        for seen in self._eyes.examine(chosen, now_s):
            prepared = self._prepare(seen, poll)
            if prepared is not None:
                ready.append(prepared)
                ready_bytes += len(prepared.draft.data)
            read_bytes += len(seen.read.data)
            if len(ready) >= BATCH_FILES_MAX or ready_bytes >= BATCH_BYTES_MAX:
                self._store(ready, poll)
                ready, ready_bytes = [], 0
            if read_bytes >= self._rules.bytes_per_poll_max:
                unseen = True
                break
        self._store(ready, poll)
        return unseen

    def _prepare(self, seen: Seen, poll: Poll) -> _Ready | None:
        judgement = seen.judgement
        match judgement:
            case Wait():
                poll.report.waiting += 1
                return None
            case Refuse():
                self._refuse(seen.pair, judgement.refusal, poll)
                return None
            case Take():
                drafted = self._draft(seen, judgement)
            case _:
                assert_never(judgement)
        if isinstance(drafted, Refusal):
            self._refuse(seen.pair, drafted, poll)
            return None
        return drafted

    def _draft(self, seen: Seen, take: Take) -> _Ready | Refusal:
        draft = self._draft_with(seen, take.sidecar)
        if isinstance(draft, Refusal):
            return draft
        try:
            check_draft(draft)
        except KernelError as error:
            if take.sidecar == Sidecar():
                return Refusal(RefusalCode.BAD_DETAIL, error.message)
            # What the sidecar says fits no event, though each field looked well.
            fault = (InboxOutcome.SIDECAR_MALFORMED, error.message)
            return self._draft(seen, Take(Sidecar(), fault))
        now_us = self._clock.utc_us()
        claimed = SourceClock(draft.captured_at_us)
        if judge_clock(claimed, now_us, None, self._rules.clock_rules) is ClockVerdict.FUTURE:
            return refuse_future(draft.captured_at_us, now_us)
        return _Ready(seen.pair, draft, take)

    def _draft_with(self, seen: Seen, sidecar: Sidecar) -> CaptureDraft | Refusal:
        captured = sidecar.captured_at or place_utc(seen.read.mtime_us, self._local_zone)
        if isinstance(captured, Refusal):
            return captured
        assert seen.facts is not None
        return CaptureDraft(
            captured_at_us=captured.utc_us,
            tz_name=captured.tz_name,
            tz_offset_s=captured.tz_offset_s,
            monotonic_ns=sidecar.monotonic_ns,
            source=sidecar.source,
            source_path=describe_path(self._folder / seen.pair.image),
            monitor=sidecar.monitor,
            app=sidecar.app,
            window_title=sidecar.window_title,
            cursor=sidecar.cursor,
            media_type=seen.facts.media_type,
            data=seen.read.data,
        )

    def _store(self, ready: Iterable[_Ready], poll: Poll) -> None:
        new = []
        for item in ready:
            # After a crash between the commit and the move, the file is met again.
            event = find_stored(item.draft, poll.sink)
            if event is None:
                new.append(item)
            else:
                self._finish(item, event, poll, was_stored=True)
        answers = poll.sink.submit([item.draft for item in new]) if new else []
        for item, answer in zip(new, answers, strict=True):
            if isinstance(answer, KernelError):
                self._defer(poll.report, item.pair.image, answer)
            else:
                self._finish(item, answer.event, poll, was_stored=False)

    def _finish(
        self,
        item: _Ready,
        event: CaptureEvent,
        poll: Poll,
        *,
        was_stored: bool,
    ) -> None:
        if not self._acts.check_read_back(item.pair.image, event, item.draft.data, poll):
            return
        if not was_stored:
            self._judge_clock(item, event, poll)
        files = [item.pair.image]
        if item.pair.sidecar and item.take.fault is None:
            files.append(item.pair.sidecar)
        if not self._acts.file_away(files, event, poll, was_stored=was_stored):
            return
        for name in files:
            self._eyes.forget(name)
        if item.pair.sidecar and item.take.fault is not None:
            outcome, reason = item.take.fault
            self._acts.put_aside([item.pair.sidecar], outcome, poll, reason=reason)
            self._eyes.forget(item.pair.sidecar)

    def _judge_clock(self, item: _Ready, event: CaptureEvent, poll: Poll) -> None:
        source = (event.source, event.monitor)
        claimed = SourceClock(event.captured_at_us, event.monotonic_ns)
        previous = self._source_clocks.pop(source, None)
        verdict = judge_clock(claimed, self._clock.utc_us(), previous, self._rules.clock_rules)
        self._source_clocks[source] = claimed
        if len(self._source_clocks) > _SOURCES_MAX:
            self._source_clocks.pop(next(iter(self._source_clocks)))
        if verdict in _CLOCK_OUTCOMES:
            reason = f"captured_at_us {claimed.utc_us}"
            if previous is not None:
                reason += f", of the capture before {previous.utc_us}"
            self._acts.note(
                item.pair.image, _CLOCK_OUTCOMES[verdict], poll, reason=reason, event=event
            )

    def _refuse(self, pair: Pair, refusal: Refusal, poll: Poll) -> None:
        files = [pair.image] if pair.sidecar is None or pair.shared else [pair.image, pair.sidecar]
        self._acts.put_aside(files, InboxOutcome.REFUSED, poll, refusal=refusal)
        for name in files:
            self._eyes.forget(name)

    def _poll_others(self, listing: Listing, poll: Poll, now_s: float) -> None:
        for name, kind in listing.strangers:
            reason = f"a {kind} is neither read nor moved; only files in the inbox itself are taken"
            self._acts.note(name, InboxOutcome.LEFT_IN_PLACE, poll, reason=reason)
        waiting = (
            (
                listing.lone_sidecars,
                self._rules.patience_s,
                InboxOutcome.SIDECAR_ORPHANED,
                "no image came to this sidecar",
            ),
            (
                listing.temporaries,
                self._rules.temporary_patience_s,
                InboxOutcome.TEMPORARY_ABANDONED,
                "nobody finished this file and gave it its name",
            ),
        )
        for names, patience_s, outcome, reason in waiting:
            free = [name for name in names if not self._acts.is_held(name, now_s)]
            for name in free[: self._rules.files_per_poll_max]:
                quiet_s = self._eyes.quiet_s(name, now_s)
                if quiet_s is not None and quiet_s >= patience_s:
                    self._acts.put_aside([name], outcome, poll, reason=reason)
                    self._eyes.forget(name)
                else:
                    poll.report.waiting += 1

    def _defer(self, report: InboxReport, name: str, error: KernelError) -> None:
        report.add(name, InboxOutcome.DEFERRED, code=error.code, reason=error.message)
        self._deferred_because = f"the store takes nothing: {error.message}"
        report.problem = self._deferred_because
        self._deferred_until_s = self._clock.monotonic_s() + self._rules.retry_s
