"""From installed and locked plugins to the stages of this run.

Covers: which plugin does the text stage and with which settings. Does not cover: finding and
judging plugins (`kernel.supervision.approved`).
"""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

from contracts.manifest import PluginManifest, StageDeclaration
from contracts.version_range import VersionRange
from kernel.config.errors import ExitCode, KernelError
from kernel.config.sections import Settings
from kernel.pipeline.stages import Stage, make_stage
from kernel.scheduling.schedule import ModelTimings
from kernel.supervision.approved import ApprovedPlugins

TEXT_STAGE = "text"
NO_PLUGIN = "none"
PLAIN_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
UNKNOWN_LOAD_S = 5.0
UNKNOWN_TASK_S = 2.0
BARE_HOST_BYTES = 64 << 20
"""A host with an interpreter and no model."""


def choose_stages(settings: Settings, plugins: ApprovedPlugins) -> tuple[Stage, ...]:
    """The stages in force under these settings.

    Raises `KernelError`: ``plugin-unknown`` (not installed), ``plugin-refused`` (not locked,
    changed, or asking for more than it was granted), ``stage-missing``.
    """
    wanted = settings.pipeline.text_plugin
    if wanted == NO_PLUGIN:
        return ()
    if wanted not in plugins.standings:
        reasons = "; ".join(f"{b.place.package}: {b.reason}" for b in plugins.broken)
        raise KernelError(
            "plugin-unknown",
            f"plugin {wanted} is not installed" + (f" (unreadable: {reasons})" if reasons else ""),
            hint="run: kernel plugins list",
            exit_code=ExitCode.USAGE,
        )
    record = plugins.require(wanted)
    _require_dependencies(plugins.standings[wanted].plugin.manifest)
    declared = _declaration(plugins, wanted)
    if declared is None:
        raise KernelError(
            "stage-missing",
            f"plugin {wanted} does not do the stage {TEXT_STAGE}",
            hint="choose another one with pipeline.text_plugin",
            exit_code=ExitCode.USAGE,
        )
    return (make_stage(TEXT_STAGE, record, stage_settings(declared, settings)),)


def _require_dependencies(manifest: PluginManifest) -> None:
    """Raise when a distribution that the plugin needs is not installed.

    A missing package is a fact of the installation: found here it costs no host, no crash is
    counted, and nothing is quarantined for it.
    """
    missing = []
    for name, wanted in manifest.dependencies.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(f"{name} {wanted} is not installed")
            continue
        # A release that is no plain number (1.2rc1) is left to the plugin's own import.
        if PLAIN_VERSION.fullmatch(found) and not VersionRange.parse(wanted).contains(found):
            missing.append(f"{name} is {found}, wanted {wanted}")
    if missing:
        raise KernelError(
            "plugin-dependencies-missing",
            f"plugin {manifest.id} cannot be used: {'; '.join(missing)}",
            hint="install the engine: uv tool install --force '.[ocr]' "
            "(in a checkout: tools/dev kernel ...)",
        )


def stage_settings(declared: StageDeclaration, settings: Settings) -> dict[str, Any]:
    """The stage's own defaults, with the languages of this run where the stage knows them."""
    values: dict[str, Any] = dict(declared.config)
    if "languages" in values:
        values["languages"] = list(settings.pipeline.languages)
    return values


def declared_timings(
    plugins: ApprovedPlugins, stages: tuple[Stage, ...]
) -> dict[str, ModelTimings]:
    """What the manifests say that each stage's model needs, until it was measured."""
    timings: dict[str, ModelTimings] = {}
    for stage in stages:
        manifest = plugins.standings[stage.plugin.plugin_id].plugin.manifest
        needs = [model.memory_bytes for model in manifest.models]
        timings[stage.model_key] = ModelTimings(
            load_s=UNKNOWN_LOAD_S,
            task_s=UNKNOWN_TASK_S,
            memory_bytes=max([BARE_HOST_BYTES, *needs]),
        )
    return timings


def _declaration(plugins: ApprovedPlugins, plugin_id: str) -> StageDeclaration | None:
    stages = plugins.standings[plugin_id].plugin.manifest.stages
    return next((stage for stage in stages if stage.name == TEXT_STAGE), None)
