"""Doctor's check of where the hosts of the stages in use run, and what stands around them there.

Covers: threads of the kernel against processes of their own. Does not cover: the choice itself
(`kernel.supervision.hosting`), the walls (`check_sandbox`).
"""

from __future__ import annotations

from kernel.config.machine import read_machine
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe.check import Check
from kernel.observe.in_force import InForce
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.hosting import choose_hosting, read_rules
from kernel.supervision.runner import Hosting

STAGES = ("text", "state", "delta", "vision", "embed", "repack")
"""Every stage that a setting names a plugin for."""
NO_PLUGIN = "none"


def plugins_in_use(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Plugin -> the stages that the settings name it for."""
    named = {name: str(getattr(settings.pipeline, f"{name}_plugin")) for name in STAGES}
    return {
        plugin_id: tuple(name for name in STAGES if named[name] == plugin_id)
        for plugin_id in dict.fromkeys(named.values())
        if plugin_id != NO_PLUGIN
    }


def hosting_of_stages(data_dir: DataDir, force: InForce) -> dict[str, Hosting]:
    """Plugin in use -> thread or process: as the running kernel chose, else as one would choose.

    Plugins that may not run have no host and are left out. Raises `KernelError` when the locks
    cannot be read.
    """
    approved = load_approved_plugins(data_dir).records
    rules = read_rules(force.settings.hosts)
    found: dict[str, Hosting] = {}
    for plugin_id in plugins_in_use(force.settings):
        if plugin_id in force.hostings:
            found[plugin_id] = force.hostings[plugin_id]
        elif plugin_id in approved:
            found[plugin_id] = choose_hosting(approved[plugin_id], rules)
    return found


def check_hosting(data_dir: DataDir, force: InForce) -> Check:
    """Where the hosts of the stages in use run; a warning where no wall stands around them."""
    hosts = force.settings.hosts
    hostings = hosting_of_stages(data_dir, force)
    threads = [name for name, hosting in hostings.items() if hosting == "in_process"]
    processes = [name for name, hosting in hostings.items() if hosting == "subprocess"]
    details = {
        "max_hosts": hosts.max_hosts,
        "hosting": hosts.hosting,
        "wsl": read_machine().wsl,
        "plugins": hostings,
        "of_running_kernel": force.kernel is not None,
    }
    text = f"at most {hosts.max_hosts} hosts ({force.whose})"
    if processes:
        text += f"; in sandboxed processes of their own: {', '.join(processes)}"
    if not threads:
        return Check("hosting", "ok", text, details=details)
    return Check(
        "hosting",
        "warn",
        f"{text}; in threads of the kernel: {', '.join(threads)}. No sandbox stands around a "
        "thread: what is measured below does not hold for it, it may do whatever the kernel may",
        'set hosts.hosting = "subprocess" to have walls at the price of a process for each',
        details,
    )
