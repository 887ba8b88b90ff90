"""What is shipped: the wheel holds all that the program needs, nothing else, and works alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from kernel.origin import DISTRIBUTION
from tests.architecture.tree import PACKAGES, REPOSITORY

NOT_SHIPPED = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def run(*command: str | Path, cwd: Path = REPOSITORY) -> str:
    """Standard output and error of a program that must succeed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    finished = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
    )
    assert finished.returncode == 0, f"{command}\n{finished.stdout}{finished.stderr}"
    return finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once, by the locked build tool, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY)
    (built,) = folder.glob("*.whl")
    return built


def site_of(environment: Path) -> Path:
    return Path(
        sysconfig.get_path("purelib", vars=dict.fromkeys(("base", "platbase"), environment))
    )


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel, and our dependencies by path.

    The editable install of the tree is not there: its .pth file works in its own folder alone.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_of(folder))
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_of(folder) / "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    return folder / "bin" / "python"


@pytest.fixture
def whole(wheel: Path, tmp_path: Path) -> Path:
    """The same with the dependencies inside, as an installer leaves it: for sandboxed hosts."""
    # pytest keeps its folders to their owner; hosts of another user must reach this one.
    for above in (tmp_path, *list(tmp_path.parents)[:2]):
        above.chmod(0o755)
    folder = tmp_path / "whole"
    venv.create(folder, with_pip=False, symlinks=True)
    site = site_of(folder)
    ignore = shutil.ignore_patterns("__pycache__", f"*{DISTRIBUTION}*")
    shutil.copytree(
        sysconfig.get_path("purelib"),
        site,
        ignore=ignore,
        symlinks=True,
        dirs_exist_ok=True,
        copy_function=link_or_copy,
    )
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    command = folder / "bin" / "kernel"
    start = "import sys; from kernel.cli.main import main; sys.exit(main())"
    command.write_text(f"#!{folder}/bin/python\n{start}\n")
    command.chmod(0o755)
    return folder / "bin" / "python"


def link_or_copy(source: str, target: str) -> None:
    """Hundreds of megabytes: a second name for the same bytes where the file system has it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def packaged_files() -> Iterator[str]:
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*"):
            if path.is_file() and not NOT_SHIPPED & set(path.parts) and path.suffix != ".pyc":
                yield path.relative_to(REPOSITORY).as_posix()


def test_the_wheel_holds_every_file_of_the_packages_and_the_locks(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    locks = {
        f"kernel/_locks/{path.relative_to(REPOSITORY / 'locks').as_posix()}"
        for path in (REPOSITORY / "locks").rglob("*")
        if path.is_file()
    }
    missing = (set(packaged_files()) | locks) - names
    assert not missing
    assert locks


def test_the_wheel_holds_nothing_but_the_four_roots(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    # W002: two files of equal content; W004: folders that are data, W010: no Python in a root.
    run(
        *(Path(sys.executable).parent / "check-wheel-contents", wheel),
        *("--toplevel", ",".join(PACKAGES), "--ignore", "W002,W004"),
    )


def test_no_dependency_owns_one_of_our_roots() -> None:
    owners = {
        distribution.metadata["Name"]
        for distribution in metadata.distributions()
        for file in distribution.files or []
        if file.parts[0] in PACKAGES and distribution.metadata["Name"] != DISTRIBUTION
    }
    assert not owners


def test_the_installed_wheel_is_the_code_that_runs(python: Path, tmp_path: Path) -> None:
    program = "import kernel.origin as o; o.check_origin(); print(o.__file__)"
    # Not isolated: a folder of the same name where the person stands must not matter.
    said = run(python, "-P", "-c", program, cwd=tmp_path)
    assert Path(said.strip()).is_relative_to(python.parents[1])


# What looks at the repository itself rather than at the program.
NOT_AGAINST_THE_WHEEL = ("--ignore=tests/architecture", "--ignore=tests/tools")


def copy_tests(target: Path) -> None:
    """The tests and what they read, without the packages they test."""
    for folder in ("tests", "tools", "docs", "locks"):
        shutil.copytree(REPOSITORY / folder, target / folder)
    for name in ("pyproject.toml", "README.md"):
        shutil.copyfile(REPOSITORY / name, target / name)


QUICK = (
    "tests/contracts/test_canonical.py",
    "tests/kernel/config/test_locks.py",
    "tests/kernel/config/test_settings.py",
    "tests/kernel/store/test_derived.py",
    "tests/kernel/test_origin.py",
)


def test_the_quick_tests_pass_against_the_wheel(python: Path, tmp_path: Path) -> None:
    copy_tests(tmp_path)
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK, cwd=tmp_path)
    assert " passed" in said


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_tests_pass_against_the_wheel(whole: Path, tmp_path: Path) -> None:
    copy_tests(tmp_path)
    run(whole, "-m", "pytest", "-q", "-p", "no:cacheprovider", *NOT_AGAINST_THE_WHEEL, cwd=tmp_path)
