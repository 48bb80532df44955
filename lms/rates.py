"""How often an address may send one form; with Redis counted over every process, else within one."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import ParamSpec

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from limits import parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from lms.settings import Settings

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
BY_ADDRESS = parse("600 per hour")
BY_ACCOUNT = parse("8 per hour")


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the counts to their store; where it does not answer, the doors that are limited stay shut."""
    store = storage_from_string(settings.redis_url or "memory://", wrap_exceptions=True)
    app.extensions["rates"] = FixedWindowRateLimiter(store)


def limited(view: View[P]) -> View[P]:
    """Let an address send this form 600 times an hour: a room of 200 gets in, a machine that guesses does not."""

    @wraps(view)
    def counted(*arguments: P.args, **options: P.kwargs) -> ResponseReturnValue:
        if request.method == "POST" and not _hit(BY_ADDRESS, request.remote_addr or ""):
            abort(429)
        return view(*arguments, **options)

    return counted


def sparing(view: View[P]) -> View[P]:
    """Let one e-mail address be sent eight letters an hour, known to us or not."""

    @wraps(view)
    def counted(*arguments: P.args, **options: P.kwargs) -> ResponseReturnValue:
        if request.method == "POST" and not _hit(BY_ACCOUNT, _account()):
            abort(429)
        return view(*arguments, **options)

    return limited(counted)


def _hit(rate: object, who: str) -> bool:
    """Count one more; False where it is one too many."""
    limiter: FixedWindowRateLimiter = current_app.extensions["rates"]
    try:
        return limiter.hit(rate, request.endpoint or "", who)  # type: ignore[arg-type]
    except StorageError:
        abort(503)


def _account() -> str:
    return sha256(" ".join(request.form.get("email", "").split()).lower().encode()).hexdigest()
