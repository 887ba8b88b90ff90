"""The documentation builds without a warning, and what it says about commands is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


# Sphinx starts slowly on a cold disk.
@pytest.mark.timeout(300)
def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert (tmp_path / "index.html").exists()


def test_the_readme_begins_with_the_two_commands() -> None:
    first = README.split("```")[1]
    assert "tools/dev kernel run --profile demo" in first
    assert "tools/dev test" in first


def test_ci_runs_the_readme_command_and_nothing_else() -> None:
    lines = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(commands) == 1
    assert commands[0].endswith('/../tools/dev" test')


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "BLUEPRINT.md"])
def test_links_to_files_of_the_project_resolve(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    targets = [
        target.partition("#")[0]
        for target in re.findall(r"\]\(([^)]+)\)", text)
        if not target.startswith(("http:", "https:", "#"))
    ]
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
