"""When the grabber runs, and how often it looks."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from kernel.boot.grabbing import ACTIVE_S, AWAY_S, PAUSE, Grabbing, cadence
from kernel.config.paths import DataDir
from kernel.scheduling.governor import WORKING_MODES, Decision, Mode


def decision(mode: Mode) -> Decision:
    return Decision(mode, run=False, hosts_allowed=0, admit=False, changed=False, reason="")


@pytest.mark.parametrize("mode", get_args(Mode))
def test_it_looks_less_often_only_while_hosts_work_for_an_absent_person(mode: Mode) -> None:
    expected = AWAY_S if mode in WORKING_MODES else ACTIVE_S
    for level in ("green", "yellow", "red"):
        assert cadence(decision(mode), level) == str(expected)
    assert cadence(decision(mode), "black") == PAUSE


def test_none_is_started_unless_it_is_wanted(tmp_path: Path) -> None:
    grabbing = Grabbing("none", DataDir(tmp_path), tmp_path)
    grabbing.tick(decision("active"), "green")
    assert (grabbing.facts(), grabbing.problem) == (None, "")
    grabbing.close()


def test_one_that_is_not_approved_is_told_and_not_started(tmp_path: Path) -> None:
    grabbing = Grabbing("nobody", DataDir(tmp_path), tmp_path)
    grabbing.tick(decision("active"), "green")
    assert "nobody" in grabbing.problem
    facts = grabbing.facts()
    assert facts is not None
    assert facts["pid"] is None
    grabbing.close()
