"""Papers issued together: begun for everyone who is due, done line by line, stopped, resumed, finished.

    batch = begin(candidates, by, at)       rows and a job, in the caller's transaction
    run(batch.id, told)                     does what waits; transactions of its own, a short one for each paper
    stop(batch, by, at), resume(batch, by, at)

A line is kept with its paper in one transaction, so whoever is killed leaves neither a paper without its line nor a
line without its paper. Two who run one batch at once take lines at random and rarely the same; where they do, a
constraint keeps the first paper.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from uuid import UUID

from flask_babel import force_locale, gettext
from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError

from lms import audit, jobs, pdf
from lms.accounts.models import Person
from lms.certificates import due, issuing, signing
from lms.certificates.due import Candidate
from lms.certificates.issuing import Made
from lms.certificates.models import Batch, BatchLine
from lms.certificates.parts import LineState, Stands
from lms.certificates.reasons import reason
from lms.clock import now
from lms.database import db, reads, writes

log = logging.getLogger(__name__)
LONGEST = 300  # characters of what is said of a line
IN_A_ROW = 5  # so many papers that cannot be made one after another, and the batch stops: the fault is not theirs


class Progress(Struct, frozen=True):
    """How far a batch is: lines by how they ended."""

    issued: int = 0
    failed: int = 0
    left_out: int = 0
    waiting: int = 0

    @property
    def done(self) -> int:
        return self.total - self.waiting

    @property
    def total(self) -> int:
        return self.issued + self.failed + self.left_out + self.waiting


class _Turn(Struct, frozen=True):
    """The line whose turn it is."""

    line_id: int
    scope: str
    paper: str
    person_id: int | None
    registration_id: UUID | None
    by: int | None


class _Outcome(Struct, frozen=True):
    """What came of a line: a paper to keep, or words."""

    state: LineState
    words: str = ""
    made: Made | None = None


def begin(candidates: Collection[Candidate], by: int | None, at: datetime) -> Batch:
    """Add a batch with a line for each of these that is due, and the job that does it. ValueError where none is."""
    wanted = due.due(candidates)
    if not wanted:
        raise ValueError("nobody is due")
    batch = Batch(
        scope=wanted[0].scope,
        asked_at=at,
        asked_by_id=by,
        lines=[
            BatchLine(paper=one.paper.id, person_id=one.holder.person_id, registration_id=one.holder.registration_id)
            for one in wanted
        ],
    )
    db.session.add(batch)
    db.session.flush()
    audit.record("certificates.begun", by, batch=batch.id, scope=batch.scope, papers=len(wanted))
    jobs.add("certificates", batch=batch.id)
    return batch


def stop(batch: Batch, by: int | None, at: datetime) -> None:
    """Let a batch end after the line that is being done, in the caller's transaction."""
    if batch.finished_at or batch.stopped_at:
        return
    batch.stopped_at = at
    audit.record("certificates.stopped", by, batch=batch.id)


def resume(batch: Batch, by: int | None) -> None:
    """Go on with what waits and try again what failed, in the caller's transaction."""
    db.session.execute(
        update(BatchLine)
        .where(BatchLine.batch_id == batch.id, BatchLine.state == LineState.FAILED)
        .values(state=LineState.WAITING, words="")
    )
    if not progress(batch.id).waiting:
        return
    batch.stopped_at = batch.finished_at = None
    audit.record("certificates.resumed", by, batch=batch.id)
    jobs.add("certificates", batch=batch.id)


def progress(batch_id: int) -> Progress:
    """How far a batch is."""
    rows = db.session.execute(
        select(BatchLine.state, func.count().label("papers"))
        .where(BatchLine.batch_id == batch_id)
        .group_by(BatchLine.state)
    )
    counted = {row.state: row.papers for row in rows}
    return Progress(
        counted.get(LineState.ISSUED, 0),
        counted.get(LineState.FAILED, 0),
        counted.get(LineState.LEFT_OUT, 0),
        counted.get(LineState.WAITING, 0),
    )


@jobs.does("certificates", beats=True)
def work(job: jobs.Job) -> None:
    """Do a batch as a job."""
    job_id = job.id
    run(job.about["batch"], lambda far: jobs.beat(job_id, far.done, far.total))


def run(batch_id: int, told: Callable[[Progress], None] | None = None) -> Progress:
    """Do every line that waits, until none does or the batch is stopped; how far it is then.

    `told` is called at the beginning and with each line, within the transaction that keeps it. Raises jobs.Interrupted
    where the worker is to end.
    """
    in_a_row = 0
    try:
        with _in_the_language_of_who_asked(batch_id):
            _keep_up(batch_id, told)
            while turn := _turn(batch_id):
                if jobs.told_to_end():
                    raise jobs.Interrupted
                outcome = _done(turn)
                _keep(batch_id, turn, outcome, told)
                in_a_row = in_a_row + 1 if outcome.state is LineState.FAILED else 0
                if in_a_row == IN_A_ROW:
                    _give_up(batch_id)
        return _finish(batch_id)
    finally:
        writes()


def _in_the_language_of_who_asked(batch_id: int) -> AbstractContextManager[None]:
    reads()
    language = db.session.scalar(
        select(Person.language).join(Batch, Batch.asked_by_id == Person.id).where(Batch.id == batch_id)
    )
    return force_locale(language) if language else nullcontext()


def _turn(batch_id: int) -> _Turn | None:
    """A line that waits; none where the batch is stopped."""
    db.session.rollback()
    reads()
    db.session.expire_all()  # what was read for the line before may have changed
    row = db.session.execute(
        select(
            BatchLine.id, Batch.scope, BatchLine.paper, BatchLine.person_id, BatchLine.registration_id,
            Batch.asked_by_id,
        )
        .join(BatchLine.batch)
        .where(Batch.id == batch_id, Batch.stopped_at.is_(None), BatchLine.state == LineState.WAITING)
        .order_by(func.random())
        .limit(1)
    ).first()  # fmt: skip
    return _Turn(*row) if row else None


def _done(turn: _Turn) -> _Outcome:
    """The paper of a line, or why there is none. Nothing is written, nor is any transaction held while it is made."""
    one = due.of_one(turn.scope, turn.paper, turn.person_id, turn.registration_id)
    if one is None:
        return _Outcome(LineState.LEFT_OUT, gettext("No longer on the list"))
    if one.stands is not Stands.DUE:
        return _Outcome(LineState.LEFT_OUT, reason(one))
    try:
        draft = issuing.drafted(one, now())
        db.session.rollback()
        return _Outcome(LineState.ISSUED, made=issuing.make(draft))
    except (pdf.Failed, signing.NoKey) as fault:
        return _Outcome(LineState.FAILED, str(fault))
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("line %s of a batch of certificates failed", turn.line_id)
        return _Outcome(
            LineState.FAILED, gettext("This certificate could not be made. Tell the people who run this site.")
        )


def _keep(batch_id: int, turn: _Turn, outcome: _Outcome, told: Callable[[Progress], None] | None) -> None:
    """The one short transaction of a line: its paper, its state, and that somebody is at work."""
    writes()
    moment = now()
    certificate = issuing.keep(outcome.made, turn.by, moment) if outcome.made else None
    db.session.execute(
        update(BatchLine)
        .where(BatchLine.id == turn.line_id, BatchLine.state == LineState.WAITING)
        .values(
            state=outcome.state, words=outcome.words[:LONGEST], certificate_id=certificate.id if certificate else None
        )
    )
    db.session.execute(update(Batch).where(Batch.id == batch_id).values(seen_at=moment))
    if told:
        told(progress(batch_id))
    db.session.commit()


def _keep_up(batch_id: int, told: Callable[[Progress], None] | None) -> None:
    """Say that somebody is at work."""
    writes()
    db.session.execute(update(Batch).where(Batch.id == batch_id).values(seen_at=now()))
    if told:
        told(progress(batch_id))
    db.session.commit()


def _give_up(batch_id: int) -> None:
    writes()
    db.session.execute(update(Batch).where(Batch.id == batch_id, Batch.stopped_at.is_(None)).values(stopped_at=now()))
    db.session.commit()


def _finish(batch_id: int) -> Progress:
    """Mark the end where nothing waits; who resumed it meanwhile has lines that wait, and a job of their own."""
    writes()
    far = progress(batch_id)
    if not far.waiting:
        db.session.execute(
            update(Batch).where(Batch.id == batch_id, Batch.finished_at.is_(None)).values(finished_at=now())
        )
    db.session.commit()
    return far
