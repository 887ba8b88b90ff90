"""Doctor's check of the sandbox: a real host tells which walls hold around it.

Covers: one check per layer and one for the level. Does not cover: the walls.
"""

from __future__ import annotations

import os

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.service_user import service_ids
from kernel.observe.check import Check, State
from kernel.observe.check_hosting import hosting_of_stages, plugins_in_use
from kernel.observe.in_force import InForce
from kernel.scheduling.enforce import cores_for_hosts
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.probe import probe_sandbox
from kernel.supervision.process import DATA_SLACK_BYTES
from kernel.supervision.sandbox_level import is_at_least, level_for

STATES: dict[str, State] = {"enforced": "ok", "degraded": "warn", "missing": "warn"}
GOOD_LEVELS = ("A", "B")


def check_sandbox(data_dir: DataDir, force: InForce) -> list[Check]:
    """The level against the one that is required, then every layer with its proof."""
    required = level_for(force.settings.hosts.sandbox_level_required, "subprocess")
    uid, gid = service_ids() if os.geteuid() == 0 else (os.getuid(), os.getgid())
    share = force.settings.budget.cpu_share_max
    try:
        probe = probe_sandbox(
            service_uid=uid,
            service_gid=gid,
            affinity=cores_for_hosts(os.sched_getaffinity(0), share),
            data_bytes_max=_data_bytes(data_dir, force),
        )
    except KernelError as error:
        return [Check("sandbox", "fail", error.message, error.hint or "see docs/sandbox.md")]
    text = f"level {probe.level} (required: {required})"
    if threads := _thread_hosts(data_dir, force):
        text += f"; of process hosts alone: {', '.join(threads)} run as threads of the kernel"
    state: State = "ok" if probe.level in GOOD_LEVELS else "warn"
    if not is_at_least(probe.level, required):
        state = "fail"
    remedy = "" if state == "ok" else "mend the layers below, or lower hosts.sandbox_level_required"
    checks = [Check("sandbox", state, text, remedy, {"level": probe.level, "required": required})]
    checks += [_layer_check(layer) for layer in probe.layers]
    if probe.chain.reasons:
        reasons = "; ".join(probe.chain.reasons)
        checks.append(Check("sandbox chain", "warn", reasons, "see docs/sandbox.md"))
    return checks


def _layer_check(layer: dict[str, str]) -> Check:
    saw = f"{layer['state']}: {layer['proof'] or layer['reason']}".rstrip(": ")
    state = STATES.get(layer["state"], "warn")
    remedy = layer["remedy"] or ("" if state == "ok" else "see docs/sandbox.md")
    return Check(f"sandbox {layer['name']}", state, saw, remedy, dict(layer))


def _data_bytes(data_dir: DataDir, force: InForce) -> int:
    """The limit that the largest plugin in use gets for its private memory."""
    approved = load_approved_plugins(data_dir).records
    sizes = [
        approved[plugin_id].memory_bytes_max
        for plugin_id in plugins_in_use(force.settings)
        if plugin_id in approved
    ]
    return max(sizes, default=force.settings.hosts.memory_bytes_max) + DATA_SLACK_BYTES


def _thread_hosts(data_dir: DataDir, force: InForce) -> list[str]:
    """Plugins in use that none of this holds for."""
    try:
        hostings = hosting_of_stages(data_dir, force)
    except KernelError:
        # A lock that cannot be read is the finding of another check.
        return []
    return [name for name, hosting in hostings.items() if hosting == "in_process"]
