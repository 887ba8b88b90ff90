"""What the kernel does and how its data dir stands, read from the outside.

Covers: gathering facts from the stores and, when one runs, from the kernel itself. Does not
cover: the verdict (`verdict`), printing (`kernel.cli.status`). Read-only; works beside a
running kernel or without one.
"""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

import apsw

from contracts.control import AskStatus, StatusReply
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.observe.verdict import Facts, Verdict, judge
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.lock import is_held, read_holder
from kernel.supervision.address import control_socket_of
from kernel.supervision.control import ControlClient

ERRORS_SHOWN_MAX = 5
ASK_TIMEOUT_S = 3.0
COUNTED_STATES = ("waiting", "delayed", "leased", "done", "failed", "quarantined")
WAITING_STATES = ("waiting", "delayed", "unseen")
GIVEN_UP_STATES = frozenset({"failed", "quarantined"})
DISK_PROBLEMS = {
    "red": "the drive is nearly full: new evidence goes to the second drive, if one is set",
    "black": "the drive is full: captures are refused",
}


def read_status(data_dir: DataDir) -> dict[str, Any]:
    """The whole status document; docs/cli.md has its fields. Raises nothing for a sick kernel."""
    live, problems = _ask_kernel(data_dir)
    evidence, bytes_per_day = _evidence(data_dir, problems)
    document: dict[str, Any] = {
        "data_dir": str(data_dir.root),
        "running": is_held(data_dir.lock_file),
        "evidence": evidence,
        "backlog": _backlog(data_dir, problems),
        "coverage": _coverage(data_dir, problems),
        "stages": _stages(data_dir, problems),
        "disk": _disk(data_dir, bytes_per_day),
        "kernel": live,
    }
    document["backlog"]["unseen"] = max(
        0, document["evidence"]["events"] - document["backlog"].pop("cursor", 0)
    )
    verdict = _judge(document, live, problems)
    return {
        "verdict": verdict.word,
        "reason": verdict.reason,
        "healthy": verdict.is_healthy,
        "problems": problems,
        **document,
    }


def _ask_kernel(data_dir: DataDir) -> tuple[dict[str, Any] | None, list[str]]:
    if not is_held(data_dir.lock_file):
        return None, []
    holder = read_holder(data_dir.lock_file)
    who = f"process {holder.pid}" if holder else "some process"
    socket = control_socket_of(data_dir)
    if socket is None:
        return None, [f"{who} holds the data dir and has no control socket"]
    client = ControlClient(socket, timeout_s=ASK_TIMEOUT_S)
    try:
        document = json.loads(client.ask(AskStatus(), StatusReply).document)
    except KernelError as error:
        return None, [f"{who} does not answer: {error.message}"]
    finally:
        client.close()
    return document, _live_problems(document)


def _live_problems(live: dict[str, Any]) -> list[str]:
    problems = list(live["problems"])
    if live["stuck"]:
        problems.append(f"what waits cannot be processed: {live['stuck']}")
    for stage, reason in live["left_out"].items():
        problems.append(f"the stage {stage} is left out: {reason}")
    for plugin_id, cause in live["quarantined"].items():
        problems.append(
            f"plugin {plugin_id} is quarantined: {cause} "
            f"(kernel plugins quarantine --lift {plugin_id})"
        )
    problems += [
        f"plugin {host['plugin_id']} does not give way: its thread holds one of "
        f"{live['hosts_max']} hosts until the kernel is started again"
        for host in live["hosts"]
        if host["hung"]
    ]
    disk = DISK_PROBLEMS.get(live["activity"]["disk"])
    if disk:
        problems.append(disk)
    inbox = live["inbox"]
    if inbox["problem"]:
        problems.append(f"inbox: {inbox['problem']}")
    return problems


def _evidence(data_dir: DataDir, problems: list[str]) -> tuple[dict[str, Any], int]:
    """What is stored, and how fast it grows."""
    facts: dict[str, Any] = {"events": 0, "blobs": 0, "bytes": 0, "last_event": None}
    if not data_dir.journal_db.is_file():
        return facts, 0
    try:
        with EvidenceStore.open_read_only(data_dir) as store:
            stats, last = store.stats(), store.last_event()
            bytes_per_day = store.bytes_per_day()
    except (KernelError, apsw.Error) as error:
        problems.append(f"evidence cannot be read: {error}")
        return facts, 0
    facts |= {
        "events": stats.events,
        "blobs": stats.blobs,
        "bytes": stats.pack_bytes + stats.journal_bytes,
    }
    if last is not None:
        facts["last_event"] = {
            "event_id": last.event_id,
            "captured_at_us": last.captured_at_us,
            "received_at_us": last.received_at_us,
            "age_s": round(max(0.0, time.time() - last.received_at_us / 1e6), 1),
            "source": last.source,
        }
    return facts, bytes_per_day


def _backlog(data_dir: DataDir, problems: list[str]) -> dict[str, Any]:
    totals = dict.fromkeys(COUNTED_STATES, 0)
    document: dict[str, Any] = {**totals, "stages": [], "errors": []}
    try:
        backlog = Backlog.open_read_only(data_dir)
        if backlog is not None:
            document["cursor"] = backlog.cursor()
            _count_backlog(backlog, document, problems)
    except (KernelError, apsw.Error) as error:
        problems.append(f"the backlog cannot be read: {error}")
    return document


def _count_backlog(backlog: Backlog, document: dict[str, Any], problems: list[str]) -> None:
    given_up_by: set[str] = set()
    try:
        for count in backlog.counts():
            if count.state in GIVEN_UP_STATES and count.tasks:
                given_up_by.add(count.plugin_id)
            document[count.state] = document.get(count.state, 0) + count.tasks
            document["stages"].append(
                {
                    "stage": count.stage,
                    "plugin": count.plugin_id,
                    "state": count.state,
                    "tasks": count.tasks,
                    "oldest_captured_at_us": count.oldest_us,
                    "newest_captured_at_us": count.newest_us,
                }
            )
        document["errors"] = [
            {"task_id": t.task_id, "input": t.key.input_digest, "state": t.state, "error": t.error}
            for t in backlog.given_up(ERRORS_SHOWN_MAX)
        ]
    finally:
        backlog.close()
    if document["failed"] or document["quarantined"]:
        given_up = document["failed"] + document["quarantined"]
        who = ", ".join(sorted(given_up_by))
        problems.append(f"{given_up} tasks of {who} were given up (kernel process --retry-failed)")


def _coverage(data_dir: DataDir, problems: list[str]) -> dict[str, int]:
    if not data_dir.journal_db.is_file():
        return {"events": 0, "processed": 0}
    try:
        with EvidenceStore.open_read_only(data_dir) as evidence:
            events = evidence.count_events()
        if not data_dir.derived_db.exists():
            return {"events": events, "processed": 0}
        with DerivedStore.open_read_only(data_dir) as derived:
            return {"events": events, "processed": derived.count_processed_events()}
    except (KernelError, apsw.Error) as error:
        problems.append(f"derived records cannot be read: {error}")
        return {"events": 0, "processed": 0}


def _stages(data_dir: DataDir, problems: list[str]) -> dict[str, int]:
    """Captures with a current result, for each stage behind the text stage."""
    if not data_dir.derived_db.exists():
        return {}
    try:
        with DerivedStore.open_read_only(data_dir) as derived:
            return derived.count_results()
    except (KernelError, apsw.Error) as error:
        problems.append(f"results of stages cannot be counted: {error}")
        return {}


def _disk(data_dir: DataDir, bytes_per_day: int) -> dict[str, Any]:
    existing = data_dir.root
    while not existing.exists():
        existing = existing.parent
    usage = shutil.disk_usage(existing)
    return {
        "free_bytes": usage.free,
        "total_bytes": usage.total,
        "bytes_per_day": bytes_per_day,
        "days_left": round(usage.free / bytes_per_day, 1) if bytes_per_day else None,
    }


def _judge(document: dict[str, Any], live: dict[str, Any] | None, problems: list[str]) -> Verdict:
    heavy = (live or {}).get("heavy_work", {"allowed": False, "reason": ""})
    reason = str(heavy["reason"])
    backlog = document["backlog"]
    return judge(
        Facts(
            running=document["running"],
            problems=tuple(problems),
            paused=reason if "pause" in reason else "",
            heavy_allowed=bool(heavy["allowed"]),
            heavy_reason=reason,
            waiting=sum(backlog[state] for state in WAITING_STATES),
            in_hand=backlog["leased"],
        )
    )
