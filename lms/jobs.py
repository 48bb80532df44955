"""Work that outlives a request: our own row is the truth, huey only wakes a worker.

A job is added in the caller's transaction and a worker is woken after the commit; where the wake-up gets lost,
the sweep of every minute finds the row. Every job can be run again. A long one says with `beat` that it is alive.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Event
from typing import Any

from flask import Flask, current_app, g
from huey import Huey, MemoryHuey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from huey.api import TaskWrapper
from huey.consumer import Consumer
from sqlalchemy import ColumnElement, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lms.clock import now
from lms.database import Model, changed, db, one_of, writes, writing
from lms.settings import Settings

log = logging.getLogger(__name__)
STALE = timedelta(minutes=5)
SILENT = timedelta(seconds=30)  # of a job that beats
TRIES = 8
_kinds: dict[str, Callable[["Job"], None]] = {}
_beating: set[str] = set()
_nightly: list[Callable[[], None]] = []


class Interrupted(Exception):
    """Raised by a long job that saw `told_to_end`: it is begun again by whoever works next."""


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Model):
    """Something to be done soon, once."""

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    about: Mapped[dict[str, Any]]
    state: Mapped[State] = mapped_column(one_of(State, "state"), default=State.WAITING, index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    heartbeat: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


def does(kind: str, *, beats: bool = False) -> Callable[[Callable[[Job], None]], Callable[[Job], None]]:
    """Mark the function that does jobs of this kind; one that `beats` is begun again half a minute after its last.

    It may then be at work twice, where the first was slow and not dead.
    """

    def keep(function: Callable[[Job], None]) -> Callable[[Job], None]:
        _kinds[kind] = function
        if beats:
            _beating.add(kind)
        return function

    return keep


def every_night(function: Callable[[], None]) -> Callable[[], None]:
    """Mark a function that is run once a night, in a transaction that writes."""
    _nightly.append(function)
    return function


def run_nightly() -> None:
    """Do what is to be done every night; each part commits on its own."""
    for function in _nightly:
        function()
        db.session.commit()


def add(kind: str, **about: Any) -> Job:
    """Add a job to the caller's transaction; a worker is woken when that commits."""
    job = Job(kind=kind, about=about, created_at=now(), not_before=now())
    db.session.add(job)
    db.session.info.setdefault("jobs", []).append(job)
    return job


def beat(job_id: int, done: int, total: int) -> None:
    """Note in the caller's transaction that a job is alive, and how far it is."""
    db.session.execute(update(Job).where(Job.id == job_id).values(heartbeat=now(), done=done, total=total))


def told_to_end() -> bool:
    """Whether the worker that does this job is to end; a job that takes longer than a second asks now and then."""
    ending: Event | None = g.get("ending")
    return ending is not None and ending.is_set()


def run(job_id: int) -> bool:
    """Do one job if it is due and nobody else does it; False where there was nothing to do."""
    moment = now()
    claimed = changed(
        update(Job)
        .where(Job.id == job_id, *_free(moment))
        .values(state=State.RUNNING, heartbeat=moment, tries=Job.tries + 1)
    )
    db.session.commit()
    if not claimed:
        return False
    job = db.session.get_one(Job, job_id)
    try:
        _kinds[job.kind](job)
    except Interrupted:
        writes()
        job = db.session.get_one(Job, job_id)
        job.state = State.WAITING
    except Exception as error:
        log.exception("job %s (%s) failed", job_id, job.kind)
        writes()  # the job may have been reading
        job = db.session.get_one(Job, job_id)
        job.error = f"{type(error).__name__}: {error}"[:300]
        job.state = State.FAILED if job.tries >= TRIES else State.WAITING
        job.not_before = now() + timedelta(seconds=15 * 2**job.tries)
    else:
        job.state = State.DONE
        job.finished_at = now()
        job.error = ""
    db.session.commit()
    return True


def run_due() -> int:
    """Do every job that is due, those of a worker that died too; how many were done."""
    due = db.session.scalars(select(Job.id).where(*_free(now())).order_by(Job.id)).all()
    return sum(run(job_id) for job_id in due)


def _free(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    """What is due and nobody does: it waits, or whoever did it gave no sign for too long."""
    silent = or_(Job.heartbeat < moment - STALE, Job.kind.in_(_beating) & (Job.heartbeat < moment - SILENT))
    return Job.not_before <= moment, or_(Job.state == State.WAITING, (Job.state == State.RUNNING) & silent)


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app its queue; the store follows the database, or Redis where there is one."""
    queue = _queue(settings)

    def wake(job_id: int) -> None:
        with app.app_context(), writing():
            g.ending = app.extensions.get("ending")
            run(job_id)

    def sweep() -> None:
        with app.app_context(), writing():
            g.ending = app.extensions.get("ending")
            run_due()

    def night() -> None:
        with app.app_context(), writing():
            run_nightly()

    app.extensions["jobs"] = queue
    app.extensions["wake"] = TaskWrapper(queue, wake, name="wake")
    queue.periodic_task(crontab(minute="*"), name="sweep")(sweep)
    queue.periodic_task(crontab(minute="17", hour="3"), name="night")(night)
    if not event.contains(Session, "after_commit", _wake_workers):
        event.listen(Session, "after_commit", _wake_workers)
        event.listen(Session, "after_rollback", _wake_nobody)


def _wake_nobody(session: Session) -> None:
    session.info.pop("jobs", None)


def _wake_workers(session: Session) -> None:
    for job in session.info.pop("jobs", []):
        try:
            current_app.extensions["wake"](job.id)
        except Exception:
            log.exception("no worker could be woken for job %s: the next sweep does it", job.id)


def _queue(settings: Settings) -> Huey:
    if settings.redis_url:
        return RedisHuey("lms", url=settings.redis_url, immediate=False)
    if settings.database_url == "sqlite:///:memory:":
        return MemoryHuey("lms", immediate=False)
    if settings.sqlite:
        settings.instance.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("lms", filename=str(settings.instance / "jobs.db"), immediate=False, results=False)
    dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    return PostgresHuey("lms", dsn=dsn, immediate=False, results=False)


class Worker(Consumer):
    """A worker that leaves the process's signals alone, so that it can live inside the web process."""

    def _set_signal_handlers(self) -> None:
        return


def start_worker(app: Flask) -> Worker:
    """Start a worker's threads in this process, two, so that letters go out beside a long job.

    `.stop(graceful=True)` ends them.
    """
    worker = Worker(app.extensions["jobs"], workers=2, worker_type="thread", max_delay=2.0, check_worker_health=False)
    app.extensions["ending"] = worker.stop_flag
    worker.start()
    return worker


def work(app: Flask) -> None:
    """Do jobs in this process until told to stop."""
    worker = Consumer(app.extensions["jobs"], workers=2, worker_type="thread", max_delay=2.0)
    app.extensions["ending"] = worker.stop_flag
    worker.run()
