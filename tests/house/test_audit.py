"""The trace of what people do to each other's records: whole, chained, ids only, and a change to it is found."""

import ast
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import cache

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from werkzeug.routing import Rule

from lms import audit
from lms.accounts.access import Door, door_of
from lms.accounts.models import Role, Standing
from lms.audit import START, AuditRow
from lms.clock import now
from lms.database import Model, db, writing
from lms.paths import PACKAGE
from lms.reports.models import Report
from tests.make import Making


def note(app: Flask, *deeds: str) -> None:
    """Deeds, each in a transaction of its own."""
    for number, deed in enumerate(deeds, 1):
        with app.app_context(), writing():
            audit.record(deed, 7, person=number, was="trainer", now="organiser", per_cent=None)
            db.session.commit()


def broken(app: Flask) -> int | None:
    with app.app_context():
        return audit.broken_at()


def tamper(app: Flask, *statements: object) -> None:
    with app.app_context(), writing():
        for statement in statements:
            db.session.execute(statement)
        db.session.commit()


def rows(make: Making) -> list[AuditRow]:
    return make.all(select(AuditRow).order_by(AuditRow.id))


def test_an_empty_trace_is_whole(app: Flask):
    assert broken(app) is None


def test_each_row_follows_from_the_one_before(app: Flask, make: Making):
    note(app, "a", "b", "c")

    kept = rows(make)

    assert [row.id for row in kept] == [1, 2, 3]
    assert [row.previous for row in kept] == [START, kept[0].hash, kept[1].hash]
    assert all(len(row.hash) == 64 for row in kept)
    assert broken(app) is None


def test_several_deeds_in_one_transaction_are_chained_and_kept_or_lost_together(app: Flask, make: Making):
    with app.app_context(), writing():
        for number in range(3):
            audit.record("kept", 1, person=number)
        db.session.commit()
        for number in range(3):
            audit.record("lost", 1, person=number)
        db.session.rollback()
        audit.record("kept", None)
        db.session.commit()

    assert [row.deed for row in rows(make)] == ["kept"] * 4
    assert broken(app) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("deed", "person.welcomed"),
        ("actor_id", 8),
        ("actor_id", None),
        ("about", {"person": 2}),
        ("about", {}),
        ("at", now() - timedelta(days=1)),
        ("previous", START),
        ("hash", "0" * 63 + "1"),
    ],
)
def test_an_edited_row_is_found(app: Flask, column: str, value: object):
    note(app, "a", "b", "c", "d")

    tamper(app, update(AuditRow).where(AuditRow.id == 3).values({column: value}))

    assert broken(app) == 3


def test_an_edited_row_whose_own_hash_was_made_anew_is_found_at_the_next(app: Flask, make: Making):
    note(app, "a", "b", "c", "d")
    second = rows(make)[1]
    second.deed = "something else"

    tamper(app, update(AuditRow).where(AuditRow.id == 2).values(deed=second.deed, hash=second.digest()))

    assert broken(app) == 3


@pytest.mark.parametrize(("gone", "found"), [(1, 2), (2, 3), (3, 4)])
def test_a_deleted_row_is_found_at_the_one_after_it(app: Flask, gone: int, found: int):
    note(app, "a", "b", "c", "d")

    tamper(app, delete(AuditRow).where(AuditRow.id == gone))

    assert broken(app) == found


def test_rows_that_changed_places_are_found(app: Flask):
    note(app, "a", "b", "c", "d")

    tamper(
        app,
        update(AuditRow).where(AuditRow.id == 2).values(id=99),
        update(AuditRow).where(AuditRow.id == 3).values(id=2),
        update(AuditRow).where(AuditRow.id == 99).values(id=3),
    )

    assert broken(app) == 2


def test_a_row_that_was_put_in_between_is_found(app: Flask, make: Making):
    note(app, "a", "b", "c")
    forged = AuditRow(id=0, at=now(), actor_id=1, deed="forged", about={}, previous=START)
    forged.hash = forged.digest()

    make.add(forged)

    assert broken(app) == 0


def test_deeds_of_eight_at_once_make_one_chain(app: Flask, make: Making):
    def do(number: int) -> None:
        with app.app_context(), writing():
            audit.record("at once", number)
            db.session.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(do, range(80)))

    assert len(rows(make)) == 80
    assert {row.actor_id for row in rows(make)} == set(range(80))
    assert broken(app) is None


def test_the_trace_outlives_whom_it_is_about(app: Flask, make: Making):
    waiting = make.person(standing=Standing.WAITING)
    organiser = make.signed_in(Role.ORGANISER)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{waiting.id}/refuse")

    assert rows(make)[0].about == {"person": waiting.id}
    assert not any(
        constraint.referred_table.name == "person" for constraint in AuditRow.__table__.foreign_key_constraints
    )


EVENTS = ("lms.events", "lms.certificates", "lms.exercises")


def doors_of_staff(app: Flask) -> list[Rule]:
    """Every address to which organisers and trainers send something."""
    staff = (Door.ORGANISERS, Door.TRAINERS)
    return [
        rule for rule in app.url_map.iter_rules() if "POST" in rule.methods and door_of(rule.endpoint, app) in staff
    ]


DEEDS = {
    "accounts.invite": {"name": "Canaria Quill", "email": "canaria@quill.example", "role": "trainer"},
    "accounts.change_person": {"role": "trainer", "extra_time": "25", "active": "y"},
    "accounts.welcome": {},
    "accounts.refuse": {},
    "accounts.end_sessions_of": {},
    "reports.settle": {},
}


def test_every_door_where_an_organiser_changes_something_leaves_a_trace_of_ids_and_no_names(app: Flask, make: Making):
    """A new door of organisers fails here until it is listed with the fields of its form; those of events see below."""
    organiser = make.signed_in(Role.ORGANISER, name="Canaria Quill the First")
    doors = [
        rule for rule in doors_of_staff(app) if not app.view_functions[rule.endpoint].__module__.startswith(EVENTS)
    ]
    assert {rule.endpoint for rule in doors} == set(DEEDS)

    for number, rule in enumerate(doors):
        waits = rule.endpoint in ("accounts.welcome", "accounts.refuse")
        person = make.person(
            name="Canaria Quill",
            email=f"canaria{number}@quill.example",
            standing=Standing.WAITING if waits else Standing.ACTIVE,
        )
        report = Report(person_id=person.id, about="canaria/quill", words="Canaria Quill", reported_at=now())
        make.add(report)
        before = len(rows(make))
        ids = {"person_id": person.id, "report_id": report.id}
        _host, path = rule.build({name: ids[name] for name in rule.arguments})
        organiser.get("/account")
        organiser.post(path, DEEDS[rule.endpoint])

        added = rows(make)[before:]
        assert added, rule.endpoint
        for row in added:
            assert row.actor_id == organiser.person.id
            assert set(map(type, row.about.values())) <= {int, str}
            assert not {"canaria", "quill", "@"} & set(words(row)), row.about
    assert broken(app) is None


def words(row: AuditRow) -> list[str]:
    return " ".join([row.deed, *map(str, row.about.values())]).lower().replace("@", " @ ").split()


def test_no_door_of_organisers_opens_a_trace_by_being_looked_at_or_by_being_refused(app: Flask, make: Making):
    organiser, practitioner = make.signed_in(Role.ORGANISER), make.signed_in()
    practitioner.get("/account")
    token = practitioner.page.hidden("csrf_token")

    organiser.get("/desk/people")
    organiser.get(f"/desk/people/{practitioner.person.id}")
    practitioner.post(f"/desk/people/{organiser.person.id}", {"csrf_token": token, "role": "practitioner"}, status=404)

    assert rows(make) == []


def test_what_is_kept_in_a_row_is_named_here():
    assert set(AuditRow.__table__.columns.keys()) == {"id", "at", "actor_id", "deed", "about", "previous", "hash"}
    assert issubclass(AuditRow, Model)


# --- events: what each door reaches, read from the code ----------------------------------------------------------

KEPT_OTHERWISE = {
    "imports.plan": "a dry run keeps nothing",
    "imports.returned": "gives rows back and keeps nothing",
    "paper_pages.make_sheet": "the sheet itself says who made it and when",
    "conducting.invented": "invented people answer in a rehearsal, of which nothing is kept",
    "conducting.forget": "a rehearsal leaves no trace",
    "runs.seats": "where someone sits in an exercise is forgotten when it ends",
}


@cache
def functions() -> dict[tuple[str, str], ast.FunctionDef]:
    """Every function of the program by its module's last name and its own."""
    return {
        (path.stem, node.name): node
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }


def notes(call: ast.AST) -> bool:
    """Whether this is audit.record(…)."""
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "audit.record"


def reaches_a_note(where: tuple[str, str], seen: set[tuple[str, str]]) -> bool:
    """Whether a function, or one that it calls in its own module or by its module's name, leaves a trace."""
    if where in seen or where not in functions():
        return False
    seen.add(where)
    calls = [node for node in ast.walk(functions()[where]) if isinstance(node, ast.Call)]
    if any(notes(call) for call in calls):
        return True
    called = [(where[0], call.func.id) for call in calls if isinstance(call.func, ast.Name)]
    called += [
        (call.func.value.id, call.func.attr)
        for call in calls
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    ]
    return any(reaches_a_note(one, seen) for one in called)


def named(view: Callable[..., object]) -> tuple[str, str]:
    return view.__module__.rpartition(".")[2], view.__name__


def test_every_door_where_staff_change_something_of_an_event_reaches_the_trace(app: Flask):
    doors = [rule for rule in doors_of_staff(app) if app.view_functions[rule.endpoint].__module__.startswith(EVENTS)]

    silent = {rule.endpoint for rule in doors if not reaches_a_note(named(app.view_functions[rule.endpoint]), set())}

    assert doors
    assert silent - set(KEPT_OTHERWISE) == set()


def test_what_is_noted_names_nobody():
    said = [
        (keyword.arg, ast.unparse(keyword.value))
        for function in functions().values()
        for node in ast.walk(function)
        if notes(node)
        for keyword in node.keywords
    ]

    assert said
    assert not [
        (field, value) for field, value in said if value.endswith((".name", ".email", ".shown_name", ".reason"))
    ]
