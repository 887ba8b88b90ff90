"""The one-line wrapper: asks doctor first, outlives its terminal, resumes what was cut off."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.functional.rig import wait_until

PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 36, 37
SCRIPT = Path(__file__).parents[2] / "tools" / "wsl" / "run_full_soak_24h.sh"
KERNEL = """#!/bin/sh
# A stand-in for `kernel`: notes its words, makes a run folder, ends as it is told.
echo "$*" >>"$STUB/words"
if [ "$1" = doctor ]; then exit "$(cat "$STUB/doctor")"; fi
while [ $# -gt 0 ]; do
  case $1 in --run-dir | --resume) run=$2 ;; esac
  shift
done
mkdir -p "$run"
echo '{}' >"$run/plan.json"
while [ -e "$STUB/hold" ]; do sleep 0.05; done
if [ -e "$STUB/cut" ]; then rm "$STUB/cut"; kill -9 $$; fi
printf '{\\n "reason": "finished"\\n}\\n' >"$run/ended.json"
exit "$(cat "$STUB/verdict")"
"""


@dataclass
class Stub:
    """A machine with a stand-in for the kernel."""

    root: Path

    def tell(self, name: str, text: str = "") -> None:
        (self.root / name).write_text(text)

    @property
    def state(self) -> Path:
        return self.root / "where it writes"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        (self.root / "kernel").write_text(KERNEL)
        (self.root / "kernel").chmod(0o755)
        return subprocess.Popen(
            [str(SCRIPT), "--dir", str(self.state), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.root),
                "STUB": str(self.root),
                "AUTOCAPTURE_KERNEL": str(self.root / "kernel"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    def words(self) -> list[str]:
        """What the kernel was called with, but for doctor."""
        file = self.root / "words"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if not line.startswith("doctor")]


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    made = Stub(tmp_path)
    made.tell("doctor", "1")
    made.tell("verdict", "0")
    return made


def test_a_day_is_run_and_its_verdict_is_the_exit_code(stub: Stub) -> None:
    code, said = stub.run("--no-faults")
    assert code == 0, said
    (words,) = stub.words()
    run = (stub.state / "current").read_text().strip()
    assert words == f"run --profile soak24 --run-dir {run} --no-faults"
    assert run in said
    stub.tell("verdict", "1")
    code, said = stub.run("--dry-run")
    assert code == 1, said
    assert stub.words()[1].startswith("run --profile dry-run --run-dir ")


def test_an_unfit_machine_runs_nothing(stub: Stub) -> None:
    stub.tell("doctor", "2")
    code, said = stub.run()
    assert code == 2
    assert "not fit" in said
    assert stub.words() == []


def test_a_run_that_is_cut_off_goes_on_by_itself(stub: Stub) -> None:
    stub.tell("cut")
    code, said = stub.run()
    assert code == 0, said
    first, second = stub.words()
    run = (stub.state / "current").read_text().strip()
    assert "--run-dir" in first
    assert second == f"run --profile soak24 --resume {run}"
    assert "cut off" in said


def test_after_a_reboot_the_same_line_resumes_and_new_begins_anew(stub: Stub) -> None:
    run = stub.state / "a run"
    run.mkdir(parents=True)
    (run / "plan.json").write_text("{}")
    (stub.state / "current").write_text(f"{run}\n")
    assert stub.run()[0] == 0
    assert stub.words() == [f"run --profile soak24 --resume {run}"]
    (run / "ended.json").unlink()
    assert stub.run("--new")[0] == 0
    assert "--run-dir" in stub.words()[1]


def test_an_interrupted_run_of_another_profile_is_neither_resumed_nor_forgotten(
    stub: Stub,
) -> None:
    run = stub.state / "a run"
    run.mkdir(parents=True)
    (run / "plan.json").write_text('{\n "profile": "soak24"\n}\n')
    (stub.state / "current").write_text(f"{run}\n")
    code, said = stub.run("--dry-run")
    assert code == 2
    assert "another profile" in said
    assert stub.words() == []
    assert stub.run()[0] == 0
    assert stub.words() == [f"run --profile soak24 --resume {run}"]


def test_the_run_outlives_its_terminal_and_is_shown_again(stub: Stub) -> None:
    stub.tell("hold")
    first = stub.start()
    wait_until(stub.words)
    os.killpg(first.pid, signal.SIGHUP)
    first.communicate(timeout=20)
    second = stub.start()
    assert second.stdout is not None
    assert wait_until(second.stdout.readline) == "a run is going on already\n"
    (stub.root / "hold").unlink()
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert len(stub.words()) == 1


@pytest.fixture
def adopts() -> Iterator[None]:
    """Orphans come to us, and we do not collect them: as where nothing like init runs."""
    libc = ctypes.CDLL(None)
    before = ctypes.c_int()
    libc.prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, before.value)


@pytest.mark.usefixtures("adopts")
def test_a_run_that_nobody_collects_has_ended_all_the_same(stub: Stub) -> None:
    stub.tell("hold")
    first = stub.start()
    wait_until(stub.words)
    os.killpg(first.pid, signal.SIGHUP)
    first.communicate(timeout=20)
    second = stub.start()
    (stub.root / "hold").unlink()
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0, said


def test_the_help_is_the_head_of_the_script(stub: Stub) -> None:
    code, said = stub.run("--help")
    assert code == 0
    assert "usage: tools/wsl/run_full_soak_24h.sh" in said
    assert "set -euo" not in said
