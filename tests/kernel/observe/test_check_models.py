"""A model that is configured and not there is a finding before a host is started for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config import plugin_needs
from kernel.config.paths import DataDir
from kernel.config.sections import PipelineSettings, Settings
from kernel.observe.check import Check
from kernel.observe.check_models import check_models


def found(root: Path, pipeline: PipelineSettings) -> dict[str, Check]:
    checks = check_models(DataDir(root), Settings(pipeline=pipeline))
    return {check.name: check for check in checks}


def test_each_plugin_in_use_is_looked_at_and_no_other(tmp_path: Path) -> None:
    names = found(tmp_path, PipelineSettings(embed_plugin="embed_minilm")).keys()
    assert names >= {"models ocr_rapid", "models embed_minilm", "models screen_state"}
    assert "models embed_minilm" not in found(tmp_path, PipelineSettings())


def test_lost_model_files_are_a_failure_for_text_and_a_warning_for_a_later_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_needs, "find_package_file", lambda _: None)
    checks = found(tmp_path, PipelineSettings(embed_plugin="embed_minilm"))
    text, embed = checks["models ocr_rapid"], checks["models embed_minilm"]
    assert (text.state, embed.state) == ("fail", "warn")
    assert "rapidocr/models/PP-OCRv6_det_small.onnx is not there" in text.saw
    assert "model.safetensors is not there" in embed.saw
    assert text.remedy


def test_languages_that_tesseract_has_no_data_for_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho heading\necho eng\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    pipeline = PipelineSettings(text_plugin="ocr_tesseract", languages=("eng", "deu"))
    check = found(tmp_path, pipeline)["models ocr_tesseract"]
    assert check.state == "fail"
    assert "tesseract has no data for deu" in check.saw
    assert "apt install tesseract-ocr-" in check.remedy
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    check = found(tmp_path, pipeline)["models ocr_tesseract"]
    assert "program tesseract is not installed" in check.saw


def test_a_language_that_the_engine_in_use_cannot_read_is_a_failure_with_who_can(
    tmp_path: Path,
) -> None:
    check = found(tmp_path, PipelineSettings(languages=("eng", "rus")))["models ocr_rapid"]
    assert check.state == "fail"
    assert "ocr_rapid cannot read rus" in check.saw
    assert "ocr_tesseract" in check.remedy
    check = found(tmp_path, PipelineSettings(languages=("eng", "deu")))["models ocr_rapid"]
    assert check.state == "ok"
