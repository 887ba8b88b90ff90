"""Finds calls and SQL that could end or rewrite a file or a row, with the function they are in.

Covers: Python source by its syntax tree, SQL by its words inside string literals. Does not
cover: whether an act is right (`test_no_deletion` has the list, with reasons).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

EVIDENCE_TABLES = (
    "event", "blob", "place", "batch", "pixel", "ledger", "packed", "unpacked", "segment", "volume",
)  # fmt: skip
_TABLE = rf"(?:\b(?:{'|'.join(EVIDENCE_TABLES)})\b|\{{)"
_SQL = re.compile(
    rf"DELETE\s+FROM\s+{_TABLE}|UPDATE\s+{_TABLE}\s*SET|REPLACE\s+INTO\s+{_TABLE}"
    rf"|DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{_TABLE}|DROP\s+TRIGGER",
    re.IGNORECASE,
)
_ANY_OWNER = frozenset(
    {"unlink", "rmtree", "rmdir", "rename", "truncate", "ftruncate", "removedirs"}
)
_OF_MODULE = {"os": {"remove", "replace", "renames"}, "shutil": {"move"}}


def destructive_acts(source: str) -> list[tuple[str, str]]:
    """(function, what) for each place in the source; function is "" outside of any."""
    tree = ast.parse(source)
    imported = _imported(tree)
    found = []
    for function, node in _walk(tree, ""):
        what = _call(node, imported) if isinstance(node, ast.Call) else _sql(node)
        if what:
            found.append((function, what))
    return found


def _walk(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inside = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = child.name
        yield inside, child
        # The pieces of an f-string are one text.
        if not isinstance(child, ast.JoinedStr):
            yield from _walk(child, inside)


def _imported(tree: ast.AST) -> dict[str, str]:
    """Names that stand for functions of `os` and `shutil` here."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in _OF_MODULE:
            for alias in node.names:
                names[alias.asname or alias.name] = alias.name
    return names


def _call(node: ast.Call, imported: dict[str, str]) -> str:
    called = node.func
    if isinstance(called, ast.Name):
        name = imported.get(called.id, "")
        return name if name in _ANY_OWNER or name in {"remove", "replace", "move"} else ""
    if not isinstance(called, ast.Attribute):
        return ""
    owner = called.value.id if isinstance(called.value, ast.Name) else ""
    if called.attr in _ANY_OWNER or called.attr in _OF_MODULE.get(owner, set()):
        return called.attr
    # `Path.replace` takes one argument, `str.replace` two, and that of dataclasses keywords.
    return (
        "replace" if called.attr == "replace" and len(node.args) == 1 and not node.keywords else ""
    )


def _sql(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        return ""
    found = _SQL.search(text)
    return " ".join(found[0].split()) if found else ""
