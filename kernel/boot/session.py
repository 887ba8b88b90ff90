"""A kernel for as long as a command needs one.

Covers: opening, running under signals, closing whatever happens. Does not cover: what the
command does with it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kernel.boot.assemble import open_parts
from kernel.boot.kernel import Kernel
from kernel.boot.observing import Observer
from kernel.boot.runrecord import record_run
from kernel.boot.stopping import StopSignal
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import LoadedSettings
from kernel.origin import check_origin


@contextlib.contextmanager
def kernel_session(
    data_dir: DataDir, loaded: LoadedSettings
) -> Iterator[tuple[Kernel, StopSignal]]:
    """A kernel that is stopped in order when the block ends; main thread only."""
    with StopSignal() as stop:
        check_origin()
        parts = open_parts(data_dir, loaded)
        try:
            record_run(parts)
        except KernelError as error:
            # A full drive must not keep the kernel from capturing: the ledger says what is missing.
            parts.trail.append(error.code, parts.run_id, {"reason": error.message[:2000]})
        observer = Observer(
            loaded.settings,
            data_dir,
            ask_disk=parts.evidence.disk_decision,
            known_disk=parts.evidence.last_disk_decision,
        )
        kernel = Kernel(parts, observer=observer, stop=stop)
        try:
            yield kernel, stop
        finally:
            kernel.close()
            observer.close()
