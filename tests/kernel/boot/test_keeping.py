"""A kernel whose run dir was cleared away makes it anew and can be asked again."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from contracts.control import Ping, Pong
from kernel.boot.keeping import Keeper
from kernel.boot.kernel import Kernel
from kernel.boot.session import kernel_session
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.supervision.control import ControlClient
from kernel.supervision.records import KernelRecord, read_kernel_record

NO_STAGES = {"pipeline.text_plugin": "none"}
WAIT_S_MAX = 60.0


def test_a_run_dir_that_went_comes_back_and_the_kernel_can_be_asked(tmp_path: Path) -> None:
    place = DataDir(tmp_path / "data")
    end_s = time.monotonic() + WAIT_S_MAX
    with kernel_session(place, load_settings(None, place, NO_STAGES)) as (kernel, stop):
        run_dir = kernel.parts.run_dir
        assert isinstance(kernel._keeper, Keeper)
        for _ in range(2):
            shutil.rmtree(run_dir.root)

            def is_back(_: Kernel) -> bool:
                assert time.monotonic() < end_s
                return run_dir.control_socket.exists()

            kernel.run(until=is_back)
            record = read_kernel_record(run_dir)
            assert isinstance(record, KernelRecord)
            assert record.nonce == kernel.parts.run_id
        client = ControlClient(run_dir.control_socket, timeout_s=WAIT_S_MAX)
        asked = []

        def ask() -> None:
            asked.append(client.ask(Ping(), Pong))
            stop.request("asked")

        thread = threading.Thread(target=ask)
        thread.start()
        kernel.run()
        thread.join()
        client.close()
        assert len(asked) == 1
        acts = [entry.act for entry in kernel.parts.evidence.ledger.entries(0, limit_rows=99)]
    assert acts.count("run-dir-restored") == 2
