"""The project's own files, for the tests that look at them. Nothing here imports them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("kernel", "plugin_host", "plugins", "contracts")


def python_files(*folders: str) -> list[Path]:
    """Every Python file below these folders of the repository, sorted."""
    return sorted(
        path
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def name_of(path: Path) -> str:
    """The path as people write it: from the repository's root, with slashes."""
    return path.relative_to(REPOSITORY).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def review(
    acts_of: Callable[[str], Iterable[tuple[str, str]]], allowed: Mapping[tuple[str, str], str]
) -> tuple[list[str], set[tuple[str, str]]]:
    """The packages against a list of reviewed places, (file, function).

    Gives the acts that are not on the list, for people, and the places of it that do no such
    thing any more. ``acts_of`` makes (function, what) of a source text.
    """
    found, named = [], set()
    for path in python_files(*PACKAGES):
        for function, what in acts_of(path.read_text(encoding="utf-8")):
            place = (name_of(path), function)
            named.add(place)
            if place not in allowed:
                found.append(f"{place[0]}, {function}: {what}")
    gone = {place for place in allowed if place not in named and (REPOSITORY / place[0]).exists()}
    return found, gone
