"""A real Chromium over its debugging pipe: pages are loaded, watched and measured.

No port is opened and no driver library is needed: the protocol is JSON, ended by a NUL, on file
descriptors 3 and 4.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
DEADLINE_S = 60.0


def find_browser() -> str | None:
    """The program, if this machine has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Browser:
    """One tab. ``events`` holds everything that the browser told since the start."""

    to_browser: int
    from_browser: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _buffer: bytes = b""
    _number: int = 0

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Ask for something; returns its result. Raises `RuntimeError` for a refusal."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer.get("result", {})
                return result
            self.events.append(answer)

    def wait_for(self, method: str) -> None:
        """Until the browser tells this after now."""
        while True:
            event = self._read()
            self.events.append(event)
            if event.get("method") == method:
                return

    def open(self, page: Path) -> None:
        """Load a page in the tab and wait until it is loaded."""
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("Page.loadEventFired")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - JSON
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def told(self, method: str) -> list[dict[str, Any]]:
        """Parameters of all events of this name."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def _read(self) -> dict[str, Any]:
        end_s = time.monotonic() + DEADLINE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self.from_browser], [], [], end_s - time.monotonic())
            data = os.read(self.from_browser, 1 << 16) if ready else b""
            if not data:
                raise RuntimeError("the browser ended or says nothing")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found


@contextlib.contextmanager
def start_browser(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, ended at the end."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    # The shell puts the pipes where the browser looks for them.
    command = (
        f'exec "$0" --headless --no-sandbox --disable-gpu --no-first-run --disable-extensions '
        f'--user-data-dir="$1" --remote-debugging-pipe about:blank '
        # By name: dash duplicates single digits only.
        f"3</proc/self/fd/{in_read} 4>/proc/self/fd/{out_write}"
    )
    process = subprocess.Popen(
        ["/bin/sh", "-c", command, program, str(profile)],
        pass_fds=(in_read, out_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(in_read)
    os.close(out_write)
    try:
        browser = Browser(in_write, out_read)
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        attached = browser.call("Target.attachToTarget", targetId=target, flatten=True)
        browser.session = attached["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            browser.call(f"{domain}.enable")
        yield browser
    finally:
        os.close(in_write)
        os.close(out_read)
        process.terminate()
        try:
            process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
