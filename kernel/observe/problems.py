"""What is wrong now, each with the next step: pure, over what the kernel says of itself.

Covers: what the running kernel knows, and one that cannot be asked. Does not cover: what the
stores say (`status`), the verdict (`verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DISK_PROBLEMS = {
    "red": "the drive is nearly full: new evidence goes to the second drive, if one is set",
    "black": "the drive is full: captures are refused",
}
START_AGAIN = "stop the kernel and start it again: it begins where it was"
NOT_TAKEN = "reply-not-taken"
"""Of `control_dropped`: an answer that nobody was there for any more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should not be; ``remedy`` is a step that does not lead back to here."""

    text: str
    remedy: str


def unreachable(pid: int | None, *, was_kernel: bool, why: str) -> Problem:
    """Some process holds the data dir and cannot be asked.

    ``was_kernel``: the data dir's note names it as the kernel that serves it.
    """
    who = f"process {pid}" if pid else "some process"
    if was_kernel:
        remedy = (
            f"stop it with: kill -TERM {pid} (what it acknowledged is safe), then: kernel run; "
            "something may have taken its run dir away"
        )
    else:
        remedy = (
            f"a command that writes (an ingest, a restore) ends by itself; else: kill -TERM {pid}"
        )
    return Problem(f"{who} {why}", remedy)


def live_problems(live: dict[str, Any]) -> list[Problem]:
    """What the kernel's own facts say is wrong."""
    found = [Problem(text, START_AGAIN) for text in live["problems"]]
    if live["stuck"]:
        text = f"what waits cannot be processed: {live['stuck']}"
        found.append(Problem(text, "kernel plugins list says of each plugin why it may not run"))
    if live.get("not_started"):
        text = f"hosts cannot be started: {live['not_started']}"
        remedy = "see that the run dir has room (run.json names it); it is tried again by itself"
        found.append(Problem(text, remedy))
    for stage, reason in live["left_out"].items():
        remedy = f'mend what is named, or do without it: pipeline.{stage}_plugin = "none"'
        found.append(Problem(f"the stage {stage} is left out: {reason}", remedy))
    for plugin_id, cause in live["quarantined"].items():
        lift = f"kernel plugins quarantine --lift {plugin_id}"
        text = f"plugin {plugin_id} is quarantined: {cause} ({lift})"
        found.append(Problem(text, f"mend it, then: {lift}"))
    found += [
        Problem(
            f"plugin {host['plugin_id']} does not give way: its thread holds one of "
            f"{live['hosts_max']} hosts until the kernel is started again",
            "stop the kernel and start it again",
        )
        for host in live["hosts"]
        if host["hung"]
    ]
    disk = DISK_PROBLEMS.get(live["activity"]["disk"])
    if disk:
        found.append(Problem(disk, "make room, or name a second drive in disk.spool_dir"))
    inbox = live["inbox"]
    if inbox["problem"]:
        remedy = f"see that {inbox['folder']} can be read and written; then: {START_AGAIN}"
        found.append(Problem(f"inbox: {inbox['problem']}", remedy))
    return found


def text_off(live: dict[str, Any]) -> bool:
    """Whether the person switched the text stage off, and with it all that follows."""
    return not live["stages"] and not live["stuck"] and "text" not in live["left_out"]


def notes_of(live: dict[str, Any]) -> list[str]:
    """What is no problem and yet explains why nothing happens."""
    notes = _dropped(live.get("control_dropped", {}))
    activity = live["activity"]
    blind = activity["source"] == "none" and all(activity["sources"].values())
    if blind and live["governor"]["mode"] == "active" and activity["word"] == "none":
        notes.append(
            "nothing sees the person here, so they count as active for ever and heavy work never "
            "begins by itself (kernel idle, or docs/activity.md)"
        )
    return notes


def _dropped(counts: dict[str, int]) -> list[str]:
    """What the control socket did not take, in words; nothing is lost by it but an answer."""
    refused = {kind: count for kind, count in counts.items() if kind != NOT_TAKEN and count}
    notes = []
    if refused:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(refused.items()))
        notes.append(
            f"messages at the control socket that were no requests were dropped ({kinds}): "
            "another version's command, or a program that should not speak to it"
        )
    if counts.get(NOT_TAKEN):
        notes.append(f"{counts[NOT_TAKEN]} answers were dropped: who asked had already left")
    return notes
