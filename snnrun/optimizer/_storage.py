"""Where a study is kept: a journal file, or what Optuna's `--storage` names.

    none                                 the journal `study.journal` in the study's folder
    journal://PATH, or a file            a journal
    redis://…                            a journal in Redis
    sqlite:///PATH postgresql://… mysql://…   a database

Several workers share a study. What only one of them may do at a time (counting candidates and
asking more, putting back those of dead workers) is done in its `turn`.
"""

import contextlib
import dataclasses
import importlib.util
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, get_storage

from snnrun.errors import ConfigError, FileError, SnnrunError
from snnrun.optimizer._journal import Journal
from snnrun.store.disk import cause, path_kept_in

VARIABLE = "OPTUNA_STORAGE"
JOURNAL = "study.journal"  # in the folder of a study that is kept nowhere else
_CONNECT_S, WAIT_S = 10, 60
_SERVICES = ("sqlalchemy", "psycopg", "psycopg2", "pymysql", "redis", "sqlite3")
_EXTRAS = {"psycopg": "postgres", "pymysql": "mysql", "redis": "redis"}
_KNOWN = (
    "journal://PATH, redis://HOST, sqlite:///PATH, postgresql://USER@HOST/DATABASE or"
    " mysql://USER@HOST/DATABASE"
)

Turn = Callable[[str], AbstractContextManager[None]]
Writing = Callable[[], AbstractContextManager[None]]


@dataclasses.dataclass(frozen=True)
class Place:
    """A storage, opened.

    `text`: what it is called in messages, without passwords; `turn`: lets one worker of a study
    at a time do something, and writes it at once; `together`: writes at once; `later`: at the
    end, and lets others write meanwhile; `close`: ends its connections.
    """

    base: BaseStorage
    text: str
    turn: Turn
    together: Writing = nullcontext
    later: Writing = nullcontext
    close: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Make a FileError of what a storage says that can't be reached."""
        with _reached(self.text):
            yield


def in_memory() -> Place:
    """Return a storage of this process that is gone with it."""
    return Place(InMemoryStorage(), "memory", lambda name: nullcontext())


def open_storage(url: str | None, folder: Path, new: bool = True) -> Place:
    """Return the storage that `url`, else OPTUNA_STORAGE, else the folder names.

    ConfigError if it is not known what that is, or a package is missing; FileError if it can't be
    reached, or is none and not `new`.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    given = url
    url = url or os.environ.get(VARIABLE) or f"journal://{folder / JOURNAL}"
    text = without_password(url)
    scheme = url.partition(":")[0].partition("+")[0].lower() if "://" in url else ""
    with _reached(text):
        if scheme == "journal":
            return _journal(Path(url.partition("://")[2]), new)
        if scheme in ("redis", "rediss", "unix"):
            return _redis(url, text)
        if not scheme and Path(url).is_file():
            return _journal(Path(url), new)
        if scheme == "sqlite" and not new:
            _refuse_missing(url)
        if scheme in ("sqlite", "postgresql", "postgres", "mysql", "mariadb"):
            return _database(_with_driver(url, scheme), scheme, text)
    where = "storage" if given else VARIABLE
    raise ConfigError(f"{where}: {text}: is no file that exists, nor one of {_KNOWN}")


def absolute(url: str, folder: Path = Path()) -> str:
    """Return a URL whose file, if it names one, is the same from everywhere.

    `folder`: where a relative path begins.
    """
    before, path, after = _around_path(url, folder)
    return f"{before}{(folder / path).resolve()}{after}" if path else url


def url_kept_in(folder: Path, url: str) -> str | None:
    """Return how a file of a study's folder names its storage; None: the journal there."""
    before, path, after = _around_path(url, Path())
    if not path:
        return without_password(url)
    is_journal = before in ("", "journal://")
    if is_journal and Path(path).resolve() == (folder / JOURNAL).resolve():
        return None
    return f"{before}{path_kept_in(folder, Path(path))}{after}"


def url_found_in(folder: Path, kept: str) -> str | None:
    """Return the storage that a file of a study's folder names; None: the journal there.

    A folder with a journal of its own has its study there, even where the file names the place
    that the folder was moved or copied from, as earlier versions wrote it.
    """
    before, path, _ = _around_path(kept, folder)
    if before == "journal://" and Path(path).name == JOURNAL and (folder / JOURNAL).exists():
        return None
    return absolute(kept, folder)


def _around_path(url: str, folder: Path) -> tuple[str, str, str]:
    """Return what is before a file's path in a URL, the path, and what is after it.

    The path is empty where the URL names no file.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "", url if (folder / url).is_file() else "", ""
    if scheme.partition("+")[0].lower() not in ("journal", "sqlite"):
        return url, "", ""
    slash = "" if scheme == "journal" else "/"
    path, question, query = rest.removeprefix(slash).partition("?")
    if path.startswith((":memory:", "file:")):
        return url, "", ""
    return f"{scheme}://{slash}", path, f"{question}{query}"


def without_password(url: str) -> str:
    """Return a URL without what must not be shown."""
    url = re.sub(r"(?i)([?&][^=&]*(?:password|secret|passwd)[^=&]*=)[^&]*", r"\1***", url)
    return re.sub(r"(://[^:/@?]*):.*@", r"\1:***@", url)


def _refuse_missing(url: str) -> None:
    """Complain of a database file that is not there, before one is made."""
    path = url.partition(":///")[2].partition("?")[0]
    if path and not path.startswith((":memory:", "file:")) and not Path(path).exists():
        raise FileError(f"{path}: there is no such file")


def _journal(path: Path, new: bool) -> Place:
    if not (new or path.exists()):
        raise FileError(f"{path}: there is no such file")
    with path.open("rb") if path.exists() else nullcontext() as file:
        if file is not None and file.read(15) == b"SQLite format 3":
            raise ConfigError(f"storage: {path}: is a database; use sqlite:///{path}")
    journal = Journal(path)
    try:
        base = JournalStorage(journal)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FileError(f"{path}: is damaged, or no journal of Optuna") from error
    return Place(base, f"{path}", lambda name: journal.together(), journal.together, journal.later)


def _redis(url: str, text: str) -> Place:
    _need("redis", text)
    import redis
    from optuna.storages.journal import JournalRedisBackend

    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=_CONNECT_S)
    except ValueError:
        raise _no_url(text) from None
    client.ping()

    @contextlib.contextmanager
    def turn(name: str) -> Iterator[None]:
        with client.lock(f"snnrun:{name}", timeout=WAIT_S, blocking_timeout=2 * WAIT_S):
            yield

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return Place(JournalStorage(JournalRedisBackend(url)), text, turn)


def _with_driver(url: str, scheme: str) -> str:
    """Return a URL that names a driver, so that which one is used does not depend on SQLAlchemy."""
    named, rest = url.split("://", 1)
    usual = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
    usual |= {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}
    return f"{named if '+' in named else usual.get(scheme, 'mysql+pymysql')}://{rest}"


def _database(url: str, scheme: str, text: str) -> Place:
    driver = url.partition("://")[0].partition("+")[2]
    if driver:
        _need(driver, text)
    limited = driver in ("psycopg", "psycopg2", "pymysql")
    arguments: dict[str, Any] = {"connect_timeout": _CONNECT_S} if limited else {}
    if scheme == "sqlite":
        arguments["timeout"] = WAIT_S  # for the others' writes
    from sqlalchemy.exc import ArgumentError

    from snnrun.optimizer._database import Database

    try:
        database = Database(url, arguments)
    except RuntimeError as error:  # the tables are of another version of Optuna
        raise FileError(f"{text}: {_short(error)}") from error
    except (ArgumentError, ValueError, TypeError):
        raise _no_url(text) from None
    base = get_storage(database.base)  # with Optuna's cache of what is over
    together = database.together
    return Place(base, text, database.turn, together, together, database.close)


def _no_url(text: str) -> ConfigError:
    """Return what to raise for a URL whose parser's complaint may name parts of a password."""
    return ConfigError(
        f"storage: {text}: can't be read as a URL; special characters in names and passwords are"
        " written as %40 for @, %2F for /, %3A for :"
    )


def _need(package: str, text: str) -> None:
    if importlib.util.find_spec(package) is None:
        extra = _EXTRAS.get(package)
        way = f"'snnrun[{extra}]'" if extra else package
        raise ConfigError(f"storage: {text} needs the package {package}: pip install {way}")


@contextlib.contextmanager
def _reached(text: str) -> Iterator[None]:
    """Make a FileError of what a file or service says that can't be reached."""
    try:
        yield
    except SnnrunError:
        raise
    except OSError as error:
        raise FileError(f"{text}: {cause(error)}") from error
    except Exception as error:
        root = _root(error)
        if type(root).__module__.split(".")[0] not in _SERVICES:
            raise
        raise FileError(f"{text}: {_short(root)}") from None  # its own text may have a password


def _root(error: BaseException) -> BaseException:
    """Return what a database's driver said: Optuna and SQLAlchemy wrap it in their own."""
    while (inner := getattr(error, "orig", None) or error.__cause__) is not None:
        error = inner
    return error


def _short(error: BaseException) -> str:
    """Return an error's first line, without passwords."""
    lines = [line.strip() for line in f"{error}".splitlines() if line.strip()]
    return (without_password(lines[0]) if lines else type(error).__name__)[:300]
