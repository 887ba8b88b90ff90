"""`kernel plugins`: what a person sees, and what their decisions do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kernel.cli.main import main
from kernel.cli.plugins import plugins
from kernel.config.approvals import approve_plugin, read_plugin_locks
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.plugins import discover_plugins
from kernel.store.evidence import EvidenceStore
from kernel.supervision.approved import load_approved_plugins
from tests.kernel.config.plugin_folders import install, write_plugin


@dataclass(frozen=True)
class Installed:
    """A third-party plugin in an installation, and the data dir of a person."""

    folder: Path
    data_dir: DataDir


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    root = tmp_path / "site"
    root.mkdir()
    folder = write_plugin(root / "sample_package")
    install(root, folder, monkeypatch)
    return Installed(folder, DataDir(tmp_path / "data"))


def run(installed: Installed, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(
        plugins, [*arguments, "--data-dir", str(installed.data_dir.root)], input=answer
    )


def run_json(installed: Installed, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(run(installed, *arguments, "--json").output)


def row(document: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in document["plugins"] if row["id"] == "sample")


def acts(installed: Installed) -> list[tuple[str, str]]:
    with EvidenceStore.open(installed.data_dir) as store:
        entries = store.ledger.entries()
    return [(entry.act, entry.subject) for entry in entries if entry.act.startswith("plugin-")]


def test_a_new_plugin_is_listed_as_refused_with_the_reason(sample: Installed) -> None:
    listed = row(run_json(sample, "list"))
    assert listed["approved"] is False
    assert listed["refusals"] == [{"code": "unlocked", "detail": "nobody approved this plugin"}]
    assert listed["origin"] == "installed"
    said = run(sample, "list")
    assert said.exit_code == 0
    assert "refused (unlocked)" in said.output


def test_approving_shows_the_permissions_and_asks(sample: Installed) -> None:
    write_plugin(sample.folder, more='[permissions]\nnetwork = "loopback"\n')
    said = run(sample, "approve", "sample", answer="n\n")
    assert "network  loopback" in said.output
    assert "Let sample run so?" in said.output
    assert row(run_json(sample, "list"))["approved"] is False
    said = run(sample, "approve", "sample", answer="y\n")
    assert said.exit_code == 0, said.output
    assert row(run_json(sample, "list"))["approved"] is True
    assert acts(sample) == [("plugin-approved", "sample")]


def test_a_program_cannot_be_asked_and_must_say_yes(sample: Installed) -> None:
    result = run(sample, "approve", "sample", "--json")
    assert isinstance(result.exception, KernelError)
    assert result.exception.code == "confirmation-needed"
    approved = run_json(sample, "approve", "sample", "--yes")
    assert approved["approved"] == "sample"


def test_a_change_is_shown_and_refused_until_it_is_approved(sample: Installed) -> None:
    run(sample, "approve", "sample", "--yes")
    assert run(sample, "diff", "sample").exit_code == 0
    write_plugin(sample.folder, version="1.1.0", code="more = 1\n")
    said = run(sample, "diff", "sample")
    assert said.exit_code == 1
    assert "version: 1.0.0 -> 1.1.0" in said.output
    assert "changed plugin.py" in said.output
    with pytest.raises(KernelError, match="plugin-refused"):
        load_approved_plugins(sample.data_dir).require("sample")
    run(sample, "approve", "sample", "--yes")
    assert load_approved_plugins(sample.data_dir).require("sample").version == "1.1.0"


def test_an_update_is_taken_back_and_the_history_tells(sample: Installed) -> None:
    run(sample, "approve", "sample", "--yes")
    write_plugin(sample.folder, version="1.1.0")
    run(sample, "approve", "sample", "--yes")
    said = run(sample, "rollback", "sample")
    assert said.exit_code == 0, said.output
    assert "rolled back: sample 1.0.0" in said.output
    record = load_approved_plugins(sample.data_dir).require("sample")
    assert record.version == "1.0.0"
    assert record.package == "sample_package"
    assert record.folder != sample.folder
    document = run_json(sample, "diff", "sample")
    assert [entry["act"] for entry in document["history"]] == ["approve", "approve", "rollback"]
    assert "a kept copy of version 1.0.0 runs instead" in run(sample, "diff", "sample").output
    assert acts(sample) == [
        ("plugin-approved", "sample"),
        ("plugin-approved", "sample"),
        ("plugin-rolled-back", "sample"),
    ]


def test_the_plan_says_where_each_plugin_would_run(sample: Installed) -> None:
    assert row(run_json(sample, "plan"))["runs"] is False
    run(sample, "approve", "sample", "--yes")
    planned = row(run_json(sample, "plan"))
    assert planned["runs"] is True
    assert planned["hosting"] in {"subprocess", "in_process"}
    assert planned["stages"] == ["text"]
    assert "sample 1.0.0: runs as" in run(sample, "plan").output


def test_a_quarantined_plugin_does_not_run_until_it_is_let_go(sample: Installed) -> None:
    run(sample, "approve", "sample", "--yes")
    said = run(sample, "quarantine", "--add", "sample", "--reason", "it eats memory")
    assert "it eats memory" in said.output
    assert row(run_json(sample, "plan"))["runs"] is False
    assert row(run_json(sample, "list"))["quarantined"] is True
    assert row(run_json(sample, "list"))["quarantine_causes"] == ["it eats memory"]
    assert "    it eats memory" in run(sample, "list").output.splitlines()
    assert "does not run: quarantined" in run(sample, "plan").output
    assert run_json(sample, "quarantine", "--lift", "sample") == {"quarantined": []}
    assert row(run_json(sample, "plan"))["runs"] is True
    lifted = run(sample, "quarantine", "--lift", "sample")
    assert isinstance(lifted.exception, KernelError)
    assert lifted.exception.code == "not-quarantined"
    assert [act for act, _ in acts(sample)] == [
        "plugin-approved",
        "plugin-quarantined",
        "plugin-quarantine-lifted",
    ]


@pytest.mark.parametrize("command", ["diff", "approve", "rollback"])
def test_an_unknown_plugin_is_an_error_with_a_code(
    sample: Installed, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["plugins", command, "nobody", "--data-dir", str(sample.data_dir.root)])
    assert status in {1, 2}
    assert "[plugin-unknown]" in (said := capsys.readouterr().err) or "[no-rollback]" in said
    assert "hint: see: kernel plugins list" in said


def test_a_plugin_that_cannot_be_read_is_listed_with_the_reason(sample: Installed) -> None:
    (sample.folder / "plugin.toml").write_text("id = 3\n")
    (broken,) = run_json(sample, "list")["broken"]
    assert broken["package"] == "sample_package"
    assert "plugin.toml: " in broken["reason"]
    assert "unreadable" in run(sample, "list").output


def test_looking_runs_no_plugin_code(sample: Installed) -> None:
    for command in (["list"], ["plan"], ["diff", "sample"], ["approve", "sample", "--yes"]):
        run(sample, *command)
    assert not (sample.folder / "IMPORTED").exists()


def test_the_lock_digest_is_the_one_that_the_kernel_uses(sample: Installed) -> None:
    found, _ = discover_plugins()
    plugin = next(plugin for plugin in found if plugin.plugin_id == "sample")
    approve_plugin(plugin, sample.data_dir, now_us=1)
    digest = run_json(sample, "list")["lock_digest"]
    assert digest == read_plugin_locks(sample.data_dir).digest
    assert digest == load_approved_plugins(sample.data_dir).lock_digest
