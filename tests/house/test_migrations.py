"""Every way the schema has grown: from nothing to today's models, one step at a time, with what was kept."""

import os
import re
import shutil
import uuid
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import (
    CHAR,
    JSON,
    Boolean,
    CheckConstraint,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    create_engine,
    event,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import DateTime

from lms.app import create_app
from lms.database import Model, db, writing
from lms.paths import MIGRATIONS
from lms.settings import Settings
from tests.servers import POSTGRESQL_URL

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STORE_OF_JOBS = "huey"  # its tables stand beside ours on PostgreSQL; huey makes them itself


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def steps() -> list[Script]:
    """Every migration, the first first."""
    return list(script().walk_revisions())[::-1]


class Site:
    """A site on a database of its own that has no tables yet."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def up(self, revision: str = "head") -> None:
        with self.app.app_context(), writing():
            upgrade(directory=str(MIGRATIONS), revision=revision)

    def down(self, revision: str) -> None:
        with self.app.app_context(), writing():
            downgrade(directory=str(MIGRATIONS), revision=revision)

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        with self.app.app_context(), writing(), db.engine.begin() as connection:
            return question(connection)

    def tables(self) -> set[str]:
        """Which of our tables stand in the database now."""
        return self.ask(lambda connection: set(reflected(connection).tables))

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        return self.ask(
            lambda connection: {
                name: [dict(row) for row in connection.execute(select(table)).mappings()]
                for name, table in reflected(connection).tables.items()
            }
        )

    def version(self) -> str | None:
        return self.ask(lambda connection: MigrationContext.configure(connection).get_current_revision())


def is_ours(name: str | None, *_rest: object) -> bool:
    return name != "alembic_version" and not str(name).startswith(STORE_OF_JOBS)


def reflected(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection, only=is_ours)
    return metadata


@pytest.fixture
def site(settings: Settings, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Site]:
    instance = tmp_path_factory.mktemp("migrated")
    url = f"sqlite:///{instance / 'migrated.db'}"
    if not settings.sqlite:
        server = create_engine(os.environ[POSTGRESQL_URL], isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS migrated_{worker_id} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE migrated_{worker_id}"))
        server.dispose()
        url = os.environ[POSTGRESQL_URL].rpartition("/")[0] + f"/migrated_{worker_id}"
    app = create_app(Settings(secret_key=settings.secret_key, database_url=url, instance=instance))
    yield Site(app)
    with app.app_context():
        db.engine.dispose()
    app.extensions["jobs"].storage.close()


def fill(site: Site, but: Collection[str] = ()) -> None:
    """One row in every table but these, the parents first; each column gets what its type holds."""

    def insert(connection: Connection) -> None:
        for table in reflected(connection).sorted_tables:
            if table.name in but:
                continue
            connection.execute(table.insert().values({c.name: value_for(table, c) for c in table.columns}))

    site.ask(insert)


FITTING = {
    ("person", "extra_time"): 25,
    ("attempt", "out_of"): 10,
    ("attempt", "points"): 1.0,
    ("attempt", "submitted_at"): NOON,
    ("event", "counts_per_cent"): None,
    ("half_day", "ends_at"): NOON + timedelta(hours=3),
    ("registration", "merged_into_id"): None,
    ("mark", "kind"): "came",
    ("mark", "outcome"): "recorded",
    ("mark", "undoes_id"): None,
    ("certificate", "sha256"): "a" * 64,
    ("certificate", "key_fingerprint"): "f é",
    ("certificate", "successor_id"): None,
    ("confirmed_name", "registration_id"): None,
    ("run", "code"): "ABC234",
}


def value_for(table: Table, column: Any) -> Any:
    if (table.name, column.name) in FITTING:
        return FITTING[table.name, column.name]
    allowed = [one for one in table.constraints if isinstance(one, CheckConstraint) and is_about(one, column.name)]
    if allowed:
        return str(allowed[0].sqltext).split("'")[1]
    match column.type:
        case Boolean():
            return True
        case Integer():
            return 1
        case Float():
            return 1.0
        case DateTime():
            return NOON
        case Date():
            return NOON.date()
        case JSON():
            return {"a": ["é", 1]}
        case Uuid():
            return uuid.UUID(int=7)
        case LargeBinary():
            return b"\x89PNG"
        case CHAR(length=32):  # how SQLite keeps a UUID
            return uuid.UUID(int=7).hex
    if column.type.python_type is not str:
        return 1
    return f"{column.name[:1]} é"[: column.type.length or 9]


def is_about(constraint: CheckConstraint, column: str) -> bool:
    """Whether it lists the only words this column may hold."""
    said = str(constraint.sqltext)
    return bool(re.search(rf"\b{column}\b.*\b(IN|ANY)\b.*'", said, re.DOTALL))


def test_migrations_are_numbered_in_one_line_with_one_head():
    found = steps()

    assert script().get_heads() == [found[-1].revision]
    assert [one.revision for one in found] == [f"{number:04}" for number in range(1, len(found) + 1)]
    assert [one.down_revision for one in found] == [None, *(one.revision for one in found[:-1])]
    for one in found:
        assert os.path.basename(one.path).startswith(f"{one.revision}_")
        assert one.doc, f"{one.path} says in its first line what it changes"


def test_the_schema_at_head_is_that_of_the_models(site: Site):
    site.up()

    def differences(connection: Connection) -> list[Any]:
        asked = {"compare_type": True, "include_name": lambda name, kind, _up: kind != "table" or is_ours(name)}
        return compare_metadata(MigrationContext.configure(connection, opts=asked), Model.metadata)

    assert site.ask(differences) == []


def test_what_a_model_forbids_the_schema_at_head_forbids(site: Site):
    site.up()
    with site.app.app_context():
        looking = inspect(db.engine)
        for table in Model.metadata.sorted_tables:
            checks = {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
            assert {one["name"] for one in looking.get_check_constraints(table.name)} == checks, table.name
            kept = {key["name"]: key["options"].get("ondelete") for key in looking.get_foreign_keys(table.name)}
            assert kept == {one.name: one.ondelete for one in table.foreign_key_constraints}, table.name


def test_a_new_migration_would_be_empty_and_would_leave_the_tables_of_others_alone(site: Site):
    """The question of `lms db migrate`, asked as migrations/env.py asks it."""
    site.up()
    site.ask(lambda connection: connection.execute(text("CREATE TABLE huey_something (id INTEGER)")))

    with site.app.app_context(), writing():
        check(directory=str(MIGRATIONS))


def test_rows_that_refer_to_a_table_survive_its_being_copied(site: Site, tmp_path: Path):
    """On SQLite a column changes by copying its table and dropping the old one, which must not cascade."""
    ahead = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (ahead / "versions" / "9999_copied.py").write_text(COPIES_PERSON.format(head=script().get_current_head()))
    site.up()
    fill(site)
    before = site.rows()

    with site.app.app_context(), writing():
        upgrade(directory=str(ahead))

    assert site.rows() == before
    with pytest.raises(IntegrityError):
        site.ask(lambda connection: connection.execute(text("UPDATE login SET person_id = 99")))


COPIES_PERSON = """
from alembic import op

revision = "9999"
down_revision = "{head}"

def upgrade():
    with op.batch_alter_table("person", recreate="auto") as batch:
        batch.alter_column("organisation", server_default="")

def downgrade():
    pass
"""


def test_upgrading_twice_changes_nothing(site: Site):
    site.up()
    fill(site)
    before = site.rows()

    site.up()

    assert site.rows() == before


def test_nothing_to_head_and_back_leaves_nothing(site: Site):
    site.up()

    site.down("base")

    assert site.tables() == set()
    site.up()
    assert site.tables() == {table.name for table in Model.metadata.sorted_tables}


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.revision)
def test_down_and_up_again_keeps_every_row_where_its_column_survives(site: Site, step: Script):
    site.up(step.revision)
    fill(site)
    full = site.rows()

    site.down(step.down_revision or "base")
    narrower = site.rows()
    site.up(step.revision)
    again = site.rows()

    for name, rows in narrower.items():
        for row, was in zip(rows, full[name], strict=True):
            assert row == {column: was[column] for column in row}, name
    for name, rows in again.items():
        for row, was in zip(rows, full[name] if name in narrower else [], strict=True):
            for column in narrower[name][0]:
                assert row[column] == was[column], (name, column)
    assert set(again) == set(full)


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.revision)
def test_a_migration_that_fails_leaves_the_step_before_and_can_be_tried_again(site: Site, step: Script):
    if step.down_revision:
        site.up(step.down_revision)
    before = site.rows()

    def fail_at_the_end(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "alembic_version" in statement and statement.startswith(("INSERT", "UPDATE")):
            raise ValueError("the lights went out")

    with site.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", fail_at_the_end)
    with pytest.raises(ValueError, match="the lights went out"):
        site.up(step.revision)
    event.remove(engine, "before_cursor_execute", fail_at_the_end)

    assert site.rows() == before
    assert site.version() == step.down_revision
    site.up(step.revision)
    assert site.version() == step.revision


# --- what each step does to what is kept ------------------------------------------------------------------------


def step_0001(site: Site) -> None:
    """Rows that belong together can be kept, and go together; rows that cannot be true are refused."""
    site.up("0001")
    fill(site)
    kept = site.rows()
    assert all(len(rows) == 1 for rows in kept.values())
    assert len(kept) == 11

    for wrong in (
        "UPDATE person SET role = 'owner'",
        "UPDATE person SET email = 'CAPITALS@x.example'",
        "UPDATE attempt SET points = NULL",
        "UPDATE attempt SET points = out_of + 1",
        "UPDATE login SET person_id = 99",
    ):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))
    site.ask(lambda connection: connection.execute(text("DELETE FROM person")))

    left = {name for name, rows in site.rows().items() if rows}
    assert left == {"audit_row", "failed_sign_in", "job", "letter"}


def step_0002(site: Site) -> None:
    """What was kept stays; of events, half-days that have marks cannot vanish and wrong marks are refused."""
    site.up("0001")
    fill(site)
    before = site.rows()

    site.up("0002")
    assert {name: rows for name, rows in site.rows().items() if name in before} == before
    fill(site, but=before)

    for wrong in (
        "UPDATE event SET counts_minutes = 100, counts_per_cent = 75",
        "UPDATE event SET counts_minutes = NULL, counts_per_cent = NULL",
        "UPDATE half_day SET ends_at = starts_at",
        "UPDATE registration SET person_id = NULL, name = ''",
        "UPDATE mark SET kind = 'undo', reason = 'wrong', undoes_id = NULL",
        "UPDATE mark SET kind = 'excused', reason = ''",
        "UPDATE mark SET outcome = 'refused'",
        "DELETE FROM half_day",
        "DELETE FROM registration",
        "DELETE FROM event",
    ):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))


def step_0003(site: Site) -> None:
    """What was kept stays; one paper of a kind to a holder, whoever that is found by, and every end has a reason."""
    site.up("0002")
    fill(site)
    before = site.rows()

    site.up("0003")
    assert {name: rows for name, rows in site.rows().items() if name in before} == before
    fill(site, but=before)
    site.ask(
        lambda connection: connection.execute(text("UPDATE certificate SET superseded_at = NULL, superseded_why = ''"))
    )

    another = (
        "INSERT INTO certificate SELECT 2, 'D-2', kind, paper, scope, {person}, {registration}, name, statement_kept,"
        " sha256, size, key_fingerprint, issued_at, issued_by_id, keep_until, superseded_at, superseded_why,"
        " superseded_by_id, successor_id, revoked_at, revoked_why, revoked_by_id FROM certificate"
    )
    for wrong in (
        another.format(person="person_id", registration="NULL"),
        another.format(person="NULL", registration="registration_id"),
        "UPDATE certificate SET revoked_why = ''",
        "UPDATE certificate SET superseded_why = 'none'",
        "UPDATE certificate SET successor_id = id",
        "UPDATE certificate SET sha256 = 'short'",
        "UPDATE confirmed_name SET name = ''",
        "UPDATE confirmed_name SET person_id = NULL",
        "UPDATE signing_key SET compromised_why = ''",
        "DELETE FROM signing_key",
    ):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))

    site.ask(lambda connection: connection.execute(text("DELETE FROM batch")))
    site.ask(lambda connection: connection.execute(text("DELETE FROM certificate")))
    assert not any(site.rows()[name] for name in ("batch", "batch_line", "certificate", "certificate_file"))


def step_0004(site: Site) -> None:
    """What was kept stays; a run goes with all that is its own, and leaves who took part; no answer is half cut."""
    site.up("0003")
    fill(site)
    before = site.rows()

    site.up("0004")
    assert {name: rows for name, rows in site.rows().items() if name in before} == before
    fill(site, but=before)
    added = set(site.rows()) - set(before)
    assert added == {
        "run", "move", "player", "answer", "decision", "recorder", "taking_part", "thought",
    }  # fmt: skip

    another = (
        "INSERT INTO run SELECT {id}, module, exercise, exercise_version, scenario, title, code, 'another', event_id,"
        " half_day_id, opened_by_id, opened_at, {ended}, rehearsal, teams_by, capacity, version FROM run"
    )
    other = "'00000000000000000000000000000008'"
    site.ask(lambda connection: connection.execute(text("UPDATE run SET ended_at = NULL")))
    for wrong in (
        another.format(id=other, ended="NULL"),
        "UPDATE run SET code = 'ABC'",
        "UPDATE run SET title = ''",
        "UPDATE run SET teams_by = 'chance'",
        "UPDATE run SET event_id = NULL",
        "UPDATE move SET number = -1",
        "UPDATE answer SET player_id = NULL",
        "UPDATE answer SET at = NULL",
        "UPDATE answer SET player_id = NULL, at = NULL",
        "UPDATE answer SET round = 0",
        "UPDATE decision SET team = ''",
        "UPDATE thought SET words = ''",
    ):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))
    for right in (
        another.format(id=other, ended="opened_at"),  # the code of a run that is over may be used again
        "UPDATE answer SET player_id = NULL, at = NULL, turn = 0",
        "DELETE FROM player",
        "DELETE FROM run",
    ):
        site.ask(lambda connection, right=right: connection.execute(text(right)))
    left = {name for name in added if site.rows()[name]}
    assert left == {"taking_part"}


def step_0005(site: Site) -> None:
    """What was kept stays; a lesson says something, has a number of its own in its run, and goes with it."""
    site.up("0004")
    fill(site)
    before = site.rows()

    site.up("0005")
    assert {name: rows for name, rows in site.rows().items() if name in before} == before
    fill(site, but=before)
    assert set(site.rows()) - set(before) == {"lesson_learned"}

    another = "INSERT INTO lesson_learned SELECT {id}, run_id, {number}, words, owner, until FROM lesson_learned"
    other = "'00000000000000000000000000000008'"
    for wrong in (
        another.format(id=other, number="number"),
        "UPDATE lesson_learned SET words = ''",
        "UPDATE lesson_learned SET number = 0",
        "UPDATE lesson_learned SET run_id = " + other,
    ):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))
    for right in (another.format(id=other, number="2"), "UPDATE lesson_learned SET until = NULL", "DELETE FROM run"):
        site.ask(lambda connection, right=right: connection.execute(text(right)))
    assert site.rows()["lesson_learned"] == []


def step_0006(site: Site) -> None:
    """What was kept stays; someone conducts a run once, as long as there are both."""
    site.up("0005")
    fill(site)
    before = site.rows()

    site.up("0006")
    assert {name: rows for name, rows in site.rows().items() if name in before} == before
    fill(site, but=before)
    assert set(site.rows()) - set(before) == {"run_trainer"}

    for wrong in ("INSERT INTO run_trainer SELECT * FROM run_trainer", "UPDATE run_trainer SET person_id = 0"):
        with pytest.raises(IntegrityError):
            site.ask(lambda connection, wrong=wrong: connection.execute(text(wrong)))
    site.ask(lambda connection: connection.execute(text("DELETE FROM run")))
    assert site.rows()["run_trainer"] == []


DATA_TESTS = {
    "0001": step_0001, "0002": step_0002, "0003": step_0003, "0004": step_0004, "0005": step_0005, "0006": step_0006,
}  # fmt: skip


def test_every_migration_has_a_data_test():
    assert [one.revision for one in steps()] == list(DATA_TESTS)


@pytest.mark.parametrize("revision", DATA_TESTS)
def test_what_each_migration_does_to_what_is_kept(site: Site, revision: str):
    DATA_TESTS[revision](site)
