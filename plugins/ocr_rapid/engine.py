"""A frame to line readings: regions, detection, crops, recognition, words.

What is read of a region is a function of its pixels (the size of its canvas, the input width of a
line and the models' answers depend on nothing else), as `plugin_host.textkit.incremental` asks.

Covers: the order of the steps and tall boxes. Does not cover: models, contracts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from contracts.base import Box
from plugin_host.textkit.incremental import WORDS_KEPT_MAX, RegionReader, Step
from plugin_host.textkit.reading import LineReading, WordReading
from plugins.ocr_rapid.characters import Reading
from plugins.ocr_rapid.detection import Detector
from plugins.ocr_rapid.models import Settings, open_detector, open_recognizer
from plugins.ocr_rapid.recognition import CHARACTERS_KEPT_MAX, Recognizer
from plugins.ocr_rapid.words import build_reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE_MIN: Final = 0.5
"""Lines read with less are left out, as RapidOCR does."""

TALL_RATIO: Final = 1.5
"""A box this much higher than wide may be one upright character or a line turned on its side."""

TURNED_CHARACTERS_MIN: Final = 2
"""A turned reading of less is taken for no line: a bar beside an entry, turned, is a zero."""


class Engine:
    """Reads frames; one per host, for one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        cv2.setNumThreads(settings.threads)
        share = 1 if settings.recall else 0
        self._detector = Detector(open_detector(settings))
        session, characters = open_recognizer(settings)
        self._recognizer = Recognizer(
            session, characters, characters_kept_max=share * CHARACTERS_KEPT_MAX
        )
        self._regions = RegionReader(self._read_crops, words_kept_max=share * WORDS_KEPT_MAX)

    def read(self, pixels: NDArray[np.uint8], step: Step) -> list[LineReading]:
        """Lines on ``pixels`` (height x width x 3, red-green-blue), in no promised order.

        ``step(done, total)`` is called between pieces of about 100 ms; what it raises ends the
        reading.
        """
        return self._regions.read(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), step)

    def _read_crops(
        self, regions: Sequence[NDArray[np.uint8]], step: Step
    ) -> list[list[LineReading]]:
        found = [
            (index, box)
            for index, boxes in enumerate(self._detector.find(regions, step))
            for box in boxes
        ]
        crops = [regions[index][y0:y1, x0:x1] for index, (x0, y0, x1, y1) in found]
        tall = [i for i, (_, box) in enumerate(found) if _is_tall(box)]
        upward = [np.ascontiguousarray(np.rot90(crops[i], k=-1)) for i in tall]
        downward = [np.ascontiguousarray(np.rot90(crops[i], k=1)) for i in tall]
        readings = self._recognizer.read([*crops, *upward, *downward], step)
        turned = readings[len(crops) :]
        lines: list[list[LineReading]] = [[] for _ in regions]
        for place, (index, box) in enumerate(found):
            choices = [readings[place]]
            if place in tall:
                side = tall.index(place)
                choices += [turned[side], turned[len(tall) + side]]
            line = _build(box, crops[place], choices)
            if line is not None:
                lines[index].append(line)
        return lines


def _is_tall(box: Box) -> bool:
    return box[3] - box[1] >= TALL_RATIO * (box[2] - box[0])


def _confidence(reading: Reading) -> float:
    shown = [c.confidence for c in reading if not c.text.isspace()]
    return sum(shown) / len(shown) if shown else 0.0


def _is_line(turned: Reading) -> bool:
    return sum(not c.text.isspace() for c in turned) >= TURNED_CHARACTERS_MIN


def _build(box: Box, crop: NDArray[np.uint8], choices: Sequence[Reading]) -> LineReading | None:
    """The line of the surest reading: upright, or turned upward or downward."""
    upright, *turned = choices
    fitting = [upright, *(t if _is_line(t) else () for t in turned)]
    best = max(range(len(fitting)), key=lambda i: (_confidence(fitting[i]), -i))
    if _confidence(choices[best]) < CONFIDENCE_MIN:
        return None
    if best == 0:
        return build_reading(box, crop, choices[0])
    return _build_turned(box, choices[best], is_upward=best == 1)


def _build_turned(box: Box, characters: Reading, *, is_upward: bool) -> LineReading:
    """Words of a line turned by a quarter, cut at the model's places."""
    height = box[3] - box[1]
    half = height / len(characters) / 2
    words: list[WordReading] = []
    for is_space, group in itertools.groupby(characters, key=lambda c: c.text.isspace()):
        if is_space:
            continue
        members = list(group)
        first, last = members[0].middle * height - half, members[-1].middle * height + half
        start, end = max(0.0, first), min(float(height), last)
        top, bottom = (height - end, height - start) if is_upward else (start, end)
        words.append(
            WordReading(
                text="".join(c.text for c in members),
                box=(box[0], box[1] + top, box[2], box[1] + bottom),
                confidence=sum(c.confidence for c in members) / len(members),
            )
        )
    return LineReading(words=tuple(words), box=(box[0], box[1], box[2], box[3]))
