"""For plugin authors: run a plugin's hooks in a real host, in one call.

    page = run_stage(Path("my_reader"), "text", png_bytes)

The host is the one the kernel uses: the same loop, the same loader, the same messages over a
socket. This module plays the kernel's side. What is missing is what the kernel adds from
outside: the sandbox, the limits, the restarts; ``kernel plugins plan`` shows those.

Covers: one host, its tasks one after another, every error as an exception. Does not cover:
locks; the plugin's files are taken as they are.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import zmq

from contracts import canonical
from contracts.base import Message
from contracts.bounded import decode_bounded
from contracts.manifest import MANIFEST_NAME, PluginManifest, StageDeclaration, parse_manifest
from contracts.plugin_digest import digest_plugin
from contracts.registry import REGISTRY, key_of
from contracts.source import contracts_source_digest
from contracts.stages import roles_of
from contracts.wire import (
    PROTOCOL_VERSION,
    Beat,
    Drain,
    Goodbye,
    Hello,
    HostFault,
    HostMessage,
    Progress,
    Ready,
    RunTask,
    TaskDone,
    TaskFailed,
    Welcome,
)
from plugin_host.loader import load_plugin
from plugin_host.loop import HostIdentity, HostLoop

BEAT_INTERVAL_MS = 200
LEAVE_TIMEOUT_S = 10.0
NO_DIGEST = "0" * 64


class PluginFailed(Exception):
    """The plugin did not give a record: ``code``, ``message`` and the plugin's ``traceback``."""

    def __init__(self, code: str, message: str, traceback: str = "") -> None:
        super().__init__(f"{code}: {message}\n{traceback}".rstrip())
        self.code = code
        self.message = message
        self.traceback = traceback


@dataclass(frozen=True, slots=True)
class StageResult:
    """One record and what it cost.

    ``progress`` is what the kernel would hear of the plugin's checkpoints: the latest ones, at a
    bounded rate.
    """

    record: msgspec.Struct
    run_us: int
    memory_peak_bytes: int
    progress: tuple[tuple[int, int], ...]


class _Runner(Protocol):
    """A thread or a process that serves the socket."""

    def join(self, timeout_s: float) -> bool: ...


@dataclass
class PluginUnderTest:
    """A plugin in a running host; made by `open_plugin`."""

    manifest: PluginManifest
    ready: Ready
    _socket: zmq.Socket[bytes]
    _peer: bytes
    _timeout_s: float
    _tasks: int = field(default=0)

    def run(
        self,
        stage: str,
        *inputs: bytes,
        config: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        roles: Sequence[str] = (),
    ) -> StageResult:
        """Run one stage; ``config`` replaces settings of the manifest one by one.

        ``roles`` say what the inputs are; without, they are what the manifest declares, in its
        order (those of the frame before last, and left out by giving fewer inputs). Raises
        `PluginFailed`: what the plugin raised, ``no-answer`` after the timeout, or
        ``wrong-output`` for a record that is not of the kind which the manifest declares.
        """
        declared = _declaration(self.manifest, stage)
        settings = {**declared.config, **(config or {})}
        self._tasks += 1
        task = RunTask(
            task_id=f"t-{self._tasks:032x}",
            attempt=1,
            stage=stage,
            config=json.dumps(settings, sort_keys=True),
            inputs=tuple(canonical.digest_bytes(data) for data in inputs),
            deadline_ms=declared.deadline_ms,
            roles=tuple(roles or roles_of(declared.inputs, declared.previous)[: len(inputs)]),
        )
        _send(self._socket, self._peer, task, inputs)
        progress: list[tuple[int, int]] = []
        deadline_s = time.monotonic() + (timeout_s or self._timeout_s)
        while True:
            _, message, payload = _receive(self._socket, deadline_s)
            if isinstance(message, Progress):
                progress.append((message.done, message.total))
            elif isinstance(message, TaskFailed):
                raise PluginFailed(message.code, message.message, message.traceback)
            elif isinstance(message, TaskDone):
                record = _read_record(declared, payload)
                return StageResult(
                    record, message.run_us, message.memory_peak_bytes, tuple(progress)
                )
            elif isinstance(message, HostFault):
                raise PluginFailed(message.code, message.message, message.traceback)


def run_stage(
    folder: Path,
    stage: str,
    *inputs: bytes,
    config: Mapping[str, Any] | None = None,
    hosting: Literal["thread", "process"] = "thread",
    timeout_s: float = 60.0,
    roles: Sequence[str] = (),
) -> msgspec.Struct:
    """The record that the plugin in ``folder`` makes of the inputs, in a fresh host.

    ``roles`` as in `PluginUnderTest.run`. Raises `PluginFailed`, and
    `contracts.bounded.ContractError` for a bad manifest.
    """
    with open_plugin(folder, config=config, hosting=hosting, timeout_s=timeout_s) as plugin:
        return plugin.run(stage, *inputs, config=config, roles=roles).record


@contextlib.contextmanager
def open_plugin(
    folder: Path,
    *,
    config: Mapping[str, Any] | None = None,
    hosting: Literal["thread", "process"] = "thread",
    timeout_s: float = 60.0,
) -> Iterator[PluginUnderTest]:
    """A host with the plugin set up (``config`` goes to its setup), for several runs.

    A thread lets a debugger in; a process shows what a plugin does to the interpreter.
    Raises `PluginFailed` when it cannot be imported or its setup raises.
    """
    folder = folder.resolve()
    manifest = parse_manifest((folder / MANIFEST_NAME).read_bytes(), str(folder / MANIFEST_NAME))
    deadline_s = time.monotonic() + timeout_s
    with contextlib.ExitStack() as stack:
        scratch_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plugin-")))
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stack.callback(context.destroy, linger=0)
        socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        endpoint = (
            f"inproc://{secrets.token_hex(8)}"
            if hosting == "thread"
            else f"ipc://{scratch_dir / 's'}"
        )
        socket.bind(endpoint)
        document = _document(folder, manifest, endpoint, scratch_dir, dict(config or {}))
        runner: _Runner = (
            _ThreadRunner(context, document) if hosting == "thread" else _ProcessRunner(document)
        )
        # Before the context goes: its sockets belong to the host's thread until that has ended.
        stack.callback(runner.join, LEAVE_TIMEOUT_S)
        peer = _greet(socket, deadline_s)
        ready = _await_ready(socket, deadline_s)
        # Also when the block raises: a host that waits for work would be waited for in vain.
        stack.callback(_send, socket, peer, Drain())
        yield PluginUnderTest(manifest, ready, socket, peer, timeout_s)
        _send(socket, peer, Drain())
        if not runner.join(LEAVE_TIMEOUT_S):
            raise PluginFailed("does-not-leave", f"{manifest.id} is busy after its last task")


def find_package(folder: Path) -> str:
    """The dotted name of the package in the folder: as deep as its parents are packages."""
    parts = [folder.name]
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
        parts.insert(0, folder.name)
    return ".".join(parts)


def _document(
    folder: Path,
    manifest: PluginManifest,
    endpoint: str,
    scratch_dir: Path,
    config: dict[str, Any],
) -> dict[str, Any]:
    """What a kernel would tell the host, see `plugin_host.main.HostDocument`."""
    return {
        "host_id": f"h1-{secrets.token_hex(4)}",
        "endpoint": endpoint,
        "token": secrets.token_hex(16),
        "contracts_lock": NO_DIGEST,
        "contracts_source": contracts_source_digest(),
        "plugins_lock": NO_DIGEST,
        "plugin_id": manifest.id,
        "plugin_version": manifest.version,
        "plugin_digest": digest_plugin(folder),
        "plugin_folder": str(folder),
        "plugin_package": find_package(folder),
        "plugin_entry": manifest.entry,
        "model_key": manifest.models[0].key if manifest.models else "",
        "config": config,
        "scratch_dir": str(scratch_dir),
    }


class _ThreadRunner:
    """The host's loop in a thread of this process."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], document: Mapping[str, Any]
    ) -> None:
        folder = Path(document["plugin_folder"])
        identity = HostIdentity(
            host_id=document["host_id"],
            endpoint=document["endpoint"],
            token=document["token"],
            contracts_lock=document["contracts_lock"],
            plugins_lock=document["plugins_lock"],
            plugin_id=document["plugin_id"],
            plugin_version=document["plugin_version"],
            plugin_digest=document["plugin_digest"],
            scratch_dir=Path(document["scratch_dir"]),
        )
        loop = HostLoop(
            context=context,
            identity=identity,
            load=partial(
                load_plugin,
                plugin_id=identity.plugin_id,
                package=document["plugin_package"],
                entry=document["plugin_entry"],
                folder=folder,
                digest=identity.plugin_digest,
                config=document["config"],
                model_key=document["model_key"],
            ),
        )
        self._thread = threading.Thread(target=loop.run, name="host", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the loop's end; False when it goes on."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()


class _ProcessRunner:
    """The host's loop in a fresh interpreter, without a sandbox."""

    PROGRAM = (
        "import json, sys\n"
        "from plugin_host.main import serve\n"
        "document = json.load(sys.stdin)\n"
        "sys.path[:0] = document.pop('sys_path')\n"
        "sys.exit(serve(document, sandbox_level='none', sandbox=[], lifeline_fd=None))\n"
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.PROGRAM],
            stdin=subprocess.PIPE,
            cwd=Path(__file__).resolve().parent.parent,
        )
        assert self._process.stdin is not None
        told = {**document, "sys_path": [path for path in sys.path if path]}
        self._process.stdin.write(json.dumps(told).encode())
        self._process.stdin.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the process's end; one that goes on is killed, and that is False."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True


def _greet(socket: zmq.Socket[bytes], deadline_s: float) -> bytes:
    peer, hello, _ = _receive(socket, deadline_s)
    if not isinstance(hello, Hello) or hello.protocol_version != PROTOCOL_VERSION:
        raise PluginFailed("protocol", f"the host began with {type(hello).__name__}")
    _send(socket, peer, Welcome(beat_interval_ms=BEAT_INTERVAL_MS))
    return peer


def _await_ready(socket: zmq.Socket[bytes], deadline_s: float) -> Ready:
    while True:
        _, message, _ = _receive(socket, deadline_s)
        if isinstance(message, Ready):
            return message
        if isinstance(message, HostFault):
            raise PluginFailed(message.code, message.message, message.traceback)


def _send(
    socket: zmq.Socket[bytes], peer: bytes, message: Message, payload: Sequence[bytes] = ()
) -> None:
    with contextlib.suppress(zmq.ZMQError):
        # A host that is gone is noticed by the next wait, which says what was its last word.
        socket.send_multipart([peer, canonical.encode(message), *payload])


def _receive(
    socket: zmq.Socket[bytes], deadline_s: float
) -> tuple[bytes, HostMessage, list[bytes]]:
    """The next message that is not a beat; raises `PluginFailed` (``no-answer``)."""
    while True:
        remaining_ms = int((deadline_s - time.monotonic()) * 1000)
        if remaining_ms <= 0 or not socket.poll(remaining_ms):
            raise PluginFailed("no-answer", "the host said nothing before the timeout")
        peer, header, *payload = socket.recv_multipart()
        message: HostMessage = decode_bounded(header, HostMessage)  # type: ignore[arg-type]
        if not isinstance(message, Beat | Goodbye):
            return peer, message, payload


def _declaration(manifest: PluginManifest, stage: str) -> StageDeclaration:
    for declared in manifest.stages:
        if declared.name == stage:
            return declared
    names = ", ".join(declared.name for declared in manifest.stages) or "none"
    raise PluginFailed("stage-missing", f"{manifest.id} declares no stage {stage}, but: {names}")


def _read_record(declared: StageDeclaration, payload: list[bytes]) -> msgspec.Struct:
    """The record as the kernel would read it: bounded, of the declared kind."""
    record = REGISTRY.decode(payload[0])
    kind, _ = key_of(type(record))
    if kind != declared.output:
        raise PluginFailed(
            "wrong-output", f"stage {declared.name} gives {declared.output}, not {kind}"
        )
    return record
