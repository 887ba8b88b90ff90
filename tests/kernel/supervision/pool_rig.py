"""A pool over real hosts for tests: threads or processes, one interface."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import zmq

from contracts.canonical import digest_bytes
from contracts.plugin_digest import digest_plugin
from kernel.supervision import lifecycle, restart
from kernel.supervision.chain import try_chain
from kernel.supervision.interpreter import this_interpreter
from kernel.supervision.pool import HostPool
from kernel.supervision.pool_events import PoolEvent, PoolTask
from kernel.supervision.pool_settings import PoolSettings
from kernel.supervision.pool_slot import Slot
from kernel.supervision.process import HostingFacts, ProcessLauncher
from kernel.supervision.rundir import RunDir
from kernel.supervision.runner import Launcher, PluginRecord
from kernel.supervision.sandbox_level import LevelSetting

HOSTILE_DIR = Path(__file__).parents[2] / "hostile_plugins"
QUICK = lifecycle.Limits(
    start_timeout_s=20.0,
    beat_timeout_s=1.5,
    task_timeout_s=20.0,
    cancel_grace_s=0.3,
    term_grace_s=0.3,
    kill_grace_s=0.5,
    drain_timeout_s=5.0,
)
WAIT_S = 90.0
SERVICE_ID = 65534


@dataclass
class MemoryQuarantine:
    """A quarantine that forgets with the test."""

    plugins: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def contains(self, plugin_id: str) -> bool:
        return plugin_id in self.plugins

    def last_cause(self, plugin_id: str) -> str:
        return self.plugins[plugin_id][-1]

    def add(self, plugin_id: str, causes: tuple[str, ...]) -> None:
        self.plugins[plugin_id] = causes


def hostile(name: str, **changes: Any) -> PluginRecord:  # noqa: ANN401 - any field
    """The record of a plugin below tests/hostile_plugins."""
    folder = HOSTILE_DIR / name
    values: dict[str, Any] = {
        "plugin_id": name,
        "version": "1.0.0",
        "digest": digest_plugin(folder),
        "folder": folder,
        "package": name,
        "entry": "plugin",
        "stages": ("text",),
        "memory_bytes_max": 256 << 20,
    }
    return PluginRecord(**{**values, **changes})


def task(text: str, number: int = 1, timeout_s: float = 10.0) -> PoolTask:
    """A text task whose input is ``text``."""
    data = text.encode()
    return PoolTask(
        task_id=f"t-{number:032x}",
        attempt=1,
        stage="text",
        config="{}",
        inputs=(digest_bytes(data),),
        payload=(data,),
        timeout_s=timeout_s,
    )


def process_launcher(folder: Path, *, own_pids: bool = True) -> ProcessLauncher:
    """Hosts as real sandboxed processes, with sockets below ``folder``'s short stand-in.

    Without ``own_pids`` as where unshare(1) is missing.
    """
    chain = try_chain(SERVICE_ID, SERVICE_ID)
    if not own_pids:
        chain = replace(chain, unshare=())
    root = Path(tempfile.mkdtemp(prefix="ac-", dir="/tmp"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    run_dir = RunDir(root / "run")
    run_dir.make()
    root.chmod(0o711)
    (folder / "run").symlink_to(root)
    return ProcessLauncher(
        HostingFacts(
            run_dir=run_dir,
            run_nonce="test-run",
            chain=chain,
            interpreter=this_interpreter(),
            service_uid=SERVICE_ID if os.geteuid() == 0 else os.getuid(),
            service_gid=SERVICE_ID if os.geteuid() == 0 else os.getgid(),
        )
    )


@dataclass
class Rig:
    """A pool, what it reported so far, and how to wait for more."""

    pool: HostPool
    poller: zmq.Poller
    quarantine: MemoryQuarantine
    seen: list[PoolEvent] = field(default_factory=list)

    def turn(self, timeout_ms: int = 20) -> None:
        self.seen += self.pool.handle(self.poller.poll(timeout_ms))

    def wait_for(self, wanted: Callable[[Rig], bool], seconds: float = WAIT_S) -> None:
        end_s = time.monotonic() + seconds
        while not wanted(self):
            assert time.monotonic() < end_s, f"not in {seconds} s; seen: {self.seen}"
            self.turn()

    def wait_for_event(self, kind: type[PoolEvent], count: int = 1) -> Any:  # noqa: ANN401 - as asked
        self.wait_for(lambda rig: len(rig.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def endpoint_of(self, host_id: str) -> str:
        """The address that a host's channel is bound to."""
        return self.pool._slots[host_id].channel.endpoint

    def slot_of(self, host_id: str) -> Slot:
        """The pool's own book of a host."""
        return self.pool._slots[host_id]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]

    def start_ready(self, plugin: PluginRecord, config: dict[str, Any] | None = None) -> str:
        host_id = self.pool.start_host(plugin, config or {})
        self.wait_for(
            lambda rig: any(
                h.host_id == host_id and h.state == "ready" for h in rig.pool.statuses()
            )
        )
        return host_id


@contextmanager
def pool_rig(
    launcher: Launcher,
    *,
    max_hosts: int = 2,
    limits: lifecycle.Limits = QUICK,
    restarts: restart.Policy | None = None,
    sandbox_level_required: LevelSetting = "none",
) -> Iterator[Rig]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    poller = zmq.Poller()
    quarantine = MemoryQuarantine()
    pool = HostPool(
        context=context,
        poller=poller,
        settings=PoolSettings(
            max_hosts=max_hosts,
            limits=limits,
            restart=restarts or restart.Policy(backoff_base_s=0.01, backoff_max_s=0.05),
            contracts_lock="c" * 64,
            plugins_lock="d" * 64,
            sandbox_level_required=sandbox_level_required,
            beat_interval_ms=100,
        ),
        launcher_of=lambda plugin: launcher,
        quarantine=quarantine,
    )
    rig = Rig(pool, poller, quarantine)
    try:
        yield rig
    finally:
        rig.seen += pool.shutdown(5.0)
        context.destroy(linger=0)
