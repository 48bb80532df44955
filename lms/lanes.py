"""Two lanes for requests: what a whole room may want at the same moment waits by itself, so that pages pass."""

import re
import resource
import socket
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, TConn, ThreadWorker

OF_A_ROOM = re.compile(rb"(GET|POST) /runs/[^/? ]+/(answers|state|stream)[? ]")
START = 120  # bytes of a request by which it is known
AT_ONCE = 2  # of a room's requests
TURN = (
    0.001  # seconds that a thread computes while others wait to; with Python's 5 ms a page waits for each of its rows
)
MOST_FILES = 8192  # open ones: each connection is one, and systems begin with 1,024
OTHER_LANE = object()


class Worker(ThreadWorker):
    """Gunicorn's worker with threads, and two more for a room's requests: 500 of them keep no page waiting."""

    def init_process(self) -> None:
        """In the process that serves."""
        sys.setswitchinterval(TURN)
        _may_open(MOST_FILES)
        self.room = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="room")
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """Answer a request, unless it begins as one of a room's."""
        return OTHER_LANE if _of_a_room(conn) else super().handle(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """What belongs into the other lane waits there; everything else is done with."""
        if fs.cancelled() or fs.exception() is not None or fs.result() is not OTHER_LANE:
            super().finish_request(conn, fs)
            return
        waiting = self.room.submit(super().handle, conn)
        waiting.add_done_callback(partial(self.method_queue.defer, super().finish_request, conn))


def _may_open(wanted: int) -> None:
    """Let this process open as many files as it may, up to so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _of_a_room(conn: TConn) -> bool:
    """Whether a request has come that is a room's; what has not come yet is looked at when it has."""
    if type(conn.sock) is not socket.socket or not conn.wait_for_data(DEFAULT_WORKER_DATA_TIMEOUT):
        return False
    try:
        start = conn.sock.recv(START, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    return OF_A_ROOM.match(start) is not None
