"""From locked plugins to the stages of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
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


def test_missing_package_of_the_engine_is_told_before_a_host_is_started(
    plugins: ApprovedPlugins, tmp_path: Path
) -> None:
    standing = plugins.standings["ocr_rapid"]
    manifest = msgspec.structs.replace(
        standing.plugin.manifest, dependencies={"no-such-distribution": ">=1", "msgspec": "<0.1"}
    )
    facts = replace(standing.plugin.facts, manifest=manifest)
    needy = replace(standing, plugin=replace(standing.plugin, facts=facts))
    changed = replace(plugins, standings={**plugins.standings, "ocr_rapid": needy})
    settings = load_settings(None, DataDir(tmp_path), {}).settings
    with pytest.raises(KernelError) as caught:
        choose_stages(settings, changed)
    assert caught.value.code == "plugin-dependencies-missing"
    assert "no-such-distribution >=1 is not installed" in caught.value.message
    assert "wanted <0.1" in caught.value.message


def test_languages_of_the_run_reach_a_stage_that_knows_them(
    plugins: ApprovedPlugins, tmp_path: Path
) -> None:
    overrides = {"pipeline.languages": ["deu", "eng"]}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    declared = plugins.standings["ocr_tesseract"].plugin.manifest.stages[0]
    assert stage_settings(declared, settings)["languages"] == ["deu", "eng"]
