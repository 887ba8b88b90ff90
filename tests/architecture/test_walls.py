"""The import walls stand, and would be seen to fall."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, REPOSITORY, name_of, parse, python_files


def lint_imports(tree: Path) -> tuple[int, str]:
    finished = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree,
    )
    return finished.returncode, finished.stdout + finished.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__", "*.png")
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=ignore)
    shutil.copyfile(REPOSITORY / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_the_walls_stand() -> None:
    status, said = lint_imports(REPOSITORY)
    assert status == 0, said


@pytest.mark.parametrize(
    ("where", "forbidden", "wall"),
    [
        ("contracts", "kernel.config.errors", "contracts import none of ours"),
        ("contracts", "subprocess", "contracts hold no I/O"),
        ("plugin_host", "kernel.config.errors", "hosts never see the kernel"),
        ("plugins", "kernel.config.errors", "plugins never see the kernel"),
        ("kernel/store", "plugins.planted", "the kernel never sees a plugin"),
        ("kernel/store", "plugin_host.planted", "one seam"),
        ("kernel/store", "kernel.boot.planted", "layers inside the kernel"),
    ],
)
def test_an_import_through_a_wall_is_refused(
    copy: Path, where: str, forbidden: str, wall: str
) -> None:
    for package in ("plugins", "plugin_host", "kernel/boot"):
        (copy / package / "planted.py").write_text("")
    (copy / where / "breach.py").write_text(f"import {forbidden}\n")
    status, said = lint_imports(copy)
    assert status == 1, said
    broken = [line for line in said.splitlines() if " BROKEN" in line]
    assert any(wall in line for line in broken), said


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_contracts_import_their_encoding_and_the_standard_library_alone() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec", "blake3", "contracts"}
    foreign = [
        f"{name_of(path)} imports {name}"
        for path in python_files("contracts")
        for name in imported(parse(path))
        if name.partition(".")[0] not in allowed
    ]
    assert not foreign, "\n".join(foreign)
