"""A zip for a bug report: what the doctor found and how the kernel is set, redacted.

Covers: writing the file, leaving out the person. Nothing of the evidence goes in: no pixels,
no text, no window titles, no source paths. Does not cover: sending it; nothing does.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import apsw

from kernel.config.errors import ExitCode, KernelError
from kernel.config.paths import DataDir
from kernel.observe.check import Check, telling_line
from kernel.observe.in_force import find_in_force
from kernel.observe.status import read_status
from kernel.store.evidence import EvidenceStore

LEDGER_ENTRIES_MAX = 500
LEDGER_SUBJECT_ACTS = ("host", "plugin", "kernel", "task", "processing")
"""Acts whose subject is an id of ours; other subjects may name the person's files."""
OWNER_ONLY = 0o600
INSTALL = Path(__file__).resolve().parents[2]
"""The folder that the packages lie in: a checkout, or site-packages."""


def require_name(path: Path) -> None:
    """Raise where `write_bundle` could not make the file: before anything is looked at.

    Raises `KernelError`: ``bundle-exists``, ``bundle-unwritable``.
    """
    if path.exists() or path.is_symlink():
        raise KernelError(
            "bundle-exists", f"{path} exists", hint="choose another name", exit_code=ExitCode.USAGE
        )
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise _unwritable(path, f"{folder} is not a folder that can be written to")


def write_bundle(path: Path, data_dir: DataDir, checks: list[Check]) -> None:
    """Write the zip, for its owner alone to read; nothing is replaced.

    Raises `KernelError`: ``bundle-exists``, ``bundle-unwritable``.
    """
    require_name(path)
    documents: dict[str, object] = {
        "checks.json": [asdict(check) for check in checks],
        "status.json": _told(lambda: read_status(data_dir)),
        "config.json": _told(lambda: find_in_force(data_dir).settings.model_dump(mode="json")),
        "ledger.json": _told(lambda: _ledger(data_dir)),
    }
    words = private_words(data_dir)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        with (
            os.fdopen(descriptor, "w+b") as file,
            zipfile.ZipFile(file, "w", compression=zipfile.ZIP_DEFLATED) as bundle,
        ):
            for name, document in documents.items():
                bundle.writestr(name, json.dumps(redact_document(document, words), indent=1))
    except OSError as error:
        raise _unwritable(path, str(error.strerror or error)) from error


def redact_document(value: object, words: dict[str, str]) -> object:
    """Plain JSON types with each text, key or value, redacted."""
    if isinstance(value, dict):
        return {redact(str(key), words): redact_document(v, words) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_document(item, words) for item in value]
    if isinstance(value, (int, float)) or value is None:
        return value
    return redact(str(value), words)


def redact(text: str, words: dict[str, str]) -> str:
    """The text with each private word replaced; longer words first."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, words[word])
    return text


def private_words(data_dir: DataDir) -> dict[str, str]:
    """What names the person or their machine, and what stands for it."""
    words: dict[str, str] = {}
    # The weaker names first: a data dir below the home is told as the data dir.
    for place, name in (
        *((Path(folder), "<install>") for folder in (sys.base_prefix, sys.prefix, INSTALL)),
        (Path.home(), "<home>"),
        *((Path(value), f"<{key}>") for key, value in _path_settings(data_dir).items()),
        (data_dir.root, "<data>"),
    ):
        words |= {str(place): name, os.path.realpath(place): name}
    words[socket.gethostname()] = "<host>"
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user without an account has no name to hide.
        user = ""
    if user != "root":
        words[user] = "<user>"
    # What the system itself is installed below names nobody.
    public = {"", "/usr", "/usr/local", "/", "localhost"}
    return {word: name for word, name in words.items() if word.strip("/") and word not in public}


def _path_settings(data_dir: DataDir) -> dict[str, Path]:
    try:
        settings = find_in_force(data_dir).settings
    except KernelError:
        return {}
    places = {
        "activity.signal_file": settings.activity.signal_file,
        "intake.inbox_dir": settings.intake.inbox_dir,
        "disk.spool_dir": settings.disk.spool_dir,
    }
    return {key: path for key, path in places.items() if path is not None}


def _told(read: Callable[[], Any]) -> object:
    """What was read, or why it could not be: reports are wanted most where things are broken."""
    try:
        return read()
    except (KernelError, apsw.Error, OSError) as error:
        return {"unreadable": f"{type(error).__name__}: {telling_line(str(error))}"}


def _unwritable(path: Path, reason: str) -> KernelError:
    return KernelError(
        "bundle-unwritable",
        f"{path} cannot be written: {reason}",
        hint="choose another name",
        exit_code=ExitCode.USAGE,
    )


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
