"""Vectors of texts in ``vectors.db``: kept beside the word indexes, searched by nearness.

Everything here can be made again from the texts. A vector belongs to the digest of its text, not
to a row of the derived store, so the two are rebuilt independently: which batches are done is kept
here, and how far the texts are walked is kept there under the id of this database. Each model has
a table of its own: vectors of different models are never compared.

Search takes the candidates whose signs differ least (one bit a component, Hamming distance), then
orders those by the cosine of the stored bytes. sqlite-vec does both; measured against float
vectors it keeps recall at a hundredth of their size (docs/storage.md). An index of neighbours
(HNSW) is not needed below a million texts.

Covers: storing, searching, what is missing. Does not cover: making vectors (a plugin does),
what a hit means (`kernel.query`).
"""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import apsw

from contracts.embedding import Embedding
from kernel.config.errors import KernelError
from kernel.config.paths import DataDir
from kernel.store.sqlite import connect, transaction

VERSION: Final = 2
CANDIDATES_PER_HIT: Final = 20
CANDIDATES_MIN: Final = 200
CANDIDATES_MAX: Final = 4096
"""The most that sqlite-vec takes for k."""
_PARAMETERS_MAX: Final = 500
_EXTENSION: Final = "sqlite_vec"

_SCHEMA: Final = """
CREATE TABLE models(
  model_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  digest BLOB NOT NULL UNIQUE,
  dimensions INTEGER NOT NULL);
CREATE TABLE texts(
  vector_id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES models(model_id),
  digest BLOB NOT NULL,
  UNIQUE(model_id, digest));
"""
_SCHEMA_2: Final = """
CREATE TABLE batches(key_digest BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_NEAREST: Final = """
WITH near AS (
  SELECT rowid FROM {table}
  WHERE coarse MATCH vec_quantize_binary(vec_int8(:vector)) AND k = :candidates)
SELECT t.digest, vec_distance_cosine(vec_int8(:vector), v.fine) AS distance
FROM near JOIN {table} v ON v.rowid = near.rowid JOIN texts t ON t.vector_id = near.rowid
ORDER BY distance, t.digest LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Near:
    """A text by its digest, and how far off it is: 1 minus the cosine (0 same, 2 opposite)."""

    text_digest: str
    distance: float


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors are stored; ``digest`` is that of its weights."""

    name: str
    digest: str
    dimensions: int
    vectors: int


def why_unavailable() -> str:
    """Why there can be no vectors here; empty when there can."""
    if importlib.util.find_spec(_EXTENSION) is None:
        return "sqlite-vec is not installed (extra: embed)"
    return ""


class VectorStore:
    """All vectors of one data dir; use from one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._db = connection

    @classmethod
    def open(cls, data_dir: DataDir) -> Self:
        """Open for writing, making the database as needed.

        Raises `KernelError`: ``vectors-unavailable``, ``vectors-too-new``.
        """
        _require()
        data_dir.root.mkdir(parents=True, exist_ok=True)
        connection = _load(connect(data_dir.vectors_db, durable=False))
        with transaction(connection):
            _migrate(connection, _check(connection, data_dir))
        return cls(connection)

    @classmethod
    def open_read_only(cls, data_dir: DataDir) -> Self | None:
        """Open for reading beside a writer; None when nothing was stored yet.

        Raises `KernelError`: ``vectors-unavailable``, ``vectors-too-new``.
        """
        _require()
        if not data_dir.vectors_db.exists():
            return None
        connection = _load(connect(data_dir.vectors_db, read_only=True))
        if _check(connection, data_dir) == 0:
            connection.close()
            return None
        return cls(connection)

    def close(self) -> None:
        """Close the database; idempotent."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def store_id(self) -> str:
        """Names this database: one that was made anew has another. Empty for one of version 1."""
        if int(self._db.execute("PRAGMA user_version").get) < VERSION:
            return ""
        return str(self._db.execute("SELECT value FROM meta WHERE name='store_id'").get or "")

    def has_batch(self, key_digest: str) -> bool:
        """Whether the vectors of the task of this key were stored in this database."""
        row = self._db.execute(
            "SELECT 1 FROM batches WHERE key_digest=?", (bytes.fromhex(key_digest),)
        ).fetchone()
        return row is not None

    def add(self, embeddings: Iterable[Embedding], *, batch: str = "") -> int:
        """Store vectors, all or none; returns how many were new (a text has one per model).

        ``batch``: digest of the key of the task that made them, which is done from now on.

        Raises `KernelError` ``vector-misfit`` for one whose length is not that of its model,
        and `apsw.Error` when the disk refuses.
        """
        added = 0
        with transaction(self._db):
            for embedding in embeddings:
                added += self._add(embedding)
            if batch:
                self._db.execute(
                    "INSERT OR IGNORE INTO batches(key_digest) VALUES(?)", (bytes.fromhex(batch),)
                )
        return added

    def _add(self, embedding: Embedding) -> bool:
        model_id = self._model_id(embedding)
        row = (model_id, bytes.fromhex(embedding.text_digest))
        self._db.execute("INSERT OR IGNORE INTO texts(model_id, digest) VALUES(?,?)", row)
        if not self._db.changes():
            return False
        self._db.execute(
            f"INSERT INTO {_table(model_id)}(rowid, coarse, fine)"
            " VALUES(?, vec_quantize_binary(vec_int8(?)), vec_int8(?))",
            (self._db.last_insert_rowid(), embedding.components, embedding.components),
        )
        return True

    def _model_id(self, embedding: Embedding) -> int:
        digest = bytes.fromhex(embedding.model_digest)
        row = self._db.execute(
            "SELECT model_id, dimensions FROM models WHERE digest=?", (digest,)
        ).fetchone()
        dimensions = int(row[1]) if row else embedding.dimensions
        # sqlite-vec packs eight signs into a byte.
        if not len(embedding.components) == embedding.dimensions == dimensions or dimensions % 8:
            raise KernelError(
                "vector-misfit",
                f"a vector of {len(embedding.components)} bytes for {embedding.dimensions}"
                f" dimensions, where model {embedding.model} has {dimensions}",
                hint="the plugin that made it is at fault; see kernel doctor",
            )
        if row:
            return int(row[0])
        self._db.execute(
            "INSERT INTO models(name, digest, dimensions) VALUES(?,?,?)",
            (embedding.model, digest, dimensions),
        )
        model_id = self._db.last_insert_rowid()
        self._db.execute(
            f"CREATE VIRTUAL TABLE {_table(model_id)} USING vec0("
            f"coarse bit[{dimensions}], fine int8[{dimensions}] distance_metric=cosine)"
        )
        return model_id

    def models(self) -> tuple[Model, ...]:
        """The models with stored vectors, the one stored first first."""
        rows = self._db.execute(
            "SELECT name, digest, dimensions,"
            " (SELECT count(*) FROM texts t WHERE t.model_id = m.model_id)"
            " FROM models m ORDER BY model_id"
        )
        return tuple(Model(name, digest.hex(), size, count) for name, digest, size, count in rows)

    def missing(self, model_digest: str, text_digests: Sequence[str]) -> list[str]:
        """Those of the texts, in their order, that have no vector of this model."""
        known: set[str] = set()
        model_id = self._find(model_digest)
        for start in range(0, len(text_digests) if model_id is not None else 0, _PARAMETERS_MAX):
            part = [bytes.fromhex(d) for d in text_digests[start : start + _PARAMETERS_MAX]]
            marks = ",".join("?" * len(part))
            query = f"SELECT digest FROM texts WHERE model_id=? AND digest IN ({marks})"  # noqa: S608 - only marks
            known.update(digest.hex() for (digest,) in self._db.execute(query, (model_id, *part)))
        return [digest for digest in text_digests if digest not in known]

    def vector_of(self, model_digest: str, text_digest: str) -> bytes | None:
        """The components of a text's vector; None when it has none of this model."""
        model_id = self._find(model_digest)
        if model_id is None:
            return None
        row = self._db.execute(
            f"SELECT v.fine FROM texts t JOIN {_table(model_id)} v ON v.rowid = t.vector_id"  # noqa: S608 - a number
            " WHERE t.model_id=? AND t.digest=?",
            (model_id, bytes.fromhex(text_digest)),
        ).fetchone()
        return bytes(row[0]) if row else None

    def nearest(self, model_digest: str, components: bytes, *, limit: int) -> tuple[Near, ...]:
        """The texts nearest to a vector of this model, nearest first.

        Equally near ones stand in the order of their digests. Empty when that model has none.
        """
        model_id = self._find(model_digest)
        if model_id is None:
            return ()
        wanted = max(CANDIDATES_MIN, CANDIDATES_PER_HIT * limit)
        rows = self._db.execute(
            _NEAREST.format(table=_table(model_id)),
            {
                "vector": components,
                "candidates": min(wanted, CANDIDATES_MAX),
                "limit": limit,
            },
        )
        return tuple(Near(digest.hex(), distance) for digest, distance in rows)

    def _find(self, model_digest: str) -> int | None:
        row = self._db.execute(
            "SELECT model_id FROM models WHERE digest=?", (bytes.fromhex(model_digest),)
        ).fetchone()
        return int(row[0]) if row else None


def _table(model_id: int) -> str:
    return f"vectors_{model_id}"


def _require() -> None:
    reason = why_unavailable()
    if reason:
        raise KernelError(
            "vectors-unavailable", reason, hint="install the extra: uv tool install '.[ocr,embed]'"
        )


def _load(connection: apsw.Connection) -> apsw.Connection:
    import sqlite_vec

    connection.enable_load_extension(True)  # noqa: FBT003 - positional only
    connection.load_extension(sqlite_vec.loadable_path())
    connection.enable_load_extension(False)  # noqa: FBT003 - as above
    return connection


def _migrate(connection: apsw.Connection, version: int) -> None:
    """Bring the database to `VERSION`; within a transaction."""
    if version == VERSION:
        return
    if version == 0:
        connection.execute(_SCHEMA)
    connection.execute(_SCHEMA_2)
    # With vectors of version 1 the walk over the texts goes on where it was, under no id.
    if not connection.execute("SELECT 1 FROM texts LIMIT 1").fetchone():
        connection.execute(
            "INSERT INTO meta(name, value) VALUES('store_id', ?)", (secrets.token_hex(8),)
        )
    connection.execute(f"PRAGMA user_version={VERSION}")


def _check(connection: apsw.Connection, data_dir: DataDir) -> int:
    version = int(connection.execute("PRAGMA user_version").get)
    if version > VERSION:
        raise KernelError(
            "vectors-too-new",
            f"{data_dir.vectors_db} has schema version {version}, this kernel knows {VERSION}",
            hint="use the kernel that wrote it, or move the file away: it can be rebuilt",
        )
    return version
