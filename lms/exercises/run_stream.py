"""A run as server-sent events: the snapshot of `/runs/<id>/state` whenever it is another."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from lms.accounts.access import SignedIn, public
from lms.exercises import streaming
from lms.exercises.lookers import JOIN_FIRST, Looker, looker
from lms.exercises.models import Run
from lms.exercises.streaming import Listener

bp = Blueprint("run_stream", __name__)
WAIT = "60"  # seconds after which a browser that polls may ask again for a stream


class Following(Response):
    """An answer that begins as any other; its connection then goes over to the streams of this process."""

    automatically_set_content_length = False

    def __init__(self, listener: Listener) -> None:
        super().__init__(mimetype="text/event-stream")
        self.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Connection": "close"})
        self.listener = listener

    def __call__(self, environ: Any, start_response: Any) -> Any:
        head = [f"HTTP/1.1 {self.status}", *(f"{name}: {value}" for name, value in self.get_wsgi_headers(environ))]
        line = streaming.take(environ)
        streaming.streams().begin(line, "\r\n".join([*head, "", ""]).encode("latin-1"), self.listener)
        return super().__call__(environ, start_response)


def init_app(app: Flask) -> None:
    streaming.init_app(app)
    app.register_blueprint(bp)


@bp.get("/runs/<uuid:run_id>/stream")
@public
def stream(run_id: UUID) -> ResponseReturnValue:
    """Follow a run, as those who may ask for its state; 503 where that is to be asked for again and again instead."""
    who = looker(run_id)
    if who is None:
        return {"error": str(JOIN_FIRST), "field": "code"}, 401
    if request.method != "GET" or not streaming.offered(request.environ):
        return {"error": gettext("There is no live stream here now.")}, 503, {"Retry-After": WAIT}
    return Following(_listener(run_id, who))


def _listener(run_id: UUID, who: Looker) -> Listener:
    """By what they were let in, so that it can be asked later whether that still holds."""
    if who.by_key:
        return Listener(run_id, who.audience)
    login: SignedIn | None = g.get("login")
    session = login.login_id if login else None
    if isinstance(who.sees, Run):
        return Listener(run_id, who.audience, login_id=session)
    player = who.sees
    if login is None or login.id != player.person_id:
        return Listener(run_id, who.audience, player.id, player.key_hash)
    return Listener(run_id, who.audience, player.id, login_id=session)
