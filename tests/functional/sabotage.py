"""Real short soaks that somebody spoils: real kernel, hosts, stores, questions, and a verdict.

The pictures are the driver's own. A comment in each holds what stands on it, so that a plugin
without a model reads it: a run takes seconds, and what goes wrong is what was meant to.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import psutil
import pytest

from contracts.soak import SoakReport
from contracts.text import TextLine, TextPage, Word
from kernel.boot.stopping import StopSignal
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.soak.commands import run_command
from kernel.soak.day import Phase
from kernel.soak.driver import Driver
from kernel.soak.endurance import Endurance, Parts
from kernel.soak.opening import open_soak
from kernel.soak.pictures import Picture, Pictures
from kernel.soak.plan import Wishes, write_kernel_config
from kernel.soak.report import conclude
from kernel.supervision.launch import RUN_NONCE_ENV
from tests.functional.rig import install

MIB = 1 << 20
SIGNATURE_AND_HEAD_BYTES = 8 + 25
"""Of a PNG: signature and IHDR; what follows may begin with a comment."""
BUDGET_BYTES = 150 * MIB
"""Kernel and one host fit; what the greedy one keeps does not."""
KEPT_MIB = 110
LEAKED_MIB = 90
LEAKS = 3
"""So many leaks of that size pass the plugin's own cap once; one beside what is kept does not."""
ACTIVE_SHARE = 0.7
CPU_SHARE = 0.3
CPU_WINDOW_S = 4.0
BURNT_S = 8.0
SHIFT_PX = 60
"""Further than any line is high."""


@dataclass(frozen=True)
class Sabotage:
    """What is spoiled; nothing by default."""

    leak: bool = False
    lose: bool = False
    orphan: bool = False
    shift: bool = False
    hoard: bool = False
    burn: bool = False


@dataclass
class SpoiledPictures:
    """The driver's pictures, each with its page in a comment; some with misdeeds."""

    original: Pictures
    parts: Parts
    sabotage: Sabotage
    strangers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _made: dict[bytes, Picture] = field(default_factory=dict)
    _inbox: Path | None = None

    @property
    def driver(self) -> Driver:
        assert self.parts.driver is not None
        return self.parts.driver

    @property
    def _nowhere(self) -> Path:
        return self.parts.folder.root / "nowhere"

    def mark_leaks(self, frames: int) -> None:
        """As the original does."""
        self.original.mark_leaks(frames)

    def step(self, tick: int, phase: Phase) -> Sequence[Picture | None]:
        """The pictures of this tick; the driver's thread calls, just before it hands over."""
        if self._inbox is not None:
            self.driver.inbox, self._inbox = self._inbox, None
        if self.sabotage.lose and len(self._made) > LEAKS and not self._nowhere.exists():
            self._go_astray()
        if self.sabotage.orphan and tick == 1:
            self._leave_an_orphan()
        return [p if p is None else self._spoil(p) for p in self.original.step(tick, phase)]

    def _spoil(self, picture: Picture) -> Picture:
        if picture.data not in self._made:
            comment = f"{self._misdeeds(len(self._made))}\n".encode()
            comment += msgspec.json.encode(page_of(picture, SHIFT_PX * self.sabotage.shift))
            self._made[picture.data] = replace(picture, data=add_comment(picture.data, comment))
        return self._made[picture.data]

    def _misdeeds(self, number: int) -> str:
        if self.sabotage.leak and number < LEAKS:
            return f"keep {LEAKED_MIB}"
        if self.sabotage.hoard and number == LEAKS:
            return f"keep {KEPT_MIB}"
        return f"burn {BURNT_S}" if self.sabotage.burn and number == LEAKS else ""

    def _go_astray(self) -> None:
        """The frames of this tick leave our hand and arrive nowhere: gone, and not stored."""
        self._inbox = self.driver.inbox
        self.driver.inbox = self._nowhere
        self.driver.inbox.mkdir()

    def _leave_an_orphan(self) -> None:
        """What a host is that outlived its kernel: its words, its mark, no kernel above it."""
        command = [sys.executable, "-c", "import time; time.sleep(600)", "plugin_host"]
        environment = os.environ | {RUN_NONCE_ENV: self.parts.child.run_ids[-1]}
        self.strangers.append(subprocess.Popen(command, env=environment))


def page_of(picture: Picture, shift_px: int) -> TextPage:
    """What a reader without fault would say of the planted facts."""
    lines = []
    for fact, (x, y, width, height) in picture.facts.values():
        box = (x, y + shift_px, x + width, y + height + shift_px)
        words, start = [], 0
        for text in fact.line.split(" "):
            left = x + width * start // len(fact.line)
            right = x + width * (start + len(text)) // len(fact.line)
            words.append(
                Word(
                    text=text,
                    box=(left, box[1], max(right, left + 1), box[3]),
                    confidence_permille=1000,
                    start=start,
                    end=start + len(text),
                )
            )
            start += len(text) + 1
        lines.append(
            TextLine(text=fact.line, box=box, confidence_permille=1000, words=tuple(words))
        )
    return TextPage(
        blob="0" * 64,
        width_px=960,
        height_px=540,
        engine="told",
        engine_version="1",
        lines=tuple(lines),
    )


def add_comment(png: bytes, comment: bytes) -> bytes:
    """The same picture with a comment as its first chunk after the head."""
    body = b"tEXt" + b"Comment\x00" + comment + b"\x00END"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:SIGNATURE_AND_HEAD_BYTES] + chunk + png[SIGNATURE_AND_HEAD_BYTES:]


def run_spoiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sabotage: Sabotage, *, seconds: float
) -> SoakReport:
    """One soak of so many seconds; nothing that was started is left."""
    site = tmp_path / "site"
    install(site, "saboteur")
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    run_dir = tmp_path / "a run"
    budget = BUDGET_BYTES / psutil.virtual_memory().total
    overrides = {
        "run.duration_s": seconds,
        "soak.metrics_interval_s": 0.5,
        "activity.idle_after_s": 1.0,
        "hosts.max_hosts": 1,
        "budget.ram_share_max": budget,
        "budget.cpu_share_max": CPU_SHARE if sabotage.burn else 0.5,
        "budget.cpu_window_s": CPU_WINDOW_S,
        "pipeline.text_plugin": "saboteur",
        "pipeline.state_plugin": "none",
        "pipeline.delta_plugin": "none",
        "pipeline.repack_plugin": "none",
        # How full the machine's drive is says nothing about the code.
        "disk.yellow_free_bytes": 0,
        "disk.red_free_bytes": 0,
        "disk.black_free_bytes": 0,
    }
    loaded = load_settings("dry-run", DataDir(tmp_path / "none"), overrides)
    parts = open_soak(loaded, Wishes(faults=False), run_dir, DataDir(tmp_path / "none"), print)
    data_dir = parts.child.data_dir
    # The kernel knows nothing of the budgets that the soak holds it to: its own would step in.
    lax = {"budget.ram_share_max": 0.9, "budget.cpu_share_max": 1.0}
    write_kernel_config(data_dir, loaded, lax)
    where = ["--yes", "--data-dir", str(data_dir.root)]
    said = run_command(["plugins", "approve", "saboteur", *where], parts.environment)
    assert said.status == 0, said.complaint
    assert parts.driver is not None
    pictures = SpoiledPictures(parts.driver.pictures, parts, sabotage)
    parts.driver.pictures = pictures
    # A new picture at every capture, so that a few seconds hold enough of them.
    parts.driver.phases = [
        Phase(0.0, ACTIVE_SHARE * seconds, "active", "burst"),
        Phase(ACTIVE_SHARE * seconds, (1 - ACTIVE_SHARE) * seconds, "idle", "night"),
    ]
    try:
        with StopSignal() as stop:
            assert Endurance(parts, stop).run() == "finished"
    finally:
        for stranger in pictures.strangers:
            stranger.kill()
            stranger.wait()
    return conclude(run_dir)
