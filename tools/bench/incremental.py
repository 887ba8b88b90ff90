"""What reading only what changed saves on a recorded session, and whether anything is lost.

Usage: python -m tools.bench.incremental FOLDER [--every N] [--frames N] [--engine NAME] [--json]

FOLDER holds frames (PNG) and lines.json: ``frames`` with ``frame``, ``segment`` and ``lines``
(text, x, y) as a browser laid them out. Each engine reads all frames in order with its memory of
earlier frames, and every N-th of them in full, the same engine without memory, right after: CPU
seconds of both (children included), how many pages differ (none may), and the share of the
session's words that are found and that are right. Words that are covered or cut on a frame are in
the session's lines all the same: compare the two columns, not with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.text import TextPage
from tools.bench.ocr import ONE_THREAD, cpu_s
from tools.text_engines import ENGINES, ROOT, TextEngine


@dataclass(slots=True)
class Words:
    """Words of the truth, words read, and those in both, over several frames."""

    wanted: int = 0
    read: int = 0
    found: int = 0

    def add(self, truth: Sequence[Sequence[Any]], page: TextPage) -> None:
        """Count one frame."""
        wanted = Counter(word for line in truth for word in str(line[0]).split())
        read = Counter(word for line in page.lines for word in line.text.split())
        self.wanted += wanted.total()
        self.read += read.total()
        self.found += (wanted & read).total()

    @property
    def recall(self) -> float:
        """Share of the truth's words that were read."""
        return self.found / max(1, self.wanted)

    @property
    def precision(self) -> float:
        """Share of the words read that are in the truth."""
        return self.found / max(1, self.read)


@dataclass(slots=True)
class Run:
    """What one way of reading cost and gave."""

    cpu_s: list[float] = field(default_factory=list)
    words: Words = field(default_factory=Words)

    def read(self, engine: TextEngine, data: bytes, truth: Sequence[Sequence[Any]]) -> TextPage:
        """Read one frame and count it."""
        started = cpu_s()
        page = engine.read(data)
        self.cpu_s.append(cpu_s() - started)
        self.words.add(truth, page)
        return page


def main(arguments: list[str]) -> int:
    """Measure the engines asked for and print a table, or JSON; 1 where a page differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=9)
    parser.add_argument("--frames", type=int, help="read the first N frames only")
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", choices=ENGINES, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(measure(options.child, options)))
        return 0
    results = [_in_child(name, arguments) for name in options.engine or ENGINES]
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        _print_table(results)
    return 1 if any(result["frames_different"] for result in results) else 0


def _in_child(name: str, arguments: list[str]) -> dict[str, Any]:
    """One engine in a fresh process with one thread, so that peaks and caches are its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench.incremental", *arguments, "--child", name],
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        check=True,
        stdout=subprocess.PIPE,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Read the session with engine ``name``, with and without memory, interleaved."""
    document = json.loads((options.folder / "lines.json").read_text("utf-8"))
    frames = document["frames"][: options.frames]
    warm, full, same = Run(), Run(), Words()
    by_segment: dict[str, list[float]] = defaultdict(list)
    different = 0
    with tempfile.TemporaryDirectory() as scratch:
        remembers = TextEngine(name, Path(scratch), {"recall": True})
        forgets = TextEngine(name, Path(scratch), {"recall": False})
        for index, frame in enumerate(frames):
            data = (options.folder / frame["frame"]).read_bytes()
            page = warm.read(remembers, data, frame["lines"])
            by_segment[frame["segment"]].append(warm.cpu_s[-1])
            if index % options.every == 0:
                different += full.read(forgets, data, frame["lines"]) != page
                same.add(frame["lines"], page)
    warm_s, full_s = statistics.mean(warm.cpu_s), statistics.mean(full.cpu_s)
    return {
        "engine": name,
        "frames": len(frames),
        "frames_compared": len(full.cpu_s),
        "frames_different": different,
        "cpu_s_full_mean": full_s,
        "cpu_s_full_median": statistics.median(full.cpu_s),
        "cpu_s_mean": warm_s,
        "cpu_s_median": statistics.median(warm.cpu_s),
        "cpu_s_segments": {key: statistics.mean(values) for key, values in by_segment.items()},
        "frames_per_core_s_full": 1 / full_s,
        "frames_per_core_s": 1 / warm_s,
        "gain_mean": full_s / warm_s,
        "gain_median": statistics.median(full.cpu_s) / statistics.median(warm.cpu_s),
        "recall_full": full.words.recall,
        "recall": same.recall,
        "precision_full": full.words.precision,
        "precision": same.precision,
    }


def _print_table(results: Sequence[dict[str, Any]]) -> None:
    print(
        f"{'engine':15}{'full s':>8}{'incr. s':>9}{'frames/s':>10}{'gain':>7}{'median':>8}"
        f"{'differ':>8}{'R full':>8}{'R':>7}{'P full':>8}{'P':>7}"
    )
    for result in results:
        print(
            f"{result['engine']:15}{result['cpu_s_full_mean']:8.2f}{result['cpu_s_mean']:9.3f}"
            f"{result['frames_per_core_s']:10.2f}{result['gain_mean']:7.1f}"
            f"{result['gain_median']:8.1f}"
            f"{result['frames_different']:>5}/{result['frames_compared']}"
            f"{result['recall_full']:8.3f}{result['recall']:7.3f}"
            f"{result['precision_full']:8.3f}{result['precision']:7.3f}"
        )
    for result in results:
        costs = ", ".join(f"{name} {s:.2f}" for name, s in result["cpu_s_segments"].items())
        print(f"{result['engine']}, CPU s a frame: {costs}")
    if len(results) > 1:
        ratio = results[0]["cpu_s_full_mean"] / results[1]["cpu_s_mean"]
        print(f"{results[0]['engine']} in full / {results[1]['engine']} incremental: {ratio:.1f}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
