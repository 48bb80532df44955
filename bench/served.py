"""A server in processes of its own: started on a free port, counted, and gone after the block."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from bench.figure import RESULTS

PATIENCE = 60


@dataclass(frozen=True)
class Server:
    """A running server and all its processes."""

    port: int
    leader: int
    began: float

    def get(self, address: str) -> int:
        """The status of a page."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request("GET", address)
        status = line.getresponse().status
        line.close()
        return status

    def processes(self) -> set[int]:
        """The server, its workers and whatever they started; all are of one session."""
        return {int(path.name) for path in Path("/proc").glob("[0-9]*") if session_of(path) == self.leader}

    def memory(self) -> float:
        """MiB of all processes; what they share is counted once."""
        return sum(kilobytes(process, "Pss:") for process in self.processes()) / 1024

    def resident(self, processes: set[int]) -> float:
        """MiB of some of its processes; what they share counts each time, so that parting is no growth."""
        return sum(kilobytes(process, "Rss:") for process in processes) / 1024


def session_of(process: Path) -> int:
    try:
        return os.getsid(int(process.name))
    except ProcessLookupError:
        return 0


def kilobytes(process: int, kind: str) -> int:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(kind))


@contextmanager
def served(command: list[str | Path], environment: dict[str, str]) -> Iterator[Server]:
    """Start a server with PORT replaced in its command, wait until it answers, end it after the block.

    What it writes is kept in server.log until the next one starts.
    """
    port = free_port()
    words = [str(word).replace("PORT", str(port)) for word in command]
    began = time.monotonic()
    with (RESULTS / "server.log").open("w") as log:
        leader = subprocess.Popen(words, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        while not answers(port):
            assert leader.poll() is None, f"{words} ended with {leader.returncode}"
            assert time.monotonic() - began < PATIENCE, f"{words} does not answer"
            time.sleep(0.02)
        yield Server(port, leader.pid, began)
    finally:
        leader.send_signal(signal.SIGTERM)
        leader.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
