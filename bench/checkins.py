"""500 people at a door, each scan sent by four processes at once: none lost, none doubled, how long it takes."""

import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.door import PROCESSES, Answer, crowd, kept, late, storm, timed
from bench.figure import Figure, report
from bench.served import served
from bench.site import application
from tests.servers import postgresql

PEOPLE = 500
GUNICORN = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--workers", "4"]
QUIETLY = ["--bind", "127.0.0.1:PORT", "--log-level", "error", "--no-control-socket"]


def main() -> None:
    """On each database with the same crowd; beside them a table with a key and no questions."""
    figures = []
    with TemporaryDirectory(prefix="lms-bench-") as folder, ExitStack() as stack:
        plain, plain_took = stormed("bench.plain_table:app", {"PLAIN_TABLE": f"{folder}/plain.db"}, Path(folder) / "p")
        for name in ("SQLite", "PostgreSQL"):
            settings = {"LMS_DATABASE_URL": stack.enter_context(postgresql())} if name == "PostgreSQL" else {}
            answers, took = stormed("lms.app:create_app()", settings, Path(folder) / name)
            figures += [
                Figure(f"{name}: scans answered", "of 2000", sum(one.status == 200 for one in answers), least=2000),
                Figure(f"{name}: p95", "ms", late(answers, 0.95), late(plain, 0.95)),
                Figure(f"{name}: p99", "ms", late(answers, 0.99), late(plain, 0.99)),
                Figure(f"{name}: all of them", "s", took, plain_took),
            ]
    report("checkins", *figures)


def stormed(served_app: str, settings: dict[str, str], folder: Path) -> tuple[list[Answer], float]:
    """The answers of one storm and how many seconds it took; what is kept afterwards must be each scan, once."""
    folder.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "LMS_INSTANCE": str(folder)} | settings
    app = application(environment)
    scans = crowd(app, PEOPLE)
    with served([*GUNICORN, *QUIETLY, served_app], environment) as server:
        storm(server.port, type(scans)(scans.address, scans.bodies[:1]))
        with timed() as took:
            answers = storm(server.port, scans)
    if served_app.startswith("lms"):
        found = kept(app)
        assert found.marks == {mark_id for mark_id, _body in scans.bodies}, "a scan was lost or doubled"
        assert found.present == PEOPLE
        assert len(answers) == PEOPLE * PROCESSES
    return answers, took[0]


if __name__ == "__main__":
    main()
