"""All checks of `kernel doctor`, in the order of the report.

Covers: running each check so that one that breaks is a finding and not the end. Does not
cover: the checks (`check_*`), printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import apsw
import psutil

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.observe import check_activity, check_data, check_install, check_machine, check_sandbox
from kernel.observe.check import Check

Result = Check | list[Check] | None


def run_checks(
    data_dir: DataDir, *, on_begin: Callable[[str], None] = lambda _: None
) -> list[Check]:
    """Every finding; ``on_begin`` is told what is looked at next."""
    checks: list[Check] = []
    for name, run in _all_checks(data_dir):
        on_begin(name)
        checks += _run_one(name, run)
    return checks


def _all_checks(data_dir: DataDir) -> Iterable[tuple[str, Callable[[], Result]]]:
    return (
        ("python", check_install.check_python),
        ("packages", check_install.check_packages),
        ("contracts lock", check_install.check_contracts_lock),
        ("plugins", lambda: check_install.check_plugins(data_dir)),
        ("text engines", check_install.check_engines),
        ("data dir", lambda: check_data.check_data_dir(data_dir)),
        ("disk space", lambda: check_data.check_space(data_dir)),
        ("databases", lambda: check_data.check_databases(data_dir)),
        ("kernel", lambda: check_data.check_status(data_dir)),
        ("hosting", lambda: check_machine.check_hosting(data_dir)),
        ("activity", lambda: check_activity.check_activity(data_dir)),
        ("control groups", check_activity.check_control_groups),
        ("sandbox", lambda: check_sandbox.check_sandbox(data_dir)),
        ("run dir", lambda: check_machine.check_run_dir(data_dir)),
        ("stale hosts", lambda: check_machine.check_stale_hosts(data_dir)),
        ("ports", lambda: check_machine.check_ports(data_dir)),
        ("wsl", check_machine.check_wsl),
        ("clock", check_machine.check_clock),
        ("limits", check_machine.check_limits),
    )


def _run_one(name: str, run: Callable[[], Result]) -> list[Check]:
    try:
        result = run()
    except KernelError as error:
        return [Check(name, "fail", error.message, error.hint or "")]
    except (OSError, apsw.Error, psutil.Error) as error:
        return [Check(name, "fail", f"{type(error).__name__}: {error}", "see docs/errors.md")]
    if result is None:
        return []
    return result if isinstance(result, list) else [result]
