"""Doctor's checks of what is installed: Python, packages, locks, engines.

Covers: facts of this installation. Does not cover: the data dir (`check_data`), the machine
(`check_machine`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sys

from packaging.requirements import Requirement

from kernel.config.approvals import PluginStanding
from kernel.config.errors import KernelError
from kernel.config.locks import require_contracts_lock
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe.check import Check
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.quarantine import JsonQuarantine

PYTHON_MIN = (3, 11)
_LATER_STAGES = ("state", "delta", "vision", "embed", "repack")
DISTRIBUTION = "autocapture"


def check_python() -> Check:
    """The interpreter is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= PYTHON_MIN:
        return Check("python", "ok", f"Python {found} at {sys.executable}")
    return Check("python", "fail", f"Python {found}", "install Python 3.11 or newer")


def check_packages() -> Check:
    """Every package that the base installation needs is there in a version it accepts."""
    wrong: list[str] = []
    seen: dict[str, str] = {}
    for line in importlib.metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        seen[requirement.name] = version
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not fit {requirement.specifier}")
    if wrong:
        return Check("packages", "fail", "; ".join(wrong), "install the project again", seen)
    return Check("packages", "ok", f"{len(seen)} packages as required", details=seen)


def check_contracts_lock() -> Check:
    """The contracts in the code are those of the lock."""
    try:
        digest = require_contracts_lock()
    except KernelError as error:
        return Check("contracts lock", "fail", error.message, error.hint or "")
    return Check("contracts lock", "ok", digest)


def check_plugins(data_dir: DataDir, settings: Settings) -> list[Check]:
    """Every plugin is as locked; none is quarantined; those of the stages in force may run."""
    try:
        plugins = load_approved_plugins(data_dir)
        quarantine = JsonQuarantine(data_dir.plugin_quarantine, now_us=lambda: 0)
        quarantined = quarantine.entries()
    except KernelError as error:
        return [Check("plugins", "fail", error.message, error.hint or "")]
    pipeline = settings.pipeline
    wanted = pipeline.text_plugin
    later = {name: str(getattr(pipeline, f"{name}_plugin")) for name in _LATER_STAGES}
    checks = [
        _check_plugin(
            standing,
            is_wanted=standing.plugin_id == wanted,
            stages=[name for name, plugin_id in later.items() if plugin_id == standing.plugin_id],
        )
        for standing in plugins.standings.values()
    ]
    checks += [
        Check(f"plugin {broken.place.package}", "warn", broken.reason, "mend or remove the plugin")
        for broken in plugins.broken
    ]
    if wanted not in plugins.standings and wanted != "none":
        saw, remedy = f"plugin {wanted} is not installed", "set pipeline.text_plugin"
        checks.append(Check("text engine", "fail", saw, remedy))
    checks += [
        Check(
            f"stage {name}",
            "warn",
            f"plugin {plugin_id} is not installed: the stage is left out, the others go on",
            f"set pipeline.{name}_plugin",
        )
        for name, plugin_id in later.items()
        if plugin_id not in plugins.standings and plugin_id != "none"
    ]
    for plugin_id, entry in quarantined.items():
        cause = entry.causes[-1] if entry.causes else "unknown"
        remedy = f"mend it, then: kernel plugins quarantine --lift {plugin_id}"
        checks.append(Check(f"plugin {plugin_id}", "fail", f"quarantined: {cause}", remedy))
    return checks


def _check_plugin(standing: PluginStanding, *, is_wanted: bool, stages: list[str]) -> Check:
    """``is_wanted``: nothing goes on without it; ``stages``: what is left out without it."""
    name = f"plugin {standing.plugin_id}"
    if standing.verdict.is_ok:
        used = ", in use" if is_wanted or stages else ""
        return Check(name, "ok", f"version {standing.plugin.manifest.version}{used}")
    reasons = "; ".join(f"{code}: {detail}" for code, detail in standing.verdict.refusals)
    if stages:
        reasons += f" (left out: {', '.join(stages)}; the other stages go on)"
    remedy = f"kernel plugins diff {standing.plugin_id}, then approve it if you want it so"
    return Check(name, "fail" if is_wanted else "warn", reasons, remedy)


def check_engines() -> Check:
    """Which text engines could run here."""
    rapid = importlib.util.find_spec("rapidocr") is not None
    wrapper = importlib.util.find_spec("pytesseract") is not None
    program = shutil.which("tesseract")
    seen = {
        "rapidocr": "installed" if rapid else "not installed (extra: ocr)",
        "pytesseract": "installed" if wrapper else "not installed (extra: tesseract)",
        "tesseract": program or "not installed (apt install tesseract-ocr)",
    }
    text = ", ".join(f"{name}: {state}" for name, state in seen.items())
    if rapid or (wrapper and program):
        return Check("text engines", "ok", text, details=seen)
    return Check("text engines", "fail", text, "install one: uv sync --extra ocr", seen)
