"""What happens at the door: sign in and out, links, registration, one's own account, and accounts of others."""

from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from lms import audit
from lms.accounts import access, letters, limits, links, passwords, retention  # noqa: F401 - retention runs at night
from lms.accounts.access import organisers_only, public
from lms.accounts.forms import (
    PROFESSIONS,
    ROLES,
    Address,
    Change,
    ChangePassword,
    ChoosePassword,
    Confirm,
    Invite,
    Profile,
    Register,
    SignIn,
)
from lms.accounts.models import FailedSignIn, Login, Person, Profession, Purpose, Role, Standing
from lms.clock import now
from lms.database import db
from lms.mail import Letter
from lms.rates import limited, sparing
from lms.settings import Settings

bp = Blueprint("accounts", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def inside(address: str | None) -> str:
    """A path on this site to go on to, or home: never another host, whatever the address bar says."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return url_for("progress.home")
    if any(ord(character) < 33 or character == "\\" for character in address):
        return url_for("progress.home")
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else url_for("progress.home")


# --- signing in ----------------------------------------------------------------------------------------------


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Ask for a password, or send a link."""
    if current_user.is_authenticated:
        return redirect(inside(request.args.get("next")))
    return render_template("accounts/sign_in.html", form=SignIn(), registration=_settings().registration)


@bp.post("/sign-in")
@public
def begin_session() -> ResponseReturnValue:
    """Sign in with a password; the answer is the same whatever of the two was wrong."""
    form = SignIn()
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form, registration=_settings().registration), 422
    email, address, moment = form.email.data or "", request.remote_addr or "", now()
    if _held(email, address):
        form.form_errors = [gettext("Too many wrong passwords. Wait fifteen minutes, or ask for a link by e-mail.")]
        return render_template("accounts/sign_in.html", form=form, registration=_settings().registration), 429
    active = select(Person).where(Person.email == email, Person.standing == Standing.ACTIVE)
    stored = db.session.scalar(active.with_only_columns(Person.password_hash))
    db.session.rollback()  # checking takes a while, and nobody else could write meanwhile
    right = passwords.matches(stored, form.password.data or "")
    # Looked up anew: an account that was closed, or whose password was changed meanwhile, opens nothing.
    person = db.session.scalar(active.where(Person.password_hash == stored).with_for_update()) if right else None
    if person is None:
        db.session.add(FailedSignIn(account=_account(email), address=address[:64], at=moment))
        db.session.commit()
        form.form_errors = [gettext("Address and password do not belong together. Try again, or ask for a link.")]
        return render_template("accounts/sign_in.html", form=form, registration=_settings().registration), 422
    access.sign_in(person, moment)
    db.session.commit()
    return redirect(inside(request.args.get("next")))


def _account(email: str) -> str:
    return links.digest(email)


def _held(email: str, address: str) -> bool:
    since = now() - limits.WINDOW
    failed = select(func.count()).select_from(FailedSignIn).where(FailedSignIn.at > since)
    account = FailedSignIn.account == _account(email)
    here = FailedSignIn.address == address[:64]
    known = select(Login.id).join(Person).where(Person.email == email, Login.address == address[:64]).limit(1)
    return limits.too_many(
        db.session.scalar(failed.where(account, here)) or 0,
        db.session.scalar(failed.where(account)) or 0,
        db.session.scalar(failed.where(here)) or 0,
        db.session.scalar(known) is not None,
    )


@bp.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End this session; nothing of it stays in the browser but a queue that may wait for the network."""
    access.sign_out(now())
    db.session.commit()
    response = redirect(url_for("progress.home"))
    response.headers["Clear-Site-Data"] = '"cache", "cookies"'
    return response


@bp.route("/sign-in/link", methods=["GET", "POST"])
@public
@sparing
def ask_for_link() -> ResponseReturnValue:
    """Send a link that signs in; the answer is the same for an address we don't know."""
    return _send(Purpose.SIGN_IN)


@bp.route("/password/forgotten", methods=["GET", "POST"])
@public
@sparing
def forgotten() -> ResponseReturnValue:
    """Send a link to choose a new password; the answer is the same for an address we don't know."""
    return _send(Purpose.RESET)


def _send(purpose: Purpose) -> ResponseReturnValue:
    form = Address()
    if not form.validate_on_submit():
        return render_template("accounts/ask.html", form=form, purpose=purpose), 422 if form.is_submitted() else 200
    person = db.session.scalar(
        select(Person).where(Person.email == form.email.data, Person.standing == Standing.ACTIVE)
    )
    if person is not None:
        letters.send_link(person, purpose, links.make(person, purpose, now()))
        db.session.commit()
    return render_template("accounts/sent.html")


@bp.route("/sign-in/link/<token>", methods=["GET", "POST"])
@public
@limited
def sign_in_link(token: str) -> ResponseReturnValue:
    """Opening the link asks; only the button signs in, so that a mail scanner cannot use it up."""
    form = Confirm()
    if not form.validate_on_submit():
        if links.find(token, Purpose.SIGN_IN, now()) is None:
            return _spent()
        return render_template("accounts/confirm.html", form=form)
    moment = now()
    person = links.use(token, Purpose.SIGN_IN, moment)
    if person is None:
        return _spent()
    access.sign_in(person, moment)
    db.session.commit()
    return redirect(url_for("progress.home"))


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@public
@limited
def invitation(token: str) -> ResponseReturnValue:
    """Choose the first password."""
    return _choose(token, Purpose.INVITATION)


@bp.route("/password/<token>", methods=["GET", "POST"])
@public
@limited
def new_password(token: str) -> ResponseReturnValue:
    """Choose a new password; every session of the account ends."""
    return _choose(token, Purpose.RESET)


def _choose(token: str, purpose: Purpose) -> ResponseReturnValue:
    moment = now()
    link = links.find(token, purpose, moment)
    if link is None:
        return _spent()
    form = ChoosePassword(link.person.email, link.person.name)
    if not form.validate_on_submit():
        page = render_template("accounts/choose_password.html", form=form, email=link.person.email)
        return page, 422 if form.is_submitted() else 200
    db.session.rollback()  # hashing takes a while, and nobody else could write meanwhile
    kept = passwords.keep(form.password.data or "")
    person = links.use(token, purpose, moment)
    if person is None:
        return _spent()
    _set_password(person, kept)
    access.sign_in(person, moment)
    db.session.commit()
    return redirect(url_for("progress.home"))


def _set_password(person: Person, kept: str) -> None:
    """A new password ends every session and every open link."""
    person.password_hash = kept
    links.spend(person.id, now())
    access.end_sessions(person.id, now())


def _spent() -> ResponseReturnValue:
    db.session.rollback()
    return render_template("accounts/spent.html"), 404


@bp.route("/register", methods=["GET", "POST"])
@public
@sparing
def register() -> ResponseReturnValue:
    """Ask for an account; the answer is the same whether there is one already."""
    settings = _settings()
    if settings.registration == "invite":
        abort(404)
    form = Register()
    if not form.validate_on_submit():
        page = render_template("accounts/register.html", form=form, registration=settings.registration)
        return page, 422 if form.is_submitted() else 200
    opened = settings.registration == "open"
    person = Person(
        email=form.email.data, name=form.name.data, profession=Profession(form.profession.data),
        organisation=form.organisation.data, country=form.country.data, language=_language(),
        standing=Standing.ACTIVE if opened else Standing.WAITING, joined_at=now(),
    )  # fmt: skip
    db.session.add(person)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        return render_template("accounts/asked.html", opened=opened)
    if opened:
        letters.send_link(person, Purpose.INVITATION, links.make(person, Purpose.INVITATION, now()))
    db.session.commit()
    return render_template("accounts/asked.html", opened=opened)


def _language() -> str:
    return str(g.get("locale", "en"))


# --- one's own account ---------------------------------------------------------------------------------------


@bp.get("/account")
def account() -> ResponseReturnValue:
    """Profile, password and sessions."""
    return _account_page(_profile())


def _myself() -> Person:
    """My own row, to be changed."""
    return db.session.get_one(Person, current_user.id)


def _profile() -> Profile:
    return Profile(_settings().locales, obj=current_user)


def _account_page(form: Profile, password: ChangePassword | None = None, status: int = 200) -> ResponseReturnValue:
    sessions = db.session.scalars(
        select(Login)
        .where(Login.person_id == current_user.id, Login.ended_at.is_(None))
        .where(Login.seen_at > now() - _settings().session_idle)
        .order_by(Login.seen_at.desc())
    ).all()
    password = password or ChangePassword(current_user.email, current_user.name)
    page = render_template(
        "accounts/account.html",
        form=form,
        password_form=password,
        sessions=sessions,
        here=current_user.login_id,
        roles=ROLES,
    )
    return page, status


@bp.post("/account")
def change_profile() -> ResponseReturnValue:
    """Keep the profile."""
    form = _profile()
    if not form.validate_on_submit():
        return _account_page(form, status=422)
    person = _myself()
    person.name = form.name.data
    person.profession = Profession(form.profession.data)
    person.organisation = form.organisation.data
    person.country = form.country.data
    person.language = form.language.data
    db.session.commit()
    flash(gettext("Your profile is kept."))
    return redirect(url_for("accounts.account"))


@bp.post("/account/password")
@limited
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends and this one begins anew."""
    person = _myself()
    form = ChangePassword(person.email, person.name)
    valid = form.validate_on_submit()
    if valid and not passwords.matches(person.password_hash, form.current.data or ""):
        form.current.errors = [gettext("This is not your current password.")]
        valid = False
    if not valid:
        return _account_page(_profile(), form, 422)
    _set_password(person, passwords.keep(form.password.data or ""))
    access.sign_in(person, now())
    db.session.commit()
    flash(gettext("Your password is changed, and your other sessions have ended."))
    return redirect(url_for("accounts.account"))


@bp.post("/account/sessions/end")
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    access.end_sessions(current_user.id, now(), but=current_user.login_id)
    db.session.commit()
    flash(gettext("Your other sessions have ended."))
    return redirect(url_for("accounts.account"))


@bp.post("/account/sessions/<int:login_id>/end")
def end_session(login_id: int) -> ResponseReturnValue:
    """End one of my sessions."""
    login = db.session.scalar(
        select(Login).where(Login.id == login_id, Login.person_id == current_user.id, Login.ended_at.is_(None))
    ) or abort(404)
    login.ended_at = now()
    db.session.commit()
    return redirect(url_for("accounts.account"))


# --- accounts of others --------------------------------------------------------------------------------------


@bp.get("/desk/people")
@organisers_only
def people() -> ResponseReturnValue:
    """Who waits for an account, who has one, and a form to invite."""
    return _people_page(Invite())


def _people_page(form: Invite, status: int = 200) -> ResponseReturnValue:
    everyone = db.session.scalars(select(Person).order_by(Person.name, Person.id)).all()
    waiting = [person for person in everyone if person.standing == Standing.WAITING]
    others = [person for person in everyone if person.standing != Standing.WAITING]
    page = render_template(
        "accounts/people.html", form=form, waiting=waiting, people=others, roles=ROLES, professions=PROFESSIONS
    )
    return page, status


@bp.post("/desk/people")
@organisers_only
def invite() -> ResponseReturnValue:
    """Make an account and send its invitation."""
    form = Invite()
    if not form.validate_on_submit():
        return _people_page(form, 422)
    person = Person(
        email=form.email.data, name=form.name.data, role=Role(form.role.data), language=_language(), joined_at=now()
    )
    inviter = current_user.id
    db.session.add(person)
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        form.email.errors = [gettext("There is an account with this address already.")]
        return _people_page(form, 422)
    letters.send_link(person, Purpose.INVITATION, links.make(person, Purpose.INVITATION, now()))
    audit.record("person.invited", inviter, person=person.id, role=person.role.value)
    db.session.commit()
    flash(gettext("The invitation is on its way."))
    return redirect(url_for("accounts.people"))


@bp.get("/desk/people/<int:person_id>")
@organisers_only
def person(person_id: int) -> ResponseReturnValue:
    """One account."""
    found = db.session.get(Person, person_id) or abort(404)
    return _person_page(found, Change(obj=found, data={"active": found.standing == Standing.ACTIVE}))


def _person_page(found: Person, form: Change, status: int = 200) -> ResponseReturnValue:
    return (
        render_template("accounts/person.html", form=form, found=found, roles=ROLES, professions=PROFESSIONS),
        status,
    )


@bp.post("/desk/people/<int:person_id>")
@organisers_only
def change_person(person_id: int) -> ResponseReturnValue:
    """Change role, extra time or standing; a changed role or a closed account ends every session at once."""
    found = db.session.get(Person, person_id) or abort(404)
    form = Change()
    if not form.validate_on_submit():
        return _person_page(found, form, 422)
    role, standing = Role(form.role.data), Standing.ACTIVE if form.active.data else Standing.DISABLED
    if found.id == current_user.id and (role != found.role or standing != found.standing):
        form.form_errors = [
            gettext("You cannot change your own role or close your own account: ask another organiser.")
        ]
        return _person_page(found, form, 422)
    changed = {"role": (found.role, role), "standing": (found.standing, standing)}
    extra = form.extra_time.data or 0
    if extra != found.extra_time:
        audit.record("person.extra_time", current_user.id, person=found.id, per_cent=extra)
        found.extra_time = extra
    for what, (was, will) in changed.items():
        if was != will:
            audit.record(f"person.{what}", current_user.id, person=found.id, was=was.value, now=will.value)
            setattr(found, what, will)
            access.end_sessions(found.id, now())
            links.spend(found.id, now())
    db.session.commit()
    flash(gettext("The account is changed."))
    return redirect(url_for("accounts.person", person_id=found.id))


@bp.post("/desk/people/<int:person_id>/welcome")
@organisers_only
def welcome(person_id: int) -> ResponseReturnValue:
    """Open an account that was asked for, or send its invitation again."""
    found = db.session.get(Person, person_id) or abort(404)
    if found.standing == Standing.DISABLED:
        abort(404)
    audit.record("person.welcomed", current_user.id, person=found.id)
    found.standing = Standing.ACTIVE
    letters.send_link(found, Purpose.INVITATION, links.make(found, Purpose.INVITATION, now()))
    db.session.commit()
    flash(gettext("The invitation is on its way."))
    return redirect(url_for("accounts.people"))


@bp.post("/desk/people/<int:person_id>/refuse")
@organisers_only
def refuse(person_id: int) -> ResponseReturnValue:
    """Take a request for an account away."""
    found = db.session.scalar(
        select(Person).where(Person.id == person_id, Person.standing == Standing.WAITING)
    ) or abort(404)
    audit.record("person.refused", current_user.id, person=found.id)
    db.session.delete(found)
    db.session.commit()
    flash(gettext("The request is taken away."))
    return redirect(url_for("accounts.people"))


@bp.post("/desk/people/<int:person_id>/sessions/end")
@organisers_only
def end_sessions_of(person_id: int) -> ResponseReturnValue:
    """End every session of someone whose device was lost."""
    found = db.session.get(Person, person_id) or abort(404)
    audit.record("person.sessions_ended", current_user.id, person=found.id)
    access.end_sessions(found.id, now())
    db.session.commit()
    flash(gettext("Every session of this account has ended."))
    return redirect(url_for("accounts.person", person_id=found.id))


@bp.get("/outbox")
@organisers_only
def outbox() -> ResponseReturnValue:
    """Letters that no mail server takes, for a developer to read; not there in production."""
    if _settings().production:
        abort(404)
    written = db.session.scalars(select(Letter).order_by(Letter.id.desc()).limit(50)).all()
    return render_template("accounts/outbox.html", letters=written)
