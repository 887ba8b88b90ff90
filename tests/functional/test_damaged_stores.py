"""Damage to what can be made again does not keep the kernel from capturing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.rig import make_rig


@pytest.mark.parametrize("name", ["derived.db", "backlog.db"])
def test_damaged_store_is_set_aside_and_made_again_from_evidence(tmp_path: Path, name: str) -> None:
    rig = make_rig(tmp_path)
    rig.ingest(rig.write("a.png", "The code of the door is 4711-X."))
    rig.json("process", "--until-drained")
    path = rig.data_dir / name
    data = bytearray(path.read_bytes())
    data[100:4000] = b"\xa5" * 3900
    path.write_bytes(bytes(data))
    with rig.kernel():
        (line,) = rig.ingest(rig.write("b.png", "still captured"))
        assert line["status"] == "stored"
    assert list(rig.data_dir.glob(f"{name}.damaged-*"))
    rig.json("process", "--until-drained")
    answer = rig.json("query", "What is the code of the door?")
    assert "4711-X" in answer["answer"]
    assert rig.json("status")["coverage"] == {"events": 2, "processed": 2}
