"""Sources that may block, crash or fall silent, and the process that speaks for Windows."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from kernel.scheduling.providers.background import BackgroundProvider, SourceUnavailable
from kernel.scheduling.providers.wsl_idle import SCRIPT, WslIdleSource, parse_line

WAIT_S = 20.0


def until(condition: Callable[[], bool]) -> None:
    """Poll against a deadline; the condition speaks of another thread or process."""
    end_s = time.monotonic() + WAIT_S
    tick = threading.Event()
    while not condition():
        assert time.monotonic() < end_s, "did not come true in time"
        tick.wait(0.01)


@contextmanager
def running(provider: BackgroundProvider) -> Iterator[BackgroundProvider]:
    try:
        until(lambda: provider.probe() == "")
        yield provider
    finally:
        provider.close()


class SourceThatComes:
    """Not here until it is; its `open` may hang, too."""

    def __init__(self) -> None:
        self.is_here, self.lets_open = threading.Event(), threading.Event()

    def open(self) -> None:
        self.lets_open.wait()
        if not self.is_here.is_set():
            raise SourceUnavailable("not here")

    def read_idle_s(self) -> float:
        return 1.0

    def close(self) -> None:
        self.lets_open.set()


def test_a_source_that_comes_later_is_found_without_being_waited_for() -> None:
    source = SourceThatComes()
    provider = BackgroundProvider("fake", source, precise=True, probe_delay_s=0.02)
    try:
        assert provider.probe() is None, "it hangs: nobody knows yet"
        source.lets_open.set()
        until(lambda: provider.probe() == "not here")
        source.is_here.set()
        until(lambda: provider.probe() == "")
        until(lambda: provider.read(0.0).idle_s == 1.0)
    finally:
        provider.close()


class ScriptedSource:
    """Answers from a list; an exception in it is raised."""

    def __init__(self, *answers: float | Exception) -> None:
        self.answers = list(answers)
        self.opened = 0
        self.blocked = threading.Event()

    def open(self) -> None:
        self.opened += 1

    def read_idle_s(self) -> float:
        if not self.answers:
            self.blocked.wait()
            raise SourceUnavailable("closed")
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        if not self.answers:
            self.blocked.set()


def test_a_source_that_hangs_keeps_its_old_answer_with_its_old_time() -> None:
    source = ScriptedSource(3.0, 4.0)
    provider = BackgroundProvider("fake", source, precise=True, interval_s=0.0)
    with running(provider):
        until(lambda: provider.read(0.0).idle_s == 4.0)
        first_s = provider.read(0.0).observed_s
        assert provider.read(first_s + 60).observed_s == first_s


def test_a_source_that_fails_is_unknown_and_opened_again() -> None:
    source = ScriptedSource(3.0, SourceUnavailable("server gone"), 9.0)
    provider = BackgroundProvider("fake", source, precise=True, interval_s=0.0, reopen_delay_s=0.05)
    with running(provider):
        until(lambda: provider.read(0.0).detail == "server gone" or source.opened == 2)
        until(lambda: provider.read(0.0).idle_s == 9.0)
    assert source.opened == 2


def fake_windows(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A program that stands for PowerShell: it writes what the real script writes."""
    script = tmp_path / "windows.py"
    script.write_text(f"import sys, time\nfrom threading import Event\n{body}\n")
    return (sys.executable, "-I", str(script))


TALKS = """
(count, forever) = (0, Event())
while True:
    print(f"idle_ms {400_000 + count}", flush=True)
    count += 1
    forever.wait(0.02)
"""


def wsl(command: tuple[str, ...]) -> BackgroundProvider:
    return BackgroundProvider(
        "wsl", WslIdleSource(command), precise=True, interval_s=0.0, reopen_delay_s=0.05
    )


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


def test_one_process_speaks_for_windows_as_long_as_it_lives(tmp_path: Path) -> None:
    before = children()
    with running(wsl(fake_windows(tmp_path, TALKS))) as provider:
        until(lambda: (provider.read(0.0).idle_s or 0.0) > 400.005)
        assert len(children() - before) == 1
    assert children() == before


def test_a_killed_windows_process_is_started_again(tmp_path: Path) -> None:
    before = children()
    with running(wsl(fake_windows(tmp_path, TALKS))) as provider:
        until(lambda: provider.read(0.0).idle_s is not None)
        (pid,) = children() - before
        os.kill(pid, 9)
        until(lambda: bool(children() - before - {pid}))
        until(lambda: provider.read(0.0).idle_s is not None)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('print("Access denied", flush=True); Event().wait()', "unexpected line"),
        ('print("idle_ms -4", flush=True); Event().wait()', "unexpected line"),
        ("sys.exit(3)", "ended with status"),
        ('sys.stdout.write("idle_ms 1" * 99_999); Event().wait()', "unexpected line"),
    ],
)
def test_a_process_that_does_not_speak_the_language_is_unknown(
    tmp_path: Path, body: str, word: str
) -> None:
    with running(wsl(fake_windows(tmp_path, body))) as provider:
        until(lambda: word in provider.read(0.0).detail)
        assert provider.read(0.0).idle_s is None


def test_the_process_ends_by_itself_when_nobody_reads(tmp_path: Path) -> None:
    """As after a kill -9 of the kernel: only the pipe tells it."""
    source = WslIdleSource(fake_windows(tmp_path, TALKS))
    source.open()
    process = source._process
    assert process is not None
    assert process.stdout is not None
    source.read_idle_s()
    process.stdout.close()
    process.wait(WAIT_S)
    source.close()


def test_outside_wsl_the_source_says_why_it_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    provider = BackgroundProvider("wsl", WslIdleSource(), precise=True)
    provider.probe()
    until(lambda: "powershell.exe" in (provider.probe() or ""))
    provider.close()


def test_the_script_speaks_the_language_that_is_parsed() -> None:
    assert "'idle_ms ' + [LastInput]::IdleMs()" in SCRIPT
    assert parse_line("idle_ms 4294967295\r\n") == 4_294_967.295
    with pytest.raises(SourceUnavailable):
        parse_line("idle_ms 1 2")
