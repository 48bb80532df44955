"""How many lesson pages two gunicorn processes give in a second, beside hellos from the same."""

import socket
import sys
import time
from multiprocessing import get_context
from statistics import median

from bench.figure import Figure, report
from bench.served import served
from bench.site import PRACTITIONER, Visitor, application, lesson_addresses, sample_year, signed_in

WORKERS = 2
CLIENTS = 4
ROUNDS = 8
SECONDS = 2.0
GUNICORN = [sys.executable, "-m", "gunicorn", "--worker-class", "sync", "--workers", str(WORKERS)]
QUIETLY = ["--bind", "127.0.0.1:PORT", "--log-level", "error", "--no-control-socket"]


def main() -> None:
    """Both servers stand all the while; the clients, in processes of their own, turn from one to the other."""
    with (
        sample_year() as environment,
        served([*GUNICORN, *QUIETLY, "lms.app:create_app()"], environment) as site,
        served([*GUNICORN, *QUIETLY, "bench.hello:app"], environment) as hello,
        get_context("spawn").Pool(CLIENTS) as clients,
    ):
        app = application(environment)
        visitor = signed_in(app, PRACTITIONER)
        pages = [request(address, visitor) for address in lesson_addresses(app)]
        turns = [(site.port, pages), (hello.port, [request("/")])]
        taken = [[sum(clients.starmap(knock, [turn] * CLIENTS)) / SECONDS for turn in turns] for _ in range(ROUNDS + 1)]
    lessons, hellos = (median(column) for column in zip(*taken[1:], strict=True))
    report(
        "lesson_requests",
        Figure("lesson pages a second, 2 processes: of hellos", "1/s", lessons, hellos, least=0.35),
    )


def request(address: str, visitor: Visitor | None = None) -> bytes:
    cookie = f"Cookie: {visitor.cookie}\r\n" if visitor else ""
    return f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}Connection: close\r\n\r\n".encode()


def knock(port: int, pages: list[bytes]) -> int:
    """Ask for one page after the other; how many came whole before the time was up."""
    count, until = 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(pages[count % len(pages)])
            start = line.recv(65536)
            while line.recv(65536):
                pass
        assert start.startswith(b"HTTP/1.1 200"), start[:80]
        count += 1
    return count


if __name__ == "__main__":
    main()
