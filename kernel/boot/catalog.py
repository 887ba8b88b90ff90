"""From installed and locked plugins to the stages of this run.

Covers: which plugin does which stage of the graph and with which settings. Does not cover:
finding and judging plugins (`kernel.supervision.approved`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from contracts.manifest import PluginManifest, StageDeclaration
from contracts.stages import GRAPH, PRODUCERS, find_mismatch
from kernel.config.errors import ExitCode, KernelError
from kernel.config.plugin_needs import missing_distributions, missing_model_files
from kernel.config.sections import Settings
from kernel.pipeline.repacking import PACK_STAGE, PROOF_STAGE
from kernel.pipeline.stages import Stage, kind_of, make_stage
from kernel.scheduling.schedule import ModelTimings
from kernel.store.vectors import why_unavailable
from kernel.supervision.approved import ApprovedPlugins

TEXT_STAGE = "text"
EMBED_STAGE = "embed"
NO_PLUGIN = "none"
UNKNOWN_LOAD_S = 5.0
UNKNOWN_TASK_S = 2.0
BARE_HOST_BYTES = 64 << 20
"""A host with an interpreter and no model."""


@dataclass(frozen=True, slots=True)
class ChosenStages:
    """The stages in force in the order of the graph, and why others are not."""

    stages: tuple[Stage, ...]
    problem: KernelError | None = None
    """Why there is no text stage, and with it nothing else."""
    left_out: tuple[tuple[str, KernelError], ...] = ()
    """Optional stages whose plugin may not or cannot run: the others go on without them."""
    packing: Stage | None = None
    """The plugin that packs frames in idle time, beside the graph."""

    @property
    def hosted(self) -> tuple[Stage, ...]:
        """Everything that a host may be started for."""
        return (*self.stages, self.packing) if self.packing is not None else self.stages


def choose_available(settings: Settings, plugins: ApprovedPlugins) -> ChosenStages:
    """What can be done under these settings, whatever cannot."""
    chosen = _choose_graph(settings, plugins)
    try:
        packing = choose_packing(settings, plugins)
    except KernelError as error:
        return replace(chosen, left_out=(*chosen.left_out, (PACK_STAGE, error)))
    return replace(chosen, packing=packing)


def choose_packing(settings: Settings, plugins: ApprovedPlugins) -> Stage | None:
    """The plugin that packs frames and proves packs; None for "none".

    Raises what `choose_stage` raises.
    """
    stage = choose_stage(PACK_STAGE, settings, plugins)
    if stage is not None and _declaration(plugins, stage.plugin.plugin_id, PROOF_STAGE) is None:
        raise KernelError(
            "stage-missing",
            f"plugin {stage.plugin.plugin_id} does not prove the packs that it makes",
            hint=f"choose another one with pipeline.{PACK_STAGE}_plugin",
            exit_code=ExitCode.USAGE,
        )
    return stage


def _choose_graph(settings: Settings, plugins: ApprovedPlugins) -> ChosenStages:
    stages: list[Stage] = []
    left_out: list[tuple[str, KernelError]] = []
    for shape in GRAPH:
        try:
            stage = choose_stage(shape.name, settings, plugins)
        except KernelError as error:
            if shape.name == TEXT_STAGE:
                return ChosenStages((), error)
            left_out.append((shape.name, error))
            continue
        if stage is not None:
            # Without its inputs it would step over frames that it could do later.
            if _has_makers(stage, stages):
                stages.append(stage)
        elif shape.name == TEXT_STAGE:
            return ChosenStages(())
    return ChosenStages(tuple(stages), None, tuple(left_out))


def _has_makers(stage: Stage, before: list[Stage]) -> bool:
    """Whether whatever it takes of earlier stages is made."""
    made = {other.name for other in before}
    kinds = {kind_of(role) for role in (*stage.inputs, *stage.previous)}
    return {PRODUCERS[kind] for kind in kinds if kind in PRODUCERS} - {stage.name} <= made


def choose_stages(settings: Settings, plugins: ApprovedPlugins) -> tuple[Stage, ...]:
    """The stages in force under these settings.

    Raises what `choose_stage` raises for any of them.
    """
    chosen = choose_available(settings, plugins)
    for error in (chosen.problem, *(error for _, error in chosen.left_out)):
        if error is not None:
            raise error
    return chosen.stages


def choose_stage(name: str, settings: Settings, plugins: ApprovedPlugins) -> Stage | None:
    """The stage with the plugin that the settings name for it; None for "none".

    Raises `KernelError`: ``plugin-unknown`` (not installed), ``plugin-refused`` (not locked,
    changed, or asking for more than it was granted), ``plugin-dependencies-missing``,
    ``stage-missing`` (the plugin does not do it), ``stage-mismatch`` (other inputs or another
    output than the graph has).
    """
    wanted = str(getattr(settings.pipeline, f"{name}_plugin"))
    if wanted == NO_PLUGIN:
        return None
    if wanted not in plugins.standings:
        reasons = "; ".join(f"{b.place.package}: {b.reason}" for b in plugins.broken)
        raise KernelError(
            "plugin-unknown",
            f"plugin {wanted} is not installed" + (f" (unreadable: {reasons})" if reasons else ""),
            hint="run: kernel plugins list",
            exit_code=ExitCode.USAGE,
        )
    if name == EMBED_STAGE and (reason := why_unavailable()):
        raise KernelError(
            "vectors-unavailable", reason, hint="install the extra: uv tool install '.[ocr,embed]'"
        )
    record = plugins.require(wanted)
    _require_dependencies(plugins.standings[wanted].plugin.manifest)
    declared = _declaration(plugins, wanted, name)
    if declared is None:
        raise KernelError(
            "stage-missing",
            f"plugin {wanted} does not do the stage {name}",
            hint=f"choose another one with pipeline.{name}_plugin",
            exit_code=ExitCode.USAGE,
        )
    mismatch = find_mismatch(name, declared.inputs, declared.previous, declared.output)
    if mismatch:
        raise KernelError(
            "stage-mismatch",
            f"plugin {wanted} cannot do the stage {name}: {mismatch}",
            hint="docs/pipeline.md lists the stages with their inputs and outputs",
            exit_code=ExitCode.USAGE,
        )
    return make_stage(
        name,
        record,
        stage_settings(declared, settings),
        inputs=declared.inputs,
        previous=declared.previous,
    )


def _require_dependencies(manifest: PluginManifest) -> None:
    """Raise when a distribution or a model file that the plugin needs is not installed.

    A missing package is a fact of the installation: found here it costs no host, no crash is
    counted, and nothing is quarantined for it.
    """
    missing = (*missing_distributions(manifest), *missing_model_files(manifest))
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


def _declaration(plugins: ApprovedPlugins, plugin_id: str, name: str) -> StageDeclaration | None:
    stages = plugins.standings[plugin_id].plugin.manifest.stages
    return next((stage for stage in stages if stage.name == name), None)
