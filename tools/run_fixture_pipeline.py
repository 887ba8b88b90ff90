"""Take frames in, read them, ask about them, and say what was found and cited right.

    python tools/run_fixture_pipeline.py MANIFEST [--data-dir DIR] [--json]

Everything goes through the `kernel` command, as a person would use it: ingest, process, query.
Exit status: 0 all right, 1 something was missed or claimed falsely, 2 the manifest or a command
failed. `docs/fixture-pipeline.md` describes the manifest.

Covers: the run and its report. Does not cover: the manifest (`tools/pipeline_manifest.py`),
judging answers (`tools/pipeline_score.py`).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kernel.config.paths import DataDir
from kernel.store.derived import DerivedStore
from tools.pipeline_manifest import (
    Box,
    Frame,
    Manifest,
    ManifestError,
    Query,
    draw_queries,
    read_manifest,
    read_truth,
)
from tools.pipeline_score import Judgement, Score, count, judge

KERNEL: Final = (sys.executable, "-m", "kernel.cli")
NO_EVIDENCE: Final = 3
SAY_EVERY: Final = 25
SHOWN_CHARS_MAX: Final = 200


class CommandError(Exception):
    """A command of the kernel's did not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The command line on one data dir."""

    data_dir: Path

    def run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> str:
        """What the command printed; raises `CommandError` with its words otherwise."""
        done = subprocess.run(
            [*KERNEL, *arguments, "--data-dir", str(self.data_dir)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in allowed:
            words = (done.stderr.strip() or done.stdout.strip())[-2000:]
            raise CommandError(f"kernel {arguments[0]} ended with {done.returncode}: {words}")
        return done.stdout


@click.command(help=__doc__.split("\n\n", 1)[0])
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to build the memory; must be new or empty. Default: a folder that goes away.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def main(
    context: click.Context, *, manifest_path: Path, data_dir: Path | None, as_json: bool
) -> None:
    """Run it; the exit status is the verdict."""
    try:
        manifest = read_manifest(manifest_path)
        with _fresh(data_dir) as folder:
            report = run_pipeline(manifest, Kernel(folder))
    except ManifestError as error:
        click.echo(f"error: {error}", err=True)
        click.echo("hint: docs/fixture-pipeline.md says what a manifest holds", err=True)
        context.exit(2)
    except CommandError as error:
        click.echo(f"error: {error}", err=True)
        context.exit(2)
    click.echo(json.dumps(report, ensure_ascii=False) if as_json else format_report(report))
    context.exit(0 if not report["missed"] else 1)


@contextmanager
def _fresh(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is None:
        with tempfile.TemporaryDirectory(prefix="pipeline-") as folder:
            yield Path(folder) / "data"
        return
    if data_dir.exists() and any(data_dir.iterdir()):
        raise ManifestError(f"{data_dir} is not empty: name a new folder, or leave --data-dir out")
    yield data_dir


def run_pipeline(manifest: Manifest, kernel: Kernel) -> dict[str, Any]:
    """Ingest, process, ask; the report as plain data. Raises `CommandError`, `ManifestError`."""
    _say(f"taking in {len(manifest.frames)} files")
    frame_of_event, blobs = _take_in(manifest.frames, kernel)
    _say(f"reading {len(set(blobs.values()))} frames (some seconds each)")
    processed = json.loads(kernel.run("process", "--until-drained", "--json"))
    truth = {f.name: placed for f in manifest.frames if (placed := read_truth(f))}
    queries, auto_from = list(manifest.queries), None
    if manifest.auto is not None:
        auto_from = "ground truth" if truth else "stored text"
        truth = truth or _stored_words(kernel, blobs)
        texts = {name: [text for text, _ in words] for name, words in truth.items()}
        queries += draw_queries(manifest.auto, texts)
    judgements = []
    for number, query in enumerate(queries, 1):
        if number % SAY_EVERY == 0:
            _say(f"asked {number} of {len(queries)}")
        # The blank keeps a question that begins with a dash from being an option.
        asked = ("query", "--json", *query.options, f" {query.question}")
        answer = json.loads(kernel.run(*asked, allowed=(0, NO_EVIDENCE)))
        judgements.append(judge(query, answer, frame_of_event, truth))
    return _report(judgements, processed, auto_from)


def _take_in(frames: Sequence[Frame], kernel: Kernel) -> tuple[dict[str, str], dict[str, str]]:
    """Frame names by event, and the blob of each frame name."""
    frame_of_event: dict[str, str] = {}
    blobs: dict[str, str] = {}
    for arguments, names in _batches(frames):
        printed = kernel.run("ingest", *arguments, "--json", allowed=(0, 1))
        for line in printed.splitlines():
            result = json.loads(line)
            if result["event_id"] is None:
                raise CommandError(f"kernel ingest refused {result['path']}: {result['reason']}")
            name = names.get(Path(result["path"]).stem, result["path"])
            frame_of_event[result["event_id"]] = name
            blobs[name] = result["blob"]
    return frame_of_event, blobs


def _batches(frames: Sequence[Frame]) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Arguments of `kernel ingest` for frames that share all options, in the manifest's order."""
    batch: list[Frame] = []
    for frame in [*frames, None]:
        if batch and (frame is None or _options(frame) != _options(batch[0])):
            names = {member.path.stem: member.name for member in batch}
            yield [*_options(batch[0]), *(str(member.path) for member in batch)], names
            batch = []
        if frame is not None:
            batch.append(frame)


def _options(frame: Frame) -> list[str]:
    options = ["--monitor", str(frame.monitor)]
    for flag, value in (
        ("--captured-at", frame.at),
        ("--app", frame.app),
        ("--window", frame.window),
    ):
        if value is not None:
            options += [flag, value]
    return [*options, "--video"] if frame.video else options


def _stored_words(kernel: Kernel, blobs: dict[str, str]) -> dict[str, list[tuple[str, Box]]]:
    """What was read, for manifests without ground truth: shows finding, not reading."""
    words: dict[str, list[tuple[str, Box]]] = defaultdict(list)
    with DerivedStore.open_read_only(DataDir(kernel.data_dir)) as derived:
        for name, blob in sorted(blobs.items()):
            stored = derived.page_of(blob)
            for line in stored[1].lines if stored else ():
                for word in line.words:
                    x0, y0, x1, y1 = map(float, word.box)
                    words[name].append((word.text, (x0, y0, x1, y1)))
    return dict(words)


def _report(
    judgements: Sequence[Judgement], processed: dict[str, Any], auto_from: str | None
) -> dict[str, Any]:
    score: Score = count(judgements)
    return {
        "schema": 1,
        "frames_read": processed["processed"],
        "questions": score.asked,
        "found": score.found,
        "cited_right": score.cited,
        "negatives": score.negatives,
        "false_claims": score.false_claims,
        "recall": round(score.recall, 4),
        "citation_precision": round(score.citation_precision, 4),
        "auto_from": auto_from,
        "missed": [_describe(judgement) for judgement in score.missed],
    }


def _describe(judgement: Judgement) -> dict[str, Any]:
    query: Query = judgement.query
    if judgement.false_claim:
        problem = "claimed something where nothing answers"
    else:
        problem = "wrong citation" if judgement.found else "not found"
    return {
        "id": query.id,
        "question": query.question,
        "problem": problem,
        "expected": list(query.answer_contains or query.evidence),
        "answer": judgement.shown[:SHOWN_CHARS_MAX],
    }


def format_report(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"frames read     {report['frames_read']}",
        f"found           {report['found']} of {report['questions']} ({report['recall']:.1%})",
        f"cited right     {report['cited_right']} of {report['found']}",
        f"false claims    {report['false_claims']} on {report['negatives']} without an answer",
    ]
    if report["auto_from"]:
        lines.append(f"drawn words     from the {report['auto_from']}")
    for missed in report["missed"]:
        lines.append(f"missed {missed['id']}: {missed['question']}")
        lines.append(f"       {missed['problem']}; expected {missed['expected']}")
        lines.append(f"       answer: {missed['answer']!r}")
    return "\n".join(lines)


def _say(what: str) -> None:
    click.echo(f"pipeline: {what}", err=True)


if __name__ == "__main__":
    main()
