"""What was erased is gone from SQLite's log of changes too, which keeps a page as it was until it is written over."""

from time import sleep

from lms import jobs
from lms.database import db, look

KIND = "exercises.wipe"
PATIENCE = 250  # milliseconds in which writers may have to wait for it
TRIES = 20
PAUSE = 0.5  # seconds between two tries


class Busy(Exception):
    """Somebody reads without end; the job is tried again later."""


def soon() -> None:
    """Add to the caller's transaction that the log is emptied as soon as it is committed."""
    if db.engine.dialect.name == "sqlite":
        jobs.add(KIND)


@jobs.does(KIND)
def _wipe(_job: jobs.Job) -> None:
    db.session.commit()  # the log cannot be emptied while this transaction holds it
    for _try in range(TRIES):
        if wiped():
            return
        if jobs.told_to_end():
            raise jobs.Interrupted
        sleep(PAUSE)
    raise Busy("others read while the log was to be emptied")


def wiped() -> bool:
    """Whether the log could be emptied now, all of it being in the database; the caller has committed."""
    if db.engine.dialect.name != "sqlite":
        return True
    with look() as connection:
        patient = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")
        try:
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={patient}")
    return not busy
