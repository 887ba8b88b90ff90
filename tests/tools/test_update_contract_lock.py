"""The contract lock is checked by the suite, and is the same file wherever it is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.lock import empty_lock, next_lock, parse_lock, render_lock
from contracts.registry import REGISTRY, Registry
from tests.architecture.tree import REPOSITORY

TOOL = REPOSITORY / "tools" / "update_contract_lock.py"
LOCK = REPOSITORY / "locks" / "contracts.lock.json"


def run(
    *arguments: str | Path, cwd: Path = REPOSITORY, seed: str = "0", locale: str = "C.UTF-8"
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale}
    return subprocess.run(
        [sys.executable, TOOL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment,
    )


def test_the_lock_and_the_corpus_are_up_to_date() -> None:
    finished = run("--check")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_lock_is_the_same_bytes_from_anywhere(tmp_path: Path) -> None:
    made = []
    for number, (seed, locale) in enumerate([("1", "C"), ("2", "tr_TR.UTF-8")]):
        lock, corpus = tmp_path / f"{number}.json", tmp_path / f"corpus{number}"
        finished = run("--lock", lock, "--corpus", corpus, cwd=tmp_path, seed=seed, locale=locale)
        assert finished.returncode == 0, finished.stderr
        made.append((lock.read_bytes(), {f.name: f.read_bytes() for f in corpus.iterdir()}))
    assert made[0] == made[1]
    # Release marks and history are the repository's own; everything else is the code's.
    assert parse_lock(made[0][0]).fingerprint == parse_lock(LOCK.read_bytes()).fingerprint


def test_the_order_in_which_contracts_are_listed_plays_no_part() -> None:
    backwards = Registry.build(reversed(list(REGISTRY.structs.values())))
    assert render_lock(next_lock(empty_lock(), backwards)) == render_lock(next_lock(empty_lock()))


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A lock that pins another past: one field more, one bound wider, all of it released."""
    text = LOCK.read_text(encoding="utf-8")
    text = text.replace('"le": 1000, "type": "int"', '"le": 2000, "type": "int"')
    text = text.replace('"released": null', '"released": "0.0.1"')
    path = tmp_path / "lock.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_drift_is_shown_as_a_readable_difference_and_nothing_is_written(released: Path) -> None:
    before = released.read_bytes()
    finished = run("--check", "--lock", released)
    assert finished.returncode == 1
    assert "word@1.confidence_permille: constraint-tightened" in finished.stdout
    assert "+" in finished.stdout
    assert '"le": 1000' in finished.stdout
    assert "Run: python tools/update_contract_lock.py" in finished.stdout
    assert released.read_bytes() == before


def test_a_break_of_a_released_contract_is_refused(released: Path, tmp_path: Path) -> None:
    before = released.read_bytes()
    finished = run("--lock", released, "--corpus", tmp_path / "corpus")
    assert finished.returncode == 1
    assert "new-version: word@1.confidence_permille" in finished.stdout
    assert "--allow-break" in finished.stderr
    assert released.read_bytes() == before
    assert not (tmp_path / "corpus").exists()


def test_an_allowed_break_stands_in_the_lock_with_reason_and_date(
    released: Path, tmp_path: Path
) -> None:
    finished = run("--lock", released, "--corpus", tmp_path / "c", "--allow-break", "never shipped")
    assert finished.returncode == 0, finished.stderr
    breaks = parse_lock(released.read_bytes()).breaks
    assert {entry.rule for entry in breaks} == {"constraint-tightened"}
    assert {entry.reason for entry in breaks} == {"never shipped"}
    assert all(len(entry.date) == 10 for entry in breaks)
    assert run("--check", "--lock", released, "--corpus", tmp_path / "c").returncode == 0


def test_a_missing_corpus_file_is_drift(tmp_path: Path) -> None:
    finished = run("--check", "--corpus", tmp_path)
    assert finished.returncode == 1
    assert "does not hold the bytes that the lock pins" in finished.stdout


@pytest.mark.parametrize("arguments", [("--allow-break", " "), ("--release", "soon"), ("--what",)])
def test_strange_arguments_are_refused(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).returncode == 2


def test_a_damaged_lock_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    path.write_text("{}")
    finished = run("--check", "--lock", path)
    assert finished.returncode == 1
    assert str(path) in finished.stderr
    assert "Traceback" not in finished.stderr
