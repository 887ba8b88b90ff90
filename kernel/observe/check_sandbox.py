"""Doctor's check of the sandbox: a real host tells which walls hold around it.

Covers: one check per layer and one for the level. Does not cover: the walls.
"""

from __future__ import annotations

import os

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.service_user import service_ids
from kernel.config.settings import load_settings
from kernel.observe.check import Check, State
from kernel.supervision.probe import probe_sandbox
from kernel.supervision.sandbox_level import is_at_least

STATES: dict[str, State] = {"enforced": "ok", "degraded": "warn", "missing": "warn"}
GOOD_LEVELS = ("A", "B")


def check_sandbox(data_dir: DataDir) -> list[Check]:
    """The level against the one that is required, then every layer with its proof."""
    required = load_settings(None, data_dir, {}).settings.hosts.sandbox_level_required
    uid, gid = service_ids() if os.geteuid() == 0 else (os.getuid(), os.getgid())
    try:
        probe = probe_sandbox(service_uid=uid, service_gid=gid)
    except KernelError as error:
        return [Check("sandbox", "fail", error.message, error.hint or "")]
    text = f"level {probe.level} (required: {required})"
    state: State = "ok" if probe.level in GOOD_LEVELS else "warn"
    if not is_at_least(probe.level, required):
        state = "fail"
    remedy = "" if state == "ok" else "mend the layers below, or lower hosts.sandbox_level_required"
    checks = [Check("sandbox", state, text, remedy, {"level": probe.level, "required": required})]
    for layer in probe.layers:
        saw = f"{layer['state']}: {layer['proof'] or layer['reason']}".rstrip(": ")
        checks.append(
            Check(
                f"sandbox {layer['name']}",
                STATES.get(layer["state"], "warn"),
                saw,
                layer["remedy"],
                dict(layer),
            )
        )
    if probe.chain.reasons:
        reasons = "; ".join(probe.chain.reasons)
        checks.append(Check("sandbox chain", "warn", reasons, "see docs/sandbox.md"))
    return checks
