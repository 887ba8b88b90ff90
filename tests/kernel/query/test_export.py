"""Exports: masked in text and pixels, honest about what was left out, originals untouched."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.query.export import ExportOptions, export
from kernel.store.derived import DerivedStore
from kernel.store.evidence import EvidenceStore
from tests.kernel.store.captures import START_US, draft
from tests.kernel.store.test_derived import TIMING, key_of, page_of

Image = pytest.importorskip("PIL.Image")
ALL = ExportOptions(0, 10**18)
ADDRESS = "someone@example.com"


def picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    image = Image.new("RGB", (400, 80), colour)
    image.save(out, "PNG", pnginfo=None)
    return out.getvalue()


def three_captures(data_dir: DataDir) -> DataDir:
    """Three captures: one whose text was read, one that was not, one that is no picture."""
    with EvidenceStore.open(data_dir) as store:
        read, _, broken = store.append(
            [
                draft(picture((250, 250, 250)), title=f"Mail to {ADDRESS}"),
                draft(picture((9, 9, 9)), at_us=START_US + 10),
                draft(b"not a picture", at_us=START_US + 20),
            ]
        )
    with DerivedStore.open(data_dir) as derived:
        for ack in (read, broken):
            page = page_of("Hello there", f"mail {ADDRESS} now", blob=ack.event.blob)
            derived.commit_page(key_of(page), page, TIMING)
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    return three_captures(DataDir(tmp_path / "data"))


def digests(root: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_a_secret_is_masked_in_titles_texts_and_pixels(data_dir: DataDir, tmp_path: Path) -> None:
    before, target = digests(data_dir.root), tmp_path / "out"
    with (
        EvidenceStore.open_read_only(data_dir) as evidence,
        DerivedStore.open_read_only(data_dir) as derived,
    ):
        report = export(evidence, derived, target, ALL)
    written = b"".join(path.read_bytes() for path in target.rglob("*") if path.is_file())
    assert ADDRESS.encode() not in written
    assert b"Mail to [email]" in written
    assert b"mail [email] now" in written
    assert (report.events, report.pictures) == (3, 1)
    assert report.masked["email"] == 3
    (path,) = (target / "pictures").iterdir()
    image = Image.open(path)
    # The word begins behind "mail ", 8 pixels a character, in the second line.
    assert image.getpixel((5 * 8 + 20, 38)) == (0, 0, 0)
    assert image.getpixel((10, 38)) == (250, 250, 250)
    assert {key: before[key] for key in before} == {
        key: value for key, value in digests(data_dir.root).items() if key in before
    }


def test_a_window_of_time_is_exported_alone_and_never_over_something(
    data_dir: DataDir, tmp_path: Path
) -> None:
    with EvidenceStore.open_read_only(data_dir) as evidence:
        window = ExportOptions(START_US + 5, START_US + 15)
        assert export(evidence, None, tmp_path / "out", window).events == 1
        with pytest.raises(KernelError) as refused:
            export(evidence, None, tmp_path / "out", window)
    assert refused.value.code == "export-exists"


@pytest.mark.parametrize("raw", [True, False])
def test_each_event_names_the_file_of_its_picture_or_none(
    data_dir: DataDir, tmp_path: Path, *, raw: bool
) -> None:
    with (
        EvidenceStore.open_read_only(data_dir) as evidence,
        DerivedStore.open_read_only(data_dir) as derived,
    ):
        report = export(evidence, derived, tmp_path / "out", ExportOptions(0, 10**18, raw=raw))
    lines = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    named = [json.loads(line)["picture"] for line in lines]
    there = {f"pictures/{path.name}" for path in (tmp_path / "out" / "pictures").iterdir()}
    assert {name for name in named if name} == there
    assert named.count(None) == len(report.left_out) == (0 if raw else 2)


def test_all_lines_of_a_private_key_are_masked_in_text_and_pixels(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    with EvidenceStore.open(data_dir) as store:
        (ack,) = store.append([draft(picture((250, 250, 250)))])
    lines = ["-----BEGIN PRIVATE KEY-----", "Qx0dHg==", "-----END PRIVATE KEY-----"]
    with DerivedStore.open(data_dir) as derived:
        page = page_of(*lines, blob=ack.event.blob)
        derived.commit_page(key_of(page), page, TIMING)
    with (
        EvidenceStore.open_read_only(data_dir) as evidence,
        DerivedStore.open_read_only(data_dir) as read,
    ):
        export(evidence, read, tmp_path / "out", ALL)
    (text,) = (tmp_path / "out" / "texts").iterdir()
    assert text.read_text() == "\n".join(["[private-key]"] * 3)
    (path,) = (tmp_path / "out" / "pictures").iterdir()
    image = Image.open(path)
    for line in page.lines:
        x0, y0, x1, y1 = line.words[0].box
        assert image.getpixel(((x0 + x1) // 2, (y0 + y1) // 2)) == (0, 0, 0)
