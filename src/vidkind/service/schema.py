"""The tables, and the engine that reaches them: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from vidkind.errors import ConfigError, MissingExtraError

METADATA = MetaData()

JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("percent", Float, nullable=False, default=0.0),
    Column("eta_seconds", Float),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("sha256", String(64)),
    Column("options_key", String(64), nullable=False),
    Column("use_tta", Boolean, nullable=False),
    Column("effort", String(16), nullable=False),
    Column("cached", Boolean, nullable=False, default=False),
    Column("result_key", String(64)),
    Column("error", Text),
    Column("attempt", Integer, nullable=False, default=0),
    Column("worker", String(64)),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("heartbeat_at", Float),
    Column("finished_at", Float),
    Index("jobs_state_created", "state", "created_at"),
)
RESULTS = Table(
    "results",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("touched_at", Float, nullable=False),
)
WORKERS = Table(
    "workers",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("seen_at", Float, nullable=False),
)
COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Float, nullable=False),
)


def open_engine(url: str, *, connections: int = 16) -> Engine:
    """Connects to a database and makes the tables that are not there.

    Args:
        url: SQLAlchemy URL, ``sqlite:///...`` or ``postgresql://...``.
        connections: Most connections held at once.

    Raises:
        ConfigError: The URL names no database that is supported, or one with other tables.
        MissingExtraError: The driver is not installed.
    """
    kind, name = _dialect(url)
    extra: dict[str, Any] = {"pool_pre_ping": True} if kind == "postgresql" else {}
    try:
        engine = create_engine(name, pool_size=connections, max_overflow=connections, **extra)
    except ImportError as error:
        raise MissingExtraError(error.name or "psycopg", "cluster") from error
    if kind == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    METADATA.create_all(engine)
    _check_columns(engine)
    return engine


def insert_once(connection: Connection, table: Table, **values: Any) -> None:
    """Inserts a row unless one with its key is there, also where two do so at once."""
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(kind.insert(table).values(**values).on_conflict_do_nothing())


def _check_columns(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in METADATA.sorted_tables:
        missing = set(table.columns.keys()) - {c["name"] for c in inspector.get_columns(table.name)}
        if missing:
            engine.dispose()
            raise ConfigError(
                f"table {table.name!r} of the database has no column {min(missing)!r}; expected "
                "that of this version of vidkind: give a new one, jobs do not last long"
            )


def _dialect(url: str) -> tuple[str, str]:
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            "the database URL is not one; expected postgresql://user@host/name"
        ) from error
    if kind not in ("sqlite", "postgresql"):
        raise ConfigError(f"the database is {kind!r}; expected sqlite or postgresql")
    if kind == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return kind, parsed.render_as_string(hide_password=False)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin late, as readers: two that then write would collide.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # Readers take one statement each, and wait for no writer.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
