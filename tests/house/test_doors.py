"""Every door of the site with its mark; a route that is not listed here fails."""

import pytest
from flask import Flask

from lms.accounts.access import Door, door_of
from lms.accounts.models import Role
from tests.make import Making
from tests.page import Client

PUBLIC, SIGNED_IN, TRAINERS, ORGANISERS, DESKS = Door.PUBLIC, Door.SIGNED_IN, Door.TRAINERS, Door.ORGANISERS, Door.DESKS
DOORS = {
    "static": PUBLIC,
    "progress.home": PUBLIC,
    "progress.modules": PUBLIC,
    "progress.topic": PUBLIC,
    "progress.progress": SIGNED_IN,
    "lessons.lesson": SIGNED_IN,
    "lessons.check": SIGNED_IN,
    "lessons.end": SIGNED_IN,
    "lessons.place": SIGNED_IN,
    "lessons.glossary": PUBLIC,
    "quizzes.begin": SIGNED_IN,
    "quizzes.start": SIGNED_IN,
    "quizzes.attempt": SIGNED_IN,
    "quizzes.question": SIGNED_IN,
    "quizzes.answer": SIGNED_IN,
    "quizzes.review": SIGNED_IN,
    "quizzes.submit": SIGNED_IN,
    # the desk of organisers
    "desk.attendance": TRAINERS,
    "desk.download": TRAINERS,
    # events: what those who take part see
    "events.events": SIGNED_IN,
    "events.event": SIGNED_IN,
    "events.calendar": SIGNED_IN,
    "events.badge": SIGNED_IN,
    "events.register": SIGNED_IN,
    "events.cancel": SIGNED_IN,
    # events: the check-in desk, pages
    "desk_pages.desk": TRAINERS,
    "desk_pages.kiosk": PUBLIC,
    "desk_pages.worker": PUBLIC,
    "desk_pages.manifest": PUBLIC,
    "desk_pages.devices": TRAINERS,
    "desk_pages.make_code": TRAINERS,
    "desk_pages.ask_to_revoke": TRAINERS,
    "desk_pages.revoke": TRAINERS,
    "desk_pages.room": TRAINERS,
    "desk_pages.here": PUBLIC,
    "desk_pages.come": PUBLIC,
    # events: the check-in desk, JSON
    "desk_json.roster": DESKS,
    "desk_json.marks": DESKS,
    "desk_json.pair": PUBLIC,
    "desk_json.become": TRAINERS,
    "copy_pages.copy": TRAINERS,
    "copy_pages.file": TRAINERS,
    "copy_pages.bring": TRAINERS,
    "copy_pages.take": TRAINERS,
    # events: organisers
    "people_pages.new": ORGANISERS,
    "people_pages.edit": TRAINERS,
    "people_pages.change": TRAINERS,
    "people_pages.add_half_day": TRAINERS,
    "people_pages.half_day": TRAINERS,
    "people_pages.remove_half_day": TRAINERS,
    "people_pages.appoint": TRAINERS,
    "people_pages.dismiss": TRAINERS,
    # events: the roll
    "roll_pages.grid": TRAINERS,
    "roll_pages.enter": TRAINERS,
    "roll_pages.history": TRAINERS,
    "roll_pages.correct": TRAINERS,
    "roll_pages.take_back": TRAINERS,
    "registrations.registrations": TRAINERS,
    "registrations.add": TRAINERS,
    "registrations.registration": TRAINERS,
    "registrations.change": TRAINERS,
    "registrations.merge": TRAINERS,
    "registrations.part_again": TRAINERS,
    "registrations.take_all": TRAINERS,
    "registrations.stray": TRAINERS,
    "registrations.assign": TRAINERS,
    "registrations.dismiss": TRAINERS,
    "imports.choose": TRAINERS,
    "imports.plan": TRAINERS,
    "imports.carry_out": TRAINERS,
    "imports.template": TRAINERS,
    "imports.returned": TRAINERS,
    # events: paper
    "paper_pages.sheets": TRAINERS,
    "paper_pages.make_sheet": TRAINERS,
    "paper_pages.sheet": TRAINERS,
    "paper_pages.badges": TRAINERS,
    "paper_pages.add_scan": TRAINERS,
    "paper_pages.scan": TRAINERS,
    "paper_pages.remove_scan": TRAINERS,
    "paper_pages.paper": TRAINERS,
    "paper_pages.tick": TRAINERS,
    "paper_pages.tick_rest": TRAINERS,
    "paper_pages.add_by_hand": TRAINERS,
    "paper_pages.settle": TRAINERS,
    "paper_pages.badge": SIGNED_IN,
    # certificates: checking
    "check.check": PUBLIC,
    "check.file": PUBLIC,
    "check.answer": PUBLIC,
    "check.name": PUBLIC,
    "check.how": PUBLIC,
    "check.key": PUBLIC,
    # certificates: the holder
    "certificates.mine": SIGNED_IN,
    "certificates.ask": SIGNED_IN,
    "certificates.file": SIGNED_IN,
    # certificates: organisers
    "issuing.people": TRAINERS,
    "issuing.table": TRAINERS,
    "issuing.zip_file": TRAINERS,
    "issuing.print_copy": TRAINERS,
    "issuing.confirm": TRAINERS,
    "issuing.plan": TRAINERS,
    "issuing.issue": TRAINERS,
    "issuing.batch": TRAINERS,
    "issuing.stop_batch": TRAINERS,
    "issuing.resume_batch": TRAINERS,
    "issuing.certificate": TRAINERS,
    "issuing.ask_to_supersede": TRAINERS,
    "issuing.supersede": TRAINERS,
    "issuing.ask_to_revoke": TRAINERS,
    "issuing.revoke": TRAINERS,
    # live exercises: who has no account has a player's key, and each view asks for it
    "runs.join": PUBLIC,
    "runs.state": PUBLIC,
    "run_stream.stream": PUBLIC,
    "runs.answers": PUBLIC,
    "runs.seat": PUBLIC,
    "runs.recorder": PUBLIC,
    "runs.thoughts": PUBLIC,
    "playing.join": PUBLIC,
    "playing.play": PUBLIC,
    "playing.answer": PUBLIC,
    "playing.sit": PUBLIC,
    "playing.take_over": PUBLIC,
    "playing.think": PUBLIC,
    "runs.moves": TRAINERS,
    "runs.seats": TRAINERS,
    "conducting.runs": TRAINERS,
    "conducting.new": TRAINERS,
    "conducting.console": TRAINERS,
    "conducting.invented": TRAINERS,
    "conducting.forget": TRAINERS,
    "screens.screen": PUBLIC,
    "aftermath.run": TRAINERS,
    "aftermath.add_lesson": TRAINERS,
    "aftermath.lesson": TRAINERS,
    "aftermath.change_lesson": TRAINERS,
    "aftermath.report_pdf": TRAINERS,
    "aftermath.report_xlsx": TRAINERS,
    "run_copies.copy": TRAINERS,
    "run_copies.file": TRAINERS,
    "run_copies.bring": ORGANISERS,
    "run_copies.take": ORGANISERS,
    "run_trainers.trainers": TRAINERS,
    "run_trainers.add": TRAINERS,
    "run_trainers.end": TRAINERS,
    "reports.lesson": SIGNED_IN,
    "reports.question": SIGNED_IN,
    "reports.reports": ORGANISERS,
    "reports.settle": ORGANISERS,
    "privacy.privacy": PUBLIC,
    "privacy.accessibility": PUBLIC,
    "health.healthz": PUBLIC,
    "health.readyz": PUBLIC,
    "accounts.sign_in": PUBLIC,
    "accounts.begin_session": PUBLIC,
    "accounts.sign_out": PUBLIC,
    "accounts.ask_for_link": PUBLIC,
    "accounts.sign_in_link": PUBLIC,
    "accounts.forgotten": PUBLIC,
    "accounts.invitation": PUBLIC,
    "accounts.new_password": PUBLIC,
    "accounts.register": PUBLIC,
    "accounts.account": SIGNED_IN,
    "accounts.change_profile": SIGNED_IN,
    "accounts.change_password": SIGNED_IN,
    "accounts.end_others": SIGNED_IN,
    "accounts.end_session": SIGNED_IN,
    "accounts.people": ORGANISERS,
    "accounts.invite": ORGANISERS,
    "accounts.person": ORGANISERS,
    "accounts.change_person": ORGANISERS,
    "accounts.welcome": ORGANISERS,
    "accounts.refuse": ORGANISERS,
    "accounts.end_sessions_of": ORGANISERS,
    "accounts.outbox": ORGANISERS,
}
MAY = {
    None: {PUBLIC},
    Role.PRACTITIONER: {PUBLIC, SIGNED_IN},
    Role.TRAINER: {PUBLIC, SIGNED_IN, TRAINERS, DESKS},
    Role.ORGANISER: {PUBLIC, SIGNED_IN, TRAINERS, ORGANISERS, DESKS},
}
VALUES = {
    "slug": "early-signs",
    "lesson_id": "reporting-routes",
    "question_id": "none",
    "token": "x" * 43,
    "filename": "none",
    "fingerprint": "none",
    "scope": "none",
    "number": "none",
}


def test_every_door_is_listed_with_its_mark(app: Flask):
    marks = {rule.endpoint: door_of(rule.endpoint, app) for rule in app.url_map.iter_rules()}

    assert marks == DOORS


@pytest.mark.parametrize("role", list(MAY), ids=str)
def test_each_door_opens_to_its_people_and_to_nobody_else(app: Flask, make: Making, role: Role | None):
    client = make.signed_in(role) if role else Client(app)
    token = client.page.hidden("csrf_token") if role else ""

    wrong = []
    for rule in app.url_map.iter_rules():
        path = rule.rule
        for name in rule.arguments:
            path = (
                path.replace(f"<{name}>", VALUES.get(name, ""))
                .replace(f"<int:{name}>", "999999")
                .replace(f"<uuid:{name}>", "00000000-0000-4000-8000-000000000000")
                .replace(f"<path:{name}>", "none")
            )
        for method in rule.methods & {"GET", "POST"}:
            if rule.endpoint == "accounts.sign_out":
                continue
            answer = client.http.open(path, method=method, data={"csrf_token": token})
            closed = answer.status_code == 302 and "/sign-in?next=" in (answer.location or "")
            may = DOORS[rule.endpoint] in MAY[role]
            hidden = answer.status_code == 404 and role is not None
            if (
                answer.status_code >= 500
                or (may and closed)
                or (not may and not (closed or hidden or answer.status_code == 400))
            ):
                wrong.append((method, path, answer.status_code, answer.location))

    assert not wrong


def test_someone_who_is_signed_out_goes_to_the_sign_in_page_and_back(client: Client, make: Making):
    person = make.person()

    there = client.get("/progress?lang=de", status=302)
    client.follow(there)
    back = client.post(there.location, {"email": person.email, "password": "four calm words together"})

    assert there.location == "/sign-in?next=/progress?lang%3Dde"
    assert back.location == "/progress?lang=de"


def test_a_program_that_is_signed_out_gets_401_and_words(client: Client):
    answer = client.http.post("/attempts/1/answers/1", headers={"X-CSRFToken": "none", "Accept": "application/json"})

    assert answer.status_code in (400, 401)
    assert answer.json["error"]
