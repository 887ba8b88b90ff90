"""One run of a model whose answer is this run's answer, or none.

A runtime that gets no memory does not always say so: OpenVINO (2025) was seen to return from
``infer`` with the output of an earlier batch, of its shape or of none, and to crash later. Such an
answer would be taken for the text of other pixels. So there has to be room before each run, and
what a run did not write is found by a mark that no model writes.

Covers: room, the mark. Does not cover: models, what an answer means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOM_BYTES: Final = 256 << 20
"""What a run must find: four times the most that a batch of the text plugins was seen to take."""


class InferRequest(Protocol):
    """The part of `openvino.InferRequest` that is used: one output, its first axis the batch."""

    def infer(self, inputs: Any, share_inputs: bool, *, share_outputs: bool) -> Any:  # noqa: ANN401, FBT001 - the runtime's own signature
        """Run the model."""
        ...

    def get_output_tensor(self) -> Any:  # noqa: ANN401 - a tensor with ``data``
        """The output of the last run."""
        ...


def infer_anew(
    request: InferRequest, inputs: Sequence[NDArray[Any]], *, room_bytes: int = ROOM_BYTES
) -> NDArray[np.float32]:
    """The model's output for ``inputs``; valid until the next run of this request.

    Raises `MemoryError` when less than ``room_bytes`` are left or no answer came. Neither the
    request nor its process should be used again then.
    """
    # Taken and not written to, it costs some microseconds.
    np.empty(room_bytes, np.uint8)
    former = _output(request)
    if former.size:
        former[..., 0] = np.nan
    request.infer(inputs, share_inputs=True, share_outputs=True)
    output = _output(request)
    if not output.size or len(output) != len(inputs[0]) or np.isnan(output[..., 0]).any():
        msg = "the model gave no answer"
        raise MemoryError(msg)
    return output


def _output(request: InferRequest) -> NDArray[np.float32]:
    found: NDArray[np.float32] = request.get_output_tensor().data
    return found
