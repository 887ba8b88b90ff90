"""The real `kernel` command on a scratch data dir, with the `echo` plugin for its text.

The echo plugin is installed the way a third-party plugin is: an entry point in a distribution
on the path, approved by a person.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PLUGINS_DIR = Path(__file__).parents[1] / "hostile_plugins"
COMMAND_S_MAX = 180.0
POLL_S = 0.02
TEXT_ALONE = 'state_plugin = "none"\ndelta_plugin = "none"\n'
"""Settings of `[pipeline]` for tests that count tasks and hosts of one stage."""


def picture(text: str, *, side: int = 8, shade: int = 0) -> bytes:
    """A small valid PNG whose comment is ``text``; equal arguments give equal bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    rows = b"".join(b"\x00" + bytes([shade % 256]) * side for _ in range(side))
    comment = b"Comment\x00" + text.encode() + b"\x00END"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", comment)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@dataclass(frozen=True)
class Rig:
    """One data dir and how to run commands on it."""

    root: Path
    environment: dict[str, str]
    before: tuple[str, ...] = ()
    """Words before each command: a program that becomes it (see `plain_user`)."""

    @property
    def data_dir(self) -> Path:
        return self.root / "data"

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end and check its exit code."""
        done = subprocess.run(
            [*self.before, *KERNEL, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            check=False,
        )
        if expect is not None:
            assert done.returncode == expect, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, expect: int | None = 0) -> Any:  # noqa: ANN401 - JSON
        """The one JSON document that the command prints."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def write(self, name: str, text: str, *, shade: int = 0) -> Path:
        """A picture file for ingest."""
        path = self.root / name
        path.write_bytes(picture(text, shade=shade))
        return path

    def ingest(self, *paths: Path, expect: int = 0) -> list[dict[str, Any]]:
        """Ingest files; the printed lines."""
        done = self.run("ingest", *map(str, paths), "--json", expect=expect)
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextmanager
    def kernel(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A running kernel; killed at the end if the test did not stop it."""
        process = subprocess.Popen(
            [*self.before, *KERNEL, "run", "--json", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise AssertionError(f"the kernel did not start: {process.communicate()[1]}")
            assert json.loads(line)["event"] == "started", line
            yield process
        finally:
            process.kill()
            process.communicate()

    def settings(self, toml: str) -> None:
        """Write the data dir's config file."""
        (self.data_dir / "config.toml").write_text(toml)


KERNEL = (sys.executable, "-m", "kernel.cli")


def make_rig(root: Path, *, plugin: str = "echo", profile: str = "") -> Rig:
    """A data dir whose text stage is a plugin below tests/hostile_plugins, approved."""
    site = root / "site"
    install(site, plugin)
    data_dir = root / "data"
    data_dir.mkdir(mode=0o700)
    rig = Rig(
        root,
        {
            **os.environ,
            "PYTHONPATH": str(site),
            "KERNEL_DATA_DIR": str(data_dir),
            "XDG_CONFIG_HOME": str(root / "config"),
            # How full the machine's drive is says nothing about the code.
            "KERNEL_DISK_YELLOW_FREE_BYTES": "0",
            "KERNEL_DISK_RED_FREE_BYTES": "0",
            "KERNEL_DISK_BLACK_FREE_BYTES": "0",
            # Tests count the hosts of their own plugin.
            "KERNEL_PIPELINE_REPACK_PLUGIN": "none",
        },
    )
    rig.settings(f'[pipeline]\ntext_plugin = "{plugin}"\n{TEXT_ALONE}{profile}')
    rig.run("plugins", "approve", plugin, "--yes")
    return rig


def install(site: Path, plugin: str) -> None:
    """Put a plugin below tests/hostile_plugins on the path, as a distribution of its own."""
    info = site / f"{plugin}_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / plugin).symlink_to(PLUGINS_DIR / plugin)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {plugin}-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[autocapture.plugins]\n{plugin} = {plugin}\n")


def host_pids(rig: Rig) -> list[int]:
    """Every live host process of this data dir, as an outsider finds them."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        command = process.info["cmdline"] or []
        if any("plugin_host" in word for word in command):
            found.append(process.pid)
    return [pid for pid in found if _belongs(pid, rig)]


def _belongs(pid: int, rig: Rig) -> bool:
    note = json.loads((rig.data_dir / "run.json").read_text())
    try:
        ancestors = psutil.Process(pid).parents()
        environment = psutil.Process(pid).environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    return environment.get("AUTOCAPTURE_RUN") == note["run_id"] or any(
        ancestor.pid == note["pid"] for ancestor in ancestors
    )


def wait_until(condition: Any, seconds: float = 20.0) -> Any:  # noqa: ANN401 - any truth
    """Poll until the condition gives something true; fail after ``seconds``."""
    end_s = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end_s, f"not within {seconds} s"
        time.sleep(POLL_S)  # noqa: TID251 - nothing outside announces a change


def kill_9(pid: int) -> None:
    """The end without a word."""
    os.kill(pid, signal.SIGKILL)
