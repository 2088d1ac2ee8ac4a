"""One database, SQLite or PostgreSQL, behind one small class.

Writers on SQLite begin with `BEGIN IMMEDIATE`: a transaction that reads first and
writes later fails at once when somebody else wrote in between, whatever the timeout.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    FromClause,
    String,
    and_,
    create_engine,
    event,
    func,
    inspect,
    or_,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import SQLModel

from riskprofile.errors import Damaged, StoreError
from riskprofile.store import (  # noqa: F401  (the models of all tables belong to every database)
    address,
    alert_tables,
    arms_tables,
    office_tables,
    run_tables,
)
from riskprofile.store.faults import GRANT, NO_RIGHT, fault
from riskprofile.store.migrations import REVISIONS
from riskprofile.store.packed_json import dumps

BUSY_MS = 5000
MIGRATION_LOCK = 7001  # two programs may open an empty database at once
PRAGMAS = {
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": BUSY_MS,
    "cache_size": -16_000,
}  # 2 is FULL
VALUES_AT_ONCE = 900  # in one statement of SQLite, which once took 999 at most
CHANGED_AT_ONCE = 500  # rows that are looked at together for values that a driver does not take
ONE_VIEW = "REPEATABLE READ"
NUL = "\x00"

# Tables here that belong to nobody whom this user may act for.
FOREIGN = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
    "current_schema()::regnamespace AND NOT pg_has_role(relowner, 'USAGE')"
)

# Tables whose rows hold bytes with a sum, what names a row to people, and the columns of them.
HELD = (
    ("chunk", "batch {batch_id}, chunk {number}", ("rows", "features", "events")),
    ("aside", "batch {batch_id}, rows set aside of chunk {number}", ("rows",)),
    ("alert", "alert {id}", ("reasons", "against")),
)


def _changed(
    rows: Iterable[tuple[Any, ...]], changes: Mapping[int, Callable[[Any], Any]]
) -> Iterator[tuple[Any, ...]]:
    """Rows with the values at some places changed to what the driver takes.

    Some at a time: where none of them has such a value, they are handed on as they are. Rows
    often hold the very same value, such as the time of the run: it is changed once.
    """
    latest: dict[int, tuple[Any, Any]] = {}
    text = {place for place, change in changes.items() if change is _without_nul}

    def changed(some: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        places = [
            place
            for place in changes
            if any(place not in text or NUL in row[place] for row in some if row[place] is not None)
        ]
        if not places:
            return some
        made = [[*row] for row in some]
        for row in made:
            for place in places:
                value = row[place]
                if value is None:
                    continue
                given, told = latest.get(place, (None, None))
                if value is not given:
                    told = changes[place](value)
                    latest[place] = value, told
                row[place] = told
        return [tuple(row) for row in made]

    left = iter(rows)
    parts = iter(lambda: [*islice(left, CHANGED_AT_ONCE)], [])
    return chain.from_iterable(map(changed, parts))


def _inserted(
    cursor: Any, into: str, place: str, many: int, rows: Iterable[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Insert `many` rows by each statement; what is left, which does not fill one.

    To begin and end a statement takes SQLite as long as to insert a row of few values. Those before
    a row that fails stay, as where each comes alone.
    """
    statement, left = f"INSERT OR FAIL INTO {into}{', '.join([place] * many)}", iter(rows)
    while len(some := [*islice(left, many)]) == many:
        cursor.execute(statement, [*chain.from_iterable(some)])
    return some


def upsert(connection: Connection, table: FromClause) -> Any:
    """An INSERT in the words of this database, which can say what to do where a row is there."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


def serialise(connection: Connection, number: int, *, shared: bool = False) -> None:
    """Let one transaction at a time go on from here, by a number that both know; those that share
    it, beside each other.

    On SQLite that is so already: there is one writer.
    """
    if connection.dialect.name == "postgresql":
        asked = f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(:number)"
        connection.execute(text(asked), {"number": number})


class Store:
    """An open database. Use `write()` to change it and `read()` to look.

    Safe to share between threads; not between processes.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self.engine = engine
        self.where = where
        # By itself PostgreSQL shows each statement what others committed since the one before.
        self._looking = (
            engine if self.sqlite else engine.execution_options(isolation_level=ONE_VIEW)
        )

    @classmethod
    def open(cls, url: str) -> Store:
        """Open, and create or migrate when it is empty or behind.

        Parameters
        ----------
        url : str
            `sqlite:////path/riskprofile.db` or `postgresql://user@host/name`.

        Raises
        ------
        StoreError
            It is unreadable, damaged, read-only, in a missing folder, of another
            program, or of a newer release; or SQLite is older than `address.OLDEST`.
        """
        parsed = address.parse(url)
        sqlite = parsed.get_backend_name() == "sqlite"
        where = str(parsed.database) if sqlite else address.shown(parsed)
        if sqlite:
            address.check_version(where)
            address.check_path(Path(where))
        store = cls(_engine(parsed), where)
        try:
            if sqlite:
                # SQLite puts its log beside what a link leads to.
                address.own(Path(where).resolve())
                store._set_journal()
            store.migrate()
            if sqlite:  # not before: it might have been another program's
                address.close_to_others(Path(where).resolve())
        except BaseException:
            store.close()
            raise
        return store

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, patience: float = 8.0) -> Iterator[Connection]:
        """A transaction that may change things: commits at the end, undoes on any error.

        Parameters
        ----------
        patience : float
            Seconds to go on asking while another writer holds the database. A page
            keeps the default (nobody waits 10 s for a click); a batch gives more.
        """
        with self._translated(), self.engine.connect() as plain:
            connection = plain.execution_options(riskprofile_write=True)
            _begin(connection, patience)
            try:
                with _placed(connection):
                    yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging view of the database; nothing done in it is kept."""
        with self._translated(), self._looking.connect() as connection:
            try:
                with _placed(connection):
                    yield connection
            finally:
                connection.rollback()

    @contextmanager
    def outside(self) -> Iterator[Any]:
        """The driver's own cursor, outside of any transaction: for what can be done in none."""
        with self._translated(), self.engine.connect() as plain:
            if not self.sqlite:
                plain = plain.execution_options(isolation_level="AUTOCOMMIT")
            cursor: Any = plain.connection.cursor()
            try:
                yield cursor
            except self.engine.dialect.loaded_dbapi.Error as error:
                raise fault(error, self.where) from None
            finally:
                cursor.close()

    def migrate(self) -> None:
        """Create or migrate it, when it is empty or behind.

        Raises
        ------
        StoreError
            It is damaged, of another program, or of a newer release.
        """
        with self.read() as connection:
            revision = _revision(connection, self.where)
        if revision == REVISIONS[-1]:
            return
        if revision is None and not self.sqlite:
            self._check_encoding()
        from riskprofile.store.migrations import upgrade

        try:
            with self.write(patience=60.0) as connection:
                serialise(connection, MIGRATION_LOCK)
                if _revision(connection, self.where) != REVISIONS[-1]:
                    upgrade(connection)
        except IntegrityError as error:
            what = f"the database cannot be brought to this release: {self._contradiction(error)}"
            raise Damaged(what, where=self.where) from None

    def check_rights(self) -> None:
        """Let pass a PostgreSQL database that takes changes and whose tables this user owns.

        Their owner alone may change tables, as a later release does. A SQLite file is looked at
        when it is opened.

        Raises
        ------
        StoreError
        """
        if self.sqlite:
            return
        with self.write() as connection:
            connection.execute(text("UPDATE setting SET value = value WHERE false"))
            foreign = set(connection.execute(text(FOREIGN)).scalars())
            if foreign & {*SQLModel.metadata.tables, "alembic_version"}:  # others do no harm
                what = "the tables of the database belong to another user"
                raise StoreError(what, where=self.where, do=GRANT)

    def insert_many(
        self,
        connection: Connection,
        table_name: str,
        columns: Sequence[str],
        rows: Iterable[tuple[Any, ...]],
        written: Collection[str] = (),
    ) -> None:
        """Insert tuples fast: the driver's `executemany`, or `COPY` on PostgreSQL.

        Values are what the models hold (aware datetimes, Python values for JSON
        columns). No defaults are filled in: name every column that must not be empty.
        Columns that are `written` hold JSON as it is stored.
        """
        table = SQLModel.metadata.tables[table_name]
        changes = {
            place: change
            for place, name in enumerate(columns)
            if name not in written and (change := self._converter(table.c[name].type)) is not None
        }
        if changes:
            rows = _changed(rows, changes)
        names = ", ".join(f'"{name}"' for name in columns)
        cursor: Any = connection.connection.cursor()
        try:
            if self.sqlite:
                into = f'"{table_name}" ({names}) VALUES '
                place = f"({', '.join('?' * len(columns))})"
                if not table.foreign_keys:  # pages of what refers to another would be copied
                    rows = _inserted(cursor, into, place, VALUES_AT_ONCE // len(columns), rows)
                cursor.executemany(f"INSERT INTO {into}{place}", rows)
            else:
                with cursor.copy(f'COPY "{table_name}" ({names}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
        except self.engine.dialect.loaded_dbapi.Error as error:
            # The driver was called directly, so its error has not been wrapped yet.
            if isinstance(error, self.engine.dialect.loaded_dbapi.IntegrityError):
                raise IntegrityError(f"INSERT INTO {table_name}", None, error) from None
            raise fault(error, self.where) from None
        finally:
            cursor.close()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def _converter(self, kind: Any) -> Callable[[Any], Any] | None:
        impl = kind.dialect_impl(self.engine.dialect)
        change: Callable[[Any], Any] | None = impl.bind_processor(self.engine.dialect)
        kept = getattr(impl, "impl_instance", impl)  # a model's text is a type around the driver's
        if change is None and not self.sqlite and isinstance(kept, String):
            return _without_nul
        return change

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what a driver says into what, where, what to do.

        Broken constraints and wrong statements pass: they are the caller's to handle.
        """
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            # Of wrong statements PostgreSQL counts those that the user has no right to.
            refused = getattr(error.orig, "sqlstate", None) == NO_RIGHT
            if isinstance(error, ProgrammingError) and not refused:
                raise
            raise fault(error.orig or error, self.where) from None
        except PoolTimeout:
            raise StoreError(
                "too many tasks use the database at once", where=self.where, do="Try again."
            ) from None

    def _set_journal(self) -> None:
        with self.outside() as cursor:
            mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            found = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS}
        if mode != "wal" or found != PRAGMAS:
            raise StoreError(
                f"the database does not keep its settings (journal {mode}, {found})",
                where=self.where,
                do="Put it on a local disk: network folders cannot hold it safely.",
            )

    def _check_encoding(self) -> None:
        """Names come in every script: what cannot hold one would stop a run in its middle."""
        with self.read() as connection:
            encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"the database holds {encoding} alone, not every script",
                where=self.where,
                do="Make it with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0;",
            )

    def _contradiction(self, error: IntegrityError) -> str:
        """Which rows do not fit together; no value of them."""
        if self.sqlite:
            with self.read() as connection:
                found = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if pairs := sorted({(child, parent) for child, _, parent, _ in found}):
                told = [f"of {child} to {parent}" for child, parent in pairs]
                return f"it holds rows that refer to rows that are gone ({', '.join(told)})"
        return str(error.orig).partition("\n")[0]


@contextmanager
def _placed(connection: Connection) -> Iterator[None]:
    """Tell of damaged bytes what they are of, which is looked for by them alone then."""
    try:
        yield
    except Damaged as error:
        found = "" if error.where else _place(connection, error.content)
        if found:
            raise Damaged(error.what, where=found) from None
        raise


def _place(connection: Connection, content: bytes) -> str:
    for name, said, held in HELD:
        columns = SQLModel.metadata.tables[name].c
        # How long a value is, both engines tell without reading it.
        same = [
            and_(func.length(columns[one]) == len(content), columns[one] == content) for one in held
        ]
        named = [one for one in columns if f"{{{one.name}}}" in said]
        for row in connection.execute(select(*named).where(or_(*same)).limit(1)):
            return said.format_map(row._mapping)
    return ""


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True, "json_serializer": dumps}
    options |= {"pool_size": 8, "max_overflow": 32}
    if url.get_backend_name() != "sqlite":
        try:
            engine = create_engine(url, pool_pre_ping=True, **options)
        except ImportError:
            raise StoreError(
                "PostgreSQL needs the psycopg driver, which is not installed",
                do='Install the extra: pip install -e ".[postgres]".',
            ) from None

        @event.listens_for(engine, "connect")
        def _interpret(connection: Any, _record: Any) -> None:
            # It took nine tenths of what the server needs to look a portion's names up among
            # 300,000: to compile a question costs more than to answer it.
            connection.execute("SET jit = off")
            connection.commit()

        return engine
    engine = create_engine(url, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for name, value in PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _say_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("riskprofile_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _begin(connection: Connection, patience: float) -> None:
    """Begin, and ask again while another writer holds a SQLite database."""
    if connection.dialect.name != "sqlite":
        connection.begin()
        return
    until = time.monotonic() + patience
    cursor: Any = connection.connection.cursor()  # below the transaction: it has not begun
    usual = PRAGMAS["busy_timeout"]
    try:
        while True:
            left = max(0, int((until - time.monotonic()) * 1000))
            cursor.execute(f"PRAGMA busy_timeout={min(usual, left)}")
            try:
                connection.begin()
                return
            except DBAPIError as error:
                if "locked" not in str(error.orig) or time.monotonic() >= until:
                    raise
                connection.rollback()
    finally:
        cursor.execute(f"PRAGMA busy_timeout={usual}")
        cursor.close()


def _revision(connection: Connection, where: str) -> str | None:
    """The schema's version; None when the database is empty."""
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    found = None
    if "alembic_version" in names:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is None:
        raise StoreError(
            "the database belongs to another program",
            where=where,
            do="Name a new file, or an empty database.",
        )
    if found not in REVISIONS:
        raise StoreError(
            f"the database is of a newer release (schema {found}, known up to {REVISIONS[-1]})",
            where=where,
            do="Install the newer release.",
        )
    return str(found)


def _without_nul(value: str) -> str:
    """PostgreSQL text cannot hold U+0000; its picture keeps the place visible."""
    return value.replace(NUL, "\u2400") if NUL in value else value
