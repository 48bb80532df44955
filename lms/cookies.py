"""The signed cookie and the token in forms: what was checked or signed once is remembered, not worked out again."""

from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeTimedSerializer

MOST = 2000


class Cookies(SecureCookieSessionInterface):
    """Flask's own cookies, with one signer for all requests and the contents of the cookies seen last."""

    def __init__(self) -> None:
        self.signer = lru_cache(super().get_signing_serializer)
        self.contents = lru_cache(MOST)(self._contents)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        return self.signer(app)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        return self.session_class(deepcopy(self.contents(app, cookie)))

    def _contents(self, app: Flask, cookie: str) -> dict[str, Any]:
        """What a genuine cookie holds, nothing for any other; how long it opens something its row says."""
        signer = self.signer(app)
        try:
            return dict(signer.loads(cookie)) if signer else {}
        except BadSignature:
            return {}


def token() -> str:
    """The CSRF token of this session's forms: the same for all, because it is good as long as the session."""
    return _signed(session["csrf_token"]) if "csrf_token" in session else str(generate_csrf())


@lru_cache(MOST)
def _signed(_secret: str) -> str:
    return str(generate_csrf())
