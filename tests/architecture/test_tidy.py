"""The rules of the house that a program can count. See CONTRIBUTING.md for the reasons."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import (
    PACKAGES,
    REPOSITORY,
    functions,
    name_of,
    parse,
    python_files,
)

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
NO_NOUN = {"utils", "util", "helpers", "helper", "misc", "common", "base_manager", "stuff"}

# Modules whose tests lie in another folder than the one of their package, and where.
TESTED_IN: dict[str, str] = {
    "kernel/boot/runrecord.py": "tests/functional/test_run_record.py",
    "kernel/boot/working.py": "tests/functional/test_person_comes_back.py",
}

OURS = python_files(*PACKAGES)
EVERY = [*OURS, *python_files("tests", "tools"), REPOSITORY / "noxfile.py"]


@pytest.mark.parametrize("path", EVERY, ids=name_of)
def test_file_is_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES_MAX, f"{name_of(path)} has {lines} lines: split it by noun"


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name} has {length} lines"
        for path in EVERY
        for node in functions(parse(path))
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_every_module_is_named_after_a_noun_of_the_subject() -> None:
    words = {name_of(path): set(path.with_suffix("").parts[-2:]) for path in EVERY}
    vague = [name for name, parts in words.items() if parts & NO_NOUN]
    assert not vague, f"say what lives there instead: {vague}"


def test_a_package_init_holds_its_promise_and_nothing_else() -> None:
    wrong = []
    for path in OURS:
        if path.name == "__init__.py":
            body = parse(path).body
            if len(body) != 1 or ast.get_docstring(parse(path)) is None:
                wrong.append(name_of(path))
    assert not wrong, f"only a docstring belongs here, code has a module with a name: {wrong}"


def test_every_folder_of_python_is_a_package() -> None:
    folders = {path.parent for path in OURS}
    bare = sorted(name_of(folder) for folder in folders if not (folder / "__init__.py").exists())
    assert not bare, f"an __init__.py with a docstring is missing in: {bare}"


def is_declaration(node: ast.AST) -> bool:
    """Whether this function is a signature alone: a docstring, `...` or nothing to run."""
    body = getattr(node, "body", [])
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in body
    )


def does_something(path: Path) -> bool:
    return any(not is_declaration(node) for node in functions(parse(path)))


def mirrored_tests(path: Path) -> list[Path]:
    """`kernel/store/pack.py` is tested by `tests/kernel/store/test_pack.py` or `test_pack_*.py`."""
    folder = REPOSITORY / "tests" / path.parent.relative_to(REPOSITORY)
    # A module that is private or a program's entry is tested under its plain name.
    stem = path.stem.strip("_")
    return [*folder.glob(f"test_{stem}.py"), *folder.glob(f"test_{stem}_*.py")]


def imported_modules(path: Path) -> set[str]:
    """Dotted names that a file imports, `from package import module` too."""
    names = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_every_module_that_does_something_is_tested_under_its_name() -> None:
    """By a file of its name, or by one that imports it and lies in the folder of its package."""
    by_folder: dict[str, set[str]] = {}
    for test in python_files("tests"):
        folder = test.parent.relative_to(REPOSITORY / "tests").as_posix()
        by_folder.setdefault(folder, set()).update(imported_modules(test))
    missing = []
    for path in OURS:
        module = name_of(path).removesuffix(".py").replace("/", ".")
        folder = path.parent.relative_to(REPOSITORY).as_posix()
        tested = mirrored_tests(path) or module in by_folder.get(folder, set())
        if path.name != "__init__.py" and does_something(path) and not tested:
            missing.append(name_of(path))
    missing = [name for name in missing if name not in TESTED_IN]
    assert not missing, "nothing in tests/<folder>/ tests:\n" + "\n".join(missing)


def test_a_module_tested_elsewhere_is_named_there() -> None:
    """A program of its own is started by name rather than imported."""
    for module, tests in TESTED_IN.items():
        text = (REPOSITORY / tests).read_text(encoding="utf-8")
        dotted = module.removesuffix(".py").replace("/", ".")
        package, _, name = dotted.rpartition(".")
        assert dotted in text or f"from {package} import {name}" in text, (module, tests)
