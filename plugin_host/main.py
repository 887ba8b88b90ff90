"""The entry of a host process, called by the bootstrap once the sandbox is on.

Covers: from the launch document to a running loop. Does not cover: the sandbox
(`plugin_host.sandbox`), what is sent (`plugin_host.loop`).
"""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import zmq

from contracts.source import own_contracts_lock
from contracts.wire import SandboxLayer
from plugin_host.loader import load_plugin
from plugin_host.loop import HostIdentity, HostLoop

IO_THREADS = 1


class HostDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part of the launch document that is meant for the loop."""

    host_id: str
    endpoint: str
    token: str
    contracts_lock: str
    contracts_source: str
    """Digest of the kernel's contract sources: the host compares its own."""
    plugins_lock: str
    plugin_id: str
    plugin_version: str
    plugin_digest: str
    plugin_folder: str
    plugin_package: str
    plugin_entry: str
    model_key: str
    config: dict[str, Any]
    scratch_dir: str


def serve(
    document: dict[str, Any],
    *,
    sandbox_level: str,
    sandbox: list[dict[str, str]],
    lifeline_fd: int | None,
) -> int:
    """Run the loop until it ends; returns the exit status of the process."""
    host = msgspec.convert(document, HostDocument)
    layers = tuple(msgspec.convert(layer, SandboxLayer) for layer in sandbox)
    identity = HostIdentity(
        host_id=host.host_id,
        endpoint=host.endpoint,
        token=host.token,
        contracts_lock=own_contracts_lock(host.contracts_lock, host.contracts_source),
        plugins_lock=host.plugins_lock,
        plugin_id=host.plugin_id,
        plugin_version=host.plugin_version,
        plugin_digest=host.plugin_digest,
        scratch_dir=Path(host.scratch_dir),
        sandbox_level=sandbox_level,
        sandbox=layers,
    )
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(IO_THREADS)
    loop = HostLoop(
        context=context,
        identity=identity,
        load=partial(
            load_plugin,
            plugin_id=host.plugin_id,
            package=host.plugin_package,
            entry=host.plugin_entry,
            folder=Path(host.plugin_folder),
            digest=host.plugin_digest,
            config=host.config,
            model_key=host.model_key,
        ),
        lifeline_fd=lifeline_fd,
    )
    # The first process of a pid namespace ignores TERM unless it has a handler.
    signal.signal(signal.SIGTERM, lambda number, frame: loop.leave("asked by SIGTERM"))
    status = loop.run()
    context.destroy(linger=0)
    return status
