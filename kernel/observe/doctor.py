"""All checks of `kernel doctor`, in the order of the report.

Covers: running each check so that one that breaks is a finding and not the end; one finding for
settings that cannot be loaded, not one for each check that needs them. Does not cover: the checks
(`check_*`), printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import apsw
import psutil

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe import (
    check_activity,
    check_data,
    check_hosting,
    check_install,
    check_machine,
    check_models,
    check_sandbox,
    check_wsl,
)
from kernel.observe.check import Check, telling_line
from kernel.observe.in_force import InForce, find_in_force

Result = Check | list[Check] | None
Named = tuple[str, Callable[[], Result]]


def run_checks(
    data_dir: DataDir, *, on_begin: Callable[[str], None] = lambda _: None
) -> list[Check]:
    """Every finding; ``on_begin`` is told what is looked at next."""
    on_begin("settings")
    settings, force = _find_settings(data_dir)
    checks: list[Check] = []
    for name, run in _all_checks(data_dir, force):
        on_begin(name)
        checks += _run_one(name, run)
    return [settings, *checks]


def _find_settings(data_dir: DataDir) -> tuple[Check, InForce | None]:
    try:
        force = find_in_force(data_dir)
    except KernelError as error:
        untold = _under_settings(data_dir, InForce(Settings(), ""))
        left_out = ", ".join(name for name, _ in untold)
        saw = f"{error.message} (not checked without them: {left_out})"
        return Check("settings", "fail", saw, error.hint or "see docs/configuration.md"), None
    if force.problem:
        remedy = "start the kernel again; what is told of settings is of this shell"
        return Check("settings", "warn", force.problem, remedy), force
    details = {"profile": force.profile, "of_running_kernel": force.kernel is not None}
    return Check("settings", "ok", force.whose, details=details), force


def _all_checks(data_dir: DataDir, force: InForce | None) -> Iterable[Named]:
    yield from (
        ("python", check_install.check_python),
        ("packages", check_install.check_packages),
        ("contracts lock", check_install.check_contracts_lock),
        ("text engines", check_install.check_engines),
        ("data dir", lambda: check_data.check_data_dir(data_dir)),
        ("data dir lock", lambda: check_data.check_lock(data_dir)),
        ("databases", lambda: check_data.check_databases(data_dir)),
        ("kernel", lambda: check_data.check_status(data_dir)),
    )
    if force is not None:
        yield from _under_settings(data_dir, force)
    yield from (
        ("control groups", check_activity.check_control_groups),
        ("run dir", lambda: check_machine.check_run_dir(data_dir)),
        ("stale hosts", lambda: check_machine.check_stale_hosts(data_dir)),
        ("ports", lambda: check_machine.check_ports(data_dir)),
        ("wsl", lambda: check_wsl.check_wsl(data_dir)),
        ("clock", check_machine.check_clock),
        ("limits", check_machine.check_limits),
    )


def _under_settings(data_dir: DataDir, force: InForce) -> tuple[Named, ...]:
    """The checks whose answer depends on the settings."""
    return (
        ("plugins", lambda: check_install.check_plugins(data_dir, force.settings)),
        ("models", lambda: check_models.check_models(data_dir, force.settings)),
        ("disk space", lambda: check_data.check_space(data_dir, force.settings)),
        ("hosting", lambda: check_hosting.check_hosting(data_dir, force)),
        ("activity", lambda: check_activity.check_activity(data_dir, force.settings)),
        ("sandbox", lambda: check_sandbox.check_sandbox(data_dir, force)),
    )


def _run_one(name: str, run: Callable[[], Result]) -> list[Check]:
    try:
        result = run()
    except KernelError as error:
        return [Check(name, "fail", error.message, error.hint or "see docs/errors.md")]
    except (OSError, apsw.Error, psutil.Error) as error:
        saw = f"{type(error).__name__}: {telling_line(str(error))}"
        return [Check(name, "fail", saw, "see docs/errors.md")]
    if result is None:
        return []
    return result if isinstance(result, list) else [result]
