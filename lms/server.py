"""How the site is served: gunicorn with threads on Linux and macOS, waitress on Windows; a job worker beside it."""

import gc
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from lms import jobs
from lms.settings import Settings

THREADS = 16
LIVE = re.compile(r"/runs/[^/]+/(stream|state)|/healthz")
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def serve(
    app: Flask, host: str, port: int, workers: int, *, streams: bool = False, certificate: Path | None = None,
    key: Path | None = None,
) -> None:  # fmt: skip
    """Serve until told to stop, perhaps live streams alone; https with a certificate and its key.

    The app is made once, before its processes part, so that they share its memory; no connection may be open in it.
    The job worker lives inside the first process when jobs are kept in SQLite.
    """
    if sys.platform == "win32":
        _waitress(app, host, port)
        return
    if streams:
        app.wsgi_app = live_alone(app.wsgi_app)  # type: ignore[method-assign,assignment]  # as Werkzeug wants it
    tls = {"certfile": str(certificate), "keyfile": str(key)} if certificate and key else {}
    settings: Settings = app.extensions["settings"]
    _gunicorn(app, host, port, workers, tls, works=settings.sqlite and not settings.redis_url and not streams)


def _gunicorn(
    app: Flask, host: str, port: int, workers: int, tls: dict[str, str], *, works: bool
) -> None:  # fmt: skip
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - not there on Windows

    class Server(BaseApplication):
        """Gunicorn with our settings and nothing from the command line."""

        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            if works:
                app.extensions["worker"] = jobs.start_worker(app)
            return app

    def stop_threads(_server: Any, _worker: Any) -> None:
        app.extensions["streams"].stop()
        if "worker" in app.extensions:
            app.extensions["worker"].stop(graceful=True)

    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": "lms.lanes.Worker",
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 5,
        "worker_exit": stop_threads,
        "forwarded_allow_ips": "127.0.0.1",
        "limit_request_line": 4094,
        "limit_request_fields": 60,
        "control_socket_disable": True,
        "loglevel": "warning",
        "proc_name": "lms",
        **tls,
    }
    gc.collect()
    gc.freeze()  # what stands now is never looked through again, so that parent and workers go on sharing its memory
    Server().run()


def live_alone(site: Wsgi) -> Wsgi:
    """The site with no doors but those to live streams, to the same by polling, and to whether it is alive."""

    def live(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if LIVE.fullmatch(environ.get("PATH_INFO", "")):
            return site(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")])
        return []

    return live


def _waitress(app: Flask, host: str, port: int) -> None:
    from waitress import serve as run  # noqa: PLC0415 - only there on Windows

    worker = jobs.start_worker(app)
    try:
        run(app, host=host, port=port, threads=THREADS)
    finally:
        worker.stop(graceful=True)
