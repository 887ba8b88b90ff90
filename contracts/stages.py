"""The graph of stages: what is done to each frame, in which order, from what to what.

``decode`` is no stage: the kernel never decodes pixels. A stage that takes a ``pixel_blob``
gets the encoded bytes as they were captured and decodes them inside its host. ``index`` is no
stage either: it is part of the kernel's commit of a result.

Covers: the declared stages and their typed inputs and outputs. Does not cover: which plugin
does a stage (`kernel.boot.catalog`), running them (`kernel.pipeline`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from contracts.base import StageName

Unit: TypeAlias = Literal["blob", "frame", "texts", "blobs"]
"""What one task is about: the bytes of a capture (however many events show them), one event on
its stream, some distinct texts, or the bytes of some captures."""

PREVIOUS: Final = "previous."
"""Put before a kind it names the input taken from the frame before on the same stream."""


@dataclass(frozen=True, slots=True)
class StageShape:
    """One node of the graph: the kinds a plugin may ask for, and the kind it gives.

    ``previous`` are kinds that may also be had of the frame before on the same stream (source
    and monitor). A stage that asks for any is given its frames in order of capture.
    """

    name: StageName
    unit: Unit
    inputs: frozenset[str]
    output: str
    previous: frozenset[str] = frozenset()


_SEEN: Final = frozenset({"capture_event", "pixel_blob", "text_page"})
_STATE: Final = _SEEN | {"screen_state"}
_DELTA: Final = _STATE | {"delta"}

GRAPH: Final[tuple[StageShape, ...]] = (
    StageShape("text", "blob", frozenset({"pixel_blob"}), "text_page"),
    StageShape("state", "frame", _SEEN, "screen_state", previous=_STATE),
    StageShape("delta", "frame", _STATE, "delta", previous=_STATE),
    StageShape("vision", "frame", _DELTA, "vlm_observation", previous=_DELTA),
    StageShape("embed", "texts", frozenset({"text_batch"}), "embedding_batch"),
)
"""All stages of the graph, each after those whose results it may take."""

ASIDE: Final[tuple[StageShape, ...]] = (
    StageShape("repack", "blobs", frozenset({"pixel_blob"}), "repacked_frames"),
    StageShape(
        "repack_proof", "blobs", frozenset({"repacked_frames", "pixel_blob"}), "proven_frames"
    ),
)
"""Stages beside the graph: they change how evidence lies on the disk, not what is known of it
(`kernel.pipeline.repacking`)."""

SHAPES: Final[Mapping[str, StageShape]] = {shape.name: shape for shape in (*GRAPH, *ASIDE)}
PRODUCERS: Final[Mapping[str, str]] = {shape.output: shape.name for shape in GRAPH}
"""Kind -> the stage whose result it is; other kinds come from evidence."""


def find_mismatch(
    name: str, inputs: tuple[str, ...], previous: tuple[str, ...], output: str
) -> str:
    """Why a declaration does not fit the stage of that name in the graph; empty when it does."""
    shape = SHAPES.get(name)
    if shape is None:
        return f"there is no stage {name}; there are {', '.join(SHAPES)}"
    if output != shape.output:
        return f"stage {name} gives {shape.output}, not {output}"
    for label, asked, offered in (
        ("", inputs, shape.inputs),
        ("of the frame before ", previous, shape.previous),
    ):
        strange = sorted(set(asked) - offered)
        if strange:
            return f"stage {name} cannot have {label}{', '.join(strange)}"
    return ""


def roles_of(inputs: tuple[str, ...], previous: tuple[str, ...]) -> tuple[str, ...]:
    """The roles of a stage's inputs in the order in which a task carries them."""
    return (*inputs, *(PREVIOUS + kind for kind in previous))
