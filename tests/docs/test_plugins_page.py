"""A newcomer who types what docs/plugins.md says gets what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.architecture.tree import REPOSITORY
from tests.functional.plain_user import as_plain_user

PAGE = REPOSITORY / "docs" / "plugins.md"
FIXTURE = REPOSITORY / "tests" / "fixtures" / "pages" / "05_terminal.png"
MARK = "--- next command ---"


@dataclass
class Command:
    """One line that the page tells to type, and the lines it shows below."""

    line: str
    shown: list[str] = field(default_factory=list)


def read_commands() -> list[Command]:
    commands: list[Command] = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            else:
                commands[-1].shown.append(line)
    return commands


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment of its own for the plugin, on top of the one that the tests run in."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False, symlinks=True)
    scheme = dict.fromkeys(("base", "platbase"), str(folder))
    site = Path(sysconfig.get_path("purelib", vars=scheme))
    below = [sysconfig.get_path("purelib"), str(REPOSITORY)]
    (site / "below.pth").write_text("\n".join(below) + "\n")
    command = folder / "bin" / "kernel"
    before = " ".join(as_plain_user())
    command.write_text(f'#!/bin/sh\nexec {before} "{folder}/bin/python" -P -m kernel.cli "$@"\n')
    command.chmod(0o755)
    # A run dir's path must be short.
    runtime = tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp")
    yield {
        "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
        "XDG_RUNTIME_DIR": runtime.name,
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "LC_ALL": "C.UTF-8",
        # The environment above is made of two folders, of which a sandboxed host sees one; and a
        # kernel of root has no threads.
        "KERNEL_HOSTS_HOSTING": "in_process",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    runtime.cleanup()


def matches(shown: str, printed: str) -> bool:
    """Whether a printed line is the one on the page; ``<anything>`` there stands for some text."""
    pattern = re.sub(r"<\w+>", ".+", re.escape(shown))
    return re.fullmatch(pattern, printed) is not None


def assert_shown(command: Command, printed: list[str]) -> None:
    """Every line on the page was printed, in this order; others may stand between."""
    rest = iter(printed)
    for shown in command.shown:
        found = any(matches(shown, line) for line in rest)
        assert found, f"$ {command.line}\nthe page shows: {shown}\nprinted:\n" + "\n".join(printed)


@pytest.mark.timeout(300)
def test_every_command_of_the_page_does_what_the_page_shows(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    commands = read_commands()
    assert len(commands) > 15
    work = tmp_path / "work"
    work.mkdir()
    shutil.copyfile(FIXTURE, work / "shot.png")
    script = "".join(f"{command.line}\necho '{MARK}' $?\n" for command in commands)
    finished = subprocess.run(
        ["bash", "-c", script],
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    parts = re.split(rf"^{MARK} (\d+)\n", finished.stdout, flags=re.M)
    outputs, statuses = parts[0:-1:2], parts[1::2]
    assert len(outputs) == len(commands), finished.stdout
    for command, output, status in zip(commands, outputs, statuses, strict=True):
        # diff exits 1 when there is a difference, and here there is one.
        expected = "1" if command.line.startswith("kernel plugins diff") else "0"
        assert status == expected, f"$ {command.line}\n{output}"
        assert_shown(command, output.splitlines())


def test_the_page_shows_every_hook_and_every_key_of_the_manifest() -> None:
    from contracts.manifest import HOOKS, Permissions, PluginManifest

    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{hook}(" in page for hook in HOOKS)
    table = page[page.index("## plugin.toml") : page.index("## What counts")]
    for name in (*PluginManifest.__struct_fields__, *Permissions.__struct_fields__):
        assert f"`{name}`" in table or f"[{name}]" in table, name


def test_a_line_that_was_not_printed_is_noticed() -> None:
    command = Command("true", ["one <thing>"])
    assert_shown(command, ["zero", "one fish"])
    with pytest.raises(AssertionError, match="the page shows"):
        assert_shown(command, ["two fish"])


def test_the_test_uses_the_tree_and_not_another_installation(environment: dict[str, str]) -> None:
    where = subprocess.run(
        ["python", "-c", "import kernel; print(kernel.__file__)"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert where.strip() == str(REPOSITORY / "kernel" / "__init__.py")
