"""Watching devices whose driver comes and goes."""

from __future__ import annotations

from types import SimpleNamespace

from kernel.scheduling.gpu import GpuMeter


class Driver:
    """As much of NVML's library as is asked; ``broken`` says what does not answer."""

    class NVMLError(Exception):
        """Its error."""

    def __init__(self) -> None:
        self.broken: set[object] = set()

    def _check(self, what: object) -> None:
        if what in self.broken:
            raise self.NVMLError("GPU is lost")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - as there
        self._check("count")
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        self._check(index)
        return index

    def nvmlDeviceGetMemoryInfo(self, device: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=device + 1, total=10)

    def nvmlDeviceGetName(self, device: int) -> str:  # noqa: N802
        return f"card {device}"

    def nvmlDeviceGetUtilizationRates(self, device: int) -> SimpleNamespace:  # noqa: N802
        self._check(("load", device))
        return SimpleNamespace(gpu=50)

    def nvmlShutdown(self) -> None:  # noqa: N802
        self._check("shutdown")


def test_a_driver_that_does_not_answer_is_told_and_is_well_again_when_it_does() -> None:
    driver = Driver()
    meter = GpuMeter(driver)
    driver.broken = {"count"}
    assert meter.read() == ()
    assert "does not answer: GPU is lost" in meter.why_not
    driver.broken = set()
    assert [use.index for use in meter.read()] == [0, 1]
    assert meter.why_not == ""


def test_one_device_that_fails_is_left_out_and_named_as_long_as_it_fails() -> None:
    driver = Driver()
    meter = GpuMeter(driver)
    driver.broken = {0, ("load", 1), "shutdown"}
    (use,) = meter.read()
    assert (use.index, use.busy_percent) == (1, None)
    assert meter.why_not == "device 0: GPU is lost"
    driver.broken -= {0, ("load", 1)}
    assert len(meter.read()) == 2
    assert meter.why_not == ""
    meter.close()
    meter.close()
    assert meter.read() == ()
