"""Real PostgreSQL and Redis, started on free ports for one test run and gone with it, however it ends.

As a pytest plugin it starts PostgreSQL once, before the workers, and hands its address on in the environment.
It asserts nothing, and conftest.py imports it besides: PYTEST_DONT_REWRITE.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lms import doctor

POSTGRESQL_URL = "LMS_TEST_POSTGRESQL_URL"
PATIENCE = 30  # seconds a server may take to answer before we give up on it

# Starts a server, waits until the other end of its standard input closes, ends the server, clears its folder.
# The other end is ours: the kernel closes it even when the test run is killed.
KEEPER = """
folder=$1 ending=$2; shift 2
"$@" > "$folder/log" 2>&1 &
read -r _
kill -s "$ending" $!
wait $!
rm -rf "$folder"
"""


@contextmanager
def postgresql() -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL, where its one user may also create databases."""
    with folder_for("postgres") as (folder, port, identity):
        rows = folder / "rows"
        initdb = [installed("initdb"), "--pgdata", rows, "--username", "lms", "--auth", "trust"]
        initdb += ["--encoding", "UTF8", "--locale", "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"]
        initdb += ["--no-sync"]
        made = subprocess.run(initdb, capture_output=True, text=True, cwd=folder, check=False, **identity)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")

        command = [installed("postgres"), "-D", rows, "-p", port, "-k", folder]
        settings = ["listen_addresses=127.0.0.1", "max_connections=200"]
        hasty = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        for setting in settings + hasty:
            command += ["-c", setting]
        with kept(command, folder, "QUIT", lambda: postgresql_answers(rows), identity):
            yield f"postgresql+psycopg://lms@127.0.0.1:{port}/postgres"


@contextmanager
def redis() -> Iterator[str]:
    """The address of an empty Redis that writes nothing to disk."""
    with folder_for("redis") as (folder, port, identity):
        command = [installed("redis-server"), "--bind", "127.0.0.1", "--port", port, "--dir", folder]
        command += ["--save", ""]
        with kept(command, folder, "TERM", lambda: redis_answers(port), identity):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def kept(
    command: list[object], folder: Path, ending: str, answers: Callable[[], bool], identity: dict
) -> Iterator[None]:
    """A server that runs, and answers, inside the block; `ending` is the signal it ends at quickly."""
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", folder, ending, *map(str, command)],
        stdin=subprocess.PIPE,
        cwd=folder,
        start_new_session=True,  # a Ctrl-C meant for the tests must not end the server before them
        **identity,
    )
    try:
        until = time.monotonic() + PATIENCE
        while not answers():
            if time.monotonic() > until:
                raise RuntimeError(f"{command[0]} does not answer: {(folder / 'log').read_text()}")
            time.sleep(0.02)
        yield
    finally:
        keeper.stdin.close()
        keeper.wait(PATIENCE)


def postgresql_answers(rows: Path) -> bool:
    """Whether PostgreSQL has written into its own file that it accepts connections."""
    try:
        lines = (rows / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def redis_answers(port: str) -> bool:
    """Whether Redis says PONG."""
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=1) as line:
            line.sendall(b"PING\r\n")
            return line.recv(5) == b"+PONG"
    except OSError:
        return False


@contextmanager
def folder_for(account: str) -> Iterator[tuple[Path, str, dict]]:
    """A folder, a free port, and who owns both: PostgreSQL refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="lms-test-"))
    identity = {}
    if os.geteuid() == 0:
        unprivileged = account_named(account) or account_named("nobody")
        identity = {"user": unprivileged.pw_uid, "group": unprivileged.pw_gid, "extra_groups": []}
        os.chown(folder, unprivileged.pw_uid, unprivileged.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    try:
        yield folder, port, identity
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def account_named(name: str) -> pwd.struct_passwd | None:
    """The system account of this name, if there is one."""
    return next((account for account in pwd.getpwall() if account.pw_name == name), None)


def installed(name: str) -> Path:
    """Where this program stands; the tests never pass by skipping what a machine lacks."""
    if found := doctor.program(name):
        return found
    raise pytest.UsageError(f"{name} is not installed: start the tests with `make test`, which brings it.")


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL in the process that starts the workers; an address already given is taken as it is."""
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.option.collectonly or os.environ.get(POSTGRESQL_URL):
        return
    running = ExitStack()
    config.add_cleanup(running.close)
    os.environ[POSTGRESQL_URL] = running.enter_context(postgresql())
    config.add_cleanup(lambda: os.environ.pop(POSTGRESQL_URL))


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis of this worker's own."""
    with redis() as url:
        yield url
