"""One digest over all files of a plugin's folder, the same on every system.

The kernel computes it when a plugin is locked and when it is found; the host computes it again
from the bytes that it is about to import. Covers: which files count, their digest. Does not
cover: the lock (`contracts.plugin_lock`), importing (`plugin_host.loader`).

What counts: every regular file below the folder, by its path relative to it with ``/``
between the parts. What does not: folders named ``__pycache__`` (hosts never read cached
bytecode). What is refused: links, special files, names that are not plain text, more than the
bounds below. Times, owners, modes and the order of the directory play no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from contracts import canonical
from contracts.bounded import ContractError

PLUGIN_FILES_MAX: Final = 4096
PLUGIN_BYTES_MAX: Final = 512 << 20
PLUGIN_DEPTH_MAX: Final = 16
IGNORED_FOLDERS: Final = frozenset({"__pycache__"})


def read_plugin_files(folder: Path) -> dict[str, bytes]:
    """Every file that counts, by its relative path, sorted.

    Raises `ContractError` (``plugin-unreadable``) for what is refused and when reading fails.
    """
    files: dict[str, bytes] = {}
    room = PLUGIN_BYTES_MAX
    try:
        if not folder.is_dir():
            raise ContractError("plugin-unreadable", f"{folder} is not a folder")
        for relative, path in sorted(_walk(folder, "", PLUGIN_DEPTH_MAX)):
            room -= path.stat().st_size
            if room < 0 or len(files) >= PLUGIN_FILES_MAX:
                raise ContractError(
                    "plugin-unreadable",
                    f"{folder} holds more than {PLUGIN_FILES_MAX} files "
                    f"or {PLUGIN_BYTES_MAX} bytes",
                )
            files[relative] = path.read_bytes()
    except OSError as error:
        raise ContractError("plugin-unreadable", str(error)) from error
    return files


def _walk(folder: Path, prefix: str, depth_left: int) -> Iterator[tuple[str, Path]]:
    if depth_left == 0:
        raise ContractError("plugin-unreadable", f"{folder} is nested too deep")
    for path in folder.iterdir():
        relative = prefix + path.name
        if not path.name.isprintable() or "\\" in path.name:
            raise ContractError("plugin-unreadable", f"{relative!r} is no name for a file")
        if path.is_symlink():
            raise ContractError(
                "plugin-unreadable", f"{path} is a link: what it leads to is not pinned"
            )
        if path.is_dir():
            if path.name not in IGNORED_FOLDERS:
                yield from _walk(path, relative + "/", depth_left - 1)
        elif path.is_file():
            yield relative, path
        else:
            raise ContractError("plugin-unreadable", f"{path} is not a regular file")


def digest_each(files: Mapping[str, bytes]) -> dict[str, str]:
    """The digest of each file by its path, sorted: what the lock keeps, to show what changed."""
    return {path: canonical.digest_bytes(files[path]) for path in sorted(files)}


def digest_digests(digests: Mapping[str, str]) -> str:
    """The plugin's digest, from those of its files."""
    return canonical.digest_bytes(canonical.encode_any(dict(digests)))


def digest_files(files: Mapping[str, bytes]) -> str:
    """The plugin's digest, from its files."""
    return digest_digests(digest_each(files))


def digest_plugin(folder: Path) -> str:
    """The digest of the plugin in the folder; raises `ContractError` (``plugin-unreadable``)."""
    return digest_files(read_plugin_files(folder))
