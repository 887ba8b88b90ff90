"""Checks BLUEPRINT.md: every place and every test it names exists.

`python tools/blueprint.py --check` prints what is wrong and exits 1. Covers: the table's shape, the
paths, the test functions. Does not cover: whether the tests pass (tools/dev test).
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = re.compile(r"`([^`]+)`")
COLUMNS = 3


@dataclass(frozen=True, slots=True)
class Promise:
    """One row: what is promised, where it is kept, which tests prove it."""

    line: int
    text: str
    kept_in: tuple[str, ...]
    proved_by: tuple[str, ...]


def read_promises(text: str) -> list[Promise]:
    """The rows of every three-column table.

    Raises `ValueError` for a row with another number of columns.
    """
    promises = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != COLUMNS:
            raise ValueError(f"line {number}: {len(cells)} columns instead of {COLUMNS}")
        if cells[1].lower() == "kept in":
            continue
        kept, proved = (tuple(REFERENCE.findall(cell)) for cell in cells[1:])
        promises.append(Promise(number, cells[0], kept, proved))
    return promises


def problems(promises: list[Promise], root: Path) -> Iterator[str]:
    """What is wrong, a sentence each."""
    if not promises:
        yield "no promise found"
    for promise in promises:
        where = f"line {promise.line} ({promise.text[:60]})"
        if not promise.kept_in:
            yield f"{where}: names no place that keeps it"
        if not promise.proved_by:
            yield f"{where}: names no test that proves it"
        for path in promise.kept_in:
            if not (root / path).exists():
                yield f"{where}: {path} does not exist"
        for reference in promise.proved_by:
            yield from (f"{where}: {wrong}" for wrong in _wrong_test(reference, root))


def _wrong_test(reference: str, root: Path) -> Iterator[str]:
    path, _, name = reference.partition("::")
    file = root / path
    if not path.startswith("tests/") or not file.is_file():
        yield f"{path} is not a test file"
    elif not name:
        yield f"{path}: name the test, {path}::test_..."
    elif name not in collected_names(file):
        yield f"{path} has no {name}"


def collected_names(file: Path) -> set[str]:
    """What pytest would collect: functions, `Class::method`, and state machines' `TestCase`s."""
    names: set[str] = set()
    body = ast.parse(file.read_text(encoding="utf-8")).body
    names |= {function.name for function in functions(body)}
    for node in body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{part.name}" for part in functions(node.body)}
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {name for name in names if name.rpartition("::")[2].lower().startswith("test")}


def functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions among these statements, not the nested ones."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def main() -> int:
    """Exit status 0 when every reference holds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="the default, and all there is")
    parser.parse_args()
    promises = read_promises((REPOSITORY / "BLUEPRINT.md").read_text(encoding="utf-8"))
    found = list(problems(promises, REPOSITORY))
    for problem in found:
        print(f"BLUEPRINT.md: {problem}")
    print(f"{len(promises)} promises, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
