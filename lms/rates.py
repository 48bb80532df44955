"""How often an address may send one form, and how often it may guess wrong; with Redis over every process."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import ParamSpec

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from lms.settings import Settings

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
BY_ADDRESS = parse("600 per hour")
BY_ACCOUNT = parse("8 per hour")
MISSES = parse("600 per hour")
MISSES_OF_ONE = parse("30 per hour")


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


def refuse_guessing(*of: str) -> None:
    """Stop an address that missed 600 times within an hour, and anybody who asks about one thing missed 30 times.

    Only what `missed` says counts: a room of 200 that asks for what is there is never stopped.
    """
    limiter: FixedWindowRateLimiter = current_app.extensions["rates"]
    try:
        left = all(limiter.test(rate, "misses", who) for rate, who in _guessing(of))
    except StorageError:
        abort(503)
    if not left:
        abort(429)


def missed(*of: str) -> None:
    """Count a wrong guess of this address, and one about each thing it was about."""
    for rate, who in _guessing(of):
        _hit(rate, who, "misses")


def _guessing(of: tuple[str, ...]) -> list[tuple[RateLimitItem, str]]:
    return [(MISSES, request.remote_addr or ""), *((MISSES_OF_ONE, one) for one in of)]


def _hit(rate: RateLimitItem, who: str, deed: str = "") -> bool:
    """Count one more of a deed, else of this form; False where it is one too many."""
    limiter: FixedWindowRateLimiter = current_app.extensions["rates"]
    try:
        return limiter.hit(rate, deed or request.endpoint or "", who)
    except StorageError:
        abort(503)


def _account() -> str:
    return sha256(" ".join(request.form.get("email", "").split()).lower().encode()).hexdigest()
