"""What a simulation comes to, in words and as plain JSON types.

Covers: the figures a person decides by. Does not cover: the simulation (`simulate`).
"""

from __future__ import annotations

from typing import Any

from kernel.soak.simulate import DayFigures, Forecast, Setting
from kernel.soak.workload import Workload

YEAR_DAYS = 365
GB = 1e9
HOUR_S = 3_600.0
DAYS_SHOWN_MAX = 14


def describe(
    forecast: Forecast, setting: Setting, workload: Workload, *, seed: int, wall_s: float
) -> dict[str, Any]:
    """Everything for programs: bytes, seconds, counts."""
    return {
        "days": len(forecast.days),
        "seed": seed,
        "wall_s": round(wall_s, 3),
        "monitors": setting.monitors,
        "cadence_s": setting.cadence_s,
        "machine": {"cores": setting.cpu.cores, "memory_bytes": setting.memory_bytes},
        "hosts_max": setting.governor.hosts_max,
        "cpu_share_max": setting.cpu.share_max,
        "workload": _workload(workload),
        "keeps_up": forecast.keeps_up,
        "backlog_peak": forecast.backlog_peak,
        "backlog_end": forecast.days[-1].backlog_end,
        "bytes_per_day": round(forecast.day_bytes),
        "bytes_per_year": round(forecast.day_bytes * YEAR_DAYS),
        "idle_needed_s_per_day": round(forecast.idle_needed_s),
        "idle_s_per_day": round(forecast.idle_s),
        "worked_s_per_day": round(forecast.worked_s),
        "per_day": [_day(day) for day in forecast.days],
    }


def format_lines(document: dict[str, Any]) -> list[str]:
    """The same for people."""
    machine, workload = document["machine"], document["workload"]
    lines = [
        f"{document['days']} days, {document['monitors']} monitors every "
        f"{document['cadence_s']:g} s, {machine['cores']} cores, "
        f"{machine['memory_bytes'] / GB:.0f} GB, seed {document['seed']}",
        *(
            f"  {stage['stage']} by {stage['model']}: {stage['mean_s']:.2f} s a task, "
            f"load {stage['load_s']:.1f} s ({stage['source']})"
            for stage in workload["stages"]
        ),
        f"  {workload['bytes_per_frame'] / 1e3:.0f} kB a frame ({workload['sources']['bytes']})",
        "",
        "day    frames     read  backlog: peak      end  loads  worked   stored",
    ]
    days = document["per_day"]
    shown = days if len(days) <= DAYS_SHOWN_MAX else [*days[: DAYS_SHOWN_MAX - 1], days[-1]]
    for day in shown:
        number = days.index(day) + 1
        lines.append(
            f"{number:>3} {day['frames']:>9,} {day['read']:>8,} {day['backlog_peak']:>14,} "
            f"{day['backlog_end']:>8,} {day['loads']:>6} {day['worked_s'] / HOUR_S:>5.1f} h "
            f"{day['stored_bytes'] / GB:>5.1f} GB"
        )
    needed_h, could_h = (
        document["idle_needed_s_per_day"] / HOUR_S,
        document["worked_s_per_day"] / HOUR_S,
    )
    return [
        *lines,
        "",
        f"storage: {document['bytes_per_day'] / GB:.1f} GB a day, "
        f"{document['bytes_per_year'] / GB / 1e3:.2f} TB a year, before frames are packed",
        f"backlog: {document['backlog_peak']:,} at most, {document['backlog_end']:,} at the end",
        f"idle time: {needed_h:.1f} h a day are needed, {could_h:.1f} h could be worked "
        f"of {document['idle_s_per_day'] / HOUR_S:.1f} h",
        "the machine keeps up"
        if document["keeps_up"]
        else "the machine does not keep up: the backlog grows from day to day",
    ]


def _workload(workload: Workload) -> dict[str, Any]:
    return {
        "bytes_per_frame": round(workload.blob_bytes),
        "bytes_per_event": round(workload.event_bytes),
        "derived_bytes_per_frame": round(workload.derived_bytes),
        "repeat_share": round(workload.repeat_share, 4),
        "sources": dict(workload.sources),
        "stages": [
            {
                "stage": cost.stage,
                "model": cost.model_key,
                "mean_s": round(cost.mean_s, 4),
                "load_s": round(cost.load_s, 3),
                "memory_bytes": cost.memory_bytes,
                "per_frame": round(cost.per_frame, 4),
                "source": cost.source,
            }
            for cost in workload.stages
        ],
    }


def _day(day: DayFigures) -> dict[str, Any]:
    return {
        "events": day.events,
        "frames": day.frames,
        "read": day.read,
        "stored_bytes": round(day.stored_bytes),
        "work_s": round(day.work_s),
        "worked_s": round(day.worked_s),
        "idle_s": round(day.idle_s),
        "loads": day.loads,
        "hosts_peak": day.hosts_peak,
        "backlog_peak": day.backlog_peak,
        "backlog_end": day.backlog_end,
        "oldest_wait_s": round(day.oldest_wait_s),
    }
