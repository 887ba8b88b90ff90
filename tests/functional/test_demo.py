"""The demonstration, as a newcomer runs it: real engine, real frames, both answers right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.boot.samples import samples_dir

pytest.importorskip("rapidocr", reason="the engine that the demonstration reads with (extra: ocr)")


@pytest.mark.timeout(600)
def test_the_demonstration_answers_its_questions_right_and_leaves_no_host(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kernel.cli", "run", "--profile", "demo", "--once"],
        env={**os.environ, "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c")},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for question in json.loads((samples_dir() / "questions.json").read_text())["questions"]:
        _, _, after = done.stdout.partition(question["question"])
        answer = after.strip().splitlines()[0]
        for part in question["answer_contains"]:
            assert part in answer, done.stdout
        assert f"{question['page']}.png" in after.partition("Question")[0]
    assert "no host is left" in done.stdout
