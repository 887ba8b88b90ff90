"""What all commands share: help, the data dir, JSON errors, exit codes; and small parts of some."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from kernel.cli import durations, options
from kernel.cli.doctor import format_check
from kernel.cli.main import COMMANDS, cli, main
from kernel.cli.process import ProcessResult
from kernel.cli.run import run
from kernel.cli.status import format_status
from kernel.config.paths import DataDir
from kernel.observe.check import Check
from kernel.observe.status import read_status


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_the_table_is_there_and_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    assert "Usage: kernel" in capsys.readouterr().out


def test_help_lists_every_command_without_importing_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in COMMANDS)


def test_unknown_command_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_error_has_a_code_a_hint_and_a_json_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["process", "--until-drained", "--json", "--data-dir", str(tmp_path / "none")]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["error"]["code"] == "no-data-dir"
    assert "hint:" in captured.err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90.0), ("90s", 90.0), ("5m", 300.0), ("1.5h", 5400.0), ("2d", 172_800.0)],
)
def test_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert durations.Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5m", "0s", "5 weeks", "9999d", "nan", "1e9s"])
def test_other_durations_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter):
        durations.Duration().convert(text, None, None)


def test_data_dir_comes_from_the_option_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[DataDir] = []

    @click.command()
    @options.data_dir_option
    @options.json_option
    def show(*, data_dir: DataDir, as_json: bool) -> None:
        seen.append(data_dir)

    monkeypatch.setenv("KERNEL_DATA_DIR", str(tmp_path / "environment"))
    show.main(args=[], standalone_mode=False)
    show.main(args=["--data-dir", str(tmp_path / "option")], standalone_mode=False)
    assert [place.root.name for place in seen] == ["environment", "option"]


def test_status_of_nothing_is_stopped_and_reads_well(tmp_path: Path) -> None:
    document = read_status(DataDir(tmp_path / "none"))
    queue = {"plugin": "p", "state": "waiting"}
    document["backlog"]["stages"] = [
        queue | {"stage": "embed", "tasks": 3},
        queue | {"stage": "state", "tasks": 1},
        queue | {"stage": "state", "tasks": 2, "state": "delayed"},
        queue | {"stage": "text", "tasks": 9},
    ]
    shown = format_status(document)
    assert "backlog   9 frames to read" in shown
    assert "waiting   state 3 tasks, embed 3 tasks" in shown
    document = read_status(DataDir(tmp_path / "none"))
    assert document["verdict"] == "stopped"
    text = format_status(document)
    assert text.startswith("STOPPED: no kernel runs")
    assert not (tmp_path / "none").exists()


def test_finding_shows_its_remedy_only_when_something_is_wrong() -> None:
    assert "->" not in format_check(Check("a", "ok", "fine", "do nothing"))
    assert "-> mend it" in format_check(Check("a", "fail", "broken", "mend it"))


def test_parts_of_run_and_process_are_commands() -> None:
    assert isinstance(run, click.Command)
    assert isinstance(cli, click.Group)
    result = ProcessResult(processed=1, failed=0, unfinished=0, seconds=0.1, stuck="")
    assert result.processed == 1
