"""The host pool: a hard cap, one lifecycle per host, death noticed at once.

A single thread owns the pool: it polls the sockets and exit descriptors, feeds what happened
to the pure lifecycle and carries out what that decides. The cap counts every host that is
not reaped yet, starting and stopping ones included, and is checked before each spawn.

Covers: mechanism. Does not cover: which plugin deserves a host and which task goes first
(`kernel.pipeline.dispatcher`), how a host is started (`process`, `inprocess`), what hosts
say (`hearing`), which of their time counts (`fair_time`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, assert_never

import zmq

from contracts.wire import CancelTask, Drain, RunTask
from kernel.config.errors import KernelError
from kernel.supervision import lifecycle
from kernel.supervision.channel import Expected, HostChannel
from kernel.supervision.crashes import CrashBook
from kernel.supervision.fair_time import FairTime
from kernel.supervision.hearing import Hearing
from kernel.supervision.pool_events import HostDied, HostStatus, PoolEvent, PoolTask, TaskLost
from kernel.supervision.pool_settings import PoolSettings, Quarantine
from kernel.supervision.pool_slot import Slot
from kernel.supervision.processor_wait import WaitMeter
from kernel.supervision.runner import Launcher, PluginRecord, SpawnRequest

TICK_S = 0.02
"""Alarms are looked at and output is read no more often than this, however busy the sockets are:
deaths and messages are handled by themselves."""


class HostPool:
    """All hosts of one kernel. Not thread-safe: one thread calls everything."""

    def __init__(
        self,
        *,
        context: zmq.Context[zmq.Socket[bytes]],
        poller: zmq.Poller,
        settings: PoolSettings,
        launcher_of: Callable[[PluginRecord], Launcher],
        quarantine: Quarantine,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._poller = poller
        self._settings = settings
        self._launcher_of = launcher_of
        self._quarantine = quarantine
        self._now_s = now_s
        self._slots: dict[str, Slot] = {}
        self._by_fd: dict[object, str] = {}
        self._events: list[PoolEvent] = []
        self._frozen = False
        self._tick_at_s = 0.0
        self._born = 0
        self._crashes = CrashBook(settings.restart, quarantine, now_s)
        self._hearing = Hearing(settings, feed=self._feed, tell=self._tell, now_s=now_s)
        self._fair_time = FairTime(
            settings.limits, feed=self._feed, tell=self._tell, listen=self._hearing.listen
        )

    # --- what the owner asks -------------------------------------------------------------

    def free_slots(self) -> int:
        """How many hosts may still be started under the cap."""
        return self._settings.max_hosts - len(self._slots)

    def may_start(self, plugin_id: str) -> bool:
        """Whether cap, backoff and quarantine allow a host for this plugin now."""
        return self.free_slots() > 0 and self._crashes.allows(plugin_id)

    def start_host(self, plugin: PluginRecord, config: dict[str, Any]) -> str:
        """Start a host for the plugin and return its id.

        Raises `KernelError`: ``pool-full`` at the cap, ``plugin-quarantined``, or what the
        launcher says when it cannot start one: ``host-not-started``. No code of the plugin ran
        then, so it is no crash; the next try waits as after one.
        """
        assert not self._frozen, "a host was to be started while all stand still"
        if self.free_slots() <= 0:
            raise KernelError("pool-full", f"all {self._settings.max_hosts} hosts are in use")
        if self._quarantine.contains(plugin.plugin_id):
            raise KernelError(
                "plugin-quarantined",
                f"plugin {plugin.plugin_id} is quarantined after repeated crashes",
                hint=f"run: kernel plugins quarantine --lift {plugin.plugin_id}",
            )
        now_s = self._now_s()
        self._born += 1
        host_id = f"h{self._born}-{secrets.token_hex(4)}"
        launcher = self._launcher_of(plugin)
        try:
            slot = self._spawn(host_id, plugin, launcher, config, now_s)
        except (KernelError, OSError, zmq.ZMQError) as error:
            launcher.release(host_id)
            self._crashes.hinder(plugin.plugin_id, _reason(error))
            raise _not_started(plugin, error) from error
        self._crashes.note_started(plugin.plugin_id)
        self._slots[host_id] = slot
        self._watch(slot.channel.socket, host_id)
        self._watch(slot.runner.exit_fd, host_id)
        return host_id

    def assign(self, host_id: str, task: PoolTask) -> bool:
        """Send the task to a ready host; False when the host cannot take it (anymore)."""
        slot = self._slots.get(host_id)
        if slot is None or slot.host.state != "ready":
            return False
        message = RunTask(
            task_id=task.task_id,
            attempt=task.attempt,
            stage=task.stage,
            config=task.config,
            inputs=task.inputs,
            deadline_ms=max(1, int(task.timeout_s * 1000)),
            roles=task.roles,
        )
        if not slot.channel.send(message, task.payload):
            return False
        self._feed(slot, lifecycle.Assigned(task.task_id, task.timeout_s))
        return True

    def stop_host(self, host_id: str, cause: str, *, now: bool = False) -> None:
        """Let the host finish and leave, or (``now``) climb down the ladder at once."""
        slot = self._slots.get(host_id)
        if slot is not None:
            self._feed(slot, lifecycle.StopRequested(cause, now=now))

    def kill_host(self, host_id: str, cause: str, *, blame: bool) -> None:
        """End the host at once; ``blame``: it counts as a crash of its plugin."""
        slot = self._slots.get(host_id)
        if slot is not None:
            self._feed(slot, lifecycle.StopRequested(cause, now=True, commanded=not blame))
            slot.runner.kill()

    def memory_caps(self) -> dict[str, int]:
        """Each host's own memory limit in bytes."""
        return {host_id: slot.plugin.memory_bytes_max for host_id, slot in self._slots.items()}

    @property
    def is_frozen(self) -> bool:
        """Whether all hosts are stopped."""
        return self._frozen

    def freeze_host(self, host_id: str) -> None:
        """Stop one host where it stands (the duty cycle); nothing when it is gone."""
        slot = self._slots.get(host_id)
        if slot is not None:
            slot.is_still = slot.runner.freeze()
            self._feed(slot, lifecycle.Froze())

    def thaw_host(self, host_id: str) -> None:
        """Let one host go on, unless all are stopped."""
        slot = self._slots.get(host_id)
        if slot is not None and not self._frozen:
            slot.runner.thaw()
            self._feed(slot, lifecycle.Thawed())

    def freeze(self) -> None:
        """Stop every host where it stands: the person is back.

        Repeat it while they stand still: a host that may not stand still whole is seen to again.
        One that did not say hello yet is ended: its processes are about to be made.
        """
        is_new, self._frozen = not self._frozen, True
        for slot in tuple(self._slots.values()):
            if slot.hello is None and slot.runner.hosting == "subprocess":
                self.kill_host(slot.host.host_id, "it was starting", blame=False)
            elif is_new or not slot.is_still:
                slot.is_still = slot.runner.freeze()
        if is_new:
            for slot in self._slots.values():
                self._feed(slot, lifecycle.Froze())

    def thaw(self) -> None:
        """Let every host go on. Repeating it does nothing."""
        if not self._frozen:
            return
        self._frozen = False
        for slot in self._slots.values():
            slot.runner.thaw()
            self._feed(slot, lifecycle.Thawed())

    @property
    def crashes(self) -> dict[str, int]:
        """Crashes of each plugin's hosts since this pool was made."""
        return self._crashes.counts()

    @property
    def start_problem(self) -> str:
        """Why no host can be started now though one was wanted; empty when nothing hinders."""
        return self._crashes.hindrance

    def child_pids(self) -> tuple[int, ...]:
        """Our direct children among the hosts' processes: their exit is ours to read."""
        return tuple(slot.runner.pids[0] for slot in self._slots.values() if slot.runner.pids)

    def statuses(self) -> tuple[HostStatus, ...]:
        """All hosts, oldest first."""
        return tuple(slot.status(self._now_s()) for slot in self._slots.values())

    # --- the loop ------------------------------------------------------------------------

    def handle(self, ready: Iterable[tuple[object, int]]) -> list[PoolEvent]:
        """Take in what the poller found, look at the alarms, return what happened."""
        for key, _ in ready:
            host_id = self._by_fd.get(key)
            slot = self._slots.get(host_id) if host_id is not None else None
            if slot is None:
                continue
            if key is slot.channel.socket:
                self._hearing.listen(slot)
            else:
                self._bury(slot)
        self._tick()
        events, self._events = self._events, []
        return events

    def shutdown(self, deadline_s: float) -> list[PoolEvent]:
        """Stop every host and wait until all are gone; KILL when the deadline is near."""
        events: list[PoolEvent] = []
        for slot in list(self._slots.values()):
            self._feed(slot, lifecycle.StopRequested("the kernel stops", now=True))
        end_s, killed = self._now_s() + deadline_s, False
        while self._slots and self._now_s() < end_s:
            if not killed and self._now_s() > end_s - deadline_s * 0.6:
                killed = True
                for slot in self._slots.values():
                    slot.runner.kill()
            events += self.handle(self._poller.poll(50))
        return events

    # --- inside --------------------------------------------------------------------------

    def _tick(self) -> None:
        now_s = self._now_s()
        if now_s < self._tick_at_s:
            return
        self._tick_at_s = now_s + TICK_S
        slots = list(self._slots.values())
        self._fair_time.note_turn(slots, now_s)
        for slot in slots:
            if slot.is_ending:
                self._bury(slot)
                continue
            slot.runner.drain_output()
            self._fair_time.look(slot, now_s)
            self._feed(slot, lifecycle.Ticked())

    def _spawn(
        self,
        host_id: str,
        plugin: PluginRecord,
        launcher: Launcher,
        config: dict[str, Any],
        now_s: float,
    ) -> Slot:
        token = secrets.token_hex(32)
        endpoint = launcher.endpoint(host_id)
        expected = Expected(
            host_id=host_id,
            token=token,
            contracts_lock=self._settings.contracts_lock,
            plugins_lock=self._settings.plugins_lock,
            plugin_id=plugin.plugin_id,
            plugin_version=plugin.version,
            plugin_digest=plugin.digest,
            uid=launcher.uid(),
        )
        channel = HostChannel(self._context, endpoint, expected)
        request = SpawnRequest(
            host_id=host_id,
            token=token,
            endpoint=endpoint,
            plugin=plugin,
            contracts_lock=self._settings.contracts_lock,
            plugins_lock=self._settings.plugins_lock,
            config=config,
            affinity=self._settings.affinity,
        )
        try:
            runner = launcher.spawn(request, self._context)
        except BaseException:
            channel.close()
            raise
        host = lifecycle.new_host(host_id, plugin.plugin_id, now_s, self._settings.limits)
        return Slot(host, plugin, runner, channel, launcher, born_s=now_s, waiting=WaitMeter(now_s))

    def _tell(self, event: PoolEvent) -> None:
        self._events.append(event)

    def _watch(self, key: zmq.Socket[bytes] | int, host_id: str) -> None:
        self._poller.register(key, zmq.POLLIN)
        self._by_fd[key] = host_id

    def _unwatch(self, key: zmq.Socket[bytes] | int) -> None:
        if self._by_fd.pop(key, None) is not None:
            self._poller.unregister(key)

    def _feed(self, slot: Slot, event: lifecycle.Event) -> None:
        slot.host, instructions = lifecycle.step(
            slot.host, event, self._now_s(), self._settings.limits
        )
        for instruction in instructions:
            self._carry_out(slot, instruction)

    def _carry_out(self, slot: Slot, instruction: lifecycle.Instruction) -> None:
        match instruction:
            case lifecycle.SendDrain():
                slot.channel.send(Drain())
            case lifecycle.SendCancel():
                slot.channel.send(CancelTask(task_id=instruction.task_id))
            case lifecycle.Terminate():
                slot.runner.terminate()
            case lifecycle.Kill():
                slot.runner.kill()
                if slot.is_hung:
                    self._note_hung(slot)
            case lifecycle.Thaw():
                self._let_go(slot)
            case lifecycle.Requeue():
                self._events.append(
                    TaskLost(
                        slot.host.host_id,
                        slot.plugin.plugin_id,
                        instruction.task_id,
                        instruction.cause,
                        blame=instruction.blame,
                    )
                )
            case lifecycle.ReportDeath():
                self._report_death(slot, instruction)
            case _:
                assert_never(instruction)

    def _note_hung(self, hung: Slot) -> None:
        """A thread gives no way: its plugin goes on in processes, its other threads leave."""
        hung.launcher.note_hung(hung.plugin.plugin_id)
        self._feed(hung, lifecycle.GaveNoWay())
        for slot in self._slots.values():
            if slot.launcher is hung.launcher and slot.plugin.plugin_id == hung.plugin.plugin_id:
                self._feed(slot, lifecycle.StopRequested("another thread of its plugin hangs"))

    def _let_go(self, slot: Slot) -> None:
        """A stopped host shall leave: it may run for that, but not while the person works."""
        if not self._frozen:
            slot.runner.thaw()
        elif slot.runner.hosting == "subprocess":
            slot.runner.kill()
        # A thread listens though its plugin is held, and leaves by the message that follows.

    def _bury(self, slot: Slot) -> None:
        """The exit descriptor is readable: read the last messages, then reap.

        Not before the last of what the host forked is gone: until then it keeps its place, and is
        looked at with each tick.
        """
        self._hearing.listen(slot)
        if not slot.runner.has_ended():
            slot.is_ending = True
            self._unwatch(slot.runner.exit_fd)
            return
        self._unwatch(slot.channel.socket)
        self._unwatch(slot.runner.exit_fd)
        facts = slot.runner.finish()
        if not slot.host.cause:
            slot.host = lifecycle.with_cause(slot.host, slot.fault or facts.describe())
        self._feed(slot, lifecycle.Exited())
        slot.channel.close()
        slot.launcher.release(slot.host.host_id)
        del self._slots[slot.host.host_id]

    def _report_death(self, slot: Slot, death: lifecycle.ReportDeath) -> None:
        lived_s = self._now_s() - slot.born_s
        plugin_id = slot.plugin.plugin_id
        self._events.append(
            HostDied(slot.host.host_id, plugin_id, death.cause, death.crashed, lived_s)
        )
        if death.crashed:
            self._count_crash(plugin_id, death.cause, lived_s)

    def _count_crash(self, plugin_id: str, cause: str, lived_s: float) -> None:
        quarantined = self._crashes.note(plugin_id, cause, lived_s)
        if quarantined is not None:
            self._events.append(quarantined)


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, KernelError) else str(error)


def _not_started(plugin: PluginRecord, error: Exception) -> KernelError:
    if isinstance(error, KernelError):
        return error
    return KernelError(
        "host-not-started",
        f"a host of {plugin.plugin_id} was not started: {error}",
        hint="run: kernel doctor",
    )
