"""The `kernel` command: a table of subcommands, imported only when they are used.

Covers: dispatch, `--version`, turning errors into messages and exit codes. Does not cover:
what the subcommands do.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Callable
from typing import Any

import click

from kernel.config.errors import ExitCode, KernelError

COMMANDS = {
    "active": ("kernel.cli.override:active", "Count as active until `kernel resume`."),
    "archive": ("kernel.cli.archive:archive", "Move cold segments to another drive."),
    "backup": ("kernel.cli.backup:backup", "Make a verified backup while the kernel runs."),
    "config": ("kernel.cli.config:config", "Show the settings in effect and their origin."),
    "contracts": ("kernel.cli.contracts:contracts", "List, show and check record contracts."),
    "doctor": ("kernel.cli.doctor:doctor", "Check the machine, the data dir and the sandbox."),
    "export": ("kernel.cli.export:export", "Write a sanitized copy for somebody else."),
    "idle": ("kernel.cli.override:idle", "Count as idle for an hour."),
    "ingest": ("kernel.cli.ingest:ingest", "Take in screenshots from files and folders."),
    "pause": ("kernel.cli.override:pause", "Pause all heavy work."),
    "plugins": ("kernel.cli.plugins:plugins", "List, compare, approve and roll back plugins."),
    "process": ("kernel.cli.process:process", "Run the backlog now, in supervised hosts."),
    "query": ("kernel.cli.query:query", "Ask a question; the answer cites what was on screen."),
    "repair": ("kernel.cli.repair:repair", "Seal, quarantine and restore; never removes."),
    "replay": ("kernel.cli.replay:replay", "Do a stage again, beside the old results."),
    "restore": ("kernel.cli.restore:restore", "Restore a backup into an empty data dir."),
    "resume": ("kernel.cli.override:resume", "Let activity decide again."),
    "run": ("kernel.cli.run:run", "Run the kernel in the foreground."),
    "soak": ("kernel.cli.soak:soak", "Report on long runs, compare and simulate them."),
    "stats": ("kernel.cli.stats:stats", "Show what each stage and model has cost."),
    "status": ("kernel.cli.status:status", "Say what the kernel does and how it stands."),
    "verify": ("kernel.cli.verify:verify", "Check that nothing stored is damaged."),
}
"""Subcommand -> (module:function, one line of help)."""


class LazyGroup(click.Group):
    """Lists subcommands from the table and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names of the table whose module is there."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module_name), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name][0]} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself, so that `--help` imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(importlib.metadata.version("autocapture"), prog_name="kernel")
def cli() -> None:
    """Autocapture: a screen memory that never leaves this machine.

    Every command takes --data-dir DIR (environment: KERNEL_DATA_DIR).
    """


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code (`kernel.config.errors.ExitCode`)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    return _guarded(
        lambda: cli.main(args=arguments, prog_name="kernel", standalone_mode=False), arguments
    )


def _guarded(run: Callable[[], Any], arguments: list[str]) -> int:
    try:
        result = run()
    except KernelError as error:
        if "--json" in arguments:
            document = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
            click.echo(json.dumps(document))
        click.echo(f"error: {error}", err=True)
        return int(error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.Abort:
        click.echo("aborted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return int(ExitCode.USAGE)
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        sys.stderr.close()
        return int(ExitCode.OK)
    return result if isinstance(result, int) else int(ExitCode.OK)
