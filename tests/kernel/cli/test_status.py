"""What `kernel status` prints for people about a kernel that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kernel.cli.status import format_status
from kernel.config.paths import DataDir
from kernel.observe.status import read_status

GRABBER = {"plugin": "grab_mss", "pid": 7, "starts": 1, "words": "2 monitors", "problem": ""}


def shown(root: Path, grabber: dict[str, Any] | None) -> list[str]:
    document = read_status(DataDir(root / "none"))
    document["kernel"] = {
        "pid": 1,
        "profile": "default",
        "uptime_s": 5.0,
        "heavy_work": {"allowed": False, "reason": "the person works"},
        "governor": {"mode": "active"},
        "activity": {"source": "x11", "reason": "input", "word": "none", "disk": "green"},
        "hosts": [],
        "hosts_max": 2,
        "host_crashes": 0,
        "budget": dict.fromkeys(
            ("memory_bytes", "memory_limit_bytes", "processes", "threads", "descriptors"), 1
        )
        | {"cpu_percent": 0.0},
        "rates": {"captured_per_min": 0, "done_per_min": 0},
        "gpu": {"devices": []},
        "packing": None,
        "spool": {"pending_segments": 0, "dir": None, "there": None},
        "inbox": {"folder": "/in", "waiting": 0, "outcomes": {}},
        "stages": {},
        "grabber": grabber,
    }
    return [line for line in format_status(document).splitlines() if line.startswith("grabber")]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "grabber   grab_mss: pid 7, 2 monitors"),
        ({"starts": 3}, "grabber   grab_mss: pid 7, started 3 times, 2 monitors"),
        (
            {"pid": None, "problem": "it has no display"},
            "grabber   grab_mss: does not run, it has no display",
        ),
        ({"words": ""}, "grabber   grab_mss: pid 7"),
    ],
)
def test_the_grabber_is_shown_with_what_it_says(
    tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    assert shown(tmp_path, GRABBER | changes) == [line]


def test_no_grabber_is_no_line(tmp_path: Path) -> None:
    assert shown(tmp_path, None) == []
