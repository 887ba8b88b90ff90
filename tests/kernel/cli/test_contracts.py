"""`kernel contracts`: the contracts as people and programs see them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.lock import contracts_lock_digest
from contracts.registry import REGISTRY
from kernel.cli.contracts import contracts
from kernel.config.errors import KernelError
from kernel.config.locks import CONTRACTS_LOCK_NAME, locks_dir


def run(*arguments: str) -> str:
    result = CliRunner().invoke(contracts, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_list_names_every_contract_and_the_fingerprint() -> None:
    document = json.loads(run("list", "--json"))
    assert len(document["contracts"]) == len(REGISTRY.structs)
    assert document["fingerprint"] == contracts_lock_digest()
    assert "capture_event@1" in run("list")


def test_a_contract_is_shown_with_its_fields_bounds_and_defaults() -> None:
    text = run("show", "text_page")
    assert text.startswith("text_page@1 (record)\nAll text of one frame")
    assert "  lines           list of text_line@1 (at most 65536)" in text
    assert "  blob            str like ^[0-9a-f]{64}$" in text
    assert "  languages       list of str (1 to 255) (at most 64) = []" in text
    assert run("show", "text_page@1") == text


def test_the_json_of_a_contract_is_complete_in_itself() -> None:
    document = json.loads(run("show", "text_page", "--json"))
    assert document["ref"] == "text_page@1"
    assert "Word" in document["json_schema"]["$defs"]


@pytest.mark.parametrize("ref", ["nothing", "word@2", "word@x"])
def test_a_contract_that_is_not_there_is_an_error_with_a_code(ref: str) -> None:
    result = CliRunner().invoke(contracts, ["show", ref])
    assert isinstance(result.exception, KernelError)
    assert result.exception.code == "contract-unknown"


def test_the_check_passes_on_this_checkout() -> None:
    assert json.loads(run("check", "--json"))["agrees"] is True
    assert "the lock agrees with the code" in run("check")


def test_the_check_fails_and_names_the_change_when_the_lock_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (locks_dir() / CONTRACTS_LOCK_NAME).read_text(encoding="utf-8")
    (tmp_path / CONTRACTS_LOCK_NAME).write_text(text.replace('"le": 1000,', '"le": 999,'))
    monkeypatch.setattr("kernel.config.locks.locks_dir", lambda: tmp_path)
    result = CliRunner().invoke(contracts, ["check"])
    assert result.exit_code == 1
    assert "word@1.confidence_permille: constraint-widened" in result.output


def test_the_real_command_runs_from_anywhere() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "kernel.cli", "contracts", "check"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert finished.returncode == 0, finished.stderr
