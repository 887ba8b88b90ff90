"""What `kernel plugins` says about a plugin, for programs and for people.

Covers: plain facts and their lines. Does not cover: the commands.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from contracts.manifest import PluginManifest
from contracts.plugin_lock import LockedPlugin
from kernel.config.approvals import PluginStanding
from kernel.config.plugins import BrokenPlugin


def standing_facts(standing: PluginStanding) -> dict[str, Any]:
    """A plugin and its verdict."""
    manifest, place = standing.plugin.manifest, standing.plugin.place
    return {
        "id": manifest.id,
        "version": manifest.version,
        "summary": manifest.summary,
        "origin": place.origin,
        "folder": str(place.folder),
        "digest": standing.plugin.facts.digest,
        "approved": standing.verdict.is_ok,
        "refusals": [{"code": code, "detail": text} for code, text in standing.verdict.refusals],
        **permission_facts(manifest),
    }


def permission_facts(holder: PluginManifest | LockedPlugin) -> dict[str, Any]:
    """What a plugin asks for, or was granted."""
    permissions = holder.permissions
    return {
        "permissions": {
            "network": permissions.network,
            "read_paths": list(permissions.read_paths),
            "programs": list(permissions.programs),
        },
        "memory_bytes_max": holder.memory_bytes_max,
        "dependencies": dict(holder.dependencies),
    }


def permission_lines(facts: dict[str, Any]) -> list[str]:
    """`permission_facts` as lines for a person."""
    asked = facts["permissions"]
    lines = [f"network  {asked['network']}", f"memory   {facts['memory_bytes_max'] >> 20} MiB"]
    if asked["read_paths"]:
        lines.append(f"reads    {', '.join(asked['read_paths'])}")
    if asked["programs"]:
        lines.append(f"starts   {', '.join(asked['programs'])}")
    lines += [f"needs    {name} {version}" for name, version in facts["dependencies"].items()]
    return lines


def broken_facts(plugin: BrokenPlugin) -> dict[str, str]:
    """A plugin that cannot be read, and why."""
    return {
        "package": plugin.place.package,
        "origin": plugin.place.origin,
        "code": plugin.code,
        "reason": plugin.reason,
    }


def refusal_codes(standing: PluginStanding) -> str:
    """The reasons against it, each once."""
    return ", ".join(dict.fromkeys(code for code, _ in standing.verdict.refusals))


def format_time(at_us: int) -> str:
    """UTC in ISO 8601, to the second."""
    return dt.datetime.fromtimestamp(at_us / 1e6, tz=dt.UTC).isoformat(timespec="seconds")
