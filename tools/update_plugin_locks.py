"""Write or check ``locks/plugins.lock.json``: run it after a change in ``plugins/``.

Exit 0: the lock agrees with the built-in plugins (or was written). Exit 1: it does not
(``--check``), or a plugin cannot be read. Works from any directory.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# This checkout's packages, whatever is installed in the environment.
sys.path.insert(0, str(ROOT))

from contracts.bounded import ContractError  # noqa: E402
from contracts.manifest import MANIFEST_NAME, find_misfits  # noqa: E402
from contracts.plugin_lock import (  # noqa: E402
    LockedPlugin,
    PluginsLock,
    diff_plugin,
    lock_plugin,
    parse_plugins_lock,
    render_plugin_lock,
)
from contracts.registry import REGISTRY  # noqa: E402
from kernel.config.plugins import BrokenPlugin, PluginPlace, read_plugin  # noqa: E402

LOCK_PATH = ROOT / "locks" / "plugins.lock.json"
PLUGINS_DIR = ROOT / "plugins"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("--lock", type=Path, default=LOCK_PATH, help="another lock file")
    parser.add_argument("--plugins", type=Path, default=PLUGINS_DIR, help="another folder")
    options = parser.parse_args(arguments)
    path: Path = options.lock
    old_bytes = path.read_bytes() if path.exists() else b""
    try:
        old = parse_plugins_lock(old_bytes) if old_bytes else PluginsLock()
        new = PluginsLock(plugins=_lock_folder(options.plugins))
    except ContractError as error:
        print(error, file=sys.stderr)
        return 1
    new_bytes = render_plugin_lock(new)
    # Compared as text: a checkout may have turned the line ends around.
    agrees = old_bytes.replace(b"\r\n", b"\n") == new_bytes
    _print_changes(old, new)
    if options.check:
        if agrees:
            print(f"{path.name} agrees with the plugins")
            return 0
        print(f"{path} does not agree with {options.plugins}")
        print("Run: python tools/update_plugin_locks.py")
        return 1
    if not agrees:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(new_bytes)
    print(f"{path.name}: {len(new.plugins)} plugins, {'up to date' if agrees else 'written'}")
    return 0


def _lock_folder(folder: Path) -> dict[str, LockedPlugin]:
    locked: dict[str, LockedPlugin] = {}
    for child in sorted(folder.iterdir()):
        if not (child / MANIFEST_NAME).is_file():
            continue
        plugin = read_plugin(PluginPlace(child, f"plugins.{child.name}", "builtin"))
        if isinstance(plugin, BrokenPlugin):
            raise ContractError(plugin.code, plugin.reason)
        if plugin.plugin_id != child.name:
            where = child / MANIFEST_NAME
            raise ContractError(
                "manifest-invalid",
                f"{where}: id: {plugin.plugin_id}, but the folder is {child.name}",
            )
        misfits = find_misfits(plugin.manifest, REGISTRY.newest)
        if misfits:
            raise ContractError("manifest-invalid", f"{child / MANIFEST_NAME}: {misfits[0]}")
        locked[plugin.plugin_id] = lock_plugin(plugin.facts)
    return locked


def _print_changes(old: PluginsLock, new: PluginsLock) -> None:
    for plugin_id in sorted(old.plugins.keys() | new.plugins.keys()):
        found = new.plugins.get(plugin_id)
        if found is None:
            print(f"{plugin_id}: removed")
            continue
        for line in diff_plugin(old.plugins.get(plugin_id), found):
            print(f"{plugin_id}: {line}")


if __name__ == "__main__":
    sys.exit(main())
