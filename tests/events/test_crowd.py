"""What a crowd and a fault leave: every acknowledged mark, once, on a real server with several processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from bench.door import PROCESSES, Crowd, crowd, kept, storm
from bench.served import answers as is_up
from bench.served import free_port
from bench.site import application
from tests.servers import POSTGRESQL_URL

PEOPLE = 500


class Served:
    """The site on gunicorn with two processes, which can be ended as a power cut would and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self.port = free_port()
        self.log = log
        self.start()

    def start(self) -> None:
        command = [
            sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--workers", "2",
            "--bind", f"127.0.0.1:{self.port}", "--log-level", "error", "--no-control-socket", "lms.app:create_app()",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 60
        while not is_up(self.port):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def served(environment: dict[str, str], tmp_path: Path) -> Iterator[Served]:
    """The site, running; gone after the test, however that ends."""
    running = Served(environment, tmp_path / "log")
    yield running
    running.kill()


@pytest.fixture
def app(environment: dict[str, str]) -> Flask:
    """The application on the same database, to prepare and to look."""
    return application(environment)


@pytest.fixture
def scans(app: Flask) -> Crowd:
    """A crowd at its door, before the site is started."""
    return crowd(app, PEOPLE)


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str) -> Iterator[dict[str, str]]:
    """The environment of a site of its own."""
    mine = {"PATH": os.environ["PATH"], "LMS_INSTANCE": str(tmp_path)}
    if request.param == "sqlite":
        yield mine
        return
    server = os.environ[POSTGRESQL_URL]
    name = f"crowd_{worker_id}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    yield mine | {"LMS_DATABASE_URL": server.rpartition("/")[0] + f"/{name}"}


def test_500_people_each_scan_sent_by_four_processes_at_once_are_500_rows_and_no_error(app, scans, served):
    answers = storm(served.port, scans)
    served.kill()

    assert len(answers) == PEOPLE * PROCESSES
    assert {(one.status, one.outcome) for one in answers} == {(200, "recorded")}
    found = kept(app)
    assert found.marks == {mark_id for mark_id, _body in scans.bodies}
    assert found.present == PEOPLE


def test_when_the_server_is_killed_in_a_burst_every_acknowledged_mark_is_there_and_the_rest_arrive_once(
    app, scans, served
):
    with ThreadPool(1) as pool:
        burst = pool.apply_async(storm, (served.port, scans, 1))
        while len(kept(app).marks) < PEOPLE // 10:
            time.sleep(0.02)
        served.kill()
        first = burst.get()
    acknowledged = {one.mark_id for one in first if one.status == 200}
    after_the_kill = kept(app).marks
    served.start()
    second = storm(served.port, scans, 1, patience=30)
    served.kill()

    assert 0 < len(acknowledged) < PEOPLE, "the kill did not come in the middle of the burst"
    assert acknowledged <= after_the_kill
    assert {(one.status, one.outcome) for one in second} == {(200, "recorded")}
    assert kept(app).marks == {mark_id for mark_id, _body in scans.bodies}
