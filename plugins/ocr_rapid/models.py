"""The two pinned models of the RapidOCR wheel as OpenVINO sessions.

Covers: loading from the installed wheel (never a download), threads and precision, graph edits.
Does not cover: what goes in and comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import openvino
import rapidocr

from plugin_host.textkit.request import infer_anew

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DETECTION_FILE: Final = "PP-OCRv6_det_small.onnx"
RECOGNITION_FILE: Final = "PP-OCRv6_rec_small.onnx"
SHAPES_CACHED_MAX: Final = 64
"""Compiled kernels kept per session: enough for the buckets in use, a bound on memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How sessions run: ``threads`` of one host, ``precision`` of the arithmetic.

    ``auto`` takes bfloat16 where the processor computes in it (faster), ``f32`` gives the same
    result on every machine. With ``recall`` pixels that were seen before are not read again;
    what is read is the same.
    """

    threads: int = 1
    precision: str = "auto"
    recall: bool = True


class Session:
    """One compiled model; for one thread at a time."""

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._request: Any = compiled.create_infer_request()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's output for one batch; valid until the next call.

        Raises `MemoryError`, see `plugin_host.textkit.request.infer_anew`.
        """
        return infer_anew(self._request, [batch])


def engine_version() -> str:
    """Versions that decide what is read: of the wheel with the models and of the runtime."""
    return f"rapidocr-{version('rapidocr')}+openvino-{version('openvino')}"


def open_detector(settings: Settings) -> Session:
    """The detection model: 1 x 3 x H x W in, 1 x 1 x H x W text probability out."""
    core = openvino.Core()
    return Session(_compile(core, core.read_model(_model_path(DETECTION_FILE)), settings))


def open_recognizer(settings: Settings) -> tuple[Session, tuple[str, ...]]:
    """The recognition model and its characters.

    N x 3 x 48 x W in, N x W/8 x characters out: logits, not probabilities. The graph's softmax
    over all 18,710 characters is cut off, since only the few columns that show a character need
    it. Index 0 is CTC's blank.
    """
    core = openvino.Core()
    model = core.read_model(_model_path(RECOGNITION_FILE))
    characters = model.get_rt_info()["framework"]["character"].value.splitlines()
    softmax = model.get_results()[0].input_value(0).get_node()
    if softmax.get_type_name() != "Softmax":
        raise RuntimeError(f"{RECOGNITION_FILE} ends in {softmax.get_type_name()}, not Softmax")
    headless = openvino.Model([softmax.input_value(0)], model.get_parameters(), "recognizer")
    return Session(_compile(core, headless, settings)), ("", *characters, " ")


def _model_path(name: str) -> Path:
    path = Path(rapidocr.__file__).parent / "models" / name
    if not path.is_file():
        raise FileNotFoundError(f"the rapidocr wheel has no {name}; is rapidocr 3.10 installed?")
    return path


def _compile(
    core: openvino.Core, model: openvino.Model, settings: Settings
) -> openvino.CompiledModel:
    properties: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": settings.threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "CPU_RUNTIME_CACHE_CAPACITY": SHAPES_CACHED_MAX,
    }
    if settings.precision == "f32":
        properties["INFERENCE_PRECISION_HINT"] = "f32"
    return core.compile_model(model, "CPU", properties)
