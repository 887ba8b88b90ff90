"""The least makespan that any schedule of a backlog can have, loads included.

Every schedule loads each model on some set of hosts at least once. For given sets, the tasks of
any group of models run on the hosts of that group alone, and these spend at least their loads
beside: (work + loads of those hosts) / hosts is a bound, and the largest over all groups holds
(Gale's condition). The least over all ways to choose the sets bounds every schedule; it is
reached but for tasks being whole. Found by branch and bound, hosts being alike. How much that costs
is told from above by a schedule of whole tasks that exists.

Covers: backlogs that are all there at time zero. Does not cover: arrivals, memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

from kernel.scheduling.schedule import ModelTimings

SPLITS_MAX = 2_000_000
"""More ways to choose than this are not gone through: then the simple bound is the answer."""


@dataclass(frozen=True, slots=True)
class Family:
    """All tasks of one model."""

    load_s: float
    work_s: float


@dataclass(slots=True)
class _Search:
    families: tuple[Family, ...]
    hosts: int
    best_s: float = math.inf
    chosen: list[int] = field(default_factory=list)
    """Of each family so far the set of hosts, as bits."""


def makespan_bound_s(
    counts: Mapping[str, int], models: Mapping[str, ModelTimings], hosts: int
) -> float:
    """Seconds below which no schedule of so many tasks of each model on ``hosts`` can end."""
    families = tuple(
        Family(models[name].load_s, count * models[name].task_s) for name, count in counts.items()
    )
    if not families:
        return 0.0
    single_s = max(models[name].load_s + models[name].task_s for name in counts)
    simple_s = max(single_s, sum(family.load_s + family.work_s for family in families) / hosts)
    if (2**hosts - 1) ** len(families) > SPLITS_MAX:
        return simple_s
    # The most work first: its split decides most, and bad ones are cut off early.
    ordered = tuple(sorted(families, key=lambda family: -family.work_s))
    search = _Search(ordered, hosts)
    _descend(search, loads_s=sum(family.load_s for family in ordered), used=0)
    return max(simple_s, search.best_s)


def whole_tasks_s(
    counts: Mapping[str, int], models: Mapping[str, ModelTimings], hosts: int
) -> float:
    """The makespan of a schedule that exists: the least end is not above this.

    Each way to give every model a set of hosts is tried; the tasks are dealt out to them whole, the
    longest first, each to the host that is free soonest (Graham's longest processing time rule).
    """
    names = sorted(counts, key=lambda name: -models[name].task_s)
    sets = [
        tuple(members for members in combinations(range(hosts), size))
        for size in range(1, hosts + 1)
    ]
    every = [members for size in sets for members in size]
    best_s = math.inf
    for chosen in product(every, repeat=len(names)):
        best_s = min(best_s, _dealt_s(dict(zip(names, chosen, strict=True)), counts, models, hosts))
    return best_s if names else 0.0


def _dealt_s(
    chosen: Mapping[str, tuple[int, ...]],
    counts: Mapping[str, int],
    models: Mapping[str, ModelTimings],
    hosts: int,
) -> float:
    """The end when each model's tasks are dealt out to its hosts, in the order of ``chosen``."""
    ends_s = [
        sum(models[name].load_s for name, members in chosen.items() if host in members)
        for host in range(hosts)
    ]
    for name, members in chosen.items():
        for _ in range(counts[name]):
            ends_s[min(members, key=ends_s.__getitem__)] += models[name].task_s
    return max(ends_s)


def _descend(search: _Search, *, loads_s: float, used: int) -> None:
    work_s = sum(family.work_s for family in search.families)
    if (work_s + loads_s) / search.hosts >= search.best_s:
        return
    depth = len(search.chosen)
    if depth == len(search.families):
        search.best_s = min(search.best_s, _split_s(search))
        return
    for hosts in _sets(search.hosts, used):
        search.chosen.append(hosts)
        more_s = search.families[depth].load_s * (hosts.bit_count() - 1)
        _descend(search, loads_s=loads_s + more_s, used=used | hosts)
        search.chosen.pop()


def _sets(hosts: int, used: int) -> Iterator[int]:
    """Sets of hosts as bits, small ones first; of hosts without any model yet only the first ones.

    ``used`` is always a row of ones: unused hosts are alike.
    """
    for size in range(1, hosts + 1):
        for members in combinations(range(hosts), size):
            bits = sum(1 << member for member in members)
            fresh = bits & ~used
            if (used | fresh) & ((used | fresh) + 1) == 0:
                yield bits


def _split_s(search: _Search) -> float:
    """The makespan of the best split of work over the chosen sets."""
    loads_s = [
        sum(
            family.load_s
            for family, hosts in zip(search.families, search.chosen, strict=True)
            if hosts >> host & 1
        )
        for host in range(search.hosts)
    ]
    worst_s = 0.0
    for group in range(1, 1 << len(search.families)):
        hosts, work_s = 0, 0.0
        for index, family in enumerate(search.families):
            if group >> index & 1:
                hosts |= search.chosen[index]
                work_s += family.work_s
        busy_s = work_s + sum(loads_s[host] for host in range(search.hosts) if hosts >> host & 1)
        worst_s = max(worst_s, busy_s / hosts.bit_count())
        if worst_s >= search.best_s:
            break
    return worst_s
