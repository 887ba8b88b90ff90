"""From what was done and what the denial tests found to one state per layer.

Covers: which attempt proves which layer. Does not cover: the attempts (`self_test`), the level
(`report`). A layer whose step went well but whose attempt was not refused is not enforced; one
that nothing can be tried against is read back from the system, and its proof says so.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from contracts.launch import LAYERS, SandboxPolicy
from plugin_host.sandbox import capabilities, landlock, self_test, syscalls
from plugin_host.sandbox.audit import AuditLog
from plugin_host.sandbox.report import LayerReport, State
from plugin_host.sandbox.self_test import Attempt

Facts = dict[str, str]
SHELL: Final = "/bin/sh"


def judge(policy: SandboxPolicy, notes: Facts, errors: Facts) -> list[LayerReport]:
    """Every layer but the audit hook, in the order of `contracts.launch.LAYERS`."""
    found = {name: test(policy, notes) for name, test in _TESTS.items()}
    reports = []
    for name in LAYERS:
        if name not in found:
            continue
        state, proof, reason = found[name]
        reports.append(LayerReport(name, state, proof, errors.get(name, "") or reason))
    return reports


def judge_audit_hook(log: AuditLog | None, errors: Facts) -> LayerReport:
    """Whether the hook saw a network socket being asked for."""
    if log is None:
        return LayerReport("audit_hook", "missing", reason=errors.get("audit_hook", ""))

    def ask() -> None:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()

    answer = self_test.attempt("socket", ask).code or "made"
    seen = log.counts().get("socket.__new__", 0)
    return LayerReport("audit_hook", "enforced" if seen else "missing", f"{seen} seen, {answer}")


Verdict = tuple[State, str, str]


def _denied(*attempts: Attempt) -> Verdict:
    """Enforced when every attempt was refused; else missing, naming those that went through."""
    proof = ", ".join(f"{item.name} -> {item.code}" for item in attempts if item.denied)
    open_ones = [item.name for item in attempts if not item.denied]
    if not open_ones:
        return "enforced", proof, ""
    return "missing", proof, f"not refused: {', '.join(open_ones)}"


def _read_back(text: str) -> str:
    """The proof of what cannot be tried, or not without harm: what the system says of itself."""
    return f"read back: {text}"


def _service_uid(_policy: SandboxPolicy, _notes: Facts) -> Verdict:
    ids = os.getresuid()
    if 0 in ids or 0 in os.getresgid():
        return "missing", f"uids {ids}", "still root"
    back = self_test.attempt("setuid 0", lambda: os.setuid(0))
    state, proof, reason = _denied(back)
    return state, f"uid {ids[0]}, {proof}", reason


def _session(_policy: SandboxPolicy, _notes: Facts) -> Verdict:
    session = os.getsid(0)
    proof = _read_back(f"session {session}, pid {os.getpid()}")
    if session == os.getpgrp() == os.getpid():
        return "enforced", proof, ""
    if session == os.getpgrp() == os.getppid():
        return "enforced", f"{proof}, led by the guard", ""
    return "missing", proof, "neither its own leader nor below the guard"


def _parent_death(_policy: SandboxPolicy, notes: Facts) -> Verdict:
    if "parent_death" not in notes:
        return "missing", "", ""
    number = syscalls.parent_death_signal()
    proof = _read_back(f"parent {os.getppid()}, signal {number} at its end")
    return ("enforced" if number == signal.SIGKILL else "missing"), proof, ""


def _rlimits(policy: SandboxPolicy, _notes: Facts) -> Verdict:
    data = resource.getrlimit(resource.RLIMIT_DATA)[1]
    core = resource.getrlimit(resource.RLIMIT_CORE)[1]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    holds = 0 <= data <= policy.data_bytes_max and core == 0 and files <= policy.nofile_max
    told = f"DATA {data >> 20 if data > 0 else 'unlimited'} MiB, NOFILE {files}, CORE {core}"
    return ("enforced" if holds else "missing"), _read_back(told), ""


def _process_limit(policy: SandboxPolicy, notes: Facts) -> Verdict:
    limit = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    proof = _read_back(f"NPROC {limit}")
    if not 0 <= limit <= policy.nproc_max:
        return "missing", proof, ""
    if "user_namespace" not in notes:
        return "degraded", proof, "counts all processes of this user, not of this host alone"
    state, tried, _ = _denied(self_test.try_one_process_too_many())
    if state != "enforced":
        return "degraded", proof, "a process more was made: for the system this user is uid 0"
    return state, f"{proof}, {tried}", ""


def _user_namespace(_policy: SandboxPolicy, notes: Facts) -> Verdict:
    if "user_namespace" not in notes:
        return "missing", "", ""
    return "enforced", _read_back(notes["user_namespace"]), ""


def _network_namespace(policy: SandboxPolicy, notes: Facts) -> Verdict:
    if policy.network != "none":
        return "missing", "", "the policy grants loopback"
    code = notes.get("network_namespace", "")
    return ("enforced", f"route -> {code}", "") if code else ("missing", "", "")


def _ipc_namespace(_policy: SandboxPolicy, notes: Facts) -> Verdict:
    if "ipc_namespace" not in notes:
        return "missing", "", ""
    return "enforced", _read_back(notes["ipc_namespace"]), ""


def has_pid_namespace(policy: SandboxPolicy) -> bool:
    """Whether this process lives in another process namespace than the kernel."""
    # The number of a process proves nothing: the kernel may well be pid 1 of a container.
    own = str(Path("/proc/self/ns/pid").readlink())
    return bool(policy.kernel_pid_namespace) and own != policy.kernel_pid_namespace


def _pid_namespace(policy: SandboxPolicy, _notes: Facts) -> Verdict:
    if has_pid_namespace(policy):
        told = f"{Path('/proc/self/ns/pid').readlink()}, own pid {os.getpid()}"
        return "enforced", _read_back(told), ""
    return "missing", "", "the same as the kernel's"


def _signals(policy: SandboxPolicy, notes: Facts) -> Verdict:
    state, proof, _ = _pid_namespace(policy, notes)
    if state == "enforced":
        return state, f"{proof}, where the kernel has no number", ""
    return _denied(self_test.try_signal(policy.kernel_pid))


def _mount_view(policy: SandboxPolicy, notes: Facts) -> Verdict:
    if "mount_view" not in notes:
        return "missing", "", ""
    hidden = [self_test.try_see(path) for path in policy.decoy_paths]
    hidden += [self_test.try_see_original(path) for path in policy.hide_paths]
    return _denied(*hidden, self_test.try_change_times(__file__))


def _capabilities(_policy: SandboxPolicy, _notes: Facts) -> Verdict:
    held = capabilities.held()
    state: State = "missing" if held else "enforced"
    return state, _read_back(f"sets {held:#x}"), "capabilities are left" if held else ""


def _no_new_privs(_policy: SandboxPolicy, _notes: Facts) -> Verdict:
    value = syscalls.prctl(syscalls.PR_GET_NO_NEW_PRIVS)
    return ("enforced" if value == 1 else "missing"), _read_back(f"prctl -> {value}"), ""


def _landlock(policy: SandboxPolicy, notes: Facts) -> Verdict:
    attempts = [self_test.try_list_root(), self_test.try_create(policy.ipc_dir, ".probe")]
    attempts += [self_test.try_read(path) for path in policy.decoy_paths]
    attempts += [self_test.try_run(SHELL), self_test.try_run_from(policy.scratch_dir)]
    state, proof, reason = _denied(*attempts)
    if state == "enforced" and not self_test.try_create(policy.scratch_dir, ".probe").denied:
        version = landlock_version(notes)
        if version < landlock.ABI_TRUNCATE:
            return "degraded", proof, f"ABI {version}: truncation is left to seccomp"
        return state, f"ABI {version}, {proof}", reason
    return "missing", proof, reason or "the scratch dir is not writable"


def landlock_version(notes: Facts) -> int:
    """The ABI that `landlock.restrict` noted; 0 without."""
    return int(notes.get("landlock", "ABI 0").removeprefix("ABI "))


def _seccomp(_policy: SandboxPolicy, notes: Facts) -> Verdict:
    if "seccomp" not in notes:
        return "missing", "", ""
    return _denied(*self_test.try_sockets(("netlink", "vsock")), *self_test.try_kernel_calls())


def _network(policy: SandboxPolicy, _notes: Facts) -> Verdict:
    if policy.network == "loopback":
        state, proof, reason = _denied(*self_test.try_sockets(("inet", "inet6", "netlink")))
        if state != "enforced":
            return state, proof, reason
        return "degraded", proof, "TCP by port only: no layer here judges the address"
    return _denied(*self_test.try_sockets(("inet", "inet6", "netlink", "packet")))


def _not_dumpable(_policy: SandboxPolicy, _notes: Facts) -> Verdict:
    value = syscalls.prctl(syscalls.PR_GET_DUMPABLE)
    return ("enforced" if value == 0 else "missing"), _read_back(f"prctl -> {value}"), ""


def _affinity(policy: SandboxPolicy, notes: Facts) -> Verdict:
    cpus = sorted(os.sched_getaffinity(0))
    if not policy.affinity:
        return "missing", f"cpus {cpus}", "the policy names no cores"
    if cpus != sorted(policy.affinity):
        return "missing", f"cpus {cpus}", f"not cpus {sorted(policy.affinity)}"
    if "seccomp" not in notes:
        return "degraded", _read_back(f"cpus {cpus}"), "the host can change it"
    return _denied(self_test.try_more_cores(frozenset(cpus)))


_TESTS: Final[dict[str, Callable[[SandboxPolicy, Facts], Verdict]]] = {
    "service_uid": _service_uid,
    "session": _session,
    "parent_death": _parent_death,
    "rlimits": _rlimits,
    "user_namespace": _user_namespace,
    "network_namespace": _network_namespace,
    "ipc_namespace": _ipc_namespace,
    "pid_namespace": _pid_namespace,
    "mount_view": _mount_view,
    "process_limit": _process_limit,
    "capabilities": _capabilities,
    "no_new_privs": _no_new_privs,
    "landlock": _landlock,
    "seccomp": _seccomp,
    "not_dumpable": _not_dumpable,
    "network": _network,
    "signals": _signals,
    "affinity": _affinity,
}
