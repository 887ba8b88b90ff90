"""From locked plugins to the stages of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.boot.catalog import choose_stages, declared_timings, stage_settings
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.supervision.approved import ApprovedPlugins, load_approved_plugins


@pytest.fixture
def plugins(tmp_path: Path) -> ApprovedPlugins:
    return load_approved_plugins(DataDir(tmp_path))


def test_default_engine_does_the_text_stage(plugins: ApprovedPlugins, tmp_path: Path) -> None:
    settings = load_settings(None, DataDir(tmp_path), {}).settings
    (stage,) = choose_stages(settings, plugins)
    assert (stage.name, stage.plugin.plugin_id) == ("text", "ocr_rapid")
    assert declared_timings(plugins, (stage,))[stage.model_key].memory_bytes > 0


def test_no_plugin_means_no_stage(plugins: ApprovedPlugins, tmp_path: Path) -> None:
    overrides = {"pipeline.text_plugin": "none"}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    assert choose_stages(settings, plugins) == ()


def test_unknown_plugin_is_an_error_that_names_it(plugins: ApprovedPlugins, tmp_path: Path) -> None:
    overrides = {"pipeline.text_plugin": "nobody"}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    with pytest.raises(KernelError, match="nobody") as caught:
        choose_stages(settings, plugins)
    assert caught.value.code == "plugin-unknown"


def test_languages_of_the_run_reach_a_stage_that_knows_them(
    plugins: ApprovedPlugins, tmp_path: Path
) -> None:
    overrides = {"pipeline.languages": ["deu", "eng"]}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    declared = plugins.standings["ocr_tesseract"].plugin.manifest.stages[0]
    assert stage_settings(declared, settings)["languages"] == ["deu", "eng"]
