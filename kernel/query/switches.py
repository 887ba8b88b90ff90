"""How often another window came to the front, by the names that captures have of theirs.

Covers: telling and counting the switches that no stored screen delta tells of. Does not cover:
what was in front between two captures: there may have been more. Deeds (`kernel.query.actions`).
"""

from __future__ import annotations

from typing import Final

from contracts.answer import Claim
from kernel.query.plan import Reading
from kernel.query.sightings import Stream, stream_of
from kernel.query.sources import Outcome, Sources
from kernel.query.windows import CITED_MAX, Shown, citations_of, stretches_of_windows, windows_meant
from kernel.query.wording import moment_text, quoted

SWITCHED: Final = ("switched_window",)
_LISTED_MAX: Final = 8
_NOTE: Final = (
    "by the windows that captures name, not by screen deltas: there may have been more switches"
    " between two captures"
)


def tell_switches(reading: Reading, sources: Sources) -> Outcome:
    """The switches of the scope, in order of time: one claim with their number, or one for each.

    None where anything but switching is asked about.
    """
    outcome = Outcome()
    if reading.asked.actions != SWITCHED:
        return outcome
    switches = switches_between(stretches_of_windows(reading, sources))
    if reading.question.terms:
        meant = windows_meant(reading.question, [shown.name for shown in switches])
        switches = [shown for shown in switches if shown.name in meant]
    if not switches:
        return outcome
    if reading.asked.measure == "acts":
        outcome.add(_counted(switches, sources), sources)
    else:
        for shown in switches[-sources.claims_max :]:
            outcome.add(_claim((shown,), _told(shown, sources), sources), sources)
    outcome.notes.append(_NOTE)
    return outcome


def switches_between(stretches: list[Shown]) -> list[Shown]:
    """The stretches before which another window was in front on their monitor."""
    before: dict[Stream, Shown] = {}
    found = []
    for shown in stretches:
        if not any(shown.name):
            continue
        last = before.get(stream_of(shown.first))
        if last is not None and last.name != shown.name:
            found.append(shown)
        before[stream_of(shown.first)] = shown
    return found


def _counted(switches: list[Shown], sources: Sources) -> Claim:
    counted = switches[:CITED_MAX]
    amount = len(counted)
    times = "once" if amount == 1 else f"{amount} times"
    said = "; ".join(_told(shown, sources) for shown in counted[:_LISTED_MAX])
    ending = "; \u2026" if amount > _LISTED_MAX else ""
    return _claim(tuple(counted), f"at least {times}: {said}{ending}", sources, amount=amount)


def _claim(
    switches: tuple[Shown, ...], text: str, sources: Sources, *, amount: int | None = None
) -> Claim:
    return Claim(
        text=text,
        citations=tuple(
            dict.fromkeys(c for shown in switches for c in citations_of((shown,), sources)[:1])
        ),
        first_us=switches[0].first.captured_at_us,
        last_us=switches[-1].first.captured_at_us,
        amount=amount,
    )


def _told(shown: Shown, sources: Sources) -> str:
    app, title = shown.name
    at = moment_text(shown.first.captured_at_us, sources.zone)
    return f"{quoted(title or app or '')} was in front by {at}"
