"""The reference of errors names every code the program can show, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import PACKAGES, REPOSITORY, name_of, parse, python_files

PAGE = REPOSITORY / "docs" / "errors.md"
CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
# A ControlError becomes a KernelError in the command that asked the running kernel.
RAISED = {"KernelError", "ControlError"}
DEFINITION = REPOSITORY / "kernel" / "config" / "errors.py"


def name(node: ast.expr) -> str:
    """The last word of `a.b.Name`."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def error_classes(files: list[Path]) -> set[str]:
    """KernelError and everything derived from it, at any depth."""
    bases = {
        node.name: {name(base) for base in node.bases}
        for path in files
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ClassDef)
    }
    found = {"KernelError"}
    while more := {child for child, parents in bases.items() if parents & found} - found:
        found |= more
    return found


def codes(tree: ast.AST, errors: set[str]) -> Iterator[tuple[int, str | None]]:
    """Line and code of every place that sets one; None where it cannot be read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name(node.func) in RAISED:
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            code = (*node.args, *given, None)[0]
            if not is_passed_on(code):
                yield node.lineno, literal(code)
        elif isinstance(node, ast.ClassDef) and node.name in errors:
            yield from ((line, code) for line, code in class_codes(node) if code)


def class_codes(node: ast.ClassDef) -> Iterator[tuple[int, str | None]]:
    """A subclass says its code to `super().__init__` or as an attribute."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and name(part.func) == "__init__" and part.args:
            yield part.lineno, literal(part.args[0])
        elif isinstance(part, ast.Assign) and [name(target) for target in part.targets] == ["code"]:
            yield part.lineno, literal(part.value)


def is_passed_on(node: ast.expr | None) -> bool:
    """`error.code`: set where that error was made, and found there."""
    return isinstance(node, ast.Attribute) and node.attr == "code"


def literal(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def used() -> dict[str, str]:
    """Code to one place that uses it; fails on a code that cannot be read from the source."""
    files = [path for path in python_files(*PACKAGES) if path != DEFINITION]
    errors = error_classes(files)
    places: dict[str, str] = {}
    hidden = []
    for path in files:
        for line, code in codes(parse(path), errors):
            if code is None:
                hidden.append(f"{name_of(path)}:{line}")
            else:
                places[code] = f"{name_of(path)}:{line}"
    assert not hidden, f"write the code as a literal, so that it can be looked up: {hidden}"
    return places


def documented() -> set[str]:
    return set(re.findall(r"^### `([^`]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_code_has_a_place_in_the_reference() -> None:
    missing = {code: place for code, place in used().items() if code not in documented()}
    assert not missing, "docs/errors.md has no entry (### `code`) for:\n" + "\n".join(
        f"{code}  {place}" for code, place in sorted(missing.items())
    )


def test_the_reference_explains_no_code_that_is_gone() -> None:
    assert documented() - set(used()) == set()


def test_codes_are_kebab_case() -> None:
    assert [code for code in used() if not CODE.fullmatch(code)] == []


def test_entries_are_sorted_and_unique() -> None:
    entries = re.findall(r"^### `([^`]+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert entries == sorted(set(entries))


def test_a_code_is_read_from_calls_subclasses_and_attributes() -> None:
    tree = ast.parse(
        """
raise KernelError("one-two", "text")
raise errors.KernelError(code="three-four", message="text")
raise KernelError(variable, "text")
raise KernelError(reply.code, "text")
ControlError(code="nine-ten", message="text")
class Torn(KernelError):
    def __init__(self):
        super().__init__("five-six", "text")
class Lost(KernelError):
    code = "seven-eight"
class Other(Exception):
    code = "not-ours"
"""
    )
    found = [code for _, code in codes(tree, {"KernelError", "Torn", "Lost"})]
    assert sorted(code for code in found if code) == [
        "five-six",
        "nine-ten",
        "one-two",
        "seven-eight",
        "three-four",
    ]
    assert found.count(None) == 1
