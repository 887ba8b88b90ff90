"""The golden corpus: encoded records of every version, kept for ever and decoded by every test.

One JSON file per ``kind@version``. An entry of a released version is never removed or
rewritten: it stands for bytes in somebody's store. A draft's entries follow the draft.

Covers: growing and checking, on plain text. Does not cover: where the files are
(``tests/contracts/golden``), writing them (`tools/update_contract_lock.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts.bounded import ContractError, decode_bounded
from contracts.compat import kind_of, version_of
from contracts.lock import Lock
from contracts.registry import Registry

ENTRIES_MAX: Final = 10_000


class CorpusEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encoded bytes (hexadecimal) and what they mean, as plain data."""

    bytes: str
    value: dict[str, Any]


def parse_corpus(text: str) -> list[CorpusEntry]:
    """The entries in a corpus file; raises `ContractError`."""
    try:
        entries = msgspec.json.decode(text, type=list[CorpusEntry])
    except msgspec.MsgspecError as error:
        raise ContractError("invalid", str(error)) from error
    if len(entries) > ENTRIES_MAX:
        raise ContractError("too-large", f"{len(entries)} entries")
    return entries


def render_corpus(entries: list[CorpusEntry]) -> str:
    """The file's text: keys sorted, ASCII, the same everywhere."""
    plain = [msgspec.to_builtins(entry) for entry in entries]
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def grow_corpus(
    lock: Lock, registry: Registry, files: Mapping[str, str]
) -> dict[str, list[CorpusEntry]]:
    """The corpus with the locked golden bytes added, by ``kind@version``.

    ``files`` maps ``kind@version`` to the text of its file. Raises `ContractError` when a kept
    entry of a released version cannot be decoded: that is what the corpus is for.
    """
    corpus: dict[str, list[CorpusEntry]] = {}
    for ref, locked in sorted(lock.contracts.items()):
        kept = parse_corpus(files[ref]) if ref in files and locked.released else []
        for entry in kept:
            problem = check_entry(ref, entry, registry)
            if problem:
                raise ContractError("invalid", problem)
        known = {entry.bytes for entry in kept}
        new = [data for _, data in sorted(locked.golden.items()) if data not in known]
        contract = registry.find(kind_of(ref), version_of(ref))
        corpus[ref] = kept + [
            CorpusEntry(bytes=data, value=_plain(decode_bounded(bytes.fromhex(data), contract)))
            for data in new
        ]
    return corpus


def check_entry(ref: str, entry: CorpusEntry, registry: Registry) -> str | None:
    """Why the code does not read the entry as it was meant; None when it does.

    Read as its own version every field must have the value it had when it was written (fields
    added since do not count), and the newest version must be reachable from it.
    """
    data = bytes.fromhex(entry.bytes)
    try:
        contract = registry.find(kind_of(ref), version_of(ref))
        read = _plain(decode_bounded(data, contract))
        registry.decode(data)
    except ContractError as error:
        return f"{ref}: {error}"
    lost = _find_lost(entry.value, read, "")
    return f"{ref}: {lost[0]} is not what was written" if lost else None


def _find_lost(written: Any, read: Any, path: str) -> list[str]:  # noqa: ANN401 - plain JSON data
    """Paths at which ``read`` lacks or changes something of ``written``."""
    if isinstance(written, dict) and isinstance(read, dict):
        return [
            lost
            for key, value in written.items()
            for lost in (
                _find_lost(value, read[key], f"{path}.{key}") if key in read else [f"{path}.{key}"]
            )
        ]
    if isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        return [
            lost
            for index, (before, after) in enumerate(zip(written, read, strict=True))
            for lost in _find_lost(before, after, f"{path}[{index}]")
        ]
    return [] if repr(written) == repr(read) else [path]


def _plain(record: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record, order="sorted"))
    return plain
