"""The guard: who is asking, and whether this door is open to them.

Every door is closed until it is marked: silence means “signed in”. `tests/house/test_doors.py` lists them all.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import LoginManager, current_user, login_user
from flask_login import logout_user as forget
from msgspec import Struct
from sqlalchemy import bindparam, select, update

from lms.accounts.devices import called
from lms.accounts.models import Login, Person, Profession, Role, Standing
from lms.clock import now
from lms.database import db, look, reads, writes
from lms.pages import bearer, error
from lms.settings import Settings

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
SAFE = {"GET", "HEAD", "OPTIONS"}
manager = LoginManager()


class SignedIn(Struct, frozen=True):
    """Who is asking, as the row said when the request came; whoever changes a person loads the person."""

    id: int
    email: str
    name: str
    role: Role
    profession: Profession
    organisation: str
    country: str
    language: str
    extra_time: int
    login_id: int
    seen_at: datetime

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def short_name(self) -> str:
        """Initial and family name, as it stands in the head of every page."""
        first, *rest = self.name.split()
        return f"{first[0]}. {' '.join(rest)}" if rest else first


class Door(StrEnum):
    """Who may pass; the value is what the doors test prints."""

    PUBLIC = "anyone"
    SIGNED_IN = "signed in"
    TRAINERS = "trainers"
    DESKS = "trainers, and desks paired to the event"
    ORGANISERS = "organisers"


WHO = (
    select(
        Person.id, Person.email, Person.name, Person.role, Person.profession, Person.organisation, Person.country,
        Person.language, Person.extra_time, Login.id, Login.seen_at,
    )
    .join(Login.person)
    .where(
        Login.key_hash == bindparam("key_hash"),
        Login.ended_at.is_(None),
        Login.seen_at > bindparam("seen_after"),
        Login.began_at > bindparam("began_after"),
        Person.standing == Standing.ACTIVE,
    )
)  # fmt: skip
STAFF = {Role.TRAINER, Role.ORGANISER}
ROLES = {Door.TRAINERS: STAFF, Door.DESKS: STAFF, Door.ORGANISERS: {Role.ORGANISER}}


def _marked(view: View, door: Door) -> View:
    marked: Any = view
    marked.door = door
    return view


def public(view: View) -> View:
    """Anyone may pass."""
    return _marked(view, Door.PUBLIC)


def trainers_only(view: View) -> View:
    """Trainers and organisers may pass; to others the page is not there."""
    return _marked(view, Door.TRAINERS)


def organisers_only(view: View) -> View:
    """Organisers may pass; to others the page is not there."""
    return _marked(view, Door.ORGANISERS)


def desks_too(view: View) -> View:
    """Trainers may pass, and so may a paired desk: the view itself asks which, of whom and for which event."""
    return _marked(view, Door.DESKS)


def door_of(endpoint: str | None, app: Flask) -> Door:
    """The mark of a view; static files are anyone's, whatever is unmarked is for people who signed in."""
    if endpoint == "static":
        return Door.PUBLIC
    return getattr(app.view_functions.get(endpoint or ""), "door", Door.SIGNED_IN)


def init_app(app: Flask, settings: Settings) -> None:
    """Put the guard before every view."""
    manager.session_protection = None
    manager._session_identifier_generator = lambda: ""  # which would hash address and browser with every request
    manager.user_loader(_load)
    app.login_manager = manager  # type: ignore[attr-defined]  # not init_app: there is no cookie that remembers, and no layout that reaches up
    app.extensions["session_idle"] = settings.session_idle
    app.extensions["session_longest"] = settings.session_longest
    app.before_request(guard)


def guard() -> ResponseReturnValue | None:
    """Stop whoever may not pass; say whether this request writes."""
    if request.method in SAFE:
        reads()
    else:
        writes()
    if request.routing_exception is not None:
        return None
    if request.blueprint == "accounts" and not private():
        return _not_here()
    door = door_of(request.endpoint, current_app)
    if door is Door.PUBLIC:
        return None
    if bearer() is not None:
        return None if door is Door.DESKS else ({"error": "A desk may not do this."}, 401)
    if not current_user.is_authenticated:
        return _to_sign_in()
    if door in ROLES and current_user.role not in ROLES[door]:
        abort(404)
    return None


def private() -> bool:
    """Whether nobody between us and this browser can read along: it uses https, or is on this very machine.

    Over plain http from elsewhere nobody is signed in, whatever they send: no password and no session travels so.
    """
    return request.is_secure or _on_this_machine(request.remote_addr or "", request.environ.get("HTTP_HOST", ""))


@lru_cache(256)
def _on_this_machine(address: str, host: str) -> bool:
    """By where a request comes from, or by the address it was sent to: a browser that names itself means itself."""
    name = "::1" if host.startswith("[::1]") else host.partition(":")[0].lower()
    return address == "" or _is_loopback(address.removeprefix("::ffff:")) or name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _not_here() -> ResponseReturnValue:
    """Why nobody signs in at this address, and where they do."""
    settings: Settings = current_app.extensions["settings"]
    where = (
        gettext("Sign in at %(address)s.", address=settings.public_url)
        if settings.https
        else gettext("Sign in on the computer that serves this site, at its own address http://127.0.0.1.")
    )
    words = gettext(
        "Others in this network could read a password that is sent to this address. %(where)s To take part in an "
        "exercise you need no account: open %(join)s and type its code.",
        where=where, join=f"{request.host_url}join",
    )  # fmt: skip
    return error(403, gettext("Nobody signs in here"), words)


def _to_sign_in() -> ResponseReturnValue:
    """Pages go to the sign-in page and back; programs get 401."""
    if request.method not in SAFE and "X-CSRFToken" in request.headers:
        return {"error": "Sign in again: your session has ended."}, 401
    back = request.full_path if request.method in SAFE else _sender()
    return redirect(url_for("accounts.sign_in", next=back.rstrip("?")))


def _sender() -> str:
    """The path of the page that sent a form, as the browser says it; a program may say anything."""
    try:
        return urlsplit(request.referrer or "/").path
    except ValueError:
        return "/"


def _load(key: str) -> SignedIn | None:
    """The person behind a session id: the row must be alive, in time, and its person active. One query."""
    if not private():
        return None
    moment = now()
    asked = {
        "key_hash": _hash(key),
        "seen_after": moment - current_app.extensions["session_idle"],
        "began_after": moment - current_app.extensions["session_longest"],
    }
    with look() as database:
        row: Any = database.execute(WHO, asked).first()
    if row is None:
        return None
    signed_in = SignedIn(*row)
    g.login = signed_in
    return signed_in


def keep_alive(moment: datetime) -> None:
    """Note that a session is in use, at most once a minute, in a transaction of its own."""
    login: SignedIn | None = g.get("login")
    if login is None or (moment - login.seen_at).total_seconds() < 60:
        return
    writes()
    db.session.execute(update(Login).where(Login.id == login.login_id).values(seen_at=moment))
    db.session.commit()
    reads()


def sign_in(person: Person, moment: datetime) -> None:
    """Begin a session in the caller's transaction; whatever cookie came before is worth nothing now."""
    _end_this(moment)
    key = secrets.token_urlsafe(32)
    db.session.add(
        Login(
            key_hash=_hash(key), person_id=person.id, device=called(request.user_agent.string or ""),
            address=(request.remote_addr or "")[:64], began_at=moment, seen_at=moment,
        )
    )  # fmt: skip
    session.clear()
    person.session_key = key
    login_user(person, force=True)


def sign_out(moment: datetime) -> None:
    """End this session in the caller's transaction."""
    _end_this(moment)
    forget()
    session.clear()


def _end_this(moment: datetime) -> None:
    """End the session of the cookie that came with the request, if it opened anything."""
    login: SignedIn | None = g.get("login")
    if login is not None:
        db.session.execute(update(Login).where(Login.id == login.login_id).values(ended_at=moment))


def end_sessions(person_id: int, moment: datetime, but: int | None = None) -> None:
    """End every session of a person at once, in the caller's transaction; `but` spares the one in use."""
    db.session.execute(
        update(Login)
        .where(Login.person_id == person_id, Login.ended_at.is_(None), Login.id != (but or 0))
        .values(ended_at=moment)
    )


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
