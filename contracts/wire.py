"""Messages between the kernel (ROUTER) and a plugin host (DEALER).

A multipart message is one encoded `Message` frame, then zero or more raw payload frames
(the bytes of blobs): the message says how many. Covers: the shapes and the protocol
version. Does not cover: sockets, timing, states (docs/protocol.md).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from contracts.base import (
    Count,
    Digest,
    HostId,
    Message,
    Name,
    PluginId,
    StageName,
    TaskId,
    Text,
    Version,
)

PROTOCOL_VERSION = 1
HEADER_BYTES_MAX = 1 << 20
"""Largest encoded message, without payload frames."""
PAYLOAD_BYTES_MAX = 256 << 20
"""Largest payload frame: a raw 8K frame with room to spare."""


class SandboxLayer(Message, frozen=True, kw_only=True, tag="sandbox_layer"):
    """One layer of the sandbox as the host found it after the negative self-test."""

    name: Name
    state: Literal["enforced", "degraded", "missing"]
    proof: Text = ""
    reason: Text = ""
    remedy: Text = ""


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """Host to kernel, first message: who am I, what do I speak, what holds me.

    ``token`` is the one-time token that the kernel handed over an inherited descriptor.
    """

    protocol_version: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    host_id: HostId
    token: Annotated[str, msgspec.Meta(min_length=32, max_length=128)]
    pid: Count
    contracts_lock: Digest
    plugins_lock: Digest
    plugin_id: PluginId
    plugin_version: Version
    plugin_digest: Digest
    sandbox_level: Literal["A", "B", "C", "D", "E", "none"]
    sandbox: Annotated[tuple[SandboxLayer, ...], msgspec.Meta(max_length=64)] = ()


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """Kernel to host: the handshake holds; send a beat this often while your loop runs."""

    beat_interval_ms: Annotated[int, msgspec.Meta(ge=10, le=60_000)]


class Reject(Message, frozen=True, kw_only=True, tag="reject"):
    """Kernel to host: the handshake failed; leave. ``code`` is a stable identifier."""

    code: Name
    reason: Text


class Ready(Message, frozen=True, kw_only=True, tag="ready"):
    """Host to kernel: the plugin is imported and its model (if any) is loaded and warm."""

    model_key: Text = ""
    load_us: Count = 0
    memory_bytes: Count = 0


class Beat(Message, frozen=True, kw_only=True, tag="beat"):
    """Host to kernel, from the main loop: I am alive. Not proof of progress."""

    seq: Count
    memory_bytes: Count = 0


class RunTask(Message, frozen=True, kw_only=True, tag="run_task"):
    """Kernel to host: run ``stage`` on the payload frames that follow.

    ``config`` is the canonical JSON of the stage's settings, ``inputs`` the digests of the
    payload frames in their order, ``roles`` what each of them is: the kind of the record, with
    `contracts.stages.PREVIOUS` before it when it belongs to the frame before.
    """

    task_id: TaskId
    attempt: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    stage: StageName
    config: Text
    inputs: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=256)]
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=86_400_000)]
    roles: Annotated[tuple[Name, ...], msgspec.Meta(max_length=256)] = ()


class Progress(Message, frozen=True, kw_only=True, tag="progress"):
    """Host to kernel: the task moved on; feeds the progress deadline."""

    task_id: TaskId
    done: Count
    total: Count = 0


class TaskDone(Message, frozen=True, kw_only=True, tag="task_done"):
    """Host to kernel: one result record follows as the payload frame, canonically encoded."""

    task_id: TaskId
    run_us: Count
    memory_peak_bytes: Count = 0


class TaskFailed(Message, frozen=True, kw_only=True, tag="task_failed"):
    """Host to kernel: the plugin raised. ``retry`` tells whether another try may help."""

    task_id: TaskId
    code: Name
    message: Text
    traceback: Text = ""
    retry: bool = False


class CancelTask(Message, frozen=True, kw_only=True, tag="cancel_task"):
    """Kernel to host: give the task up at the next chance."""

    task_id: TaskId


class Drain(Message, frozen=True, kw_only=True, tag="drain"):
    """Kernel to host: finish the task at hand, then leave."""


class Goodbye(Message, frozen=True, kw_only=True, tag="goodbye"):
    """Host to kernel, last message: I leave on purpose."""

    reason: Text = ""


class HostFault(Message, frozen=True, kw_only=True, tag="host_fault"):
    """Host to kernel: I cannot serve (the plugin does not import, is not what was locked)."""

    code: Name
    message: Text
    traceback: Text = ""


HostMessage = Hello | Ready | Beat | Progress | TaskDone | TaskFailed | Goodbye | HostFault
KernelMessage = Welcome | Reject | RunTask | CancelTask | Drain
