"""What the plan makes of measurements."""

from __future__ import annotations

from contracts.derivation import StageTiming
from kernel.scheduling.learned import learn_timings
from kernel.scheduling.schedule import ModelTimings
from kernel.store.telemetry import TelemetryBook


def timing(*, run_ms: int = 1_000, load_ms: int = 0, memory_mib: int = 100) -> StageTiming:
    return StageTiming(
        queue_wait_us=5_000,
        load_us=load_ms * 1_000,
        run_us=run_ms * 1_000,
        input_bytes=10,
        memory_peak_bytes=memory_mib << 20,
        finished_at_us=1,
    )


def test_the_plan_believes_measurements_and_never_less_memory_than_declared() -> None:
    declared = {
        "ocr": ModelTimings(load_s=9.0, task_s=9.0, memory_bytes=300 << 20),
        "vlm": ModelTimings(load_s=20.0, task_s=3.0, memory_bytes=1 << 30),
        "new": ModelTimings(load_s=1.0, task_s=1.0, memory_bytes=1),
    }
    book = TelemetryBook()
    for _ in range(3):
        book.add("text", "ocr", timing(run_ms=500, load_ms=2_000, memory_mib=100))
    book.add("caption", "vlm", timing(run_ms=100, memory_mib=4_096))
    learned = learn_timings(declared, book.aggregates())
    assert learned["ocr"] == ModelTimings(load_s=2.0, task_s=0.5, memory_bytes=300 << 20)
    assert learned["vlm"] == ModelTimings(load_s=20.0, task_s=3.0, memory_bytes=4 << 30)
    assert learned["new"] == declared["new"]


def test_the_peak_of_a_leak_does_not_count_beyond_the_cap_at_which_its_host_is_ended() -> None:
    declared = {"leaky": ModelTimings(load_s=1.0, task_s=1.0, memory_bytes=64 << 20)}
    book = TelemetryBook()
    book.add("text", "leaky", timing(memory_mib=900))
    caps = {"leaky": 200 << 20}
    assert learn_timings(declared, book.aggregates(), caps)["leaky"].memory_bytes == 200 << 20
    assert learn_timings(declared, book.aggregates())["leaky"].memory_bytes == 900 << 20
