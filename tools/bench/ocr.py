"""Recall, precision, order, CPU time and peak memory of the text plugins on pages.

Usage: python -m tools.bench.ocr [--engine NAME] [--precision auto|f32] [--runs N] [--json]
                                 [--data-limit-mib N] [--pages FOLDER]

Each engine runs in a child of its own with one thread and, as in a host, RLIMIT_DATA at its
manifest's ``memory_bytes_max``. CPU seconds are medians over the runs of each page, the child's
children (tesseract) included; the first page after the start is shown apart: it compiles kernels
for new shapes. ``--pages`` takes pages that no threshold was tuned on, as `tools.render_heldout`
draws them. What a memory of earlier frames saves is `tools.bench.incremental`'s.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from tools.text_engines import ENGINES, PAGES, ROOT, TextEngine
from tools.text_score import score_page

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


def main(arguments: list[str]) -> int:
    """Measure the engines asked for and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--precision", choices=("auto", "f32"), default="auto")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-limit-mib", type=int)
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        limit = (options.data_limit_mib or 0) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        print(json.dumps(measure(options.child, options)))
        return 0
    results = [_in_child(name, options) for name in options.engine or ENGINES]
    if options.json:
        print(json.dumps(results, indent=2))
        return 0
    print(
        f"{'engine':16}{'R':>7}{'P':>7}{'CER':>8}{'IoU':>6}{'order':>7}"
        f"{'CPU s':>7}{'first':>7}{'peak MiB':>10}"
    )
    for result in results:
        print(
            f"{result['engine']:16}{result['recall']:7.3f}{result['precision']:7.3f}"
            f"{result['error_rate']:8.4f}{result['overlap']:6.2f}{result['order']:7.2f}{result['cpu_s_median']:7.2f}"
            f"{result['cpu_s_first']:7.2f}{result['peak_mib']:10.0f}"
        )
    return 0


def _in_child(name: str, options: argparse.Namespace) -> dict[str, Any]:
    manifest = tomllib.loads((ROOT / "plugins" / name / "plugin.toml").read_text("utf-8"))
    limit_mib = options.data_limit_mib or manifest["memory_bytes_max"] >> 20
    command = [sys.executable, "-m", "tools.bench.ocr", "--child", name]
    command += ["--precision", options.precision, "--runs", str(options.runs)]
    command += ["--data-limit-mib", str(limit_mib), "--pages", str(options.pages.resolve())]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        check=True,
        stdout=subprocess.PIPE,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result | {"data_limit_mib": limit_mib}


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Read every page several times in this process and sum up."""
    with tempfile.TemporaryDirectory() as scratch:
        # Every run reads in full: what a memory of earlier frames saves is measured elsewhere.
        config: dict[str, Any] = {"recall": False}
        if name == "ocr_rapid":
            config["precision"] = options.precision
        engine = TextEngine(name, Path(scratch), config)
        seconds: dict[str, list[float]] = {}
        scores = []
        for run in range(options.runs):
            for path in sorted(options.pages.glob("*.png")):
                data = path.read_bytes()
                started = cpu_s()
                page = engine.read(data)
                seconds.setdefault(path.stem, []).append(cpu_s() - started)
                if run == 0:
                    truth = json.loads(path.with_suffix(".json").read_text("utf-8"))
                    scores.append(score_page(truth, page))
    found, words = sum(s.found for s in scores), sum(s.words for s in scores)
    first = next(iter(seconds.values()))[0]
    return {
        "engine": name,
        "recall": found / words,
        "precision": found / (found + sum(s.extra for s in scores)),
        "error_rate": sum(s.edits for s in scores) / sum(s.characters for s in scores),
        "overlap": statistics.median(value for s in scores for value in s.overlaps),
        "order": statistics.mean(s.order for s in scores),
        "cpu_s_first": first,
        "cpu_s_median": statistics.median(
            statistics.median(values[1:] or values) for values in seconds.values()
        ),
        "cpu_s_pages": {page: statistics.median(values) for page, values in seconds.items()},
        "peak_mib": _peak_mib(),
        "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )


def _peak_mib() -> float:
    # In KiB on Linux (getrusage(2)); a child of tesseract lives beside this process.
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    ) / 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
