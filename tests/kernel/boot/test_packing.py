"""Packing belongs to a kernel when a plugin does it."""

from __future__ import annotations

from pathlib import Path

from kernel.boot.assemble import open_parts
from kernel.boot.packing import open_packing
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings

QUIET = {"pipeline.text_plugin": "none", "activity.providers": []}


def test_the_built_in_plugin_packs_unless_it_is_turned_off(tmp_path: Path) -> None:
    for name, there in (("repack_tiles", True), ("none", False)):
        place = DataDir(tmp_path / name)
        overrides = QUIET | {"pipeline.repack_plugin": name, "disk.keep_original_bytes": True}
        parts = open_parts(place, load_settings(None, place, overrides))
        packing = open_packing(parts)
        try:
            assert (packing is not None) == there
            if packing is not None:
                assert packing.facts()["keep_original_bytes"] is True
        finally:
            if packing is not None:
                packing.close()
            parts.pool.shutdown(1.0)
            parts.close()


def test_a_plugin_that_cannot_pack_is_left_out_and_told(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    overrides = QUIET | {"pipeline.repack_plugin": "ocr_tesseract"}
    parts = open_parts(place, load_settings(None, place, overrides))
    try:
        assert open_packing(parts) is None
        entries = parts.evidence.ledger.entries()
        (told,) = [entry for entry in entries if entry.act == "stage-unavailable"]
        assert (told.subject, told.detail["code"]) == ("repack", "stage-missing")
    finally:
        parts.pool.shutdown(1.0)
        parts.close()
