"""What organisers do to accounts: who may, what each deed does, and that it leaves its trace."""

import pytest
from flask import Flask
from sqlalchemy import select

from lms import audit
from lms.accounts.models import Login, Person, Role, Standing
from lms.audit import AuditRow
from lms.mail import Letter
from tests.make import PASSWORD, Making
from tests.page import Client

GONE = 999_999


@pytest.fixture
def organiser(make: Making) -> Client:
    return make.signed_in(Role.ORGANISER, name="Olga Organiser", email="olga@service.example")


def again(make: Making, person: Person) -> Person:
    return make.one(select(Person).where(Person.id == person.id))


def deeds(make: Making) -> list[tuple[str, int | None, dict]]:
    return [(row.deed, row.actor_id, row.about) for row in make.all(select(AuditRow).order_by(AuditRow.id))]


def invite(organiser: Client, status: int = 302, **fields: str) -> None:
    organiser.get("/desk/people")
    organiser.post(
        "/desk/people", {"name": "Ann Li", "email": "ann@service.example", "role": "trainer"} | fields, status=status
    )


def change(organiser: Client, person: Person, status: int = 302, **fields: str) -> None:
    organiser.get(f"/desk/people/{person.id}")
    organiser.post(f"/desk/people/{person.id}", fields, status=status)


# --- the list ------------------------------------------------------------------------------------------------


def test_the_list_shows_everyone_and_first_who_waits(organiser: Client, make: Making):
    make.person(name="Иванова, Мария", standing=Standing.WAITING, organisation="МВР", country="BG")
    make.person(name="Γιάννης", standing=Standing.DISABLED)

    organiser.get("/desk/people")

    words = organiser.page.words
    assert "2 accounts" in words
    assert "1 request waits" in words
    assert words.index("Иванова, Мария") < words.index("Invite")
    assert "МВР, BG" in words
    assert "Γιάννης" in words and "closed" in words


def test_markup_in_a_name_is_shown_and_not_obeyed(organiser: Client, make: Making):
    name = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    waiting = make.person(name=name, standing=Standing.WAITING, organisation="<b>x</b>", country="MT")
    active = make.person(name=name)

    organiser.get("/desk/people")
    on_list = organiser.page
    organiser.get(f"/desk/people/{active.id}")

    for page in (on_list, organiser.page):
        assert name in page.words
        assert not any(image.get("src") == "x" for image in page.all("img"))
    assert f"{waiting.name}, {waiting.email}" in on_list.words


# --- inviting ------------------------------------------------------------------------------------------------


def test_an_invitation_makes_an_account_and_sends_a_letter(organiser: Client, make: Making):
    invite(organiser, name="  Ħaż-Żebbuġ   Borg ", email=" Ann@Service.Example ")

    person = make.one(select(Person).where(Person.email == "ann@service.example"))
    letter = make.one(select(Letter))
    assert (person.name, person.role, person.standing) == ("Ħaż-Żebbuġ Borg", Role.TRAINER, Standing.ACTIVE)
    assert person.password_hash is None
    assert letter.address == person.email
    assert "/invitation/" in letter.body
    assert deeds(make) == [("person.invited", organiser.person.id, {"person": person.id, "role": "trainer"})]


def test_an_address_is_invited_once_and_the_second_time_said_to_be_known(organiser: Client, make: Making):
    person = make.person(email="ann@service.example", name="The First")

    invite(organiser, status=422, email="ANN@service.example")

    assert "There is an account with this address already." in organiser.page.words
    assert again(make, person).name == "The First"
    assert make.all(select(Letter)) == []
    assert deeds(make) == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter your name"),
        ({"name": "   "}, "Enter your name"),
        ({"name": "x" * 301}, "Shorten the name to 300 characters."),
        ({"name": "Ann\x07"}, "Some characters could not be printed"),
        ({"email": ""}, "Enter an e-mail address."),
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"role": "owner"}, "Not a valid choice"),
        ({"role": ""}, "Not a valid choice"),
    ],
)
def test_what_does_not_fit_an_invitation_is_refused_with_words(
    organiser: Client, make: Making, fields: dict[str, str], words: str
):
    invite(organiser, status=422, **fields)

    assert words in organiser.page.words
    assert len(make.all(select(Person))) == 1
    assert deeds(make) == []


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"], ids=ascii)
def test_a_line_break_in_a_name_or_address_makes_no_second_header_and_no_second_name(
    organiser: Client, make: Making, break_: str
):
    invite(organiser, name=f"Ann{break_}Bcc: all@evil.test")

    letter = make.one(select(Letter))
    assert make.one(select(Person).where(Person.email == "ann@service.example")).name == "Ann Bcc: all@evil.test"
    for line in (letter.address, letter.subject):
        assert len(line.splitlines()) == 1
    assert "Dear Ann Bcc: all@evil.test," in letter.body


# --- changing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_is_changed_and_noted(organiser: Client, make: Making, role: Role):
    person = make.person(Role.TRAINER)

    change(organiser, person, role=role.value, active="y")

    assert again(make, person).role == role
    noted = [("person.role", organiser.person.id, {"person": person.id, "was": "trainer", "now": role.value})]
    assert deeds(make) == ([] if role is Role.TRAINER else noted)


def test_an_account_is_closed_and_opened_and_both_are_noted(organiser: Client, make: Making):
    person = make.person()

    change(organiser, person, role="practitioner")
    closed = again(make, person).standing
    change(organiser, person, role="practitioner", active="y")

    assert (closed, again(make, person).standing) == (Standing.DISABLED, Standing.ACTIVE)
    assert [(deed, about["was"], about["now"]) for deed, _actor, about in deeds(make)] == [
        ("person.standing", "active", "disabled"),
        ("person.standing", "disabled", "active"),
    ]


def test_extra_time_is_kept_noted_and_ends_no_session(organiser: Client, make: Making):
    mine = make.signed_in()

    change(organiser, mine.person, role="practitioner", active="y", extra_time="25")

    assert again(make, mine.person).extra_time == 25
    assert deeds(make) == [("person.extra_time", organiser.person.id, {"person": mine.person.id, "per_cent": 25})]
    mine.get("/account")


@pytest.mark.parametrize(
    "extra", ["-1", "401", "2147483648", "9" * 400, "9" * 9000, "a lot", "1.5", "1e2"], ids=lambda extra: extra[:10]
)
def test_extra_time_that_is_none_is_refused_with_words(organiser: Client, make: Making, extra: str):
    person = make.person()

    change(organiser, person, status=422, role="practitioner", active="y", extra_time=extra)

    assert "Enter a whole number from 0 to 400." in organiser.page.words
    assert again(make, person).extra_time == 0
    assert deeds(make) == []


def test_organisers_do_not_change_their_own_role_or_close_their_own_account(organiser: Client, make: Making):
    for fields in ({"role": "trainer", "active": "y"}, {"role": "organiser"}):
        change(organiser, organiser.person, status=422, **fields)

        assert "ask another organiser" in organiser.page.words
    assert again(make, organiser.person).role == Role.ORGANISER
    assert again(make, organiser.person).is_active
    assert deeds(make) == []


def test_no_other_field_of_an_account_is_changed_by_adding_it_to_the_form(organiser: Client, make: Making):
    person = make.person()

    change(
        organiser, person, role="practitioner", active="y", name="Another", email="other@x.example", id="1",
        password_hash="x", password=PASSWORD, standing="disabled", joined_at="2001-01-01", language="de",
    )  # fmt: skip

    now_is = again(make, person)
    for name in ("name", "email", "password_hash", "standing", "joined_at", "language"):
        assert getattr(now_is, name) == getattr(person, name)


@pytest.mark.parametrize("fields", [{}, {"role": "owner"}, {"role": "owner", "active": "y"}])
def test_a_role_that_is_missing_or_none_changes_nothing(organiser: Client, make: Making, fields: dict[str, str]):
    person = make.person()

    change(organiser, person, status=422, **fields)

    assert again(make, person).is_active
    assert deeds(make) == []


# --- letting in ----------------------------------------------------------------------------------------------


def test_letting_someone_in_opens_the_account_sends_the_letter_and_is_noted(organiser: Client, make: Making):
    waiting = make.person(standing=Standing.WAITING, password_hash=None)
    organiser.get("/desk/people")

    organiser.follow(organiser.post(f"/desk/people/{waiting.id}/welcome"))

    assert "The invitation is on its way." in organiser.page.words
    assert again(make, waiting).standing == Standing.ACTIVE
    assert make.one(select(Letter)).address == waiting.email
    assert deeds(make) == [("person.welcomed", organiser.person.id, {"person": waiting.id})]


def test_an_invitation_is_sent_again_and_the_older_one_works_no_more(organiser: Client, app: Flask, make: Making):
    invite(organiser)
    person = make.one(select(Person).where(Person.email == "ann@service.example"))
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{person.id}/welcome")

    older, newer = (letter.body.split("http://localhost")[1].split()[0] for letter in letters(make))
    Client(app).get(older, status=404)
    Client(app).get(newer)


def letters(make: Making) -> list[Letter]:
    return make.all(select(Letter).order_by(Letter.id))


def test_a_closed_account_is_not_opened_by_inviting_it_again(organiser: Client, make: Making):
    closed = make.person(standing=Standing.DISABLED)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{closed.id}/welcome", status=404)

    assert again(make, closed).standing == Standing.DISABLED
    assert letters(make) == []
    assert deeds(make) == []


def test_refusing_takes_a_request_away_and_is_noted(organiser: Client, make: Making):
    waiting = make.person(standing=Standing.WAITING)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{waiting.id}/refuse")

    assert make.all(select(Person).where(Person.id == waiting.id)) == []
    assert deeds(make) == [("person.refused", organiser.person.id, {"person": waiting.id})]


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.DISABLED], ids=str)
def test_only_a_request_can_be_refused_and_no_account(organiser: Client, make: Making, standing: Standing):
    person = make.person(standing=standing)
    organiser.get("/desk/people")

    organiser.post(f"/desk/people/{person.id}/refuse", status=404)

    assert again(make, person).standing == standing
    assert deeds(make) == []


def test_ending_the_sessions_of_someone_is_noted(organiser: Client, make: Making):
    mine = make.signed_in()
    organiser.get(f"/desk/people/{mine.person.id}")

    organiser.follow(organiser.post(f"/desk/people/{mine.person.id}/sessions/end"))

    assert "Every session of this account has ended." in organiser.page.words
    assert all(login.ended_at for login in make.all(select(Login).where(Login.person_id == mine.person.id)))
    assert deeds(make) == [("person.sessions_ended", organiser.person.id, {"person": mine.person.id})]


# --- what every deed shares ------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["", "/welcome", "/refuse", "/sessions/end"])
@pytest.mark.parametrize("number", [GONE, 0, 2**31 - 1, 2**31, 2**63, 10**30])
def test_an_account_that_is_not_there_is_not_found_and_nothing_is_noted(
    organiser: Client, make: Making, deed: str, number: int
):
    organiser.get("/desk/people")
    token = organiser.page.hidden("csrf_token")
    fields = {"csrf_token": token, "role": "organiser", "active": "y"}

    answer = organiser.http.post(f"/desk/people/{number}{deed}", data=fields)

    assert answer.status_code == 404 or (answer.status_code == 405 and number >= 2**31)
    assert deeds(make) == []


def test_every_deed_is_noted_with_ids_and_never_with_a_name_or_an_address(organiser: Client, app: Flask, make: Making):
    canary = "Canaria Quillfeather"
    person = make.person(name=canary, email="canary@quillfeather.example", organisation="Quillfeather Ltd")
    waiting = [make.person(name=canary, standing=Standing.WAITING) for _one in range(2)]

    invite(organiser, name=canary, email="quillfeather@service.example")
    change(organiser, person, role="trainer", active="y", extra_time="10")
    change(organiser, person, role="trainer")
    for path in (f"{waiting[0].id}/welcome", f"{waiting[1].id}/refuse", f"{person.id}/sessions/end"):
        organiser.get("/desk/people")
        organiser.post(f"/desk/people/{path}")

    noted = deeds(make)
    assert {deed for deed, _actor, _about in noted} == {
        "person.invited", "person.role", "person.standing", "person.extra_time", "person.welcomed", "person.refused",
        "person.sessions_ended",
    }  # fmt: skip
    assert {actor for _deed, actor, _about in noted} == {organiser.person.id}
    assert all(isinstance(about["person"], int) for _deed, _actor, about in noted)
    assert "uillfeather" not in str(noted)
    with app.app_context():
        assert audit.broken_at() is None


def test_a_deed_that_fails_leaves_neither_its_change_nor_its_trace(
    organiser: Client, app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    person = make.person()
    organiser.get(f"/desk/people/{person.id}")

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr("lms.accounts.access.end_sessions", fail)
    organiser.post(f"/desk/people/{person.id}", {"role": "trainer", "active": "y"}, status=500)

    assert again(make, person).role == Role.PRACTITIONER
    assert deeds(make) == []


# --- the outbox ----------------------------------------------------------------------------------------------


def test_the_outbox_shows_letters_in_development(organiser: Client, make: Making):
    invite(organiser)

    organiser.get("/outbox")

    assert "ann@service.example" in organiser.page.words
    assert "http://localhost/invitation/" in organiser.page.words


def test_there_is_no_outbox_in_production(organiser: Client, changed):
    changed(env="production")

    organiser.get("/outbox", status=404)
