"""The real pipeline over a fixture page: frames in, questions asked, a verdict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.pipeline_manifest import Frame
from tools.run_fixture_pipeline import _batches, format_report, main

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "kernel" / "samples" / "ticket.png"


def run(manifest: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # How full the machine's drive is says nothing about the code.
    room = {f"KERNEL_DISK_{level}_FREE_BYTES": "0" for level in ("YELLOW", "RED", "BLACK")}
    return subprocess.run(
        [sys.executable, PROJECT / "tools" / "run_fixture_pipeline.py", str(manifest), *options],
        env={**os.environ, **room},
        capture_output=True,
        text=True,
        check=False,
    )


def write(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "manifest.json"
    path.write_text(json.dumps(document))
    return path


def test_a_manifest_is_taken_in_read_asked_and_judged(tmp_path: Path) -> None:
    questions = json.loads((SAMPLE.parent / "questions.json").read_text())["questions"]
    known = next(q for q in questions if q["page"] == "ticket")
    queries = [
        known | {"id": "known"},
        {"id": "wrong", "frame": "ticket", "question": known["question"], "boxes": [[0, 0, 9, 9]]},
        {"id": "none", "frame": None, "question": "Who is INC0048999 assigned to?"},
    ]
    frame = {"path": str(SAMPLE), "at": "2026-05-01T10:00:00+02:00", "app": "desk"}
    document = {"frames": [frame], "queries": queries, "auto": {"count": 5, "seed": 1}}
    done = run(write(tmp_path, document), "--json", "--data-dir", str(tmp_path / "data"))
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert (report["frames_read"], report["questions"], report["negatives"]) == (1, 7, 1)
    assert (report["false_claims"], report["auto_from"]) == (0, "stored text")
    assert [missed["id"] for missed in report["missed"]] == ["wrong"]
    assert report["missed"][0]["problem"] == "wrong citation"
    assert "wrong citation" in format_report(report)
    assert "reading 1 frames" in done.stderr
    again = run(write(tmp_path, document), "--data-dir", str(tmp_path / "data"))
    assert again.returncode == 2
    assert "is not empty" in again.stderr


def test_a_refused_frame_ends_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run(write(tmp_path, {"frames": ["broken.png"], "auto": {}}))
    assert done.returncode == 2
    assert "refused" in done.stderr


def test_a_moment_that_is_none_is_named_with_its_frame(tmp_path: Path) -> None:
    second = tmp_path / "second.png"
    second.write_bytes(SAMPLE.read_bytes())
    frames = [{"path": str(SAMPLE)}, {"path": str(second), "at": "yesterday"}]
    done = run(write(tmp_path, {"frames": frames, "auto": {}}))
    assert done.returncode == 2
    assert "frames, entry 2 (second) at: 'yesterday' is not an ISO 8601" in done.stderr
    assert "Usage" not in done.stderr


def test_the_order_of_capture_is_the_order_of_the_manifest() -> None:
    frames = [
        Frame(path=Path("a.png")),
        Frame(path=Path("b.png")),
        Frame(path=Path("c.png"), app="mail"),
        Frame(path=Path("d.png")),
    ]
    batches = [arguments for arguments, _ in _batches(frames)]
    assert batches == [
        ["--monitor", "0", "a.png", "b.png"],
        ["--monitor", "0", "--app", "mail", "c.png"],
        ["--monitor", "0", "d.png"],
    ]


def test_help_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "Take frames in" in capsys.readouterr().out
