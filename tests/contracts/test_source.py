"""A host says which contracts it has, not which ones it was told."""

from __future__ import annotations

from contracts.lock import contracts_lock_digest
from contracts.plugin_digest import digest_plugin
from contracts.source import contracts_source_digest, own_contracts_lock
from tests.architecture.tree import REPOSITORY

TOLD = "c" * 64


def test_the_same_sources_have_the_fingerprint_that_was_told() -> None:
    assert contracts_source_digest() == digest_plugin(REPOSITORY / "contracts")
    assert own_contracts_lock(TOLD, contracts_source_digest()) == TOLD


def test_other_sources_have_their_own_fingerprint() -> None:
    assert own_contracts_lock(TOLD, "f" * 64) == contracts_lock_digest() != TOLD
