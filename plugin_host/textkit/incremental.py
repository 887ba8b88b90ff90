"""A frame read region by region, and only those regions that were not read before.

`RegionReader` cuts the frame by its content (`plugin_host.textkit.regions`), hands the regions
that it does not know to the engine, and moves what it knows to where it stands now. An engine's
answer for a region must be a function of that region's pixels. Then a frame's lines are a function
of the frame: read with a memory full of other frames they are, to the last bit, the lines read
with an empty one. Nothing drifts, so nothing needs correcting; it does not matter which frame came
before, from which monitor, or whether a host was started anew in between. A line that scrolls, a
window that is moved and one that comes back are known by their pixels.

Covers: what is read anew, splicing, the bound of the memory. Does not cover: the cut, engines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from plugin_host.textkit.frames import part_line
from plugin_host.textkit.reading import FloatBox, LineReading, WordReading
from plugin_host.textkit.recall import Recall, key_of
from plugin_host.textkit.regions import cut_frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORDS_KEPT_MAX: Final = 60_000
"""Words remembered over all regions: about 30 MB, or some 200 full pages."""

Step: TypeAlias = Callable[[int, int], None]

ReadCrops: TypeAlias = (
    "Callable[[Sequence[NDArray[np.uint8]], Step], Sequence[Sequence[LineReading]]]"
)
"""What an engine gives: the lines of each crop, in order, in pixels of that crop; each a function
of that crop alone. ``step(done, total)`` is called between pieces of work and may raise."""


class RegionReader:
    """Reads frames through an engine's ``read_crops``; for one thread at a time.

    ``words_kept_max`` of 0 remembers nothing: every frame is read in full, to the same lines.
    """

    def __init__(self, read_crops: ReadCrops, *, words_kept_max: int = WORDS_KEPT_MAX) -> None:
        self._read_crops = read_crops
        self._recall: Recall[tuple[LineReading, ...]] = Recall(words_kept_max)

    def read(self, pixels: NDArray[np.uint8], step: Step) -> list[LineReading]:
        """Lines on ``pixels`` (height x width x 3), region by region.

        Regions with the same pixels are read once. What ``step`` raises ends the reading;
        nothing of the frame is remembered then.
        """
        cut = cut_frame(pixels)
        regions = cut.regions
        keys = [key_of(region.pixels) for region in regions]
        known = {key: found for key in keys if (found := self._recall.find(key)) is not None}
        wanted = {
            key: region.pixels
            for key, region in zip(keys, regions, strict=True)
            if key not in known
        }
        if wanted:
            answers = self._read_crops(list(wanted.values()), step)
            for key, lines in zip(wanted, answers, strict=True):
                known[key] = tuple(lines)
                self._recall.keep(key, known[key], 1 + sum(len(line.words) for line in lines))
        moved = (
            move_line(line, region.box[0], region.box[1])
            for key, region in zip(keys, regions, strict=True)
            for line in known[key]
        )
        # What stands around a region is no part of it: never remembered, looked for each time.
        seen = (replace(line, is_after_wall=cut.has_wall_before(line.box)) for line in moved)
        return [part for line in seen for part in part_line(line, cut.frames)]


def move_line(line: LineReading, x_px: int, y_px: int) -> LineReading:
    """``line`` further right and down."""
    return LineReading(
        words=tuple(
            WordReading(
                text=word.text,
                box=_move(word.box, x_px, y_px),
                confidence=word.confidence,
                is_glued=word.is_glued,
            )
            for word in line.words
        ),
        box=_move(line.box, x_px, y_px),
    )


def _move(box: FloatBox, x_px: int, y_px: int) -> FloatBox:
    return (box[0] + x_px, box[1] + y_px, box[2] + x_px, box[3] + y_px)
