"""How migrations run: on the app's own database, in batch mode, each in its own transaction."""

from alembic import context
from flask import current_app

from lms.database import Instant, db, writing


def render(kind, item, _context):
    """A migration stands alone: our own column types are written as what they are in the database."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


def ours(name, kind, _parents):
    """On PostgreSQL the queue of jobs keeps tables of its own beside ours: no migration of ours drops them."""
    return kind != "table" or not name.startswith("huey_")


target = current_app.extensions["migrate"].db.metadata

with writing(), db.engine.connect() as connection:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # Batch mode copies and drops tables; rows that refer to them must survive that. SQLite heeds this only
        # outside a transaction, and through SQLAlchemy there is always one.
        connection.connection.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=target,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
        include_name=ours,
        transaction_per_migration=True,
    )
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        if is_sqlite:
            connection.rollback()
            connection.connection.execute("PRAGMA foreign_keys=ON")
