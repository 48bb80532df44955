"""Papers issued together: each once, whoever stops, is killed, resumes, or works beside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
import time_machine
from flask import Flask, g
from sqlalchemy import select

from lms import jobs, pdf
from lms.accounts.models import Person
from lms.audit import AuditRow
from lms.certificates import batches, due, issuing, signing
from lms.certificates.batches import IN_A_ROW, Progress
from lms.certificates.models import Batch, BatchLine, Certificate, CertificateFile
from lms.certificates.parts import COURSE, LineState
from lms.clock import now
from lms.database import db, writing
from lms.events.models import Event, Registration
from lms.events.parts import RegistrationState
from lms.jobs import SILENT, Job
from lms.lessons.models import Visit
from lms.mail import Letter
from lms.quizzes.models import Attempt
from lms.settings import Settings
from tests.make import Making

TOP = Path(__file__).parents[2]
PATIENCE = 60


@contextmanager
def at_work(app: Flask) -> Iterator[None]:
    with app.app_context(), writing():
        yield


def begun(app: Flask, make: Making, people: int, by: Person | None = None) -> Batch:
    """A batch for so many people who are due at one event, all but the first with an account."""
    event = make.past_event()
    for number in range(people):
        make.due(event, **({"name": "Ċetta Mizzi"} if number == 0 else {}))
    return begin(app, event, by)


def begin(app: Flask, event: Event, by: Person | None = None) -> Batch:
    with at_work(app):
        again = db.session.get_one(Event, event.id)
        batch = batches.begin(due.of_event(again), by.id if by else None, now())
        db.session.commit()
        return batch


def run(app: Flask, batch: Batch) -> Progress:
    with at_work(app):
        return batches.run(batch.id)


def quick(monkeypatch: pytest.MonkeyPatch, make: Making) -> None:
    """Files that are made at once: what is tested is the batch."""
    key = signing.Key("f" * 64, "A key", now(), now(), "PEM", 1000)
    monkeypatch.setattr(issuing, "make", lambda draft: issuing.Made(draft, b"%PDF " + draft.holder.name.encode(), key))


def certificates(make: Making) -> list[Certificate]:
    return list(make.all(select(Certificate).order_by(Certificate.id)))


def letters(make: Making) -> list[str]:
    return sorted(make.all(select(Letter.address)))


def kept(make: Making, batch: Batch) -> Batch:
    return make.one(select(Batch).where(Batch.id == batch.id))


# --- doing ---------------------------------------------------------------------------------------------------


def test_everyone_who_was_due_gets_one_paper_and_one_letter(app: Flask, make: Making):
    organiser = make.person("organiser")
    batch = begun(app, make, 3, organiser)

    far = run(app, batch)

    papers = certificates(make)
    assert far == Progress(issued=3)
    assert len({one.number for one in papers}) == 3
    assert {one.issued_by_id for one in papers} == {organiser.id}
    assert len(make.all(select(CertificateFile))) == 3
    assert len(letters(make)) == len(set(letters(make))) == 2
    assert kept(make, batch).finished_at is not None
    assert {line.certificate_id for line in make.all(select(BatchLine))} == {one.id for one in papers}


def test_only_those_who_are_due_are_taken_up(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    event = make.past_event()
    make.due(event)
    make.due(event, half_days=2)
    unconfirmed = make.registered(event)
    make.attended(event, unconfirmed)

    batch = begin(app, event)

    assert run(app, batch) == Progress(issued=1)


def test_a_batch_of_nobody_is_not_begun(app: Flask, make: Making):
    event = make.past_event()
    make.registered(event)

    with pytest.raises(ValueError, match="nobody"):
        begin(app, event)

    assert make.all(select(Batch)) == []
    assert make.all(select(Job)) == []


def test_running_it_again_adds_nothing(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    batch = begun(app, make, 4)

    first, second = run(app, batch), run(app, batch)

    assert first == second == Progress(issued=4)
    assert len(certificates(make)) == 4
    assert len(letters(make)) == 3


def test_how_far_it_is_is_told_line_by_line_and_kept_with_the_job(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    batch = begun(app, make, 3)
    told: list[tuple[int, int]] = []

    with at_work(app):
        batches.run(batch.id, lambda far: told.append((far.done, far.total)))
        jobs.run_due()

    job = make.one(select(Job).where(Job.kind == "certificates"))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert (job.done, job.total, job.state) == (3, 3, jobs.State.DONE)


def test_the_job_does_the_batch(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    begun(app, make, 3)

    with at_work(app):
        jobs.run_due()

    job = make.one(select(Job).where(Job.kind == "certificates"))
    assert (job.done, job.total, job.state, job.error) == (3, 3, jobs.State.DONE, "")
    assert len(certificates(make)) == 3


# --- what is not issued --------------------------------------------------------------------------------------


def test_who_is_no_longer_due_when_their_turn_comes_is_left_out_with_the_reason(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    event = make.past_event()
    cancelled, renamed, served = make.due(event), make.due(event), make.due(event)
    batch = begin(app, event)
    make.change(cancelled, state=RegistrationState.CANCELLED)
    make.change(renamed.person, name="Another Name")
    make.certificate(served)

    far = run(app, batch)

    said = {line.person_id: line.words for line in make.all(select(BatchLine))}
    assert far == Progress(left_out=3)
    assert said[cancelled.person_id] == "No longer on the list"
    assert "not confirmed" in said[renamed.person_id]
    assert said[served.person_id] == "There is a certificate already"
    assert len(certificates(make)) == 1


def test_one_paper_that_cannot_be_made_does_not_stop_the_rest_and_is_listed(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    made = issuing.make
    batch = begun(app, make, 4)

    def fail_for_one(draft: issuing.Draft) -> issuing.Made:
        if draft.holder.name == "Ċetta Mizzi":
            raise pdf.Failed("This document could not be made.")
        return made(draft)

    monkeypatch.setattr(issuing, "make", fail_for_one)
    far = run(app, batch)

    failed = make.one(select(BatchLine).where(BatchLine.state == LineState.FAILED))
    assert far == Progress(issued=3, failed=1)
    assert failed.words == "This document could not be made."
    assert kept(make, batch).finished_at is not None


def test_a_fault_of_ours_in_one_paper_stops_no_other(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    made = issuing.make
    batch = begun(app, make, 3)
    monkeypatch.setattr(issuing, "make", lambda draft: made(draft) if "Person" in draft.holder.name else 1 / 0)

    far = run(app, batch)

    failed = make.one(select(BatchLine).where(BatchLine.state == LineState.FAILED))
    assert far == Progress(issued=2, failed=1)
    assert "could not be made" in failed.words
    assert "ZeroDivision" not in failed.words


def test_what_failed_is_tried_again_when_it_is_resumed(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    batch = begun(app, make, 2)
    with monkeypatch.context() as broken:
        broken.setattr(issuing, "make", no_key)
        first = run(app, batch)
    quick(monkeypatch, make)

    resume(app, batch)
    second = run(app, batch)

    assert (first, second) == (Progress(failed=2), Progress(issued=2))
    assert {line.words for line in make.all(select(BatchLine))} == {""}


def no_key(_draft: issuing.Draft) -> issuing.Made:
    raise signing.NoKey("No certificate can be signed.")


def resume(app: Flask, batch: Batch) -> None:
    with at_work(app):
        batches.resume(db.session.get_one(Batch, batch.id), None)
        db.session.commit()


def test_without_a_key_it_stops_by_itself_and_nothing_is_issued(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    batch = begun(app, make, IN_A_ROW + 3)
    monkeypatch.setattr(issuing, "make", no_key)

    far = run(app, batch)

    assert far == Progress(failed=IN_A_ROW, waiting=3)
    assert kept(make, batch).stopped_at is not None
    assert kept(make, batch).finished_at is None
    assert certificates(make) == []
    assert letters(make) == []


def test_what_is_said_of_a_line_is_in_the_language_of_who_asked(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    said: list[str] = []
    organiser = make.person("organiser", language="de")
    batch = begun(app, make, 1, organiser)

    def fail(_draft: issuing.Draft) -> issuing.Made:
        said.append(str(pdf._("This document could not be made. Tell the people who run this site.")))
        raise pdf.Failed(said[0])

    monkeypatch.setattr(issuing, "make", fail)
    run(app, batch)

    assert said != ["This document could not be made. Tell the people who run this site."]


# --- stopping and going on -----------------------------------------------------------------------------------


def test_a_stopped_batch_ends_after_the_paper_at_hand_and_goes_on_when_resumed(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    made = issuing.make
    batch = begun(app, make, 5)
    count = 0

    def stop_at_the_second(draft: issuing.Draft) -> issuing.Made:
        nonlocal count
        count += 1
        if count == 2:
            make.change(kept(make, batch), stopped_at=now())
        return made(draft)

    monkeypatch.setattr(issuing, "make", stop_at_the_second)
    stopped = run(app, batch)
    still = run(app, batch)
    resume(app, batch)
    whole = run(app, batch)

    assert stopped == still == Progress(issued=2, waiting=3)
    assert whole == Progress(issued=5)
    assert kept(make, batch).finished_at is not None
    assert len(certificates(make)) == 5


def test_stopping_what_is_finished_changes_nothing(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    batch = begun(app, make, 1)
    run(app, batch)

    with at_work(app):
        batches.stop(db.session.get_one(Batch, batch.id), None, now())
        batches.resume(db.session.get_one(Batch, batch.id), None)
        db.session.commit()

    assert kept(make, batch).stopped_at is None
    assert kept(make, batch).finished_at is not None
    assert len(make.all(select(Job).where(Job.kind == "certificates"))) == 1


def test_a_worker_that_is_told_to_end_leaves_the_rest_to_the_next_one(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    made = issuing.make
    begun(app, make, 4)

    with at_work(app):
        g.ending = ending = jobs.Event()

        def end_soon(draft: issuing.Draft) -> issuing.Made:
            ending.set()
            return made(draft)

        monkeypatch.setattr(issuing, "make", end_soon)
        jobs.run_due()
    after_the_first = len(certificates(make))
    job = make.one(select(Job).where(Job.kind == "certificates"))
    with at_work(app):
        jobs.run_due()

    assert after_the_first == 1
    assert (job.state, job.error, job.done) == (jobs.State.WAITING, "", 1)
    assert len(certificates(make)) == 4


def test_every_deed_leaves_a_trace(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    batch = begun(app, make, 2)
    with at_work(app):
        batches.stop(db.session.get_one(Batch, batch.id), None, now())
        db.session.commit()
    resume(app, batch)
    run(app, batch)

    deeds = make.all(select(AuditRow.deed).order_by(AuditRow.id))

    assert [deed for deed in deeds if deed.startswith("certificate")] == [
        "certificates.begun", "certificates.stopped", "certificates.resumed", "certificate.issued",
        "certificate.issued",
    ]  # fmt: skip


# --- at once, and killed -------------------------------------------------------------------------------------


def test_two_workers_at_one_batch_issue_each_paper_once(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    made = issuing.make
    batch = begun(app, make, 12)
    count: list[int] = []

    def slowly(draft: issuing.Draft) -> issuing.Made:
        count.append(1)
        time.sleep(0.03)
        return made(draft)

    monkeypatch.setattr(issuing, "make", slowly)
    ready = Barrier(3)

    def worker() -> None:
        ready.wait(10)
        run(app, batch)

    threads = [Thread(target=worker) for _worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(certificates(make)) == 12
    assert len(letters(make)) == len(set(letters(make))) == 11
    assert len(make.all(select(CertificateFile))) == 12
    assert len(count) < 24
    with at_work(app):
        assert batches.progress(batch.id) == Progress(issued=12)


def test_the_job_of_a_worker_that_was_killed_is_begun_again_half_a_minute_after_its_last_sign(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
):
    quick(monkeypatch, make)
    begun(app, make, 2)
    job = make.one(select(Job).where(Job.kind == "certificates"))
    make.change(job, state=jobs.State.RUNNING, heartbeat=now(), tries=1)

    with at_work(app):
        jobs.run_due()
    at_once = len(certificates(make))
    with time_machine.travel(now() + SILENT + timedelta(seconds=1)), at_work(app):
        jobs.run_due()

    assert (at_once, len(certificates(make))) == (0, 2)


WORKER = """
import sys, time
from pathlib import Path
from lms.app import create_app
from lms.certificates import batches, issuing, signing
from lms.clock import now
from lms.database import writing
from lms.settings import read

key = signing.Key("f" * 64, "A key", now(), now(), "PEM", 1000)
def slowly(draft):
    time.sleep(0.2)
    return issuing.Made(draft, b"%PDF " + draft.holder.name.encode(), key)
issuing.make = slowly
app = create_app(read())
with app.app_context(), writing():
    print(batches.run(int(sys.argv[1]), lambda far: print(far.done, flush=True)), flush=True)
"""


def test_killed_twice_in_the_middle_and_begun_again_it_ends_with_one_paper_each(
    app: Flask, settings: Settings, make: Making
):
    batch = begun(app, make, 8)
    environ = os.environ | {
        "LMS_SECRET_KEY": settings.secret_key,
        "LMS_DATABASE_URL": settings.database_url,
        "LMS_INSTANCE": str(settings.instance),
        "LMS_PUBLIC_URL": settings.public_url,
    }
    command = [sys.executable, "-c", WORKER, str(batch.id)]
    reached = []

    for after in (2, 4):
        with subprocess.Popen(command, cwd=TOP, env=environ, stdout=subprocess.PIPE, text=True) as worker:
            for line in worker.stdout:
                if int(line) >= after:
                    break
            time.sleep(0.05 * after)
            os.kill(worker.pid, signal.SIGKILL)
        reached.append(len(certificates(make)))
    last = subprocess.run(command, cwd=TOP, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=True)

    papers = certificates(make)
    files = make.all(select(CertificateFile))
    assert 2 <= reached[0] < reached[1] < 8
    assert "issued=8, failed=0, left_out=0, waiting=0" in last.stdout
    assert len(papers) == len({one.number for one in papers}) == len({one.registration_id for one in papers}) == 8
    assert {file.certificate_id for file in files} == {one.id for one in papers}
    assert {one.id: one.size for one in papers} == {file.certificate_id: len(file.content) for file in files}
    assert len(letters(make)) == len(set(letters(make))) == 7
    assert len(make.all(select(Job).where(Job.kind == "letter"))) == 7
    assert kept(make, batch).finished_at is not None


def test_papers_of_the_course_are_issued_as_a_batch_too(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    taker = make.due(make.past_event())
    complete(make, taker.person)
    with at_work(app):
        batch = batches.begin(due.of_course(), None, now())
        db.session.commit()

    far = run(app, batch)

    assert far == Progress(issued=1)
    assert [(one.scope, one.paper) for one in certificates(make)] == [(COURSE, "completion")]


def complete(make: Making, person: Person) -> None:
    """Read every lesson and pass every quiz."""
    moment = now()
    with make.app.app_context():
        modules = due.english().modules
    for module in modules:
        make.add(
            Attempt(
                person_id=person.id, module=module.slug, number=1, paper_kept={}, out_of=10, begun_at=moment,
                submitted_at=moment, points=8.0, passed=True,
            ),
            *(
                Visit(
                    person_id=person.id, lesson=f"{module.slug}/{lesson.id}", begun_at=moment, seen_at=moment,
                    ended_at=moment, checked_at=moment,
                )
                for lesson in module.lessons
            ),
        )  # fmt: skip


def test_who_has_no_account_gets_a_paper_and_no_letter(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch):
    quick(monkeypatch, make)
    event = make.past_event()
    walk_in = make.due(event, name="Ana Walk-In", walk_in=True)
    batch = begin(app, event)

    run(app, batch)

    paper = make.one(select(Certificate))
    assert (paper.person_id, paper.registration_id, paper.name) == (None, walk_in.id, "Ana Walk-In")
    assert letters(make) == []
    assert make.one(select(Registration).where(Registration.id == walk_in.id)).name == "Ana Walk-In"
