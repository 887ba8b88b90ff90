"""Time and memory of searches over 100 thousand to 5 million distinct lines, against rivals.

    python -m tools.bench.query_scale [--lines 100000] [--queries 60] [--folder DIR] [--json]

Each kind of question is drawn from lines that are there, so that every one has an answer. Ours is
the store's search with the rows that an answer needs (text, first and last event, boxes); the
rivals give text and rank alone: plain FTS5 in its order of relevance, tantivy, and a scan (LIKE,
newest first). A folder that is given is kept and used again. The goal is a p99 under 50 ms for all
but substrings. Peak memory is that of a process of its own which asks every kind once.

Does not cover: understanding a question, verifying an answer.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click

from kernel.config.paths import DataDir
from kernel.store import folding
from kernel.store.derived import DerivedStore
from kernel.store.interval_reader import IntervalReader, Span
from kernel.store.sqlite import connect
from tools.bench.linestore import (
    Vocabulary,
    fill_ours,
    fill_plain,
    fill_tantivy,
    moment_of,
)

LIMIT: Final = 20
SEED: Final = 1
WINDOW_SHARE: Final = 0.02
GOAL_P99_MS: Final = 50.0
COMMON: Final = 5
WORDS_MIN: Final = 4

Ask = Callable[[], object]
Kinds = dict[str, list[Ask]]


class Questions:
    """What is asked: words of lines that are there, and windows of time."""

    def __init__(self, lines: int, count: int) -> None:
        chance = random.Random(2)  # noqa: S311 - repeatable
        chosen = set(chance.sample(range(lines), min(lines, count)))
        vocabulary = Vocabulary(SEED)
        drawn = [t for n, t in enumerate(vocabulary.lines(lines)) if n in chosen]
        self.lines = [words for t in drawn if len(words := t.split()[:-1]) >= WORDS_MIN][:count]
        # By length and then by alphabet: the first words are the commonest.
        self.common = vocabulary.words[:COMMON]
        span = int(lines * WINDOW_SHARE)
        starts = [chance.randrange(max(1, lines - span)) for _ in range(count)]
        self.windows = [(moment_of(start), moment_of(start + span)) for start in starts]


def kinds_of(questions: Questions) -> dict[str, list[list[str]]]:
    """Kind -> the words of each question."""
    lines = questions.lines
    return {
        "1 word": [words[-1:] for words in lines],
        "2 words": [words[-2:] for words in lines],
        "3 words": [words[-3:] for words in lines],
        "5 commonest words, any": [questions.common for _ in lines],
        "1 commonest word": [questions.common[:1] for _ in lines],
        "phrase": [words[1:3] for words in lines],
        "prefix": [[max(words, key=len)[:3]] for words in lines],
        "substring": [[max(words, key=len)[1:6]] for words in lines],
    }


def expression(kind: str, words: Sequence[str]) -> str:
    """The question in FTS5's language."""
    quoted = [f'"{word}"' for word in words]
    match kind:
        case "phrase":
            return f'"{" ".join(words)}"'
        case "prefix":
            return f"{quoted[0]}*"
        case "5 commonest words, any":
            return " OR ".join(quoted)
        case _:
            return " ".join(quoted)


def ours(reader: IntervalReader, questions: Questions) -> Kinds:
    """Ours, newest first and by relevance, with and without a window of 2 % of the time."""
    asks: Kinds = {}
    for kind, asked in kinds_of(questions).items():
        folded = [[folding.fold(word) for word in words] for words in asked]
        spans = [Span(*window) for window in questions.windows]
        if kind == "substring":
            asks[kind] = [_hold(reader, words[0], None) for words in folded]
            asks[f"{kind}, in a window"] = [
                _hold(reader, words[0], span) for words, span in zip(folded, spans, strict=False)
            ]
            continue
        texts = [expression(kind, words) for words in folded]
        asks[kind] = [_find(reader, text, None, "newest") for text in texts]
        asks[f"{kind}, by relevance"] = [_find(reader, text, None, "relevance") for text in texts]
        asks[f"{kind}, in a window"] = [
            _find(reader, text, span, "newest") for text, span in zip(texts, spans, strict=False)
        ]
    return asks


def _find(reader: IntervalReader, match: str, span: Span | None, order: Any) -> Ask:  # noqa: ANN401 - a literal
    return lambda: reader.find(match, span, limit=LIMIT, order=order)


def _hold(reader: IntervalReader, squashed: str, span: Span | None) -> Ask:
    return lambda: reader.find_holding(squashed, span, limit=LIMIT)


def plain(path: Path, questions: Questions) -> Kinds:
    """Plain FTS5 in its order of relevance, and a scan for substrings."""
    database = connect(path, read_only=True)
    ranked = f"SELECT text FROM lines WHERE lines MATCH ? ORDER BY rank LIMIT {LIMIT}"  # noqa: S608 - a number
    scanned = f"SELECT text FROM lines WHERE text LIKE ? ORDER BY rowid DESC LIMIT {LIMIT}"  # noqa: S608 - a number
    asks: Kinds = {}
    for kind, asked in kinds_of(questions).items():
        statement = scanned if kind == "substring" else ranked
        values = [
            f"%{words[0]}%" if kind == "substring" else expression(kind, words) for words in asked
        ]
        asks[kind] = [_execute(database, statement, value) for value in values]
    return asks


def _execute(database: Any, statement: str, value: str) -> Ask:  # noqa: ANN401 - apsw
    return lambda: database.execute(statement, (value,)).fetchall()


def tantivy_asks(folder: Path, questions: Questions) -> Kinds:
    """Tantivy in its order of relevance; it has no substrings."""
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.reload()
    searcher = index.searcher()

    def ask(text: str) -> Ask:
        query = index.parse_query(text, ["text"], conjunction_by_default=" OR " not in text)
        return lambda: [searcher.doc(at) for _, at in searcher.search(query, LIMIT).hits]

    return {
        kind: [ask(expression(kind, words)) for words in asked]
        for kind, asked in kinds_of(questions).items()
        if kind not in {"substring", "prefix"}
    }


def measure(kinds: Kinds, clock: Callable[[], float]) -> dict[str, dict[str, float]]:
    """Milliseconds per question by the clock: median, p95, p99 and the worst."""
    found = {}
    for kind, asks in kinds.items():
        asks[0]()
        times = []
        for ask in asks:
            begin_s = clock()
            ask()
            times.append((clock() - begin_s) * 1000)
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        found[kind] = {
            "p50": round(cuts[49], 2),
            "p95": round(cuts[94], 2),
            "p99": round(cuts[98], 2),
            "worst": round(max(times), 2),
        }
    return found


def prepare(folder: Path, lines: int) -> None:
    """Fill what is not there yet."""
    for name, fill in (("ours", fill_ours), ("plain.db", fill_plain), ("tantivy", fill_tantivy)):
        if not (folder / f"{name}.done").exists():
            begin_s = time.monotonic()
            fill(folder / name, lines, SEED)
            (folder / f"{name}.done").touch()
            click.echo(f"{name} filled in {time.monotonic() - begin_s:.0f} s", err=True)


def peak_bytes(folder: Path, lines: int) -> int:
    """Peak memory of a process that asks ours every kind of question once."""
    command = [sys.executable, "-m", "tools.bench.query_scale", "--peak", "--lines", str(lines)]
    done = subprocess.run(
        [*command, "--folder", str(folder)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def ask_once(folder: Path, lines: int) -> int:
    """Ask every kind once; the most memory this process ever had, in bytes, imports included."""
    questions = Questions(min(lines, 100_000), 1)
    with DerivedStore.open_read_only(DataDir(folder / "ours")) as store:
        for asks in ours(store.intervals, questions).values():
            asks[0]()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def size_bytes(path: Path) -> int:
    """Of a file with its companions, or of a folder."""
    if path.is_dir():
        return sum(size_bytes(inner) for inner in path.iterdir())
    return path.stat().st_size


@click.command(help=__doc__)
@click.option("--lines", default=100_000, show_default=True)
@click.option("--queries", default=60, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--cpu",
    is_flag=True,
    help="Processor time in place of the time on the wall: on a busy machine.",
)
@click.option("--peak", is_flag=True, hidden=True)
@click.option("--json", "as_json", is_flag=True)
def main(
    *, lines: int, queries: int, folder: Path | None, cpu: bool, peak: bool, as_json: bool
) -> None:
    """Fill, ask, print."""
    with ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if peak:
            click.echo(ask_once(folder, lines))
            return
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder, lines)
        questions = Questions(lines, queries)
        store = stack.enter_context(DerivedStore.open_read_only(DataDir(folder / "ours")))
        clock = time.process_time if cpu else time.perf_counter
        facts = {
            "lines": lines,
            "clock": "cpu" if cpu else "wall",
            "ours": measure(ours(store.intervals, questions), clock),
            "plain_fts5": measure(plain(folder / "plain.db", questions), clock),
            "tantivy": measure(tantivy_asks(folder / "tantivy", questions), clock),
            "bytes": {
                "ours": size_bytes(DataDir(folder / "ours").derived_db),
                "plain_fts5": size_bytes(folder / "plain.db"),
                "tantivy": size_bytes(folder / "tantivy"),
            },
            "peak_bytes": peak_bytes(folder, lines),
        }
        click.echo(json.dumps(facts, indent=1) if as_json else format_facts(facts))


def format_facts(facts: dict[str, Any]) -> str:
    """A table: kind, ours, and what each rival takes for the same."""
    lines = [f"{facts['lines']} lines; milliseconds ({facts['clock']}) p50 / p95 / p99"]
    for kind, mine in facts["ours"].items():
        base = kind.partition(",")[0] if kind not in facts["plain_fts5"] else kind
        rivals = [
            f"{name} {shown(facts[name][base])}"
            for name in ("plain_fts5", "tantivy")
            if base in facts[name] and base == kind
        ]
        missed = "" if "substring" in kind or mine["p99"] <= GOAL_P99_MS else "  OVER THE GOAL"
        lines.append(f"{kind:38} {shown(mine)}  {'  '.join(rivals)}{missed}")
    sizes = ", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in facts["bytes"].items())
    lines.append(f"on disk: {sizes}; peak memory {facts['peak_bytes'] / 2**20:.0f} MiB")
    return "\n".join(lines)


def shown(times: dict[str, float]) -> str:
    """p50 / p95 / p99."""
    return f"{times['p50']:8.2f} {times['p95']:8.2f} {times['p99']:8.2f}"


if __name__ == "__main__":
    main()
