"""BLUEPRINT.md keeps its word, and the tool that says so would notice if it did not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.blueprint import REPOSITORY, problems, read_promises

HEAD = "| promise | kept in | proved by |\n| --- | --- | --- |\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel" / "clock.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_clock.py").write_text(
        "def test_it_ticks(): ...\nclass TestClock:\n    def test_in_class(self): ...\n"
        "TestMachine = object\n"
    )
    return tmp_path


def found(root: Path, row: str) -> list[str]:
    return list(problems(read_promises(HEAD + row), root))


@pytest.mark.parametrize("test", ["test_it_ticks", "TestClock::test_in_class", "TestMachine"])
def test_a_promise_with_a_place_and_a_test_is_right(root: Path, test: str) -> None:
    assert found(root, f"| It ticks. | `kernel/clock.py` | `tests/test_clock.py::{test}` |") == []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (
            "| It ticks. | `kernel/gone.py` | `tests/test_clock.py::test_it_ticks` |",
            "kernel/gone.py",
        ),
        ("| It ticks. | `kernel/clock.py` | `tests/test_clock.py::test_no` |", "has no test_no"),
        ("| It ticks. | `kernel/clock.py` | `tests/test_gone.py::test_it` |", "is not a test file"),
        ("| It ticks. | `kernel/clock.py` | `tests/test_clock.py` |", "name the test"),
        ("| It ticks. | `kernel/clock.py` | by hand |", "names no test"),
        ("| It ticks. | somewhere | `tests/test_clock.py::test_it_ticks` |", "names no place"),
    ],
)
def test_a_broken_reference_is_a_problem(root: Path, row: str, complaint: str) -> None:
    (problem,) = found(root, row)
    assert complaint in problem


def test_an_empty_table_is_a_problem(root: Path) -> None:
    assert found(root, "") == ["no promise found"]


def test_a_row_that_lost_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        read_promises(HEAD + "| It ticks. | `kernel/clock.py` |")


def test_the_blueprint_of_this_project_holds() -> None:
    promises = read_promises((REPOSITORY / "BLUEPRINT.md").read_text(encoding="utf-8"))
    assert list(problems(promises, REPOSITORY)) == []
