"""`kernel replay` as a person meets it; tests/functional/test_replay.py does the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel.boot.replaying import ReplayPlan
from kernel.cli.replay import describe_end, replay
from kernel.config.errors import KernelError
from kernel.store.replays import ReplayState


def test_without_anything_processed_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        CliRunner().invoke(
            replay, ["--stage", "text", "--data-dir", str(tmp_path)], catch_exceptions=False
        )
    assert caught.value.code == "derived-missing"


@pytest.mark.parametrize(
    "arguments", [["--stage", "repack"], [], ["--stage", "text", "--since", "yesterday"]]
)
def test_wrong_arguments_are_refused(arguments: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(replay, [*arguments, "--data-dir", str(tmp_path)])
    assert done.exit_code == 2


def test_a_replay_of_vectors_is_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(KernelError) as caught:
        CliRunner().invoke(
            replay, ["--stage", "embed", "--data-dir", str(tmp_path)], catch_exceptions=False
        )
    assert caught.value.code == "stage-not-replayed"
    assert "kernel process" in str(caught.value.hint)


def test_the_end_is_told_by_stages_and_nothing_new_is_called_so() -> None:
    plan = ReplayPlan("state", "screen 1.0.0", 0, 14)
    over = ReplayState(stage="state", since_us=0, phase="done")
    assert describe_end(plan, over) == (
        "state with screen 1.0.0: nothing new; 14 stored already are in force"
    )
    some = ReplayState(
        stage="state", since_us=0, phase="done", results=3, results_by={"delta": 1, "state": 2}
    )
    told = describe_end(plan, some)
    assert told == "state with screen 1.0.0: 3 results took over (delta 1, state 2)"
    one = ReplayState(stage="state", since_us=0, phase="done", results=1, results_by={"state": 1})
    assert describe_end(plan, one) == "state with screen 1.0.0: 1 result took over"
