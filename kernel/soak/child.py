"""The kernel under test: the ordinary `kernel run` as a child process, started again after its end.

Covers: starting, waiting until it serves, stopping in order, killing. Does not cover: when
(`kernel.soak.endurance`). Only the main thread starts it: where setpriv is there, the kernel gets
a SIGTERM when the thread that started it ends, so that no kernel outlives its soak.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from kernel.config.errors import KernelError
from kernel.config.paths import DATA_DIR_ENV, DataDir
from kernel.soak.folder import RunFolder
from kernel.store.lock import is_held, read_holder

COMMAND = (sys.executable, "-m", "kernel.cli")
START_S_MAX = 120.0
STOP_S_MAX = 30.0


@dataclass
class KernelChild:
    """At most one kernel at a time."""

    folder: RunFolder
    data_dir: DataDir
    environment: dict[str, str]
    profile: str | None = None
    leaky: bool = False
    """Whether the text plugin in force is the leaking copy."""
    shares_data_dir: bool = False
    """It is a person's: a kernel that runs there is theirs, and never ended by us."""
    starts: int = 0
    run_ids: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _serves: bool = False

    @property
    def pid(self) -> int | None:
        """Of the running kernel; None when none runs. Any thread may ask."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def serving_pid(self) -> int | None:
        """Of the running kernel once it has said that it serves."""
        return self.pid if self._serves else None

    def start(self, why: str) -> None:
        """Start it and wait until it serves. Raises `KernelError` ``soak-kernel-start``."""
        self._end_leftover()
        setpriv = shutil.which("setpriv")
        guard = [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
        arguments = ["run", "--json", "--data-dir", str(self.data_dir.root)]
        if self.profile is not None:
            arguments += ["--profile", self.profile]
        with self.folder.kernel_log.open("ab") as log:
            self._process = subprocess.Popen(
                [*guard, *COMMAND, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # Ctrl-C is for the soak, which stops its kernel in order.
                start_new_session=True,
            )
        started = self._wait_started(self._process)
        self.starts += 1
        self._serves = True
        self.run_ids.append(str(started["run_id"]))
        run_id = f"r-{started['run_id']}"
        self.folder.event("kernel_start", pid=self._process.pid, run_id=run_id, why=why)

    def poll(self) -> int | None:
        """The exit status once it ended by itself or was killed; None while it runs."""
        if self._process is None:
            return None
        status = self._process.poll()
        if status is not None:
            self._forget()
        return status

    def stop(self) -> int | None:
        """Stop it in order; its exit status (None when none ran, -9 when it had to be killed)."""
        process = self._process
        if process is None:
            return None
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget()
        return process.returncode

    def kill(self) -> None:
        """The end without a word; `poll` tells it."""
        process = self._process
        if process is not None:
            process.kill()

    def _wait_started(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        watchdog = threading.Timer(START_S_MAX, process.kill)
        watchdog.start()
        try:
            line = process.stdout.readline()
        finally:
            watchdog.cancel()
        try:
            document: dict[str, Any] = json.loads(line)
            document["run_id"]
        except (ValueError, KeyError) as error:
            process.kill()
            process.wait()
            self._forget()
            raise KernelError(
                "soak-kernel-start",
                f"the kernel under test did not start: {line.decode(errors='replace').strip()}",
                hint=f"what it said is in {self.folder.kernel_log}",
            ) from error
        # What it prints until its end fits into the pipe: a line when it stops.
        return document

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        self._serves = False

    def _end_leftover(self) -> None:
        """End the kernel of an earlier part of this soak that lost its parent."""
        holder = read_holder(self.data_dir.lock_file)
        if self.shares_data_dir or holder is None or not is_held(self.data_dir.lock_file):
            return
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(holder.pid)
            try:
                signal.pidfd_send_signal(descriptor, signal.SIGTERM)
                _wait_readable(descriptor, STOP_S_MAX)
            finally:
                os.close(descriptor)


def child_environment(extra: dict[str, str]) -> dict[str, str]:
    """This process's environment without another data dir, with ``extra``."""
    environment = {name: value for name, value in os.environ.items() if name != DATA_DIR_ENV}
    return environment | extra


def _wait_readable(descriptor: int, seconds: float) -> None:
    import select

    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    poller.poll(int(seconds * 1000))
