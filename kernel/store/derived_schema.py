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
    # Pages of version 1 keep their rows in `lines` until they are put in their place on the
    # streams (kernel.store.placing), which needs the journal and is done in small steps.
    """
    ALTER TABLE results ADD COLUMN codec INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE results ADD COLUMN base_id INTEGER;
    CREATE TABLE loose(result_id INTEGER PRIMARY KEY REFERENCES results(result_id));
    INSERT INTO loose SELECT result_id FROM results WHERE stage='text';
    CREATE TABLE latest(
      stage TEXT NOT NULL,
      subject TEXT NOT NULL,
      result_id INTEGER NOT NULL REFERENCES results(result_id),
      PRIMARY KEY(stage, subject)) WITHOUT ROWID;
    CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE stages(
      stage TEXT NOT NULL,
      plugin_id TEXT NOT NULL,
      plugin_version TEXT NOT NULL,
      config_digest TEXT NOT NULL,
      inputs TEXT NOT NULL,
      since_us INTEGER NOT NULL,
      PRIMARY KEY(stage, since_us)) WITHOUT ROWID;
    CREATE TABLE cursors(
      stage TEXT NOT NULL,
      stream_id INTEGER NOT NULL,
      at_us INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      PRIMARY KEY(stage, stream_id)) WITHOUT ROWID;
    CREATE TABLE staged(
      stage TEXT NOT NULL,
      subject TEXT NOT NULL,
      result_id INTEGER NOT NULL REFERENCES results(result_id),
      PRIMARY KEY(stage, subject)) WITHOUT ROWID;
    CREATE TABLE streams(
      stream_id INTEGER PRIMARY KEY,
      generation INTEGER NOT NULL,
      source TEXT NOT NULL,
      monitor INTEGER NOT NULL,
      UNIQUE(generation, source, monitor));
    CREATE TABLE windows(
      window_id INTEGER PRIMARY KEY,
      app TEXT,
      title TEXT);
    CREATE UNIQUE INDEX windows_by_name
      ON windows(ifnull(app, char(0)), ifnull(title, char(0)));
    CREATE TABLE frames(
      stream_id INTEGER NOT NULL REFERENCES streams(stream_id),
      at_us INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      event BLOB NOT NULL,
      result_id INTEGER NOT NULL REFERENCES results(result_id),
      window_id INTEGER NOT NULL REFERENCES windows(window_id),
      PRIMARY KEY(stream_id, at_us, seq)) WITHOUT ROWID;
    CREATE INDEX frames_of_page ON frames(result_id);
    CREATE INDEX frames_of_window ON frames(window_id, stream_id, at_us);
    CREATE TABLE intervals(
      interval_id INTEGER PRIMARY KEY,
      stream_id INTEGER NOT NULL REFERENCES streams(stream_id),
      text_id INTEGER NOT NULL REFERENCES texts(text_id),
      first_us INTEGER NOT NULL,
      first_seq INTEGER NOT NULL,
      last_us INTEGER,
      last_seq INTEGER,
      runs BLOB NOT NULL);
    CREATE INDEX intervals_of_text ON intervals(text_id, first_us, last_us);
    CREATE INDEX intervals_begun ON intervals(stream_id, first_us);
    CREATE INDEX intervals_ended ON intervals(stream_id, last_us);
    CREATE TABLE variants(
      text_id INTEGER NOT NULL REFERENCES texts(text_id),
      interval_id INTEGER NOT NULL REFERENCES intervals(interval_id) ON DELETE CASCADE,
      PRIMARY KEY(text_id, interval_id)) WITHOUT ROWID;
    CREATE INDEX variants_of_interval ON variants(interval_id);
    CREATE TABLE movements(
      stream_id INTEGER NOT NULL REFERENCES streams(stream_id),
      at_us INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      dx INTEGER NOT NULL,
      dy INTEGER NOT NULL,
      lines INTEGER NOT NULL,
      PRIMARY KEY(stream_id, at_us, seq)) WITHOUT ROWID;
    """,
    # Results of version 2 have no digest: what of them can be checked is checked (StageStore).
    """
    ALTER TABLE results ADD COLUMN record_digest BLOB;
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
