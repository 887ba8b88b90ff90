"""X11's idle time, by the screen saver extension.

python-xlib rather than libXss through ctypes: it needs no C library that is often missing,
and no structures declared by hand. Covers: local X servers. Does not cover: Wayland, where
Xwayland sees only input to X programs and would call a typing person idle.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kernel.scheduling.providers.background import SourceUnavailable

if TYPE_CHECKING:
    from Xlib.display import Display

SOCKET_DIR = Path("/tmp/.X11-unix")  # noqa: S108 - where every X server puts it
_LOCAL_DISPLAY = re.compile(r"^(?:unix)?:([0-9]+)(?:\.[0-9]+)?$")


class X11IdleSource:
    """One connection to the X server named by ``DISPLAY``."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._display: Display | None = None

    def open(self) -> None:
        """Connect; refuses Wayland sessions and displays of other machines."""
        name = self._environment.get("DISPLAY", "")
        if self._environment.get("WAYLAND_DISPLAY"):
            raise SourceUnavailable("a Wayland session: X11 does not see all input")
        found = _LOCAL_DISPLAY.match(name)
        if found is None:
            raise SourceUnavailable(f"DISPLAY {name!r} is not an X server of this machine")
        # Without this socket the library would try TCP.
        if not (SOCKET_DIR / f"X{found.group(1)}").exists():
            raise SourceUnavailable(f"no connection to {name}: there is no such X server")
        try:
            # At module level this would make the extra a requirement of the kernel.
            from Xlib.display import Display
        except ImportError as error:
            raise SourceUnavailable("the extra `desktop` is not installed") from error
        try:
            self._display = Display(name)
        except Exception as error:
            raise SourceUnavailable(f"no connection to {name}: {error}") from error
        if not self._display.has_extension("MIT-SCREEN-SAVER"):
            self.close()
            raise SourceUnavailable("the X server lacks the screen saver extension")

    def read_idle_s(self) -> float:
        """Ask the server."""
        display = self._display
        if display is None:
            raise SourceUnavailable("not connected")
        try:
            return float(display.screen().root.screensaver_query_info().idle) / 1000.0
        except Exception as error:
            raise SourceUnavailable(f"the X server is gone: {error}") from error

    def close(self) -> None:
        """Disconnect."""
        display, self._display = self._display, None
        if display is not None:
            # A dead server cannot be told goodbye, and raises one of many unrelated kinds.
            with contextlib.suppress(Exception):
                display.close()
