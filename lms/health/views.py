"""Whether the process is alive and whether it is ready: database, migrations, disk, renderer, signing key."""

import shutil
from ctypes.util import find_library
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lms.accounts.access import public
from lms.certificates import signing
from lms.clock import now
from lms.database import db
from lms.paths import MIGRATIONS
from lms.settings import Settings

bp = Blueprint("health", __name__)
ROOM = 200 * 1024 * 1024


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process is alive."""
    return {"alive": True}


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Ready to serve: every part says yes, or the answer is 503 and names the part.

    What is said of the signing key closes nobody's site: only certificates wait for it.
    """
    settings: Settings = current_app.extensions["settings"]
    parts = {
        "database": _database(),
        "migrations": _migrations(),
        "disk": shutil.disk_usage(settings.instance).free > ROOM if settings.instance.exists() else False,
        "renderer": find_library("pangoft2-1.0") is not None,
    }
    return {"ready": all(parts.values()), **parts, "signing": _signing(settings)}, 200 if all(parts.values()) else 503


def _signing(settings: Settings) -> str:
    trouble = signing.trouble(settings, now())
    if trouble is None:
        return "good"
    return "not in order" if trouble.now else "ends soon"


def _database() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        db.session.rollback()
        return False
    return True


def _migrations() -> bool:
    try:
        return db.session.execute(text("SELECT version_num FROM alembic_version")).scalar() == head()
    except SQLAlchemyError:
        db.session.rollback()
        return False


@cache
def head() -> str:
    """The newest migration this code knows."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""
