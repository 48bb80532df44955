"""Signed paper beside the record: scans kept and handed out, rows ticked, people added by hand, differences settled."""

from io import BytesIO
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from lms.accounts.models import Role
from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import receiving, uploads
from lms.events.models import Event, HalfDay, Mark, Registration, Scan, Settlement, Sheet, Tick
from lms.events.parts import Charge, Decision, MarkKind, Origin, Part, RegistrationState, Signed
from tests.events.test_uploads import paper, photograph, picture
from tests.make import Making, at
from tests.page import Client, words

NASTY = "<script>alert(1)</script> O'Brien"


@pytest.fixture
def event(make: Making) -> Event:
    return make.event("brussels")


@pytest.fixture
def morning(event: Event) -> HalfDay:
    return event.half_days[0]


@pytest.fixture
def trainer(make: Making, event: Event) -> Client:
    return make.appointed(event, name="Tara Trainer")


@pytest.fixture
def organiser(make: Making, event: Event) -> Client:
    return make.appointed(event, Charge.ORGANISER)


def page_of(half_day: HalfDay) -> str:
    return f"/events/brussels/half-days/{half_day.id}/paper"


def send(
    client: Client, half_day: HalfDay, content: bytes, name: str = "sheet.pdf", code: str = "", status: int = 302,
    declared: str = "application/octet-stream",
) -> str:  # fmt: skip
    client.get(page_of(half_day))
    answer = client._checked(posted(client, half_day, content, name, code, declared), status)
    return answer.location or ""


def posted(
    client: Client, half_day: HalfDay, content: bytes, name: str = "sheet.pdf", code: str = "",
    declared: str = "application/pdf", to: str = "scans",
) -> TestResponse:  # fmt: skip
    """A form with a file, put together here: the test client would leave a temporary file behind."""
    token = client.page.hidden("csrf_token") if client.page else ""
    form = {"file": FileStorage(BytesIO(content), name, "file", declared), "code": code, "csrf_token": token}
    boundary, body = encode_multipart(form)
    kind = f"multipart/form-data; boundary={boundary}"
    return client.http.post(f"/events/brussels/half-days/{half_day.id}/{to}", data=body, content_type=kind)


def row(client: Client, who: Registration) -> str:
    return words(client.page.one("li", id=f"row-{who.id}"))


def press(client: Client, half_day: HalfDay, who: Registration, said: str, status: int = 302) -> TestResponse:
    client.get(page_of(half_day))
    return client.post(page_of(half_day), {"row": f"{who.id} {said}".strip()}, status=status)


def a_sheet(make: Making, half_day: HalfDay, *people: Registration, code: str = "ABCDEFGH") -> Sheet:
    sheet = Sheet(
        code=code, half_day_id=half_day.id, part=Part.PARTICIPANT, origin=Origin.INTERNATIONAL,
        rows=[str(one.id) for one in people], made_at=now(),
    )  # fmt: skip
    make.add(sheet)
    return sheet


def came(make: Making, who: Registration, half_day: HalfDay, when: str = "2027-03-01T09:02+01:00") -> None:
    with make.app.app_context(), writing():
        receiving.say(
            db.session.get_one(Event, who.event_id), by_id=None, registration=db.session.get_one(Registration, who.id),
            half_day=half_day, kind=MarkKind.CAME, at=at(when), now=now(),
        )  # fmt: skip
        db.session.commit()


# --- scans ---------------------------------------------------------------------------------------------------


def test_a_signed_sheet_is_attached_to_its_half_day_and_to_the_sheet_its_code_names(
    make: Making, trainer: Client, morning: HalfDay
):
    sheet = a_sheet(make, morning)

    where = send(trainer, morning, paper(), "Sheet one.pdf", code=" abcd efgh ")

    scan = make.one(select(Scan))
    assert (scan.half_day_id, scan.sheet_id, scan.mimetype) == (morning.id, sheet.id, "application/pdf")
    assert (scan.name, scan.by_id) == ("Sheet one.pdf", trainer.person.id)
    assert where == page_of(morning)
    assert make.one(select(AuditRow).where(AuditRow.deed == "scan.added")).about["scan"] == scan.id


def test_the_code_stands_in_its_field_where_there_is_one_sheet_alone(make: Making, trainer: Client, morning: HalfDay):
    a_sheet(make, morning)
    trainer.get(page_of(morning))
    alone = trainer.page.one("input", name="code").get("value")
    a_sheet(make, morning, code="HGFEDCBA")
    trainer.get(page_of(morning))

    assert alone == "ABCD EFGH"
    assert trainer.page.one("input", name="code").get("value") == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ABCDEFGA", "No sheet of this event has this code."),
        ("<b>", "No sheet of this event has this code."),
        ("OTHERDAY", "This is the sheet of another half-day: Afternoon 1, 1 March 2027."),
        ("VIENNA22", "No sheet of this event has this code."),
    ],
)
def test_a_code_that_names_no_sheet_of_this_half_day_is_refused_in_words(
    make: Making, event: Event, trainer: Client, morning: HalfDay, code: str, said: str
):
    a_sheet(make, event.half_days[1], code="OTHERDAY")
    a_sheet(make, make.event("vienna").half_days[0], code="VIENNA22")

    send(trainer, morning, paper(), code=code, status=422)

    assert said in trainer.page.words.replace("\u00a0", " ")
    assert make.all(select(Scan)) == []


def test_the_same_file_twice_is_kept_once_and_said_so(make: Making, event: Event, trainer: Client, morning: HalfDay):
    content = photograph()

    send(trainer, morning, content, "one.jpg")
    send(trainer, morning, content, "two.jpeg")
    trainer.get(page_of(morning))
    said = trainer.page.words
    send(trainer, event.half_days[1], content, "one.jpg")

    assert "This file is here already: it is kept once." in said
    assert [scan.half_day_id for scan in make.all(select(Scan).order_by(Scan.id))] == [
        morning.id, event.half_days[1].id,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "sheet.pdf", "Choose a file: this one is empty."),
        (b"<svg><script>alert(1)</script></svg>", "sheet.svg", "Choose a PDF, JPEG or PNG file"),
        (b"<!doctype html><script>alert(1)</script>", "sheet.pdf", "Choose a PDF, JPEG or PNG file"),
        (picture("PNG"), "sheet.pdf", "This file is named as what it is not."),
        (picture("PNG")[:-50], "sheet.png", "This file cannot be read to its end."),
        (paper(trailer=b"/Encrypt 1 0 R"), "sheet.pdf", "This PDF is locked by a password."),
        (paper(b"<</Type /Page>>", b"<</JS (x)>>"), "sheet.pdf", "This PDF holds more than pages"),
        (paper() + b" " * uploads.LARGEST, "sheet.pdf", "Choose a file of up to 20 MB"),
    ],
    ids=["empty", "svg", "html", "other name", "cut", "locked", "program", "too large"],
)
def test_what_cannot_be_kept_is_refused_in_words_at_its_field(
    make: Making, trainer: Client, morning: HalfDay, content: bytes, name: str, said: str
):
    send(trainer, morning, content, name, status=422, declared="application/pdf")

    assert said in words(trainer.page.one("p", id="file-fault"))
    assert trainer.page.title.startswith("Error:")
    assert make.all(select(Scan)) == []


def test_sending_no_file_is_refused_in_words(make: Making, trainer: Client, morning: HalfDay):
    trainer.get(page_of(morning))

    trainer.post(f"/events/brussels/half-days/{morning.id}/scans", {"code": ""}, status=422)

    assert "Choose the file of the signed sheet." in trainer.page.words


def test_twenty_megabytes_pass_and_much_more_is_refused_before_it_is_read(
    make: Making, trainer: Client, morning: HalfDay
):
    body = paper(b"<</Type /Page>>\nstream\n" + b"\0" * (uploads.LARGEST - 200) + b"\nendstream")

    send(trainer, morning, body[: uploads.LARGEST])
    send(trainer, morning, b"%PDF-" + b"\0" * (uploads.LARGEST + 5 * 1024 * 1024), status=413)

    assert len(make.one(select(Scan.name).select_from(Scan))) > 0
    assert "Too large" in trainer.page.words


def test_nobody_waits_for_a_picture_that_is_made_anew(
    make: Making, trainer: Client, morning: HalfDay, monkeypatch: pytest.MonkeyPatch
):
    writing_meanwhile: list[bool] = []
    checked = uploads.checked

    def slow(content: bytes, name: str) -> uploads.Kept:
        writing_meanwhile.append(db.session().in_transaction())
        return checked(content, name)

    monkeypatch.setattr(uploads, "checked", slow)

    send(trainer, morning, picture(), "sheet.jpg")

    assert writing_meanwhile == [False]
    assert make.one(select(Scan)).mimetype == "image/jpeg"


def test_nobody_else_may_send_so_much(make: Making, event: Event, morning: HalfDay, app: Flask):
    large = b"%PDF-" + b"\0" * (2 * 1024 * 1024)
    for client in (make.signed_in(), Client(app)):
        assert posted(client, morning, large).status_code == 413


def test_other_pages_take_no_more_than_before(trainer: Client, morning: HalfDay):
    large = b"%PDF-" + b"\0" * (2 * 1024 * 1024)
    trainer.get(page_of(morning))

    assert posted(trainer, morning, large, to="paper").status_code == 413


def test_a_pdf_is_handed_out_as_a_download_and_can_do_nothing_on_our_pages(
    make: Making, trainer: Client, morning: HalfDay
):
    send(trainer, morning, paper(), "<b>&\"'.pdf")
    scan = make.one(select(Scan))

    answer = trainer.http.get(f"/events/brussels/scans/{scan.id}")

    assert answer.data == paper()
    assert answer.headers["Content-Disposition"] == f"attachment; filename=brussels-2027-03-01-scan-{scan.id}.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert any("sandbox" in one for one in answer.headers.getlist("Content-Security-Policy"))
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_picture_we_made_anew_is_shown_beside_its_rows_and_downloaded_too(
    make: Making, trainer: Client, morning: HalfDay
):
    send(trainer, morning, photograph(), "photo.jpg")
    scan = make.one(select(Scan))
    trainer.get(page_of(morning))

    shown = trainer.http.get(f"/events/brussels/scans/{scan.id}")
    saved = trainer.http.get(f"/events/brussels/scans/{scan.id}?download=1")

    assert trainer.page.one("img").get("src") == f"/events/brussels/scans/{scan.id}"
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert (shown.mimetype, shown.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert b"GPS" not in shown.data and b"camera" not in shown.data


def test_a_file_name_from_outside_is_shown_as_text_and_leads_nowhere(make: Making, trainer: Client, morning: HalfDay):
    send(trainer, morning, paper(), f"../../etc/{NASTY}\u202e\x07.pdf".replace("/script", "script"))
    trainer.get(page_of(morning))

    name = make.one(select(Scan)).name
    assert "/" not in name and "\u202e" not in name and "\x07" not in name
    assert name in trainer.page.words


def test_scans_of_another_event_are_not_there(make: Making, event: Event, trainer: Client, morning: HalfDay):
    other = make.event("vienna")
    scan = Scan(
        half_day_id=other.half_days[0].id, name="x", mimetype="application/pdf", sha256="0" * 64, content=b"x",
        added_at=now(),
    )  # fmt: skip
    make.add(scan)

    trainer.get(f"/events/brussels/scans/{scan.id}", status=404)
    trainer.get(f"/events/vienna/scans/{scan.id}", status=404)
    trainer.get(f"/events/brussels/half-days/{other.half_days[0].id}/paper", status=404)


def test_an_organiser_removes_a_scan_with_a_reason_and_a_trainer_does_not(
    make: Making, trainer: Client, organiser: Client, morning: HalfDay
):
    send(trainer, morning, paper())
    scan = make.one(select(Scan))
    where = f"/events/brussels/scans/{scan.id}/remove"

    trainer.get(where, status=404)
    organiser.get(where)
    organiser.post(where, {}, status=422)
    asked = organiser.page.words
    organiser.post(where, {"why": "again"})

    assert "Choose why it goes." in asked
    assert make.all(select(Scan)) == []
    row = make.one(select(AuditRow).where(AuditRow.deed == "scan.removed"))
    assert (row.about["why"], row.about["sha256"], row.actor_id) == ("again", scan.sha256, organiser.person.id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n", picture(), paper()]),
    st.binary(max_size=200),
    st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50),
)
def test_whatever_is_sent_is_kept_or_refused_in_words(
    trainer: Client, morning: HalfDay, start: bytes, rest: bytes, name: str, code: str
):
    trainer.get(page_of(morning))

    answer = posted(trainer, morning, start + rest, name, code)

    assert answer.status_code in (302, 422)


# --- ticking -------------------------------------------------------------------------------------------------


def test_rows_stand_in_the_order_of_the_sheet_that_was_signed(make: Making, event: Event, trainer: Client):
    morning = event.half_days[0]
    ann, bo, cy = (make.registered(event, name=name) for name in ("Ann", "Bo", "Cy"))
    signed = a_sheet(make, morning, cy, ann)
    send(trainer, morning, paper(), code=signed.code)
    a_sheet(make, morning, ann, bo, cy, code="NEWERONE")

    trainer.get(page_of(morning))

    ids = [e.get("id") for e in trainer.page.all("li") if (e.get("id") or "").startswith("row-")]
    assert ids == [f"row-{one.id}" for one in (cy, ann, bo)]
    headings = [words(e) for e in trainer.page.all("h2")][-4:]
    assert headings == [
        "Scans", "Participants, international sheet ABCD EFGH", "On no printed sheet",
        "Added by hand",
    ]  # fmt: skip


def test_each_row_is_kept_by_itself_and_says_what_the_marks_say_beside_it(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann, bo = make.registered(event, name="Ann"), make.registered(event, name="Bo")
    a_sheet(make, morning, ann, bo)
    came(make, ann, morning)

    answer = press(trainer, morning, ann, "unsigned")
    trainer.follow(answer)

    tick = make.one(select(Tick))
    assert (tick.registration_id, tick.signed, tick.by_id) == (ann.id, Signed.UNSIGNED, trainer.person.id)
    assert "Paper: not signed. Check-in: 09:02" in row(trainer, ann)
    assert "came 09:02, not signed on the sheet Settle" in row(trainer, ann)
    assert "not looked at" in row(trainer, bo)
    assert answer.location.endswith(f"/paper?after={ann.id}")
    assert focused(trainer) == ["Signed Bo"]


def focused(client: Client) -> list[str]:
    return [words(e) for e in client.page.all("button") if "autofocus" in e.attrib]


def test_after_the_last_row_of_a_sheet_the_first_of_the_next_is_ready(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann, bo = make.registered(event, name="Ann"), make.registered(event, name="Bo", part=Part.TRAINER)

    trainer.follow(press(trainer, morning, ann, "signed"))
    after_ann = focused(trainer)
    trainer.follow(press(trainer, morning, bo, "signed"))

    assert (after_ann, focused(trainer)) == (["Signed Bo"], ["Signed Bo"])


def test_counts_say_how_far_one_is(make: Making, event: Event, trainer: Client, morning: HalfDay):
    ann, bo, cy = (make.registered(event, name=name) for name in ("Ann", "Bo", "Cy"))
    a_sheet(make, morning, ann, bo, cy)
    press(trainer, morning, ann, "signed")

    press(trainer, morning, bo, "unsigned")
    trainer.get(page_of(morning))

    counts = [words(e) for e in trainer.page.all("span") if e.get("data-count")]
    assert counts == [
        "1 signed", "1 not signed", "0 added by hand", "1 not looked at", "1 difference to settle",
    ]  # fmt: skip


def test_a_tick_is_changed_and_taken_away_and_each_is_noted(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann = make.registered(event, name="Ann")

    for said in ("signed", "signed", "unsigned", ""):
        press(trainer, morning, ann, said)

    assert make.all(select(Tick)) == []
    rows = make.all(select(AuditRow).where(AuditRow.deed == "paper.ticked").order_by(AuditRow.id))
    assert [one.about["signed"] for one in rows] == ["signed", "unsigned", ""]


def test_the_page_of_forty_is_a_light_one(make: Making, event: Event, trainer: Client, morning: HalfDay):
    people = [make.registered(event, name=f"Somebody Longname {n}", organisation="A police service") for n in range(40)]
    a_sheet(make, morning, *people)
    for who in people[:20]:
        make.add(Tick(half_day_id=morning.id, registration_id=who.id, signed=Signed.UNSIGNED, at=now()))

    answer = trainer.get(page_of(morning))

    assert len(answer.data) < 50_000


def test_the_rest_of_a_sheet_is_ticked_at_once_and_what_was_ticked_stays(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann, bo, cy, dee = (make.registered(event, name=name) for name in ("Ann", "Bo", "Cy", "Dee"))
    sheet = a_sheet(make, morning, ann, bo, cy)
    press(trainer, morning, bo, "unsigned")

    trainer.get(page_of(morning))
    trainer.post(f"{page_of(morning)}/rest", {"sheet": str(sheet.id)})

    ticks = {tick.registration_id: tick.signed for tick in make.all(select(Tick))}
    assert ticks == {ann.id: Signed.SIGNED, bo.id: Signed.UNSIGNED, cy.id: Signed.SIGNED}
    assert dee.id not in ticks


@pytest.mark.parametrize("said", ["yes", "SIGNED", "absent", "x" * 5000])
def test_what_paper_cannot_say_is_not_kept(make: Making, event: Event, trainer: Client, morning: HalfDay, said: str):
    ann = make.registered(event, name="Ann")

    press(trainer, morning, ann, said, status=400)

    assert make.all(select(Tick)) == []


def test_a_row_of_another_event_cannot_be_ticked(make: Making, trainer: Client, morning: HalfDay):
    stranger = make.registered(make.event("vienna"), name="Zoe")

    press(trainer, morning, stranger, "signed", status=404)

    assert make.all(select(Tick)) == []


def test_someone_who_was_cancelled_or_merged_since_stays_in_their_row(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann, bo, cy = (make.registered(event, name=name) for name in ("Ann", "Bo", "Cy"))
    a_sheet(make, morning, ann, bo, cy)
    make.change(bo, state=RegistrationState.CANCELLED)
    make.change(cy, merged_into_id=ann.id)

    trainer.get(page_of(morning))
    before = row(trainer, bo)
    trainer.follow(press(trainer, morning, bo, "signed"))

    assert "Cancelled." in before
    assert "Cancelled, and yet on paper: restore the registration." in row(trainer, bo)
    assert "Counted as Ann." in row(trainer, cy)


# --- added by hand -------------------------------------------------------------------------------------------


def by_hand(client: Client, half_day: HalfDay, status: int = 302, **values: str) -> None:
    client.get(page_of(half_day))
    given = {"id": str(uuid4()), "name": "Zoé  Hand", "organisation": "", "group": "participant-local"} | values
    client.post(f"/events/brussels/half-days/{half_day.id}/by-hand", given, status=status)


def test_someone_who_wrote_themselves_on_the_sheet_comes_on_the_roll_as_a_walk_in(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    version = event.version

    by_hand(trainer, morning, organisation="Harbour Police")
    trainer.get(page_of(morning))

    who = make.one(select(Registration))
    assert (who.name, who.organisation, who.walk_in) == ("Zoé Hand", "Harbour Police", True)
    assert (who.part, who.origin, who.state) == (Part.PARTICIPANT, Origin.LOCAL, RegistrationState.CONFIRMED)
    assert make.one(select(Tick)).signed is Signed.BY_HAND
    assert make.event_again(event).version > version
    assert "added to the sheet by hand, no scan Settle" in row(trainer, who)


def test_the_same_form_sent_twice_adds_one_person(make: Making, trainer: Client, morning: HalfDay):
    same = str(uuid4())

    by_hand(trainer, morning, id=same)
    by_hand(trainer, morning, id=same, name="Another")

    assert make.one(select(Registration)).name == "Zoé Hand"


def test_a_name_that_is_on_the_list_is_to_be_ticked_there_unless_it_is_someone_else(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    make.registered(event, name="ZOÉ hand", organisation="Police")

    by_hand(trainer, morning, status=422)
    said = trainer.page.words
    by_hand(trainer, morning, organisation="Court")

    assert "Someone of this name is on the list: tick them there." in said
    assert len(make.all(select(Registration))) == 2


@pytest.mark.parametrize(
    "values",
    [{"name": ""}, {"name": " \u200b "}, {"name": "x" * 301}, {"organisation": "x" * 301}, {"group": "speakers"}],
)
def test_what_is_missing_or_too_long_adds_nobody(
    make: Making, trainer: Client, morning: HalfDay, values: dict[str, str]
):
    by_hand(trainer, morning, status=422, **values)

    assert make.all(select(Registration)) == []


@pytest.mark.parametrize("given", ["", "7", "x" * 400])
def test_a_form_without_its_id_is_not_understood(make: Making, trainer: Client, morning: HalfDay, given: str):
    by_hand(trainer, morning, status=400, id=given)

    assert make.all(select(Registration)) == []


def test_the_id_of_someone_elsewhere_is_not_taken_over(make: Making, trainer: Client, morning: HalfDay):
    stranger = make.registered(make.event("vienna"), name="Zoe")

    by_hand(trainer, morning, status=404, id=str(stranger.id))

    assert make.one(select(Registration)).name == "Zoe"


def test_whatever_name_is_written_is_shown_as_it_is_written(make: Making, trainer: Client, morning: HalfDay):
    by_hand(trainer, morning, name=NASTY)
    trainer.get(page_of(morning))

    assert NASTY in row(trainer, make.one(select(Registration)))


# --- settling ------------------------------------------------------------------------------------------------


def settle(
    client: Client, half_day: HalfDay, who: Registration, decision: str = "present", status: int = 302, **more: str
) -> str:
    where = f"/events/brussels/half-days/{half_day.id}/settle/{who.id}"
    client.get(where)
    hidden = {name: client.page.hidden(name) for name in ("id", "saw")}
    answer = client.post(where, hidden | {"decision": decision, "reason": "I saw them"} | more, status=status)
    return answer.location or ""


@pytest.fixture
def signed(make: Making, event: Event, morning: HalfDay) -> Registration:
    """Someone who signed and whom nobody saw."""
    who = make.registered(event, name="Ann")
    make.add(Tick(half_day_id=morning.id, registration_id=who.id, signed=Signed.SIGNED, at=now()))
    return who


def test_a_difference_is_settled_with_a_reason_and_its_page_says_how(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration
):
    where = settle(trainer, morning, signed, "kept")
    trainer.get(where)
    said = row(trainer, signed)
    trainer.get(f"/events/brussels/half-days/{morning.id}/settle/{signed.id}")

    kept = make.one(select(Settlement))
    assert (kept.decision, kept.reason, kept.by_id) == (Decision.KEPT, "I saw them", trainer.person.id)
    assert "Settled: Ann." in trainer.page.words or "settled See how Ann" in said
    assert "Settled: signed on paper, no scan" in trainer.page.words
    assert "Leave it as it is, " in trainer.page.words
    assert "Tara Trainer: I saw them" in trainer.page.words


def test_someone_is_counted_as_present_from_the_time_that_is_typed(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration
):
    settle(trainer, morning, signed, "present", came="9.40")

    mark = make.one(select(Mark))
    assert (mark.kind, mark.at, mark.by_id, mark.reason) == (
        MarkKind.CAME, at("2027-03-01T09:40+01:00"), trainer.person.id, "I saw them",
    )  # fmt: skip


def test_without_a_time_they_came_at_the_beginning(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration
):
    settle(trainer, morning, signed, "present")

    assert make.one(select(Mark)).at == morning.starts_at


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"reason": ""}, "Say why, in a few words."),
        ({"reason": " \n\t"}, "Say why, in a few words."),
        ({"reason": "x" * 301}, "Shorten this to 300 characters."),
        ({"decision": ""}, "Choose what counts."),
        ({"decision": "perhaps"}, "Something is missing or wrong"),
        ({"came": "late"}, "Enter a time, for example 9:02."),
        ({"came": "12:30"}, "Enter a time of this half-day"),
        ({"came": "23:00"}, "Enter a time of this half-day"),
    ],
)
def test_a_settlement_that_is_not_whole_is_refused_in_words(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration, values: dict[str, str], said: str
):
    settle(trainer, morning, signed, **({"status": 422} | values))

    assert said in trainer.page.words
    assert make.all(select(Settlement)) == make.all(select(Mark)) == []


def test_a_settlement_sent_twice_is_one(make: Making, trainer: Client, morning: HalfDay, signed: Registration):
    where = f"/events/brussels/half-days/{morning.id}/settle/{signed.id}"
    trainer.get(where)
    form = {name: trainer.page.hidden(name) for name in ("id", "saw", "csrf_token")}
    form |= {"decision": "present", "reason": "I saw them"}

    for _twice in range(2):
        assert trainer.http.post(where, data=form).status_code == 302

    assert len(make.all(select(Settlement))) == len(make.all(select(Mark))) == 1


def test_what_changed_while_someone_decided_is_shown_before_it_is_settled(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration
):
    where = f"/events/brussels/half-days/{morning.id}/settle/{signed.id}"
    trainer.get(where)
    form = {name: trainer.page.hidden(name) for name in ("id", "saw")} | {"decision": "missing", "reason": "Not there"}
    came(make, signed, morning)

    trainer.post(where, form, status=409)

    assert "Paper or marks changed meanwhile." in trainer.page.words
    assert make.all(select(Settlement)) == []
    assert len(make.all(select(Mark))) == 1


@pytest.mark.parametrize("given", ["", "7"])
def test_a_settlement_without_its_id_is_not_understood(
    make: Making, trainer: Client, morning: HalfDay, signed: Registration, given: str
):
    settle(trainer, morning, signed, status=400, id=given)

    assert make.all(select(Settlement)) == []


def test_a_walk_in_that_was_someone_is_settled_where_their_marks_count(
    make: Making, event: Event, trainer: Client, morning: HalfDay, signed: Registration
):
    walk_in = make.registered(event, name="Anna?", walk_in=True, merged_into_id=None)
    make.change(walk_in, merged_into_id=signed.id)

    answer = trainer.get(f"/events/brussels/half-days/{morning.id}/settle/{walk_in.id}", status=302)

    assert answer.location.endswith(f"/settle/{signed.id}")


def test_where_paper_and_marks_agree_there_is_nothing_to_decide(
    make: Making, event: Event, trainer: Client, morning: HalfDay
):
    ann = make.registered(event, name="Ann")

    trainer.get(f"/events/brussels/half-days/{morning.id}/settle/{ann.id}")

    assert "Paper and check-in agree" in trainer.page.words
    assert "Decide" not in trainer.page.words


def test_nobody_settles_or_ticks_at_an_event_that_is_not_theirs(
    make: Making, event: Event, morning: HalfDay, signed: Registration
):
    participant = make.signed_in()
    make.change(signed, person_id=participant.person.id)
    for client in (participant, make.signed_in(Role.TRAINER), make.appointed(make.event("vienna"))):
        token = client.page.hidden("csrf_token")
        for path in ("paper/rest", f"settle/{signed.id}", "paper", "by-hand", "scans", "sheets"):
            client.post(f"/events/brussels/half-days/{morning.id}/{path}", {"csrf_token": token}, status=404)
        client.get(page_of(morning), status=404)

    assert make.all(select(Settlement)) == []
    assert len(make.all(select(Tick))) == 1


def test_a_half_day_or_a_person_that_is_not_there_is_not_found(make: Making, trainer: Client, morning: HalfDay):
    nobody = UUID(int=7)

    trainer.get(f"/events/brussels/half-days/{nobody}/paper", status=404)
    trainer.get(f"/events/brussels/half-days/{morning.id}/settle/{nobody}", status=404)
    trainer.get("/events/brussels/half-days/7/paper", status=404)
