"""The settings that hold on a data dir now: those of the kernel that runs, else this shell's.

A kernel keeps the settings of its start: whoever asks from another shell, or after the file was
changed, must not be told others. Covers: the run's record (``runs/``), what a start from here would
use. Does not cover: what the kernel does under them (`status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from pydantic import ValidationError

from contracts.canonical import digest_bytes
from contracts.run import RunManifest
from kernel.config.paths import DataDir
from kernel.config.sections import Settings
from kernel.config.settings import load_settings
from kernel.config.smallfile import read_small_file
from kernel.store.lock import is_held
from kernel.supervision.address import RunNote, read_note
from kernel.supervision.runner import Hosting

RECORD_BYTES_MAX = 16 << 20


@dataclass(frozen=True, slots=True)
class InForce:
    """Settings and profile, and whose they are."""

    settings: Settings
    profile: str
    kernel: RunNote | None = None
    """The kernel that runs under them; None: none runs, a start from this shell would use them."""
    hostings: Mapping[str, Hosting] = field(default_factory=dict)
    """Where that kernel's plugins were meant to run at its start."""
    problem: str = ""
    """Set when a kernel runs and its settings cannot be read: these are this shell's then."""

    @property
    def whose(self) -> str:
        """For people."""
        if self.kernel is not None:
            return f"profile {self.profile}, of the kernel that runs (pid {self.kernel.pid})"
        return f"profile {self.profile}, for a start from here"


def find_in_force(data_dir: DataDir) -> InForce:
    """The settings in force; raises `KernelError` ``config-invalid`` where none can be loaded."""
    problem = ""
    note = read_note(data_dir) if is_held(data_dir.lock_file) else None
    if note is not None:
        try:
            return _of_kernel(data_dir, note)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            problem = f"the settings of process {note.pid} cannot be read: {error}"
    loaded = load_settings(None, data_dir, {})
    return InForce(loaded.settings, loaded.profile, problem=problem)


def _of_kernel(data_dir: DataDir, note: RunNote) -> InForce:
    """Raises OSError, ValueError or `msgspec.MsgspecError` when its record is unreadable."""
    folder = data_dir.runs_dir
    manifest = msgspec.json.decode(
        read_small_file(folder / f"{note.run_id}.json", RECORD_BYTES_MAX), type=RunManifest
    )
    text = read_small_file(folder / f"config-{manifest.config_digest}.json", RECORD_BYTES_MAX)
    if digest_bytes(text) != manifest.config_digest:
        raise ValueError("the configuration on record is not the one that the run names")
    try:
        settings = Settings.model_validate_json(text)
    except ValidationError as error:
        # A kernel of another release, with keys of its own.
        raise ValueError(str(error.errors()[0]["msg"])) from error
    hostings = {plugin.plugin_id: plugin.hosting for plugin in manifest.plugins}
    return InForce(settings, manifest.profile, note, hostings)
