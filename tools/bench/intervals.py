"""Rows and bytes of text over time against a store of one row per line and frame.

    python -m tools.bench.intervals FOLDER            # the session's DOM lines
    python -m tools.bench.intervals FOLDER --ocr 24   # real OCR of so many of its frames

FOLDER holds a recorded session: lines.json and its frames. Prints rows and bytes, what they come
to in an hour of such use, how fast pages go in, and (with --orders) in which time they do so in
other orders than that of capture.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from contracts import canonical
from contracts.capture import CaptureEvent
from contracts.derivation import DerivationKey, StageTiming
from contracts.text import TextLine, TextPage, Word
from kernel.config.paths import DataDir
from kernel.store import folding
from kernel.store.derived import DerivedStore
from kernel.store.sqlite import connect, transaction

TIMING = StageTiming(
    queue_wait_us=0, load_us=0, run_us=0, input_bytes=0, memory_peak_bytes=0, finished_at_us=0
)
CHAR_WIDTH_PX = 7
LINE_HEIGHT_PX = 16
START_US = 1_800_000_000_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """Frames in order: when, and what stands on them."""

    pages: tuple[tuple[int, TextPage], ...]
    hours: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ocr", type=int, default=0, metavar="FRAMES")
    parser.add_argument("--plugin", type=Path, default=Path("plugins/ocr_rapid"))
    parser.add_argument("--repeat", type=int, default=1, help="play the session so often")
    parser.add_argument("--orders", action="store_true")
    chosen = parser.parse_args(arguments)
    session = (
        read_by_ocr(chosen.folder, chosen.ocr, chosen.plugin)
        if chosen.ocr
        else read_dom(chosen.folder)
    )
    session = repeated(session, chosen.repeat)
    facts: dict[str, object] = {"frames": len(session.pages), "hours": round(session.hours, 4)}
    facts["per_frame"] = per_frame = measure_per_frame(session)
    facts["intervals"] = ours = measure_intervals(session, list(range(len(session.pages))))
    facts["rows_ratio_intervals_alone"] = round(per_frame["rows"] / ours["intervals"], 2)
    facts["rows_ratio_all_rows"] = round(per_frame["rows"] / ours["rows"], 2)
    facts["bytes_ratio"] = round(per_frame["bytes"] / ours["bytes"], 2)
    if chosen.orders:
        backwards = list(range(len(session.pages)))[::-1]
        mixed = random.Random(1).sample(backwards, len(backwards))  # noqa: S311 - repeatable
        facts["newest_first"] = measure_intervals(session, backwards)
        facts["any_order"] = measure_intervals(session, mixed)
    print(json.dumps(facts, indent=1))
    return 0


def read_dom(folder: Path) -> Session:
    """The recorded DOM lines as pages of one line each word by word."""
    frames = json.loads((folder / "lines.json").read_text())["frames"]
    pages = [(frame["t_ms"], dom_page(frame["frame"], frame["lines"])) for frame in frames]
    return timed(pages)


def dom_page(name: str, lines: Sequence[tuple[str, float, float]]) -> TextPage:
    """A page with the lines of the DOM, each with its words."""
    del name
    found = []
    for text, x, y in lines:
        line_box = box_of(x, y, len(text))
        words, at = [], 0
        for part in text.split():
            start = text.index(part, at)
            at = start + len(part)
            word_box = box_of(x + start * CHAR_WIDTH_PX, y, len(part))
            words.append(
                Word(text=part, box=word_box, confidence_permille=990, start=start, end=at)
            )
        found.append(TextLine(text=text, box=line_box, confidence_permille=990, words=tuple(words)))
    digest = canonical.digest_bytes(json.dumps(list(lines)).encode())
    return TextPage(
        blob=digest,
        width_px=1920,
        height_px=1080,
        engine="dom",
        engine_version="1",
        lines=tuple(found),
    )


def box_of(x: float, y: float, chars: int) -> tuple[int, int, int, int]:
    """A box of so many characters."""
    left, top = max(0, int(x)), max(0, int(y))
    return (left, top, left + chars * CHAR_WIDTH_PX, top + LINE_HEIGHT_PX)


def read_by_ocr(folder: Path, frames: int, plugin: Path) -> Session:
    """Consecutive frames as an engine reads them; what it read is kept beside the temp folder."""
    from plugin_host.testing import open_plugin

    listed = json.loads((folder / "lines.json").read_text())["frames"][:frames]
    pages = []
    with open_plugin(plugin, timeout_s=600) as engine:
        for frame in listed:
            data = (folder / frame["frame"]).read_bytes()
            page = engine.run("text", data).record
            assert isinstance(page, TextPage)
            pages.append((frame["t_ms"], page))
    return timed(pages)


def timed(pages: Sequence[tuple[int, TextPage]]) -> Session:
    """The pages as events half a second apart: the recording's own gaps are no use of a screen."""
    return Session(
        tuple((START_US + at * 500_000, page) for at, (_, page) in enumerate(pages)),
        hours=len(pages) * 0.5 / 3600,
    )


def repeated(session: Session, times: int) -> Session:
    """The session played again and again."""
    pages = [page for _ in range(times) for _, page in session.pages]
    return timed([(0, page) for page in pages])


def events_of(session: Session) -> Iterator[tuple[CaptureEvent, TextPage]]:
    """Each page with the event that shows it."""
    for seq, (at_us, page) in enumerate(session.pages, 1):
        event = CaptureEvent(
            event_id=f"ev-{canonical.digest_bytes(str(seq).encode())[:32]}",
            seq=seq,
            captured_at_us=at_us,
            received_at_us=at_us,
            tz_name="UTC",
            tz_offset_s=0,
            monotonic_ns=0,
            source="bench",
            blob=page.blob,
        )
        yield event, page


def measure_intervals(session: Session, order: Sequence[int]) -> dict[str, int | float]:
    """Rows, bytes and pages a second of the derived store."""
    shown = list(events_of(session))
    with tempfile.TemporaryDirectory() as folder:
        with closing(DerivedStore.open(DataDir(Path(folder)))) as store:
            started_s, cpu_s = time.perf_counter(), time.process_time()
            for index in order:
                event, page = shown[index]
                key = DerivationKey(
                    input_digest=page.blob,
                    stage="text",
                    plugin_id="bench",
                    plugin_version="1.0.0",
                    config_digest="0" * 64,
                )
                if not store.commit_page(key, page, TIMING, [event]):
                    store.place_events([event])
            wall_s, used_s = time.perf_counter() - started_s, time.process_time() - cpu_s
        database = connect(Path(folder) / "derived.db")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE); VACUUM")
        counts = {
            name: int(database.execute(f"SELECT count(*) FROM {name}").get)  # noqa: S608 - literals
            for name in (
                "frames",
                "intervals",
                "variants",
                "texts",
                "line_words_docsize",
                "results",
            )
        }
        size = (Path(folder) / "derived.db").stat().st_size
        sizes = dict(
            database.execute(
                "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12"
            )
        )
        database.close()
    rows = counts["intervals"] + counts["variants"] + counts["frames"] + counts["texts"]
    return {
        **counts,
        "rows": rows,
        "bytes": size,
        "rows_an_hour": round(rows / session.hours),
        "mib_an_hour": round(size / session.hours / 2**20, 2),
        "pages_a_second": round(len(order) / wall_s, 1),
        "cpu_ms_a_page": round(1000 * used_s / len(order), 3),
        **{f"bytes_{name}": found for name, found in sizes.items()},
    }


def measure_per_frame(session: Session) -> dict[str, int | float]:
    """One row for each line of each frame, whole pages, both indexes over distinct texts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.db"
        database = connect(path, durable=False)
        database.execute(
            """
            CREATE TABLE pages(blob BLOB PRIMARY KEY, record BLOB NOT NULL);
            CREATE TABLE texts(text_id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL);
            CREATE TABLE lines(text_id INTEGER, at_us INTEGER, position INTEGER, box BLOB,
              PRIMARY KEY(text_id, at_us, position)) WITHOUT ROWID;
            CREATE VIRTUAL TABLE line_words USING fts5(
              words, content='', detail=full, tokenize='unicode61 remove_diacritics 0');
            CREATE VIRTUAL TABLE line_grams USING fts5(
              squashed, content='', columnsize=0, tokenize='trigram case_sensitive 1');
            """
        )
        started_s = time.perf_counter()
        rows = 0
        for at_us, page in session.pages:
            with transaction(database):
                rows += _put_per_frame(database, at_us, page)
        wall_s = time.perf_counter() - started_s
        texts = int(database.execute("SELECT count(*) FROM texts").get)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE); VACUUM")
        database.close()
        size = path.stat().st_size
    return {
        "rows": rows,
        "texts": texts,
        "bytes": size,
        "rows_an_hour": round(rows / session.hours),
        "mib_an_hour": round(size / session.hours / 2**20, 2),
        "pages_a_second": round(len(session.pages) / wall_s, 1),
    }


def _put_per_frame(database: object, at_us: int, page: TextPage) -> int:
    execute = database.execute  # type: ignore[attr-defined]
    execute("INSERT OR IGNORE INTO pages VALUES(?,?)", (page.blob, canonical.encode(page)))
    for position, line in enumerate(page.lines):
        found = execute("SELECT text_id FROM texts WHERE text=?", (line.text,)).fetchone()
        if found is None:
            execute("INSERT INTO texts(text) VALUES(?)", (line.text,))
            found = (database.last_insert_rowid(),)  # type: ignore[attr-defined]
            execute(
                "INSERT INTO line_words(rowid, words) VALUES(?,?)",
                (found[0], folding.index_words(line.text)),
            )
            execute(
                "INSERT INTO line_grams(rowid, squashed) VALUES(?,?)",
                (found[0], folding.squash(line.text)),
            )
        box = canonical.encode_any(list(line.box))
        execute("INSERT INTO lines VALUES(?,?,?,?)", (found[0], at_us, position, box))
    return len(page.lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
