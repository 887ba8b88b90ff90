"""The packaged sample screenshots and the questions that they answer.

Covers: finding them in a checkout and in a wheel. Does not cover: how they were made
(tools/samples).
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from kernel.config.errors import KernelError

PACKAGE = "kernel"
FOLDER = "samples"


def samples_dir() -> Path:
    """The folder with the sample frames; raises `KernelError` ``samples-missing``."""
    folder = Path(str(resources.files(PACKAGE))) / FOLDER
    if not any(folder.glob("*.png")):
        raise KernelError(
            "samples-missing", f"no sample frames in {folder}", hint="install the project again"
        )
    return folder


def sample_questions() -> tuple[str, ...]:
    """The questions of the demonstration."""
    document = json.loads((samples_dir() / "questions.json").read_text(encoding="utf-8"))
    return tuple(str(entry["question"]) for entry in document["questions"])
