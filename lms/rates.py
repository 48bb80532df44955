"""How often an address may knock at one door; with Redis over every process, else within one."""

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar, cast

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from lms.settings import Settings

View = TypeVar("View", bound=Callable[..., object])
limiter = Limiter(get_remote_address, headers_enabled=False)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the limits to their store; where it does not answer, the doors that are limited stay shut."""
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "memory://"
    app.config["RATELIMIT_SWALLOW_ERRORS"] = False
    limiter.init_app(app)


@limiter.request_filter
def reads() -> bool:
    """Only what is sent is limited; this spares every page the search for a limit."""
    return request.method != "POST"


def limited(view: View) -> View:
    """Let an address send this form 600 times an hour: a room of 200 gets in, a machine that guesses does not."""
    return cast("View", limiter.limit("600 per hour", methods=["POST"])(view))


def sparing(view: View) -> View:
    """Let one e-mail address be sent eight letters an hour, known to us or not."""
    return limited(cast("View", limiter.limit("8 per hour", methods=["POST"], key_func=_account)(view)))


def _account() -> str:
    return sha256(" ".join(request.form.get("email", "").split()).lower().encode()).hexdigest()
