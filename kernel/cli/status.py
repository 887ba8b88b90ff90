"""`kernel status`: what the kernel does and how it stands.

Covers: one shot, `--watch`, `--json`. Does not cover: gathering (`kernel.observe.status`).
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from contracts.stages import GRAPH
from kernel.cli.options import data_dir_option, json_option
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.observe.status import read_status

WATCH_S = 1.0


@click.command(
    help="Say what the kernel does and how it stands. Exits 1 when something is wrong "
    "(verdict: degraded); works with or without a running kernel."
)
@click.option("--watch", is_flag=True, help="Show it again every second until Ctrl-C.")
@json_option
@data_dir_option
@click.pass_context
def status(context: click.Context, *, watch: bool, as_json: bool, data_dir: DataDir) -> None:
    """Print the status once, or again and again."""
    if watch and not as_json and sys.stdout.isatty():
        document = _watch(data_dir)
    else:
        document = read_status(data_dir)
        _print(document, as_json=as_json)
        while watch:
            # Nothing announces a change to us: looking again is what --watch means.
            time.sleep(WATCH_S)  # noqa: TID251
            document = read_status(data_dir)
            _print(document, as_json=as_json)
    if not document["healthy"]:
        context.exit(ExitCode.FAILED)


def _print(document: dict[str, Any], *, as_json: bool) -> None:
    click.echo(json.dumps(document) if as_json else format_status(document))


def _watch(data_dir: DataDir) -> dict[str, Any]:
    """Redraw on a screen of its own until Ctrl-C; the last view stays when it ends."""
    from rich.live import Live
    from rich.text import Text

    document = read_status(data_dir)
    try:
        with Live(screen=True, auto_refresh=False) as live:
            while True:
                view = format_status(document) + f"\n\n{time.strftime('%H:%M:%S')}  Ctrl-C ends"
                live.update(Text(view, no_wrap=True, overflow="ellipsis"), refresh=True)
                time.sleep(WATCH_S)  # noqa: TID251 - as above
                document = read_status(data_dir)
    except KeyboardInterrupt:
        click.echo(format_status(document))
    return document


def format_status(document: dict[str, Any]) -> str:
    """The status for people."""
    backlog, coverage = document["backlog"], document["coverage"]
    lines = [
        f"{document['verdict'].upper()}: {document['reason']}",
        *(f"  do      {remedy}" for remedy in document["remedies"]),
        *(f"  note    {note}" for note in document["notes"] if note not in document["reason"]),
        f"data dir  {document['data_dir']} ({_room(document['disk'])})",
        f"evidence  {document['evidence']['events']} events, "
        f"{document['evidence']['frames']} frames, {_size(document['evidence']['bytes'])}"
        + _last_event(document["evidence"]["last_event"]),
        f"read      {coverage['processed']} of {coverage['events']} events",
        f"backlog   {_unread(backlog)} frames to read, {backlog['leased']} tasks running, "
        f"{backlog['failed']} failed, {backlog['quarantined']} quarantined"
        + (f", {backlog['unseen']} events not looked at yet" if backlog["unseen"] else ""),
    ]
    lines += [f"stages    {stages}"] if (stages := _later(document)) else []
    if embedded := document["embedded"]:
        lines.append(f"embed     {embedded['done']} of {embedded['texts']} texts embedded")
    lines += [f"waiting   {tasks}"] if (tasks := _waiting_later(backlog)) else []
    lines += [f"  error   {error['error']}" for error in backlog["errors"]]
    if document["kernel"]:
        lines += _kernel_lines(document["kernel"])
    return "\n".join(lines)


def _unread(backlog: dict[str, Any]) -> int:
    """Frames that wait for their text, now or later."""
    return sum(
        queue["tasks"]
        for queue in backlog["stages"]
        if queue["stage"] == "text" and queue["state"] in {"waiting", "delayed"}
    )


def _waiting_later(backlog: dict[str, Any]) -> str:
    """Tasks of the stages behind the text stage that wait, in the order of the graph."""
    waiting: dict[str, int] = {}
    for queue in backlog["stages"]:
        if queue["stage"] != "text" and queue["state"] in {"waiting", "delayed"}:
            waiting[queue["stage"]] = waiting.get(queue["stage"], 0) + queue["tasks"]
    names = [shape.name for shape in GRAPH if shape.name in waiting]
    return ", ".join(f"{name} {waiting[name]} tasks" for name in names)


def _later(document: dict[str, Any]) -> str:
    """Of the captures that were read, how many went through each later stage."""
    read = document["coverage"]["processed"]
    made = document["stages"]
    known = {*made, *(document["kernel"] or {}).get("stages", {})}
    names = [shape.name for shape in GRAPH if shape.unit == "frame" and shape.name in known]
    return ", ".join(f"{name} {made.get(name, 0)} of {read}" for name in names)


def _kernel_lines(live: dict[str, Any]) -> list[str]:
    heavy, activity = live["heavy_work"], live["activity"]
    lines = [
        f"kernel    pid {live['pid']}, profile {live['profile']}, up {_age(live['uptime_s'])}",
        f"heavy     {'may run' if heavy['allowed'] else 'waits'} "
        f"({live['governor']['mode']}): {heavy['reason']}",
        f"person    seen by {activity['source']}: {activity['reason']}; word {activity['word']}, "
        f"disk {activity['disk']}",
        f"hosts     {len(live['hosts'])} of {live['hosts_max']}, {live['host_crashes']} crashes",
    ]
    lines += [_host_line(host) for host in live["hosts"]]
    budget, rates = live["budget"], live["rates"]
    lines += [
        f"whole     {_size(budget['memory_bytes'])} of {_size(budget['memory_limit_bytes'])}, "
        f"{budget['cpu_percent']:.0f} % of a core, {budget['processes']} processes, "
        f"{budget['threads']} threads, {budget['descriptors']} open files",
        f"rates     {rates['captured_per_min']} captured, {rates['done_per_min']} read "
        "in the last minute",
    ]
    lines += [
        f"gpu       {gpu['name']}: {_size(gpu['used_bytes'])} of {_size(gpu['total_bytes'])}"
        for gpu in live["gpu"]["devices"]
    ]
    packing = live["packing"]
    if packing is not None and (packing["frames_packed"] or packing["problem"]):
        lines.append(
            f"packing   {packing['frames_packed']} frames, {_size(packing['original_bytes'])} to "
            f"{_size(packing['packed_bytes'])}, {packing['segments_replaced']} segments replaced"
            + (f"; {packing['problem']}" if packing["problem"] else "")
        )
    if pending := live["spool"]["pending_segments"]:
        lines.append(f"spool     {pending} segments on the second drive wait to be brought home")
    lines += [f"grabber   {line}"] if (line := _grabber(live["grabber"])) else []
    inbox = live["inbox"]
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(inbox["outcomes"].items()))
    lines.append(f"inbox     {inbox['folder']}: {inbox['waiting']} waiting {outcomes}".rstrip())
    return lines


def _grabber(facts: dict[str, Any] | None) -> str:
    """The screen grabber in a line; empty when none is wanted."""
    if facts is None:
        return ""
    doing = f"pid {facts['pid']}" if facts["pid"] is not None else "does not run"
    parts = (
        f"{facts['plugin']}: {doing}",
        f"started {facts['starts']} times" if facts["starts"] > 1 else "",
        facts["problem"] or facts["words"],
    )
    return ", ".join(part for part in parts if part)


def _host_line(host: dict[str, Any]) -> str:
    frozen = ", stopped" if host["frozen"] else ""
    where = f"pid {host['pid'] or '-'}" if host["hosting"] == "subprocess" else "in this process"
    doing = f"task {host['task_id']}" if host["task_id"] else f"{host['tasks_done']} tasks done"
    return "  ".join(
        (
            f"  {host['host_id']}",
            host["plugin_id"],
            f"{host['state']}{frozen}",
            where,
            f"model {host['model_key'] or '-'}",
            doing,
            f"{_size(host['pss_bytes'])}, {host['cpu_percent']:.0f} % CPU",
            f"{host['restarts']} restarts",
            f"sandbox {host['sandbox_level']}",
            f"up {_age(host['age_s'])}",
        )
    )


def _room(disk: dict[str, Any]) -> str:
    free = f"{_size(disk['free_bytes'])} free"
    if disk["days_left"] is None:
        return free
    return f"{free}, {disk['days_left']:.0f} days at {_size(disk['bytes_per_day'])} a day"


def _last_event(last: dict[str, Any] | None) -> str:
    return f", last {_age(last['age_s'])} ago from {last['source']}" if last else ""


def _age(seconds: float) -> str:
    for unit, size_s in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size_s:
            return f"{seconds / size_s:.1f} {unit}"
    return f"{seconds:.0f} s"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 - what the unit means
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
