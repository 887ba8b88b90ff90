"""Reading crops again, as far as no host is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.answer import Citation
from kernel.boot.pixel_check import check_pixels
from kernel.query.crops import cut_crop
from tests.kernel.query.memory import FIXTURES, Memory
from tests.kernel.query.week import Desk

image = pytest.importorskip("PIL.Image", reason="crops need an image library")


def test_a_claim_whose_frame_cannot_be_cut_does_not_stand(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path)
    desk.shoot("25 09:00:00", ["budget one of Lisbon"])
    answer = desk.ask("budget")
    desk.close()
    assert answer.claims
    checked = check_pixels(answer, desk.data_dir, show=lambda _: None)
    assert (checked.claims, checked.state) == ((), "no_evidence")
    assert checked.provenance.claims_dropped == 1


def test_a_crop_has_the_cited_box_with_a_margin_and_nothing_drawn_on_it(tmp_path: Path) -> None:
    import io

    memory = Memory.open(tmp_path)
    memory.take_in("06_ticket")
    citation: Citation = memory.ask("Who is INC0048213 assigned to?").claims[0].citations[0]
    frame = (FIXTURES / "pages" / "06_ticket.png").read_bytes()
    memory.close()
    x0, y0, x1, y1 = citation.box
    margin = max(12, y1 - y0)
    cut = image.open(io.BytesIO(cut_crop(citation, frame))).convert("RGB")
    whole = image.open(io.BytesIO(frame)).convert("RGB")
    expected = whole.crop((x0 - margin, y0 - margin, x1 + margin, y1 + margin))
    assert cut.tobytes() == expected.tobytes()
