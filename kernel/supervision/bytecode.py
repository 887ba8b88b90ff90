"""Bytecode for hosts, written once by the kernel.

Hosts see their code read-only and write none, so without this each of them would compile the
same files again at every start. Covers: this project's own parts. Does not cover: libraries (let
the installer compile them: ``uv sync --compile-bytecode``).
"""

from __future__ import annotations

import compileall
from pathlib import Path

from kernel.supervision.interpreter import CODE_ROOTS, HostInterpreter


def compile_for_hosts(interpreter: HostInterpreter) -> bool:
    """Compiles what is not compiled yet; False when some file could not be.

    Takes milliseconds when there is nothing to do. A folder that cannot be written to is no
    error: hosts then start slower.
    """
    done = True
    for path in interpreter.read_only_paths:
        if Path(path).name in CODE_ROOTS and Path(path).is_dir():
            done = bool(compileall.compile_dir(path, quiet=2, legacy=False)) and done
    return done
