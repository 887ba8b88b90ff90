"""Budgets: what the decisions guarantee whatever the load does."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.scheduling.budget import (
    CpuPolicy,
    CpuState,
    HostMemory,
    RamPolicy,
    RamSample,
    RamState,
    may_load,
    step_cpu,
    step_ram,
)
from kernel.scheduling.retry import is_exhausted, retry_delay_s

GIB = 1 << 30
LIMIT = RamPolicy(limit_bytes=8 * GIB)


def simulate_cpu(
    policy: CpuPolicy, loads: list[float], period_s: float
) -> tuple[list[tuple[float, float]], float]:
    """Cumulative use at every period when a load of so many cores runs whenever it may."""
    state, used_s, now_s = CpuState(), 0.0, 0.0
    trace = [(0.0, 0.0)]
    for load in loads:
        state, verdict = step_cpu(state, used_s, now_s, now_s + period_s, policy)
        used_s += load * period_s if verdict.run else 0.0
        now_s += period_s
        trace.append((now_s, used_s))
    return trace, used_s


@given(
    cores=st.integers(1, 16),
    share=st.sampled_from([0.1, 0.25, 0.5, 0.9]),
    period_s=st.sampled_from([0.05, 0.1, 0.25]),
    seed=st.integers(0, 1_000),
    shape=st.sampled_from(["full", "random", "bursts"]),
)
def test_no_window_ever_holds_more_cpu_than_the_limit(
    cores: int, share: float, period_s: float, seed: int, shape: str
) -> None:
    rng = random.Random(seed)  # noqa: S311 - a load shape, no secret
    count = int(40 / period_s)
    if shape == "full":
        loads = [float(cores)] * count
    elif shape == "random":
        loads = [rng.uniform(0, cores) for _ in range(count)]
    else:
        loads = [float(cores) * (rng.random() < 0.3) for _ in range(count)]
    policy = CpuPolicy(cores=cores, share_max=share)
    trace, _ = simulate_cpu(policy, loads, period_s)
    width = round(policy.window_s / period_s)
    worst = max(later[1] - earlier[1] for earlier, later in zip(trace, trace[width:], strict=False))
    assert worst <= cores * share * policy.window_s + 1e-9


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_a_greedy_load_gets_nearly_all_of_its_share(cores: int) -> None:
    policy = CpuPolicy(cores=cores, share_max=0.5)
    _, used_s = simulate_cpu(policy, [float(cores)] * 1_200, 0.1)
    assert used_s / (120 * cores) >= 0.45


def test_the_share_is_spent_evenly_and_not_in_one_burst() -> None:
    policy = CpuPolicy(cores=1, share_max=0.5)
    trace, _ = simulate_cpu(policy, [1.0] * 600, 0.1)
    steady = trace[200:]
    worst_second = max(b[1] - a[1] for a, b in zip(steady, steady[10:], strict=False))
    assert worst_second <= 0.81


def test_a_counter_that_falls_back_mints_no_tokens() -> None:
    policy = CpuPolicy(cores=1, share_max=0.5)
    state = CpuState(samples=((0.0, 100.0),), tokens_s=0.0, running=False)
    state, verdict = step_cpu(state, 10.0, 0.1, 0.2, policy)
    assert state.tokens_s == pytest.approx(0.049)
    assert not verdict.run


def memory(name: str, used: float, *, idle_s: float = 0.0, cap: float = 100) -> HostMemory:
    return HostMemory(name, int(used * GIB), int(cap * GIB), idle_s, busy=idle_s == 0)


def sample(now_s: float, *hosts: HostMemory, kernel_gib: float = 0.0) -> RamSample:
    used = sum(host.used_bytes for host in hosts) + int(kernel_gib * GIB)
    return RamSample(now_s, used, hosts)


def test_memory_pressure_climbs_from_closing_to_unloading_to_killing() -> None:
    def verdict_at(used: float) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
        _, verdict = step_ram(
            RamState(), sample(0, memory("cold", 1, idle_s=60), memory("big", used - 1)), LIMIT
        )
        return verdict.admit, verdict.unload, verdict.kill

    assert verdict_at(6.0) == (True, (), ())
    assert verdict_at(7.0) == (False, (), ())
    assert verdict_at(7.3) == (False, ("cold",), ())
    assert verdict_at(7.9) == (False, (), ("big",))


def test_a_growing_host_is_killed_before_the_limit_is_passed() -> None:
    first = sample(0, memory("leak", 4.0), memory("still", 1.0))
    state, verdict = step_ram(RamState(), first, LIMIT)
    assert verdict.kill == ()
    state, verdict = step_ram(state, sample(1, memory("leak", 5.4), memory("still", 1.0)), LIMIT)
    assert verdict.kill == ("leak",)
    assert verdict.share < 1


def test_a_host_over_its_own_cap_is_reported_with_its_slope() -> None:
    state, _ = step_ram(RamState(), sample(0, memory("leak", 1.0, cap=2)), LIMIT)
    _, verdict = step_ram(state, sample(10, memory("leak", 2.5, cap=2)), LIMIT)
    assert verdict.kill == ("leak",)
    assert verdict.leaking == {"leak": round(1.5 * GIB / 10)}
    assert "passed its own cap" in verdict.reason


def test_admission_opens_again_only_well_below_where_it_closed() -> None:
    state, verdict = step_ram(RamState(), sample(0, memory("a", 7.0)), LIMIT)
    admits = [verdict.admit]
    for now_s, used in ((10, 6.5), (20, 6.1), (30, 5.9)):
        state, verdict = step_ram(state, sample(now_s, memory("a", used)), LIMIT)
        admits.append(verdict.admit)
    assert admits == [False, False, False, True]


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.floats(0, 300), st.floats(0.5, 12)), min_size=0, max_size=8
    ),
    st.floats(0, 4),
)
def test_only_hosts_that_exist_are_named_and_none_twice(
    shapes: list[tuple[float, float, float]], kernel_gib: float
) -> None:
    hosts = tuple(
        memory(f"h{index}", used, idle_s=idle, cap=cap)
        for index, (used, idle, cap) in enumerate(shapes)
    )
    _, verdict = step_ram(RamState(), sample(0, *hosts, kernel_gib=kernel_gib), LIMIT)
    named = list(itertools.chain(verdict.unload, verdict.kill))
    assert len(named) == len(set(named))
    assert set(named) <= {host.host_id for host in hosts}
    assert set(verdict.leaking) <= set(verdict.kill)
    over = sum(host.used_bytes for host in hosts) + int(kernel_gib * GIB) > LIMIT.limit_bytes
    assert verdict.kill or not (over and hosts)


def test_admission_counts_what_is_promised_to_hosts_still_loading() -> None:
    assert may_load(2 * GIB, 4 * GIB, 0, LIMIT)
    assert not may_load(2 * GIB, 4 * GIB, GIB, LIMIT)


@given(st.integers(1, 10_000))
def test_retry_delays_double_up_to_the_bound(attempt: int) -> None:
    delay_s = retry_delay_s(attempt, base_s=1.0, max_s=300.0)
    assert 1.0 <= delay_s <= 300.0
    assert delay_s == min(300.0, 2.0 ** min(attempt - 1, 20))
    assert is_exhausted(attempt, attempts_max=3) == (attempt >= 3)
