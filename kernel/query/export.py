"""A copy of evidence for somebody else: sanitized unless the person insists otherwise.

Writes events, texts and pictures into a new folder and a report of what was masked. A frame
whose text was not read yet cannot be sanitized and is left out, named in the report. The
originals are only read. Covers: choosing, masking, writing. Does not cover: what counts as
secret (`kernel.query.secrets`).
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.base import Box
from contracts.capture import CaptureEvent
from contracts.text import TextLine, TextPage
from kernel.config.errors import KernelError
from kernel.query.secrets import Secret, find_in_lines, mask_finds, mask_text
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore

PAGE_ROWS = 500
PIXELS_MAX = 120_000_000
MASK_MARGIN_PX = 3
MASK_COLOUR = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export: captures in [from_us, to_us); ``raw`` masks nothing."""

    from_us: int
    to_us: int
    raw: bool = False


@dataclass(slots=True)
class ExportReport:
    """What was written, what was masked (by detector), and which frames were left out, why."""

    events: int = 0
    pictures: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)


def require_empty(target: Path) -> None:
    """Raise `KernelError` ``export-exists`` for a folder that has something in it."""
    if target.exists() and any(target.iterdir()):
        raise KernelError(
            "export-exists", f"{target} is not empty", hint="name a new folder for the export"
        )


def export(
    evidence: EvidenceStore, derived: DerivedStore | None, target: Path, options: ExportOptions
) -> ExportReport:
    """Write the export into the new folder ``target``; ``derived`` None: no text was read yet.

    Raises `KernelError`: ``export-exists`` when the folder is there and not empty,
    ``crop-needs-pillow`` when pictures are to be masked and no image library is installed.
    """
    require_empty(target)
    for folder in (target, target / "pictures", target / "texts"):
        folder.mkdir(parents=True, exist_ok=True)
    report = ExportReport()
    done: set[str] = set()
    with (target / "events.jsonl").open("w", encoding="utf-8") as lines:
        for event in _events(evidence, options):
            if event.blob not in done:
                done.add(event.blob)
                _export_frame(evidence, derived, target, event.blob, options, report)
            lines.write(json.dumps(_event_facts(event, options, report)) + "\n")
            report.events += 1
    facts = {
        "raw": options.raw,
        "events": report.events,
        "pictures": report.pictures,
        "masked": dict(sorted(report.masked.items())),
        "left_out": report.left_out,
    }
    (target / "report.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return report


def _events(evidence: EvidenceStore, options: ExportOptions) -> Iterator[CaptureEvent]:
    after = (-1, -1)
    while page := evidence.events_between(
        options.from_us, options.to_us, limit_rows=PAGE_ROWS, after=after
    ):
        yield from page
        after = (page[-1].captured_at_us, page[-1].seq)


def _event_facts(
    event: CaptureEvent, options: ExportOptions, report: ExportReport
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "event_id": event.event_id,
        "captured_at_us": event.captured_at_us,
        "tz_name": event.tz_name,
        "monitor": event.monitor,
        "app": event.app,
        "window_title": event.window_title,
        "picture": _picture_name(event.blob, options, report),
    }
    if options.raw:
        return facts | {"source": event.source, "source_path": event.source_path}
    for name in ("app", "window_title"):
        if facts[name]:
            facts[name], secrets = mask_text(facts[name])
            report.masked.update(secret.detector for secret in secrets)
    return facts


def _picture_name(blob: str, options: ExportOptions, report: ExportReport) -> str | None:
    """Where the frame lies in the export, None for one that was left out."""
    if blob in report.left_out:
        return None
    return f"pictures/{blob}" if options.raw else f"pictures/{blob}.png"


def _export_frame(
    evidence: EvidenceStore,
    derived: DerivedStore | None,
    target: Path,
    blob: str,
    options: ExportOptions,
    report: ExportReport,
) -> None:
    found = derived.page_of(blob) if derived else None
    finds = find_in_lines([line.text for line in found[1].lines]) if found else []
    try:
        data = evidence.read_blob(blob)
    except KernelError as error:
        report.left_out[blob] = str(error.code)
        return
    if options.raw:
        (target / "pictures" / blob).write_bytes(data)
    elif found is None:
        report.left_out[blob] = "its text was not read yet, so it cannot be masked"
        return
    else:
        boxes = _secret_boxes(found[1], finds, report)
        try:
            picture = mask_picture(data, boxes)
        except (OSError, ValueError, SyntaxError) as error:
            report.left_out[blob] = f"it cannot be decoded: {error}"
            return
        (target / "pictures" / f"{blob}.png").write_bytes(picture)
    report.pictures += 1
    if found is not None:
        pairs = zip(found[1].lines, finds, strict=True)
        texts = [line.text if options.raw else mask_finds(line.text, s) for line, s in pairs]
        (target / "texts" / f"{blob}.txt").write_text("\n".join(texts), encoding="utf-8")


def _secret_boxes(page: TextPage, finds: list[list[Secret]], report: ExportReport) -> list[Box]:
    boxes: list[Box] = []
    for line, secrets in zip(page.lines, finds, strict=True):
        report.masked.update(secret.detector for secret in secrets)
        for secret in secrets:
            boxes += boxes_of(line, secret)
    return boxes


def boxes_of(line: TextLine, secret: Secret) -> list[Box]:
    """Boxes of the words that hold part of the find; the whole line's without such words."""
    boxes = [word.box for word in line.words if word.start < secret.end and secret.start < word.end]
    return boxes or [line.box]


def mask_picture(data: bytes, boxes: list[Box]) -> bytes:
    """The picture as PNG, black inside the boxes and a little around them.

    Nothing but pixels is kept: no metadata of the original. Raises `KernelError`
    ``crop-needs-pillow``, and `OSError`, `ValueError` or `SyntaxError` for what is no picture.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise KernelError(
            "crop-needs-pillow",
            "masking pictures needs an image library that is not installed",
            hint="install the extra: autocapture[ocr]",
        ) from error
    with Image.open(io.BytesIO(data)) as opened:
        if opened.width * opened.height > PIXELS_MAX:
            raise ValueError(f"{opened.size} pixels are too many")
        image = opened.convert("RGB")
    draw = ImageDraw.Draw(image)
    for x0, y0, x1, y1 in boxes:
        margin = MASK_MARGIN_PX
        draw.rectangle((x0 - margin, y0 - margin, x1 + margin, y1 + margin), fill=MASK_COLOUR)
    clean = Image.frombytes("RGB", image.size, image.tobytes())
    out = io.BytesIO()
    clean.save(out, format="PNG")
    return out.getvalue()
