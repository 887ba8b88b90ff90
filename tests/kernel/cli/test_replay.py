"""`kernel replay` as a person meets it; tests/functional/test_replay.py does the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel.cli.replay import replay
from kernel.config.errors import KernelError


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
