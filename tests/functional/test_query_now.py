"""Asking about what is not read yet, and having the pixels read again, with the real command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.functional.rig import Rig, make_rig, wait_until

EXPLICIT_CPU_S = 20.0


def governor_of(rig: Rig) -> Any:  # noqa: ANN401 - JSON
    """What status says about the governor of the running kernel."""
    return rig.json("status", expect=None)["kernel"]["governor"]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


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
    assert any("claim(s) fell" in note for note in checked["notes"])


def test_a_running_kernel_reads_it_within_its_budget(rig: Rig) -> None:
    rig.run("active")
    with rig.kernel():
        rig.ingest(rig.write("a.png", "The invoice INV-4712 costs 13.50 EUR."))
        answer = rig.json("query", "INV-4712", "--extract-now", "--budget", "60s")
        assert answer["state"] == "ok"
        assert answer["coverage"]["processed"] == 1
        assert governor_of(rig)["explicit_left_s"] <= EXPLICIT_CPU_S
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
