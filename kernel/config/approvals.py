"""Which plugins may run: the packaged lock, and what the person approved on top of it.

The packaged lock (``locks/plugins.lock.json``) belongs to the installation and is read-only
there; a person's approvals stand in the data dir, with their whole history and a copy of the
approved files, so that an update can be taken back. Covers: reading both, the verdict on each
plugin, approving, rolling back. Does not cover: finding plugins (`kernel.config.plugins`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contracts.bounded import ContractError
from contracts.plugin_digest import read_plugin_files
from contracts.plugin_lock import (
    PLUGIN_LOCK_BYTES_MAX,
    Approval,
    Approvals,
    Decision,
    LockedPlugin,
    PluginsLock,
    PluginVerdict,
    digest_plugin_locks,
    lock_plugin,
    parse_approvals,
    parse_plugins_lock,
    render_plugin_lock,
    verify_plugin,
)
from contracts.registry import REGISTRY
from kernel.config.errors import ExitCode, KernelError
from kernel.config.locks import PLUGINS_LOCK_NAME, locks_dir
from kernel.config.paths import DataDir
from kernel.config.plugins import FoundPlugin, PluginPlace, read_plugin
from kernel.config.smallfile import read_small_file

COPY_BYTES_MAX = 64 << 20
"""Larger plugins (with models inside) are approved without a copy and cannot be rolled back."""


@dataclass(frozen=True, slots=True)
class PluginStanding:
    """A plugin, the lock entry that speaks for it, and the verdict.

    ``plugin`` is what would run: after a rollback the kept copy, not the installed files.
    """

    plugin: FoundPlugin
    locked: LockedPlugin | None
    verdict: PluginVerdict

    @property
    def plugin_id(self) -> str:
        """The plugin's id."""
        return self.plugin.plugin_id

    def require(self) -> FoundPlugin:
        """The plugin, when it may run; raises `KernelError` (``plugin-refused``) otherwise."""
        if self.verdict.is_ok:
            return self.plugin
        reasons = "\n  ".join(f"{code}: {detail}" for code, detail in self.verdict.refusals)
        raise KernelError(
            "plugin-refused",
            f"plugin {self.plugin_id} may not run:\n  {reasons}",
            hint=f"see: kernel plugins diff {self.plugin_id}; "
            f"then, if you want it so: kernel plugins approve {self.plugin_id}",
        )


@dataclass(frozen=True, slots=True)
class PluginLocks:
    """Both locks, as read."""

    packaged: PluginsLock
    approvals: Approvals

    @property
    def digest(self) -> str:
        """Digest of all that is approved (`contracts.plugin_lock.digest_plugin_locks`)."""
        return digest_plugin_locks(self.packaged, self.approvals)


def read_plugin_locks(data_dir: DataDir, folder: Path | None = None) -> PluginLocks:
    """Both locks; no approvals yet is fine. Raises `KernelError` (``plugins-lock-unreadable``)."""
    packaged_path = (folder or locks_dir()) / PLUGINS_LOCK_NAME
    path = packaged_path
    try:
        packaged = parse_plugins_lock(packaged_path.read_bytes())
        path = data_dir.plugin_approvals
        approvals = Approvals()
        with contextlib.suppress(FileNotFoundError):
            approvals = parse_approvals(read_small_file(path, PLUGIN_LOCK_BYTES_MAX))
    except (OSError, ValueError, ContractError) as error:
        raise KernelError(
            "plugins-lock-unreadable",
            f"{path}: {error}",
            hint="reinstall; in a checkout run: python tools/update_plugin_locks.py"
            if path == packaged_path
            else "move the file away and approve your plugins again",
            exit_code=ExitCode.USAGE,
        ) from error
    return PluginLocks(packaged, approvals)


def judge_plugin(found: FoundPlugin, locks: PluginLocks, data_dir: DataDir) -> PluginStanding:
    """The verdict on one plugin under both locks.

    A person's approval counts before the packaged lock, which speaks for built-in plugins
    alone: another package cannot borrow a built-in plugin's entry.
    """
    approval = locks.approvals.plugins.get(found.plugin_id)
    if approval is not None and approval.from_copy:
        place = PluginPlace(
            copy_folder(data_dir, found.plugin_id, approval.current),
            found.place.package,
            "kept",
        )
        kept = read_plugin(place)
        if isinstance(kept, FoundPlugin):
            return _stand(kept, approval.current)
        verdict = PluginVerdict((("changed", f"the kept copy is damaged: {kept.reason}"),))
        return PluginStanding(found, approval.current, verdict)
    packaged = (
        locks.packaged.plugins.get(found.plugin_id) if found.place.origin == "builtin" else None
    )
    current = approval.current if approval is not None else None
    for locked in (current, packaged):
        if locked is not None and locked.digest == found.facts.digest:
            return _stand(found, locked)
    return _stand(found, current or packaged)


def _stand(found: FoundPlugin, locked: LockedPlugin | None) -> PluginStanding:
    return PluginStanding(found, locked, verify_plugin(found.facts, locked, REGISTRY.newest))


def judge_plugins(
    found: Iterable[FoundPlugin], locks: PluginLocks, data_dir: DataDir
) -> list[PluginStanding]:
    """The verdict on each plugin, in the order given."""
    return [judge_plugin(plugin, locks, data_dir) for plugin in found]


def copy_folder(data_dir: DataDir, plugin_id: str, locked: LockedPlugin) -> Path:
    """Where the copy of an approved state is kept."""
    return data_dir.plugin_copies_dir / plugin_id / locked.digest[:32]


def approve_plugin(found: FoundPlugin, data_dir: DataDir, *, now_us: int) -> LockedPlugin:
    """Approve exactly what was found, with all that it asks for; returns the new lock entry.

    Keeps a copy of the files (up to `COPY_BYTES_MAX`). Approving what is approved already and
    runs from its own folder changes nothing. Raises `KernelError`.
    """
    locked = lock_plugin(found.facts)
    approvals = read_plugin_locks(data_dir).approvals
    approval = approvals.plugins.get(found.plugin_id)
    if approval is not None and approval.current == locked and not approval.from_copy:
        return locked
    kept = _keep_copy(found, data_dir, locked)
    decision = Decision(at_us=now_us, act="approve", locked=locked, kept=kept)
    history = (*(approval.history if approval else ()), decision)
    _write(data_dir, approvals, found.plugin_id, Approval(current=locked, history=history))
    return locked


def _keep_copy(found: FoundPlugin, data_dir: DataDir, locked: LockedPlugin) -> bool:
    """Copy the approved files; True when the copy stands. The copy is what was approved."""
    target = copy_folder(data_dir, found.plugin_id, locked)
    if target.exists():
        return True
    try:
        files = read_plugin_files(found.place.folder)
    except ContractError as error:
        raise KernelError("plugin-unreadable", error.reason) from error
    if sum(map(len, files.values())) > COPY_BYTES_MAX:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=target.parent))
    try:
        for relative, data in files.items():
            path = partial / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        written = read_plugin(PluginPlace(partial, found.place.package, "kept"))
        if not isinstance(written, FoundPlugin) or written.facts.digest != locked.digest:
            raise KernelError(
                "plugin-changed",
                f"plugin {found.plugin_id} changed while it was being approved",
                hint=f"look again: kernel plugins diff {found.plugin_id}",
            )
        # A host may run under another user id and must be able to read its plugin.
        partial.chmod(0o755)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def choose_rollback(
    plugin_id: str, data_dir: DataDir, *, digest: str | None = None
) -> LockedPlugin:
    """The earlier approved state to go back to.

    ``digest`` (its beginning will do) names it; None takes the newest kept one that differs
    from the current. Raises `KernelError` (``no-rollback``).
    """
    approval = read_plugin_locks(data_dir).approvals.plugins.get(plugin_id)
    if approval is None:
        raise KernelError(
            "no-rollback",
            f"you never approved plugin {plugin_id}",
            hint="see: kernel plugins list",
        )
    for decision in reversed(approval.history):
        found = decision.locked.digest
        wanted = found.startswith(digest) if digest else found != approval.current.digest
        if wanted and copy_folder(data_dir, plugin_id, decision.locked).is_dir():
            return decision.locked
    raise KernelError(
        "no-rollback",
        f"no kept state of plugin {plugin_id} to go back to"
        + (f" has a digest that begins with {digest}" if digest else ""),
        hint=f"see: kernel plugins diff {plugin_id}",
    )


def rollback_plugin(
    plugin_id: str, locked: LockedPlugin, data_dir: DataDir, *, now_us: int
) -> None:
    """Let the kept copy of this state (`choose_rollback`) run instead of the installed files."""
    approvals = read_plugin_locks(data_dir).approvals
    act = Decision(at_us=now_us, act="rollback", locked=locked, kept=True)
    history = (*approvals.plugins[plugin_id].history, act)
    changed = Approval(current=locked, from_copy=True, history=history)
    _write(data_dir, approvals, plugin_id, changed)


def _write(data_dir: DataDir, approvals: Approvals, plugin_id: str, approval: Approval) -> None:
    plugins = {**approvals.plugins, plugin_id: approval}
    data = render_plugin_lock(msgspec.structs.replace(approvals, plugins=plugins))
    write_atomically(data_dir.plugin_approvals, data)


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a small file so that after a crash either the old or the new one is there.

    Raises `OSError`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
