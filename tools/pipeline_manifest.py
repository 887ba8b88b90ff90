"""The manifest of a fixture pipeline: which frames go in, what is asked of them.

Covers: reading and checking one (JSON), finding frames and ground truth beside it. Does not
cover: running it (`tools/run_fixture_pipeline.py`), scoring (`tools/pipeline_score.py`).

A frame's ground truth is a JSON file with ``words``: ``[{"text": ..., "box": [x0, y0, x1, y1]}]``
in pixels; the file with the frame's own name and the ending ``.json`` is taken unasked.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from kernel.capture.refusal import Refusal
from kernel.capture.timestamps import parse_captured_at, read_local_zone

IMAGE_ENDINGS: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".qoi"})
AUTO_LETTERS_MIN: Final = 5
"""Shorter words are on every page: finding them proves little."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the frame."""


class ManifestError(Exception):
    """The manifest cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Frame(_Strict):
    """A screenshot, or a video with ``video``; ``at`` is ISO 8601, by default the file's time."""

    path: Path
    at: str | None = None
    monitor: int = 0
    app: str | None = None
    window: str | None = None
    truth: Path | None = None
    video: bool = False

    @property
    def name(self) -> str:
        """What queries call it: the file's name without its ending."""
        return self.path.stem


class Query(_Strict):
    """A question and what a right answer has.

    ``frame``: the frame (or one of them) that a citation must be on; left out, any frame.
    ``expect_none``: nothing on the frames answers it. ``answer_contains``: every part must be in
    the answer or its claims. ``evidence``: words of the ground truth that a citation must cover;
    ``boxes``: places that it must cover. ``options``: further arguments of `kernel query`.
    """

    question: Annotated[str, Field(min_length=1)]
    id: str = ""
    frame: tuple[str, ...] = ()
    expect_none: bool = False
    answer_contains: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    options: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_short_forms(cls, data: Any) -> Any:  # noqa: ANN401 - what the file holds
        """``page`` is another name of ``frame``; null there means that nothing answers it."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for name in ("page", "frame"):
            if name not in data:
                continue
            value = data.pop(name)
            if value is None:
                data["expect_none"] = True
            else:
                data["frame"] = (value,) if isinstance(value, str) else value
        data.pop("kind", None)
        return data

    @model_validator(mode="after")
    def _asks_something(self) -> Query:
        expects = self.answer_contains or self.evidence or self.boxes or self.frame
        if not self.expect_none and not expects:
            raise ValueError("expects nothing: give answer_contains, evidence, boxes or frame")
        if self.expect_none and (self.answer_contains or self.evidence or self.boxes):
            raise ValueError("expects no answer and says what the answer is")
        return self


class Auto(_Strict):
    """Questions made here: ``count`` words, drawn with ``seed``, each asked for in quotes."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 20
    seed: int = 0


class Manifest(_Strict):
    """Everything a run needs; paths are relative to the manifest's folder."""

    about: str = ""
    frames: tuple[Frame, ...] = ()
    queries: tuple[Query, ...] = ()
    auto: Auto | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_short_forms(cls, data: Any) -> Any:  # noqa: ANN401 - what the file holds
        """A frame may be its path alone; ``questions`` is another name of ``queries``."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if "questions" in data:
            data["queries"] = data.pop("questions")
        if isinstance(data.get("frames"), list):
            data["frames"] = [{"path": f} if isinstance(f, str) else f for f in data["frames"]]
        if isinstance(data.get("video"), str):
            video = {"path": data.pop("video"), "video": True}
            data["frames"] = [*data.get("frames", []), video]
        return data


def read_manifest(path: Path) -> Manifest:
    """The manifest with absolute paths; without ``frames``, all images of its folder.

    Raises `ManifestError`: unreadable, not as described, a frame missing, a query about a
    frame that is not there.
    """
    try:
        manifest = Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ManifestError(f"{path}: {_explain(error)}") from error
    folder = path.resolve().parent
    frames = manifest.frames or tuple(
        Frame(path=file) for file in sorted(folder.iterdir()) if file.suffix in IMAGE_ENDINGS
    )
    placed = tuple(_place(frame, folder) for frame in frames)
    _check(path, placed, manifest)
    _check_times(path, placed)
    return manifest.model_copy(update={"frames": placed})


_PLAIN: Final = {
    "extra_forbidden": "there is no such key",
    "missing": "must be given",
    "tuple_type": "must be a list",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "model_type": "must be an object in braces",
    "path_type": "must be a path in quotes",
    "string_too_short": "must not be empty",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}
"""What is wrong, for people; all else is said in the words of the check."""


def _explain(error: Exception) -> str:
    """In plain words; raised for people who write manifests, not for those who write this."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror}"
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON: line {error.lineno}, column {error.colno}: {error.msg}"
    if not isinstance(error, ValidationError):
        return f"it is no text in UTF-8: {error}"
    return "; ".join(_explain_one(found) for found in error.errors())


def _explain_one(found: ErrorDetails) -> str:
    place = ""
    for step in found["loc"]:
        # People count entries from one.
        place += f", entry {step + 1}" if isinstance(step, int) else f" {step}"
    said = _PLAIN.get(found["type"], found["msg"].removeprefix("Value error, "))
    return f"{place.strip() or 'the document'}: {said}"


def _place(frame: Frame, folder: Path) -> Frame:
    file = folder / frame.path
    beside = file.with_suffix(".json")
    truth = folder / frame.truth if frame.truth else beside if beside.exists() else None
    return frame.model_copy(update={"path": file, "truth": truth})


def _check(path: Path, frames: tuple[Frame, ...], manifest: Manifest) -> None:
    if not frames:
        raise ManifestError(
            f"{path}: no frames, and no images in its folder: name some under frames"
        )
    missing = [
        str(f) for frame in frames for f in (frame.path, frame.truth) if f and not f.exists()
    ]
    if missing:
        raise ManifestError(
            f"{path}: not there: {', '.join(missing)}; paths count from the manifest's folder"
        )
    names = Counter(frame.name for frame in frames)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ManifestError(
            f"{path}: two frames of one name: {', '.join(twice)}; rename one of the files"
        )
    strange = {name for query in manifest.queries for name in query.frame} - set(names)
    if strange:
        raise ManifestError(
            f"{path}: queries about unknown frames: {', '.join(sorted(strange))};"
            f" known are {', '.join(sorted(names))}"
        )
    if not manifest.queries and manifest.auto is None:
        raise ManifestError(f"{path}: asks nothing: give queries, or auto")


def _check_times(path: Path, frames: tuple[Frame, ...]) -> None:
    """Raise `ManifestError` for moments that `kernel ingest` would refuse."""
    for number, frame in enumerate(frames, 1):
        moment = parse_captured_at(frame.at, read_local_zone()) if frame.at else None
        if isinstance(moment, Refusal):
            raise ManifestError(
                f"{path}: frames, entry {number} ({frame.name}) at: {moment.reason}"
            )


def read_truth(frame: Frame) -> list[tuple[str, Box]]:
    """The words of the frame's ground truth; empty when it has none. Raises `ManifestError`."""
    if frame.truth is None:
        return []
    try:
        document = json.loads(frame.truth.read_text(encoding="utf-8"))
        return [(str(word["text"]), _as_box(word["box"])) for word in document["words"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ManifestError(
            f'{frame.truth}: no ground truth: it must hold {{"words": [{{"text": ..., "box":'
            f" [x0, y0, x1, y1]}}]}}; correct it, or name another file with truth ({_said(error)})"
        ) from error


def _said(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


def _as_box(values: list[float]) -> Box:
    x0, y0, x1, y1 = map(float, values)
    return x0, y0, x1, y1


def draw_queries(auto: Auto, words: dict[str, list[str]]) -> tuple[Query, ...]:
    """Questions for visible words, the same for the same seed.

    ``words`` maps frames to the words on them. Only words of `AUTO_LETTERS_MIN` letters and
    digits are drawn; each is asked once and may be cited from any frame that shows it.
    """
    where: dict[str, list[str]] = {}
    for name in sorted(words):
        for word in words[name]:
            if sum(map(str.isalnum, word)) >= AUTO_LETTERS_MIN and '"' not in word:
                where.setdefault(word, []).append(name)
    known = sorted(where)
    drawn = random.Random(auto.seed).sample(known, min(auto.count, len(known)))  # noqa: S311
    return tuple(
        Query(
            id=f"auto{number:03}",
            question=f'"{word}"',
            frame=tuple(dict.fromkeys(where[word])),
            evidence=(word,),
        )
        for number, word in enumerate(drawn, 1)
    )
