"""A list of people: shown before it is kept, kept whole or not at all, twice the same as once, and no letter unasked."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lms import spreadsheet
from lms.accounts.models import Link, Person, Role, Standing
from lms.audit import AuditRow
from lms.events import parcel
from lms.events.models import Event, Registration
from lms.events.parts import Origin, Part, RegistrationState
from lms.mail import Letter
from lms.spreadsheet import Sheet
from tests.make import Making
from tests.page import Client, words

HEAD = ("Name", "E-mail", "Organisation", "Country", "Profession", "Part played", "Language")
ANN = ("Ann Example", "ann@service.example", "Example Service", "Belgium", "police", "", "en")
BORIS = ("Борис Петков", "", "Служба", "BG", "judge", "observer", "")


@pytest.fixture
def event(make: Making) -> Event:
    return make.event()


@pytest.fixture
def client(make: Making, event: Event) -> Client:
    return make.appointed(event, "organiser")


def path(event: Event, step: str = "") -> str:
    return f"/events/{event.slug}/registrations/import" + (f"/{step}" if step else "")


def upload(client: Client, event: Event, *rows: tuple[str, ...], head=HEAD, kind="xlsx", status=200):
    content = b"".join(spreadsheet.written(kind, [Sheet("People", head, rows)]))
    return send(client, event, content, status)


def send(client: Client, event: Event, content: bytes, status: int = 200):
    client.get(path(event))
    return client.post(path(event), {"file": (io.BytesIO(content), "list")}, status)


def form(client: Client, **values: str) -> dict[str, str]:
    """What the page's form would send."""
    found = next(one for one in client.page.all("form") if "import" in (one.get("class") or ""))
    sent = {}
    for field in found.iter():
        if field.tag.endswith("input") and (
            field.get("type") not in ("radio", "checkbox") or "checked" in field.attrib
        ):
            sent[field.get("name")] = field.get("value", "")
        if field.tag.endswith("select"):
            sent[field.get("name")] = next(
                (one.get("value") for one in field if "selected" in one.attrib), field[0].get("value")
            )
    return sent | values


def carry_out(client: Client, event: Event, status: int = 200, **values: str):
    return client.post(path(event, "carry-out"), form(client, **values), status)


def counts(client: Client) -> dict[str, int]:
    return {words(div[1]): int(words(div[0])) for div in client.page.one("dl", class_="figures")}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_a_list_is_shown_before_anything_is_kept(make: Making, event: Event, client: Client, kind: str):
    upload(client, event, ANN, BORIS, kind=kind)

    assert counts(client)["New"] == 2
    assert "Борис Петков" in client.page.words
    assert make.all(select(Registration)) == []
    assert make.all(select(AuditRow)) == []


def test_what_was_shown_is_carried_out_with_accounts_and_without_a_letter(make: Making, event: Event, client: Client):
    upload(client, event, ANN, BORIS)
    before = make.event_again(event).version

    carry_out(client, event)

    ann = make.one(select(Person).where(Person.email == "ann@service.example"))
    registered = make.one(select(Registration).where(Registration.person_id == ann.id))
    boris = make.one(select(Registration).where(Registration.name == "Борис Петков"))
    assert (ann.role, ann.country, ann.profession, ann.standing) == (Role.PRACTITIONER, "BE", "police", Standing.ACTIVE)
    assert (registered.part, registered.origin) == (Part.PARTICIPANT, Origin.LOCAL)
    assert (boris.part, boris.country, boris.origin) == (Part.OBSERVER, "BG", Origin.INTERNATIONAL)
    assert make.all(select(Letter)) == make.all(select(Link)) == []
    assert make.event_again(event).version > before
    assert make.one(select(AuditRow)).about == {"event": event.id, "new": 2, "changed": 0, "invited": 0}


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_same_file_twice_changes_nothing(make: Making, event: Event, client: Client, kind: str):
    rows = [
        ANN,
        BORIS,
        ("Żoe", "zoe@service.example", "", "", "", "trainer", "mt"),
        ("O'Brien", "", "", "", "", "", "de"),
    ]
    upload(client, event, *rows, kind=kind)
    carry_out(client, event)
    before = make.event_again(event).version

    upload(client, event, *rows, kind=kind)
    shown = counts(client)
    carry_out(client, event)

    assert shown == {"New": 0, "Changed": 0, "Unchanged": 4, "To decide": 0, "With mistakes": 0}
    assert len(make.all(select(Registration))) == 4
    assert make.event_again(event).version == before
    assert len(make.all(select(AuditRow))) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_our_own_export_comes_back_unchanged_whatever_a_name_begins_with(
    make: Making, event: Event, client: Client, kind: str
):
    for name, organisation in (("-Ann", "+44 Service"), ("@alias", "=cmd|' /C calc'!A0"), ("'Quoted", "\tTab")):
        make.registered(event, name=name, organisation=organisation.strip())
    columns = "&".join(f"columns={key}" for key in ("name", "organisation", "country", "part", "origin", "status"))
    content = client.get(f"/desk/attendance/{event.slug}.{kind}?{columns}").data

    send(client, event, content)

    assert counts(client) == {"New": 0, "Changed": 0, "Unchanged": 3, "To decide": 0, "With mistakes": 0}


def test_an_invitation_is_sent_once_and_only_when_it_is_asked_for(make: Making, event: Event, client: Client):
    upload(client, event, ANN, BORIS)
    carry_out(client, event, invite="y")
    assert "1 invitation is on its way." in client.page.words

    upload(client, event, ANN, BORIS)
    carry_out(client, event, invite="y")

    assert make.one(select(Letter)).address == "ann@service.example"


def test_someone_with_a_password_is_not_invited(make: Making, event: Event, client: Client):
    make.person(email="ann@service.example", name="Ann Example")
    upload(client, event, ANN)

    carry_out(client, event, invite="y")

    assert make.all(select(Letter)) == []


def test_what_an_account_says_of_its_owner_is_not_changed_by_a_list(make: Making, event: Event, client: Client):
    make.person(email="ann@service.example", name="Ann Example-Smith", organisation="Own Service", profession="judge")
    upload(client, event, ANN)
    assert "is Ann Example-Smith" in client.page.words

    carry_out(client, event)
    upload(client, event, ANN)

    ann = make.one(select(Person).where(Person.email == "ann@service.example"))
    assert (ann.name, ann.organisation, ann.profession) == ("Ann Example-Smith", "Own Service", "judge")
    assert counts(client)["Unchanged"] == 1


def test_part_and_what_is_missing_are_changed_on_the_roll(make: Making, event: Event, client: Client):
    ann = make.person(email="ann@service.example", name="Ann Example")
    make.registered(event, ann)
    upload(client, event, ("Ann Example", "ANN@service.example", "Example Service", "BE", "", "trainer", ""))
    assert counts(client)["Changed"] == 1

    carry_out(client, event)

    found = make.one(select(Registration))
    assert (found.part, found.organisation, found.country) == (Part.TRAINER, "Example Service", "BE")


def test_an_address_for_someone_without_one_gives_them_an_account(make: Making, event: Event, client: Client):
    someone = make.registered(event, name="Ann Example")
    upload(client, event, ANN)
    assert counts(client)["To decide"] == 1
    row = next(name for name in form(client) if name.startswith("decide-"))

    carry_out(client, event, **{row: str(someone.id)})

    found = make.one(select(Registration))
    assert found.person_id == make.one(select(Person).where(Person.email == "ann@service.example")).id


def test_a_doubtful_row_is_decided_one_by_one_and_else_passed_over(make: Making, event: Event, client: Client):
    make.registered(event, name="Zsófia Szőke")
    rows = [("SZOKE  Zsofia", "", "Another service", "", "", "", "")]
    upload(client, event, *rows)
    assert "has the same name" in client.page.words

    carry_out(client, event)
    assert len(make.all(select(Registration))) == 1
    upload(client, event, *rows)
    row = next(name for name in form(client) if name.startswith("decide-"))
    carry_out(client, event, **{row: "new"})

    assert len(make.all(select(Registration))) == 2


def test_a_cancelled_registration_holds_again_only_when_that_is_decided(make: Making, event: Event, client: Client):
    ann = make.person(email="ann@service.example", name="Ann Example")
    cancelled = make.registered(event, ann, state=RegistrationState.CANCELLED)
    upload(client, event, ANN)
    row = next(name for name in form(client) if name.startswith("decide-"))

    carry_out(client, event, **{row: str(cancelled.id)})

    assert make.one(select(Registration)).state is RegistrationState.REGISTERED


def test_rows_with_mistakes_are_named_and_come_back_as_a_file(make: Making, event: Event, client: Client):
    upload(client, event, ANN, ("", "nobody", "", "Atlantis", "king", "", ""))
    assert "Enter a country by its name or its two-letter code" in client.page.words
    assert counts(client)["With mistakes"] == 1

    answer = client.post(path(event, "returned"), form(client, kind="csv"), 200)
    carry_out(client, event)

    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == ["Row", *HEAD, "What is wrong"]
    assert rows[1][0] == "3"
    assert "Enter a name." in rows[1][-1]
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(make.all(select(Registration))) == 1


def test_columns_may_be_chosen_otherwise(make: Making, event: Event, client: Client):
    upload(client, event, ("x1", "Ann Example"), head=("Ref", "Who"), status=422)
    assert "Choose the column that holds the names." in client.page.words

    client.post(path(event), form(client, **{"column-1": "name"}), 200)
    carry_out(client, event)

    assert make.one(select(Registration)).name == "Ann Example"


def test_a_field_stands_for_one_column_only(make: Making, event: Event, client: Client):
    upload(client, event, ANN)

    answer = client.post(path(event), form(client, **{"column-2": "name"}), 422)

    assert "Choose each field for one column only." in answer.text


def test_what_changed_meanwhile_is_shown_again(make: Making, event: Event, client: Client):
    upload(client, event, ANN)
    make.registered(event, make.person(email="ann@service.example", name="Ann Example"))

    answer = carry_out(client, event, 409)

    assert "The roll changed meanwhile." in answer.text
    assert len(make.all(select(Registration))) == 1


def test_rows_that_were_changed_on_the_way_are_planned_like_any_other(make: Making, event: Event, client: Client):
    upload(client, event, ANN)
    forged = parcel.packed([list(HEAD), ["Mallory", "mallory@service.example", "", "", "", "", ""]])

    sent = form(client)
    client.post(path(event, "carry-out"), sent | {"rows": forged}, 409)
    for nonsense in ("", "x", "%%%", "A" * 450_000):
        client.post(path(event, "carry-out"), sent | {"rows": nonsense}, 400)

    assert make.all(select(Registration)) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choose a file."),
        (b"%PDF-1.7 nothing of the kind", "This is not a spreadsheet"),
        (b"PK\x03\x04 cut short", "damaged"),
        (b"Name\r\n\"open", "quotation mark"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_words(make: Making, event: Event, client: Client, content, told):
    answer = send(client, event, content, 422)

    assert told in answer.text
    assert "<title>Error:" in answer.text


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_list_to_fill_in_can_be_imported_as_it_is(make: Making, event: Event, client: Client, kind: str):
    content = client.get(path(event, f"template.{kind}")).data

    send(client, event, content)

    assert counts(client)["New"] == 1


def test_a_long_list_fits_a_page_and_comes_back_whole(make: Making, event: Event, client: Client):
    rows = [(f"Person {n} von der Abteilung", f"person.{n}@service{n % 97}.example", f"Service {n % 53}", "AT",
             "police", "", "de") for n in range(400)]  # fmt: skip
    upload(client, event, *rows)

    carry_out(client, event)

    assert len(make.all(select(Registration))) == 400


def test_only_organisers_of_the_event_import(make: Making, event: Event):
    trainer, outsider = make.appointed(event), make.appointed(make.event("vienna"), "organiser")
    practitioner = make.signed_in()

    for stranger in (trainer, outsider, practitioner):
        stranger.get(path(event), 404)
        stranger.get(path(event, "template.xlsx"), 404)
        for step in ("", "carry-out", "returned"):
            stranger.post(path(event, step), {"rows": "x"}, 404)


@given(st.lists(st.lists(st.text())))
def test_whatever_rows_travel_come_back_as_they_were(rows):
    try:
        text = parcel.packed(rows)
    except UnicodeEncodeError:
        return

    assert re.fullmatch(r"[\w-]*", text, re.ASCII)
    assert parcel.unpacked(text) == rows


@given(st.text())
def test_whatever_comes_back_is_rows_or_nothing(text):
    assert parcel.unpacked(text) is None or isinstance(parcel.unpacked(text), list)


def test_a_small_field_never_becomes_a_large_table():
    bomb = parcel.packed([["x" * 20_000_000]])

    assert parcel.unpacked(bomb) is None


def test_a_field_of_more_rows_than_are_read_is_none_of_ours():
    assert parcel.unpacked(parcel.packed([["a"]] * 5001)) is not None
    assert parcel.unpacked(parcel.packed([["a"]] * 5002)) is None
