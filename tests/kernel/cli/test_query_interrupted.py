"""Ctrl-C ends a question at once, or what it started first: status 130, no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kernel.cli.query import query
from tests.functional.rig import make_rig
from tests.kernel.query.memory import Memory

PRESSED = """
import os, signal, sys
from kernel.cli.main import main

def press(frame, event, arg):
    if event == "call" and frame.f_code.co_name == sys.argv[1]:
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)

# Whoever started us in the background may have had the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.setprofile(press)
sys.exit(main(sys.argv[2:]))
"""
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("moment", ["make_plan", "page_of", "verify_claim", "format_answer"])
def test_ctrl_c_ends_a_question_without_a_traceback(tmp_path: Path, moment: str) -> None:
    assert query.name == "query"
    memory = Memory.open(tmp_path)
    memory.take_in("06_ticket")
    memory.close()
    arguments = ["query", "Who is INC0048213 assigned to?", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", PRESSED, moment, *arguments, "--no-crops"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert "Lindqvist" not in done.stdout


def test_ctrl_c_while_captures_are_read_now_gives_no_answer(tmp_path: Path) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(rig.write("a.png", "The invoice INV-4713 costs 14.50 EUR."))
    rig.json("process", "--until-drained")
    rig.ingest(rig.write("b.png", "!sleep:50", shade=9))
    done = subprocess.run(
        [sys.executable, "-c", PRESSED, "more_waits", "query", "INV-4713", "--extract-now"],
        cwd=ROOT,
        env=rig.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
