"""What every table stands on: typed columns, named constraints, UTC, and the way a transaction begins.

On SQLite a transaction that will write begins with BEGIN IMMEDIATE, so that it never fails half-way because
another writer came between; a reading one does not, so that readers never queue.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Connection, DateTime, Dialect, Engine, Enum, MetaData, String, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from lms.settings import Settings

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
_writing: ContextVar[bool | None] = ContextVar("writing", default=False)  # None: one question, no transaction


class Instant(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """What every table has."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON, str: String(300)}


def one_of(kinds: type[StrEnum], name: str) -> Enum:
    """A column that holds one of a StrEnum's values, as text with a named check."""
    return Enum(
        kinds, native_enum=False, create_constraint=True, name=name, length=20,
        values_callable=lambda members: [member.value for member in members],
    )  # fmt: skip


db = SQLAlchemy(metadata=Model.metadata, session_options={"expire_on_commit": False})


def writes() -> None:
    """From here on this request, job or command writes: end what was read, begin a writing transaction next."""
    db.session.rollback()
    _writing.set(True)


def reads() -> None:
    """From here on this request only reads."""
    _writing.set(False)


@contextmanager
def writing() -> Iterator[None]:
    """For commands and jobs: the transactions inside write."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@contextmanager
def look() -> Iterator[Connection]:
    """A connection that only asks, beside the session and its transaction: rows, not objects, at half the cost.

    Each question stands alone: two may see two states of the database.
    """
    token = _writing.set(None)
    try:
        with db.engine.connect() as connection:
            yield connection
    finally:
        _writing.reset(token)


def changed(statement: Any) -> int:
    """Carry out an UPDATE or DELETE; how many rows it changed."""
    result: Any = db.session.execute(statement)
    return int(result.rowcount)


def insert(table: Any) -> Any:
    """An INSERT that can say what happens on a conflict, in the words of the database at hand."""
    kind = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    return kind.insert(table)


# A process has some twenty threads, and none of them may have to wait for another's connection.
EVERYWHERE: dict[str, Any] = {"max_overflow": 20, "json_deserializer": msgspec.json.decode}


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the database to the app and set each connection up."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    if settings.sqlite:
        settings.instance.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"connect_args": {"timeout": 10, "isolation_level": None}}
    else:
        options = {
            "pool_size": 10,
            "pool_timeout": 8,
            "pool_pre_ping": True,
            "connect_args": {"connect_timeout": 8, "options": "-c timezone=utc -c statement_timeout=30000"},
        }
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | EVERYWHERE
    db.init_app(app)
    app.teardown_request(lambda _problem: reads())  # the thread goes on to another request, which may only read
    with app.app_context():
        if settings.sqlite:
            event.listen(db.engine, "connect", _set_pragmas)
            event.listen(db.engine, "begin", _begin)


def _set_pragmas(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    """FULL, because with NORMAL a power cut lost acknowledged rows; secure_delete, because erased means gone."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """A writer may have to wait, and hears of it from SQLAlchemy; a reader goes straight to the driver."""
    if _writing.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif _writing.get() is False:
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")


def pragmas(engine: Engine) -> dict[str, Any]:
    """The pragmas of a fresh connection, for the doctor and the tests."""
    with engine.connect() as connection:
        return {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
        }
