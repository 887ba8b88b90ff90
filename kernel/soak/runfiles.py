"""The records of one soak, read from its run folder as far as they can be read.

Covers: every file of the folder, torn and damaged lines (counted and left out), missing files
(absent values). Does not cover: writing them (the driver's side), judging (`verdict`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from kernel.config.errors import ExitCode, KernelError
from kernel.soak.thresholds import recovery_limit_s

PLAN = "plan.json"
METRICS = "metrics-*.jsonl"
EVENTS = "events.jsonl"
PRODUCED = "produced.jsonl"
CHECKS = "checks.jsonl"
RECONCILIATION = "reconciliation.json"
VERIFY = "verify.json"
ENDED = "ended.json"
LEDGER = "ledger.json"
REBOOT = "reboot"
"""Why a gap is that a resumed run tells first."""
REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
LINE_BYTES_MAX = 1 << 20
"""A longer line is damage; the records hold none."""

Number = int | float
S = TypeVar("S", bound=msgspec.Struct)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What was to be done, on what and within which limits; None where the file lacks it."""

    profile: str | None = None
    seed: int | str | None = None
    planned_s: Number | None = None
    faults: bool | None = None
    live: bool = False
    monitors: int | None = None
    cadence_s: Number | None = None
    started_us: int | None = None
    hosts_max: int | None = None
    cpu_share_max: float | None = None
    memory_limit_bytes: int | None = None
    idle_after_s: Number | None = None
    stop_deadline_s: Number | None = None
    warm_up_s: Number | None = None
    metrics_interval_s: Number | None = None
    machine: dict[str, Any] = {}
    contracts_lock: str | None = None
    plugins_lock: str | None = None
    config_digest: str | None = None
    artifact_budget_bytes: int | None = None


class HostSample(msgspec.Struct, frozen=True, kw_only=True):
    """One host as the sampler saw it."""

    host_id: str = ""
    pid: int | None = None
    pss_bytes: int | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One line of metrics, taken from outside the kernel; None where it could not be read."""

    at_us: int
    mono_s: float | None = None
    kernel_pid: int | None = None
    mode: str = "unknown"
    truth: str = "unknown"
    tree_pss_bytes: int | None = None
    tree_swap_bytes: int | None = None
    kernel_pss_bytes: int | None = None
    hosts: tuple[HostSample, ...] = ()
    cpu_share: float | None = None
    cpu_window_share: float | None = None
    heavy_cpu_s: float | None = None
    heavy_active_cpu_s: float | None = None
    processes: int | None = None
    hosts_count: int | None = None
    hosts_peak: int | None = None
    zombies: int | None = None
    orphans: int | None = None
    threads: int | None = None
    descriptors: int | None = None
    backlog: dict[str, int] | None = None
    captures_left_out: int | None = None
    captured: int | None = None
    processed: int | None = None
    ack_ms: dict[str, float | None] | None = None
    stop_ms: float | None = None
    model_loads: int | None = None
    disk_free_bytes: int | None = None
    data_bytes: int | None = None
    spool_bytes: int | None = None
    query_ms: float | None = None
    cpu_budget_exceeded: bool | None = None
    ram_budget_exceeded: bool | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of events; which fields there are depends on ``kind``."""

    at_us: int
    kind: str
    fault_id: str | None = None
    name: str | None = None
    detail: Any = None
    truth: str | None = None
    took_s: float | None = None
    took_ms: float | None = None
    from_us: int | None = None
    to_us: int | None = None
    # Absent and null differ: an end of the kernel that says null has no explanation.
    explained_by: str | msgspec.UnsetType | None = msgspec.UNSET
    count: int | None = None
    run_id: str | None = None
    pid: int | None = None


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """One self-check: a planted fact that was asked for."""

    at_us: int
    fact_id: str = ""
    age_s: float | None = None
    # `while` is a word of the language.
    during: str = msgspec.field(name="while", default="unknown")
    found: bool | None = None
    cited: bool | None = None
    event_ok: bool | None = None
    box_iou_milli: int | None = None
    ms: float | None = None
    answer: str | None = None
    problem: str | None = None
    pending: bool = False


class ProducedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One frame that the driver made."""

    frame_id: str | int
    at_us: int
    in_hand: bool = False
    """It was in the driver's hand when the soak was cut off, and never handed over."""


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """Produced against acknowledged, stored and searchable, frame by frame."""

    produced: int | None = None
    acknowledged: int | None = None
    stored: int | None = None
    searchable: int | None = None
    lost: tuple[Any, ...] | None = None
    unsearchable: tuple[Any, ...] | None = None
    duplicates: int | tuple[Any, ...] | None = None
    as_of_us: int | None = None


class VerifyFile(msgspec.Struct, frozen=True, kw_only=True):
    """What the full verify said."""

    ok: bool | None = None
    quick: bool = False
    findings: tuple[Any, ...] | None = None
    findings_left_out: int = 0


class LedgerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict needs of the kernel's own ledger: when hosts were ended for memory."""

    renewals_us: tuple[int, ...]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How the run came to its end."""

    ended_us: int | None = None
    reason: str | None = None
    kernel_starts: int | None = None


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A fault from its start to its recovery; ``to_us`` None: it was never recovered from."""

    fault_id: str
    name: str
    detail: str
    from_us: int
    to_us: int | None
    took_s: float | None
    cut: bool = False
    """The soak was cut off (a reboot) while the recovery was still in time: nobody can say."""

    @property
    def over_us(self) -> int:
        """Until when it excuses what it disturbs: its recovery, or its limit where none came."""
        if self.to_us is not None:
            return self.to_us
        return self.from_us + round(recovery_limit_s(self.name) * 1e6)


Problem = Literal["missing", "unreadable"]


@dataclass(slots=True)
class Run:
    """All that a run folder holds. ``problems``: file -> why it is absent here.

    ``bad_lines`` counts damaged lines by file, ``torn`` names files whose last line is cut
    off (what kill -9 leaves).
    """

    folder: Path
    plan: Plan = field(default_factory=Plan)
    samples: tuple[Sample, ...] = ()
    events: tuple[Event, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    produced_at_us: dict[str, int] = field(default_factory=dict)
    in_hand: tuple[str, ...] = ()
    """Frames that were made and never handed over, one for each cut at most."""
    reconciliation: Reconciliation | None = None
    verify: VerifyFile | None = None
    ended: Ended | None = None
    ledger: LedgerFacts | None = None
    problems: dict[str, Problem] = field(default_factory=dict)
    bad_lines: dict[str, int] = field(default_factory=dict)
    torn: tuple[str, ...] = ()
    artifact_bytes: int = 0

    @property
    def started_us(self) -> int:
        """When it began: the plan's word, else the first line of any record; 0 for none."""
        if self.plan.started_us is not None:
            return self.plan.started_us
        seen = [*(s.at_us for s in self.samples[:1]), *(e.at_us for e in self.events[:1])]
        return min(seen, default=0)

    @property
    def ended_us(self) -> int:
        """When it ended: its own word, else the last line of any record."""
        if self.ended is not None and self.ended.ended_us is not None:
            return self.ended.ended_us
        seen = [*(s.at_us for s in self.samples[-1:]), *(e.at_us for e in self.events[-1:])]
        return max([self.started_us, *seen])

    @property
    def interval_s(self) -> float:
        """The usual time between two samples: the plan's word, else their median distance."""
        if self.plan.metrics_interval_s:
            return float(self.plan.metrics_interval_s)
        steps = sorted(
            (after.at_us - before.at_us) / 1e6
            for before, after in zip(self.samples, self.samples[1:], strict=False)
        )
        return max(steps[len(steps) // 2], 0.1) if steps else 10.0

    def events_of(self, kind: str) -> list[Event]:
        """The events of one kind, in order."""
        return [event for event in self.events if event.kind == kind]

    def faults(self) -> list[FaultSpan]:
        """Every fault with its recovery."""
        recovered = {event.fault_id: event for event in self.events_of("recovered")}
        spans = [_span(event, recovered.get(event.fault_id)) for event in self.events_of("fault")]
        cuts_us = [
            gap.from_us or gap.at_us for gap in self.events_of("gap") if gap.explained_by == REBOOT
        ]
        return [
            replace(
                span,
                cut=span.to_us is None
                and any(span.from_us <= at <= span.over_us for at in cuts_us),
            )
            for span in spans
        ]


def read_run(folder: Path) -> Run:
    """Read what is there.

    Raises `KernelError` ``soak-no-run`` where the folder holds neither a plan nor metrics.
    """
    if not (folder / PLAN).is_file() and not any(folder.glob(METRICS)):
        raise KernelError(
            "soak-no-run",
            f"{folder} is no run folder of a soak: it holds neither {PLAN} nor {METRICS}",
            hint="name the folder that `kernel run --profile soak24` wrote to",
            exit_code=ExitCode.USAGE,
        )
    run = Run(folder)
    run.plan = _document(run, PLAN, Plan) or Plan()
    files = sorted(folder.glob(METRICS))
    if not files:
        run.problems[METRICS] = "missing"
    samples = [sample for path in files for sample in _lines(run, path.name, Sample)]
    run.samples = tuple(sorted(samples, key=lambda sample: sample.at_us))
    events = _lines(run, EVENTS, Event)
    run.events = tuple(sorted(events, key=lambda event: event.at_us))
    run.checks = tuple(_lines(run, CHECKS, CheckLine))
    _read_produced(run)
    run.reconciliation = _document(run, RECONCILIATION, Reconciliation)
    run.verify = _document(run, VERIFY, VerifyFile)
    run.ended = _document(run, ENDED, Ended)
    run.ledger = _document(run, LEDGER, LedgerFacts)
    run.artifact_bytes = sum(path.stat().st_size for path in _artifacts(folder))
    return run


def _read_produced(run: Run) -> None:
    """Frames that were handed over and those that never were.

    Each cut excuses the one frame that was the last on record before it; a line that excuses any
    other frame is taken for none.
    """
    cuts = run.events_of("gap")
    last, excused = "", list[str]()
    for line in _lines(run, PRODUCED, ProducedLine):
        frame_id = str(line.frame_id)
        if not line.in_hand:
            run.produced_at_us[frame_id], last = line.at_us, frame_id
        elif frame_id == last and len(excused) < sum(c.explained_by == REBOOT for c in cuts):
            del run.produced_at_us[frame_id]
            excused.append(frame_id)
            last = ""
    run.in_hand = tuple(excused)


def _artifacts(folder: Path) -> Iterator[Path]:
    """The run's own records: files of the folder itself and its logs, not the data dir."""
    for path in folder.iterdir():
        if path.name not in {REPORT_JSON, REPORT_HTML} and path.is_file():
            yield path
    yield from (path for path in (folder / "logs").rglob("*") if path.is_file())


def _document(run: Run, name: str, as_type: type[S]) -> S | None:
    try:
        data = (run.folder / name).read_bytes()
    except FileNotFoundError:
        run.problems[name] = "missing"
        return None
    except OSError:
        run.problems[name] = "unreadable"
        return None
    try:
        return msgspec.json.decode(data, type=as_type, strict=False)
    except msgspec.DecodeError:
        run.problems[name] = "unreadable"
        return None


def _lines(run: Run, name: str, as_type: type[S]) -> Iterator[S]:
    """The good lines; an unfinished last one is torn, any other bad one is damage."""
    decoder = msgspec.json.Decoder(as_type, strict=False)
    try:
        with (run.folder / name).open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX):
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError:
                    if line.endswith(b"\n") or len(line) == LINE_BYTES_MAX:
                        run.bad_lines[name] = run.bad_lines.get(name, 0) + 1
                    else:
                        run.torn = (*run.torn, name)
    except FileNotFoundError:
        run.problems[name] = "missing"
    except OSError:
        run.problems[name] = "unreadable"


def _span(fault: Event, recovered: Event | None) -> FaultSpan:
    to_us = None if recovered is None else recovered.at_us
    took_s = None
    if recovered is not None:
        took_s = recovered.took_s
        if took_s is None:
            took_s = (recovered.at_us - fault.at_us) / 1e6
    return FaultSpan(
        fault_id=fault.fault_id or "",
        name=fault.name or "unnamed",
        detail="" if fault.detail is None else str(fault.detail),
        from_us=fault.at_us,
        to_us=to_us,
        took_s=took_s,
    )
