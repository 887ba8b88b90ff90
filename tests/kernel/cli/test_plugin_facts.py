"""What is said about a plugin is the same for programs and for people."""

from __future__ import annotations

from pathlib import Path

from contracts.plugin_lock import PluginsLock, lock_plugin
from kernel.cli.plugin_facts import (
    format_time,
    permission_facts,
    permission_lines,
    refusal_codes,
    standing_facts,
)
from kernel.config.approvals import PluginLocks, judge_plugin, read_plugin_locks
from kernel.config.paths import DataDir
from tests.kernel.config.plugin_folders import found, write_plugin

GRANTS = """
[permissions]
network = "loopback"
programs = ["tesseract", "ffmpeg"]
read_paths = ["/usr/share/x"]

[dependencies]
pillow = ">=10"
"""


def test_every_permission_has_a_line(tmp_path: Path) -> None:
    plugin = found(write_plugin(tmp_path / "sample", more=GRANTS))
    assert permission_lines(permission_facts(plugin.manifest)) == [
        "network  loopback",
        "memory   95 MiB",
        "reads    /usr/share/x",
        "starts   tesseract, ffmpeg",
        "needs    pillow >=10",
    ]
    locked = lock_plugin(plugin.facts)
    assert permission_facts(locked) == permission_facts(plugin.manifest)


def test_a_reason_is_named_once_however_often_it_holds(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path / "sample")
    locked = lock_plugin(found(folder).facts)
    write_plugin(folder, more=GRANTS)
    data_dir = DataDir(tmp_path / "data")
    approvals = read_plugin_locks(data_dir).approvals
    builtin = found(folder)
    locks = PluginLocks(PluginsLock(plugins={"sample": locked}), approvals)
    standing = judge_plugin(builtin, locks, data_dir)
    assert refusal_codes(standing) == "unlocked"
    facts = standing_facts(standing)
    assert facts["approved"] is False
    assert facts["id"] == "sample"
    assert facts["permissions"]["network"] == "loopback"


def test_times_are_utc() -> None:
    assert format_time(1_780_000_000_000_000) == "2026-05-28T20:26:40+00:00"
