"""Puts up all walls in the one order that works, then tries to break them.

Covers: the order, what depends on what, the report. Does not cover: the walls themselves (their
modules) and the process namespace (the kernel's launch chain). Needs a fresh interpreter with one
thread: Landlock does not reach other threads and the namespaces refuse to open.

Order: session, parent's death, limits, namespaces, own file tree, service user, user namespace,
process limit, capabilities, no_new_privs, Landlock, seccomp, dumpable, audit hook, denial tests.
As root the file tree comes before the change of user (its sources may lie below /root), as a
normal user after the user namespace (it gives the right to mount).
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.launch import SandboxPolicy
from plugin_host.sandbox import (
    audit,
    capabilities,
    landlock,
    mounts,
    namespaces,
    process,
    rlimits,
    seccomp,
    self_test,
    verdict,
)
from plugin_host.sandbox.report import (
    SWITCHED_OFF,
    Level,
    SandboxReport,
    is_below,
    level_of,
    with_remedies,
)

SYSTEM_READ_ONLY: Final = (
    "/usr/lib",
    "/usr/lib64",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/sys/devices/system/cpu",
)
PROC_FILES: Final = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm")
DYNAMIC_LOADERS: Final = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")


@dataclass(slots=True)
class Progress:
    """What was done so far: a note per layer that went up, an error per layer that did not."""

    policy: SandboxPolicy
    notes: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    log: audit.AuditLog | None = None

    def wants(self, layer: str) -> bool:
        """Whether the policy leaves the layer on."""
        return layer not in self.policy.layers_off

    def holds(self, layer: str) -> bool:
        """Whether the layer went up without an error."""
        return layer in self.notes

    def do(self, layer: str, act: Callable[[], str | None]) -> None:
        """Runs one step unless the policy switched the layer off; notes how it went."""
        if not self.wants(layer):
            self.errors[layer] = SWITCHED_OFF
            return
        try:
            self.notes[layer] = act() or ""
        except (OSError, ValueError, NotImplementedError) as error:
            self.errors[layer] = str(error)


def apply(policy: SandboxPolicy) -> SandboxReport:
    """Puts up every wall that this machine allows and reports what the denial tests found.

    Never raises for a wall that does not stand: the report says so, and ``refused`` says why
    the host must end instead of importing a plugin (still uid 0, or below the required level).
    """
    started_ns = time.perf_counter_ns()
    progress = Progress(policy)
    os.umask(0o077)
    own_pids = verdict.has_pid_namespace(policy)
    progress.do("session", lambda: process.lead_session(has_pid_namespace=own_pids))
    progress.do("parent_death", process.die_with_parent)
    progress.do("rlimits", lambda: rlimits.set_limits(policy))
    progress.do("affinity", lambda: rlimits.be_polite(policy.affinity, policy.nice))
    _open_namespaces(progress)
    progress.do("process_limit", lambda: _limit_processes(progress))
    progress.do("capabilities", capabilities.drop_all)
    progress.do("no_new_privs", capabilities.forbid_new_privileges)
    progress.do("landlock", lambda: landlock.restrict(path_rules(policy), policy.connect_ports))
    deny_metadata = not progress.holds("mount_view")
    progress.do("seccomp", lambda: seccomp.install(policy.network, deny_metadata=deny_metadata))
    progress.do("not_dumpable", process.forbid_dumps)
    applied_ns = time.perf_counter_ns()
    layers = with_remedies(verdict.judge(progress.policy, progress.notes, progress.errors))
    progress.do("audit_hook", lambda: _listen(progress))
    layers = (*layers, verdict.judge_audit_hook(progress.log, progress.errors))
    level = level_of(layers)
    return SandboxReport(
        level=level,
        layers=layers,
        refused=_refusal(policy, level),
        apply_us=(applied_ns - started_ns) // 1000,
        self_test_us=(time.perf_counter_ns() - applied_ns) // 1000,
    )


def _refusal(policy: SandboxPolicy, level: Level) -> str:
    """Why this host must end; empty when it may go on."""
    if 0 in os.getresuid():
        return "the host is still uid 0: plugin code never runs as root"
    if is_below(level, policy.level_required):
        return f"sandbox level {level} is below the required level {policy.level_required}"
    if not os.access(os.__file__, os.R_OK):
        return (
            f"uid {os.getuid()} cannot reach the interpreter's library {os.__file__}: allow mount"
            " namespaces, or install the interpreter where that user can read it"
        )
    return ""


def _limit_processes(progress: Progress) -> str | None:
    """Inside an own user namespace only: elsewhere the limit counts all processes of the user."""
    if not progress.holds("user_namespace"):
        raise OSError(errno.ENOTSUP, "no own user namespace: it would count the person's programs")
    return rlimits.limit_processes(progress.policy.nproc_max)


def binds(policy: SandboxPolicy) -> list[mounts.Bind]:
    """What the own file tree shows; pure."""
    read_only = (*SYSTEM_READ_ONLY, *policy.read_only_paths)
    shown = [mounts.Bind(path, mounts.READ_ONLY) for path in read_only]
    for program in policy.programs:
        paths = (program.path, *program.read_only_paths)
        shown += [mounts.Bind(path, mounts.READ_ONLY) for path in paths]
    shown += [mounts.Bind(path, mounts.DEVICE) for path in mounts.DEVICES]
    shown.append(mounts.Bind(policy.ipc_dir, mounts.SOCKETS))
    shown.append(mounts.Bind(policy.scratch_dir, mounts.SCRATCH))
    return shown


def path_rules(policy: SandboxPolicy) -> list[landlock.PathRule]:
    """The rights Landlock leaves; pure."""
    readable = (*SYSTEM_READ_ONLY, *policy.read_only_paths, *PROC_FILES, "/proc/self")
    rules = [landlock.PathRule(path, landlock.READ) for path in readable]
    for program in policy.programs:
        rules.append(landlock.PathRule(program.path, landlock.READ | landlock.EXECUTE))
        rules += [landlock.PathRule(path, landlock.READ) for path in program.read_only_paths]
    if policy.programs:
        rules += [landlock.PathRule(path, landlock.EXECUTE) for path in DYNAMIC_LOADERS]
    rules += [landlock.PathRule(path, landlock.DEVICE) for path in mounts.DEVICES]
    rules.append(landlock.PathRule(policy.scratch_dir, landlock.WRITE))
    return rules


def _open_namespaces(progress: Progress) -> None:
    """Namespaces, file tree and service user, in the order that the present user needs."""
    policy = progress.policy
    if os.geteuid() == 0:
        _isolate(progress)
    # The one step whose failure ends the host (see `refused`): no plugin code as root.
    progress.do("service_uid", lambda: process.drop_to(policy.service_uid, policy.service_gid))
    progress.do("user_namespace", namespaces.enter_user_namespace)
    if progress.holds("user_namespace"):
        _isolate(progress)
    if progress.wants("parent_death"):
        # The change of user cleared it.
        progress.do("parent_death", process.die_with_parent)


def _isolate(progress: Progress) -> None:
    """Each namespace that is not there yet, so that one refusal does not take the others."""
    policy = progress.policy

    def enter(flag: int) -> str:
        namespaces.unshare(flag)
        return "own namespace"

    if policy.network == "none" and not progress.holds("network_namespace"):
        progress.do("network_namespace", lambda: enter(namespaces.CLONE_NEWNET))
        if progress.holds("network_namespace"):
            progress.notes["network_namespace"] = self_test.try_route().code
    if not progress.holds("ipc_namespace"):
        progress.do("ipc_namespace", _part_ipc)
    if not progress.holds("mount_view"):
        progress.do("mount_view", lambda: _see_little(policy))


def _part_ipc() -> str:
    link = Path("/proc/self/ns/ipc")
    before = link.readlink()
    namespaces.unshare(namespaces.CLONE_NEWIPC)
    after = link.readlink()
    if after == before:
        raise OSError(errno.EINVAL, f"still in {after}")
    return f"{after}, before {before}"


def _see_little(policy: SandboxPolicy) -> str:
    namespaces.unshare(namespaces.CLONE_NEWNS)
    return mounts.build_view(binds(policy), policy.scratch_dir)


def _listen(progress: Progress) -> str:
    policy = progress.policy
    # A host that was handed a listening socket makes sockets of it: seccomp alone decides then.
    refuse = policy.network == "none" and not policy.keep_fds
    progress.log = audit.AuditLog(refuse_sockets=refuse)
    progress.log.install()
    sys.dont_write_bytecode = True
    return "installed"
