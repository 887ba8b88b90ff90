"""Finds calls that write into a file that may be there already, with the function they are in.

A new file ("x", `O_EXCL`) and an end ("a", `O_APPEND`) write over nothing. Covers: Python source
by its syntax tree. Does not cover: whether an act is right (`test_no_overwriting` has the list,
with reasons), ending and renaming (`destruction`).
"""

from __future__ import annotations

import ast
import re

_WRITES = frozenset({"write_bytes", "write_text", "copyfile", "copyfileobj", "copy2", "copytree"})
_MODULES = frozenset({"io", "gzip", "bz2", "lzma", "zipfile", "codecs"})
_OPENS = frozenset({"open", "ZipFile"})
_MODE = re.compile(r"[rwxabt+]{1,4}")
_WRITING_FLAGS = frozenset({"O_WRONLY", "O_RDWR"})
_SPARING_FLAGS = frozenset({"O_EXCL", "O_APPEND", "O_PATH", "O_TMPFILE"})


def overwriting_acts(source: str) -> list[tuple[str, str]]:
    """(function, what) for each place in the source; function is "" outside of any."""
    return _acts_in(ast.parse(source), "")


def _acts_in(node: ast.AST, function: str) -> list[tuple[str, str]]:
    found = []
    for child in ast.iter_child_nodes(node):
        inside = function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = child.name
        flags = _flags(child)
        what = _call(child) if isinstance(child, ast.Call) else _writes_by(flags)
        if what:
            found.append((inside, what))
        # The flags of one expression count together.
        if not flags:
            found += _acts_in(child, inside)
    return found


def _flags(node: ast.AST) -> set[str]:
    """Names of the `os.O_...` that an expression is made of; empty for any other node."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _flags(node.left) | _flags(node.right)
    name = _name(node)
    return {name} if name.startswith("O_") else set()


def _writes_by(flags: set[str]) -> str:
    if "O_TRUNC" in flags:
        return "O_TRUNC"
    return "os.open" if flags & _WRITING_FLAGS and not flags & _SPARING_FLAGS else ""


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _call(node: ast.Call) -> str:
    called = node.func
    name = _name(called)
    owner = _name(called.value) if isinstance(called, ast.Attribute) else ""
    if name in _WRITES or (owner, name) == ("shutil", "copy"):
        return name
    if name not in _OPENS or owner == "os":
        return ""
    # `open(path, mode)` and `io.open(path, mode)`, but `path.open(mode)`.
    of_path = isinstance(called, ast.Attribute) and owner not in _MODULES
    modes = node.args[:1] if of_path else node.args[1:2]
    named = [word.value for word in node.keywords if word.arg == "mode"]
    for mode in (*modes, *named):
        known = mode.value if isinstance(mode, ast.Constant) else None
        if isinstance(known, str) and _MODE.fullmatch(known):
            if set(known) & set("w+"):
                return f"open {known}"
        elif not of_path or named:
            return "open with a mode that is not told"
    return ""
