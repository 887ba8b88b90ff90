"""Whether two folders are one, or one lies in the other, by whatever names they are given.

Covers: links and bind mounts, by the identity of each folder on the way to the root. Does not
cover: what is in the folders.
"""

from __future__ import annotations

from pathlib import Path


def lies_within(inner: Path, outer: Path) -> bool:
    """Whether ``inner`` is ``outer`` or somewhere below it; neither needs to exist.

    Raises `OSError` for a folder that cannot be asked.
    """
    outer, inner = outer.resolve(), inner.resolve()
    return any(_is_same(folder, outer) for folder in (inner, *inner.parents))


def overlap(one: Path, other: Path) -> bool:
    """Whether one of the two is the other, or lies in it. Raises as `lies_within`."""
    return lies_within(one, other) or lies_within(other, one)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (FileNotFoundError, NotADirectoryError):
        return one == other
