"""From locked plugins to the stages of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kernel.boot.catalog import choose_available, choose_stages, declared_timings, stage_settings
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.supervision.approved import ApprovedPlugins, load_approved_plugins


@pytest.fixture
def plugins(tmp_path: Path) -> ApprovedPlugins:
    return load_approved_plugins(DataDir(tmp_path))


@pytest.mark.parametrize("profile", [None, "demo", "idle", "soak24", "mini-soak", "dry-run"])
def test_every_profile_reads_text_and_makes_states_and_deltas(
    plugins: ApprovedPlugins, tmp_path: Path, profile: str | None
) -> None:
    settings = load_settings(profile, DataDir(tmp_path), {}).settings
    stages = choose_stages(settings, plugins)
    assert [(stage.name, stage.plugin.plugin_id) for stage in stages] == [
        ("text", "ocr_rapid"),
        ("state", "screen_state"),
        ("delta", "screen_state"),
    ]
    assert stages[1].model_key == stages[2].model_key, "one host does both"
    timings = declared_timings(plugins, stages)
    assert all(timings[stage.model_key].memory_bytes > 0 for stage in stages)


def test_a_plugin_that_is_not_there_leaves_out_its_stage_and_those_that_need_it(
    plugins: ApprovedPlugins, tmp_path: Path
) -> None:
    overrides = {"pipeline.state_plugin": "nobody"}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    chosen = choose_available(settings, plugins)
    assert [stage.name for stage in chosen.stages] == ["text"]
    assert [(name, error.code) for name, error in chosen.left_out] == [("state", "plugin-unknown")]
    assert chosen.problem is None


def test_without_states_there_are_no_deltas_and_nothing_is_wrong(
    plugins: ApprovedPlugins, tmp_path: Path
) -> None:
    overrides = {"pipeline.state_plugin": "none"}
    settings = load_settings(None, DataDir(tmp_path), overrides).settings
    chosen = choose_available(settings, plugins)
    assert [stage.name for stage in chosen.stages] == ["text"]
    assert chosen.left_out == ()


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
