"""Makes run folders of soaks that never ran, good ones, for tests to spoil."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STARTED_US = 1_760_000_000_000_000
MB = 1_000_000
KERNEL_MB, HOST_MB = 120.0, 500.0
HOST_WARM_S = 15.0
FAULTS = ("host_killed", "kernel_killed", "disk_full")


@dataclass
class RunFolder:
    """All documents of one run as plain data; change them, then `write`."""

    plan: dict[str, Any]
    samples: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    produced: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    reconciliation: dict[str, Any] = field(default_factory=dict)
    verify: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)
    ledger: dict[str, Any] = field(default_factory=lambda: {"renewals_us": []})

    def write(self, folder: Path) -> Path:
        """Write every file as a run does."""
        folder.mkdir(parents=True, exist_ok=True)
        documents = {
            "plan.json": self.plan,
            "reconciliation.json": self.reconciliation,
            "verify.json": self.verify,
            "ended.json": self.ended,
            "ledger.json": self.ledger,
        }
        for name, document in documents.items():
            (folder / name).write_text(json.dumps(document, indent=1), encoding="utf-8")
        half = len(self.samples) // 2
        lines = {
            "metrics-0001.jsonl": self.samples[:half],
            "metrics-0002.jsonl": self.samples[half:],
            "events.jsonl": self.events,
            "produced.jsonl": self.produced,
            "checks.jsonl": self.checks,
        }
        for name, records in lines.items():
            text = "".join(json.dumps(record) + "\n" for record in records)
            (folder / name).write_text(text, encoding="utf-8")
        return folder


def at_us(at_s: float) -> int:
    """UTC of a moment of the run."""
    return STARTED_US + round(at_s * 1e6)


def good_run(
    *, length_s: float = 3_600.0, interval_s: float = 10.0, seed: int = 7, faults: bool = True
) -> RunFolder:
    """A run in which everything held: spells of 5 min of work and 5 min of rest (or a sixth)."""
    spell_s = min(300.0, length_s / 6)
    run = RunFolder(_plan(length_s, interval_s, seed, faults=faults))
    run.events.append({"at_us": at_us(0), "kind": "kernel_start", "run_id": "r-" + "1" * 32})
    spans = _fault_spans(length_s, spell_s) if faults else []
    for number, (name, from_s, to_s) in enumerate(spans):
        fault_id = f"f{number}"
        run.events.append(
            {"at_us": at_us(from_s), "kind": "fault", "fault_id": fault_id, "name": name}
        )
        run.events.append(
            {
                "at_us": at_us(to_s),
                "kind": "recovered",
                "fault_id": fault_id,
                "took_s": to_s - from_s,
            }
        )
        if name == "kernel_killed":
            run.events.append(
                {"at_us": at_us(from_s + 0.1), "kind": "kernel_exit", "explained_by": fault_id}
            )
            run.events.append({"at_us": at_us(from_s + 1.0), "kind": "kernel_start"})
    _add_phases(run, length_s, spell_s)
    _add_samples(run, length_s, interval_s, spell_s, spans, seed)
    _add_evidence(run, length_s)
    run.events.append(
        {"at_us": at_us(length_s), "kind": "kernel_exit", "explained_by": "the end of the run"}
    )
    run.events.sort(key=lambda event: event["at_us"])
    run.ended = {
        "ended_us": at_us(length_s + 1),
        "reason": "finished",
        "kernel_starts": 1 + sum(name == "kernel_killed" for name, _, _ in spans),
    }
    return run


def _plan(length_s: float, interval_s: float, seed: int, *, faults: bool) -> dict[str, Any]:
    return {
        "schema": 1,
        "profile": "mini-soak",
        "seed": seed,
        "planned_s": length_s,
        "faults": faults,
        "monitors": 2,
        "cadence_s": 0.5,
        "started_us": STARTED_US,
        "metrics_interval_s": interval_s,
        "hosts_max": 2,
        "cpu_share_max": 0.5,
        "memory_limit_bytes": 8_000 * MB,
        "idle_after_s": 30,
        "stop_deadline_s": 0.5,
        "warm_up_s": min(120.0, length_s / 8),
        "machine": {"cores": 4, "memory_bytes": 16_000 * MB, "system": "Linux", "wsl": False},
        "contracts_lock": "c" * 64,
        "plugins_lock": "b" * 64,
        "config_digest": "a" * 64,
        "artifact_budget_bytes": 64 * MB,
    }


def _fault_spans(length_s: float, spell_s: float) -> list[tuple[str, float, float]]:
    """One fault of each kind, a second or a few long, spread over the run."""
    took_s = min(20.0, spell_s / 6)
    first_s = length_s / 5
    return [
        (name, first_s + number * length_s / 5, first_s + number * length_s / 5 + took_s)
        for number, name in enumerate(FAULTS)
    ]


def _add_phases(run: RunFolder, length_s: float, spell_s: float) -> None:
    at_s, truth = 0.0, "active"
    while at_s < length_s:
        run.events.append({"at_us": at_us(at_s), "kind": "phase", "name": "work", "truth": truth})
        if truth == "active" and at_s:
            run.events.append({"at_us": at_us(at_s) + 1, "kind": "stop", "took_ms": 42.0})
        at_s, truth = at_s + spell_s, "idle" if truth == "active" else "active"


def truth_at(at_s: float, spell_s: float) -> str:
    """Whether the person of a good run works."""
    return "active" if int(at_s // spell_s) % 2 == 0 else "idle"


def _add_samples(
    run: RunFolder,
    length_s: float,
    interval_s: float,
    spell_s: float,
    spans: list[tuple[str, float, float]],
    seed: int,
) -> None:
    rng = random.Random(seed)  # noqa: S311 - noise, no secret
    killed_s = next((from_s for name, from_s, _ in spans if name == "kernel_killed"), length_s * 2)
    heavy_s, waiting, captured, processed = 0.0, 0, 0, 0
    for number in range(int(length_s / interval_s) + 1):
        at_s = number * interval_s
        truth = truth_at(at_s, spell_s)
        spell = int(at_s // spell_s)
        into_s = at_s - spell * spell_s
        hosts: list[dict[str, Any]] = []
        if truth == "idle" and into_s >= interval_s:
            heavy_s += 1.5 * interval_s
            grown_mb = HOST_MB * min(1.0, 0.5 + 0.5 * into_s / HOST_WARM_S)
            hosts = [
                {
                    "host_id": f"h{spell}-{index:08x}",
                    "pid": 1000 + spell * 10 + index,
                    "pss_bytes": round((grown_mb + rng.uniform(-8, 8)) * MB),
                }
                for index in range(2)
            ]
            waiting = max(0, waiting - 30)
            processed = captured - waiting
        elif truth == "active":
            waiting, captured = waiting + 12, captured + 40
        run.samples.append(
            {
                **_machine_facts(rng, hosts, zombies=int(number % 50 == 7)),
                "at_us": at_us(at_s),
                "mono_s": 50.0 + at_s,
                "kernel_pid": 100 if at_s <= killed_s else 200,
                "mode": truth,
                "truth": truth,
                "heavy_cpu_s": heavy_s,
                "backlog": {
                    "waiting": waiting,
                    "leased": len(hosts),
                    "done": processed,
                    "failed": 0,
                    "quarantined": 0,
                },
                "captured": captured,
                "processed": processed,
                "stop_ms": 42.0 if truth == "active" and spell else None,
                "model_loads": spell,
                "data_bytes": captured * 60_000,
            }
        )


def _machine_facts(
    rng: random.Random, hosts: list[dict[str, Any]], *, zombies: int
) -> dict[str, Any]:
    """The part of a sample that depends on the hosts alone."""
    kernel = round((KERNEL_MB + rng.uniform(-3, 3)) * MB)
    return {
        "tree_pss_bytes": kernel + sum(h["pss_bytes"] for h in hosts),
        "tree_swap_bytes": 0,
        "kernel_pss_bytes": kernel,
        "hosts": hosts,
        "cpu_share": 0.45 if hosts else 0.03,
        "processes": 1 + 2 * len(hosts),
        "hosts_count": len(hosts),
        "zombies": zombies,
        "orphans": 0,
        "threads": 14 + 6 * len(hosts),
        "descriptors": 60 + 10 * len(hosts),
        "ack_ms": {"p50": 4.0 + rng.random(), "p99": 15.0 + 5 * rng.random()},
        "disk_free_bytes": 90_000 * MB,
        "spool_bytes": 0,
        "query_ms": 80 + 20 * rng.random(),
        "cpu_budget_exceeded": False,
        "ram_budget_exceeded": False,
    }


def _add_evidence(run: RunFolder, length_s: float) -> None:
    frames = round(length_s / 3)
    run.produced = [
        {
            "frame_id": f"fr{number:06d}",
            "at_us": at_us(number * length_s / frames),
            "monitor": number % 2,
            "sha256": f"{number:064x}",
            "facts": [],
        }
        for number in range(frames)
    ]
    run.checks = [
        {
            "at_us": at_us((number + 1) * length_s / 42),
            "fact_id": f"F{number:06d}",
            "age_s": 30.0 + number * 60 % (length_s / 2),
            "while": "active" if number % 2 else "idle",
            "found": True,
            "cited": True,
            "event_ok": True,
            "box_iou_milli": 640,
            "ms": 85.0,
            "answer": "1,234.50",
            "problem": None,
            "pending": False,
        }
        for number in range(40)
    ]
    run.checks.append({**run.checks[-1], "found": False, "answer": "", "pending": True})
    run.reconciliation = {
        "produced": frames,
        "acknowledged": frames,
        "stored": frames,
        "searchable": frames,
        "lost": [],
        "unsearchable": [],
        "duplicates": 0,
        "as_of_us": at_us(length_s),
    }
    run.verify = {
        "ok": True,
        "quick": False,
        "events": frames,
        "blobs": frames,
        "segments": 2,
        "ledger_entries": 9,
        "bytes_checked": frames * 60_000,
        "findings": [],
        "notes": [],
    }
