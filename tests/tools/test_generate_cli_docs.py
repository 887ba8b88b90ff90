"""The page of commands is made from the commands, all of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from tools.generate_cli_docs import README, render, render_readme


@click.group
def top() -> None:
    """The top."""


@top.group
def inner() -> None:
    """A group inside."""


@inner.command
@click.option("--depth", default=3, show_default=True, help="How deep.")
def leaf(depth: int) -> None:
    """A leaf."""


@top.command(hidden=True)
def secret() -> None:
    """For nobody."""


def test_every_command_has_its_help_and_hidden_ones_have_none() -> None:
    page = render(top)
    assert "## kernel\n" in page
    assert "## kernel inner leaf\n" in page
    assert "--depth INTEGER  How deep.  [default: 3]" in page
    assert "secret" not in page


def test_the_readme_gets_a_row_for_each_command_and_keeps_its_words() -> None:
    readme = "before\n<!-- commands: made -->\nold\n<!-- end of commands -->\nafter\n"
    made = render_readme(top, readme)
    assert "| `kernel inner` | A group inside. |" in made
    assert "old" not in made
    assert "secret" not in made
    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")
    assert render_readme(top, made) == made


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(LookupError, match="marks"):
        render_readme(top, "no table here")


def test_the_pages_of_this_project_are_up_to_date() -> None:
    """On failure: python tools/generate_cli_docs.py"""
    # A process of its own: click keeps the help option of whoever asked a command first.
    finished = subprocess.run(
        [sys.executable, "tools/generate_cli_docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=README.parent,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
