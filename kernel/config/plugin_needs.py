"""What a plugin needs of this installation and does not find, told without importing it.

Covers: distributions, files of models, programs and tesseract's languages, as the manifest declares
them. Does not cover: whether the plugin may run (`approvals`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from contracts.manifest import PluginManifest, StageDeclaration
from contracts.version_range import VersionRange

PLAIN_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
TESSERACT = "tesseract"
LIST_LANGUAGES_S_MAX = 20.0


def missing_distributions(manifest: PluginManifest) -> tuple[str, ...]:
    """Distributions that are not installed, or in a version that the plugin does not take."""
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
    return tuple(missing)


def missing_model_files(manifest: PluginManifest) -> tuple[str, ...]:
    """Files of its models that are not there or empty."""
    return tuple(
        f"model {model.key}: {name} is {'empty' if path is not None else 'not there'}"
        for model in manifest.models
        for name in model.files
        if (path := find_package_file(name)) is None or path.stat().st_size == 0
    )


def find_package_file(name: str) -> Path | None:
    """The file that ``PACKAGE/PATH`` names; None where package or file is not installed.

    Finding the package runs nothing of it.
    """
    package, _, inner = name.partition("/")
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / inner
        if path.is_file():
            return path
    return None


def missing_programs(manifest: PluginManifest) -> tuple[str, ...]:
    """Programs that it starts and that are not on the path."""
    return tuple(
        f"program {name} is not installed"
        for name in manifest.permissions.programs
        if shutil.which(name) is None
    )


def missing_languages(languages: Sequence[str]) -> tuple[str, ...]:
    """Languages that the tesseract program on the path has no data for.

    Raises OSError or `subprocess.SubprocessError` when it cannot be asked.
    """
    program = shutil.which(TESSERACT) or TESSERACT
    done = subprocess.run(
        [program, "--list-langs"],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIST_LANGUAGES_S_MAX,
        stdin=subprocess.DEVNULL,
    )
    # Older releases print the list on the error stream; the first line is a heading.
    listed = {line.strip() for line in (done.stdout + done.stderr).splitlines()}
    return tuple(name for name in languages if name not in listed)


def unread_languages(declared: StageDeclaration, languages: Sequence[str]) -> tuple[str, ...]:
    """Languages that the stage's plugin says it cannot read, whatever is installed."""
    unread = declared.config.get("languages_unread", ())
    return tuple(name for name in languages if isinstance(unread, list | tuple) and name in unread)
