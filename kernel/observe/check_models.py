"""Doctor's check that what the stages in use load is there: packages, model files, languages.

Covers: one finding for each plugin in use, from its manifest. Does not cover: whether the plugin
may run (`check_install`), whether the model is any good.
"""

from __future__ import annotations

import subprocess

from contracts.manifest import PluginManifest
from kernel.config.paths import DataDir
from kernel.config.plugin_needs import (
    TESSERACT,
    missing_distributions,
    missing_languages,
    missing_model_files,
    missing_programs,
    unread_languages,
)
from kernel.config.sections import Settings
from kernel.observe.check import Check, State
from kernel.observe.check_hosting import plugins_in_use
from kernel.supervision.approved import load_approved_plugins

REMEDIES = {
    "distribution": "install the extra it comes with: uv sync --extra ocr (or tesseract, embed)",
    "model": "install the named package again: its files were lost",
    "program": "install the program; on Debian: apt install tesseract-ocr",
    "language": "on Debian: apt install tesseract-ocr-LANGUAGE, or set pipeline.languages",
    "script": 'set pipeline.text_plugin = "ocr_tesseract", or leave it out of pipeline.languages',
}


def check_models(data_dir: DataDir, settings: Settings) -> list[Check]:
    """One finding for each plugin in use that loads a model or needs a package or program.

    Raises `KernelError` when the locks cannot be read.
    """
    standings = load_approved_plugins(data_dir).standings
    return [
        _check(standings[plugin_id].plugin.manifest, stages, settings.pipeline.languages)
        for plugin_id, stages in plugins_in_use(settings).items()
        if plugin_id in standings
    ]


def _check(manifest: PluginManifest, stages: tuple[str, ...], languages: tuple[str, ...]) -> Check:
    missing = {
        "distribution": missing_distributions(manifest),
        "model": missing_model_files(manifest),
        "program": missing_programs(manifest),
        "script": tuple(
            f"{manifest.id} cannot read {name}"
            for declared in manifest.stages
            if declared.name in stages
            for name in unread_languages(declared, languages)
        ),
    }
    told = [f"{', '.join(model.key for model in manifest.models)} is there"] * bool(manifest.models)
    if TESSERACT in manifest.permissions.programs and not missing["program"]:
        try:
            missing["language"] = tuple(
                f"tesseract has no data for {name}" for name in missing_languages(languages)
            )
        except (OSError, subprocess.SubprocessError) as error:
            missing["program"] = (f"tesseract cannot be asked for its languages: {error}",)
        told.append(f"tesseract has {', '.join(languages)}")
    name = f"models {manifest.id}"
    wrong = [text for found in missing.values() for text in found]
    details = {"stages": stages, "files": [f for model in manifest.models for f in model.files]}
    if not wrong:
        saw = "; ".join(told) or "no model; what it needs is installed"
        return Check(name, "ok", saw, details=details)
    remedy = "; ".join(REMEDIES[kind] for kind, found in missing.items() if found)
    # Without text there is nothing; without a later stage the others go on.
    state: State = "fail" if "text" in stages else "warn"
    return Check(name, state, "; ".join(wrong), remedy, details)
