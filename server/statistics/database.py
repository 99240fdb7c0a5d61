"""The file of statistics: SQLite in the user's own state folder, shared by all servers of the user.

It is opened for each batch of rows and closed again, so it can be deleted at any time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path

from ..errors import BadStatistics
from .rows import CompletionRow, RequestRow, Row

VERSION = 1
KEPT_DAYS = 90
_BUSY_S = 5.0
_DAY_S = 86_400
_DELETE = "Delete it: `seekline stats --delete`."
_TABLES = (
    """CREATE TABLE requests (at INTEGER NOT NULL, language TEXT NOT NULL, kind TEXT NOT NULL, answer TEXT NOT NULL,
    path TEXT, latency_ms REAL NOT NULL, tokens_per_s REAL)""",
    """CREATE TABLE completions (id TEXT PRIMARY KEY, at INTEGER NOT NULL, language TEXT NOT NULL, kind TEXT NOT NULL,
    outcome TEXT NOT NULL, accepted_characters INTEGER NOT NULL, kept_30_s INTEGER, kept_5_min INTEGER)""",
    "CREATE INDEX requests_at ON requests (at)",
    "CREATE INDEX completions_at ON completions (at)",
)


def write(path: Path, rows: Iterable[Row], *, now: float) -> None:
    """Adds rows; of a completion that is there already, the new one counts. What is older than `KEPT_DAYS` goes.

    Raises `BadStatistics` and OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with _opened(path) as connection, _transaction(connection):
        if _version(connection, path) == 0:
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        for row in rows:
            table = "requests" if isinstance(row, RequestRow) else "completions"
            marks = ", ".join("?" * len(fields(row)))
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", astuple(row))  # noqa: S608 - ours
        oldest = int(now) - KEPT_DAYS * _DAY_S
        connection.execute("DELETE FROM requests WHERE at < ?", (oldest,))
        connection.execute("DELETE FROM completions WHERE at < ?", (oldest,))


def read(path: Path, *, since: float = 0) -> tuple[list[RequestRow], list[CompletionRow]]:
    """All rows from a time on; none where there is no file. Raises `BadStatistics`."""
    if not path.exists():
        return [], []
    with _opened(path) as connection, _transaction(connection):
        if _version(connection, path) == 0:
            return [], []
        requests = [RequestRow(**dict(row)) for row in connection.execute(_since("requests"), (since,))]
        completions = [CompletionRow(**dict(row)) for row in connection.execute(_since("completions"), (since,))]
    return requests, completions


def delete(path: Path) -> bool:
    """Deletes the file; whether there was one. Raises `BadStatistics` where it cannot be deleted."""
    if not path.exists():
        return False
    # A server that has the file open right now, on a system that then lets nobody delete it, leaves it empty.
    with suppress(BadStatistics), _opened(path) as connection, _transaction(connection):
        for table in ("requests", "completions"):
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute("PRAGMA user_version = 0")
    try:
        path.with_name(path.name + "-journal").unlink(missing_ok=True)
        path.unlink()
    except OSError as error:
        raise BadStatistics(f"{path} cannot be deleted: {error.strerror}.", "Delete it yourself.") from error
    return True


def _since(table: str) -> str:
    return f"SELECT * FROM {table} WHERE at >= ?"  # noqa: S608 - one of ours


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that exists. Whatever is wrong with it is a `BadStatistics`."""
    try:
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.OperationalError as error:
        raise BadStatistics(f"{path} cannot be used: {error}.", "See to it that you may write it.") from error
    except (sqlite3.Error, TypeError) as error:
        raise BadStatistics(f"{path} holds no statistics that can be read: {error}.", _DELETE) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the tables, 0 where there are none yet."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise BadStatistics(f"{path} was written by a newer version of Seekline.", f"Update Seekline. {_DELETE}")
    return version
