"""A laptop that serves a room without a network."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import upgrade

from lms.database import db, writing
from lms.paths import MIGRATIONS
from lms.settings import Settings
from tests.make import Making, another_site


@pytest.fixture(scope="module")
def laptop_site(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """Another installation, on a database of its own."""
    instance = tmp_path_factory.mktemp("laptop")
    with another_site(settings, database_url=f"sqlite:///{instance / 'laptop.db'}", instance=instance) as site:
        with site.app_context(), writing():
            upgrade(directory=str(MIGRATIONS))
        yield site


@pytest.fixture
def laptop(laptop_site: Flask) -> Making:
    """It, with nothing in it."""
    with laptop_site.app_context(), writing():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        laptop_site.extensions["rates"].storage.reset()
    return Making(laptop_site)
