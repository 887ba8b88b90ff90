"""Opens and connects the parts of a kernel, in the order that is safe.

Lock first (evidence store), then the reaper, only then sockets and hosts: a second kernel can
neither bind over a live one nor start hosts beside it. Covers: wiring. Does not cover: the
loop (`kernel.boot.kernel`).
"""

from __future__ import annotations

import functools
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import zmq

from contracts.canonical import digest_text
from kernel.boot.catalog import ChosenStages, choose_available, declared_timings
from kernel.boot.evidence import open_evidence
from kernel.boot.orphans import record_reaped
from kernel.boot.parts import Parts
from kernel.boot.rebuildable import open_or_set_aside
from kernel.boot.trail import AuditTrail
from kernel.config.errors import ExitCode, KernelError
from kernel.config.locks import require_contracts_lock
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.config.service_user import service_ids
from kernel.config.settings import LoadedSettings
from kernel.pipeline.costs import Costs
from kernel.pipeline.dispatcher import Dispatcher, Stores
from kernel.pipeline.feeder import Feeder
from kernel.pipeline.planning import Planning
from kernel.pipeline.retries import RetryPolicy
from kernel.pipeline.stages import Stage, describe
from kernel.pipeline.walks import Walks
from kernel.scheduling.enforce import cores_for_hosts
from kernel.scheduling.policies import schedule_policy
from kernel.store.backlog import Backlog
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.telemetry import TelemetryStore
from kernel.store.vectors import VectorStore
from kernel.supervision import lifecycle, restart
from kernel.supervision.address import RunNote, write_note
from kernel.supervision.approved import ApprovedPlugins, load_approved_plugins
from kernel.supervision.bytecode import compile_for_hosts
from kernel.supervision.chain import try_chain
from kernel.supervision.hosting import choose_hosting, read_rules
from kernel.supervision.identity import Standing, check, read_identity
from kernel.supervision.inprocess import ThreadLauncher
from kernel.supervision.interpreter import this_interpreter
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_settings import PoolSettings
from kernel.supervision.process import HostingFacts, ProcessLauncher
from kernel.supervision.quarantine import JsonQuarantine
from kernel.supervision.reaper import reap
from kernel.supervision.records import KernelRecord, read_kernel_record, write_kernel_record
from kernel.supervision.run_places import find_places
from kernel.supervision.run_remains import clear_run_dir
from kernel.supervision.rundir import RunDir, candidates, run_dir_of
from kernel.supervision.runner import Hosting, Launcher, PluginRecord
from kernel.supervision.sandbox_level import level_for
from kernel.supervision.subreaper import become_subreaper


def open_parts(data_dir: DataDir, loaded: LoadedSettings) -> Parts:
    """All parts of a kernel on this data dir, open.

    Raises `KernelError`: ``data-dir-busy``, ``contracts-lock-mismatch`` (with the difference),
    and whatever keeps a part from opening; what was opened before is closed again.
    """
    contracts_lock = require_contracts_lock()
    _refuse_live_kernel(data_dir)
    with ExitStack() as undo:
        evidence = undo.enter_context(open_evidence(data_dir, loaded.settings))
        run_dir, run_id = _enter_run_dir(data_dir, evidence)
        plugins = load_approved_plugins(data_dir)
        chosen = choose_available(loaded.settings, plugins)
        stages = chosen.stages
        trail = AuditTrail(evidence.ledger)
        derived, backlog = _open_rebuildable(data_dir, trail, undo)
        vectors = _open_vectors(data_dir, stages, trail, undo)
        reclaimed = backlog.reclaim_leases()
        context, poller = _open_sockets(undo)
        quarantine = _open_quarantine(data_dir, plugins, chosen, trail)
        pool = HostPool(
            context=context,
            poller=poller,
            settings=_pool_settings(loaded.settings, contracts_lock, plugins.lock_digest),
            launcher_of=_launchers(loaded.settings, run_dir, run_id, chosen.hosted),
            quarantine=quarantine,
        )
        costs = _open_costs(data_dir, loaded.settings, plugins, chosen)
        undo.callback(costs.close)
        stores = Stores(backlog, evidence, derived, vectors)
        parts = Parts(
            data_dir=data_dir,
            run_dir=run_dir,
            run_id=run_id,
            loaded=loaded,
            contracts_lock=contracts_lock,
            plugins_lock=plugins.lock_digest,
            context=context,
            poller=poller,
            evidence=evidence,
            trail=trail,
            derived=derived,
            backlog=backlog,
            costs=costs,
            stages=stages,
            packing=chosen.packing,
            problem=chosen.problem,
            left_out=chosen.left_out,
            pool=pool,
            dispatcher=_make_dispatcher(loaded.settings, pool, costs, stages, stores, trail),
            feeder=Feeder(evidence, derived, backlog, stages),
            vectors=vectors,
            walks=Walks.over(evidence, derived, backlog, stages, vectors),
            quarantine=quarantine,
        )
        _announce(parts, plugins, chosen, reclaimed)
        undo.pop_all()
    return parts


def _refuse_live_kernel(data_dir: DataDir) -> None:
    """Raise ``data-dir-busy`` while a kernel of this data dir lives, whatever became of its lock.

    The lock decides; this holds where a drive knows no locks on folders, or where the data dir was
    taken from under a kernel that still has this run dir.
    """
    for run_dir in candidates(data_dir):
        record = read_kernel_record(run_dir) if run_dir.is_ours() else None
        if not isinstance(record, KernelRecord) or record.identity.pid == os.getpid():
            continue
        if check(record.identity) is Standing.ALIVE:
            raise KernelError(
                "data-dir-busy",
                f"{data_dir.root} is served by process {record.identity.pid}",
                hint="stop that kernel, or name another data dir with --data-dir",
                exit_code=ExitCode.BUSY,
            )


def _open_sockets(undo: ExitStack) -> tuple[zmq.Context[zmq.Socket[bytes]], zmq.Poller]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    undo.callback(context.destroy, linger=0)
    return context, zmq.Poller()


def _open_rebuildable(
    data_dir: DataDir, trail: AuditTrail, undo: ExitStack
) -> tuple[DerivedStore, Backlog]:
    """Derived store and backlog; damaged ones are set aside and made again from evidence."""
    derived, aside = open_or_set_aside(data_dir.derived_db, lambda: DerivedStore.open(data_dir))
    undo.callback(derived.close)
    backlog, backlog_aside = open_or_set_aside(data_dir.backlog_db, lambda: Backlog.open(data_dir))
    undo.callback(backlog.close)
    for damaged in (aside, backlog_aside):
        if damaged is not None:
            trail.append("database-set-aside", damaged.name, {})
            # Everything is looked at again; what is stored still is not done twice.
            backlog.rewind()
    return derived, backlog


def _open_vectors(
    data_dir: DataDir, stages: tuple[Stage, ...], trail: AuditTrail, undo: ExitStack
) -> VectorStore | None:
    """The vectors of texts, when there is a stage that makes them; None without."""
    if not any(stage.unit == "texts" for stage in stages):
        return None
    vectors, aside = open_or_set_aside(data_dir.vectors_db, lambda: VectorStore.open(data_dir))
    undo.callback(vectors.close)
    if aside is not None:
        trail.append("database-set-aside", aside.name, {})
    return vectors


def _enter_run_dir(data_dir: DataDir, evidence: EvidenceStore) -> tuple[RunDir, str]:
    """The run dir, free of what a dead kernel left in it and marked as ours; and the run's id."""
    run_dir = run_dir_of(data_dir)
    run_dir.make()
    become_subreaper()
    _reap_earlier(data_dir, run_dir, evidence)
    run_id = secrets.token_hex(16)
    record = KernelRecord(read_identity(os.getpid()), run_id, str(data_dir.root))
    write_kernel_record(run_dir, record)
    return run_dir, run_id


def _reap_earlier(data_dir: DataDir, run_dir: RunDir, evidence: EvidenceStore) -> None:
    """End what dead kernels of this data dir left, wherever their run dirs were."""
    places = find_places(data_dir, is_ours=True)
    report = reap(places.run_dirs, over=places.over, is_idle=places.is_idle)
    record_reaped(evidence.ledger.append, report)
    if report.left_pids:
        return
    for other in places.run_dirs:
        if other != run_dir:
            clear_run_dir(other, holding=data_dir)


def _open_costs(
    data_dir: DataDir, settings: Settings, plugins: ApprovedPlugins, chosen: ChosenStages
) -> Costs:
    """What was measured of every model that may be loaded, and what its manifest says."""
    caps = _memory_caps(settings, chosen.hosted)
    timings = declared_timings(plugins, chosen.hosted)
    return Costs(TelemetryStore.open(data_dir), timings, caps=caps)


def _make_dispatcher(
    settings: Settings,
    pool: HostPool,
    costs: Costs,
    stages: tuple[Stage, ...],
    stores: Stores,
    trail: AuditTrail,
) -> Dispatcher:
    scheduler = settings.scheduler
    return Dispatcher(
        pool=pool,
        stores=stores,
        planning=Planning(stages, costs=costs, policy=schedule_policy(settings)),
        policy=RetryPolicy(
            attempts_max=scheduler.attempts_max,
            deaths_max=settings.hosts.task_deaths_max,
            retry_base_s=scheduler.retry_base_s,
            retry_max_s=scheduler.retry_max_s,
        ),
        task_timeout_s=settings.hosts.task_deadline_s,
        audit=trail.append,
    )


def _open_quarantine(
    data_dir: DataDir, plugins: ApprovedPlugins, chosen: ChosenStages, trail: AuditTrail
) -> JsonQuarantine:
    """The list without what is on it for other files or settings."""
    quarantine = JsonQuarantine(
        data_dir.plugin_quarantine,
        now_us=_now_us,
        digests=plugins.digests(),
        settings=_settings_of(chosen.hosted),
    )
    for plugin_id in quarantine.lift_outdated():
        trail.append("plugin-quarantine-lifted", plugin_id, {"reason": "it changed since"})
    return quarantine


def _settings_of(stages: tuple[Stage, ...]) -> dict[str, str]:
    """Plugin -> a digest of the settings of all that it does."""
    settings: dict[str, list[str]] = {}
    for stage in sorted(stages, key=lambda stage: stage.name):
        settings.setdefault(stage.plugin.plugin_id, []).append(
            f"{stage.name} {stage.config_digest}"
        )
    return {plugin_id: digest_text("\n".join(lines)) for plugin_id, lines in settings.items()}


def _memory_caps(settings: Settings, stages: tuple[Stage, ...]) -> dict[str, int]:
    """Model -> the cap at which its host is ended."""
    roof = settings.hosts.memory_bytes_max
    return {stage.model_key: min(stage.plugin.memory_bytes_max, roof) for stage in stages}


def _announce(parts: Parts, plugins: ApprovedPlugins, chosen: ChosenStages, reclaimed: int) -> None:
    """Write the boot into the ledger and the address into the data dir."""
    parts.evidence.ledger.append(
        "kernel-started",
        parts.run_id,
        {
            "pid": str(os.getpid()),
            "profile": parts.loaded.profile,
            "config": parts.loaded.digest,
            "contracts_lock": parts.contracts_lock,
            "plugins_lock": plugins.lock_digest,
            "tasks_reclaimed": str(reclaimed),
        },
    )
    if parts.problem is not None:
        detail = {"code": parts.problem.code, "reason": parts.problem.message[:2000]}
        parts.evidence.ledger.append("processing-unavailable", parts.run_id, detail)
    for name, error in chosen.left_out:
        detail = {"code": error.code, "reason": error.message[:2000]}
        parts.evidence.ledger.append("stage-unavailable", name, detail)
    if parts.derived.remember_stages(describe(stage) for stage in parts.stages):
        names = {s.name: f"{s.plugin.plugin_id} {s.plugin.version}" for s in parts.stages}
        parts.evidence.ledger.append("stages-changed", parts.run_id, names)
    write_note(
        parts.data_dir,
        RunNote(
            pid=os.getpid(),
            run_id=parts.run_id,
            run_dir=str(parts.run_dir.root),
            control_socket=str(parts.control_path),
            profile=parts.loaded.profile,
            started_at_us=_now_us(),
        ),
    )


def _pool_settings(settings: Settings, contracts_lock: str, plugins_lock: str) -> PoolSettings:
    hosts = settings.hosts
    policy = restart.Policy(
        restarts_max=settings.restart.restarts_max,
        window_s=settings.restart.window_s,
        backoff_base_s=settings.restart.backoff_base_s,
        backoff_max_s=settings.restart.backoff_max_s,
        stable_after_s=settings.restart.stable_after_s,
    )
    return PoolSettings(
        max_hosts=hosts.max_hosts,
        limits=lifecycle.Limits(
            start_timeout_s=hosts.start_deadline_s,
            beat_timeout_s=hosts.beat_interval_ms * hosts.beats_missed_max / 1000,
            task_timeout_s=hosts.task_deadline_s,
            cancel_grace_s=hosts.stop_grace_s,
            term_grace_s=hosts.stop_grace_s,
        ),
        restart=policy,
        contracts_lock=contracts_lock,
        plugins_lock=plugins_lock,
        sandbox_level_required=hosts.sandbox_level_required,
        beat_interval_ms=hosts.beat_interval_ms,
        # Half of the cores is the part of the CPU limit that needs no measuring.
        affinity=cores_for_hosts(os.sched_getaffinity(0), settings.budget.cpu_share_max),
    )


def _launchers(
    settings: Settings, run_dir: RunDir, run_nonce: str, stages: tuple[Stage, ...]
) -> Callable[[PluginRecord], Launcher]:
    """The launcher for each plugin; the chain is tried out if any stage wants a process."""
    threads = ThreadLauncher(run_dir, run_nonce)
    rules = read_rules(settings.hosts)

    def hosting_of(plugin: PluginRecord) -> Hosting:
        return choose_hosting(plugin, rules, has_hung=threads.has_hung(plugin.plugin_id))

    @functools.cache
    def prepare() -> ProcessLauncher:
        uid, gid = service_ids() if os.geteuid() == 0 else (os.getuid(), os.getgid())
        interpreter = this_interpreter()
        compile_for_hosts(interpreter)
        facts = HostingFacts(
            run_dir=run_dir,
            run_nonce=run_nonce,
            chain=try_chain(uid, gid),
            interpreter=interpreter,
            service_uid=uid,
            service_gid=gid,
            level_required=level_for(settings.hosts.sandbox_level_required, "subprocess"),
        )
        return ProcessLauncher(facts)

    # Beside the loop: it takes up to a second, in which the person may come back.
    preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare-hosts")
    in_processes = any(hosting_of(stage.plugin) == "subprocess" for stage in stages)
    prepared = preparing.submit(prepare) if in_processes else None
    preparing.shutdown(wait=False)

    def choose(plugin: PluginRecord) -> Launcher:
        if hosting_of(plugin) == "in_process":
            return threads
        return prepared.result() if prepared is not None else prepare()

    return choose


def _now_us() -> int:
    return time.time_ns() // 1000
