"""GPU memory and load through NVML, where there is an NVIDIA driver. Watched, never capped.

Covers: reading. Does not cover: other makers; choosing a device for a host.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GpuUse:
    """One device now; ``busy_percent`` is None where the driver does not tell."""

    index: int
    name: str
    used_bytes: int
    total_bytes: int
    busy_percent: int | None


class GpuMeter:
    """Holds NVML open. Where it does not work, `why_not` says so and `read` gives nothing."""

    def __init__(self, library: Any = None) -> None:  # noqa: ANN401 - pynvml has no types
        """``library``: what to use instead of `pynvml`, opened."""
        self.why_not = ""
        self._nvml: Any = library
        if library is not None:
            return
        try:
            # The extra `nvidia`: most machines have neither the library nor the device.
            import pynvml
        except ImportError:
            self.why_not = "the extra `nvidia` is not installed"
            return
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            self.why_not = f"no NVIDIA driver: {error}"
            return
        self._nvml = pynvml

    def read(self) -> tuple[GpuUse, ...]:
        """All devices; one that fails to answer is left out.

        `why_not` tells of this look alone: a driver that comes back is not called broken.
        """
        nvml = self._nvml
        if nvml is None:
            return ()
        found, failed = [], []
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self.why_not = f"the NVIDIA driver does not answer: {error}"
            return ()
        for index in range(count):
            try:
                found.append(self._read_device(index))
            except nvml.NVMLError as error:
                failed.append(f"device {index}: {error}")
        self.why_not = "; ".join(failed)
        return tuple(found)

    def close(self) -> None:
        """Let go of NVML; may be called twice."""
        nvml, self._nvml = self._nvml, None
        if nvml is not None:
            with contextlib.suppress(nvml.NVMLError):
                nvml.nvmlShutdown()

    def _read_device(self, index: int) -> GpuUse:
        nvml = self._nvml
        device = nvml.nvmlDeviceGetHandleByIndex(index)
        memory = nvml.nvmlDeviceGetMemoryInfo(device)
        name = nvml.nvmlDeviceGetName(device)
        try:
            busy_percent = int(nvml.nvmlDeviceGetUtilizationRates(device).gpu)
        except nvml.NVMLError:
            busy_percent = None
        text = name.decode() if isinstance(name, bytes) else str(name)
        return GpuUse(index, text, int(memory.used), int(memory.total), busy_percent)
