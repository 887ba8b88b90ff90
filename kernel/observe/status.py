"""What the kernel does and how its data dir stands, read from the outside.

Covers: gathering facts from the stores and, when one runs, from the kernel itself. Does not
cover: the verdict (`verdict`), printing (`kernel.cli.status`). Read-only; works beside a
running kernel or without one.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict
from typing import Any

import apsw

from contracts.control import AskStatus, StatusReply
from kernel.config.errors import KernelError
from kernel.config.kinds import wrong_kinds
from kernel.config.paths import DataDir
from kernel.observe.check import telling_line
from kernel.observe.problems import Problem, live_problems, notes_of, text_off, unreachable
from kernel.observe.verdict import Facts, Verdict, judge
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.lock import is_held, lock_problem, read_holder
from kernel.store.lost_journal import lost_journal
from kernel.store.sqlite import structure_fault
from kernel.store.vectors import VectorStore, why_unavailable
from kernel.supervision.address import control_socket_of, read_note
from kernel.supervision.control import ControlClient

ERRORS_SHOWN_MAX = 5
ASK_TIMEOUT_S = 3.0
COUNTED_STATES = ("waiting", "delayed", "leased", "done", "failed", "quarantined")
WAITING_STATES = frozenset({"waiting", "delayed"})
GIVEN_UP_STATES = frozenset({"failed", "quarantined"})
MEND_EVIDENCE = "stop the kernel, then: kernel verify, kernel repair"
MEND_REBUILDABLE = (
    "stop the kernel and start it again: a damaged one is set aside and made again from evidence"
)
MEND_LOCK = (
    "a running kernel makes the lock file anew within seconds; move away what has its name, and "
    "never delete it under a kernel"
)
MEND_KIND = "look at what has that name, move it away, and start the kernel again"
EVIDENCE_UNREAD = "evidence cannot be read"
DERIVED_UNREAD = "derived records cannot be read"
BACKLOG_UNREAD = "the backlog cannot be read"
CHECK_BUDGET_S = 0.5
"""For each database of a kernel that does not run; the doctor looks at all of them whole."""
RETRY = "kernel process --retry-failed"


def read_status(data_dir: DataDir) -> dict[str, Any]:
    """The whole status document; docs/cli.md has its fields. Raises nothing for a sick kernel."""
    live, problems = _ask_kernel(data_dir)
    problems += _lock_problems(data_dir)
    problems += [Problem(text, MEND_KIND) for text in wrong_kinds(data_dir)]
    evidence, bytes_per_day = _evidence(data_dir, problems)
    document: dict[str, Any] = {
        "data_dir": str(data_dir.root),
        "running": is_held(data_dir.lock_file),
        "evidence": evidence,
        "backlog": _backlog(data_dir, problems),
        "coverage": _coverage(data_dir, evidence["events"], problems),
        "stages": _stages(data_dir, problems),
        "embedded": _embedded(data_dir, problems),
        "disk": _disk(data_dir, bytes_per_day),
        "kernel": live,
    }
    if not document["running"]:
        problems += _damages(data_dir, problems)
    document["backlog"]["unseen"] = max(
        0, document["evidence"]["events"] - document["backlog"].pop("cursor", 0)
    )
    notes = notes_of(live) if live is not None else []
    notes += _idle_stages(document, live)
    verdict = _judge(document, live, problems, notes)
    return {
        "verdict": verdict.word,
        "reason": verdict.reason,
        "healthy": verdict.is_healthy,
        "problems": [problem.text for problem in problems],
        "remedies": list(dict.fromkeys(problem.remedy for problem in problems)),
        "notes": notes,
        **document,
    }


def _ask_kernel(data_dir: DataDir) -> tuple[dict[str, Any] | None, list[Problem]]:
    if not is_held(data_dir.lock_file):
        return None, []
    holder, note = read_holder(data_dir.lock_file), read_note(data_dir)
    pid = holder.pid if holder else None
    was_kernel = note is not None and note.pid == pid
    socket = control_socket_of(data_dir)
    if socket is None:
        why = "holds the data dir and has no control socket"
        return None, [unreachable(pid, was_kernel=was_kernel, why=why)]
    client = ControlClient(socket, timeout_s=ASK_TIMEOUT_S)
    try:
        document = json.loads(client.ask(AskStatus(), StatusReply).document)
    except KernelError as error:
        why = f"does not answer: {error.message}"
        return None, [unreachable(pid, was_kernel=was_kernel, why=why)]
    finally:
        client.close()
    return document, live_problems(document)


def _lock_problems(data_dir: DataDir) -> list[Problem]:
    text = lock_problem(data_dir.lock_file)
    return [Problem(text, MEND_LOCK)] if text else []


def _evidence(data_dir: DataDir, problems: list[Problem]) -> tuple[dict[str, Any], int]:
    """What is stored, and how fast it grows."""
    facts: dict[str, Any] = dict.fromkeys(("events", "blobs", "frames", "bytes"), 0)
    facts["last_event"] = None
    lost = lost_journal(data_dir)
    if lost is not None:
        problems.append(Problem(lost.message, lost.hint or MEND_EVIDENCE))
    if lost is not None or not data_dir.journal_db.is_file():
        return facts, 0
    try:
        with EvidenceStore.open_read_only(data_dir) as store:
            stats, last = store.stats(), store.last_event()
            bytes_per_day = store.bytes_per_day()
    except (KernelError, apsw.Error) as error:
        problems.append(_unreadable(EVIDENCE_UNREAD, error, MEND_EVIDENCE))
        return facts, 0
    facts |= {
        "events": stats.events,
        "blobs": stats.blobs,
        "frames": stats.frames,
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


def _backlog(data_dir: DataDir, problems: list[Problem]) -> dict[str, Any]:
    totals = dict.fromkeys(COUNTED_STATES, 0)
    document: dict[str, Any] = {**totals, "stages": [], "errors": []}
    try:
        backlog = Backlog.open_read_only(data_dir)
        if backlog is not None:
            document["cursor"] = backlog.cursor()
            _count_backlog(backlog, document, problems)
    except (KernelError, apsw.Error) as error:
        problems.append(_unreadable(BACKLOG_UNREAD, error, MEND_REBUILDABLE))
    return document


def _damages(data_dir: DataDir, told: list[Problem]) -> list[Problem]:
    """Damage that no count has met; a kernel that runs has looked when it started."""
    found = []
    for path, what, remedy in (
        (data_dir.journal_db, EVIDENCE_UNREAD, MEND_EVIDENCE),
        (data_dir.derived_db, DERIVED_UNREAD, MEND_REBUILDABLE),
        (data_dir.backlog_db, BACKLOG_UNREAD, MEND_REBUILDABLE),
    ):
        if not path.is_file() or any(problem.text.startswith(what) for problem in told):
            continue
        try:
            fault = structure_fault(path, budget_s=CHECK_BUDGET_S)
        except (KernelError, apsw.Error) as error:
            fault = str(error)
        if fault:
            text = f"{path.name} is damaged: {telling_line(fault)}"
            found.append(Problem(text, remedy))
    return found


def _count_backlog(backlog: Backlog, document: dict[str, Any], problems: list[Problem]) -> None:
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
            {
                "task_id": t.task_id,
                "input": t.key.input_digest,
                "state": t.state,
                "error": t.error,
                "attempts": [asdict(one) for one in backlog.attempts.of_task(t.task_id)],
            }
            for t in backlog.given_up(ERRORS_SHOWN_MAX)
        ]
    finally:
        backlog.close()
    if document["failed"] or document["quarantined"]:
        given_up = document["failed"] + document["quarantined"]
        who = ", ".join(sorted(given_up_by))
        problems.append(Problem(f"{given_up} tasks of {who} were given up ({RETRY})", RETRY))


def _coverage(data_dir: DataDir, events: int, problems: list[Problem]) -> dict[str, int]:
    coverage = {"events": events, "processed": 0}
    # What was processed is counted beside the journal: whose loss is told already.
    if data_dir.derived_db.exists() and lost_journal(data_dir) is None:
        try:
            with DerivedStore.open_read_only(data_dir) as derived:
                coverage["processed"] = derived.count_processed_events()
        except (KernelError, apsw.Error) as error:
            problems.append(_unreadable(DERIVED_UNREAD, error, MEND_REBUILDABLE))
    return coverage


def _stages(data_dir: DataDir, problems: list[Problem]) -> dict[str, int]:
    """Captures with a current result, for each stage behind the text stage."""
    if not data_dir.derived_db.exists():
        return {}
    try:
        with DerivedStore.open_read_only(data_dir) as derived:
            return derived.count_results()
    except (KernelError, apsw.Error) as error:
        problems.append(_unreadable("results of stages cannot be counted", error, MEND_REBUILDABLE))
        return {}


def _embedded(data_dir: DataDir, problems: list[Problem]) -> dict[str, int] | None:
    """Distinct texts, and how many of them were gone over for vectors; None where nobody does."""
    if not data_dir.derived_db.exists() or why_unavailable():
        return None
    try:
        with DerivedStore.open_read_only(data_dir) as derived:
            maker = derived.embed_maker()
            if maker is None:
                return None
            texts, done = derived.count_texts(), 0
            store = VectorStore.open_read_only(data_dir)
            if store is not None:
                with store:
                    done = min(texts, derived.embedded_up_to(maker, store.store_id()))
            return {"texts": texts, "done": done}
    except (KernelError, apsw.Error) as error:
        problems.append(_unreadable("vectors cannot be counted", error, MEND_REBUILDABLE))
        return None


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


def _unreadable(what: str, error: Exception, remedy: str) -> Problem:
    """What is told of an error; its own next step is better than the general one."""
    if isinstance(error, KernelError) and error.hint:
        remedy = error.hint
    return Problem(f"{what}: {telling_line(str(error))}", remedy)


def _waiting(document: dict[str, Any], *, in_force: set[str]) -> dict[str, int]:
    """Stage -> tasks that wait, now or later: of stages in force, or of the others."""
    waiting: dict[str, int] = {}
    for queue in document["backlog"]["stages"]:
        name = queue["stage"]
        if queue["state"] in WAITING_STATES and name in in_force:
            waiting[name] = waiting.get(name, 0) + queue["tasks"]
    return waiting


def _idle_stages(document: dict[str, Any], live: dict[str, Any] | None) -> list[str]:
    """Tasks that no plugin does now, because the settings name none for their stage."""
    if live is None or text_off(live):
        return []
    queues = {queue["stage"] for queue in document["backlog"]["stages"]}
    idle = queues - set(live["stages"]) - set(live["left_out"])
    return [
        f"{tasks} tasks of the stage {name} wait, and no plugin is set to do it"
        for name, tasks in sorted(_waiting(document, in_force=idle).items())
    ]


def _judge(
    document: dict[str, Any],
    live: dict[str, Any] | None,
    problems: list[Problem],
    notes: list[str],
) -> Verdict:
    heavy = (live or {}).get("heavy_work", {"allowed": False, "reason": ""})
    reason = str(heavy["reason"])
    backlog = document["backlog"]
    off = live is not None and text_off(live)
    in_force = {"text"} if off else set((live or {}).get("stages", ()))
    return judge(
        Facts(
            running=document["running"],
            problems=tuple(problem.text for problem in problems),
            paused=reason if "pause" in reason else "",
            heavy_allowed=bool(heavy["allowed"]),
            heavy_reason=reason,
            waiting=sum(_waiting(document, in_force=in_force).values()) + backlog["unseen"],
            in_hand=0 if off else backlog["leased"],
            text_off=off,
            note="; ".join(notes),
        )
    )
