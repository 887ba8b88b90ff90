"""Finding plugins, as data: no plugin code is imported here.

Built-in plugins are the folders of the ``plugins`` package; other packages announce theirs
through an entry point of the group ``autocapture.plugins`` whose value is the package that
holds ``plugin.toml``. Covers: folders, manifests, digests. Does not cover: whether a plugin
may run (`kernel.config.approvals`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from contracts.bounded import ContractError
from contracts.manifest import MANIFEST_NAME, PluginManifest, parse_manifest
from contracts.plugin_digest import digest_digests, digest_each, read_plugin_files
from contracts.plugin_lock import PluginFacts

ENTRY_POINT_GROUP: Final = "autocapture.plugins"
BUILTIN_PACKAGE: Final = "plugins"

Origin = Literal["builtin", "installed", "kept"]


@dataclass(frozen=True, slots=True)
class PluginPlace:
    """Where a plugin was found: its folder and the name its package is imported under."""

    folder: Path
    package: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A plugin whose manifest can be read."""

    place: PluginPlace
    facts: PluginFacts

    @property
    def manifest(self) -> PluginManifest:
        """What its ``plugin.toml`` says."""
        return self.facts.manifest

    @property
    def plugin_id(self) -> str:
        """The id in its manifest."""
        return self.facts.manifest.id


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """Something that announces itself as a plugin and cannot be read as one."""

    place: PluginPlace
    code: str
    reason: str


def find_package_folder(package: str) -> Path | None:
    """The folder of an installed package, without importing it or its parents.

    Asking for ``a.b`` in the usual way would run the code of ``a``.
    """
    top, *rest = package.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    for location in spec.submodule_search_locations:
        folder = Path(location).joinpath(*rest)
        if folder.is_dir():
            return folder.resolve()
    return None


def find_places(
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
) -> list[PluginPlace]:
    """Every folder that is or should be a plugin's, built-in ones first, by name.

    ``entry_points`` are those of the group; None asks the installation.
    """
    places = list(_find_builtin())
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    for entry_point in sorted(entry_points, key=lambda point: (point.name, point.value)):
        package = entry_point.value.partition(":")[0].strip()
        folder = find_package_folder(package)
        missing = Path(package.replace(".", "/"))
        places.append(PluginPlace(folder or missing, package, "installed"))
    return places


def _find_builtin() -> Iterator[PluginPlace]:
    root = find_package_folder(BUILTIN_PACKAGE)
    if root is None:
        return
    for folder in sorted(root.iterdir()):
        if (folder / MANIFEST_NAME).is_file():
            yield PluginPlace(folder, f"{BUILTIN_PACKAGE}.{folder.name}", "builtin")


def read_plugin(place: PluginPlace) -> FoundPlugin | BrokenPlugin:
    """The plugin in the folder, or why it is none. Reads every file of it once."""
    try:
        files = read_plugin_files(place.folder)
        if MANIFEST_NAME not in files:
            reason = f"{place.folder} has no {MANIFEST_NAME}"
            return BrokenPlugin(place, "manifest-invalid", reason)
        manifest = parse_manifest(files[MANIFEST_NAME], str(place.folder / MANIFEST_NAME))
        digests = digest_each(files)
    except ContractError as error:
        return BrokenPlugin(place, error.code, error.reason)
    facts = PluginFacts(manifest=manifest, files=digests, digest=digest_digests(digests))
    return FoundPlugin(place, facts)


def discover_plugins(
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
) -> tuple[list[FoundPlugin], list[BrokenPlugin]]:
    """All plugins of this installation by id, and what could not be read.

    Two plugins with one id: the first found (a built-in one before others) keeps it.
    """
    found: dict[str, FoundPlugin] = {}
    broken: list[BrokenPlugin] = []
    for place in find_places(entry_points):
        plugin = read_plugin(place)
        if isinstance(plugin, BrokenPlugin):
            broken.append(plugin)
        elif plugin.plugin_id in found:
            other = found[plugin.plugin_id].place.folder
            reason = f"the id {plugin.plugin_id} is taken by {other}"
            broken.append(BrokenPlugin(place, "duplicate-id", reason))
        else:
            found[plugin.plugin_id] = plugin
    return [found[plugin_id] for plugin_id in sorted(found)], broken
