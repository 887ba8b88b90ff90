"""What a run worked under is kept: its manifest, and its configuration by digest."""

from __future__ import annotations

import json
from pathlib import Path

from kernel.boot.assemble import open_parts
from kernel.boot.runrecord import record_run
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings


def test_manifest_and_configuration_are_written_once_and_name_each_other(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    parts = open_parts(place, load_settings(None, place, {"pipeline.text_plugin": "none"}))
    try:
        record_run(parts)
        manifest = place.runs_dir / f"{parts.run_id}.json"
        before = manifest.read_bytes()
        record_run(parts)
        assert manifest.read_bytes() == before
        document = json.loads(before)
        assert document["config_digest"] == parts.loaded.digest
        assert (place.runs_dir / f"config-{parts.loaded.digest}.json").is_file()
        assert document["contracts_lock"] == parts.contracts_lock
    finally:
        parts.close()
