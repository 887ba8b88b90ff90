from __future__ import annotations

from pathlib import Path

from kernel.boot.scratch import make_scratch, scratch_settings
from kernel.config.paths import DataDir


def test_approvals_go_along_and_evidence_does_not(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "mine")
    data_dir.packs_dir.mkdir(parents=True)
    data_dir.journal_db.write_bytes(b"evidence")
    data_dir.plugin_approvals.write_text("{}")
    (data_dir.plugin_copies_dir / "echo").mkdir(parents=True)
    scratch = make_scratch(data_dir, tmp_path)
    kept = sorted(path.name for path in scratch.root.iterdir())
    assert kept == sorted([data_dir.plugin_approvals.name, data_dir.plugin_copies_dir.name])
    assert scratch.root.stat().st_mode & 0o777 == 0o700


def test_only_text_and_the_wanted_stage_stay_and_nothing_is_spooled(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path)
    (tmp_path / "config.toml").write_text(
        '[pipeline]\nembed_plugin = "embed_minilm"\n[disk]\nspool_dir = "/somewhere"\n'
    )
    settings = scratch_settings(data_dir, "embed").settings
    pipeline = settings.pipeline.model_dump()
    on = {name for name, value in pipeline.items() if name.endswith("_plugin") and value != "none"}
    assert on == {"text_plugin", "embed_plugin"}
    assert settings.disk.spool_dir is None
    alone = scratch_settings(data_dir, "text").settings.pipeline
    assert (alone.text_plugin, alone.embed_plugin) == ("ocr_rapid", "none")
