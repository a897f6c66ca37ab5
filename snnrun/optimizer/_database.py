"""A study in a database: what belongs together in one transaction, and one worker at a time.

Optuna commits each of a candidate's dozens of attributes on its own, and waits for the disk each
time. Here its storage gets sessions that, while they are held, only flush: one commit at the end.
"""

import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from optuna.storages import RDBStorage
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from snnrun.errors import FileError
from snnrun.store.lock import turn as file_turn

WAIT_S = 60
Turn = Callable[[str], AbstractContextManager[None]]


class _Session(Session):
    """A session that can be held."""

    held = broken = False

    def commit(self) -> None:
        if self.held:
            self.flush()
        else:
            super().commit()

    def rollback(self) -> None:
        """Undo everything, unless it is Optuna that complains, which has written nothing yet."""
        if not self.held:
            super().rollback()
        elif isinstance(sys.exception(), SQLAlchemyError):
            self.broken = True
            super().rollback()

    def close(self) -> None:
        if self.held:
            self.expunge_all()  # what is read next comes from the database, as in a new session
        else:
            super().close()


class Database:
    """Optuna's storage at a URL, as `base`, with transactions and turns.

    `arguments`: of connecting.
    """

    def __init__(self, url: str, arguments: dict[str, Any]) -> None:
        kwargs = {"connect_args": arguments, "pool_pre_ping": True}
        self._engine = create_engine(url, **kwargs)
        with self._locked()("tables"):  # which several new workers may be about to make
            self.base = RDBStorage(url, engine_kwargs=kwargs)
        self._sessions = scoped_session(sessionmaker(bind=self.base.engine, class_=_Session))
        self.base.scoped_session = self._sessions  # type: ignore[assignment]  # a subclass's

    def close(self) -> None:
        """End all connections."""
        self._sessions.remove()
        self.base.engine.dispose()
        self._engine.dispose()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Commit at the end, whatever ends it; FileError if the database took nothing."""
        session = self._sessions()
        if session.held:
            yield
            return
        session.held, session.broken = True, False
        try:
            yield
        finally:
            session.held = False
            try:
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.close()
        if session.broken:
            raise FileError("the database refused what was written; nothing of it was kept")

    @contextlib.contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Let one worker of a study at a time do something, in one transaction."""
        with self._locked()(name), self.together():
            yield

    def _locked(self) -> Turn:
        if self._engine.name == "sqlite":
            return self._file
        return self._advisory if self._engine.name == "postgresql" else self._named

    def _file(self, name: str) -> AbstractContextManager[None]:
        """Lock a file beside an SQLite database: a lock in it would keep Optuna out as well."""
        database = self._engine.url.database
        if not database or database == ":memory:":
            return nullcontext()
        path = Path(f"{database}.turn")
        path.touch()
        return file_turn(path)

    @contextlib.contextmanager
    def _advisory(self, name: str) -> Iterator[None]:
        """Take PostgreSQL's advisory lock, which ends with its transaction or connection."""
        number = int.from_bytes(bytes.fromhex(_key(name)), "big", signed=True)
        with self._engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
            yield

    @contextlib.contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Take MySQL's named lock, which ends with its connection."""
        lock = f"snnrun {_key(f'{self._engine.url.database} {name}')}"
        with self._engine.connect() as connection:
            if not _got(connection, lock):
                raise FileError("another worker holds the study's lock, and does not go on")
            try:
                yield
            finally:
                connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": lock})


def _got(connection: Connection, lock: str) -> bool:
    wanted = {"name": lock, "wait": WAIT_S}
    return connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), wanted) == 1


def _key(name: str) -> str:
    return hashlib.blake2b(f"snnrun {name}".encode(), digest_size=8).hexdigest()
