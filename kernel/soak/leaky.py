"""A plugin that leaks: a copy of the text plugin in force that keeps memory at marked frames.

Covers: making it in the run folder and approving it for the run's own data dir, as a person does
with any plugin of a third party. Does not cover: marking frames (`kernel.soak.script`). The copy
reads as the original does: its files are the same but for their package's name. Nothing outside
the run folder learns of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.plugins import FoundPlugin, discover_plugins
from kernel.soak.commands import run_command
from kernel.soak.script import LEAK_MARK

PLUGIN_ID = "soak_text"
LEAK_BYTES = 100 << 20
MEMORY_BYTES_MAX = 768 << 20
"""The copy's own cap in its manifest: a few marked frames pass it, ordinary work does not."""

_LEAK_MODULE = '''"""Keeps memory at each marked frame, then reads it as the original does."""

from plugin_host.hooks import hookimpl

from {package}.{module} import {name} as original

MARK = {mark!r}
KEPT = []


class LeakyPlugin:
    """The original with a leak."""

    @hookimpl
    def autocapture_setup(self, context):
        original.autocapture_setup(context)

    @hookimpl
    def autocapture_run(self, stage, inputs, task):
        if any(MARK in item.data for item in inputs):
            KEPT.append(bytearray(b"x") * {size})
        return original.autocapture_run(stage, inputs, task)


plugin = LeakyPlugin()
'''


@dataclass(frozen=True, slots=True)
class LeakyPlugin:
    """Where it lies; ``environment`` makes a kernel find it."""

    site: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables for the kernel under test and every command on its data dir."""
        inherited = os.environ.get("PYTHONPATH", "")
        parts = [str(self.site), *([inherited] if inherited else [])]
        return {"PYTHONPATH": os.pathsep.join(parts)}


def make_leaky_plugin(site: Path, original_id: str) -> LeakyPlugin | None:
    """Write the copy below ``site``; None where the original is no built-in plugin."""
    found = next((p for p in discover_plugins()[0] if p.plugin_id == original_id), None)
    if found is None or found.place.origin != "builtin":
        return None
    package = site / PLUGIN_ID
    if not package.exists():
        _copy(found, package)
        info = site / f"{PLUGIN_ID}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {PLUGIN_ID}\nVersion: 1.0\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[autocapture.plugins]\n{PLUGIN_ID} = {PLUGIN_ID}\n", encoding="utf-8"
        )
    return LeakyPlugin(site)


def approve_leaky_plugin(data_dir: Path, environment: dict[str, str]) -> None:
    """As `kernel plugins approve` does. Raises `KernelError` ``soak-plugin-refused``."""
    arguments = ["plugins", "approve", PLUGIN_ID, "--yes", "--data-dir", str(data_dir)]
    said = run_command(arguments, environment)
    if said.status != 0:
        raise KernelError(
            "soak-plugin-refused",
            f"the leaking copy of the text plugin was not approved: {said.complaint}",
            hint="run the soak with --no-faults",
        )


def _copy(found: FoundPlugin, package: Path) -> None:
    """The original's files under another package name, with the leak around its entry."""
    package.mkdir(parents=True)
    for name in found.facts.files:
        source, target = found.place.folder / name, package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py":
            text = source.read_text(encoding="utf-8")
            text = text.replace(found.place.package, PLUGIN_ID)
            text = text.replace(f'"{found.plugin_id}"', f'"{PLUGIN_ID}"')
            target.write_text(text, encoding="utf-8")
        else:
            target.write_bytes(source.read_bytes())
    module, _, name = found.manifest.entry.partition(":")
    leak = _LEAK_MODULE.format(
        package=PLUGIN_ID, module=module, name=name, mark=LEAK_MARK.encode(), size=LEAK_BYTES
    )
    (package / "leak.py").write_text(leak, encoding="utf-8")
    manifest = package / "plugin.toml"
    manifest.write_text(_manifest(manifest.read_text(encoding="utf-8")), encoding="utf-8")


def _manifest(text: str) -> str:
    changes = (
        (r"^id = .*$", f'id = "{PLUGIN_ID}"'),
        (r"^entry = .*$", 'entry = "leak:plugin"'),
        (r"^memory_bytes_max = .*$", f"memory_bytes_max = {MEMORY_BYTES_MAX}"),
    )
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
    return text
