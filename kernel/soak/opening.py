"""From settings and wishes to a soak that can run: the run folder, its parts, the resumption.

Covers: choosing and making the folder, the text plugin in force, wiring. Does not cover: running
(`kernel.soak.endurance`), the verdict (`kernel.soak.report`).
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kernel.config.errors import ExitCode, KernelError
from kernel.config.machine import read_machine
from kernel.config.paths import DataDir, default_data_dir
from kernel.config.settings import LoadedSettings
from kernel.scheduling.policies import ram_policy
from kernel.soak.book import Book, read_book
from kernel.soak.checker import Checker
from kernel.soak.child import KernelChild, child_environment
from kernel.soak.day import phase_at, plan_day
from kernel.soak.diskfill import DiskFill
from kernel.soak.driver import SOURCE, Driver
from kernel.soak.endurance import Parts
from kernel.soak.faultplan import left_over, plan_faults
from kernel.soak.faults import Faults
from kernel.soak.folder import RunFolder, now_us
from kernel.soak.leaky import PLUGIN_ID, LeakyPlugin, approve_leaky_plugin, make_leaky_plugin
from kernel.soak.ledgerview import LedgerView
from kernel.soak.person import Person
from kernel.soak.pictures import DrawnPictures, FolderPictures, Pictures
from kernel.soak.plan import (
    SoakPlan,
    Wishes,
    describe_plan,
    make_plan,
    read_plan,
    write_kernel_config,
)
from kernel.soak.sampler import Sampler
from kernel.soak.screens import Painter
from kernel.soak.script import Script
from kernel.soak.storeview import StoreView
from kernel.soak.watcher import Watcher
from kernel.store.drives import free_bytes
from kernel.store.lock import is_held

FOLDER = "autocapture-soak"
ROOM_BYTES_MIN = 1 << 30
TIGHT_DISK = {
    "disk.yellow_free_bytes": 256 << 20,
    "disk.red_free_bytes": 128 << 20,
    "disk.black_free_bytes": 64 << 20,
}
"""On a drive whose room would count as nearly used up: the run needs little."""

Say = Callable[[str], None]


def choose_run_dir(wishes: Wishes, named: DataDir | None, profile: str) -> Path:
    """The folder that the person named, or a new one beside the data dir."""
    if wishes.resume is not None:
        return wishes.resume.expanduser().absolute()
    if wishes.run_dir is not None:
        return wishes.run_dir.expanduser().absolute()
    beside = named.root if named is not None else default_data_dir()
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    return beside.with_name(FOLDER) / f"{stamp}-{Path(profile).stem}"


def open_soak(
    loaded: LoadedSettings, wishes: Wishes, run_dir: Path, live_dir: DataDir, say: Say
) -> Parts:
    """Make or find the run folder and wire the parts; nothing runs yet.

    ``live_dir`` is the person's own data dir, used with ``live`` alone. Raises `KernelError`
    ``soak-run-dir`` (not a new folder, or no run to resume), ``soak-no-room``, ``data-dir-busy``.
    """
    plan = _resume_plan(run_dir) if wishes.resume is not None else make_plan(loaded, wishes)
    if plan.live and is_held(live_dir.lock_file):
        raise KernelError(
            "data-dir-busy",
            f"a kernel runs on {live_dir.root} already",
            hint="stop it first: the soak starts its own, to be able to watch all of its life",
            exit_code=ExitCode.BUSY,
        )
    folder = _make_folder(run_dir, loaded, resumed=wishes.resume is not None)
    data_dir = live_dir if plan.live else DataDir(folder.data_dir)
    leaky = _prepare_data_dir(plan, folder, data_dir)
    environment = child_environment(leaky.environment if leaky is not None else {})
    spool_dir = folder.root / "spool" if plan.faults else None
    if not plan.live:
        write_config = _config_writer(plan, loaded, data_dir, spool_dir, leaky)
        write_config({})
        if leaky is not None:
            approve_leaky_plugin(data_dir.root, environment)
    if wishes.resume is None:
        folder.write("plan.json", describe_plan(plan, loaded, read_machine(), data_dir))
    else:
        _note_reboot(folder)
        settle_hand(folder, data_dir.inbox_dir)
    child = KernelChild(
        folder, data_dir, environment, leaky=leaky is not None, shares_data_dir=plan.live
    )
    parts = _wire(plan, loaded, folder, child, wishes)
    parts.say, parts.resumed = say, wishes.resume is not None
    if plan.faults and parts.driver is not None:
        assert spool_dir is not None
        parts.faults = _make_faults(plan, parts, spool_dir, write_config)
    return parts


def _resume_plan(run_dir: Path) -> SoakPlan:
    try:
        return read_plan(run_dir / "plan.json")
    except (OSError, ValueError, KeyError) as error:
        raise KernelError(
            "soak-run-dir",
            f"{run_dir} holds no soak that could be resumed: {error!r}",
            hint="name the folder that the soak printed at its start",
            exit_code=ExitCode.USAGE,
        ) from error


def _make_folder(run_dir: Path, loaded: LoadedSettings, *, resumed: bool) -> RunFolder:
    if not resumed and run_dir.exists() and any(run_dir.iterdir()):
        raise KernelError(
            "soak-run-dir",
            f"{run_dir} is not empty",
            hint="name a new folder, or go on with: kernel run --resume FOLDER",
            exit_code=ExitCode.USAGE,
        )
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    room = free_bytes(run_dir)
    if room < ROOM_BYTES_MIN:
        raise KernelError(
            "soak-no-room",
            f"{room >> 20} MiB are free for {run_dir}, a soak wants {ROOM_BYTES_MIN >> 20}",
            hint="name a folder on a larger drive with --run-dir",
        )
    return RunFolder(run_dir, loaded.settings.soak.artifacts_bytes_max)


def _prepare_data_dir(plan: SoakPlan, folder: RunFolder, data_dir: DataDir) -> LeakyPlugin | None:
    if plan.live:
        return None
    data_dir.root.mkdir(mode=0o700, exist_ok=True)
    return make_leaky_plugin(folder.root / "site", plan.text_plugin) if plan.faults else None


def _config_writer(
    plan: SoakPlan,
    loaded: LoadedSettings,
    data_dir: DataDir,
    spool_dir: Path | None,
    leaky: LeakyPlugin | None,
) -> Callable[[dict[str, Any]], None]:
    """What writes the kernel's config file with what is to differ this time."""
    base: dict[str, Any] = {}
    if leaky is not None:
        base["pipeline.text_plugin"] = PLUGIN_ID
    if spool_dir is not None:
        spool_dir.mkdir(mode=0o700, exist_ok=True)
        base["disk.spool_dir"] = spool_dir
    if free_bytes(data_dir.root) < 2 * loaded.settings.disk.yellow_free_bytes:
        base |= TIGHT_DISK

    def write(changes: dict[str, Any]) -> None:
        write_kernel_config(data_dir, loaded, {**base, **changes})

    return write


def _note_reboot(folder: RunFolder) -> None:
    """The time since the last sign of life of the interrupted run is a gap with a reason."""
    last_us = max(
        (int(path.stat().st_mtime * 1e6) for path in folder.root.glob("*.jsonl")),
        default=now_us(),
    )
    folder.mend_tails()
    for leftover in ("ended.json", "reconciliation.json", "verify.json"):
        (folder.root / leftover).unlink(missing_ok=True)
    folder.event("gap", from_us=last_us, to_us=now_us(), explained_by="reboot")


def settle_hand(folder: RunFolder, inbox: Path) -> None:
    """Say of the frame that the driver had in hand at the cut what became of it.

    Wherever the kernel could have seen it, it counts as any other frame; one that lies there
    without its words gets them. Nowhere: it was never handed over, and is taken out of the
    account by a line of its own.
    """
    frame_id = folder.read_in_hand()
    if frame_id is None:
        return
    image, sidecar = inbox / f"{frame_id}.png", inbox / f"{frame_id}.json"
    # First where it comes from, then where it goes to: a kernel may just be moving it.
    if image.exists():
        if not sidecar.exists():
            sidecar.write_text(json.dumps({"source": SOURCE}), encoding="utf-8")
    elif not any(inbox.glob(f"done/*/{frame_id}*.png")):
        folder.produced({"frame_id": frame_id, "at_us": now_us(), "in_hand": True})
        folder.event("note", name="in_hand", detail=f"{frame_id} was never handed over")
    folder.let_go()


def _wire(
    plan: SoakPlan,
    loaded: LoadedSettings,
    folder: RunFolder,
    child: KernelChild,
    wishes: Wishes,
) -> Parts:
    settings, data_dir = loaded.settings, child.data_dir
    book = read_book(folder.produced_file)
    store = StoreView(data_dir, live=plan.live)
    inbox = settings.intake.inbox_dir if plan.live else None
    for frame_id in book.digests:
        # Left there by an earlier part of this run.
        if (data_dir.inbox_dir / f"{frame_id}.png").exists():
            book.handed_over(frame_id)
    kernel_pid = partial(_pid_of, child)
    watcher = Watcher(
        folder=folder,
        book=book,
        inbox=inbox or data_dir.inbox_dir,
        kernel_pid=kernel_pid,
        cpu_window_s=settings.budget.cpu_window_s,
        follows=plan.live,
    )
    driver = None if plan.live else _make_driver(plan, folder, data_dir, book, watcher, wishes)
    sampler = Sampler(
        folder=folder,
        data_dir=data_dir,
        spool_dir=folder.root / "spool" if plan.faults else None,
        book=book,
        watcher=watcher,
        store=store,
        kernel_pid=kernel_pid,
        run_ids=lambda: child.run_ids,
        interval_s=plan.metrics_interval_s,
        memory_limit_bytes=ram_policy(settings, read_machine()).limit_bytes,
        cpu_share_max=settings.budget.cpu_share_max,
        driver_facts=lambda: driver.facts() if driver is not None else {},
        follow_mode=plan.live,
    )
    checker = None
    if driver is not None:
        checker = _make_checker(plan, folder, child, book, store, sampler)
    return Parts(
        plan=plan,
        folder=folder,
        child=child,
        book=book,
        store=store,
        watcher=watcher,
        sampler=sampler,
        driver=driver,
        checker=checker,
        faults=None,
        environment=child.environment,
        say=lambda _text: None,
    )


def _pid_of(child: KernelChild) -> int | None:
    return child.pid


def _make_driver(
    plan: SoakPlan,
    folder: RunFolder,
    data_dir: DataDir,
    book: Book,
    watcher: Watcher,
    wishes: Wishes,
) -> Driver:
    phases = plan_day(plan.seed, plan.planned_s)
    gone_s = max(0.0, (now_us() - plan.started_us) / 1e6)
    first_tick = int(gone_s / plan.pace.cadence_s) + 1 if book.count() else 0
    return Driver(
        folder=folder,
        book=book,
        phases=phases,
        pace=plan.pace,
        pictures=_pictures(plan, wishes, first_tick),
        inbox=data_dir.inbox_dir,
        person=Person(data_dir.activity_file),
        started_s=time.monotonic() - gone_s,
        first_tick=first_tick,
        on_turn=watcher.turned,
    )


def _pictures(plan: SoakPlan, wishes: Wishes, first_tick: int) -> Pictures:
    script = Script(plan.seed, plan.pace, monitors=plan.monitors)
    painter = Painter(plan.width_px, plan.height_px, plan.seed)
    phases = plan_day(plan.seed, plan.planned_s)
    for tick in range(first_tick):
        # The same day goes on: facts keep their numbers.
        script.step(tick, phase_at(phases, tick * plan.pace.cadence_s))
    drawn = DrawnPictures(script, painter)
    if wishes.frames is not None:
        return FolderPictures(wishes.frames, plan.seed, plan.pace, drawn)
    return drawn


def _make_checker(
    plan: SoakPlan,
    folder: RunFolder,
    child: KernelChild,
    book: Book,
    store: StoreView,
    sampler: Sampler,
) -> Checker:
    def note_ms(took_ms: float) -> None:
        sampler.query_ms = max(sampler.query_ms or 0.0, took_ms)

    return Checker(
        folder=folder,
        data_dir=child.data_dir,
        book=book,
        store=store,
        environment=child.environment,
        every_s=plan.check_every_s,
        seed=plan.seed,
        truth=lambda: sampler.watcher.truth,
        note_ms=note_ms,
    )


def _make_faults(
    plan: SoakPlan,
    parts: Parts,
    spool_dir: Path,
    write_config: Callable[[dict[str, Any]], None],
) -> Faults:
    assert parts.driver is not None
    data_dir = parts.child.data_dir
    disk = DiskFill(parts.folder.root, data_dir.root, spool_dir, write_config)
    disk.remove()
    return Faults(
        folder=parts.folder,
        planned=left_over(plan_faults(parts.driver.phases), parts.folder.faults_begun()),
        started_us=plan.started_us,
        child=parts.child,
        watcher=parts.watcher,
        driver=parts.driver,
        book=parts.book,
        store=parts.store,
        ledger=LedgerView(data_dir),
        disk=disk,
        status=lambda: parts.sampler.status,
        seed=plan.seed,
    )
