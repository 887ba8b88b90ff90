"""A data dir for a moment: the person's approvals and settings, none of their evidence.

For work in a host that is not about what was captured (a cut-out read again, a question turned
into a vector). It runs beside a running kernel and touches nothing of the person's.

Covers: making it. Does not cover: what is done in it.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings, load_settings


def make_scratch(data_dir: DataDir, folder: Path) -> DataDir:
    """A data dir in the folder with the person's approvals, and nothing else."""
    scratch = DataDir(folder / "data")
    scratch.root.mkdir(mode=0o700)
    for path in (data_dir.plugin_approvals, data_dir.plugin_quarantine):
        if path.is_file():
            shutil.copy2(path, scratch.root / path.name)
    if data_dir.plugin_copies_dir.is_dir():
        shutil.copytree(data_dir.plugin_copies_dir, scratch.plugin_copies_dir)
    return scratch


def scratch_settings(data_dir: DataDir, stage: str) -> LoadedSettings:
    """The person's settings with one stage beside text, and nothing going to their spool.

    ``stage`` is "text" for text alone.
    """
    loaded = load_settings(None, data_dir, {})
    pipeline = loaded.settings.pipeline
    others = {
        name: "none"
        for name in type(pipeline).model_fields
        if name.endswith("_plugin") and name not in {"text_plugin", f"{stage}_plugin"}
    }
    settings = loaded.settings.model_copy(
        update={
            "disk": loaded.settings.disk.model_copy(update={"spool_dir": None}),
            "pipeline": pipeline.model_copy(update=others),
        }
    )
    return replace(loaded, settings=settings)
