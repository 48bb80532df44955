"""What every test may ask for: an app on each database, a client that inspects every page, people."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from lms.app import create_app
from lms.database import Model, db, writing
from lms.paths import MIGRATIONS
from lms.settings import Settings
from tests.make import Making
from tests.page import Client
from tests.servers import POSTGRESQL_URL

pytest_plugins = ["tests.servers"]
KEY = "a test key that is long enough to be a key"


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, instance: Path, worker_id: str) -> Iterator[str]:
    """An empty database of this worker's own, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{instance / 'test.db'}"
        return
    server = os.environ[POSTGRESQL_URL]
    name = f"test_{worker_id}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.rpartition("/")[0] + f"/{name}"
    engine.dispose()


@pytest.fixture(scope="session")
def settings(database_url: str, instance: Path) -> Settings:
    return Settings(secret_key=KEY, database_url=database_url, instance=instance, public_url="http://localhost")


@pytest.fixture(scope="session")
def migrated_app(settings: Settings) -> Iterator[Flask]:
    """The site on a database at its newest migration."""
    app = create_app(settings)
    app.config["WTF_CSRF_SSL_STRICT"] = False
    with app.app_context(), writing():
        upgrade(directory=str(MIGRATIONS))
    yield app
    with app.app_context():
        db.engine.dispose()
    app.extensions["jobs"].storage.close()


@pytest.fixture
def app(migrated_app: Flask) -> Flask:
    """The site with empty tables. No context is held: each request of a client has its own, as when it is served."""
    with migrated_app.app_context(), writing():
        for table in reversed(Model.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        migrated_app.extensions["rates"].storage.reset()
    return migrated_app


@pytest.fixture
def client(app: Flask) -> Client:
    """A browser without scripts that inspects every page it gets."""
    return Client(app)


@pytest.fixture
def make(app: Flask) -> Making:
    """Builds people and what they did."""
    return Making(app)


@pytest.fixture
def changed(settings: Settings, app: Flask):
    """The site with other settings, for this test: `changed(registration="open")`."""
    was = app.extensions["settings"]

    def change(**values: object) -> Flask:
        app.extensions["settings"] = replace(settings, **values)
        return app

    yield change
    app.extensions["settings"] = was
