"""The reference tool's `embeddings.db`: an SQLite file of collections and their embeddings."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from .extracted import Unreadable

_ROW = ("id", "embedding", "content", "content_blob", "content_hash", "metadata", "updated")
_LENGTH = 100_000_000  # bytes of one value; SQLite would take ten times that
_SECONDS = 600.0  # that one file may be open
_STEPS = 100_000  # of SQLite's machine, between two looks at the clock
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
# As the tool's migrations leave it, to the letter, and with the note that they were made:
# else the tool would try to make the tables again.
_SCHEMA = """
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE "collections" (
   "id" INTEGER PRIMARY KEY,
   "name" TEXT,
   "model" TEXT
);
CREATE UNIQUE INDEX "idx_collections_name"
    ON "collections" ("name");
CREATE TABLE "embeddings" (
   "collection_id" INTEGER REFERENCES "collections"("id"),
   "id" TEXT,
   "embedding" BLOB,
   "content" TEXT,
   "content_blob" BLOB,
   "content_hash" BLOB,
   "metadata" TEXT,
   "updated" INTEGER,
   PRIMARY KEY ("collection_id", "id")
);
CREATE INDEX "idx_embeddings_content_hash"
    ON "embeddings" ("content_hash");
"""
_MIGRATIONS = (
    "m001_create_tables",
    "m002_foreign_key",
    "m003_add_updated",
    "m004_store_content_hash",
    "m005_add_content_blob",
)


@dataclass(frozen=True)
class StoredCollection:
    number: int
    name: str
    model: str


@dataclass(frozen=True)
class StoredRow:
    """A row as it stands. `embedding` is little-endian float32; what is None was not kept.

    Text that is not UTF-8 has lone surrogates. Of a database of an old version, the columns
    that it has not are None.
    """

    id: str
    embedding: bytes
    content: str | None = None
    content_blob: bytes | None = None
    content_hash: bytes | None = None
    metadata: str | None = None
    updated: int | None = None


class EmbeddingsDb:
    """An open file, for reading only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns = self._checked("embeddings", {"collection_id", "id", "embedding"})
        self._checked("collections", {"id", "name", "model"})

    def _checked(self, table: str, needed: set[str]) -> set[str]:
        """The table's columns. Raises Unreadable where it is not there or no plain table."""
        found = self._connection.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]
        ).fetchone()
        rows = self._connection.execute(f'PRAGMA table_info("{table}")')
        columns = {row[1] for row in rows} if found else set()
        if not found or "VIRTUAL" in found[0].upper().split("(")[0] or not needed <= columns:
            raise Unreadable(
                f"There is no table “{table}” as the llm tool makes it. Choose its embeddings.db; "
                "`llm collections path` says where that is."
            )
        return columns

    def collections(self) -> list[StoredCollection]:
        """In the order of their numbers."""
        rows = self._connection.execute("SELECT id, name, model FROM collections ORDER BY id")
        return [StoredCollection(row[0], str(row[1] or ""), str(row[2] or "")) for row in rows]

    def size(self, number: int) -> int:
        """How many rows a collection has."""
        asked = "SELECT count(*) FROM embeddings WHERE collection_id = ?"
        return int(self._connection.execute(asked, [number]).fetchone()[0])

    def rows(self, number: int) -> Iterator[StoredRow]:
        """A collection's rows in the order they were written."""
        columns = [name if name in self._columns else f"NULL AS {name}" for name in _ROW]
        cursor = self._connection.execute(
            f"SELECT {', '.join(columns)} FROM embeddings WHERE collection_id = ? ORDER BY rowid",  # noqa: S608 - names of ours
            [number],
        )
        return (StoredRow(*row) for row in cursor)


@contextmanager
def opened(path: Path) -> Iterator[EmbeddingsDb]:
    """The file, which nothing is written to. Raises Unreadable for what is no such file,
    also while its rows are read."""
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            _bound(connection)
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            yield EmbeddingsDb(connection)
    except sqlite3.Error as error:
        raise Unreadable(f"The file is not an SQLite database, or is damaged: {error}.") from error


def _bound(connection: sqlite3.Connection) -> None:
    """The file may be anybody's: nothing but reading, in bounds of memory and time."""
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.set_authorizer(_authorize)
    end = time.monotonic() + _SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)


def _authorize(action: int, first: str | None, second: str | None, *rest: object) -> int:
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first == "table_info" else sqlite3.SQLITE_DENY
    if action not in _ALLOWED or (action == sqlite3.SQLITE_FUNCTION and second != "count"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def write(path: Path, tables: Iterable[tuple[StoredCollection, Iterable[StoredRow]]]) -> int:
    """Make the file, which must not be there yet; how many rows went into it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_SCHEMA)
        now = str(datetime.now(UTC))
        connection.executemany(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('llm.embeddings', ?, ?)",
            [(name, now) for name in _MIGRATIONS],
        )
        for collection, rows in tables:
            connection.execute("INSERT INTO collections VALUES (?, ?, ?)", astuple(collection))
            connection.executemany(
                "INSERT INTO embeddings (collection_id, id, embedding, content, content_blob,"
                " content_hash, metadata, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((collection.number, *astuple(row)) for row in rows),
            )
        return int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
