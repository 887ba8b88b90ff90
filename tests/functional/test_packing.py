"""The running kernel packs frames when the person is away, in sandboxed hosts of two kinds.

On a drive that runs full it does nothing else, for that gives room back.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from kernel.store.verify import verify
from tests.functional.rig import Rig, make_rig, wait_until
from tests.kernel.store.packing import picture, pixels_of

FRAMES = 32
SETTINGS = """
[pipeline]
text_plugin = "echo"
repack_plugin = "repack_tiles"
[activity]
assume_idle = true
[budget]
ramp_step_s = 0.1
"""


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = make_rig(tmp_path)
    del made.environment["KERNEL_PIPELINE_REPACK_PLUGIN"]
    made.environment["KERNEL_DISK_YELLOW_FREE_BYTES"] = str(1 << 60)
    made.settings(SETTINGS)
    return made


def tell(rig: Rig) -> str:
    """What `kernel status` says with the kernel's own words in it; else nothing."""
    told = rig.run("status", expect=None).stdout
    return told if "\nkernel    pid" in told else ""


def test_frames_are_packed_and_proved_by_different_hosts_and_stay_readable(rig: Rig) -> None:
    files = []
    for seed in range(FRAMES):
        path = rig.root / f"{seed:02}.png"
        path.write_bytes(picture(seed))
        files.append(path)
    rig.ingest(*files)
    with rig.kernel() as kernel:

        def packed() -> int:
            live = rig.json("status", expect=None)["kernel"]
            if live is None:
                # On a crowded machine it may not answer in time.
                return 0
            count: int = live["packing"]["frames_packed"]
            assert not live["packing"]["problem"]
            return count

        assert wait_until(packed, 120.0) == 30
        told = wait_until(lambda: tell(rig), 120.0)
        assert "packing   30 frames" in told
        assert "disk is yellow: only packing runs" in told
        assert f"{FRAMES} frames to read" in told
        kernel.send_signal(signal.SIGTERM)
        assert kernel.wait(timeout=20) == 0
    data_dir = DataDir(rig.data_dir)
    with EvidenceStore.open_read_only(data_dir) as store:
        entries = store.ledger.entries(limit_rows=1000)
        (packing,) = [entry for entry in entries if entry.act == "frames.packed"]
        assert int(packing.detail["packed_bytes"]) * 3 < int(packing.detail["original_bytes"])
        started = [e for e in entries if e.act in {"host-ready", "host-started"}]
        assert len({entry.subject for entry in started}) >= 2, started
        for event, path in zip(store.events_after(0, limit_rows=99), files, strict=True):
            assert pixels_of(store.read_blob(event.blob)) == pixels_of(path.read_bytes())
    assert verify(data_dir, quick=False).ok
