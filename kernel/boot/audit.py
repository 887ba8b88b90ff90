"""Which of the pool's events go into the ledger, and in which words: pure.

Covers: the mapping. Does not cover: writing (`kernel.store.ledger`). A result that was stored
is not an act of its own: its derivation record says as much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kernel.supervision.control import Drop
from kernel.supervision.pool_events import (
    HostDied,
    HostReady,
    HostStarved,
    PluginQuarantined,
    PoolEvent,
    ProtocolViolation,
    TaskLost,
)

TEXT_CHARS_MAX = 2_000
CONTROL_SOCKET = "control"
"""Stands where a host's id stands for what came over a host's socket."""


@dataclass(frozen=True, slots=True)
class Act:
    """A line for the ledger."""

    act: str
    subject: str
    detail: dict[str, str] = field(default_factory=dict)


def act_of_drop(drop: Drop) -> Act:
    """The ledger line for rubbish on the control socket, as for that of hosts."""
    detail = {"code": drop.code, "detail": drop.detail[:TEXT_CHARS_MAX], "count": str(drop.count)}
    return Act("protocol-violation", CONTROL_SOCKET, detail)


def act_of(event: PoolEvent) -> Act | None:
    """The ledger line for an event, None when it is no significant act."""
    match event:
        case HostReady():
            detail = {"plugin": event.plugin_id, "sandbox_level": event.sandbox_level}
            return Act("host-ready", event.host_id, detail)
        case HostDied():
            act = "host-crashed" if event.crashed else "host-left"
            cause = event.cause[:TEXT_CHARS_MAX]
            return Act(act, event.host_id, {"plugin": event.plugin_id, "cause": cause})
        case PluginQuarantined():
            causes = {
                f"cause_{number}": cause[:TEXT_CHARS_MAX]
                for number, cause in enumerate(event.causes, 1)
            }
            return Act("plugin-quarantined", event.plugin_id, causes)
        case ProtocolViolation():
            detail = {
                "plugin": event.plugin_id,
                "code": event.code,
                "detail": event.detail[:TEXT_CHARS_MAX],
                "count": str(event.count),
            }
            return Act("protocol-violation", event.host_id, detail)
        case HostStarved():
            detail = {
                "plugin": event.plugin_id,
                "waited_s": f"{event.waited_s:.1f}",
                "count": str(event.count),
            }
            return Act("host-starved", event.host_id, detail)
        case TaskLost():
            detail = {
                "plugin": event.plugin_id,
                "task": event.task_id,
                "cause": event.cause[:TEXT_CHARS_MAX],
                "blamed": str(event.blame).lower(),
            }
            return Act("task-lost", event.host_id, detail)
        case _:
            return None
