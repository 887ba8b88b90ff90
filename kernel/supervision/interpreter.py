"""Which interpreter hosts run on, and which files it needs to see.

Covers: this process's own interpreter and virtual environment, and where the code that hosts
import lies, without importing it. Does not cover: an environment of a plugin's own (give another
`HostInterpreter`).
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError

CODE_ROOTS = ("contracts", "plugin_host", "plugins")
"""What a host may import of this project; the kernel's own code is not shown to it."""


@dataclass(frozen=True, slots=True)
class HostInterpreter:
    """An interpreter, its environment, and what of the disk it reads."""

    python: str
    prefix: str
    bootstrap: str
    sys_path: tuple[str, ...]
    site_dirs: tuple[str, ...]
    read_only_paths: tuple[str, ...]


def this_interpreter() -> HostInterpreter:
    """The interpreter and environment that the kernel itself runs on.

    Raises `KernelError` ``code-not-found`` when a part that hosts import is not installed.
    """
    roots = [_root_of(name) for name in CODE_ROOTS]
    site_dirs = tuple(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
    library = sysconfig.get_path("stdlib")
    read_only = [*site_dirs, library, f"{Path(library).parent}/lib-dynload", *roots]
    read_only += _interpreter_files()
    return HostInterpreter(
        python=sys.executable,
        prefix=sys.prefix,
        bootstrap=str(Path(_root_of("plugin_host")) / "bootstrap.py"),
        sys_path=tuple(dict.fromkeys(str(Path(root).parent) for root in roots)),
        site_dirs=site_dirs,
        read_only_paths=tuple(dict.fromkeys(read_only)),
    )


def _interpreter_files() -> list[str]:
    """The shared library of the interpreter, where it has one outside the system's folders."""
    folder = sysconfig.get_config_var("LIBDIR") or ""
    name = sysconfig.get_config_var("INSTSONAME") or ""
    shared = Path(folder) / name
    return [str(shared)] if name and ".so" in name and shared.is_file() else []


def _root_of(name: str) -> str:
    # find_spec looks a top-level package up without running it.
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise KernelError(
            "code-not-found",
            f"the package {name} is not installed beside the kernel",
            hint="install the whole project again",
        )
    return os.path.realpath(places[0])
