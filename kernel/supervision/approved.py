"""The plugins that may run, as the pool wants them: found, verified, described.

Covers: one call from a data dir to records for the pool. Does not cover: the verdict itself
(`kernel.config.approvals`), which plugin serves which stage (`kernel.boot`).
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.config.approvals import PluginStanding, judge_plugins, read_plugin_locks
from kernel.config.paths import DataDir
from kernel.config.plugins import BrokenPlugin, FoundPlugin, discover_plugins
from kernel.supervision.runner import PluginRecord


@dataclass(frozen=True, slots=True)
class ApprovedPlugins:
    """What was found, by verdict; ``lock_digest`` goes into handshake and provenance."""

    records: dict[str, PluginRecord]
    """The plugins that may run, by id."""
    standings: dict[str, PluginStanding]
    """Every readable plugin with its verdict, those that may not run among them."""
    broken: tuple[BrokenPlugin, ...]
    lock_digest: str

    def require(self, plugin_id: str) -> PluginRecord:
        """The record of a plugin; raises `KernelError` (``plugin-refused``) or `KeyError`."""
        self.standings[plugin_id].require()
        return self.records[plugin_id]

    def digests(self) -> dict[str, str]:
        """Digest of each plugin that may run, as `kernel.supervision.quarantine` wants it."""
        return {plugin_id: record.digest for plugin_id, record in self.records.items()}


def load_approved_plugins(data_dir: DataDir) -> ApprovedPlugins:
    """Find all plugins and judge them under both locks; no plugin code runs.

    Raises `KernelError` when a lock cannot be read.
    """
    locks = read_plugin_locks(data_dir)
    found, broken = discover_plugins()
    standings = {standing.plugin_id: standing for standing in judge_plugins(found, locks, data_dir)}
    records = {
        plugin_id: make_record(standing.plugin)
        for plugin_id, standing in standings.items()
        if standing.verdict.is_ok
    }
    return ApprovedPlugins(records, standings, tuple(broken), locks.digest)


def make_record(plugin: FoundPlugin) -> PluginRecord:
    """What the pool must know of a plugin that was verified."""
    manifest = plugin.manifest
    models = manifest.models
    return PluginRecord(
        plugin_id=manifest.id,
        version=manifest.version,
        digest=plugin.facts.digest,
        folder=plugin.place.folder,
        package=plugin.place.package,
        entry=manifest.entry,
        stages=tuple(stage.name for stage in manifest.stages),
        network=manifest.permissions.network,
        hosting=manifest.hosting,
        memory_bytes_max=manifest.memory_bytes_max,
        programs=manifest.permissions.programs,
        read_paths=manifest.permissions.read_paths,
        model_key=models[0].key if models else "",
    )
