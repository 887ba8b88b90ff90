"""Plugins that crashed too often: a durable list that only a person, or new code, shortens.

One small JSON file in the data dir, replaced as a whole. Covers: the list. Does not cover:
when a plugin gets on it (`kernel.supervision.restart`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from contracts.base import PluginId, UtcMicros
from kernel.config.approvals import write_atomically
from kernel.config.errors import ExitCode, KernelError
from kernel.config.smallfile import read_small_file

FORMAT: Final = 1
FILE_BYTES_MAX: Final = 4 << 20
CAUSES_MAX: Final = 10
CAUSE_CHARS_MAX: Final = 2000


class QuarantinedPlugin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Since when and why.

    ``digest`` is that of the files which crashed, ``settings`` that of the settings under which
    they did; empty when unknown.
    """

    since_us: UtcMicros
    causes: Annotated[tuple[str, ...], msgspec.Meta(max_length=CAUSES_MAX)]
    digest: str = ""
    settings: str = ""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int = FORMAT
    plugins: dict[PluginId, QuarantinedPlugin] = msgspec.field(default_factory=dict)


class JsonQuarantine:
    """The list in one file; `kernel.supervision.pool.Quarantine`.

    ``digests`` maps plugin ids to the digests of what would run now: a quarantined plugin
    whose files were replaced (and approved) gets another chance by itself. So does one whose
    settings are others (``settings`` maps plugin ids to their digests): what was wrong may have
    been a language that is not installed. Every call reads
    the file, so that a command lifts a quarantine under a running kernel; the file is a few
    hundred bytes. Not for two writers at once: the kernel adds, a person lifts.

    `contains` and `add` never raise, for a full disk or a damaged file must not take the
    kernel down: a list that cannot be read holds every plugin, and an entry that cannot be
    written holds in memory until the next one can.
    """

    def __init__(
        self,
        path: Path,
        *,
        now_us: Callable[[], int],
        digests: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._path = path
        self._now_us = now_us
        self._digests = dict(digests or {})
        self._settings = dict(settings or {})
        self._unsaved: dict[str, QuarantinedPlugin] = {}

    def entries(self) -> dict[str, QuarantinedPlugin]:
        """Everything on the list by plugin id, sorted.

        Raises `KernelError` (``quarantine-unreadable``): an unreadable list is not an empty one.
        """
        try:
            data = read_small_file(self._path, FILE_BYTES_MAX)
            plugins = msgspec.json.decode(data, type=_File).plugins
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise KernelError(
                "quarantine-unreadable",
                f"{self._path}: {error}",
                hint="look at the file, then move it away: every quarantine is lifted by that",
                exit_code=ExitCode.USAGE,
            ) from error
        return dict(sorted(plugins.items()))

    def contains(self, plugin_id: str) -> bool:
        """Whether the plugin is quarantined in its present state."""
        try:
            entry = self._unsaved.get(plugin_id) or self.entries().get(plugin_id)
        except KernelError:
            return True
        if entry is None:
            return False
        return not self._is_of_before(plugin_id, entry)

    def lift_outdated(self) -> tuple[str, ...]:
        """Take off the list what is on it for other files or settings; which, sorted.

        None where the list cannot be read or written: `contains` holds whatever is on disk.
        """
        try:
            entries = self.entries()
            gone = tuple(p for p, entry in entries.items() if self._is_of_before(p, entry))
            if gone:
                self._write({p: entry for p, entry in entries.items() if p not in gone})
        except (OSError, KernelError):
            return ()
        return gone

    def _is_of_before(self, plugin_id: str, entry: QuarantinedPlugin) -> bool:
        files, settings = self._digests.get(plugin_id), self._settings.get(plugin_id)
        return bool(
            (files and entry.digest and files != entry.digest)
            or (settings and entry.settings and settings != entry.settings)
        )

    def last_cause(self, plugin_id: str) -> str:
        """Why the last of its hosts died, or that the list cannot be read."""
        try:
            entry = self._unsaved.get(plugin_id) or self.entries().get(plugin_id)
        except KernelError as error:
            return error.message
        return entry.causes[-1] if entry and entry.causes else ""

    def add(self, plugin_id: str, causes: tuple[str, ...]) -> None:
        """Quarantine it, with the newest of its causes; on disk when this returns, if it can."""
        self._unsaved[plugin_id] = QuarantinedPlugin(
            since_us=self._now_us(),
            causes=tuple(cause[:CAUSE_CHARS_MAX] for cause in causes[-CAUSES_MAX:]),
            digest=self._digests.get(plugin_id, ""),
            settings=self._settings.get(plugin_id, ""),
        )
        try:
            self._write({**self.entries(), **self._unsaved})
        except (OSError, KernelError):
            # Held in memory; the next addition tries again, and status shows the disk's state.
            return
        self._unsaved.clear()

    def lift(self, plugin_id: str) -> bool:
        """Take it off the list; False when it was not on it."""
        entries = self.entries()
        if entries.pop(plugin_id, None) is None:
            return False
        self._write(entries)
        return True

    def _write(self, entries: Mapping[str, QuarantinedPlugin]) -> None:
        data = msgspec.json.encode(_File(plugins=dict(entries)), order="sorted")
        write_atomically(self._path, msgspec.json.format(data, indent=1) + b"\n")
