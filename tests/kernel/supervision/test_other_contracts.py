"""A host whose contracts are others than the kernel's does not get in."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.supervision.pool_events import HostDied, HostReady, ProtocolViolation
from tests.kernel.supervision.pool_rig import hostile, pool_rig, process_launcher


def test_a_host_with_other_contracts_is_refused_by_its_own_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pool of these tests expects a made-up fingerprint. A host with the kernel's sources has
    # it; one that finds its sources to be others says what its own contracts are.
    monkeypatch.setattr("kernel.supervision.process.contracts_source_digest", lambda: "f" * 64)
    with pool_rig(process_launcher(tmp_path)) as rig:
        rig.pool.start_host(hostile("echo"), {})
        violation = rig.wait_for_event(ProtocolViolation)
        assert violation.code == "contracts-lock"
        rig.wait_for_event(HostDied)
        assert rig.of(HostReady) == []
