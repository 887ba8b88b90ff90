"""Imports a plugin from exactly the bytes that the lock approved.

The folder is read once into memory, its digest is compared with the one the kernel sent, and
the import takes the sources from that memory: a file changed after the check is never run.
Data files (models, tables) that a plugin opens itself are its own affair; the sandbox shows
its folder read-only.

Covers: verification, import, registration of hooks. Does not cover: the lock's format
(`contracts.plugin_digest`), running tasks (`plugin_host.worker`).
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import msgspec
import pluggy

from contracts.manifest import MANIFEST_NAME, parse_manifest
from contracts.plugin_digest import digest_files, read_plugin_files
from plugin_host.hooks import (
    PROJECT_NAME,
    PluginError,
    SetupContext,
    StageHooks,
    StageInput,
    TaskContext,
)


class PluginChanged(Exception):
    """The plugin's files are not those that the lock approved."""

    code = "plugin-changed"


class PluginBroken(Exception):
    """The plugin cannot be imported, or registers hooks that do not exist."""

    code = "plugin-import-failed"


class _VerifiedFiles(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the plugin's modules from verified bytes."""

    def __init__(self, package: str, folder: Path, files: Mapping[str, bytes]) -> None:
        self._package = package
        self._folder = folder
        self._files = files

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of one of the plugin's modules; None for everything else."""
        relative = self._relative(fullname)
        if relative is None:
            return None
        is_package = relative.endswith("__init__.py")
        spec = importlib.machinery.ModuleSpec(
            fullname, self, origin=str(self._folder / relative), is_package=is_package
        )
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [str((self._folder / relative).parent)]
        return spec

    def get_source(self, fullname: str) -> str | None:
        """The verified source text."""
        relative = self._relative(fullname)
        return None if relative is None else self._files[relative].decode("utf-8")

    def get_code(self, fullname: str) -> CodeType | None:
        """Compiled from the verified bytes; no cached bytecode is ever read."""
        relative = self._relative(fullname)
        if relative is None:
            return None
        return compile(self._files[relative], str(self._folder / relative), "exec")

    def is_package(self, fullname: str) -> bool:
        """Whether the module is a folder with an ``__init__.py``."""
        relative = self._relative(fullname)
        return relative is not None and relative.endswith("__init__.py")

    def _relative(self, fullname: str) -> str | None:
        if fullname != self._package and not fullname.startswith(self._package + "."):
            return None
        inner = fullname[len(self._package) :].replace(".", "/").lstrip("/")
        candidates = [f"{inner}/__init__.py", f"{inner}.py"] if inner else ["__init__.py"]
        return next((name for name in candidates if name in self._files), None)


class HookedPlugin:
    """A plugin whose hooks are registered; `plugin_host.worker` drives it."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        *,
        plugin_id: str,
        folder: Path,
        config: Mapping[str, Any],
        model_key: str,
    ) -> None:
        self._manager = manager
        self._plugin_id = plugin_id
        self._folder = folder
        self._config = config
        self._model_key = model_key

    def setup(self, *, scratch_dir: Path) -> str:
        """Load and warm the model; returns the model key (empty: none)."""
        context = SetupContext(
            plugin_dir=self._folder, scratch_dir=scratch_dir, config=self._config
        )
        self._manager.hook.autocapture_setup(context=context)
        return self._model_key

    def run(self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext) -> msgspec.Struct:
        """The stage's record; raises `PluginError` when no hook took the stage."""
        record = self._manager.hook.autocapture_run(stage=stage, inputs=inputs, task=task)
        if record is None:
            raise PluginError("stage-unknown", f"{self._plugin_id} does nothing for stage {stage}")
        if not isinstance(record, msgspec.Struct):
            raise PluginError(
                "not-a-record", f"{self._plugin_id} returned {type(record).__name__} for {stage}"
            )
        return record


def load_plugin(  # noqa: PLR0913 - what is found where, and what it must be
    *,
    plugin_id: str,
    package: str,
    entry: str,
    folder: Path,
    digest: str,
    config: Mapping[str, Any],
    model_key: str,
) -> HookedPlugin:
    """Verify the plugin in ``folder``, import ``package.entry`` and register its hooks.

    ``entry`` is a module of the package (its functions are the hooks) or ``module:object``
    (the object's methods are). Raises `PluginChanged` when its files differ from ``digest``,
    `PluginBroken` when a hook implementation has no specification, or the manifest declares
    one that is not there; whatever the import raises is passed on.
    """
    files = read_plugin_files(folder)
    found = digest_files(files)
    if found != digest:
        raise PluginChanged(
            f"the files of plugin {plugin_id} have digest {found}, the lock says {digest}"
        )
    finder = _VerifiedFiles(package, folder, files)
    _forget(package)
    _make_parents(package)
    sys.meta_path.insert(0, finder)
    module, _, attribute = entry.partition(":")
    try:
        imported: object = importlib.import_module(f"{package}.{module}")
        hooks = getattr(imported, attribute) if attribute else imported
        manager = pluggy.PluginManager(PROJECT_NAME)
        manager.add_hookspecs(StageHooks)
        manager.register(hooks, name=plugin_id)
        manager.check_pending()
        _require_declared_hooks(manager, files)
    except pluggy.PluginValidationError as error:
        _forget(package)
        raise PluginBroken(str(error)) from error
    except BaseException:
        _forget(package)
        raise
    return HookedPlugin(
        manager, plugin_id=plugin_id, folder=folder, config=config, model_key=model_key
    )


def _require_declared_hooks(manager: pluggy.PluginManager, files: Mapping[str, bytes]) -> None:
    """A hook that is declared and missing would make the plugin do nothing, silently."""
    if MANIFEST_NAME not in files:
        return
    manifest = parse_manifest(files[MANIFEST_NAME], MANIFEST_NAME)
    for name in manifest.hooks:
        if not getattr(manager.hook, name).get_hookimpls():
            raise PluginBroken(
                f"{manifest.id} declares the hook {name}, but {manifest.entry} does not have it"
            )


def _make_parents(package: str) -> None:
    """Empty packages above the plugin's own: their files are in no lock, so they are not run."""
    names = package.split(".")[:-1]
    for depth in range(1, len(names) + 1):
        name = ".".join(names[:depth])
        if name not in sys.modules:
            parent = ModuleType(name)
            parent.__path__ = []
            sys.modules[name] = parent


def _forget(package: str) -> None:
    """Drop an earlier import (in-process hosts live in one interpreter one after another)."""
    for name in [n for n in sys.modules if n == package or n.startswith(package + ".")]:
        del sys.modules[name]
    for finder in [f for f in sys.meta_path if isinstance(f, _VerifiedFiles)]:
        if finder._package == package:  # noqa: SLF001 - the same class
            sys.meta_path.remove(finder)
