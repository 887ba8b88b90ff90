"""logind's hint over a real bus, with a stand-in for logind on it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.scheduling.providers.background import SourceUnavailable
from kernel.scheduling.providers.logind_idle import LogindIdleSource

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/>
<allow own="*"/></policy></busconfig>"""


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[str]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    pytest.importorskip("jeepney", reason="the extra `desktop` is not installed")
    (tmp_path / "bus.conf").write_text(CONFIG.format(path=tmp_path / "bus"))
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={tmp_path / 'bus.conf'}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
    finally:
        daemon.terminate()
        daemon.wait(10)
        if daemon.stdout is not None:
            daemon.stdout.close()


class FakeLogind:
    """Owns logind's name and answers Get from a table."""

    def __init__(self, address: str, properties: dict[str, tuple[str, Any]]) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import Proxy, open_dbus_connection

        self.properties = properties
        self._connection = open_dbus_connection(bus=address)
        Proxy(message_bus, self._connection).RequestName("org.freedesktop.login1")
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import MessageType, new_error, new_method_return

        while True:
            message = self._connection.receive()
            if message.header.message_type is not MessageType.method_call:
                continue
            _, name = message.body
            if name == "Stop":
                self._connection.close()
                return
            if name in self.properties:
                reply = new_method_return(message, "v", (self.properties[name],))
            else:
                reply = new_error(message, "org.freedesktop.DBus.Error.UnknownProperty")
            self._connection.send(reply)

    def stop(self, address: str) -> None:
        from jeepney import DBusAddress, Properties
        from jeepney.io.blocking import open_dbus_connection

        asking = open_dbus_connection(bus=address)
        manager = DBusAddress("/x", bus_name="org.freedesktop.login1", interface="x.y")
        asking.send(Properties(manager).get("Stop"))
        self._thread.join(10)
        asking.close()


def test_the_hint_and_its_beginning_become_idle_time(bus: str) -> None:
    logind = FakeLogind(
        bus, {"IdleHint": ("b", False), "IdleSinceHintMonotonic": ("t", 1_000_000_000)}
    )
    source = LogindIdleSource(bus, monotonic_s=lambda: 1_450.0)
    source.open()
    assert source.read_idle_s() == 0.0
    logind.properties["IdleHint"] = ("b", True)
    assert source.read_idle_s() == 450.0
    logind.stop(bus)
    with pytest.raises(SourceUnavailable):
        source.read_idle_s()
    source.close()


def test_a_bus_without_logind_is_found_out_when_opened(bus: str) -> None:
    with pytest.raises(SourceUnavailable, match="logind"):
        LogindIdleSource(bus).open()


def test_no_bus_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="system bus"):
        LogindIdleSource(f"unix:path={tmp_path / 'none'}").open()
