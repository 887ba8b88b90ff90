"""How well screen states, deltas and actions agree with what a browser laid out and a script did.

    python tools/state_score.py pages            # tables, windows, panes, controls, line numbers
    python tools/state_score.py session FOLDER   # code lines, deltas, actions of the recording
    python tools/state_score.py cost FOLDER      # time and memory of both stages

With ``--text truth`` (the default) the text is the browser's own, which isolates the logic; with
``--text read`` it is what the text plugin reads: kept readings for the pages, read anew (or from
``--readings``, a folder of text pages) for the session.

Covers: counts and shares, printed as JSON lines. Does not cover: thresholds (the tests hold them).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from contracts import canonical  # noqa: E402
from contracts.change import Action, Delta  # noqa: E402
from contracts.screen import Element, ScreenState  # noqa: E402
from contracts.text import TextPage  # noqa: E402
from plugins.screen_state.actions import infer_actions  # noqa: E402
from plugins.screen_state.delta import apply_delta, diff, make_delta  # noqa: E402
from plugins.screen_state.geometry import iou  # noqa: E402
from plugins.screen_state.state import FrameFacts, build_state, to_grey  # noqa: E402
from plugins.screen_state.views import Moment  # noqa: E402
from tools.state_truth import (  # noqa: E402
    PAGES,
    TRUTH,
    Frame,
    TrueAction,
    code_lines,
    read_session,
    true_actions,
    true_changes,
    true_page,
    true_session_page,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOX_IOU: Final = 0.9
ALIKE: Final = 0.8
"""Texts read count as equal from this likeness on; true texts must be equal."""

WHOLE: Final = frozenset({"ed", "idle", "doc"})
"""Segments without a window over another: the truth does not say how much of a line is hidden."""

SURE_PERMILLE: Final = 500
ReadPage = Callable[[Path], TextPage]


@dataclass
class Tally:
    """Right, wrong and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of what was said that is right; 1 where nothing was said."""
        said = self.right + self.wrong
        return self.right / said if said else 1.0

    @property
    def recall(self) -> float:
        """Share of the truth that was said; 1 where there is none."""
        true = self.right + self.missed
        return self.right / true if true else 1.0

    def add(self, other: Tally) -> None:
        """Count another one's counts in."""
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed
        self.notes += other.notes

    def show(self) -> dict[str, Any]:
        """As printed."""
        return {
            "right": self.right,
            "wrong": self.wrong,
            "missed": self.missed,
            "precision": round(self.precision, 3),
            "recall": round(self.recall, 3),
        }


def load_rgb(path: Path) -> NDArray[np.uint8]:
    """The pixels of a picture, height x width x 3."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def squeeze(text: str | None) -> str:
    """The text without blanks."""
    return "".join((text or "").split())


def page_state(name: str, text: str) -> ScreenState:
    """The state of a fixture page, from true words or from kept readings."""
    rgb = load_rgb(PAGES / f"{name}.png")
    if text == "truth":
        page = true_page(name, "0" * 64)
    else:
        kept = (PAGES.parent / "pages_text" / f"{name}.json").read_bytes()
        page = msgspec.json.decode(kept, type=TextPage)
    return build_state(page, rgb, FrameFacts("ev-" + "0" * 32, 0))


def score_tables(state: ScreenState, name: str) -> Tally:
    """Cells with text: row, column and text against `tables.json`."""
    truth = json.loads((TRUTH / "tables.json").read_text("utf-8"))["tables"]
    tables = {t.element_id: set[tuple[int, int, str]]() for t in _of(state, "table")}
    row_table = {r.element_id: r.parent for r in _of(state, "row")}
    for cell in _of(state, "cell"):
        table = row_table.get(cell.parent or "")
        if cell.text and table and cell.row is not None and cell.column is not None:
            tables[table].add((cell.row, cell.column, squeeze(cell.text)))
    tally = Tally()
    for table in (t for t in truth if t["page"] == name):
        expected = {(row, column, squeeze(text)) for row, column, text in table["cells"]}
        best = max(tables, key=lambda key: len(tables[key] & expected), default=None)
        found = tables.pop(best) if best is not None else set()
        tally.right += len(found & expected)
        tally.wrong += len(found - expected)
        tally.missed += len(expected - found)
        tally.notes += [f"{name}: {x}" for x in sorted(expected - found)[:3]]
    tally.wrong += sum(len(cells) for cells in tables.values())
    tally.notes += [f"{name}: extra {sorted(cells)[:6]}" for cells in tables.values() if cells]
    return tally


def _of(state: ScreenState, role: str) -> list[Element]:
    return [element for element in state.elements if element.role == role]


def score_layout(state: ScreenState, name: str) -> dict[str, Tally]:
    """Windows by title and box, panes by box, buttons and fields by text."""
    truth = json.loads((TRUTH / "windows.json").read_text("utf-8"))["pages"][name]
    windows = [(squeeze(e.text), e.box) for e in _of(state, "window")]
    titled = [(squeeze(title), tuple(box)) for title, box in truth["windows"]]
    same = lambda a, b: a[0] == b[0] and iou(a[1], b[1]) >= BOX_IOU  # noqa: E731
    return {
        "windows": _pair(windows, titled, same, name),
        "panes": _pair(
            [e.box for e in _of(state, "pane")],
            [tuple(box) for box in truth["panes"]],
            lambda a, b: iou(a, b) >= BOX_IOU,
            name,
        ),
        "buttons": _texts(state, "button", truth["buttons"], name),
        "fields": _texts(state, "field", truth["fields"], name),
    }


def _texts(state: ScreenState, role: str, expected: list[str], name: str) -> Tally:
    found = [squeeze(element.text) for element in _of(state, role)]
    return _pair(found, [squeeze(text) for text in expected], lambda a, b: a == b, name)


def _pair(
    found: list[Any], expected: list[Any], same: Callable[[Any, Any], bool], name: str
) -> Tally:
    rest = list(found)
    tally = Tally()
    for item in expected:
        hit = next((other for other in rest if same(other, item)), None)
        if hit is None:
            tally.missed += 1
            tally.notes.append(f"{name}: missed {item}")
        else:
            rest.remove(hit)
            tally.right += 1
    tally.wrong = len(rest)
    tally.notes += [f"{name}: extra {item}" for item in rest]
    return tally


def score_pages(text: str) -> dict[str, Tally]:
    """All fixture pages together."""
    total: dict[str, Tally] = {}
    for path in sorted(PAGES.glob("*.png")):
        state = page_state(path.stem, text)
        scores = {"cells": score_tables(state, path.stem), **score_layout(state, path.stem)}
        for key, tally in scores.items():
            total.setdefault(key, Tally()).add(tally)
    return total


@dataclass(frozen=True)
class Step:
    """One frame of the session, processed."""

    frame: Frame
    before: ScreenState | None
    state: ScreenState
    delta: Delta
    state_ms: float
    delta_ms: float


def walk_session(folder: Path, read: ReadPage | None) -> Iterator[Step]:
    """The session frame by frame; without ``read`` the text is the browser's own."""
    before: ScreenState | None = None
    earlier: Moment | None = None
    for frame in read_session(folder):
        path = folder / f"{frame.name}.png"
        rgb = load_rgb(path)
        page = read(path) if read else true_session_page(frame, to_grey(rgb), "0" * 64)
        event = "ev-" + canonical.digest_bytes(frame.name.encode())[:32]
        start = time.process_time()
        state = build_state(page, rgb, FrameFacts(event, 0), before)
        middle = time.process_time()
        later = Moment(event, frame.at_ms * 1000)
        actions: tuple[Action, ...] = ()
        if before is not None and earlier is not None:
            changes = diff(before.elements, state.elements)
            actions = infer_actions(before, state, changes, earlier, later)
        delta = make_delta(before, state, actions)
        end = time.process_time()
        yield Step(frame, before, state, delta, 1000 * (middle - start), 1000 * (end - middle))
        before, earlier = state, later


def score_session(folder: Path, read: ReadPage | None) -> dict[str, Tally]:
    """Actions, changes, code lines and the round trip of the whole session."""
    frames = read_session(folder)
    truth = {action.frame: action for action in true_actions(frames)}
    names = ("typed", "scrolled", "switched_window", "other actions", "sure actions")
    total = {name: Tally() for name in (*names, "changed", "moved", "code lines", "round trip")}
    previous: Frame | None = None
    for step in walk_session(folder, read):
        exact = apply_delta(step.before, step.delta) == step.state
        total["round trip"].add(Tally(right=int(exact), wrong=int(not exact)))
        _score_actions(total, step, truth.get(step.frame.name), exact_text=read is None)
        _score_code(total["code lines"], step)
        if previous is not None and previous.segment == step.frame.segment in WHOLE:
            _score_changes(total, previous, step)
        previous = step.frame
    return total


def _score_actions(
    total: dict[str, Tally], step: Step, truth: TrueAction | None, *, exact_text: bool
) -> None:
    hit = False
    for action in step.delta.actions:
        name = action.action if action.action in total else "other actions"
        right = truth is not None and not hit and _agrees(action, truth, exact_text=exact_text)
        hit = hit or right
        one = Tally(right=int(right), wrong=int(not right))
        if not right:
            one.notes.append(f"{step.frame.name}: {action.action} {action.text!r}, not {truth}")
        total[name].add(one)
        if action.confidence_permille >= SURE_PERMILLE:
            total["sure actions"].add(Tally(right=int(right), wrong=int(not right)))
    if truth is not None and not hit:
        total[truth.action].add(Tally(missed=1, notes=[f"{step.frame.name}: missed {truth}"]))
        total["sure actions"].missed += 1


def _agrees(action: Action, truth: TrueAction, *, exact_text: bool) -> bool:
    if action.action != truth.action:
        return False
    if truth.shift_y_px is not None:
        return abs((action.shift_y_px or 0) - truth.shift_y_px) <= 2  # noqa: PLR2004 - pixels
    return _is_same(action.text, truth.text, exact=exact_text)


def _is_same(a: str | None, b: str | None, *, exact: bool) -> bool:
    first, second = squeeze(a), squeeze(b)
    if exact or min(len(first), len(second)) <= 3:  # noqa: PLR2004 - nothing to be alike in
        return first == second
    return SequenceMatcher(None, first, second).ratio() >= ALIKE


def _score_code(tally: Tally, step: Step) -> None:
    """Number and text of each row of the editor, where nothing lies over it."""
    if step.frame.segment not in WHOLE:
        return
    truth = dict(code_lines(step.frame))
    found = {e.line_number: e.text for e in step.state.elements if e.line_number is not None}
    for number, text in truth.items():
        if number not in found:
            tally.missed += 1
        elif SequenceMatcher(None, squeeze(found[number]), squeeze(text)).ratio() >= ALIKE:
            tally.right += 1
        else:
            tally.wrong += 1
            tally.notes.append(f"{step.frame.name}: {number} {found[number]!r}, not {text!r}")
    tally.wrong += len(found.keys() - truth.keys())


def _score_changes(total: dict[str, Tally], previous: Frame, step: Step) -> None:
    """Texts changed in place and moved texts, by what a change says of them."""
    changed, moved = true_changes(previous, step.frame)
    before = {} if step.before is None else {e.element_id: e for e in step.before.elements}
    after = {e.element_id: e for e in step.state.elements}
    edits: Counter[tuple[str, str]] = Counter()
    ways: Counter[tuple[str, int]] = Counter()
    for change in step.delta.changes:
        old, new = before.get(change.element_id), after.get(change.element_id)
        if old is None or new is None or new.role not in {"line", "cell", "button", "field"}:
            continue
        if squeeze(old.text) != squeeze(new.text):
            edits[_whole(old), _whole(new)] += 1
        elif abs(new.box[1] - old.box[1]) > 3:  # noqa: PLR2004 - a reader's tremble
            ways[_whole(new), new.box[1] - old.box[1]] += 1
    total["changed"].add(_likely(edits, {(squeeze(a), squeeze(b)) for a, b in changed}, step))
    total["moved"].add(_near(ways, {(squeeze(text), way) for text, way in moved}))


def _whole(element: Element) -> str:
    number = "" if element.line_number is None else str(element.line_number)
    return number + squeeze(element.text)


def _likely(found: Counter[tuple[str, str]], truth: set[tuple[str, str]], step: Step) -> Tally:
    rest = dict(found)
    tally = Tally()
    for old, new in sorted(truth):
        hit = next(
            (k for k in rest if _is_same(k[1], new, exact=False) or k[1].startswith(new)), None
        )
        if hit is None:
            tally.missed += 1
            tally.notes.append(f"{step.frame.name}: missed {old!r} -> {new!r}")
        else:
            del rest[hit]
            tally.right += 1
    tally.wrong = len(rest)
    tally.notes += [f"{step.frame.name}: extra {k}" for k in rest]
    return tally


def _near(found: Counter[tuple[str, int]], truth: set[tuple[str, int]]) -> Tally:
    by_way: dict[int, list[str]] = {}
    for text, way in found:
        by_way.setdefault(way, []).append(text)
    tally = Tally()
    used = 0
    for text, way in truth:
        near = [t for w in range(way - 2, way + 3) for t in by_way.get(w, [])]
        # Texts read with an error are found by their beginning.
        if any(t == text or (len(text) > 7 and t[:5] == text[:5]) for t in near):  # noqa: PLR2004
            tally.right += 1
            used += 1
        else:
            tally.missed += 1
    ways = Counter(way for _, way in truth)
    tally.wrong = sum(1 for _, way in found if not any(w in ways for w in range(way - 2, way + 3)))
    return tally


def reader(folder: Path | None) -> ReadPage:
    """Reads frames with the default text plugin, or takes them from a folder of text pages."""
    if folder is not None:
        return lambda path: canonical.decode(
            (folder / f"{path.stem}.msgpack").read_bytes(), TextPage
        )
    from tools.text_engines import TextEngine

    engine = TextEngine("ocr_rapid", Path(tempfile.mkdtemp(prefix="state-score-")))
    return lambda path: engine.read(path.read_bytes())


def cost(folder: Path, read: ReadPage | None) -> dict[str, Any]:
    """Milliseconds of both stages per frame, bytes of their records, peak memory."""
    steps = list(walk_session(folder, read))
    figures: dict[str, Any] = {"frames": len(steps)}
    columns: dict[str, list[float]] = {
        "state_ms": [step.state_ms for step in steps],
        "delta_ms": [step.delta_ms for step in steps],
        "elements": [len(step.state.elements) for step in steps],
        "state_bytes": [len(canonical.encode(step.state)) for step in steps],
        "delta_bytes": [len(canonical.encode(step.delta)) for step in steps],
    }
    for name, values in columns.items():
        ordered = sorted(values)
        figures[name] = {
            "median": round(statistics.median(ordered), 1),
            "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
        }
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return figures


def main(arguments: Iterable[str] | None = None) -> int:
    """Print one JSON line per measure; ``--notes`` adds what was wrong or missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pages", "session", "cost"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--text", choices=("truth", "read"), default="truth")
    parser.add_argument("--readings", type=Path)
    parser.add_argument("--notes", type=int, default=0)
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.what == "pages":
        total = score_pages(options.text)
    else:
        if options.folder is None:
            parser.error("the folder of the recorded session is missing")
        read = reader(options.readings) if options.text == "read" else None
        if options.what == "cost":
            print(json.dumps(cost(options.folder, read)))
            return 0
        total = score_session(options.folder, read)
    for name, tally in total.items():
        print(json.dumps({"measure": name, **tally.show()}))
        for note in tally.notes[: options.notes]:
            print("   ", note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
