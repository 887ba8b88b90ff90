"""`kernel query` as a person and as a program sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.answer import Answer, Coverage, Provenance
from kernel.cli.main import main
from kernel.cli.query import format_answer, query
from tests.kernel.query.memory import Memory, text_page

QUESTION = "Who is INC0048213 assigned to?"
FIELDS = {
    "event_id",
    "captured_at",
    "source_path",
    "monitor",
    "app",
    "box",
    "text",
    "text_start",
    "text_end",
    "blob",
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("memory")
    memory = Memory.open(root)
    memory.take_in("06_ticket")
    memory.close()
    return root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(query, [str(argument) for argument in arguments])


def test_json_is_the_answer_contract_with_the_promised_fields(data_dir: Path) -> None:
    result = run(QUESTION, "--json", "--data-dir", data_dir)
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["state"] == "ok"
    assert "Oskar Lindqvist" in document["answer"]
    citation = document["claims"][0]["citations"][0]
    assert set(citation) >= FIELDS
    assert citation["blob"] == text_page("06_ticket").blob
    assert citation["text"][citation["text_start"] : citation["text_end"]] == "Oskar Lindqvist"
    assert [type(edge) for edge in citation["box"]] == [int] * 4
    assert document["coverage"] == {
        "kind": "coverage",
        "schema_version": 1,
        "events": 1,
        "processed": 1,
    }


def test_people_get_the_answer_the_place_the_time_and_a_crop(data_dir: Path) -> None:
    result = run(QUESTION, "--data-dir", data_dir)
    assert result.exit_code == 0
    assert result.stdout.startswith("Assigned to: Oskar Lindqvist\n")
    assert "2025-10-09T10:53:20+01:00" in result.stdout
    assert "/pictures/06_ticket.png" in result.stdout
    crops = sorted((data_dir / "crops").iterdir())
    assert crops
    assert all(str(crop) in result.stdout for crop in crops[:1])


def test_asking_leaves_evidence_and_derived_records_as_they_are(data_dir: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for path in sorted(data_dir.rglob("*"))
            if path.is_file() and "crops" not in path.parts and not path.name.endswith("-shm")
        }

    before = contents()
    run(QUESTION, "--data-dir", data_dir)
    after = contents()
    assert {k: v for k, v in after.items() if k in before} == before


def test_without_crops_none_is_written(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.take_in("06_ticket")
    memory.close()
    assert run(QUESTION, "--no-crops", "--data-dir", tmp_path).exit_code == 0
    assert run(QUESTION, "--json", "--data-dir", tmp_path).exit_code == 0
    assert not (tmp_path / "crops").exists()


def test_no_evidence_exits_three_and_says_what_was_read(data_dir: Path) -> None:
    result = run("Who is INC0048999 assigned to?", "--data-dir", data_dir)
    assert result.exit_code == 3
    assert "1 of 1 captures have been read" in result.stdout
    result = run("Who is INC0048999 assigned to?", "--json", "--data-dir", data_dir)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["claims"] == []


def test_what_is_not_read_yet_is_offered(tmp_path: Path) -> None:
    memory = Memory.open(tmp_path)
    memory.capture(b"pixels", "later")
    memory.close()
    result = run("anything at all?", "--data-dir", tmp_path)
    assert result.exit_code == 3
    assert "kernel process --until-drained" in result.stdout


def test_a_data_dir_that_does_not_exist_is_said_so_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "nowhere"
    assert main(["query", QUESTION, "--data-dir", str(missing)]) == 3
    assert "nothing was captured" in capsys.readouterr().out
    assert main(["query", QUESTION, "--json", "--data-dir", str(missing)]) == 3
    assert '"state":"no_evidence"' in capsys.readouterr().out
    assert not missing.exists()


def test_a_question_that_takes_too_long_is_broken_off(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["query", QUESTION, "--timeout", "0.000001s", "--data-dir", str(data_dir)])
    assert status == 1
    assert "query-timeout" in capsys.readouterr().err


def test_control_characters_on_a_screen_do_not_reach_the_terminal() -> None:
    digest = "0" * 64
    answer = Answer(
        question="x",
        state="no_evidence",
        answer="\x1b[31mred\x07",
        claims=(),
        coverage=Coverage(events=1, processed=1),
        provenance=Provenance(
            method="m", contracts_lock=digest, plugins_lock=digest, extractors=(), claims_dropped=0
        ),
    )
    assert not {"\x1b", "\x07"} & set(format_answer(answer, {}))


ASK = ("INC0048213", "--json", "--tz", "Europe/Dublin", "--now", "2025-10-10 12:00")
"""The capture is of 2025-10-09 10:53:20 in Dublin."""


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        ((), 0),
        (("--since", "yesterday"), 0),
        (("--since", "2025-10-09 10:53", "--until", "2025-10-09 10:54"), 0),
        (("--until", "2025-10-09 10:53"), 3),
        (("--since", "1h ago"), 3),
        (("--app", "no such program"), 3),
        (("--monitor", "1"), 3),
        (("--limit", "1", "--order", "newest"), 0),
    ],
)
def test_options_narrow_what_is_looked_at(
    data_dir: Path, options: tuple[str, ...], exit_code: int
) -> None:
    result = run(*ASK, *options, "--data-dir", data_dir)
    assert result.exit_code == exit_code, result.output
    document = json.loads(result.stdout)
    assert (document["from_us"] is not None) == bool({"--since", "--until"} & set(options))
    if "--limit" in options:
        assert len(document["claims"]) == 1


@pytest.mark.parametrize(
    "options",
    [("--since", "soon"), ("--until", "tomorrow"), ("--tz", "Mars/Olympus"), ("--limit", "0")],
)
def test_options_that_say_nothing_are_refused(data_dir: Path, options: tuple[str, str]) -> None:
    result = run("INC0048213", *options, "--data-dir", data_dir)
    assert result.exit_code == 2
    assert options[0] in result.output


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2025-11-24", "2025-11-23", "from 2025-11-24 00:00:00 to 2025-11-24 00:00:00"),
        ("noon", "10:00", "the beginning must come before the end"),
        ("2025-03-30 02:30", "2025-03-30 03:00", "a time that a clock change skips is read with"),
    ],
)
def test_a_time_that_ends_before_it_begins_is_refused(
    data_dir: Path, since: str, until: str, said: str
) -> None:
    times = ("--since", since, "--until", until, "--tz", "Europe/Berlin")
    result = run(QUESTION, *times, "--data-dir", data_dir)
    assert result.exit_code == 2
    assert said in result.output
    assert ("clock change" in result.output) is ("03-30" in since)


def test_a_time_without_captures_is_said_and_not_taken_for_no_captures_yet(data_dir: Path) -> None:
    result = run(QUESTION, "--since", "2025-11-24", "--tz", "Europe/Berlin", "--data-dir", data_dir)
    assert result.exit_code == 3
    assert "nothing was captured (from 2025-11-24 00:00:00)" in result.stdout


def test_the_same_question_at_the_same_time_prints_the_same_bytes(data_dir: Path) -> None:
    question = ("INC0048213 yesterday", *ASK[1:])
    first, second = (run(*question, "--data-dir", data_dir) for _ in range(2))
    assert first.exit_code == 0
    assert first.stdout == second.stdout


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_asked(
    data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "crops"):
        result = run(QUESTION, "--save-crops", folder, "--data-dir", data_dir)
        assert result.exit_code == 2
        assert "--save-crops" in result.output
        assert "Oskar" not in result.output
    kept = run(
        QUESTION, "--no-crops", "--save-crops", tmp_path / "file" / "crops", "--data-dir", data_dir
    )
    assert kept.exit_code == 0


def test_crops_are_saved_where_one_wants_them(data_dir: Path, tmp_path: Path) -> None:
    pytest.importorskip("PIL", reason="crops need an image library")
    result = run(*ASK, "--save-crops", tmp_path / "proof", "--data-dir", data_dir)
    assert result.exit_code == 0
    assert list((tmp_path / "proof").glob("*.png"))
