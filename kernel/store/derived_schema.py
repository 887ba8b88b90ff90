"""The tables of derived.db and their versions.

Covers: creating, forward-only numbered migrations (``user_version``), refusing versions from
the future. Does not cover: reading and writing rows (`kernel.store.derived`).
"""

from __future__ import annotations

from pathlib import Path

import apsw

from kernel.config.errors import KernelError
from kernel.store.sqlite import transaction

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE results(
      result_id INTEGER PRIMARY KEY,
      key_digest BLOB NOT NULL UNIQUE,
      input_digest BLOB NOT NULL,
      stage TEXT NOT NULL,
      key BLOB NOT NULL,
      record BLOB NOT NULL,
      timing BLOB NOT NULL,
      finished_at_us INTEGER NOT NULL);
    CREATE INDEX results_of_input ON results(input_digest, stage);
    CREATE TABLE pages(
      blob BLOB PRIMARY KEY,
      result_id INTEGER NOT NULL UNIQUE REFERENCES results(result_id)) WITHOUT ROWID;
    CREATE TABLE texts(
      text_id INTEGER PRIMARY KEY,
      text_hash INTEGER NOT NULL,
      text TEXT NOT NULL);
    CREATE INDEX texts_by_hash ON texts(text_hash);
    CREATE TABLE lines(
      text_id INTEGER NOT NULL REFERENCES texts(text_id),
      result_id INTEGER NOT NULL REFERENCES results(result_id),
      position INTEGER NOT NULL,
      PRIMARY KEY(text_id, result_id, position)) WITHOUT ROWID;
    CREATE VIRTUAL TABLE line_words USING fts5(
      words, content='', detail=full, tokenize='unicode61 remove_diacritics 0');
    CREATE VIRTUAL TABLE line_grams USING fts5(
      squashed, content='', detail=full, columnsize=0, tokenize='trigram case_sensitive 1');
    """,
)

VERSION = len(_MIGRATIONS)
"""The schema version that this code reads and writes."""


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Bring the database to `VERSION`, one transaction for each step.

    Raises `KernelError` (``derived-too-new``) when it is beyond it.
    """
    check(connection, path, only_newer=True)
    for step in range(_version(connection), VERSION):
        with transaction(connection):
            # Another writer may have been here between the look and the lock.
            if _version(connection) == step:
                connection.execute(_MIGRATIONS[step])
                connection.execute(f"PRAGMA user_version={step + 1}")


def check(connection: apsw.Connection, path: Path, *, only_newer: bool = False) -> None:
    """Raise `KernelError` unless the database has the version that this code reads."""
    version = _version(connection)
    if version > VERSION:
        raise KernelError(
            "derived-too-new",
            f"{path} has schema version {version}, this kernel knows up to {VERSION}",
            hint="use the kernel that wrote it, or move the file away: it can be rebuilt",
        )
    if version < VERSION and not only_newer:
        raise KernelError(
            "derived-too-old",
            f"{path} has schema version {version}, this kernel reads {VERSION}",
            hint="run: kernel process --until-drained",
        )


def _version(connection: apsw.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").get)
