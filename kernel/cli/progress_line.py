"""A line of progress that replaces itself, for commands that take a while.

Covers: a terminal only; elsewhere nothing is shown. Does not cover: what is said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click


def progress_line() -> Callable[[str], None]:
    """A function that shows a text in place of the one before; an empty one clears it."""
    if not sys.stderr.isatty():
        return lambda _: None
    last = ""

    def show(text: str) -> None:
        nonlocal last
        if text != last:
            click.echo(f"\r\x1b[2K{text}", nl=False, err=True)
            last = text

    return show
