"""Looking into the inbox folder: names, states, and the bytes of what is ready.

Covers: listing, remembering when each name changed, reading pairs, bounded work. Does not
cover: storing and moving (`kernel.capture.inbox`).
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.capture.filebytes import FileBytes, read_file_bytes
from kernel.capture.imagefile import recognise_image, refuse_size
from kernel.capture.imageformats.facts import ImageFacts, ImageLimits
from kernel.capture.inboxfate import (
    Fingerprint,
    InboxRules,
    Judgement,
    Refuse,
    Step,
    Wait,
    Watch,
    is_final,
    judge_pair,
    next_step,
    observe,
)
from kernel.capture.inboxlisting import EntryKind, Listing, Pair, sort_names
from kernel.capture.refusal import Refusal, RefusalCode
from kernel.capture.sidecar import SIDECAR_BYTES_MAX, Sidecar, SidecarFault, parse_sidecar

_SIDECAR_LIMITS = ImageLimits(bytes_max=SIDECAR_BYTES_MAX)
_NOTHING = FileBytes(b"", 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A pair after a look: what becomes of it, and its bytes when it is to be stored."""

    pair: Pair
    judgement: Judgement
    read: FileBytes = _NOTHING
    facts: ImageFacts | None = None


class InboxEyes:
    """Remembers what every name in one folder looked like; one thread."""

    def __init__(self, folder: Path, rules: InboxRules, local_zone: dt.tzinfo) -> None:
        self._folder = folder
        self._rules = rules
        self._local_zone = local_zone
        self._watches: dict[str, Watch] = {}
        self._incomplete: dict[str, tuple[Fingerprint, Fingerprint | None]] = {}
        self._resume_after = ""

    def list_names(self) -> Listing:
        """The folder's names by meaning. Raises `OSError` when it cannot be listed."""
        with os.scandir(self._folder) as entries:
            names = {entry.name: _kind(entry) for entry in entries}
        self._watches = {name: w for name, w in self._watches.items() if name in names}
        self._incomplete = {name: i for name, i in self._incomplete.items() if name in names}
        return sort_names(names)

    def forget(self, name: str) -> None:
        """The name was dealt with; what comes under it next is new."""
        self._watches.pop(name, None)
        self._incomplete.pop(name, None)

    def quiet_s(self, name: str, now_s: float) -> float | None:
        """For how long the name has not changed, None when it is gone."""
        watch = self._look(name, now_s)
        return None if watch is None else now_s - watch.changed_s

    def turn(self, pairs: Sequence[Pair]) -> list[Pair]:
        """The pairs of this poll: by name, or when they are too many, from where we left off.

        So that names which cannot be dealt with do not keep the others waiting for ever.
        """
        if len(pairs) <= self._rules.files_per_poll_max:
            return list(pairs)
        behind = [pair for pair in pairs if pair.image > self._resume_after]
        rotated = [*behind, *pairs[: len(pairs) - len(behind)]]
        return rotated[: self._rules.files_per_poll_max]

    def examine(self, pairs: Iterable[Pair], now_s: float) -> Iterator[Seen]:
        """A look at each pair, lazily: its bytes are read when it is asked for."""
        for pair in pairs:
            self._resume_after = pair.image
            seen = self._examine(pair, now_s)
            if seen is not None:
                yield seen

    def _examine(self, pair: Pair, now_s: float) -> Seen | None:
        image = self._look(pair.image, now_s)
        if image is None:
            return None
        sidecar = self._look(pair.sidecar, now_s) if pair.sidecar else None
        state = (image.fingerprint, sidecar.fingerprint if sidecar else None)
        incomplete = self._incomplete.get(pair.image) == state
        step = next_step(image, sidecar, incomplete=incomplete, now_s=now_s, rules=self._rules)
        if step is Step.WAIT:
            return Seen(pair, Wait())
        if step is Step.REFUSE_SIZE:
            refusal = refuse_size(image.fingerprint.size_bytes, self._rules.limits)
            assert refusal is not None
            return Seen(pair, Refuse(refusal))
        seen = self._read_pair(pair, final=is_final(image, sidecar, now_s, self._rules))
        if isinstance(seen.judgement, Wait):
            self._incomplete[pair.image] = state
        return seen

    def _read_pair(self, pair: Pair, *, final: bool) -> Seen:
        read = read_file_bytes(self._folder / pair.image, self._rules.limits)
        if isinstance(read, Refusal):
            # Written to just now: whatever the patience says, it is not at rest.
            busy = read.code in (RefusalCode.CHANGED_WHILE_READ, RefusalCode.NOT_FOUND)
            return Seen(pair, judge_pair(read, None, shared=False, final=final and not busy))
        facts = recognise_image(read.data, self._rules.limits)
        sidecar = self._read_sidecar(pair) if pair.sidecar and not pair.shared else None
        judgement = judge_pair(facts, sidecar, shared=pair.shared, final=final)
        if isinstance(facts, Refusal):
            return Seen(pair, judgement)
        return Seen(pair, judgement, read, facts)

    def _read_sidecar(self, pair: Pair) -> Sidecar | SidecarFault:
        assert pair.sidecar is not None
        read = read_file_bytes(self._folder / pair.sidecar, _SIDECAR_LIMITS)
        if isinstance(read, Refusal):
            too_large = read.code is RefusalCode.TOO_MANY_BYTES
            return SidecarFault(str(read), may_grow=not too_large)
        return parse_sidecar(read.data, self._local_zone)

    def _look(self, name: str, now_s: float) -> Watch | None:
        try:
            status = (self._folder / name).lstat()
        except OSError:
            # Gone, or not to be asked about just now: the next poll sees more.
            self.forget(name)
            return None
        fingerprint = Fingerprint(status.st_size, status.st_mtime_ns)
        watch = observe(self._watches.get(name), fingerprint, now_s)
        self._watches[name] = watch
        return watch


def _kind(entry: os.DirEntry[str]) -> EntryKind:
    try:
        if entry.is_symlink():
            return EntryKind.LINK
        if entry.is_file(follow_symlinks=False):
            return EntryKind.FILE
        if entry.is_dir(follow_symlinks=False):
            return EntryKind.FOLDER
    except OSError:
        # Gone between listing and asking: as a file it will be missed again and forgotten.
        return EntryKind.FILE
    return EntryKind.OTHER
