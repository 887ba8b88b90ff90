"""The life of one line on one stream, as plain data: pure.

A *chain* is a line from the first frame that showed it to the last, every frame of the stream
between them among them. It is kept as *runs*: one for the first frame and one for each frame at
which text, box or confidence were not what they were on the frame before. Covers: cutting,
joining, what it looked like when, its bytes. Does not cover: which lines belong together
(`kernel.store.matching`), tables (`kernel.store.chains`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contracts.base import Box
from kernel.store.damage import derived_damaged
from kernel.store.frames import Place

_SEVEN_BITS, _MORE = 0x7F, 0x80
_SHIFTED, _RESIZED, _RETEXTED, _RESCORED = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Look:
    """What a line looks like on a frame."""

    text_id: int
    box: Box
    confidence: int


@dataclass(frozen=True, slots=True)
class Run:
    """From this frame on (until the next run) the line looks like this."""

    place: Place
    look: Look


Runs: TypeAlias = tuple[Run, ...]
"""At least one, in order of their places."""


def look_at(runs: Runs, place: Place) -> Look | None:
    """What the line looks like at this place; None before its first frame."""
    found = None
    for run in runs:
        if run.place > place:
            break
        found = run.look
    return found


def cut(runs: Runs, before: Place, after: Place) -> tuple[Runs, Runs]:
    """The runs of a chain that ends at ``before``, and of one that begins at ``after``.

    Both are frames of the chain that follow each other.
    """
    look = look_at(runs, after)
    assert look is not None
    left = tuple(run for run in runs if run.place <= before)
    right = tuple(run for run in runs if run.place > after)
    return left, (Run(after, look), *right)


def join(left: Runs, last_look: Look, right: Runs) -> Runs:
    """One chain of two that follow each other; ``last_look`` is how the left one ends."""
    return left + (right[1:] if right[0].look == last_look else right)


def best_text(runs: Runs) -> int:
    """The text that the line is told by: the surest reading, of equal ones the earliest."""
    best = min(runs, key=lambda run: (-run.look.confidence, run.place))
    return best.look.text_id


def other_texts(runs: Runs) -> frozenset[int]:
    """Every other text it was read as."""
    return frozenset(run.look.text_id for run in runs) - {best_text(runs)}


def pack_runs(runs: Runs) -> bytes:
    """A few bytes for each run: what differs from the run before. Inverse of `unpack_runs`."""
    first = runs[0]
    numbers = [first.look.text_id, first.look.confidence, *first.look.box]
    before = first
    for run in runs[1:]:
        numbers += _difference(before, run)
        before = run
    return b"".join(map(_varint, numbers))


def unpack_runs(data: bytes, first: Place) -> Runs:
    """The runs of a chain whose first frame is at ``first``.

    Raises `KernelError` (``derived-damaged``) for bytes that are no chain.
    """
    try:
        return _unpacked(data, first)
    except (StopIteration, TypeError) as error:
        raise derived_damaged(f"an interval that begins at {first[0]} us has no chain") from error


def _unpacked(data: bytes, first: Place) -> Runs:
    numbers = _varints(data)
    text_id, confidence = next(numbers), next(numbers)
    box = (next(numbers), next(numbers), next(numbers), next(numbers))
    runs = [Run(first, Look(text_id, box, confidence))]
    for flags in numbers:
        before = runs[-1]
        place = (before.place[0] + next(numbers), before.place[1] + _signed(next(numbers)))
        runs.append(Run(place, _apply(flags, before.look, numbers)))
    return tuple(runs)


def _difference(before: Run, run: Run) -> list[int]:
    one, other = before.look.box, run.look.box
    dx, dy = other[0] - one[0], other[1] - one[1]
    dw, dh = other[2] - one[2] - dx, other[3] - one[3] - dy
    flags = (
        (_SHIFTED if dx or dy else 0)
        | (_RESIZED if dw or dh else 0)
        | (_RETEXTED if run.look.text_id != before.look.text_id else 0)
        | (_RESCORED if run.look.confidence != before.look.confidence else 0)
    )
    numbers = [flags, run.place[0] - before.place[0], _unsigned(run.place[1] - before.place[1])]
    if flags & _SHIFTED:
        numbers += [_unsigned(dx), _unsigned(dy)]
    if flags & _RESIZED:
        numbers += [_unsigned(dw), _unsigned(dh)]
    if flags & _RETEXTED:
        numbers.append(run.look.text_id)
    if flags & _RESCORED:
        numbers.append(run.look.confidence)
    return numbers


def _apply(flags: int, look: Look, numbers: Iterator[int]) -> Look:
    x0, y0, x1, y1 = look.box
    text_id, confidence = look.text_id, look.confidence
    if flags & _SHIFTED:
        dx, dy = _signed(next(numbers)), _signed(next(numbers))
        x0, y0, x1, y1 = x0 + dx, y0 + dy, x1 + dx, y1 + dy
    if flags & _RESIZED:
        x1, y1 = x1 + _signed(next(numbers)), y1 + _signed(next(numbers))
    if flags & _RETEXTED:
        text_id = next(numbers)
    if flags & _RESCORED:
        confidence = next(numbers)
    return Look(text_id, (x0, y0, x1, y1), confidence)


def _unsigned(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def _signed(number: int) -> int:
    return -((number + 1) >> 1) if number & 1 else number >> 1


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > _SEVEN_BITS:
        out.append(number & _SEVEN_BITS | _MORE)
        number >>= 7
    out.append(number)
    return bytes(out)


def _varints(data: Sequence[int]) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & _SEVEN_BITS) << shift
        shift += 7
        if not byte & _MORE:
            yield number
            number = shift = 0
