"""The pool is given verified plugins and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.config.approvals import approve_plugin
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.supervision.approved import load_approved_plugins, make_record
from tests.kernel.config.plugin_folders import found, install, write_plugin

GRANTS = """
[permissions]
programs = ["tesseract"]
read_paths = ["/usr/share/tesseract-ocr"]

[[models]]
key = "small"
memory_bytes = 50_000_000
"""


def test_a_record_says_all_that_the_manifest_does(tmp_path: Path) -> None:
    folder = write_plugin(tmp_path / "sample", more=GRANTS)
    record = make_record(found(folder))
    assert (record.plugin_id, record.version, record.package) == ("sample", "1.0.0", "sample")
    assert record.programs == ("tesseract",)
    assert record.read_paths == ("/usr/share/tesseract-ocr",)
    assert record.model_key == "small"
    assert record.memory_bytes_max == 100_000_000
    assert record.stages == ("text",)
    assert record.digest == found(folder).facts.digest


def test_only_approved_plugins_have_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = DataDir(tmp_path / "data")
    site = tmp_path / "site"
    folder = write_plugin(site / "sample_package")
    install(site, folder, monkeypatch)
    plugins = load_approved_plugins(data_dir)
    assert "sample" not in plugins.records
    with pytest.raises(KernelError, match="plugin-refused"):
        plugins.require("sample")

    approve_plugin(found(folder), data_dir, now_us=1)
    approved = load_approved_plugins(data_dir)
    assert approved.require("sample").folder == folder
    assert approved.digests()["sample"] == found(folder).facts.digest
    assert approved.lock_digest != plugins.lock_digest
