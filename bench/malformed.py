"""Whether 10,000 malformed requests get any answer of 5xx, end a worker, or make the server grow."""

import re
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.routing import Rule

from bench.figure import Figure, report
from bench.served import Server, served
from bench.site import FORM, LMS, ORGANISER, PRACTITIONER, Visitor, application, sample_year, signed_in
from tests.servers import postgresql

REQUESTS = 10_000
TURN = 250  # requests until everyone signs in again, because one of them may have signed them out
AT_ONCE = 8
SEED = 101101918
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "get", ""]
NUMBERS = ["0", "1", "2", "-1", "1.5", "1e9", "٣", "2147483648", "9" * 20, "0x1", "NaN", "None", "' OR 1=1"]
WORDS = [
    "", " ", "\0", "\r\nSet-Cookie: a=b", "%", "%zz", "\ud800", "../../etc/passwd", "<script>alert(1)</script>",
    "{{ 7*7 }}", "%s%n", "Đặng", "Ħaż-Żebbuġ", "O'Brien", "مريم", "\u202e", "😀" * 50, "a" * 5000, "[]", "{}",
    "null", "true", "//elsewhere.example", "javascript:alert(1)", "a@b", "@", "q", "a", "b:up", "en", "xx",
    "next", "\x7f", "\x1b",
]  # fmt: skip
FIELDS = [
    "id", "q", "q-1", "q-1-1.1", "move", "go", "check", "place", "email", "password", "current",
    "name", "role", "profession", "organisation", "country", "language", "extra_time", "active", "words",
    "lang", "next", "answer", "moved", "empty", "v", "_method", "__proto__", "data", "errors",
]  # fmt: skip
HEADERS = [
    "Accept: */*;q=nan", "Accept: application/json", "Accept-Language: \xff\xfe,;q=,en;q=2",
    "Accept-Language: de;q=0.9,xx", "If-None-Match: \"", "If-Modified-Since: yesterday", "Range: bytes=9-1",
    "Range: bytes=-", "Expect: 100-continue", "X-CSRFToken: forged", "X-CSRFToken: ",
    "Authorization: Basic \xa0", "Referer: ://", "Referer: http://[", "Host: [", "X-Forwarded-For: ,,,",
    "X-Forwarded-Proto: gopher", "Content-Encoding: gzip", "Transfer-Encoding: chunked", "Content-Length: -1",
    "Content-Length: 99999999", "Content-Length: 5, 6", "Cookie: session", "Cookie: session=;;=,=",
    "Cookie: session=.eJw.x.y", "Cookie: " + "a" * 3000, "Upgrade: websocket", "Header without a colon",
    ": nameless", "A" * 9000,
]  # fmt: skip
TYPES = [
    FORM, FORM, FORM, FORM + "; charset=utf-99", "application/json", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "text/plain", "\xff", "",
]  # fmt: skip
BODIES = [
    b"", b"\0", b"%", b"&&&===", b"=", b"a" * 1_200_000, b"&".join([b"q=a"] * 5000), b"{", b'{"id": NaN}',
    b"[" * 20_000, b"\xff\xfe\xfd", b"--x\r\nContent-Disposition: form-data; name=q", b"--x\r\n\r\n--x--\r\n",
    b"q=%ff%fe&q=%00", b"5\r\nhel",
]  # fmt: skip


def main() -> None:
    """Two processes on PostgreSQL; eight requests at a time."""
    random = Random(SEED)
    with postgresql() as database, sample_year(LMS_DATABASE_URL=database) as environment:
        app = application(environment)
        with served([LMS, "serve", "--workers", "2", "--port", "PORT"], environment) as site:
            assert site.get("/") == 200
            processes = site.processes()
            before = site.resident(processes)
            answers: Counter[str] = Counter()
            with ThreadPoolExecutor(AT_ONCE) as senders:
                for _ in range(REQUESTS // TURN):
                    requests = list(malformed(app, random))
                    answers.update(senders.map(send_to(site), requests))
            still = processes & site.processes()
            alive = len(still) / len(processes)
            grown = site.resident(still) - before
            apart = site.resident(site.processes() - processes)
            assert site.get("/") == 200
    print("answers:", ", ".join(f"{count} x {status}" for status, count in sorted(answers.items())))
    report(
        "malformed",
        Figure(f"{sum(answers.values()):,} malformed requests: answers of 5xx", "answers", failures(answers), most=0),
        Figure("processes that are still the same", "share", alive, least=1),
        Figure("memory grown", "MiB", grown, most=95),
        Figure("what prints and signs apart, begun meanwhile", "MiB", apart),
    )


def failures(answers: Counter[str]) -> int:
    return sum(count for status, count in answers.items() if status.startswith("5"))


def malformed(app: Flask, random: Random) -> Iterator[bytes]:
    """A turn's requests, spread evenly over all routes; most are someone's who signed in, with a good token."""
    visitors = [None, signed_in(app, PRACTITIONER), signed_in(app, ORGANISER)]
    rules = list(app.url_map.iter_rules())
    known = known_values(app)
    for _ in range(TURN):
        yield request(random, random.choice(rules), random.choice(visitors), known)


def known_values(app: Flask) -> dict[str, list[str]]:
    """Values that are there, so that many a request gets past the address."""
    modules = app.extensions["training"].course("en").modules
    return {
        "slug": [module.slug for module in modules],
        "lesson_id": [lesson.id for module in modules for lesson in module.lessons],
        "question_id": [question.id for module in modules for question in module.quiz.questions],
    }


def request(random: Random, rule: Rule, visitor: Visitor | None, known: dict[str, list[str]]) -> bytes:
    """One request, wrong in one way or several: address, method, fields, headers, type, length or body."""

    def value(found: re.Match[str]) -> str:
        name = found[1].rpartition(":")[2]
        if name in known and random.random() < 0.7:
            return random.choice(known[name])
        return strange(random, NUMBERS if ":" in found[1] else NUMBERS + WORDS)

    method = random.choice(sorted(rule.methods - {"HEAD", "OPTIONS"}) if random.random() < 0.8 else METHODS)
    address = re.sub(r"<([^>]+)>", value, rule.rule)
    if random.random() < 0.3:
        address += "?" + form(random)
    headers = ["Host: 127.0.0.1", "Connection: close"]
    if visitor:
        headers.append(f"Cookie: {visitor.cookie}")
        if random.random() < 0.2:
            headers.append(f"X-CSRFToken: {visitor.token}")
    body = random.choice(BODIES) if random.random() < 0.2 else form(random, visitor).encode()
    headers.append(f"Content-Type: {random.choice(TYPES) if random.random() < 0.3 else FORM}")
    if random.random() < 0.9:
        headers.append(f"Content-Length: {len(body) + random.choice([0, 0, 0, 0, 0, 0, -1, 7])}")
    if random.random() < 0.3:
        headers.append(random.choice(HEADERS))
    return "\r\n".join([f"{method} {address} HTTP/1.1", *headers, "", ""]).encode("latin-1", "replace") + body


def form(random: Random, visitor: Visitor | None = None) -> str:
    """Fields with strange values, some twice; with the visitor's own token, or the view would never see them."""
    token = [("csrf_token", visitor.token)] if visitor else []
    names = random.choices(FIELDS, k=random.randrange(6))
    fields = [(name, strange(random, NUMBERS + WORDS)) for name in names]
    return urlencode(token + fields, errors="surrogatepass")


def strange(random: Random, values: list[str]) -> str:
    """One of the values, now and then as it is, mostly as an address must spell it."""
    chosen = random.choice(values)
    return chosen if random.random() < 0.1 else quote(chosen, errors="surrogatepass")


def send_to(site: Server) -> Callable[[bytes], str]:
    """What sends a request and gives the status of its answer; "closed" where the server hung up without one."""

    def send(request: bytes) -> str:
        answer = b""
        with socket.create_connection(("127.0.0.1", site.port), timeout=60) as line:
            try:
                line.sendall(request)
                line.shutdown(socket.SHUT_WR)
                while piece := line.recv(65536):
                    answer += piece
            except OSError:
                return "closed"
        status = answer.removeprefix(GO_ON)[9:12].decode()
        if status.startswith("5"):
            print(status, request[:300], file=sys.stderr)
        return status or "closed"

    return send


if __name__ == "__main__":
    main()
