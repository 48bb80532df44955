"""Work that outlives a request: added with the change it belongs to, done once, found again when a worker died."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
import time_machine
from flask import Flask, g
from sqlalchemy import select

from lms import jobs, mail
from lms.clock import now
from lms.database import db, writing
from lms.jobs import SILENT, STALE, TRIES, Job, State
from lms.mail import Letter
from lms.settings import Settings
from tests.make import PASSWORD, Making
from tests.page import Client

TOP = Path(__file__).parents[2]
PATIENCE = 30


class Post:
    """A small SMTP server: keeps the letters it takes, and refuses when it is told to."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.recipients: list[str] = []
        self.refusing = ""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self.socket.accept()
            except OSError:
                return
            with line, line.makefile("rwb") as talk:
                try:
                    self._talk(talk)
                except (ConnectionError, ValueError):
                    continue

    def _talk(self, talk: "socket.SocketIO") -> None:
        def say(words: str) -> None:
            talk.write(words.encode() + b"\r\n")
            talk.flush()

        say("220 here")
        while order := talk.readline().decode():
            verb = order.split()[0].upper()
            if verb == "DATA":
                say("354 go on")
                lines = iter(talk.readline, b".\r\n")
                text = b"".join(line[1:] if line.startswith(b".") else line for line in lines)
                if not self.refusing:
                    self.taken.append(message_from_bytes(text))
                say(self.refusing or "250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                if verb == "RCPT":
                    self.recipients.append(order)
                say("250 yes")

    def wait_for(self, letters: int) -> None:
        until = time.monotonic() + PATIENCE
        while len(self.taken) < letters and time.monotonic() < until:
            time.sleep(0.05)
        assert len(self.taken) == letters


@pytest.fixture
def post() -> Iterator[Post]:
    server = Post()
    yield server
    server.socket.close()


@pytest.fixture
def queue(app: Flask) -> Iterator[object]:
    """The empty queue that wakes workers."""
    found = app.extensions["jobs"]
    found.storage.flush_queue()
    yield found
    found.storage.flush_queue()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What jobs of the kind `note` have done."""
    seen: list[dict] = []
    monkeypatch.setitem(jobs._kinds, "note", lambda job: seen.append(job.about))
    return seen


@contextmanager
def at_work(app: Flask) -> Iterator[None]:
    with app.app_context(), writing():
        yield


def add(app: Flask, kind: str = "note", **about: object) -> int:
    with at_work(app):
        job = jobs.add(kind, **about)
        db.session.commit()
        return job.id


def sweep(app: Flask) -> int:
    with at_work(app):
        return jobs.run_due()


def write(app: Flask, address: str = "ann@service.example", subject: str = "A letter", body: str = "Text") -> int:
    with at_work(app):
        letter = mail.write(address, subject, body)
        db.session.commit()
        return letter.id


# --- doing -------------------------------------------------------------------------------------------------------


def test_a_job_is_done_once(app: Flask, make: Making, queue: object, done: list[dict]):
    number = add(app, x=1)

    with at_work(app):
        assert jobs.run(number)
        assert not jobs.run(number)
    assert sweep(app) == 0

    job = make.one(select(Job))
    assert done == [{"x": 1}]
    assert (job.state, job.tries, job.error) == (State.DONE, 1, "")
    assert job.finished_at is not None


def test_of_eight_workers_that_wake_at_once_one_does_the_job(app: Flask, make: Making, queue: object, done: list[dict]):
    number = add(app, x=1)
    ready = threading.Barrier(8)
    did: list[bool] = []

    def worker() -> None:
        ready.wait(10)
        with at_work(app):
            did.append(jobs.run(number))

    threads = [threading.Thread(target=worker) for _worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(did) == [False] * 7 + [True]
    assert done == [{"x": 1}]


def test_a_job_added_in_a_transaction_that_fails_is_neither_kept_nor_woken(app: Flask, make: Making, queue: object):
    with at_work(app):
        jobs.add("note", x=1)
        db.session.flush()
        db.session.rollback()
        db.session.commit()

    assert make.all(select(Job)) == []
    assert queue.pending_count() == 0


def test_a_worker_is_woken_after_the_commit_and_not_before(app: Flask, queue: object):
    with at_work(app):
        jobs.add("note", x=1)
        jobs.add("note", x=2)
        db.session.flush()
        before = queue.pending_count()
        db.session.commit()
        after = queue.pending_count()
        db.session.commit()
        again = queue.pending_count()

    assert (before, after, again) == (0, 2, 2)


def test_what_is_woken_is_the_job_that_was_added(app: Flask, make: Making, queue: object, done: list[dict]):
    add(app, x=1)

    queue.execute(queue.dequeue())

    assert done == [{"x": 1}]
    assert make.one(select(Job)).state is State.DONE


def test_a_job_whose_wake_up_was_lost_is_found_by_the_sweep(
    app: Flask, queue: object, done: list[dict], monkeypatch: pytest.MonkeyPatch
):
    def lost(_job_id: int) -> None:
        raise ConnectionError("no queue")

    monkeypatch.setitem(app.extensions, "wake", lost)
    add(app, x=1)

    assert sweep(app) == 1
    assert done == [{"x": 1}]


def test_a_job_of_a_worker_that_died_is_found_by_the_sweep_when_it_gave_no_sign_for_a_while(
    app: Flask, make: Making, queue: object, done: list[dict]
):
    number = add(app, x=1)
    make.change(make.one(select(Job)), state=State.RUNNING, heartbeat=now(), tries=1)

    at_once = sweep(app)
    with time_machine.travel(now() + STALE + timedelta(seconds=1)):
        later = sweep(app)

    assert (at_once, later) == (0, 1)
    assert done == [{"x": 1}]
    assert make.one(select(Job).where(Job.id == number)).tries == 2


def test_a_job_that_beats_is_found_sooner_and_not_while_it_beats(
    app: Flask, make: Making, queue: object, done: list[dict], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "_beating", {"note"})
    number = add(app, x=1)
    make.change(make.one(select(Job)), state=State.RUNNING, heartbeat=now() - SILENT * 2, tries=1)

    with at_work(app):
        jobs.beat(number, 3, 10)
        db.session.commit()
    alive = sweep(app)
    job = make.one(select(Job))
    with time_machine.travel(now() + SILENT + timedelta(seconds=1)):
        later = sweep(app)

    assert (alive, later) == (0, 1)
    assert (job.done, job.total) == (3, 10)
    assert done == [{"x": 1}]


def test_a_job_that_ends_because_its_worker_ends_is_done_by_the_next_one(
    app: Flask, make: Making, queue: object, monkeypatch: pytest.MonkeyPatch
):
    seen: list[bool] = []

    def note(_job: Job) -> None:
        seen.append(jobs.told_to_end())
        if seen[-1]:
            mail.write("ann@service.example", "half", "done")
            raise jobs.Interrupted

    monkeypatch.setitem(jobs._kinds, "note", note)
    add(app, x=1)

    with at_work(app):
        g.ending = threading.Event()
        g.ending.set()
        jobs.run_due()
    left = make.one(select(Job))
    sweep(app)

    assert seen == [True, False]
    assert (left.state, left.error) == (State.WAITING, "")
    assert make.one(select(Job)).state is State.DONE
    assert make.all(select(Letter)) == []


def test_a_job_that_fails_leaves_nothing_half_done_and_is_tried_again_later(
    app: Flask, make: Making, queue: object, monkeypatch: pytest.MonkeyPatch
):
    def fail(_job: Job) -> None:
        mail.write("ann@service.example", "half", "done")
        raise RuntimeError("no paper")

    monkeypatch.setitem(jobs._kinds, "note", fail)
    number = add(app, x=1)

    swept = sweep(app)
    at_once = sweep(app)

    job = make.one(select(Job))
    assert (swept, at_once) == (1, 0)
    assert (job.id, job.state, job.error) == (number, State.WAITING, "RuntimeError: no paper")
    assert job.not_before > now()
    assert make.all(select(Letter)) == []


def test_a_job_that_fails_every_time_is_given_up_and_stays_to_be_seen(
    app: Flask, make: Making, queue: object, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(jobs._kinds, "note", lambda _job: 1 / 0)
    add(app, x=1)

    for day in range(TRIES + 3):
        with time_machine.travel(now() + timedelta(days=day)):
            sweep(app)

    job = make.one(select(Job))
    assert (job.state, job.tries) == (State.FAILED, TRIES)
    assert "ZeroDivisionError" in job.error


def test_a_job_of_an_unknown_kind_fails_and_stops_no_other(app: Flask, make: Making, queue: object, done: list[dict]):
    add(app, "no such kind")
    add(app, x=1)

    assert sweep(app) == 2
    assert done == [{"x": 1}]


def test_a_job_is_not_done_before_its_time(app: Flask, make: Making, queue: object, done: list[dict]):
    number = add(app, x=1)
    make.change(make.one(select(Job)), not_before=now() + timedelta(hours=1))

    early = sweep(app)
    with at_work(app):
        woken = jobs.run(number)
    with time_machine.travel(now() + timedelta(hours=1, seconds=1)):
        late = sweep(app)

    assert (early, woken, late) == (0, False, 1)


def test_a_job_that_is_not_there_is_no_fault(app: Flask, queue: object):
    with at_work(app):
        assert not jobs.run(999_999)


# --- letters -----------------------------------------------------------------------------------------------------


def test_a_letter_is_sent_once_and_then_its_text_is_not_kept(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url=post.url)
    number = write(app, subject="Привет, Γιάννης", body="Dear Ħaż-Żebbuġ,\n\nhttp://localhost/x\n.\nend\n")

    sweep(app)
    sweep(app)
    with at_work(app):
        jobs.run(make.one(select(Job)).id)

    letter = make.one(select(Letter))
    sent = post.taken[0]
    assert len(post.taken) == 1
    assert (letter.body, letter.sent_at is not None) == ("", True)
    assert sent["To"] == "ann@service.example"
    assert str(sent["Message-ID"]) == f"<letter-{number}@localhost>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent.get_payload(decode=True).decode() == "Dear Ħaż-Żebbuġ,\r\n\r\nhttp://localhost/x\r\n.\r\nend\r\n"
    assert str(make_header(decode_header(sent["Subject"]))) == "Привет, Γιάννης"


def test_a_letter_that_the_server_refused_is_sent_once_when_it_takes_it(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url=post.url)
    post.refusing = "451 not now"
    write(app)

    sweep(app)
    refused = make.one(select(Letter))
    post.refusing = ""
    with time_machine.travel(now() + timedelta(minutes=1)):
        sweep(app)
        sweep(app)

    assert (refused.sent_at, refused.body) == (None, "Text")
    assert len(post.taken) == 1
    assert make.one(select(Letter)).sent_at is not None


def test_the_mail_password_is_kept_back_from_a_server_without_starttls(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url=post.url.replace("//", "//me:a%20secret@"))
    write(app)

    sweep(app)

    assert post.taken == []
    assert make.one(select(Letter)).sent_at is None
    assert "STARTTLS" in make.one(select(Job)).error


def test_after_an_hour_without_a_mail_server_every_letter_goes_out_once(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url="smtp://127.0.0.1:9")
    began = now()
    for number in range(3):
        write(app, address=f"person{number}@service.example")

    for minute in range(0, 60, 2):
        with time_machine.travel(began + timedelta(minutes=minute)):
            sweep(app)
    changed(mail_url=post.url)
    for minute in range(60, 100, 2):
        with time_machine.travel(began + timedelta(minutes=minute)):
            sweep(app)

    assert sorted(sent["To"] for sent in post.taken) == [f"person{number}@service.example" for number in range(3)]


def test_without_a_mail_server_a_letter_stays_in_the_outbox(app: Flask, make: Making, queue: object):
    write(app, body="A link")

    sweep(app)

    letter = make.one(select(Letter))
    assert (letter.body, letter.sent_at) == ("A link", None)
    assert make.one(select(Job)).state is State.DONE


@pytest.mark.parametrize(
    "break_", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r\n ", "\n\t"], ids=ascii
)
def test_a_line_break_in_a_subject_makes_no_second_header_and_no_second_letter(
    app: Flask, queue: object, post: Post, changed: Callable, break_: str
):
    changed(mail_url=post.url)

    write(app, subject=f"Hello{break_}Bcc: all@evil.test{break_}{break_}Body{break_}.{break_}")
    sweep(app)

    (sent,) = post.taken
    assert " ".join(sent["Subject"].split()) == "Hello Bcc: all@evil.test Body ."
    assert set(sent.keys()) == {
        *("From", "To", "Subject", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    }
    assert [one.strip() for one in post.recipients] == ["rcpt TO:<ann@service.example>"]


def test_an_invitation_to_someone_with_a_line_break_for_a_name_goes_to_that_one_address(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url=post.url)
    organiser = make.signed_in("organiser")
    organiser.get("/desk/people")

    organiser.post(
        "/desk/people",
        {"name": "Ann\r\nBcc: all@evil.test\r\n\r\nX", "email": "ann@service.example", "role": "trainer"},
    )
    sweep(app)

    sent = post.taken[0]
    assert sent["To"] == "ann@service.example"
    assert sent["Bcc"] is None
    assert [one.strip() for one in post.recipients] == ["rcpt TO:<ann@service.example>"]


def test_a_letter_that_is_gone_is_no_fault(app: Flask, make: Making, queue: object, post: Post, changed: Callable):
    changed(mail_url=post.url)
    write(app)
    with at_work(app):
        db.session.delete(db.session.scalars(select(Letter)).one())
        db.session.commit()

    sweep(app)

    assert post.taken == []
    assert make.one(select(Job)).state is State.DONE


def test_the_page_does_not_wait_for_the_mail_server(app: Flask, make: Making, queue: object, changed: Callable):
    changed(mail_url="smtp://192.0.2.1:25")  # an address where nobody answers
    client = Client(app)
    client.get("/password/forgotten")

    began = time.perf_counter()
    client.post("/password/forgotten", {"email": make.person().email}, status=200)

    assert time.perf_counter() - began < 5


# --- workers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
def test_a_worker_in_this_process_sends_a_letter_as_soon_as_it_is_written(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable
):
    changed(mail_url=post.url)
    worker = jobs.start_worker(app)
    try:
        write(app)
        post.wait_for(1)
    finally:
        worker.stop(graceful=True)

    assert make.one(select(Letter)).sent_at is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True, scope="session")
def test_a_letter_goes_out_beside_a_long_job(
    app: Flask, make: Making, queue: object, post: Post, changed: Callable, monkeypatch: pytest.MonkeyPatch
):
    changed(mail_url=post.url)
    go_on = threading.Event()

    def long(_job: Job) -> None:
        db.session.rollback()
        go_on.wait(PATIENCE)

    monkeypatch.setitem(jobs._kinds, "note", long)
    worker = jobs.start_worker(app)
    try:
        add(app, x=1)
        time.sleep(0.5)
        write(app)
        post.wait_for(1)
    finally:
        go_on.set()
        worker.stop(graceful=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """A command of ours, told to stop at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=TOP, env=environ, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask_for_a_link(port: int, email: str) -> dict[str, str]:
    """Through the real server; gives the headers of its answer."""
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            line.request("GET", "/password/forgotten")
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.1)
            line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    first = line.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', first.read().decode())[1]
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    body = urlencode({"csrf_token": token, "email": email})
    kind = "application/x-www-form-urlencoded"
    line.request("POST", "/password/forgotten", body, {"Cookie": cookie, "Content-Type": kind})
    answer = line.getresponse()
    assert answer.status == 200, answer.read()
    line.close()
    return dict(answer.headers)


def test_a_letter_asked_for_at_the_real_server_is_sent_by_the_real_worker(
    app: Flask, settings: Settings, make: Making, queue: object, post: Post, tmp_path: Path
):
    """With SQLite the worker lives inside `lms serve`; with PostgreSQL it is `lms work`."""
    person = make.person()
    port = free_port()
    lms = [sys.executable, "-c", "from lms.cli import main; main()"]
    environ = os.environ | {
        "LMS_ENV": "development",
        "LMS_SECRET_KEY": settings.secret_key,
        "LMS_DATABASE_URL": settings.database_url,
        "LMS_INSTANCE": str(settings.instance),
        "LMS_MAIL_URL": post.url,
        "LMS_PUBLIC_URL": "http://training.example",
    }

    with running([*lms, "serve", "--port", str(port)], environ, tmp_path / "serve.log") as server:
        if settings.sqlite:
            headers = ask_for_a_link(port, person.email)
            post.wait_for(1)
        else:
            with running([*lms, "work"], environ, tmp_path / "work.log") as worker:
                headers = ask_for_a_link(port, person.email)
                post.wait_for(1)
            assert worker.returncode == 0, (tmp_path / "work.log").read_text()

    sent = post.taken[0]
    assert server.returncode == 0, (tmp_path / "serve.log").read_text()
    assert sent["To"] == person.email
    assert "http://training.example/password/" in sent.get_payload(decode=True).decode()
    assert not re.search(r"\d", headers.get("Server", ""))
    assert PASSWORD not in (tmp_path / "serve.log").read_text()
    with app.app_context():
        db.engine.dispose()
