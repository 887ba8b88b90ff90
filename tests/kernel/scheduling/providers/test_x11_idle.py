"""X11's idle time against a real X server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.scheduling.providers.background import SourceUnavailable
from kernel.scheduling.providers.x11_idle import X11IdleSource


@pytest.fixture
def display(tmp_path: Path) -> Iterator[str]:
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed (Debian: xvfb)")
    pytest.importorskip("Xlib", reason="the extra `desktop` is not installed")
    with (tmp_path / "number").open("w+") as number:
        server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(number.fileno()),
                "-nolisten",
                "tcp",
                "-screen",
                "0",
                "64x64x24",
            ],
            pass_fds=[number.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            tick = threading.Event()
            for _ in range(1_000):
                if (tmp_path / "number").read_text().endswith("\n"):
                    break
                tick.wait(0.02)
            yield ":" + (tmp_path / "number").read_text().strip()
        finally:
            server.terminate()
            server.wait(10)


def test_input_brings_the_idle_time_back_to_nothing(display: str) -> None:
    from Xlib import X
    from Xlib.display import Display
    from Xlib.ext import xtest

    source = X11IdleSource({"DISPLAY": display})
    source.open()
    tick = threading.Event()
    while source.read_idle_s() < 0.5:
        tick.wait(0.05)
    typist = Display(display)
    xtest.fake_input(typist, X.MotionNotify, x=5, y=5)
    typist.sync()
    assert source.read_idle_s() < 0.5
    typist.close()
    source.close()
    source.close()


def test_a_server_that_dies_is_unavailable_and_not_an_accident(display: str) -> None:
    from Xlib.display import Display

    source = X11IdleSource({"DISPLAY": display})
    source.open()
    assert source._display is not None
    other = Display(display)
    other.close()
    source._display.display.socket.close()
    with pytest.raises(SourceUnavailable):
        source.read_idle_s()
    source.close()


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({}, "not an X server of this machine"),
        ({"DISPLAY": "elsewhere:0"}, "not an X server of this machine"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "Wayland"),
        ({"DISPLAY": ":5999"}, "no connection"),
    ],
)
def test_where_x11_cannot_tell_it_says_why(environment: dict[str, str], word: str) -> None:
    pytest.importorskip("Xlib", reason="the extra `desktop` is not installed")
    with pytest.raises(SourceUnavailable, match=word):
        X11IdleSource(environment).open()
