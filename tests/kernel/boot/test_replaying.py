"""What a replay would do is counted without doing it, and how far it is is told in words."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from kernel.boot.replaying import (
    REPLAYABLE,
    describe,
    plan_replay,
    refuse_replay,
    require_over,
    require_stage,
    run_replay,
)
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.pipeline.stages import make_stage
from kernel.store.replays import ReplayState
from tests.functional.rig import make_rig
from tests.kernel.pipeline.test_dispatcher import open_line, text_stage
from tests.kernel.supervision.pool_rig import hostile


def test_what_is_due_is_counted_by_bytes_and_time(tmp_path: Path) -> None:
    with ExitStack() as stack:
        line = open_line(stack, tmp_path)
        line.capture("one", "two", "two", "three")
        line.feeder.feed()
        line.drain()
        line.capture("not read yet")
        data_dir = DataDir(tmp_path / "data")
        same = plan_replay(data_dir, text_stage(), 0)
        assert (same.due, same.kept, same.plugin) == (1, 3, "echo 1.0.0")
        other = make_stage("text", hostile("echo"), {"newer": True})
        assert (plan_replay(data_dir, other, 0).due, plan_replay(data_dir, other, 0).kept) == (4, 0)
        assert plan_replay(data_dir, other, 1_000_002).due == 2


def test_a_stage_without_a_plugin_cannot_be_replayed(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    loaded = load_settings(None, data_dir, {"pipeline.state_plugin": "none"})
    with pytest.raises(KernelError) as caught:
        require_stage("state", data_dir, loaded)
    assert caught.value.code == "stage-missing"


def test_a_replay_of_a_stage_that_is_not_in_force_ends_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = make_rig(tmp_path)
    for name, value in rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    data_dir = DataDir(rig.data_dir)
    loaded = load_settings(None, data_dir, {})
    with pytest.raises(KernelError) as caught:
        run_replay(data_dir, loaded, "state", 0, lambda _: None)
    assert caught.value.code == "replay-stuck"
    assert "does not do that stage" in caught.value.message


def test_progress_is_told_in_words() -> None:
    assert {"text", "state", "delta"} <= set(REPLAYABLE)
    state = ReplayState(stage="text", since_us=0)
    assert describe(state, 7) == "text: 7 tasks to go"
    assert describe(None, 7) == ""


def test_vectors_need_no_replay_and_the_refusal_says_why() -> None:
    refused = refuse_replay("embed")
    assert refused is not None
    assert (refused.code, refused.exit_code) == ("stage-not-replayed", 2)
    assert "made by themselves" in str(refused.hint)
    assert "move vectors.db" in str(refused.hint)
    assert refuse_replay("text") is None


def test_the_way_on_from_an_interrupted_replay_keeps_its_moment() -> None:
    with pytest.raises(KernelError) as caught:
        require_over(None, "text", 1_767_225_600_000_000, "")
    assert str(caught.value.hint).endswith("--stage text --since 2026-01-01T00:00:00+00:00")
    with pytest.raises(KernelError) as caught:
        require_over(None, "text", 0, "")
    assert str(caught.value.hint).endswith("--stage text")
