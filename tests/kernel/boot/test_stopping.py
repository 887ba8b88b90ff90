"""Signals become a flag and a wake-up."""

from __future__ import annotations

import os
import select
import signal

import pytest

from kernel.boot.stopping import StopSignal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_sets_the_reason_and_wakes_the_loop(number: signal.Signals) -> None:
    with StopSignal() as stop:
        os.kill(os.getpid(), number)
        assert select.select([stop.fd], [], [], 5.0)[0]
        assert stop.requested == number.name


def test_handlers_come_back_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_first_reason_stays() -> None:
    with StopSignal() as stop:
        stop.request("first")
        stop.request("second")
        assert stop.requested == "first"
