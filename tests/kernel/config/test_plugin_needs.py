"""What a plugin needs and does not find is told without importing anything of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from contracts.manifest import PluginManifest, StageDeclaration, parse_manifest
from kernel.config.plugin_needs import (
    find_package_file,
    missing_distributions,
    missing_languages,
    missing_model_files,
    missing_programs,
    unread_languages,
)

MANIFEST = """
manifest_version = 1
id = "reader"
version = "1.0.0"
summary = "reads"
kernel_api = ">=1.2,<2"
memory_bytes_max = 1_048_576
hooks = ["autocapture_run"]
[contracts]
pixel_blob = ">=1,<2"
[[models]]
key = "net"
memory_bytes = 1_048_576
files = ["weights_for_test/model/a.bin", "weights_for_test/b.bin"]
[permissions]
programs = ["no-such-program"]
[dependencies]
no-such-distribution = ">=1"
packaging = ">=99"
"""


@pytest.fixture
def manifest() -> PluginManifest:
    return parse_manifest(MANIFEST.encode(), "plugin.toml")


def test_model_files_are_looked_for_below_the_package_and_nothing_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: PluginManifest
) -> None:
    assert len(missing_model_files(manifest)) == 2
    package = tmp_path / "weights_for_test"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "model" / "a.bin").write_bytes(b"weights")
    (package / "b.bin").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    assert missing_model_files(manifest) == ("model net: weights_for_test/b.bin is empty",)
    (package / "b.bin").write_bytes(b"weights")
    assert missing_model_files(manifest) == ()
    assert "weights_for_test" not in sys.modules
    assert find_package_file("weights_for_test/none.bin") is None


def test_distributions_and_programs_are_named(manifest: PluginManifest) -> None:
    missing, old = missing_distributions(manifest)
    assert missing == "no-such-distribution >=1 is not installed"
    assert old.startswith("packaging is ")
    assert missing_programs(manifest) == ("program no-such-program is not installed",)


def test_languages_without_data_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tesseract"
    program.write_text(
        "#!/bin/sh\necho 'List of available languages in \"/x\" (2):'\necho eng\necho osd\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert missing_languages(("eng", "deu")) == ("deu",)
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="tesseract"):
        missing_languages(("eng",))


def test_languages_that_the_plugin_says_it_cannot_read_are_told() -> None:
    stage = StageDeclaration(name="text", inputs=("pixel_blob",), output="text_page")
    assert unread_languages(stage, ("eng", "rus")) == ()
    told = StageDeclaration(
        name="text",
        inputs=("pixel_blob",),
        output="text_page",
        config={"languages_unread": ("rus", "heb")},
    )
    assert unread_languages(told, ("eng", "rus")) == ("rus",)
