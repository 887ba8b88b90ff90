"""A zip for a bug report: what the doctor found and how the kernel is set, redacted.

Covers: writing the file, leaving out the person. Nothing of the evidence goes in: no pixels,
no text, no window titles, no source paths. Does not cover: sending it; nothing does.
"""

from __future__ import annotations

import getpass
import json
import socket
import zipfile
from dataclasses import asdict
from pathlib import Path

from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.config.settings import load_settings
from kernel.observe.check import Check
from kernel.observe.status import read_status
from kernel.store.evidence import EvidenceStore

LEDGER_ENTRIES_MAX = 500
LEDGER_SUBJECT_ACTS = ("host", "plugin", "kernel", "task", "processing")
"""Acts whose subject is an id of ours; other subjects may name the person's files."""


def write_bundle(path: Path, data_dir: DataDir, checks: list[Check]) -> None:
    """Write the zip; raises `KernelError` ``bundle-exists`` rather than replace a file."""
    if path.exists():
        raise KernelError("bundle-exists", f"{path} exists", hint="choose another name")
    documents = {
        "checks.json": [asdict(check) for check in checks],
        "status.json": read_status(data_dir),
        "config.json": load_settings(None, data_dir, {}).values(),
        "ledger.json": _ledger(data_dir),
    }
    words = _private_words(data_dir)
    with zipfile.ZipFile(path, "x", compression=zipfile.ZIP_DEFLATED) as bundle:
        for name, document in documents.items():
            bundle.writestr(name, redact(json.dumps(document, indent=1, default=str), words))


def redact(text: str, words: dict[str, str]) -> str:
    """The text with each private word replaced; longer words first."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, words[word])
    return text


def _private_words(data_dir: DataDir) -> dict[str, str]:
    words = {
        str(data_dir.root): "DATA_DIR",
        str(Path.home()): "HOME",
        socket.gethostname(): "HOST",
    }
    try:
        words[getpass.getuser()] = "USER"
    except (KeyError, OSError):
        # A user without an account has no name to hide.
        return words
    return {word: name for word, name in words.items() if word.strip("/")}


def _ledger(data_dir: DataDir) -> list[dict[str, object]]:
    if not data_dir.journal_db.is_file():
        return []
    with EvidenceStore.open_read_only(data_dir) as store:
        seq, _ = store.ledger.head()
        after = max(0, seq - LEDGER_ENTRIES_MAX)
        entries = store.ledger.entries(after, limit_rows=LEDGER_ENTRIES_MAX)
    return [
        {"seq": entry.seq, "act": entry.act, "recorded_at_us": entry.recorded_at_us}
        | (
            {"subject": entry.subject, "detail": entry.detail}
            if entry.act.startswith(LEDGER_SUBJECT_ACTS)
            else {}
        )
        for entry in entries
    ]
