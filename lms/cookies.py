"""The signed cookie and the token in forms: what was signed or checked once is remembered, not worked out again."""

from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer

KEPT = 2000
_tokens: dict[str, str] = {}


class Cookies(SecureCookieSessionInterface):
    """Flask's own cookies with one signer for all requests, and the contents of those that were found genuine."""

    def __init__(self) -> None:
        self.signer = lru_cache(super().get_signing_serializer)
        self.contents = lru_cache(KEPT)(self._contents)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return self.signer(app)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app))
        return self.session_class(deepcopy(self.contents(app, cookie)) if cookie else None)

    def _contents(self, app: Flask, cookie: str) -> dict[str, Any]:
        signer = self.signer(app)
        try:
            return dict(signer.loads(cookie, max_age=int(app.permanent_session_lifetime.total_seconds())))
        except BadSignature:
            return {}


@lru_cache(KEPT)
def _signed(raw: str) -> str:
    """Flask-WTF's token for what stands in the cookie; it is good as long as the session."""
    return str(generate_csrf())


def csrf_token() -> str:
    return _signed(session["csrf_token"]) if "csrf_token" in session else generate_csrf()
