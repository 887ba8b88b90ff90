"""Nobody is shown walls that do not stand around the hosts in use."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.config.sections import PipelineSettings, Settings
from kernel.observe.check_hosting import check_hosting, plugins_in_use
from kernel.observe.check_sandbox import check_sandbox
from kernel.observe.in_force import InForce, find_in_force
from kernel.supervision.runner import Hosting

DEFAULT = Settings()


def under(**hostings: Hosting) -> InForce:
    return InForce(DEFAULT, "default", hostings=hostings)


def test_thread_hosts_are_a_warning_that_no_wall_stands_around_them(tmp_path: Path) -> None:
    place = DataDir(tmp_path)
    force = under(ocr_rapid="in_process", screen_state="in_process", repack_tiles="subprocess")
    check = check_hosting(place, force)
    assert check.state == "warn"
    assert "threads of the kernel: ocr_rapid, screen_state" in check.saw
    assert "processes of their own: repack_tiles" in check.saw
    assert "No sandbox" in check.saw
    assert "hosts.hosting" in check.remedy
    sandbox = check_sandbox(place, force)[0]
    assert "ocr_rapid, screen_state run as threads of the kernel" in sandbox.saw


def test_process_hosts_alone_are_well(tmp_path: Path) -> None:
    force = under(ocr_rapid="subprocess", screen_state="subprocess", repack_tiles="subprocess")
    check = check_hosting(DataDir(tmp_path), force)
    assert (check.state, check.details["plugins"]["ocr_rapid"]) == ("ok", "subprocess")
    assert "thread" not in check.saw


def test_under_wsl_the_default_is_told_as_the_policy_decides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person: threads, said to be without walls; as root hosts are processes everywhere."""
    monkeypatch.setenv("WSL_DISTRO_NAME", "Debian")
    place = DataDir(tmp_path)
    if os.geteuid() == 0:
        assert check_hosting(place, find_in_force(place)).state == "ok"
        monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)
    check = check_hosting(place, find_in_force(place))
    assert check.state == "warn"
    assert check.details["plugins"]["ocr_rapid"] == "in_process"
    assert check.details["plugins"]["repack_tiles"] == "subprocess"


def test_plugins_in_use_are_named_once_with_their_stages() -> None:
    pipeline = PipelineSettings(text_plugin="none", repack_plugin="none")
    found = plugins_in_use(Settings(pipeline=pipeline))
    assert found == {"screen_state": ("state", "delta")}
