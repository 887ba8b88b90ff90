"""Rubbish on the control socket of a running kernel: in status and in the ledger."""

from __future__ import annotations

import json
from pathlib import Path

import zmq

from kernel.config.paths import DataDir
from kernel.store.evidence import EvidenceStore
from tests.functional.rig import make_rig, wait_until

SENT = 25


def test_what_is_no_request_is_counted_and_on_record_and_the_kernel_answers_on(
    tmp_path: Path,
) -> None:
    rig = make_rig(tmp_path)
    with rig.kernel() as kernel:
        note = json.loads((rig.data_dir / "run.json").read_text())
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stranger = context.socket(zmq.DEALER)
        stranger.connect(f"ipc://{note['control_socket']}")
        for _ in range(SENT):
            stranger.send(b"rubbish")
        counted = {"frame-count": SENT}
        wait_until(lambda: rig.json("status", expect=None)["kernel"]["control_dropped"] == counted)
        context.destroy(linger=0)
        kernel.terminate()
        assert kernel.wait(timeout=20) == 0
    with EvidenceStore.open(DataDir(rig.data_dir)) as store:
        acts = list(store.ledger.entries(limit_rows=1000))
    told = [entry for entry in acts if entry.act == "protocol-violation"]
    assert [(entry.subject, entry.detail["count"]) for entry in told] == [
        ("control", "1"),
        ("control", "10"),
    ]
