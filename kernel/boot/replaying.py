"""Ordering a replay, and what it would do, as `kernel replay` asks for it.

Covers: the choice between doing it here and letting the running kernel do it, counting.
Does not cover: the replay itself (`kernel.pipeline.replaying`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from contracts.control import ProcessNow, ProcessState
from contracts.stages import SHAPES
from kernel.boot.catalog import choose_stage
from kernel.boot.kernel import Kernel
from kernel.boot.session import kernel_session
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings
from kernel.pipeline.stages import Stage
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from kernel.store.replays import ReplayState, replay_options
from kernel.supervision.address import control_socket_of
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.control import ControlClient

POLL_S = 0.25
NOT_IN_FORCE = "the kernel does not do that stage now (kernel status lists those that it does)"
BATCH_EVENTS = 512
REPLAYABLE = tuple(name for name, shape in SHAPES.items() if shape.unit in {"blob", "frame"})


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay would look at: ``due`` results are not stored yet, ``kept`` are."""

    stage: str
    plugin: str
    due: int
    kept: int


def refuse_replay(name: str) -> KernelError | None:
    """Why a stage is not replayed, with what to do instead; None for one that is."""
    if name in REPLAYABLE:
        return None
    hint = (
        "vectors of texts that have none, or of another model, are made by themselves:"
        " kernel process; to have all made again, stop the kernel and move vectors.db,"
        " vectors.db-wal and vectors.db-shm away first"
        if name == "embed"
        else f"replayed are: {', '.join(REPLAYABLE)}"
    )
    return KernelError(
        "stage-not-replayed",
        f"the stage {name} needs no replay",
        hint=hint,
        exit_code=ExitCode.USAGE,
    )


def require_stage(name: str, data_dir: DataDir, loaded: LoadedSettings) -> Stage:
    """The stage with its plugin. Raises `KernelError`: ``stage-missing``, what keeps it away."""
    stage = choose_stage(name, loaded.settings, load_approved_plugins(data_dir))
    if stage is None:
        raise KernelError(
            "stage-missing",
            f"no plugin is set for the stage {name}",
            hint=f"choose one with pipeline.{name}_plugin",
            exit_code=ExitCode.USAGE,
        )
    return stage


def plan_replay(data_dir: DataDir, stage: Stage, since_us: int) -> ReplayPlan:
    """Count what there is to do; nothing is changed."""
    with (
        EvidenceStore.open_read_only(data_dir) as evidence,
        DerivedStore.open_read_only(data_dir) as derived,
    ):
        due = kept = seq = 0
        seen: set[str] = set()
        while events := evidence.events_after(seq, limit_rows=BATCH_EVENTS):
            seq = events[-1].seq
            for event in events:
                subject = event.blob if stage.unit == "blob" else event.event_id
                if event.captured_at_us < since_us or subject in seen:
                    continue
                seen.add(subject)
                if derived.is_current(stage.name, subject, stage.key("0" * 64)):
                    kept += 1
                else:
                    due += 1
    plugin = f"{stage.plugin.plugin_id} {stage.plugin.version}"
    return ReplayPlan(stage.name, plugin, due, kept)


def run_replay(
    data_dir: DataDir,
    loaded: LoadedSettings,
    stage: str,
    since_us: int,
    show: Callable[[str], None],
) -> ReplayState:
    """Order the replay, or go on with it, and wait until queries see its results.

    Raises `KernelError`: ``replay-running``, ``replay-stuck``, and what opening raises.
    """
    if control_socket_of(data_dir) is None:
        return _replay_here(data_dir, loaded, stage, since_us, show)
    return _replay_there(data_dir, stage, since_us, show)


def _replay_here(
    data_dir: DataDir,
    loaded: LoadedSettings,
    stage: str,
    since_us: int,
    show: Callable[[str], None],
) -> ReplayState:
    with kernel_session(data_dir, loaded) as (kernel, _):
        if kernel.parts.problem is not None:
            raise kernel.parts.problem
        replays = kernel.parts.derived.replays
        replays.order(stage, since_us)
        kernel.request_processing()

        def is_over(running: Kernel) -> bool:
            state = replays.find()
            now = running.progress()
            show(describe(state, now.unfinished))
            return state is None or state.phase == "done" or now.is_drained or bool(now.stuck)

        kernel.run(until=is_over)
        state = replays.find()
        end = kernel.progress()
        stuck = end.stuck or (NOT_IN_FORCE if end.is_drained else "")
    return require_over(state, stage, since_us, stuck)


def _replay_there(
    data_dir: DataDir, stage: str, since_us: int, show: Callable[[str], None]
) -> ReplayState:
    socket = control_socket_of(data_dir)
    assert socket is not None
    with DerivedStore.open(data_dir) as derived:
        derived.replays.order(stage, since_us)
        client = ControlClient(socket)
        try:
            while True:
                now = client.ask(ProcessNow(), ProcessState)
                state = derived.replays.find()
                show(describe(state, now.unfinished))
                if state is None or state.phase == "done" or now.drained or now.stuck:
                    # It was asked first: what was drained then cannot have gone on since.
                    stuck = now.stuck or (NOT_IN_FORCE if now.drained else "")
                    return require_over(state, stage, since_us, stuck)
                # The kernel answers at once; how often we look is our own choice.
                time.sleep(POLL_S)  # noqa: TID251
        finally:
            client.close()


def require_over(state: ReplayState | None, stage: str, since_us: int, stuck: str) -> ReplayState:
    """The state of a replay that ended. Raises `KernelError` ``replay-stuck`` for any other."""
    if state is not None and state.is_over:
        return state
    raise KernelError(
        "replay-stuck",
        f"the replay of {stage} is not over: {stuck or 'it was asked to stop'}",
        hint="queries see the results from before; go on with:"
        f" kernel replay {replay_options(stage, since_us)}",
    )


def describe(state: ReplayState | None, unfinished: int) -> str:
    """One line of progress."""
    if state is None:
        return ""
    doing = {
        "reading": f"{unfinished} tasks to go",
        "placing": f"putting frames in order, {state.seq} events done",
        "tidying": "switched over, taking away what was replaced",
        "done": "done",
    }
    return f"{state.stage}: {doing[state.phase]}"
