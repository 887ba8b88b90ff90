"""`kernel process`: run the backlog now, in supervised hosts, and return.

Covers: doing it ourselves or asking the running kernel, progress, the result. Does not cover:
the work (`kernel.boot`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click
import msgspec

from contracts.control import ProcessNow, ProcessState
from kernel.boot.kernel import Kernel
from kernel.boot.progress import TEXT_STAGE, describe_done, describe_progress
from kernel.boot.session import kernel_session
from kernel.cli.options import data_dir_option, json_option
from kernel.cli.progress_line import progress_line
from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.store.lost_journal import lost_journal
from kernel.supervision.address import control_socket_of
from kernel.supervision.control import ControlClient

POLL_S = 0.25
ANSWER_S = 3.0
HANDOVER_S = 30.0
"""How long the data dir may stay held by something that does not answer."""


class ProcessResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was done; ``stuck`` says why work is left over, or is empty.

    ``processed`` are frames that were read; ``done_by`` has the tasks of every stage, which
    ``failed`` and ``unfinished`` count as well.
    """

    processed: int
    failed: int
    unfinished: int
    seconds: float
    stuck: str
    done_by: dict[str, int] = {}


@click.command(
    help="Run the backlog now, in supervised hosts, whatever the person does, until nothing waits. "
    "Stored results that are damaged are made again. Exits 1 when a task failed or is left over."
)
@click.option("--until-drained", is_flag=True, help="Return when nothing waits; always so.")
@click.option("--retry-failed", is_flag=True, help="Try again what was given up before.")
@json_option
@data_dir_option
@click.pass_context
def process(
    context: click.Context,
    *,
    until_drained: bool,
    retry_failed: bool,
    as_json: bool,
    data_dir: DataDir,
) -> None:
    """Work the backlog off and print what was done."""
    del until_drained
    lost = lost_journal(data_dir)
    if lost is not None:
        raise lost
    if not data_dir.journal_db.is_file():
        raise KernelError(
            "no-data-dir",
            f"there is no evidence in {data_dir.root}",
            hint="take something in first: kernel ingest PATH...",
        )
    show = progress_line()
    result = _drain(data_dir, show, retry_failed=retry_failed)
    show("")
    click.echo(json.dumps(msgspec.to_builtins(result)) if as_json else _describe(result))
    if result.failed or result.unfinished:
        context.exit(ExitCode.FAILED)


def _drain(data_dir: DataDir, show: Callable[[str], None], *, retry_failed: bool) -> ProcessResult:
    """Do it here, or let the kernel that holds the data dir do it; either may end meanwhile.

    Raises `KernelError` when the data dir stays held by something that does not answer.
    """
    give_up_s = time.monotonic() + HANDOVER_S
    while True:
        socket = control_socket_of(data_dir)
        try:
            if socket is None:
                return _process_here(data_dir, show, retry_failed=retry_failed)
            client = ControlClient(socket, timeout_s=ANSWER_S)
            try:
                return _process_there(client, show, retry_failed=retry_failed)
            finally:
                client.close()
        except KernelError as error:
            if error.code not in {"kernel-unreachable", "data-dir-busy"}:
                raise
            # Whoever held the data dir is leaving or has just come: look again who does.
            if time.monotonic() > give_up_s:
                raise
            time.sleep(POLL_S)  # noqa: TID251


def _process_here(
    data_dir: DataDir, show: Callable[[str], None], *, retry_failed: bool
) -> ProcessResult:
    started_s = time.monotonic()
    loaded = load_settings(None, data_dir, {})
    with kernel_session(data_dir, loaded) as (kernel, _):
        if kernel.parts.problem is not None:
            raise kernel.parts.problem
        if retry_failed:
            kernel.retry_given_up()
        kernel.request_processing(look_over=True)

        def is_drained(running: Kernel) -> bool:
            now = running.progress()
            show(describe_progress(now.done_by, unread=now.unread, unfinished=now.unfinished))
            return now.is_drained or bool(now.stuck)

        kernel.run(until=is_drained)
        now = kernel.progress()
    return ProcessResult(
        processed=now.done_by.get(TEXT_STAGE, 0),
        failed=now.failed,
        unfinished=now.unfinished,
        seconds=round(time.monotonic() - started_s, 3),
        stuck=now.stuck,
        done_by=dict(now.done_by),
    )


def _process_there(
    client: ControlClient, show: Callable[[str], None], *, retry_failed: bool
) -> ProcessResult:
    started_s = time.monotonic()
    first = state = client.ask(ProcessNow(retry_failed=retry_failed), ProcessState)
    while not state.drained and not state.stuck:
        done_by = _since(first, state)
        show(describe_progress(done_by, unread=state.unread, unfinished=state.unfinished))
        # The kernel answers at once; how often we look is our own choice.
        time.sleep(POLL_S)  # noqa: TID251
        state = client.ask(ProcessNow(), ProcessState)
    done_by = _since(first, state)
    return ProcessResult(
        processed=done_by.get(TEXT_STAGE, 0),
        failed=state.failed - first.failed,
        unfinished=state.unfinished,
        seconds=round(time.monotonic() - started_s, 3),
        stuck=state.stuck,
        done_by=done_by,
    )


def _since(first: ProcessState, state: ProcessState) -> dict[str, int]:
    """Tasks done by stage since we asked first."""
    return {stage: n - first.done_by.get(stage, 0) for stage, n in state.done_by.items()}


def _describe(result: ProcessResult) -> str:
    done = describe_done(result.done_by)
    lines = [f"{done}, {result.failed} failed in {result.seconds:.1f} s"]
    if result.unfinished:
        lines.append(f"{result.unfinished} left over: {result.stuck or 'asked to stop'}")
    if result.failed:
        lines.append("see: kernel status; try again with: kernel process --retry-failed")
    return "\n".join(lines)
