"""`kernel ingest`: take in image files, folders of them, and (asked for) videos."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from kernel.boot.sinks import open_sink
from kernel.capture.filewalk import FoundFile, walk_files
from kernel.capture.ingest import (
    IngestOptions,
    IngestResult,
    Status,
    ingest_offers,
    offer_images,
)
from kernel.capture.refusal import Refusal
from kernel.capture.sink import IngestSink
from kernel.capture.timestamps import (
    CapturedAt,
    format_captured_at,
    parse_captured_at,
    read_local_zone,
)
from kernel.capture.video import offer_images_and_frames
from kernel.cli.options import data_dir_option
from kernel.config.errors import ExitCode
from kernel.config.paths import DataDir
from kernel.store.clock import wall_clock_us

_APP_CHARS_MAX = 255
_WINDOW_CHARS_MAX = 4096
_MONITOR_MAX = 63


@click.command(
    help="Take in image files (PNG, JPEG, WebP, BMP, QOI, raw Netpbm) and folders of them."
    " Files are only read; taking one in again adds nothing. Exits 1 when anything was refused;"
    " the rest is taken in."
)
# Not click's own check: one unreadable path must not end the others.
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False))
@click.option("--captured-at", metavar="ISO8601", help="Time of capture; default: each file's.")
@click.option("--app", help="Application that was on the screen.")
@click.option("--window", help="Title of its window.")
@click.option("--monitor", type=click.IntRange(0, _MONITOR_MAX), default=0, show_default=True)
@click.option("--video", is_flag=True, help="Take in every frame of video files (needs ffmpeg).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one per file.")
@data_dir_option
@click.pass_context
def ingest(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    captured_at: str | None,
    app: str | None,
    window: str | None,
    monitor: int,
    video: bool,
    as_json: bool,
    data_dir: DataDir,
) -> None:
    """Print a result per file as soon as it is durable; exit 1 when one was refused."""
    zone = read_local_zone()
    options = IngestOptions(
        local_zone=zone,
        captured_at=_parse_option(captured_at, zone) if captured_at is not None else None,
        app=_bounded(app, "--app", _APP_CHARS_MAX),
        window_title=_bounded(window, "--window", _WINDOW_CHARS_MAX),
        monitor=monitor,
    )
    counts: Counter[Status] = Counter()
    with open_sink(data_dir, on_wait=_tell_wait) as sink:
        for result in ingest_files(_show_progress(paths), options, sink, with_video=video):
            counts[result.status] += 1
            click.echo(format_json(result) if as_json else format_line(result))
    if not as_json:
        click.echo(summarise(counts))
    if counts["refused"]:
        context.exit(ExitCode.FAILED)


def _tell_wait(reason: str) -> None:
    click.echo(f"waiting: {reason}", err=True)


def ingest_files(
    files: Iterable[FoundFile], options: IngestOptions, sink: IngestSink, *, with_video: bool
) -> Iterator[IngestResult]:
    """Read the files one by one and submit them; see `kernel.capture.ingest`."""
    offer = offer_images_and_frames if with_video else offer_images
    return ingest_offers(offer(files, options, wall_clock_us), sink)


def format_json(result: IngestResult) -> str:
    """One line: path, event_id, status, blob, captured_at, reason; docs/inbox.md has the fields."""
    event = result.event
    document = {
        "path": result.path,
        "event_id": event.event_id if event else None,
        "status": result.status,
        "blob": event.blob if event else None,
        "captured_at": (
            format_captured_at(event.captured_at_us, event.tz_offset_s) if event else None
        ),
        "reason": f"{result.code}: {result.reason}" if result.code else result.reason,
        "code": result.code,
        "seq": event.seq if event else None,
    }
    return json.dumps(document)


def format_line(result: IngestResult) -> str:
    """One line for people."""
    # A path may hold control characters; shown raw they would command the terminal.
    path = "".join(char if char.isprintable() else repr(char)[1:-1] for char in result.path)
    if result.event:
        remark = f" ({result.reason})" if result.reason else ""
        return f"{result.status:<16}  {result.event.event_id}  {path}{remark}"
    return f"{result.status:<16}  {path}: {result.code}: {result.reason}"


def summarise(counts: Counter[Status]) -> str:
    """The last line for people: how many of each status."""
    stored, refused = counts["stored"], counts["refused"]
    same, again = counts["duplicate-pixels"], counts["already-stored"]
    known = f", {again} in evidence already" if again else ""
    return f"{stored} stored, {same} with pixels already stored{known}, {refused} refused"


def _show_progress(paths: tuple[Path, ...]) -> Iterator[FoundFile]:
    files = walk_files(paths)
    if not sys.stderr.isatty():
        yield from files
        return
    # Imported here: rich costs time that a program reading our lines must not pay.
    from rich.console import Console
    from rich.progress import track

    # Listing first costs a walk, and gives a total to a person who watches.
    total = sum(1 for _ in walk_files(paths))
    console = Console(stderr=True)
    yield from track(files, total=total, console=console, description="Taking in", transient=True)


def _parse_option(text: str, zone: dt.tzinfo) -> CapturedAt:
    parsed = parse_captured_at(text, zone)
    if isinstance(parsed, Refusal):
        raise click.BadParameter(parsed.reason, param_hint="--captured-at")
    return parsed


def _bounded(text: str | None, option: str, chars_max: int) -> str | None:
    if text is not None and len(text) > chars_max:
        message = f"{len(text)} characters, the limit is {chars_max}"
        raise click.BadParameter(message, param_hint=option)
    return text
