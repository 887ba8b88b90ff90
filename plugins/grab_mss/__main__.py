"""``python -m plugins.grab_mss INBOX``: grab the screen into an inbox until interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import mss
import mss.exception

from plugins.grab_mss.cadence import Cadence
from plugins.grab_mss.grabber import Grabber
from plugins.grab_mss.shots import Shot


class MssScreen:
    """The monitors of the X11 display in ``$DISPLAY``."""

    def __init__(self) -> None:
        self._mss = mss.MSS()

    def count(self) -> int:
        """How many monitors there are now."""
        # The first entry is all of them together.
        return len(self._mss.monitors) - 1

    def grab(self, monitor: int) -> tuple[Shot, Callable[[], bytes]]:
        """The picture of one monitor; converting it to RGB costs, so that comes on demand."""
        picture = self._mss.grab(self._mss.monitors[monitor + 1])
        shot = Shot(monitor, picture.width, picture.height, bytes(picture.raw))
        return shot, lambda: bytes(picture.rgb)


def main(arguments: list[str] | None = None) -> int:
    """Grab until SIGINT or SIGTERM; 2 when there is no screen to grab, or no inbox."""
    parser = argparse.ArgumentParser(prog="python -m plugins.grab_mss", description=__doc__)
    parser.add_argument("inbox", type=Path, help="the kernel's inbox folder (DATA_DIR/inbox)")
    parser.add_argument(
        "--supervised", action="store_true", help="follow the lines on standard input; end with it"
    )
    options = parser.parse_args(arguments)
    inbox: Path = options.inbox
    if not inbox.is_dir():
        _say(f"{inbox} is no folder: start the kernel first, it makes its inbox")
        return 2
    try:
        grabber = Grabber(MssScreen(), inbox, say=_say)
    except mss.exception.ScreenShotError as error:
        _say(f"there is no screen to grab: {error}")
        return 2
    cadence = Cadence()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: cadence.end())
    if options.supervised:
        threading.Thread(target=cadence.hear, args=(sys.stdin,), daemon=True).start()
    _say(f"grabbing into {inbox}; stop with Ctrl-C")
    grabber.run(cadence)
    _say(f"{grabber.tally.looks} looks, {grabber.tally.written} pictures written")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"grab_mss: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
