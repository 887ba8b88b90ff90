"""What is wrong now, each with the next step: pure, over what the kernel says of itself.

Covers: what the running kernel knows, and one that cannot be asked. Does not cover: what the
stores say (`status`), the verdict (`verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLACK = "the drive is full: captures are refused"
RED = "the drive is nearly full"
RED_WITH_SPOOL = f"{RED}: new evidence goes to the second drive"
RED_WITHOUT_SPOOL = f"{RED}: new evidence takes what is left, then captures are refused"
MAKE_ROOM = "make room on the drive of the data dir (limits: disk.*)"
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
    found += _disk_problems(live["activity"]["disk"], live["spool"])
    inbox = live["inbox"]
    if inbox["problem"]:
        remedy = f"see that {inbox['folder']} can be read and written; then: {START_AGAIN}"
        found.append(Problem(f"inbox: {inbox['problem']}", remedy))
    return found


def spool_absent(spool: dict[str, Any]) -> bool:
    """Whether a second drive is set and is not there now."""
    return spool["dir"] is not None and spool["there"] is False


def _disk_problems(level: str, spool: dict[str, Any]) -> list[Problem]:
    found = []
    remedy = MAKE_ROOM
    if spool_absent(spool):
        remedy = f"mount the second drive again ({spool['dir']}), or {MAKE_ROOM}"
    elif spool["dir"] is None:
        remedy = f"{MAKE_ROOM}, or name a second drive in disk.spool_dir"
    elif level == "black":
        remedy = f"{MAKE_ROOM}, or on the second drive ({spool['dir']})"
    if level == "red":
        found.append(Problem(RED_WITH_SPOOL if spool["there"] else RED_WITHOUT_SPOOL, remedy))
    elif level == "black":
        found.append(Problem(BLACK, remedy))
    if spool_absent(spool) and (found or spool["pending_segments"]):
        waiting = spool["pending_segments"]
        text = f"the second drive is absent: {spool['dir']}"
        text += f"; {waiting} segments of evidence are on it" if waiting else ""
        found.append(Problem(text, f"mount the second drive again ({spool['dir']})"))
    return found


def text_off(live: dict[str, Any]) -> bool:
    """Whether the person switched the text stage off, and with it all that follows."""
    return not live["stages"] and not live["stuck"] and "text" not in live["left_out"]


def notes_of(live: dict[str, Any]) -> list[str]:
    """What is no problem and yet explains why nothing happens."""
    notes = _dropped(live.get("control_dropped", {}))
    if spool_absent(live["spool"]):
        notes.append(f"the second drive is absent: {live['spool']['dir']}")
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
