"""Every finding says what was seen and, when something is wrong, what to do about it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from contracts.launch import SandboxPolicy
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.observe import check_data, check_install, check_machine, check_sandbox
from kernel.observe.check import Check
from kernel.observe.doctor import run_checks
from kernel.observe.in_force import find_in_force
from kernel.scheduling.enforce import cores_for_hosts
from kernel.store.draft import CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.supervision.process import DATA_SLACK_BYTES


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        store.append(
            [
                CaptureDraft(
                    captured_at_us=1,
                    tz_name="UTC",
                    tz_offset_s=0,
                    monotonic_ns=0,
                    source="test",
                    media_type="image/png",
                    data=b"pixels",
                )
            ]
        )
    data_dir.root.chmod(0o700)
    return data_dir


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_every_finding_that_is_not_well_names_a_remedy_or_a_reason(place: DataDir) -> None:
    begun: list[str] = []
    checks = run_checks(place, on_begin=begun.append)
    assert {"python", "databases", "sandbox", "stale hosts", "ports"} <= set(begun)
    for check in checks:
        assert check.saw
        assert check.state == "ok" or check.remedy, check


def test_data_dir_that_others_may_read_is_a_warning_with_the_command(place: DataDir) -> None:
    assert check_data.check_data_dir(place).state == "ok"
    place.root.chmod(0o755)
    check = check_data.check_data_dir(place)
    assert (check.state, check.remedy) == ("warn", f"chmod 700 {place.root}")


def test_data_dir_that_is_not_there_is_a_warning_and_is_not_made(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "none")
    assert check_data.check_data_dir(place).state == "warn"
    assert not place.root.exists()


def test_damaged_database_is_a_failure_that_names_it(place: DataDir) -> None:
    assert {check.state for check in check_data.check_databases(place)} == {"ok"}
    data = bytearray(place.journal_db.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    place.journal_db.write_bytes(bytes(data))
    broken = by_name(check_data.check_databases(place))["database journal.db"]
    assert broken.state == "fail"
    assert "kernel verify" in broken.remedy


def test_python_and_packages_are_as_required() -> None:
    assert check_install.check_python().state == "ok"
    packages = check_install.check_packages()
    # An environment that was made of the wheel has the versions of its day: a warning, no failure.
    assert packages.state in {"ok", "warn"}, packages.saw
    assert "msgspec" in packages.details["versions"]


def test_quarantined_plugin_is_a_failure_with_its_cause(place: DataDir) -> None:
    place.plugin_quarantine.write_text(
        '{"format": 1, "plugins": {"ocr_rapid": {"since_us": 1, "causes": ["it fell over"]}}}'
    )
    checks = [c for c in check_install.check_plugins(place, Settings()) if "fell over" in c.saw]
    assert [check.state for check in checks] == ["fail"]
    assert "--lift ocr_rapid" in checks[0].remedy


def test_no_port_is_open_where_no_kernel_runs(place: DataDir) -> None:
    assert check_machine.check_ports(place).state == "ok"
    assert check_machine.check_stale_hosts(place).state == "ok"
    assert check_machine.check_clock().state == "ok"


def test_sandbox_is_judged_by_a_real_host(place: DataDir) -> None:
    checks = by_name(check_sandbox.check_sandbox(place, find_in_force(place)))
    assert checks["sandbox"].details["level"] in {"A", "B", "C", "D"}
    assert checks["sandbox seccomp"].state == "ok"
    assert "EAFNOSUPPORT" in checks["sandbox seccomp"].saw


def test_the_probe_gets_what_real_hosts_get(place: DataDir) -> None:
    checks = by_name(check_sandbox.check_sandbox(place, find_in_force(place)))
    cores = list(cores_for_hosts(os.sched_getaffinity(0), 0.5))
    assert str(cores) in checks["sandbox affinity"].saw
    # repack's, the screen state's, and the largest: the text engine's.
    data_mib = (1_610_612_736 + DATA_SLACK_BYTES) >> 20
    assert f"read back: DATA {data_mib} MiB" in checks["sandbox rlimits"].saw


@pytest.mark.parametrize(
    ("required", "failing"),
    [("A", True), ("C", True), ("D", False), ("none", False), ("auto", False)],
)
def test_demanded_level_that_this_machine_does_not_reach_is_a_failure(
    place: DataDir,
    monkeypatch: pytest.MonkeyPatch,
    required: str,
    failing: bool,  # noqa: FBT001 - a row
) -> None:
    """A real host without Landlock, as on an older machine: level D at best."""
    weak = partial(SandboxPolicy, layers_off=("landlock",))
    monkeypatch.setattr("kernel.supervision.probe.SandboxPolicy", weak)
    (place.root / "config.toml").write_text(f'[hosts]\nsandbox_level_required = "{required}"\n')
    check = by_name(check_sandbox.check_sandbox(place, find_in_force(place)))["sandbox"]
    assert check.details["level"] == "D"
    assert (check.state == "fail") is failing
    assert check.details["required"] == ("D" if required == "auto" else required)


def test_one_bad_setting_is_one_failure_and_the_rest_is_still_checked(place: DataDir) -> None:
    (place.root / "config.toml").write_text("[hosts]\nmax_hosts = 99\n")
    checks = run_checks(place)
    about = [check for check in checks if "max_hosts" in check.saw]
    assert [(check.name, check.state) for check in about] == [("settings", "fail")]
    assert "not checked without them: plugins, models, disk space, hosting" in about[0].saw
    assert {"databases", "stale hosts", "clock"} & {check.name for check in checks}
