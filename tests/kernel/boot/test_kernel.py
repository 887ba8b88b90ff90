"""A whole kernel in this process: order of starting and stopping, requests, degradation."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.control import (
    ActRecorded,
    AskStatus,
    CaptureAcknowledged,
    Ping,
    Pong,
    ProcessNow,
    ProcessState,
    RecordAct,
    StatusReply,
    SubmitCapture,
)
from kernel.boot.kernel import Kernel
from kernel.boot.parts import Parts
from kernel.boot.progress import Progress
from kernel.boot.session import kernel_session
from kernel.boot.sinks import ControlSink, open_sink
from kernel.boot.stopping import StopSignal
from kernel.capture.sink import StoreSink
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.store.draft import Acknowledged, CaptureDraft
from kernel.store.evidence import EvidenceStore
from kernel.supervision.address import control_socket_of, read_note
from kernel.supervision.control import ControlClient

NO_STAGES = {"pipeline.text_plugin": "none"}


@pytest.fixture
def place(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path / "data")


@pytest.fixture
def session(place: DataDir) -> Iterator[tuple[Kernel, StopSignal]]:
    loaded = load_settings(None, place, NO_STAGES)
    with kernel_session(place, loaded) as (kernel, stop):
        yield kernel, stop


def draft(number: int = 1, text: str = "pixels") -> CaptureDraft:
    return CaptureDraft(
        captured_at_us=number,
        tz_name="UTC",
        tz_offset_s=0,
        monotonic_ns=0,
        source="test",
        media_type="image/png",
        data=text.encode(),
    )


def during(session: tuple[Kernel, StopSignal], client: Any) -> Any:  # noqa: ANN401 - what it gives
    """Run the kernel's loop here while ``client(control client)`` talks to it in a thread."""
    kernel, stop = session
    socket = control_socket_of(kernel.parts.data_dir)
    assert socket is not None
    given: list[Any] = []

    def talk() -> None:
        connection = ControlClient(socket)
        try:
            given.append(client(connection))
        finally:
            connection.close()
            stop.request("the test is over")

    thread = threading.Thread(target=talk)
    thread.start()
    kernel.run()
    thread.join(10)
    assert given, "the client failed"
    return given[0]


def test_ping_names_the_kernel_and_its_data_dir(
    session: tuple[Kernel, StopSignal], place: DataDir
) -> None:
    pong = during(session, lambda c: c.ask(Ping(), Pong))
    note = read_note(place)
    assert note is not None
    assert (pong.pid, pong.data_dir, pong.nonce) == (os.getpid(), str(place.root), note.run_id)


def test_capture_through_the_socket_is_durable_when_it_is_acknowledged(
    session: tuple[Kernel, StopSignal], place: DataDir
) -> None:
    def submit(client: ControlClient) -> CaptureAcknowledged:
        sink = ControlSink(client)
        (done,) = sink.submit([draft(7, "through the socket")])
        assert isinstance(done, Acknowledged)
        with EvidenceStore.open_read_only(place) as store:
            assert store.read_blob(done.event.blob) == b"through the socket"
        return CaptureAcknowledged(event=done.event, status=done.status)

    assert during(session, submit).event.captured_at_us == 7


def test_capture_that_breaks_its_contract_is_an_error_of_that_request_alone(
    session: tuple[Kernel, StopSignal],
) -> None:
    def submit(client: ControlClient) -> str:
        request = SubmitCapture(
            captured_at_us=1,
            tz_name="UTC",
            tz_offset_s=0,
            monotonic_ns=0,
            source="test",
            media_type="image/png",
        )
        with pytest.raises(KernelError) as caught:
            client.ask(request, CaptureAcknowledged, payload=b"")
        client.ask(Ping(), Pong)
        return caught.value.code

    assert during(session, submit) == "draft-invalid"


def test_act_from_outside_is_written_into_the_ledger(session: tuple[Kernel, StopSignal]) -> None:
    request = RecordAct(act="test-act", subject="s", detail={"a": "1"})
    during(session, lambda c: c.ask(request, ActRecorded))
    entries = session[0].parts.evidence.ledger.entries(0, limit_rows=100)
    assert [entry.detail for entry in entries if entry.act == "test-act"] == [{"a": "1"}]


def test_status_and_processing_are_answered_at_once(session: tuple[Kernel, StopSignal]) -> None:
    def ask(client: ControlClient) -> tuple[StatusReply, ProcessState]:
        return client.ask(AskStatus(), StatusReply), client.ask(ProcessNow(), ProcessState)

    status, state = during(session, ask)
    assert '"hosts": []' in status.document
    assert state.drained


def test_boot_and_stop_are_in_the_ledger_and_the_lock_is_free_afterwards(place: DataDir) -> None:
    loaded = load_settings(None, place, NO_STAGES)
    with kernel_session(place, loaded) as (kernel, stop):
        assert control_socket_of(place) is not None
        stop.request("enough")
        assert kernel.run() == "enough"
    assert control_socket_of(place) is None
    with EvidenceStore.open_read_only(place) as store:
        acts = [entry.act for entry in store.ledger.entries(0, limit_rows=100)]
    assert acts.index("kernel-started") < acts.index("kernel-stopped")


def test_second_kernel_is_refused_and_disturbs_nothing(
    session: tuple[Kernel, StopSignal], place: DataDir
) -> None:
    with (
        pytest.raises(KernelError) as caught,
        kernel_session(place, load_settings(None, place, NO_STAGES)),
    ):
        pass
    assert caught.value.code == "data-dir-busy"
    assert during(session, lambda c: c.ask(Ping(), Pong)).pid == os.getpid()


def test_duration_ends_the_run(session: tuple[Kernel, StopSignal]) -> None:
    kernel, _ = session
    kernel.stop_after(0.3)
    started_s = time.monotonic()
    assert kernel.run() == "the duration is over"
    assert time.monotonic() - started_s >= 0.3


def test_signal_ends_the_run_and_names_itself(session: tuple[Kernel, StopSignal]) -> None:
    kernel, _ = session
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    assert kernel.run() == "SIGTERM"


def test_sink_writes_itself_where_no_kernel_runs_and_asks_the_kernel_where_one_does(
    place: DataDir,
) -> None:
    with open_sink(place) as sink:
        assert isinstance(sink, StoreSink)
        sink.submit([draft()])
    with kernel_session(place, load_settings(None, place, NO_STAGES)), open_sink(place) as sink:
        assert isinstance(sink, ControlSink)


def test_plugin_that_may_not_run_leaves_capture_going(place: DataDir) -> None:
    loaded = load_settings(None, place, {"pipeline.text_plugin": "nobody"})
    with kernel_session(place, loaded) as (kernel, stop):
        parts: Parts = kernel.parts
        assert parts.problem is not None
        assert parts.problem.code == "plugin-unknown"
        assert "nobody" in kernel.progress().stuck
        future = kernel.intake.submit(draft(), timeout_s=1.0)
        assert future.result(5).status == "stored"
        stop.request("enough")


def test_progress_is_drained_when_nothing_waits_and_nothing_runs() -> None:
    assert Progress(unfinished=0, in_hand=0, done=3, failed=0, stuck="").is_drained
    assert not Progress(unfinished=0, in_hand=1, done=3, failed=0, stuck="").is_drained
