"""Asking about what is not read yet, and having the pixels read again, with the real command."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import Rig, make_rig, wait_until
from tests.functional.test_budgets_held import fill

EXPLICIT_CPU_S = 20.0


def governor_of(rig: Rig) -> Any:  # noqa: ANN401 - JSON
    """What status says about the governor of the running kernel."""
    return rig.json("status", expect=None)["kernel"]["governor"]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    made = make_rig(tmp_path)
    # A window in which nothing worth mentioning comes back while a test runs.
    made.environment["KERNEL_BUDGET_EXPLICIT_WINDOW_S"] = "500000"
    return made


def test_what_was_asked_about_is_read_now_and_a_claim_that_its_pixels_lack_falls(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "The invoice INV-4711 costs 12.50 EUR."))
    question = "What does invoice INV-4711 cost?"
    before = rig.json("query", question, expect=3)
    assert before["coverage"]["processed"] == 0
    answer = rig.json("query", question, "--extract-now", "--budget", "60s")
    assert "12.50" in answer["answer"]
    assert answer["state"] == "ok"
    assert any("1 of 1 unread captures were read now" in note for note in answer["notes"])
    # The echo plugin reads a comment of the file, which no crop has.
    pytest.importorskip("PIL", reason="crops need an image library")
    checked = rig.json("query", question, "--verify-pixels", expect=3)
    assert (checked["claims"], checked["state"]) == ([], "no_evidence")
    assert checked["provenance"]["claims_dropped"] == 1
    assert any("claim fell" in note or "claims fell" in note for note in checked["notes"])


def test_a_running_kernel_reads_it_within_its_budget(rig: Rig) -> None:
    rig.run("active")
    with rig.kernel():
        rig.ingest(rig.write("a.png", "The invoice INV-4712 costs 13.50 EUR."))
        answer = rig.json("query", "INV-4712", "--extract-now", "--budget", "60s")
        assert answer["state"] == "ok"
        assert answer["coverage"]["processed"] == 1
        assert any("though you count as active" in note for note in answer["notes"])
        governor = governor_of(rig)
        assert 0.0 < governor["explicit_used_s"] <= EXPLICIT_CPU_S
        # What came back since is a fifteenth of the time that passed: it cannot be all.
        assert governor["explicit_left_s"] < EXPLICIT_CPU_S
        wait_until(lambda: governor_of(rig)["asked"] == "nothing")


def test_the_budget_ends_it_with_what_was_found(rig: Rig) -> None:
    rig.ingest(rig.write("a.png", "The invoice INV-4713 costs 14.50 EUR."))
    rig.json("process", "--until-drained")
    rig.ingest(rig.write("b.png", "!sleep:50", shade=9))
    answer = rig.json("query", "INV-4713", "--extract-now", "--budget", "2s")
    assert answer["state"] == "partial"
    assert "INV-4713" in answer["answer"]
    assert (answer["coverage"]["processed"], answer["coverage"]["events"]) == (1, 2)
    assert any("the budget of 2 s is spent" in note for note in answer["notes"])


def test_two_questions_without_a_kernel_share_one_budget_and_the_end_of_it_is_told(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    rig.environment["KERNEL_BUDGET_EXPLICIT_WINDOW_S"] = "500000"
    rig.environment["KERNEL_BUDGET_EXPLICIT_CPU_S"] = "3"
    # Burns a second of the processor each, however crowded the machine is, and says so.
    fill(rig, *["burn 1.0"] * 8)

    def ask_now() -> str:
        answer = rig.json("query", "burn", "--extract-now", "--budget", "100s", expect=None)
        (note,) = (note for note in answer["notes"] if "unread captures were read now" in note)
        return str(note)

    first = ask_now()
    assert "though you count as active" in first
    assert "CPU budget is spent for now" in first
    assert "full again in" in first
    assert "kernel process --until-drained" in first
    assert 1.0 < spent_s(first) < 20.0
    second = ask_now()
    assert second.startswith("0 of "), "no new budget for a new kernel"
    assert "CPU budget is spent for now" in second
    assert spent_s(second) == 0.0


@pytest.mark.timeout(600)
def test_work_that_was_done_while_away_is_no_budget_for_a_question_after_it(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, plugin="greedy")
    rig.environment["KERNEL_BUDGET_EXPLICIT_WINDOW_S"] = "500000"
    rig.environment["KERNEL_BUDGET_EXPLICIT_CPU_S"] = "1.0"
    rig.environment["KERNEL_SCHEDULER_KEEP_WARM_MIN_S"] = "0"
    rig.environment["KERNEL_SCHEDULER_KEEP_WARM_LOADS"] = "0"
    # Each says by itself how much of the processor it takes.
    fill(rig, *["burn 0.25"] * 60)

    def done() -> int:
        return int(rig.json("status", expect=None)["kernel"]["tasks"]["done"])

    def has_hosts() -> bool:
        return bool(rig.json("status", expect=None)["kernel"]["hosts"])

    with rig.kernel():
        rig.run("idle")
        wait_until(lambda: done() >= 6, 240.0)
        rig.run("active")
        wait_until(lambda: not has_hosts(), 60.0)
        before = done()
        assert before < 60, "something must be left"
        answer = rig.json("query", "burn", "--extract-now", "--budget", "150s", expect=None)
        (note,) = (note for note in answer["notes"] if "unread captures were read now" in note)
        assert "though you count as active" in note
        assert "CPU budget is spent for now" in note
        assert (done() - before) * 0.25 <= 1.0 + 1.0, "what is in hand when it is spent"


def spent_s(note: str) -> float:
    """The processor time that the note tells."""
    found = re.search(r"([0-9.]+) s of processor time", note)
    return float(found[1]) if found else 0.0
