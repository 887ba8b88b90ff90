"""What the names in the inbox mean: which are images, which sidecar belongs to which.

Covers: a listing of names turned into candidates. Pure. Does not cover: looking at files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

DONE_FOLDER = "done"
REFUSED_FOLDER = "refused"
SIDECAR_SUFFIX = ".json"
TEMPORARY_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart")


class EntryKind(StrEnum):
    """What the operating system says a name is, links not followed."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "symbolic link"
    OTHER = "device, socket or pipe"


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and its sidecar; ``shared``: the sidecar fits several images, so none of them."""

    image: str
    sidecar: str | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The inbox's names by meaning, each sorted by name.

    The inbox's own folders are in none of them. A file whose name begins with a dot is a
    temporary one.
    """

    pairs: tuple[Pair, ...]
    lone_sidecars: tuple[str, ...]
    temporaries: tuple[str, ...]
    strangers: tuple[tuple[str, EntryKind], ...]

    def names(self) -> frozenset[str]:
        """Every name that has a meaning here."""
        paired = {name for pair in self.pairs for name in (pair.image, pair.sidecar) if name}
        alone = {*self.lone_sidecars, *self.temporaries, *(name for name, _ in self.strangers)}
        return frozenset(paired | alone)


def sort_names(entries: Mapping[str, EntryKind]) -> Listing:
    """Match images with sidecars: ``NAME.png.json`` first, else ``NAME.json``."""
    files, temporaries, strangers = [], [], []
    for name, kind in sorted(entries.items()):
        if kind is not EntryKind.FILE:
            if name not in (DONE_FOLDER, REFUSED_FOLDER) or kind is not EntryKind.FOLDER:
                strangers.append((name, kind))
        elif name.startswith(".") or name.lower().endswith(TEMPORARY_SUFFIXES):
            temporaries.append(name)
        else:
            files.append(name)
    sidecars = [name for name in files if name.lower().endswith(SIDECAR_SUFFIX)]
    images = [name for name in files if not name.lower().endswith(SIDECAR_SUFFIX)]
    pairs = tuple(_match(images, sidecars))
    used = {pair.sidecar for pair in pairs}
    lone = tuple(name for name in sidecars if name not in used)
    return Listing(pairs, lone, tuple(temporaries), tuple(strangers))


def _match(images: Iterable[str], sidecars: Iterable[str]) -> list[Pair]:
    by_base = {name[: -len(SIDECAR_SUFFIX)]: name for name in sidecars}
    own = {image: by_base[image] for image in images if image in by_base}
    stems = Counter(PurePath(image).stem for image in images if image not in own)
    pairs = []
    for image in images:
        stem = PurePath(image).stem
        if image in own:
            pairs.append(Pair(image, own[image]))
        elif stem in by_base:
            pairs.append(Pair(image, by_base[stem], shared=stems[stem] > 1))
        else:
            pairs.append(Pair(image))
    return pairs
