"""The idle hint of systemd-logind: all sessions of the machine are idle, since when.

A hint, not a measurement: desktops raise it after their own delay, some never. It decides
only where nothing measures. Covers: reading it over D-Bus (jeepney: pure Python, no process
per poll). Does not cover: inhibitors.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kernel.scheduling.providers.background import SourceUnavailable

if TYPE_CHECKING:
    from jeepney.io.blocking import DBusConnection

REPLY_TIMEOUT_S = 2.0
BUS_SOCKET = "/run/dbus/system_bus_socket"


class LogindIdleSource:
    """One connection to the system bus."""

    def __init__(
        self,
        bus_address: str | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus_address = bus_address
        self._monotonic_s = monotonic_s
        self._connection: DBusConnection | None = None

    def open(self) -> None:
        """Connect and read the hint once, so that a machine without logind is found out."""
        if self._bus_address is None and not os.path.exists(BUS_SOCKET):  # noqa: PTH110 - a socket name
            raise SourceUnavailable("there is no system bus")
        try:
            from jeepney.io.blocking import open_dbus_connection
        except ImportError as error:
            raise SourceUnavailable("the extra `desktop` is not installed") from error
        try:
            self._connection = open_dbus_connection(bus=self._bus_address or "SYSTEM")
        except Exception as error:
            raise SourceUnavailable(f"no connection to the system bus: {error}") from error
        try:
            self.read_idle_s()
        except SourceUnavailable:
            self.close()
            raise

    def read_idle_s(self) -> float:
        """Seconds since the hint was raised; 0 while it is not."""
        if not self._get("IdleHint"):
            return 0.0
        since_us = self._get("IdleSinceHintMonotonic")
        return max(0.0, self._monotonic_s() - int(since_us) / 1e6)

    def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _get(self, name: str) -> Any:  # noqa: ANN401 - a D-Bus variant
        from jeepney import DBusAddress, MessageType, Properties

        connection = self._connection
        if connection is None:
            raise SourceUnavailable("not connected")
        manager = DBusAddress(
            "/org/freedesktop/login1",
            bus_name="org.freedesktop.login1",
            interface="org.freedesktop.login1.Manager",
        )
        try:
            reply = connection.send_and_get_reply(
                Properties(manager).get(name), timeout=REPLY_TIMEOUT_S
            )
        except Exception as error:
            raise SourceUnavailable(f"logind does not answer: {error}") from error
        if reply.header.message_type is not MessageType.method_return:
            raise SourceUnavailable(f"logind refuses: {reply.body}")
        return reply.body[0][1]
