"""The plugin author's API: hook specifications and what hooks are given.

Every hook runs in a plugin host (a sandboxed subprocess, or a thread of the kernel where the
hosting policy says so), one call at a time. A plugin imports this module and nothing else of
`plugin_host`. Covers: hook signatures, their inputs. Does not cover: loading, the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import pluggy

PROJECT_NAME: Final = "autocapture"
hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


class TaskCancelled(BaseException):
    """Raised by `TaskContext.checkpoint` when the kernel took the task back.

    Not an `Exception`, so that a plugin's broad handler does not swallow it.
    """


class PluginError(Exception):
    """A plugin's way to fail a task with a stable code.

    ``retry`` tells the kernel whether another attempt on the same input may help; without it the
    task is given up at once. Any other exception is tried again, a bounded number of times.
    """

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry


class TaskContext(Protocol):
    """What a hook may ask of the host while it works on one task."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The stage's settings, as the kernel sent them."""
        ...

    @property
    def scratch_dir(self) -> Path:
        """The one folder the plugin may write to; private to the host."""
        ...

    def checkpoint(self, done: int, total: int = 0) -> None:
        """Report progress and give way: call it between units of at most 100 ms.

        Raises `TaskCancelled` when the task was taken back. Waits while the governor has
        stopped heavy work (in-process hosts; a subprocess is stopped from outside).
        """
        ...


@dataclass(frozen=True, slots=True)
class StageInput:
    """One input of a stage: its digest, its bytes, and what it is.

    ``role`` is the kind of the record, as the manifest declares it; for what comes from the
    frame before, ``previous.`` and the kind. The bytes of a ``pixel_blob`` are the encoded image
    as it was captured; those of a record are canonical (`contracts.registry.REGISTRY.decode`).
    """

    digest: str
    data: bytes
    role: str = ""


def find_input(inputs: Sequence[StageInput], role: str) -> StageInput | None:
    """The input of that role; None where there is none (no frame before, or not yet read)."""
    return next((found for found in inputs if found.role == role), None)


@dataclass(frozen=True, slots=True)
class SetupContext:
    """What a plugin is told once, before its first task."""

    plugin_dir: Path
    scratch_dir: Path
    config: Mapping[str, Any]


class StageHooks:
    """Specifications of all hooks; a plugin implements those of its stages."""

    @hookspec
    def autocapture_setup(self, context: SetupContext) -> None:
        """Load the pinned model and warm it up with one run.

        Called once per host before it reports ready; all plugins that implement it are
        called. May raise: the host then leaves and the start counts as failed.
        """

    @hookspec(firstresult=True)
    def autocapture_run(
        self, stage: str, inputs: tuple[StageInput, ...], task: TaskContext
    ) -> msgspec.Struct | None:
        """Run one stage on its inputs and return the stage's output record.

        The record must be of the output contract which the manifest declares for ``stage``
        (for ``text``: `contracts.text.TextPage`). May raise `PluginError`, or any exception
        (reported as code ``plugin-raised``). The first plugin that does not return None wins.
        """
