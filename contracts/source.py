"""Whether two processes run the very same contracts: one digest over the source files.

Covers: the cheap half of the handshake. The fingerprint over all shapes
(`contracts.lock.contracts_lock_digest`) takes some 30 ms of a host's start; byte-identical
sources have equal shapes, and to see that takes 1 ms. Does not cover: what differs when they
are not.
"""

from __future__ import annotations

from pathlib import Path

from contracts.plugin_digest import digest_plugin


def contracts_source_digest() -> str:
    """Digest of this package's files as they are on disk.

    Raises `contracts.bounded.ContractError` (``plugin-unreadable``) when they cannot be read.
    """
    return digest_plugin(Path(__file__).resolve().parent)


def own_contracts_lock(told_lock: str, told_source: str) -> str:
    """The contract fingerprint of this process, for its half of the handshake.

    ``told_lock`` and ``told_source`` are the kernel's fingerprint and source digest. With the
    same sources the fingerprint is the kernel's; otherwise it is computed from the code here,
    and the kernel will see whether it is another.
    """
    if contracts_source_digest() == told_source:
        return told_lock
    from contracts.lock import contracts_lock_digest

    return contracts_lock_digest()
