"""The application: a table of contents of all its wings."""

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app, g, request, url_for
from flask_babel import Babel, get_locale, gettext
from flask_login import current_user
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.middleware.proxy_fix import ProxyFix

from lms import database, hub, jobs, pages, rates, sheets
from lms.accounts import access
from lms.accounts import views as accounts_views
from lms.accounts.models import Role
from lms.certificates import check_pages, organiser_pages
from lms.certificates import views as certificates_views
from lms.clock import now
from lms.content import library
from lms.content.prose import inline
from lms.cookies import Cookies
from lms.database import db
from lms.desk import views as desk_views
from lms.events import (
    copy_pages,
    desk_json,
    desk_pages,
    import_pages,
    paper_pages,
    people_pages,
    registrations_pages,
    roll_pages,
)
from lms.events import views as events_views
from lms.exercises import (
    player_pages,
    report_pages,
    run_copy_pages,
    run_json,
    run_pages,
    run_stream,
    screen_pages,
    trainer_pages,
)
from lms.health import views as health_views
from lms.lessons import views as lessons_views
from lms.paths import MIGRATIONS, MODULES, STATIC, TEMPLATES, TRANSLATIONS
from lms.privacy import views as privacy_views
from lms.progress import views as progress_views
from lms.quizzes import views as quizzes_views
from lms.reports import views as reports_views
from lms.settings import LANGUAGES, Settings, read

EVENTS = (
    events_views, desk_pages, desk_json, people_pages, registrations_pages, import_pages, roll_pages, paper_pages,
    copy_pages,
)  # fmt: skip
EXERCISES = (
    run_json, screen_pages, report_pages, player_pages, run_copy_pages, run_stream, run_pages, trainer_pages,
)  # fmt: skip
CERTIFICATES = (certificates_views, check_pages, organiser_pages)
WINGS = (
    accounts_views, lessons_views, quizzes_views, *EVENTS, *EXERCISES, progress_views, *CERTIFICATES, desk_views,
    reports_views, privacy_views, health_views,
)  # fmt: skip


class Site(Flask):
    """Flask, which would ask ten times a page whether a function of ours is a coroutine; none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The site as a WSGI application. Raises HalfConfigured or BadMaterial rather than start half."""
    settings = settings or read()
    app = Site("lms", static_folder=str(STATIC), template_folder=str(TEMPLATES), instance_path=str(settings.instance))
    app.extensions["settings"] = settings
    _configure(app, settings)
    pages.init_app(app, settings)
    app.jinja_env.filters["inline"] = inline
    database.init_app(app, settings)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    library.init_app(app, MODULES)
    rates.init_app(app, settings)
    hub.init_app(app, settings)
    sheets.init_app(app)
    jobs.init_app(app, settings)
    app.before_request(_choose_language)
    access.init_app(app, settings)
    app.session_interface = Cookies()
    CSRFProtect(app)
    Babel(app, locale_selector=lambda: g.get("locale", "en"))
    app.jinja_env.globals["_"] = pages.said
    app.context_processor(_chrome)
    app.after_request(_note_use)
    for wing in WINGS:
        wing.init_app(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]  # as Werkzeug wants it
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_key_fallbacks),
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=True,
        BABEL_DEFAULT_TIMEZONE=settings.timezone,
        BABEL_TRANSLATION_DIRECTORIES=str(TRANSLATIONS),
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
    )
    if settings.production:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _choose_language() -> None:
    """The language is the address bar's for one page, else the person's, else the browser's."""
    asked = request._get_current_object()  # type: ignore[attr-defined]  # asked often: a proxy looks each time
    g.rollback = db.session.rollback
    if asked.endpoint == "static":
        return
    locales = current_app.extensions["settings"].locales
    wanted = asked.args.get("lang", "") if asked.query_string else ""
    if wanted not in locales:
        visitor = current_user._get_current_object()
        wanted = visitor.language if visitor.is_authenticated else ""
    if wanted not in locales:
        wanted = _negotiated(asked.headers.get("Accept-Language", ""), locales)
    g.locale = wanted


@lru_cache(256)
def _negotiated(accepted: str, locales: tuple[str, ...]) -> str:
    """The language that a browser likes best of those on offer; browsers say the same with every request."""
    return parse_accept_header(accepted, LanguageAccept).best_match(locales) or "en"


def _chrome() -> dict[str, object]:
    """What the layout needs from everywhere: the menu, who is signed in, languages, helplines."""
    settings: Settings = current_app.extensions["settings"]
    signed_in = not g.get("nobody") and current_user.is_authenticated
    person = current_user._get_current_object() if signed_in else None
    return {
        "lang": g.get("locale", "en"),
        "dir": get_locale().text_direction if get_locale() else "ltr",
        "person": person,
        "menu": _menu(person.role if person else None),
        "languages": _languages(settings),
        "account_url": url_for("accounts.account"),
        "sign_out_url": url_for("accounts.sign_out"),
        "sign_in_url": url_for("accounts.sign_in"),
        "helplines": _helplines(person.country if person else ""),
        "foot_links": [
            {"label": gettext("Join a live exercise"), "url": url_for("playing.join")},
            {"label": gettext("Privacy"), "url": url_for("privacy.privacy")},
            {"label": gettext("Accessibility"), "url": url_for("privacy.accessibility")},
            {"label": gettext("Check a certificate"), "url": url_for("check.check")},
        ],
    }


def _menu(role: Role | None) -> list[dict[str, object]]:
    ways: list[tuple[str, str, tuple[str, ...]]] = [
        ("progress.home", gettext("Course"), ("/", "/modules/", "/attempts/"))
    ]
    if role is not None:
        ways.append(("events.events", gettext("Events"), ("/events/", "/desk/attendance/")))
        ways.append(("progress.progress", gettext("My progress"), ("/progress",)))
        ways.append(("certificates.mine", gettext("Certificates"), ("/certificates/", "/desk/certificates/")))
    ways.append(("lessons.glossary", gettext("Glossary"), ("/glossary/",)))
    if role in access.STAFF:
        ways.append(("conducting.runs", gettext("Exercises"), ("/runs/",)))
    if role is Role.ORGANISER:
        ways.append(("accounts.people", gettext("People"), ("/desk/people",)))
        ways.append(("reports.reports", gettext("Reports"), ("/desk/reports",)))
    here = request.path
    return [
        {
            "url": url_for(endpoint),
            "label": label,
            "current": any(here == start or (start != "/" and here.startswith(start)) for start in starts),
        }
        for endpoint, label, starts in ways
    ]


def _languages(settings: Settings) -> list[dict[str, object]]:
    here = g.get("locale", "en")
    return [
        {"code": code, "name": LANGUAGES[code], "url": f"?lang={code}", "current": code == here}
        for code in settings.locales
    ]


def _helplines(country: str) -> list[dict[str, str]]:
    """The numbers that answer where the reader is."""
    lines = library.course().helplines
    return [{"number": line.number, "serves": line.serves} for line in lines if country not in line.absent]


def _note_use(response: Response) -> Response:
    """Keep the session alive while it is used; a page that cannot note it is still a page."""
    if g.get("login") is not None and response.status_code < 500:
        try:
            access.keep_alive(now())
        except OperationalError:
            db.session.rollback()
    return response
