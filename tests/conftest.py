"""Settings of the whole suite: hypothesis profiles, the --slow option, second tries, displays."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from kernel.supervision.subreaper import PR_SET_CHILD_SUBREAPER

settings.register_profile(
    "ci",
    max_examples=30,
    # A shared, slow machine: time says nothing about the code.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # The same run every time; new examples are looked for by the thorough profile.
    derandomize=True,
)
settings.register_profile(
    "thorough",
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=list(Phase),
    print_blob=True,
)
TESTS = Path(__file__).parent
SECOND_TRY = tuple(
    TESTS / folder for folder in ("functional", "kernel/supervision", "kernel/boot", "plugin_host")
)
"""Where real processes race on a machine that others share.

A failure there is tried once more, and the summary lists it (``R``): one that comes again is to be
looked into. Everywhere else one failure is one too many.
"""
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure() -> None:
    """Signals as at a terminal: who starts the suite in the background or by nohup ignores some."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SECOND_TRY):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow; run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _adopts_nobody() -> Iterator[None]:
    """A kernel in this very process adopts orphans; the tests after it must not find theirs here.

    Nobody would collect them: they would stay zombies, and so look alive.
    """
    yield
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def display() -> Iterator[str]:
    """An X display of its own, with nothing on it."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed: no real screen is grabbed here")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "320x200x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().decode().strip()}"
        server.terminate()
