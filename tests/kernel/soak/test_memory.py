"""What memory says: the person's day is no leak, a leak is one, and a short run says little."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.soak import thresholds
from kernel.soak.memory import Memory, slope_limit_mb_h, study_memory
from kernel.soak.runfiles import read_run
from tests.kernel.soak.runfolder import MB, RunFolder, at_us, good_run


def study(run: RunFolder, folder: Path) -> Memory:
    return study_memory(read_run(run.write(folder)))


def trend_of(memory: Memory, name: str) -> float:
    return next(trend.slope_mb_h for trend in memory.trends if trend.name == name)


def grow(run: RunFolder, mb_h: float) -> None:
    for sample in run.samples:
        grown = round(mb_h * MB * (sample["at_us"] - at_us(0)) / 3.6e9)
        sample["tree_pss_bytes"] += grown
        sample["kernel_pss_bytes"] += grown


def test_hosts_that_come_and_go_are_no_slope(tmp_path: Path) -> None:
    """The tree swings by a gigabyte with the person's day, and ends with hosts running."""
    memory = study(good_run(length_s=6 * 3_600.0, interval_s=10.0), tmp_path)
    assert memory.steepest is None
    assert abs(trend_of(memory, "whole tree")) < 1.0
    assert memory.worst_growth is not None
    assert memory.worst_growth.growth_mb < 20


@pytest.mark.parametrize("mb_h", [6.0, 20.0])
def test_a_slow_leak_of_the_kernel_is_found_in_six_hours(tmp_path: Path, mb_h: float) -> None:
    run = good_run(length_s=6 * 3_600.0)
    grow(run, mb_h)
    steepest = study(run, tmp_path).steepest
    assert steepest is not None
    assert steepest.slope_mb_h == pytest.approx(mb_h, rel=0.15)
    assert steepest.limit_mb_h == 5.0
    assert steepest.slope_mb_h > steepest.limit_mb_h


def test_a_slope_just_below_the_limit_is_none(tmp_path: Path) -> None:
    run = good_run(length_s=6 * 3_600.0)
    grow(run, 4.0)
    steepest = study(run, tmp_path).steepest
    assert steepest is None or steepest.slope_mb_h < steepest.limit_mb_h


def test_a_few_megabytes_in_five_minutes_are_not_blown_up_to_an_hour(tmp_path: Path) -> None:
    """Two megabytes in four minutes are 30 MB/h, and the end of a warm-up."""
    run = good_run(length_s=300.0, interval_s=2.0)
    grow(run, 30.0)
    steepest = study(run, tmp_path).steepest
    assert steepest is None or steepest.slope_mb_h < steepest.limit_mb_h


def test_growth_counts_in_five_minutes_too(tmp_path: Path) -> None:
    run = good_run(length_s=300.0, interval_s=2.0)
    grow(run, 150.0 * 3_600 / 150)
    worst = study(run, tmp_path).worst_growth
    assert worst is not None
    assert worst.growth_mb > 100


def leak_during(run: RunFolder, name: str) -> RunFolder:
    """Three gigabytes more while the fault lasts, under the given name."""
    fault = next(e for e in run.events if e["kind"] == "fault" and e["name"] == "disk_full")
    fault["name"] = name
    for sample in run.samples:
        if 0 <= sample["at_us"] - fault["at_us"] <= 20e6:
            sample["tree_pss_bytes"] += 3_000 * MB
    return run


def test_an_announced_leak_is_left_out(tmp_path: Path) -> None:
    run = good_run()
    next(e for e in run.events if e.get("name") == "disk_full")["name"] = "plugin_leak"
    quiet = study(run, tmp_path / "quiet")
    assert study(leak_during(good_run(), "plugin_leak"), tmp_path / "spoiled") == quiet


def test_a_fault_that_takes_no_memory_excuses_none(tmp_path: Path) -> None:
    quiet = study(good_run(), tmp_path / "quiet")
    assert study(leak_during(good_run(), "disk_full"), tmp_path / "spoiled") != quiet


def test_an_unrecovered_fault_does_not_excuse_the_rest_of_the_run(tmp_path: Path) -> None:
    run = good_run(length_s=6 * 3_600.0)
    run.events = [event for event in run.events if event["kind"] != "recovered"]
    grow(run, 30.0)
    memory = study(run, tmp_path)
    assert memory.worst_growth is not None
    assert memory.worst_growth.growth_mb > 100


def test_nothing_measured_is_nothing_known(tmp_path: Path) -> None:
    run = good_run()
    for sample in run.samples:
        sample["tree_pss_bytes"] = None
    memory = study(run, tmp_path)
    assert memory.trends == ()
    assert memory.seen == 0


def test_the_limit_of_a_slope_depends_on_how_long_one_looked() -> None:
    assert slope_limit_mb_h(3_600.0, 10.0) == 5.0
    assert slope_limit_mb_h(86_400.0, 25.0) == 5.0
    assert slope_limit_mb_h(360.0, 10.0) == 100.0
    assert slope_limit_mb_h(2_399.0, 10.0) > 5.0
    assert thresholds.threshold("memory_slope").limit == 5


def step_up(run: RunFolder, mb: float, *shares: float) -> None:
    """So much more from each of these parts of the run on."""
    for sample in run.samples:
        part = (sample["at_us"] - at_us(0)) / (run.samples[-1]["at_us"] - at_us(0))
        grown = round(mb * MB * sum(part >= share for share in shares))
        sample["tree_pss_bytes"] += grown
        sample["kernel_pss_bytes"] += grown


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6, 0.8])
def test_one_step_is_growth_and_no_slope(tmp_path: Path, share: float) -> None:
    run = good_run(faults=False)
    step_up(run, 15.0, share)
    memory = study(run, tmp_path)
    steepest = memory.steepest
    assert steepest is None or steepest.slope_mb_h < steepest.limit_mb_h
    assert memory.worst_growth is not None
    assert memory.worst_growth.growth_mb > 10


def test_two_steps_are_a_slope(tmp_path: Path) -> None:
    run = good_run(faults=False)
    step_up(run, 15.0, 0.4, 0.75)
    steepest = study(run, tmp_path).steepest
    assert steepest is not None
    assert steepest.slope_mb_h > steepest.limit_mb_h


def test_a_leak_that_begins_late_is_a_slope(tmp_path: Path) -> None:
    run = good_run(faults=False)
    for sample in run.samples[len(run.samples) // 2 :]:
        grown = round(40 * MB * (sample["at_us"] - at_us(1_800)) / 3.6e9)
        sample["tree_pss_bytes"] += grown
        sample["kernel_pss_bytes"] += grown
    steepest = study(run, tmp_path).steepest
    assert steepest is not None
    assert steepest.slope_mb_h > steepest.limit_mb_h
