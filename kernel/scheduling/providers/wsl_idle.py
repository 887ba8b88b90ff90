"""Windows' idle time, seen from WSL through one long-lived interop process.

A PowerShell process asks GetLastInputInfo once a second and writes a line; it ends by itself
when nobody reads (a killed kernel leaves none behind). Covers: starting, reading, parsing.
Does not cover: native Windows.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import IO

from kernel.scheduling.providers.background import SourceUnavailable

POWERSHELL_FALLBACK = Path("/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe")
LINE_CHARS_MAX = 200
END_WAIT_S = 3.0
_LINE = re.compile(r"^idle_ms ([0-9]{1,10})\s*$")

# Ticks are 32 bits wide and wrap after 49.7 days: the unsigned difference is right across it.
# A failed write (the reader is gone) is an error, and any error ends the process.
SCRIPT = """
$ErrorActionPreference = 'Stop'
Add-Type @'
using System; using System.Runtime.InteropServices;
public static class LastInput {
  [StructLayout(LayoutKind.Sequential)] struct Info { public uint Size; public uint Time; }
  [DllImport("user32.dll")] static extern bool GetLastInputInfo(ref Info info);
  public static uint IdleMs() {
    var info = new Info(); info.Size = (uint)Marshal.SizeOf(info);
    if (!GetLastInputInfo(ref info)) throw new Exception("GetLastInputInfo failed");
    return unchecked((uint)Environment.TickCount - info.Time);
  }
}
'@
while ($true) {
  [Console]::Out.WriteLine('idle_ms ' + [LastInput]::IdleMs()); [Console]::Out.Flush()
  Start-Sleep -Milliseconds 1000
}
"""


def parse_line(line: str) -> float:
    """Seconds in a line of the process; raises `SourceUnavailable` for anything else."""
    found = _LINE.match(line)
    if found is None:
        raise SourceUnavailable(f"unexpected line from Windows: {line.strip()[:80]!r}")
    return int(found.group(1)) / 1000.0


def powershell_command() -> tuple[str, ...]:
    """The command that runs the script; raises `SourceUnavailable` outside WSL."""
    found = shutil.which("powershell.exe")
    program = found or (str(POWERSHELL_FALLBACK) if POWERSHELL_FALLBACK.exists() else None)
    if program is None:
        raise SourceUnavailable("there is no powershell.exe: not WSL, or interop is off")
    return (program, "-NoLogo", "-NoProfile", "-NonInteractive", "-Command", SCRIPT)


class WslIdleSource:
    """One process for as long as it lives; never one per poll."""

    def __init__(self, command: tuple[str, ...] | None = None) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def open(self) -> None:
        """Start the process."""
        command = self._command or powershell_command()
        # Windows programs warn and start slowly in a Linux folder.
        folder = "/mnt/c" if Path("/mnt/c").is_dir() else "/"
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="ascii",
                errors="replace",
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise SourceUnavailable(f"{command[0]} does not start: {error}") from error

    def read_idle_s(self) -> float:
        """Block until the next line."""
        process = self._process
        if process is None or process.stdout is None:
            raise SourceUnavailable("the process is not running")
        line = self._read_line(process.stdout)
        if not line:
            raise SourceUnavailable(f"the process ended with status {process.poll()}")
        return parse_line(line)

    def close(self) -> None:
        """End the process; this also wakes a blocked read."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        try:
            process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            # It is in the hands of Windows; it ends at its next write, nobody reads any more.
            pass
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def _read_line(self, stream: IO[str]) -> str:
        try:
            return stream.readline(LINE_CHARS_MAX)
        except ValueError as error:
            # Closed under the blocked read by `close`.
            raise SourceUnavailable("the process was ended") from error
