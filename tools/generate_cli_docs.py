"""Writes docs/cli.md and the README's table from the commands themselves; `--check` only compares.

Covers: every command and sub-command with its help text. Does not cover: the prose around them.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "cli.md"
README = REPOSITORY / "README.md"
TABLE = re.compile(r"(<!-- commands:[^>]*-->\n).*?(<!-- end of commands -->)", re.DOTALL)
WIDTH = 80
HEAD = """# Commands

Made by `tools/generate_cli_docs.py` from the commands' own help; do not edit by hand. Exit statuses
and error codes are explained in [errors](errors.md).
"""


def root_command() -> click.Command:
    """The command behind the console script `kernel`: its module's one click group."""
    module = importlib.import_module("kernel.cli.main")
    groups = [value for value in vars(module).values() if isinstance(value, click.Group)]
    if len(groups) != 1:
        raise LookupError(f"kernel.cli.main holds {len(groups)} click groups instead of one")
    return groups[0]


def commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Path (`kernel ledger show`) and help of a command, then of all below it, sorted."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            child = command.get_command(context, name)
            if child is None:
                raise LookupError(f"{context.command_path} lists {name} but does not have it")
            if not child.hidden:
                yield from commands(child, context_of(child, name, context))


def context_of(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    """A context as click makes it for a run, of a fixed width."""
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    return click.Context(command, info_name=name, parent=parent, **settings)


def render(command: click.Command) -> str:
    """The whole page."""
    context = context_of(command, "kernel", None)
    parts = [HEAD]
    for path, text in commands(command, context):
        # Where a person keeps their data is not the same on the next machine.
        stable = re.sub(re.escape(str(Path.home())), "~", text)
        parts.append(f"\n## {path}\n\n```text\n{stable.rstrip()}\n```\n")
    return "".join(parts)


def render_readme(command: click.Command, readme: str) -> str:
    """The README with its table of commands made anew; all else as it is."""
    context = context_of(command, "kernel", None)
    lines = ["| command | what it does |", "| --- | --- |"]
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                lines.append(f"| `kernel {name}` | {child.get_short_help_str(limit=100)} |")
    table = "\n".join(lines)
    made, count = TABLE.subn(lambda marks: f"{marks[1]}\n{table}\n\n{marks[2]}", readme)
    if count != 1:
        raise LookupError("README.md has lost the marks around its table of commands")
    return made


def main() -> int:
    """Exit status 0 when the pages are written, or are as they would be written."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check: bool = parser.parse_args().check
    command = root_command()
    pages = {
        PAGE: render(command),
        README: render_readme(command, README.read_text(encoding="utf-8")),
    }
    stale = [
        path
        for path, text in pages.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if check:
            print(f"{path.name} is out of date: python tools/generate_cli_docs.py")
        else:
            path.write_text(pages[path], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
