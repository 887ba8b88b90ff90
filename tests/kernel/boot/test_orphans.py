"""What a dead kernel left in our run dir is ended at boot and at every sweep, and ledgered."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from kernel.boot.assemble import open_parts
from kernel.boot.orphans import COLLECT_INTERVAL_S, SWEEP_INTERVAL_S, OrphanSweep
from kernel.boot.parts import Parts
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.supervision.identity import ProcessIdentity, read_boot_id, read_identity, read_stat
from kernel.supervision.launch import HOST_ID_ENV, RUN_NONCE_ENV
from kernel.supervision.records import HostRecord, write_host_record
from kernel.supervision.rundir import RunDir, run_dir_of
from kernel.supervision.subreaper import become_subreaper
from tests.functional.rig import wait_until

HOST_ID = "h7-deadbeef"


def stale_host(run_dir: RunDir) -> subprocess.Popen[bytes]:
    """A process on record as host of a kernel that is no more."""
    nonce = secrets.token_hex(16)
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, RUN_NONCE_ENV: nonce, HOST_ID_ENV: HOST_ID},
    )
    gone = ProcessIdentity(pid=2**22 - 1, start_ticks=1, boot_id=read_boot_id())
    run_dir.make()
    write_host_record(
        run_dir,
        HostRecord(
            host_id=HOST_ID,
            plugin_id="echo",
            nonce=nonce,
            kernel=gone,
            stub=read_identity(process.pid),
        ),
    )
    return process


def parts_of(folder: Path) -> Parts:
    place = DataDir(folder / "data")
    return open_parts(place, load_settings(None, place, {"pipeline.text_plugin": "none"}))


def acts(parts: Parts) -> list[str]:
    return [entry.act for entry in parts.evidence.ledger.entries(0, limit_rows=100)]


def test_boot_ends_what_a_dead_kernel_left(tmp_path: Path) -> None:
    run_dir = run_dir_of(DataDir(tmp_path / "data"))
    process = stale_host(run_dir)
    parts = parts_of(tmp_path)
    try:
        assert process.wait(5) in {-signal.SIGTERM, -signal.SIGKILL}
        assert "host-reaped" in acts(parts)
    finally:
        process.communicate()
        parts.close()


def test_what_was_handed_to_us_is_collected_long_before_the_sweep(tmp_path: Path) -> None:
    parts = parts_of(tmp_path)
    now = [0.0]
    sweep = OrphanSweep(parts, now_s=lambda: now[0])
    become_subreaper()
    spawn = "import os; print(os.posix_spawn('/bin/true', ['true'], {}), flush=True)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", spawn],
        stdout=subprocess.PIPE,
        start_new_session=True,
        check=True,
    )
    try:
        stat = wait_until(lambda: read_stat(int(done.stdout)))
        assert stat.parent == os.getpid()
        now[0] += COLLECT_INTERVAL_S

        def is_collected() -> bool:
            sweep._collect_s = 0.0
            sweep.tick()
            return read_stat(int(done.stdout)) is None

        wait_until(is_collected)
        assert COLLECT_INTERVAL_S < SWEEP_INTERVAL_S / 2
    finally:
        parts.close()


def test_sweep_ends_a_stale_host_when_it_is_time_and_not_before(tmp_path: Path) -> None:
    parts = parts_of(tmp_path)
    now = [0.0]
    sweep = OrphanSweep(parts, now_s=lambda: now[0])
    process = stale_host(parts.run_dir)
    try:
        sweep.tick()
        assert process.poll() is None
        now[0] += SWEEP_INTERVAL_S
        sweep.tick()
        # As subreaper the kernel may have collected the exit status before us.
        process.wait(5)
        assert not psutil.pid_exists(process.pid)
        assert acts(parts).count("host-reaped") == 1
    finally:
        process.kill()
        process.communicate()
        parts.close()
