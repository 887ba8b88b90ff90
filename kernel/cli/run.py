"""`kernel run`: the kernel in the foreground.

Covers: options, what a person sees while it starts, runs and stops. Does not cover: the loop
(`kernel.boot.kernel`), the demonstration's steps (`kernel.boot.demo`).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from kernel.boot.kernel import Kernel
from kernel.boot.session import kernel_session
from kernel.boot.stopping import StopSignal
from kernel.cli.durations import Duration
from kernel.cli.options import json_option
from kernel.config.errors import ExitCode
from kernel.config.paths import DATA_DIR_ENV, DataDir, default_data_dir
from kernel.config.settings import LoadedSettings, load_settings

DEMO_PROFILE = "demo"
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(
    help="Run the kernel in the foreground: take in what comes, work when the person is away. "
    "Ctrl-C or SIGTERM stops it within seconds and leaves no process behind."
)
@click.option("--profile", metavar="NAME", help="Settings to run with: default, demo, soak24, ...")
@click.option("--once", is_flag=True, help="Do what may be done now, then exit.")
@click.option("--duration", type=Duration(), help="Stop after this long: 90s, 5m, 1h.")
@click.option(
    "--max-hosts", type=click.IntRange(1, 16), help="Most plugin hosts at a time (hard cap)."
)
@click.option("--run-dir", type=FOLDER, help="Soak: the run's own folder; default: a new one.")
@click.option("--resume", type=FOLDER, help="Soak: go on with the interrupted run in this folder.")
@click.option("--no-faults", is_flag=True, help="Soak: put in no faults.")
@click.option(
    "--live", is_flag=True, help="Soak: watch the person's own data dir; no driver, no faults."
)
@click.option("--frames", type=FOLDER, help="Soak: show these screenshots (PNG) as the screen.")
@click.option("--seed", type=int, default=1, show_default=True, help="Soak: which day is played.")
@json_option
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=DATA_DIR_ENV,
    show_envvar=True,
    help="Where evidence and derived records live; default: the platform's user data dir, "
    "a fresh one for the demo.",
)
@click.pass_context
def run(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    /,
    *,
    profile: str | None,
    once: bool,
    duration: float | None,
    max_hosts: int | None,
    as_json: bool,
    data_dir: Path | None,
    **soak: Any,  # noqa: ANN401 - the soak's options, handed on as they are
) -> None:
    """Start, serve, stop; exit 0 after an orderly stop."""
    overrides: dict[str, Any] = {}
    if duration is not None:
        overrides["run.duration_s"] = duration
    if max_hosts is not None:
        overrides["hosts.max_hosts"] = max_hosts
    place = _choose_data_dir(data_dir, profile)
    loaded = load_settings(profile, place, overrides)
    if loaded.settings.soak.enabled:
        # Imported here: the soak draws pictures and asks questions, a kernel does neither.
        from kernel.cli.soak_run import run_soak

        named = place if data_dir is not None else None
        context.exit(run_soak(loaded, named, soak, as_json=as_json))
    _refuse_soak_options(soak)
    report = _Reporter(as_json=as_json)
    with kernel_session(place, loaded) as (kernel, stop):
        kernel.watch_inbox()
        report.started(kernel)
        if loaded.settings.run.duration_s is not None:
            kernel.stop_after(loaded.settings.run.duration_s)
        reason = _serve(kernel, stop, report, loaded=loaded, once=once)
        report.stopping(reason)
    report.stopped()
    context.exit(ExitCode.OK)


def _refuse_soak_options(soak: dict[str, Any]) -> None:
    given = [name for name, value in soak.items() if value and name != "seed"]
    if given:
        option = "--" + given[0].replace("_", "-")
        raise click.UsageError(f"{option} is for a soak: --profile soak24, mini-soak or dry-run")


def _serve(
    kernel: Kernel, stop: StopSignal, report: _Reporter, *, loaded: LoadedSettings, once: bool
) -> str:
    if loaded.profile == DEMO_PROFILE:
        _show_demo(kernel, report)
        if stop.requested:
            return stop.requested
        if once:
            return "done"
        report.line("The kernel stays up; Ctrl-C stops it.")
        return kernel.run()
    if once:
        return kernel.run(until=Kernel.has_nothing_to_do)
    return kernel.run()


def _show_demo(kernel: Kernel, report: _Reporter) -> None:
    # Imported here: only the demonstration needs the query and image code.
    from kernel.boot.demo import answer_questions, process_samples, take_in_samples
    from kernel.cli.query import format_answer

    taken = take_in_samples(kernel)
    report.fact("taken_in", f"Took in {len(taken)} sample screenshots.", len(taken))
    process_samples(kernel, report.progress)
    report.progress("")
    if kernel.progress().unfinished:
        return
    for number, item in enumerate(answer_questions(kernel), 1):
        report.answer(number, item.answer, format_answer(item.answer, item.crops))
    where = kernel.parts.data_dir
    report.fact("evidence", f"Evidence: {where.packs_dir} and {where.journal_db}", str(where.root))
    report.fact("crops", f"Crops:    {where.crops_dir}", str(where.crops_dir))
    # tools/dev names itself: a newcomer has no `kernel` on the path yet.
    command = os.environ.get("AUTOCAPTURE_COMMAND", "kernel")
    report.line(f"Ask more: {command} query --data-dir {where.root} 'your question'")


def _choose_data_dir(named: Path | None, profile: str | None) -> DataDir:
    if named is not None:
        return DataDir(named.expanduser().absolute())
    if profile == DEMO_PROFILE:
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S")
        return DataDir(default_data_dir().with_name("autocapture-demo") / stamp)
    return DataDir(default_data_dir())


class _Reporter:
    """What `run` prints: lines for people, or one JSON object a line."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._is_terminal = sys.stderr.isatty()
        self._last = ""

    def started(self, kernel: Kernel) -> None:
        """Who runs where."""
        parts = kernel.parts
        facts = {
            "event": "started",
            "run_id": parts.run_id,
            "data_dir": str(parts.data_dir.root),
            "run_dir": str(parts.run_dir.root),
            "profile": parts.loaded.profile,
            "hosts_max": parts.loaded.settings.hosts.max_hosts,
        }
        if self._as_json:
            click.echo(json.dumps(facts))
            return
        heavy = kernel.heavy()
        click.echo(f"Kernel started (profile {parts.loaded.profile}), data dir {facts['data_dir']}")
        click.echo(f"Inbox: {kernel.inbox_dir}")
        if parts.problem is not None:
            click.echo(f"warning: nothing can be processed: {parts.problem}", err=True)
        for stage, error in parts.left_out:
            click.echo(f"warning: the stage {stage} is left out: {error}", err=True)
        state = "may run" if heavy.allowed else "waits"
        click.echo(f"Heavy work {state}: {heavy.reason}. Ctrl-C stops the kernel.")

    def fact(self, name: str, text: str, value: str | int) -> None:
        """One fact."""
        click.echo(json.dumps({"event": name, "value": value}) if self._as_json else text)

    def line(self, text: str) -> None:
        """Something for people only."""
        if not self._as_json:
            click.echo(text)

    def progress(self, text: str) -> None:
        """How far it is: a line that replaces itself on a terminal, else a line per change."""
        if text == self._last:
            return
        self._last = text
        if self._is_terminal:
            click.echo(f"\r\x1b[2K{text}", nl=False, err=True)
        elif text:
            click.echo(text, err=True)

    def answer(self, number: int, answer: Any, text: str) -> None:  # noqa: ANN401 - any record
        """A question and its answer."""
        if self._as_json:
            import msgspec

            document = {"event": "answer", "answer": msgspec.to_builtins(answer)}
            click.echo(json.dumps(document))
            return
        click.echo(f"\nQuestion {number}: {answer.question}\n{text}\n")

    def stopping(self, reason: str) -> None:
        """Why it stops."""
        if self._as_json:
            click.echo(json.dumps({"event": "stopping", "reason": reason}))
        elif reason != "done":
            click.echo(f"Stopping: {reason}.")

    def stopped(self) -> None:
        """All hosts are gone and the stores are closed."""
        if self._as_json:
            click.echo(json.dumps({"event": "stopped"}))
        else:
            click.echo("Stopped; no host is left.")
