"""The thread that runs plugin code, so that the host's loop stays free to beat and listen.

Covers: setup, one task at a time, turning whatever a plugin raises into a message. Does not
cover: sockets (`plugin_host.loop`), importing (`plugin_host.loader`).
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import msgspec

from contracts import canonical
from contracts.base import TEXT_CHARS_MAX, Message
from contracts.wire import HostFault, Progress, Ready, RunTask, TaskDone, TaskFailed
from plugin_host.hooks import PluginError, StageInput, TaskCancelled
from plugin_host.task import Gate, RunningTask

PROGRESS_INTERVAL_S = 0.05
RUSAGE_UNIT_BYTES = 1024
"""ru_maxrss is in KiB on Linux (getrusage(2))."""


class LoadedPlugin(Protocol):
    """A plugin after import: what `plugin_host.loader` returns."""

    def setup(self, *, scratch_dir: Path) -> str:
        """Load and warm the model; returns the model key (empty: none)."""
        ...

    def run(self, stage: str, inputs: tuple[StageInput, ...], task: RunningTask) -> msgspec.Struct:
        """Run one stage; raises `PluginError` when no hook took it."""
        ...


def memory_peak_bytes() -> int:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RUSAGE_UNIT_BYTES


def _shorten(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"


class Worker:
    """Runs plugin code in a thread of its own.

    ``deliver`` takes each message with its payload frames, in the worker's thread. Progress
    waits in `take_progress`; ``wake`` is called, at a bounded rate, when there is some.
    """

    def __init__(
        self,
        *,
        load: Callable[[], LoadedPlugin],
        scratch_dir: Path,
        gate: Gate,
        deliver: Callable[[Message, tuple[bytes, ...]], None],
        wake: Callable[[], None],
        name: str,
    ) -> None:
        self._load = load
        self._scratch_dir = scratch_dir
        self._gate = gate
        self._deliver = deliver
        self._wake = wake
        self._jobs: SimpleQueue[tuple[RunTask, tuple[bytes, ...], RunningTask] | None] = (
            SimpleQueue()
        )
        self._progress: Progress | None = None
        self._progress_at_s = 0.0
        self._current: tuple[str, RunningTask] | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Import the plugin and set it up, then serve tasks."""
        self._thread.start()

    def submit(self, task: RunTask, payload: tuple[bytes, ...]) -> None:
        """Queue a task; called from the loop's thread."""
        running = RunningTask(
            config=_parse_config(task.config),
            scratch_dir=self._scratch_dir,
            gate=self._gate,
            report=lambda done, total: self._note_progress(task.task_id, done, total),
        )
        self._current = (task.task_id, running)
        self._jobs.put((task, payload, running))

    def cancel(self, task_id: str) -> None:
        """Take a task back at its next checkpoint; unknown ids are ignored."""
        current = self._current
        if current is not None and current[0] == task_id:
            current[1].cancel()

    def finish(self) -> None:
        """End the thread after the tasks that are queued."""
        self._jobs.put(None)

    @property
    def is_alive(self) -> bool:
        """Whether plugin code may still be running."""
        return self._thread.is_alive()

    def take_progress(self) -> Progress | None:
        """The latest progress that was not taken yet; called from the loop's thread."""
        progress, self._progress = self._progress, None
        return progress

    def _note_progress(self, task_id: str, done: int, total: int) -> None:
        """Only the latest progress matters, and it is told at a bounded rate."""
        self._progress = Progress(task_id=task_id, done=done, total=total)
        now_s = time.monotonic()
        if now_s >= self._progress_at_s:
            self._progress_at_s = now_s + PROGRESS_INTERVAL_S
            self._wake()

    def _post(self, message: Message, payload: tuple[bytes, ...] = ()) -> None:
        self._deliver(message, payload)

    def _work(self) -> None:
        try:
            started = time.monotonic()
            plugin = self._load()
            model_key = plugin.setup(scratch_dir=self._scratch_dir)
        except BaseException as error:  # noqa: BLE001 - the border: foreign code may raise anything
            self._post(
                HostFault(
                    code=getattr(error, "code", "plugin-import-failed"),
                    message=_shorten(f"{type(error).__name__}: {error}"),
                    traceback=_shorten(traceback.format_exc()),
                )
            )
            return
        self._post(
            Ready(
                model_key=model_key,
                load_us=int((time.monotonic() - started) * 1e6),
                memory_bytes=memory_peak_bytes(),
            )
        )
        while (job := self._jobs.get()) is not None:
            self._run_job(plugin, *job)

    def _run_job(
        self, plugin: LoadedPlugin, task: RunTask, payload: tuple[bytes, ...], running: RunningTask
    ) -> None:
        started = time.monotonic()
        try:
            self._gate.wait()
            roles = task.roles or ("",) * len(payload)
            inputs = tuple(
                StageInput(digest=digest, data=data, role=role)
                for digest, data, role in zip(task.inputs, payload, roles, strict=True)
            )
            record = plugin.run(task.stage, inputs, running)
            encoded = canonical.encode(record)
        except TaskCancelled:
            self._post(
                TaskFailed(task_id=task.task_id, code="cancelled", message="taken back", retry=True)
            )
        except PluginError as error:
            self._post(_failure(task, error.code, error.message, retry=error.retry))
        except MemoryError as error:
            self._post(_failure(task, "memory-limit", f"out of memory: {error}", retry=True))
        except BaseException as error:  # noqa: BLE001 - the border: foreign code may raise anything
            # It did not say that another try is vain; the kernel bounds the tries.
            self._post(
                _failure(task, "plugin-raised", f"{type(error).__name__}: {error}", retry=True)
            )
        else:
            self._post(
                TaskDone(
                    task_id=task.task_id,
                    run_us=int((time.monotonic() - started) * 1e6),
                    memory_peak_bytes=memory_peak_bytes(),
                ),
                (encoded,),
            )
        finally:
            self._current = None


def _parse_config(text: str) -> Mapping[str, Any]:
    parsed = json.loads(text) if text else {}
    if not isinstance(parsed, dict):
        raise TypeError(f"stage settings must be an object, got {type(parsed).__name__}")
    return parsed


def _failure(task: RunTask, code: str, message: str, *, retry: bool) -> TaskFailed:
    return TaskFailed(
        task_id=task.task_id,
        code=code[:255] or "plugin-raised",
        message=_shorten(message),
        traceback=_shorten(traceback.format_exc()),
        retry=retry,
    )


class Waker:
    """Makes a descriptor readable from any thread, until it is closed; then does nothing.

    The worker may outlive the loop (a thread host that does not give way): its wake-ups must
    not reach a descriptor that belongs to somebody else by then.
    """

    def __init__(self) -> None:
        # Reentrant: a signal handler may wake while its own thread closes.
        self._lock = threading.RLock()
        self._closed = False
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def wake(self) -> None:
        """Make `fd` readable."""
        with self._lock:
            if not self._closed:
                os.eventfd_write(self.fd, 1)

    def clear(self) -> None:
        """Take the wake-ups that came so far."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.fd)

    def close(self) -> None:
        """Give the descriptor back; later wake-ups go nowhere."""
        with self._lock:
            self._closed = True
            os.close(self.fd)
