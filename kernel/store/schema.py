"""The journal's tables and their numbered migrations.

Covers: creating, version checks, migrating. Evidence tables are append-only, and triggers
hold them to it. Does not cover: what the rows mean to readers (`kernel.store.journal`).
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from kernel.config.errors import KernelError
from kernel.store import sqlite

_CREATE_V1 = """
CREATE TABLE volume (
  volume_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('primary', 'spool', 'archive')),
  identity TEXT NOT NULL UNIQUE,
  root TEXT NOT NULL
) STRICT;
CREATE TABLE segment (
  volume_id INTEGER NOT NULL REFERENCES volume,
  number INTEGER NOT NULL,
  opened_at_us INTEGER NOT NULL,
  end_bytes INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'open',
  PRIMARY KEY (volume_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
  blob_id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  length_bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL
) STRICT;
CREATE TABLE place (
  place_id INTEGER PRIMARY KEY,
  blob_id INTEGER NOT NULL REFERENCES blob,
  volume_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  offset_bytes INTEGER NOT NULL,
  FOREIGN KEY (volume_id, number) REFERENCES segment
) STRICT;
CREATE INDEX place_of_blob ON place (blob_id);
CREATE INDEX place_in_segment ON place (volume_id, number, offset_bytes);
CREATE TABLE pixel (
  blob_id INTEGER PRIMARY KEY REFERENCES blob,
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL
) STRICT;
CREATE INDEX pixel_digest ON pixel (digest);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL UNIQUE CHECK (length(event_id) = 16),
  captured_at_us INTEGER NOT NULL,
  blob_id INTEGER NOT NULL REFERENCES blob,
  record BLOB NOT NULL
) STRICT;
CREATE INDEX event_time ON event (captured_at_us, seq);
CREATE INDEX event_blob ON event (blob_id, seq);
CREATE TABLE batch (
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  committed_at_us INTEGER NOT NULL,
  head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  head BLOB NOT NULL CHECK (length(head) = 32),
  record BLOB NOT NULL
) STRICT;
"""

APPEND_ONLY_V1 = ("blob", "place", "pixel", "event", "batch", "ledger")
APPEND_ONLY_V2 = ("packed", "unpacked")
APPEND_ONLY = (*APPEND_ONLY_V1, *APPEND_ONLY_V2)
"""Tables whose rows stay as they were written."""


def _hold_append_only(connection: apsw.Connection, table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _create_v1(connection: apsw.Connection) -> None:
    connection.execute(_CREATE_V1)
    for table in APPEND_ONLY_V1:
        _hold_append_only(connection, table)


_CREATE_V2 = """
ALTER TABLE segment ADD COLUMN content TEXT NOT NULL DEFAULT 'captures';
CREATE TABLE packed (
  packed_id INTEGER PRIMARY KEY,
  blob_id INTEGER NOT NULL REFERENCES blob,
  pack_id INTEGER NOT NULL REFERENCES blob (blob_id),
  frame INTEGER NOT NULL
) STRICT;
CREATE TABLE unpacked (
  blob_id INTEGER PRIMARY KEY REFERENCES blob,
  code TEXT NOT NULL
) STRICT;
CREATE INDEX packed_of_blob ON packed (blob_id);
CREATE INDEX packed_in_pack ON packed (pack_id);
"""


def _add_packed_frames(connection: apsw.Connection) -> None:
    connection.execute(_CREATE_V2)
    for table in APPEND_ONLY_V2:
        _hold_append_only(connection, table)


MIGRATIONS: tuple[Callable[[apsw.Connection], None], ...] = (_create_v1, _add_packed_frames)
"""Step *n* leads from schema version *n* to *n* + 1; version 0 is the empty file."""
VERSION = len(MIGRATIONS)


def read_version(connection: apsw.Connection) -> int:
    """The schema version that the file carries; 0 for an empty one."""
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    return version


def check_version(connection: apsw.Connection) -> int:
    """The file's version. Raises `KernelError` ``schema-newer`` above what this code knows."""
    version = read_version(connection)
    if version > VERSION:
        raise KernelError(
            "schema-newer",
            f"the journal has schema {version}, this program knows {VERSION}",
            hint="install the newer version of the program that wrote this data dir",
        )
    return version


def migrate(connection: apsw.Connection, *, back_up: Callable[[int], None]) -> tuple[int, int]:
    """Bring the journal to `VERSION`; returns the versions before and after.

    ``back_up`` is called with the old version before a journal that holds data is touched; it
    raises when it could not make a verified copy, and then nothing is changed. All steps run
    in one transaction. Raises `KernelError` ``schema-newer``.
    """
    before = check_version(connection)
    if before == VERSION:
        return before, before
    if before > 0:
        back_up(before)
    with sqlite.transaction(connection):
        for step in MIGRATIONS[before:]:
            step(connection)
        connection.pragma("user_version", VERSION)
    return before, VERSION
