"""What the contracts cost: encoding, decoding, and the check of the lock at boot.

Run: ``python tools/bench/contracts.py [ROUNDS]``. Medians over ROUNDS (default 15); the variants
take turns within each round, so that a busy machine hits all alike. The ratio is to plain
msgspec in the same run.

- ours: `contracts.canonical.encode` and `contracts.bounded.bounded_decoder` (maps in order, a bound
  on the size, one error class);
- msgspec: its MessagePack encoder and decoder of the same structs, nothing added;
- pydantic: models with the same bounds, to and from JSON;
- json: the standard library over plain dicts, which checks nothing.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
import pydantic  # noqa: E402

from contracts import canonical  # noqa: E402
from contracts.bounded import bounded_decoder  # noqa: E402
from contracts.capture import CaptureEvent, Cursor  # noqa: E402
from contracts.text import TextLine, TextPage, Word  # noqa: E402
from contracts.wire import Beat, HostMessage  # noqa: E402

ROUNDS = 15
ROUND_S = 0.02
DIGEST = "0123456789abcdef" * 4
LINES = 60
WORDS = 8
GOAL_RATIO = 1.1

Hex = Annotated[str, pydantic.Field(pattern=r"^[0-9a-f]{64}$")]
EventText = Annotated[str, pydantic.Field(pattern=r"^ev-[0-9a-f]{32}$")]
Pixel = Annotated[int, pydantic.Field(ge=0, le=65_535)]
Named = Annotated[str, pydantic.Field(min_length=1, max_length=255)]
Written = Annotated[str, pydantic.Field(max_length=65_536)]


class Model(pydantic.BaseModel):
    """The same options as `contracts.base.Record`."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    kind: str
    schema_version: int


class CursorModel(Model):
    """`contracts.capture.Cursor`."""

    x: Pixel
    y: Pixel


class CaptureModel(Model):
    """`contracts.capture.CaptureEvent`."""

    event_id: EventText
    seq: Annotated[int, pydantic.Field(ge=0, le=2**53)]
    captured_at_us: Annotated[int, pydantic.Field(ge=0)]
    received_at_us: Annotated[int, pydantic.Field(ge=0)]
    tz_name: Named
    tz_offset_s: Annotated[int, pydantic.Field(ge=-86_400, le=86_400)]
    monotonic_ns: Annotated[int, pydantic.Field(ge=0)]
    source: Named
    source_path: Written | None
    monitor: Annotated[int, pydantic.Field(ge=0, le=63)]
    app: Annotated[str, pydantic.Field(max_length=255)] | None
    window_title: Annotated[str, pydantic.Field(max_length=4096)] | None
    cursor: CursorModel | None
    blob: Hex


class WordModel(Model):
    """`contracts.text.Word`."""

    text: Written
    box: tuple[Pixel, Pixel, Pixel, Pixel]
    confidence_permille: Annotated[int, pydantic.Field(ge=0, le=1000)]
    start: Annotated[int, pydantic.Field(ge=0)]
    end: Annotated[int, pydantic.Field(ge=0)]


class LineModel(Model):
    """`contracts.text.TextLine`."""

    text: Written
    box: tuple[Pixel, Pixel, Pixel, Pixel]
    confidence_permille: Annotated[int, pydantic.Field(ge=0, le=1000)]
    words: Annotated[tuple[WordModel, ...], pydantic.Field(max_length=4096)]


class PageModel(Model):
    """`contracts.text.TextPage`."""

    blob: Hex
    width_px: Pixel
    height_px: Pixel
    engine: Named
    engine_version: Named
    languages: Annotated[tuple[Named, ...], pydantic.Field(max_length=64)]
    lines: Annotated[tuple[LineModel, ...], pydantic.Field(max_length=65_536)]


class BeatModel(Model):
    """`contracts.wire.Beat`."""

    seq: int
    memory_bytes: int


def make_event() -> CaptureEvent:
    """A capture as the inbox makes it."""
    return CaptureEvent(
        event_id="ev-" + DIGEST[:32],
        seq=123_456,
        captured_at_us=1_780_000_000_000_000,
        received_at_us=1_780_000_000_250_000,
        tz_name="Europe/Berlin",
        tz_offset_s=7200,
        monotonic_ns=987_654_321_000,
        source="inbox",
        source_path="C:/captures/2026-05-29/frame-000123.png",
        monitor=1,
        app="code.exe",
        window_title="journal.py - autocapture - Visual Studio Code",
        cursor=Cursor(x=812, y=440),
        blob=DIGEST,
    )


def make_page() -> TextPage:
    """A full screen of text."""
    lines = []
    for row in range(LINES):
        top = 20 * row
        words = tuple(
            Word(
                text="capture",
                box=(80 * column, top, 80 * column + 70, top + 16),
                confidence_permille=970,
                start=8 * column,
                end=8 * column + 7,
            )
            for column in range(WORDS)
        )
        lines.append(
            TextLine(
                text=" ".join(word.text for word in words),
                box=(0, top, 640, top + 16),
                confidence_permille=970,
                words=words,
            )
        )
    return TextPage(
        blob=DIGEST,
        width_px=1920,
        height_px=1080,
        engine="ocr_rapid",
        engine_version="1",
        lines=tuple(lines),
    )


def calls_per_round(call: Callable[[], object]) -> int:
    """How many calls take about `ROUND_S`, judged by the fastest of a few."""
    fastest_s = min(timeit.repeat(call, number=1, repeat=5))
    return max(1, int(ROUND_S / max(fastest_s, 1e-7)))


def compare(name: str, variants: dict[str, Callable[[], object]], rounds: int) -> None:
    """Print medians and the medians of the ratios; the variants take turns."""
    calls = {variant: calls_per_round(call) for variant, call in variants.items()}
    times: dict[str, list[float]] = {variant: [] for variant in variants}
    for _ in range(rounds):
        for variant, call in variants.items():
            spent_s = timeit.timeit(call, number=calls[variant])
            times[variant].append(spent_s / calls[variant])
    for variant, samples in times.items():
        ratio = statistics.median(a / b for a, b in zip(samples, times["msgspec"], strict=True))
        note = ""
        if variant == "ours":
            note = f"  (goal: {GOAL_RATIO}x)" if ratio <= GOAL_RATIO else "  over the goal"
        median_us = statistics.median(samples) * 1e6
        print(f"{name:<26} {variant:<9} {median_us:>9.2f} us  {ratio:>6.2f}x{note}")


def bench_record(
    name: str,
    record: msgspec.Struct,
    wanted: Any,  # noqa: ANN401 - a struct, or a union of them
    model: type[Model],
    rounds: int,
) -> None:
    """Encode and decode one record in all variants."""
    encoder = msgspec.msgpack.Encoder()
    decoder = msgspec.msgpack.Decoder(wanted)
    decode_ours: Callable[[bytes], object] = bounded_decoder(wanted)
    plain = msgspec.to_builtins(record)
    text = json.dumps(plain)
    packed, ours = encoder.encode(record), canonical.encode(record)
    instance = model.model_validate_json(text)
    compare(
        f"encode {name}",
        {
            "ours": lambda: canonical.encode(record),
            "msgspec": lambda: encoder.encode(record),
            "pydantic": instance.model_dump_json,
            "json": lambda: json.dumps(plain),
        },
        rounds,
    )
    compare(
        f"decode {name}",
        {
            "ours": lambda: decode_ours(ours),
            "msgspec": lambda: decoder.decode(packed),
            "pydantic": lambda: model.model_validate_json(text),
            "json": lambda: json.loads(text),
        },
        rounds,
    )


BOOT = """
import time
before = time.perf_counter()
from kernel.config.locks import require_contracts_lock
imported = time.perf_counter()
require_contracts_lock()
checked = time.perf_counter()
from kernel.config.approvals import read_plugin_locks, judge_plugins
from kernel.config.paths import DataDir
from kernel.config.plugins import discover_plugins
from pathlib import Path
data_dir = DataDir(Path("/nonexistent"))
second = time.perf_counter()
locks = read_plugin_locks(data_dir)
found, broken = discover_plugins()
judge_plugins(found, locks, data_dir)
judged = time.perf_counter()
print(imported - before, checked - imported, judged - second)
"""


def bench_boot(rounds: int) -> None:
    """What a fresh kernel pays to know that code, locks and plugins agree."""
    rows = []
    for _ in range(rounds):
        said = subprocess.run(
            [sys.executable, "-c", BOOT], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        rows.append([float(part) for part in said.split()])
    names = ("import of the contracts", "contract lock verified", "plugins found, hashed, judged")
    for name, samples in zip(names, zip(*rows, strict=True), strict=True):
        print(f"boot: {name:<32} {statistics.median(samples) * 1e3:>7.1f} ms")


def main() -> None:
    """Run all; see the module's docstring."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    bench_record("beat", Beat(seq=7, memory_bytes=1 << 28), HostMessage, BeatModel, rounds)
    bench_record("capture event", make_event(), CaptureEvent, CaptureModel, rounds)
    bench_record(f"text page ({LINES} lines)", make_page(), TextPage, PageModel, rounds)
    bench_boot(rounds)


if __name__ == "__main__":
    main()
