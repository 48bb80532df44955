"""A laptop in the room as the server: over plain http people play and nobody signs in; with a certificate it is https."""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from flask_migrate import upgrade

from lms.accounts.access import _on_this_machine
from lms.accounts.models import Role
from lms.app import create_app
from lms.clock import now
from lms.database import db, writing
from lms.exercises import joining
from lms.paths import MIGRATIONS
from lms.settings import Settings
from tests.conftest import KEY
from tests.exercises.play import EXERCISE
from tests.make import PASSWORD, Making

LMS = Path(sys.executable).parent / "lms"
PATIENCE = 60


def address_here() -> str:
    """This machine's own address in its network, by which nobody takes it for the machine itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            found: str = probe.getsockname()[0]
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        pytest.skip("this machine is in no network")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@dataclass
class Laptop:
    """A site in a folder of its own, with a trainer and an open run; `served` serves it as people would."""

    folder: Path
    run_id: UUID = field(default_factory=uuid4)
    code: str = ""
    trainer: str = ""
    port: int = field(default_factory=free_port)

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
        return kept | {"LMS_INSTANCE": str(self.folder), "LMS_SECRET_KEY": KEY} | more

    @contextmanager
    def served(self, public_url: str, *arguments: str) -> Iterator[None]:
        command = [str(LMS), "serve", "--host", "0.0.0.0", "--port", str(self.port), *arguments]
        with (self.folder / "log").open("ab") as log:
            server = subprocess.Popen(command, env=self.environ(LMS_PUBLIC_URL=public_url), stdout=log, stderr=log)
        try:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    break
                except OSError:
                    assert server.poll() is None, (self.folder / "log").read_text()
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait(PATIENCE)


@pytest.fixture
def laptop(tmp_path: Path) -> Laptop:
    settings = Settings(secret_key=KEY, database_url=f"sqlite:///{tmp_path / 'lms.db'}", instance=tmp_path)
    site = create_app(settings)
    with site.app_context(), writing():
        upgrade(directory=str(MIGRATIONS))
    trainer = Making(site).person(Role.TRAINER, name="Petra Vrana")
    with site.app_context(), writing():
        run = joining.open_run(EXERCISE, "early-signs", trainer.id, now())
        db.session.commit()
        made = Laptop(tmp_path, run.id, run.code, trainer.email)
        db.engine.dispose()
    site.extensions["jobs"].storage.close()
    return made


class Device:
    """A browser at one address of the site, without scripts and with its cookies; `given` has all it was ever given."""

    def __init__(self, host: str, port: int, trusting: ssl.SSLContext | None = None) -> None:
        self.host, self.port, self.trusting = host, port, trusting
        self.cookies: dict[str, str] = {}
        self.given: list[str] = []

    @property
    def origin(self) -> str:
        return f"http{'s' if self.trusting else ''}://{self.host}:{self.port}"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        line = (
            HTTPSConnection(self.host, self.port, timeout=30, context=self.trusting)
            if self.trusting
            else HTTPConnection(self.host, self.port, timeout=30)
        )
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | (
            {"Cookie": cookies} if cookies else {}
        )
        with closing(line):
            line.request(method, path, body or None, sent)
            answer = line.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self.given.append(value)
                    own, _is, rest = value.partition("=")
                    self.cookies[own] = rest.partition(";")[0]
            text = b""
            if "event-stream" in answer.getheader("Content-Type", ""):
                while b"data:" not in text:  # the first event, for a stream has no end
                    text += answer.readline()
            else:
                text = answer.read()
            return answer.status, text.decode()

    def get(self, path: str) -> tuple[int, str]:
        return self.ask("GET", path)

    def send(self, path: str, content: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        status, text = self.ask("POST", path, json.dumps(content).encode(), Content_Type="application/json", **headers)
        return status, json.loads(text)

    def form(self, path: str, **fields: str) -> tuple[int, str]:
        typed = {"Content_Type": "application/x-www-form-urlencoded", "Referer": f"{self.origin}{path}"}
        return self.ask("POST", path, urlencode(fields).encode(), **typed)

    def sign_in(self, email: str) -> tuple[int, str]:
        _status, page = self.get("/sign-in")
        return self.form("/sign-in", email=email, password=PASSWORD, csrf_token=token(page))

    def moves(self, run_id: UUID, *moves: dict[str, str]) -> None:
        """Moves of a trainer who has signed in here."""
        csrf = token(self.get("/account")[1])
        for move in moves:
            content = {"id": str(uuid4())} | move
            status, said = self.send(
                f"/runs/{run_id}/moves", content, X_CSRFToken=csrf, Referer=f"{self.origin}/runs/{run_id}/console"
            )
            assert status == 200, said


def token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    return found.group(1) if found else ""


MOVES: tuple[dict[str, str], ...] = ({"move": "start"}, {"move": "next"}, {"move": "open", "task": "mood"})


def plays(phone: Device, laptop: Laptop, meanwhile: Callable[[], None]) -> None:
    """Join, see the lobby, follow, and answer what is asked once the trainer has begun."""
    assert phone.get("/join")[0] == 200
    status, joined = phone.send("/join", {"code": laptop.code, "name": "Ana"})
    assert status == 200, joined
    assert phone.get(f"/join/{laptop.code}")[0] == 200
    state = f"/runs/{laptop.run_id}/state?as=player"
    assert json.loads(phone.get(state)[1])["phase"] == "lobby"
    meanwhile()
    until = time.monotonic() + PATIENCE
    while (seen := json.loads(phone.get(state)[1]))["task"] is None and time.monotonic() < until:
        time.sleep(0.1)
    assert seen["task"]["id"] == "mood"
    answer = {"id": str(uuid4()), "task": "mood", "answer": "good"}
    status, said = phone.send(f"/runs/{laptop.run_id}/answers", answer)
    assert (status, said["outcome"]) == (200, "stored")


def test_over_plain_http_phones_play_with_a_cookie_of_their_own_and_staff_work_on_the_laptop_alone(laptop: Laptop):
    here = address_here()
    phone, staff = Device(here, laptop.port), Device("127.0.0.1", laptop.port)

    with laptop.served(f"http://{here}:{laptop.port}"):
        signed_in = (
            staff.sign_in(laptop.trainer)[0],
            staff.get("/account")[0],
            staff.get(f"/runs/{laptop.run_id}/console")[0],
        )
        plays(phone, laptop, lambda: staff.moves(laptop.run_id, *MOVES))
        stream = phone.get(f"/runs/{laptop.run_id}/stream?as=player")
        page, asked = phone.get("/sign-in")
        tried, words = phone.form("/sign-in", email=laptop.trainer, password=PASSWORD, csrf_token="")
        links = [phone.get(path)[0] for path in ("/sign-in/link", "/password/forgotten", "/account", "/runs/")]
        screen = staff.get(f"/runs/{laptop.run_id}/screen")[1]

    assert signed_in == (302, 200, 200)
    assert stream[0] == 200 and "data:" in stream[1]
    assert page == tried == 403
    for text in (asked, words):
        assert (
            "Nobody signs in here" in text
            and "http://127.0.0.1" in text
            and f"http://{here}:{laptop.port}/join" in text
        )
        assert 'type="password"' not in text
    assert links == [403, 403, 403, 302]
    assert {one.partition("=")[0] for one in phone.given} == {"player"}
    assert all("HttpOnly" in one and "SameSite=Lax" in one for one in phone.given)
    assert f"{here}:{laptop.port}/join" in screen.replace("<wbr>", "")


def test_a_session_that_was_begun_on_the_laptop_opens_nothing_over_plain_http(laptop: Laptop):
    here = address_here()
    phone, staff = Device(here, laptop.port), Device("127.0.0.1", laptop.port)

    with laptop.served(f"http://{here}:{laptop.port}"):
        staff.sign_in(laptop.trainer)
        phone.cookies = dict(staff.cookies)
        seen = [phone.get(path)[0] for path in ("/account", "/runs/", f"/runs/{laptop.run_id}/console")]
        state = phone.get(f"/runs/{laptop.run_id}/state")[0]
        move = phone.ask("POST", f"/runs/{laptop.run_id}/moves", b"{}", Content_Type="application/json")[0]
        still = staff.get("/account")[0]

    assert (seen, state, still) == ([403, 302, 302], 401, 200)
    assert move in (302, 400)


def run(*command: object, cwd: Path) -> None:
    subprocess.run([str(one) for one in command], cwd=cwd, check=True, capture_output=True, timeout=PATIENCE)


def certified(folder: Path, address: str) -> None:
    """The certificate of docs/operate.md: an authority that may vouch for this laptop alone, and what it vouches for."""
    (folder / "names").write_text(
        f"subjectAltName=IP:{address},DNS:laptop.local\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
    )
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    limits = f"critical,permitted;IP:{address}/255.255.255.255,permitted;DNS:laptop.local"
    run("openssl", "req", "-x509", *new, "-days", "30", "-keyout", "root.key", "-out", "root.pem", "-subj",
        "/CN=Training laptop", "-addext", f"nameConstraints={limits}", "-addext", "keyUsage=critical,keyCertSign",
        cwd=folder)  # fmt: skip
    run("openssl", "req", *new, "-keyout", "laptop.key", "-out", "laptop.csr", "-subj", "/CN=laptop.local", cwd=folder)
    run("openssl", "x509", "-req", "-in", "laptop.csr", "-CA", "root.pem", "-CAkey", "root.key", "-days", "30",
        "-extfile", "names", "-out", "laptop.pem", cwd=folder)  # fmt: skip


def test_with_a_certificate_the_laptop_serves_https_alone_and_people_sign_in_from_their_own_devices(laptop: Laptop):
    here = address_here()
    certified(laptop.folder, here)
    public = f"https://{here}:{laptop.port}"
    trusting = ssl.create_default_context(cafile=laptop.folder / "root.pem")
    phone, staff = Device(here, laptop.port, trusting), Device(here, laptop.port, trusting)
    certificate = ("--certificate", str(laptop.folder / "laptop.pem"), "--key", str(laptop.folder / "laptop.key"))

    with laptop.served(public, *certificate):
        signed_in = staff.sign_in(laptop.trainer)[0], staff.get("/account")[0]
        plays(phone, laptop, lambda: staff.moves(laptop.run_id, *MOVES))
        stream = phone.get(f"/runs/{laptop.run_id}/stream?as=player")[0]
        screen = staff.get(f"/runs/{laptop.run_id}/screen")[1]
        with pytest.raises(ssl.SSLCertVerificationError):
            Device(here, laptop.port, ssl.create_default_context()).get("/join")
        with socket.create_connection((here, laptop.port), 10) as plain:
            plain.sendall(b"GET /join HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                heard = plain.recv(100)
            except ConnectionResetError:
                heard = b""

    assert signed_in == (302, 200)
    assert b"HTTP/1.1 200" not in heard
    assert stream in (200, 503)  # where there is no live stream the page asks again and again
    assert f"{here}:{laptop.port}/join" in screen.replace("<wbr>", "")
    sessions = [one for one in staff.given if one.startswith("__Host-session=")]
    assert sessions and [one for one in phone.given if one.startswith("__Host-player=")]
    for one in (*staff.given, *phone.given):
        assert one.startswith("__Host-") and "Secure" in one and "HttpOnly" in one and "Path=/" in one


def test_a_certificate_that_cannot_serve_the_address_is_refused_in_a_line_before_anything_is_served(laptop: Laptop):
    certified(laptop.folder, "192.0.2.7")
    (laptop.folder / "none.pem").write_text("nothing")
    other = laptop.folder / "other"
    other.mkdir()
    certified(other, "192.0.2.7")

    def refused(public_url: str, certificate: str, key: str, status: int = 1) -> str:
        command = [
            LMS,
            "serve",
            "--certificate",
            laptop.folder / certificate,
            *(["--key", laptop.folder / key] if key else []),
        ]
        done = subprocess.run(
            command, env=laptop.environ(LMS_PUBLIC_URL=public_url), capture_output=True, text=True, check=False, timeout=PATIENCE
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        return done.stderr

    assert "must begin with https://" in refused("http://192.0.2.7:8000", "laptop.pem", "laptop.key")
    assert "is for laptop.local, 192.0.2.7, and LMS_PUBLIC_URL says 192.0.2.8" in refused(
        "https://192.0.2.8", "laptop.pem", "laptop.key"
    )
    assert "belong together" in refused("https://192.0.2.7", "laptop.pem", "other/laptop.key")
    assert "cannot be used" in refused("https://192.0.2.7", "none.pem", "laptop.key")
    assert "give both" in refused("https://192.0.2.7", "laptop.pem", "", status=2)


@pytest.mark.parametrize(
    ("address", "host", "so"),
    [
        ("192.0.2.9", "192.0.2.2:8000", False),
        ("192.0.2.9", "training.example", False),
        ("192.0.2.9", "127.0.0.1.evil.test", False),
        ("192.0.2.9", "localhost.evil.test", False),
        ("192.0.2.9", "[fd00::2]:8000", False),
        ("192.0.2.9", "[::1", False),
        ("192.0.2.9", "", False),
        ("::ffff:192.0.2.9", "", False),
        ("192.0.2.9", "127.0.0.1:8000", True),  # through a tunnel, or from a container's host
        ("192.0.2.9", "LOCALHOST:8000", True),
        ("192.0.2.9", "[::1]:8000", True),
        ("127.0.0.1", "laptop.local", True),
        ("::1", "laptop.local", True),
        ("::ffff:127.0.0.1", "laptop.local", True),
        ("", "laptop.local", True),  # by a socket file, from a server on this machine
    ],
)
def test_what_is_on_this_machine(address: str, host: str, so: bool):
    assert _on_this_machine(address, host) is so
