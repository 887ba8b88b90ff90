"""What becomes of a file in the inbox, decided without touching it.

Covers: settling, patience, what is final and what may still grow; every outcome by name.
Pure: times come in as seconds of a monotonic clock. Does not cover: reading, storing, moving
(`kernel.capture.inbox`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kernel.capture.imageformats.facts import ImageFacts, ImageLimits
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.sidecar import Sidecar, SidecarFault
from kernel.capture.timestamps import ClockRules


class InboxOutcome(StrEnum):
    """Every outcome there is; docs/inbox.md has a row for each. Values are never renamed.

    All but `TAKEN` and `DEFERRED` are ledgered as ``inbox-<value>``.
    """

    TAKEN = "taken"
    """Stored, read back, moved to ``done``."""
    ALREADY_STORED = "already-stored"
    """The same capture is in evidence (a crash came before the move): only moved."""
    CLOCK_AHEAD = "clock-ahead"
    """Taken; its time is ahead of this machine's clock."""
    CLOCK_BACKWARD = "clock-backward"
    """Taken; its time is earlier than that of the capture before it."""
    NAME_EXISTED = "name-existed"
    """Taken; ``done`` had a file of that name, so it lies there under a new one."""
    SIDECAR_MALFORMED = "sidecar-malformed"
    """The image is taken with its file's time; the sidecar is quarantined."""
    SIDECAR_AMBIGUOUS = "sidecar-ambiguous"
    """Several images share the sidecar's name: taken without it; it is quarantined."""
    SIDECAR_ORPHANED = "sidecar-orphaned"
    """No image came to the sidecar: quarantined."""
    REFUSED = "refused"
    """The image is quarantined, with its sidecar, under the refusal's code."""
    TEMPORARY_ABANDONED = "temporary-abandoned"
    """A file under a temporary name that nobody finished: quarantined."""
    LEFT_IN_PLACE = "left-in-place"
    """A folder, link or device: neither read nor moved."""
    READ_BACK_FAILED = "read-back-failed"
    """Stored, but what was read back differs: the file stays where it is."""
    MOVE_FAILED = "move-failed"
    """Decided, but the file cannot be moved: it stays and the move is tried again."""
    DEFERRED = "deferred"
    """The store takes nothing now (a full disk, say): the file stays and is tried again."""


@dataclass(frozen=True, slots=True)
class InboxRules:
    """Times in seconds, and limits per poll.

    ``settle_s``: an image without a sidecar is read once it has not changed for this long.
    ``patience_s``: what is incomplete and has not changed for this long is final.
    """

    settle_s: float = 2.0
    patience_s: float = 10.0
    temporary_patience_s: float = 3600.0
    retry_s: float = 5.0
    files_per_poll_max: int = 256
    bytes_per_poll_max: int = 64 * 1024 * 1024
    limits: ImageLimits = field(default_factory=ImageLimits)
    clock_rules: ClockRules = field(default_factory=ClockRules)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What changes when a file is written to."""

    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one name: its state when last seen and since when it is so."""

    fingerprint: Fingerprint
    changed_s: float


def observe(previous: Watch | None, fingerprint: Fingerprint, now_s: float) -> Watch:
    """The watch after one more look; a name seen for the first time counts as changed now."""
    if previous is not None and previous.fingerprint == fingerprint:
        return previous
    return Watch(fingerprint, now_s)


class Step(StrEnum):
    """What to do about a pair before its bytes are known."""

    WAIT = "wait"
    READ = "read"
    REFUSE_SIZE = "refuse-size"


def next_step(
    image: Watch, sidecar: Watch | None, *, incomplete: bool, now_s: float, rules: InboxRules
) -> Step:
    """Whether to read the image now.

    ``incomplete``: it was read in exactly this state and found incomplete; reading it again
    is worth the while only when patience ends. A sidecar says that the image is finished, so
    with one there is no settling.
    """
    if image.fingerprint.size_bytes > rules.limits.bytes_max:
        return Step.REFUSE_SIZE
    if incomplete:
        return Step.READ if is_final(image, sidecar, now_s, rules) else Step.WAIT
    if sidecar is None and now_s - image.changed_s < rules.settle_s:
        return Step.WAIT
    return Step.READ


def is_final(image: Watch, sidecar: Watch | None, now_s: float, rules: InboxRules) -> bool:
    """Whether nothing of the pair has changed for the whole patience."""
    changed_s = max(image.changed_s, sidecar.changed_s) if sidecar else image.changed_s
    return now_s - changed_s >= rules.patience_s


@dataclass(frozen=True, slots=True)
class Take:
    """Store the image with what ``sidecar`` says; ``fault``: why a sidecar is not used."""

    sidecar: Sidecar
    fault: tuple[InboxOutcome, str] | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Leave the pair until it changes or patience ends."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Quarantine the image and its sidecar."""

    refusal: Refusal


Judgement = Take | Wait | Refuse

_FINAL_AT_ONCE = frozenset({RefusalCode.TOO_MANY_BYTES, RefusalCode.TOO_MANY_PIXELS})
"""What no further writing can mend. Zeros at the head of a file that was allocated before it
is written look like no image, so even that is not final at once."""


def judge_pair(
    facts: ImageFacts | Refusal,
    sidecar: Sidecar | SidecarFault | None,
    *,
    shared: bool,
    final: bool,
) -> Judgement:
    """What becomes of a pair whose bytes were read.

    A whole image is never refused for its sidecar's sake.
    """
    if isinstance(facts, Refusal):
        return Refuse(facts) if final or facts.code in _FINAL_AT_ONCE else Wait()
    if shared:
        reason = "several images share the name of this sidecar"
        return Take(Sidecar(), (InboxOutcome.SIDECAR_AMBIGUOUS, reason)) if final else Wait()
    if isinstance(sidecar, SidecarFault):
        if sidecar.may_grow and not final:
            return Wait()
        return Take(Sidecar(), (InboxOutcome.SIDECAR_MALFORMED, sidecar.reason))
    return Take(sidecar or Sidecar())
