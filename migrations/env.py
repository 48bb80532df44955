"""How migrations run: on the app's own database, in batch mode, each in its own transaction."""

from alembic import context
from flask import current_app

from lms.database import Instant, db, writing


def render(kind, item, _context):
    """A migration stands alone: our own column types are written as what they are in the database."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


target = current_app.extensions["migrate"].db.metadata

with writing(), db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # Batch mode copies and drops tables; rows that refer to them must survive that.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.rollback()
    context.configure(
        connection=connection,
        target_metadata=target,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.rollback()
