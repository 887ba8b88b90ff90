"""Doctor's checks of what is installed: Python, packages, locks, engines.

Covers: facts of this installation. Does not cover: the data dir (`check_data`), the machine
(`check_machine`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sys
from collections.abc import Callable, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kernel.config.approvals import PluginStanding
from kernel.config.errors import KernelError
from kernel.config.locks import require_contracts_lock
from kernel.config.package_lock import PackageLock, find_package_lock
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe.check import Check
from kernel.supervision.approved import load_approved_plugins
from kernel.supervision.quarantine import JsonQuarantine

PYTHON_MIN = (3, 11)
PYTHON_BELOW = (3, 15)
"""No package is locked for it yet (pyproject.toml, [tool.uv] environments)."""
INSTALL_LOCKED = (
    "in a checkout: uv sync --locked with the extras you use; an installation from a wheel may "
    "have newer ones, which were not tested"
)
_LATER_STAGES = ("state", "delta", "vision", "embed", "repack")
DISTRIBUTION = "autocapture"


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """The interpreter is one that packages were locked for."""
    found = ".".join(map(str, version))
    if PYTHON_MIN <= version[:2] < PYTHON_BELOW:
        return Check("python", "ok", f"Python {found} at {sys.executable}")
    return Check("python", "fail", f"Python {found}", "install Python 3.11, 3.12, 3.13 or 3.14")


def check_packages(
    lock: PackageLock | None = None, version_of: Callable[[str], str | None] | None = None
) -> Check:
    """Every package of the base, and of the extras that are there, in its locked version.

    Missing, or outside of what this release accepts: a failure. Another version than the locked
    one: a warning, it was not tested so. The arguments stand for this installation's in tests.
    """
    name = "uv.lock"
    if lock is None:
        lock, name = find_package_lock()
    version_of = version_of or _installed_version
    seen = {package: found for package in lock.versions if (found := version_of(package))}
    extras = [extra for extra, names in lock.extras.items() if _is_there(extra, names, seen)]
    known = {*lock.base, *(package for extra in extras for package in lock.extras[extra])}
    wrong = _broken_requirements(version_of, extras)
    drifted = [
        f"{package} {found} (locked: {' or '.join(lock.versions[package])})"
        for package, found in sorted(seen.items())
        if package in known and _normal(found) not in map(_normal, lock.versions[package])
    ]
    details = {"lock": name, "extras": extras, "versions": seen}
    of = f"of the base and the extras {', '.join(extras) or '(none)'}"
    if wrong:
        return Check("packages", "fail", "; ".join(wrong), "install the project again", details)
    if drifted:
        saw = f"not as {name} has them: {'; '.join(drifted)}"
        return Check("packages", "warn", saw, INSTALL_LOCKED, details)
    count = len(known & seen.keys())
    return Check("packages", "ok", f"{count} packages {of}, as {name} has them", details=details)


def _installed_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _normal(version: str) -> str:
    """``2.3.0`` and ``2.3`` are one version; a local part (``+cpu``) is told apart."""
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _is_there(extra: str, names: tuple[str, ...], seen: Mapping[str, str]) -> bool:
    """Whether an extra is in use: all that it asks for itself is installed."""
    asked = {
        str(canonicalize_name(requirement.name))
        for requirement in _requirements()
        if requirement.marker is not None
        and requirement.marker.evaluate({"extra": extra})
        # What the base asks for as well says nothing about the extra.
        and not requirement.marker.evaluate({"extra": ""})
    }
    return bool(names) and bool(asked) and asked <= seen.keys()


def _broken_requirements(version_of: Callable[[str], str | None], extras: list[str]) -> list[str]:
    """What this release asks for and does not find, or finds in a version it does not accept."""
    wrong = []
    for requirement in _requirements():
        marker = requirement.marker
        if marker and not any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            continue
        version = version_of(str(canonicalize_name(requirement.name)))
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not fit {requirement.specifier}")
    return list(dict.fromkeys(wrong))


def _requirements() -> list[Requirement]:
    return [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or []]


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
