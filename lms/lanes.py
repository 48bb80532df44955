"""Two lanes for requests: what a whole room may want at the same moment waits by itself, so that pages pass."""

import logging
import re
import resource
import socket
import struct
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Condition
from typing import Any

from gunicorn.workers.gthread import DEFAULT_WORKER_DATA_TIMEOUT, TConn, ThreadWorker

OF_A_ROOM = re.compile(rb"(GET|POST) /runs/[^/? ]+/(answers|state|stream)[? ]")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,9}) *\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\n(transfer-encoding|expect):", re.IGNORECASE)
LARGEST = 65_536  # bytes of a room's request
LOOKS, BETWEEN = 10, 0.005  # at a request that has not come whole, and seconds between two of them
SILENCE = 20  # seconds without a byte from or to someone, after which their connection is given up
GIVES_WAY = 0.02  # seconds that a room's request waits at most for pages that are being made
CLOSING = 8  # connections that are waited for until the other side hangs up too
TURN = 0.0002  # seconds a thread computes while others wait; a page waits so long for each of its rows (Python: 5 ms)
MOST_FILES = 8192  # open ones: each connection is one, and systems begin with 1,024
OTHER_LANE = object()


class Crossing:
    """Where both lanes meet, because only one thread computes at a time: pages go first."""

    def __init__(self) -> None:
        self.pages = 0
        self.clear = Condition()

    @contextmanager
    def page(self) -> Iterator[None]:
        """While a page is made."""
        with self.clear:
            self.pages += 1
        try:
            yield
        finally:
            with self.clear:
                self.pages -= 1
                if not self.pages:
                    self.clear.notify_all()

    def give_way(self) -> None:
        """Wait until no page is being made, but not for long: there may always be one."""
        with self.clear:
            self.clear.wait_for(lambda: not self.pages, GIVES_WAY)


class Worker(ThreadWorker):
    """Gunicorn's worker with threads, and one more for a room's requests: 500 of them keep no page waiting."""

    def init_process(self) -> None:
        """In the process that serves."""
        sys.setswitchinterval(TURN)
        _may_open(MOST_FILES)
        self.room = ThreadPoolExecutor(1, thread_name_prefix="room")
        self.crossing = Crossing()
        self.closing = ThreadPoolExecutor(CLOSING, thread_name_prefix="closing")
        logging.getLogger("gunicorn.error").addFilter(_is_more_than_silence)
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """Answer a request, unless it is one of a room's."""
        if not conn.initialized:
            _give_up_after_silence(conn.sock)
        if _of_a_room(conn):
            return OTHER_LANE
        with self.crossing.page():
            return super().handle(conn)

    def handle_of_a_room(self, conn: TConn) -> Any:
        """Answer one of a room's."""
        self.crossing.give_way()
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """What belongs into the other lane waits there; whoever does not hang up keeps nobody else from coming in."""
        become = None if fs.cancelled() or fs.exception() is not None else fs.result()
        if become is OTHER_LANE:
            waiting = self.room.submit(self.handle_of_a_room, conn)
            waiting.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))
        elif become:
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1
            self.closing.submit(conn.close, graceful=True)


def _may_open(wanted: int) -> None:
    """Let this process open as many files as it may, up to so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _give_up_after_silence(sock: socket.socket) -> None:
    """Let no thread wait for ever for someone whose network is gone in the middle of a request or its answer."""
    for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, direction, struct.pack("ll", SILENCE, 0))


def _is_more_than_silence(record: logging.LogRecord) -> bool:
    """Whether a record of the log is about more than someone who said nothing any more."""
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def _of_a_room(conn: TConn) -> bool:
    """Whether a request is a room's and has come whole.

    One that comes in pieces is answered among the pages: one that never ends would keep a whole room waiting.
    """
    if type(conn.sock) is not socket.socket or not conn.wait_for_data(DEFAULT_WORKER_DATA_TIMEOUT):
        return False
    for _look in range(LOOKS):
        try:
            come = conn.sock.recv(LARGEST, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return False
        if not OF_A_ROOM.match(come):
            return False
        if _whole(come):
            return True
        time.sleep(BETWEEN)
    return False


def _whole(come: bytes) -> bool:
    """Whether a request's head is there, and as much after it as the head says."""
    head, end, body = come.partition(b"\r\n\r\n")
    if not end or CHUNKED.search(head + end):
        return False
    length = LENGTH.search(head + end)
    return len(body) >= (int(length[1]) if length else 0)
