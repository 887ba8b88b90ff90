"""Each problem has a next step, and none leads back to the command that told it."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.observe.problems import live_problems, notes_of, text_off, unreachable


def live(**changes: object) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "problems": [],
        "stuck": "",
        "left_out": {},
        "quarantined": {},
        "hosts": [],
        "hosts_max": 2,
        "stages": {"text": {}},
        "governor": {"mode": "active"},
        "activity": {
            "disk": "green",
            "source": "x11",
            "word": "none",
            "sources": {"x11": "", "wsl": "not WSL"},
        },
        "inbox": {"problem": "", "folder": "/in"},
        "spool": {"pending_segments": 0, "dir": None, "there": False},
    }
    return facts | changes


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"problems": ["the intake thread ended"]}, "intake"),
        ({"stuck": "plugin x is not approved"}, "cannot be processed"),
        ({"not_started": "No space left"}, "hosts cannot be started: No space left"),
        ({"left_out": {"embed": "plugin x is not installed"}}, "the stage embed is left out"),
        ({"quarantined": {"x": "it fell"}}, "plugin x is quarantined"),
        ({"hosts": [{"hung": True, "plugin_id": "x"}]}, "does not give way"),
        ({"inbox": {"problem": "gone", "folder": "/in"}}, "inbox: gone"),
        ({"activity": live()["activity"] | {"disk": "black"}}, "drive is full"),
    ],
)
def test_every_problem_has_a_step_that_does_not_lead_back(
    changes: dict[str, Any], word: str
) -> None:
    (problem,) = live_problems(live(**changes))
    assert word in problem.text
    assert problem.remedy
    assert "logs/" not in problem.remedy, "there is no such folder"
    assert "kernel status" not in problem.remedy
    assert "kernel doctor" not in problem.remedy


def test_nothing_wrong_is_no_problem_and_no_note() -> None:
    assert live_problems(live()) == []
    assert notes_of(live()) == []


def test_a_kernel_without_its_run_dir_is_told_from_a_writer_that_ends_by_itself() -> None:
    kernel = unreachable(7, was_kernel=True, why="has no control socket")
    assert "kill -TERM 7" in kernel.remedy
    assert "kernel run" in kernel.remedy
    assert "ends by itself" in unreachable(7, was_kernel=False, why="x").remedy


def test_text_is_off_only_where_nothing_is_wrong_with_it() -> None:
    assert text_off(live(stages={}))
    assert not text_off(live())
    assert not text_off(live(stages={}, stuck="plugin x is not installed"))
    assert not text_off(live(stages={}, left_out={"text": "refused"}))


def test_a_person_whom_nothing_sees_is_noted_unless_they_said_so_themselves() -> None:
    blind = live()["activity"] | {"source": "none", "sources": {"x11": "no display"}}
    (note,) = notes_of(live(activity=blind))
    assert "active for ever" in note
    assert "kernel idle" in note
    assert notes_of(live(activity=blind | {"word": "active"})) == []
    assert notes_of(live(activity=blind, governor={"mode": "working"})) == []


def test_what_the_control_socket_dropped_is_told_in_words_by_kind() -> None:
    dropped = {"frame-count": 3, "foreign-user": 1, "reply-not-taken": 2}
    refused, unheard = notes_of(live(control_dropped=dropped))
    assert "3 frame-count" in refused
    assert "1 foreign-user" in refused
    assert "reply-not-taken" not in refused
    assert unheard.startswith("2 answers")
    assert live_problems(live(control_dropped=dropped)) == [], "nothing is lost by it"
    assert notes_of(live(control_dropped={})) == []


@pytest.mark.parametrize("level", ["green", "yellow", "red", "black"])
@pytest.mark.parametrize("there", [True, False, None])
def test_who_has_a_second_drive_is_not_told_to_name_one_and_hears_when_it_is_absent(
    level: str, *, there: bool | None
) -> None:
    disk = live()["activity"] | {"disk": level}
    spool = {"pending_segments": 0, "dir": "/mnt/second", "there": there}
    facts = live(activity=disk, spool=spool)
    problems, notes = live_problems(facts), notes_of(facts)
    assert not any("disk.spool_dir" in problem.remedy for problem in problems)
    full = level in {"red", "black"}
    absent = "the second drive is absent: /mnt/second"
    assert (absent in [problem.text for problem in problems]) == (full and there is False)
    assert (absent in notes) == (there is False)
    assert bool(problems) == full
    if full and there is False:
        assert all("mount the second drive again" in problem.remedy for problem in problems)
    without = live_problems(live(activity=disk))
    assert ["disk.spool_dir" in problem.remedy for problem in without] == [True] * full


def test_a_second_drive_that_holds_evidence_is_missed_at_every_level() -> None:
    spool = {"pending_segments": 3, "dir": "/mnt/second", "there": False}
    (problem,) = live_problems(live(spool=spool))
    assert "3 segments of evidence are on it" in problem.text
