"""A holder's own certificates: what there is, what is due, the name as printed, the file."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from lms import pdf
from lms.accounts.models import Role
from lms.certificates import answers, checking, due, issuing, numbers, retention, signing  # noqa: F401 - at night
from lms.certificates.checking import Answer
from lms.certificates.due import Candidate
from lms.certificates.models import Certificate, CertificateFile, ConfirmedName
from lms.certificates.name_form import NameIsRight
from lms.certificates.parts import COURSE, Outcome, Stands
from lms.certificates.reasons import reason
from lms.clock import now
from lms.content.library import course
from lms.database import db, insert, reads, writes
from lms.events import staff
from lms.events.models import Event
from lms.pages import day, error
from lms.settings import LANGUAGES, Settings

bp = Blueprint("certificates", __name__)
SIGNS = {"good": "done", "warn": "none", "bad": "wrong"}
SHOWN = ("event", "present", "hours", "issued")  # of the facts that a check tells


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


# --- what there is -------------------------------------------------------------------------------------------


@bp.get("/certificates/")
def mine() -> ResponseReturnValue:
    """What there is, what is due, and what is missing for the rest."""
    return _page(NameIsRight(), due.of_person(current_user.id))


def _page(form: NameIsRight, candidates: Sequence[Candidate], refused: str = "") -> str:
    ready = [one for one in candidates if one.stands in (Stands.DUE, Stands.NAME)]
    name = next((one.holder.name for one in candidates), current_user.name)
    settings: Settings = current_app.extensions["settings"]
    locale = current_user.language if current_user.language in settings.locales else "en"
    return render_template(
        "certificates/mine.html",
        form=form,
        certificates=_certificates(),
        ready=[_called(one) for one in ready],
        asks_name=any(one.stands is Stands.NAME for one in ready),
        name=name,
        beside_english=LANGUAGES[locale] if locale != "en" else "",
        stopped=[_called(one) for one in candidates if one.stands is Stands.LETTERS],
        letters=[_letter(letter) for letter in pdf.unprintable(name)],
        lacking=[
            _called(one) | {"why": reason(one)} for one in candidates if one.stands in (Stands.MISSING, Stands.EARLY)
        ],
        refused=refused,
        issues=_issues(),
    )


def _issues() -> list[tuple[str, str]]:
    """Where someone issues papers for others: the address and what it is about; empty for who takes part alone."""
    if current_user.role is Role.PRACTITIONER:
        return []
    scopes = [(event.slug, event.title) for event in db.session.scalars(staff.organised().order_by(Event.title))]
    if current_user.role is Role.ORGANISER:
        scopes.append((COURSE, course().title))
    return [(url_for("issuing.people", scope=scope), title) for scope, title in scopes]


def _certificates() -> list[dict[str, Any]]:
    """Each paper of mine, those that are good first, with what a check of its number says."""
    found = db.session.scalars(
        select(Certificate)
        .options(joinedload(Certificate.successor))
        .where(due.given_to(current_user.id))
        .order_by(Certificate.id.desc())
    ).all()
    ids = [one.id for one in found]
    kept = set(
        db.session.scalars(select(CertificateFile.certificate_id).where(CertificateFile.certificate_id.in_(ids)))
    )
    shown = [_shown(one, one.id in kept) for one in found]
    return sorted(shown, key=lambda one: one["outcome"] is not Outcome.VALID)


def _shown(certificate: Certificate, kept: bool) -> dict[str, Any]:
    answer = checking.by_number(certificate.number)
    facts = {line.key: line for line in answers.lines(answer, g.locale)}
    said = answers.said(answer)
    return {
        "number": certificate.number,
        "outcome": answer.outcome,
        "kind": answers.KINDS[certificate.kind],
        "title": facts["for"],
        "state": (SIGNS[said.tone], said.word),
        "said": _state(certificate, answer),
        "name": certificate.name,
        "facts": [(answers.LABELS[key], facts[key].text) for key in SHOWN if key in facts],
        "until": certificate.keep_until,
        "check": certificate.statement_kept["check"],
        "kept": kept,
    }


def _state(certificate: Certificate, answer: Answer) -> tuple[str, str, str]:
    """How it stands beyond one word, what somebody wrote about that, and what to do."""
    since = day(answer.since) if answer.since else ""
    if answer.key_compromised:
        said = gettext("The key that signed it was not safe any more from %(day)s on.", day=since)
        return said, "", gettext("Ask the organisers for a new one.")
    if answer.outcome is Outcome.REVOKED:
        said = gettext("Revoked since %(day)s. The reason given:", day=since)
        return said, certificate.revoked_why, gettext("If you think this is wrong, write to the organisers.")
    if answer.outcome is Outcome.SUPERSEDED:
        said = gettext("Superseded on %(day)s. The reason given:", day=since)
        if certificate.successor is not None:
            number = certificate.successor.number
            said = gettext("Superseded by %(number)s on %(day)s. The reason given:", number=number, day=since)
        return said, certificate.superseded_why, ""
    if certificate.name not in ("", current_user.name):
        ask = gettext("If the certificate should say so too, ask the organisers: they can issue one in its place.")
        return gettext("Your account now says:"), current_user.name, ask
    return "", "", ""


def _called(one: Candidate) -> dict[str, Any]:
    """What a paper is called: its kind, and the event it is of or its title."""
    own = course().paper(one.paper.id) or one.paper
    return {"kind": answers.KINDS[one.paper.kind], "title": one.event.title if one.event else own.title}


def _letter(letter: str) -> str:
    """A letter with its number and its English name: “𓀀” (U+13000, EGYPTIAN HIEROGLYPH A001)."""
    name = unicodedata.name(letter, "")
    return f"“{letter}” (U+{ord(letter):04X}{', ' + name if name else ''})"


# --- asking for what is due ----------------------------------------------------------------------------------


@bp.post("/certificates/")
def ask() -> ResponseReturnValue:
    """Make everything I am due; asked twice, also at once, it is the same papers."""
    reads()
    form, moment = NameIsRight(), now()
    candidates = due.of_person(current_user.id)
    ready = _ready(form, candidates)
    if not ready:
        return _refused(form, candidates)
    to_confirm = next((one.holder.name for one in ready if one.stands is Stands.NAME), "")
    drafts = [issuing.drafted(msgspec.structs.replace(one, confirmed=True), moment) for one in ready]
    db.session.rollback()  # what follows takes a while, and needs no connection
    try:
        made = [issuing.make(draft) for draft in drafts]
    except (pdf.Failed, signing.NoKey) as fault:
        return error(503, gettext("No certificate was made"), str(fault))
    writes()
    if to_confirm:
        _confirm(to_confirm, moment)
    for one in made:
        issuing.keep(one, current_user.id, moment)
    db.session.commit()
    flash(ngettext("Your certificate is ready.", "Your %(num)s certificates are ready.", len(made)))
    return redirect(url_for("certificates.mine"))


def _ready(form: NameIsRight, candidates: Iterable[Candidate]) -> list[Candidate]:
    """What can be made now: a name counts as confirmed where it was, or where the tick stood under this very name."""
    right = form.name_is_right.data
    return [
        one
        for one in candidates
        if one.stands is Stands.DUE
        or (one.stands is Stands.NAME and right and form.name.data in (None, "", one.holder.name))
    ]


def _refused(form: NameIsRight, candidates: Sequence[Candidate]) -> ResponseReturnValue:
    """Why nothing is made; who has everything already goes to see it."""
    stands = {one.stands for one in candidates}
    if Stands.NAME in stands:
        form.name_is_right.errors = [gettext("Tick that the name is right, or change it in My account first.")]
        return _told(form, candidates, str(form.name_is_right.errors[0]), 422, "name_is_right")
    if Stands.LETTERS in stands:
        return _told(form, candidates, gettext("The name has a letter that cannot be printed."), 409)
    if Stands.ISSUED in stands:
        return redirect(url_for("certificates.mine"))
    return _told(form, candidates, gettext("Nothing is due yet: below stands what is missing."), 409)


def _told(
    form: NameIsRight, candidates: Sequence[Candidate], said: str, code: int, field: str = ""
) -> ResponseReturnValue:
    if request.accept_mimetypes.best == "application/json":
        return {"error": said} | ({"field": field} if field else {}), code
    return _page(form, candidates, "" if field else said), code


def _confirm(name: str, moment: datetime) -> None:
    """Keep the name as its holder wants it printed; the newest counts."""
    values = {"name": name, "at": moment, "by_id": current_user.id}
    db.session.execute(
        insert(ConfirmedName)
        .values(person_id=current_user.id, **values)
        .on_conflict_do_update(index_elements=[ConfirmedName.person_id], set_=values)
    )


# --- the file ------------------------------------------------------------------------------------------------


@bp.get("/certificates/<number>.pdf")
def file(number: str) -> ResponseReturnValue:
    """The file exactly as it was issued: for its holder, and for organisers of what it is of."""
    tidy = numbers.tidy(number) or abort(404)
    found = db.session.scalar(select(Certificate).where(Certificate.number == tidy, _readable())) or abort(404)
    content = issuing.content_of(found)
    if content is None:
        return error(
            410,
            gettext("No longer kept"),
            gettext(
                "Certificate %(number)s was kept until %(day)s. Its file and the name are gone; its number can still "
                "be checked.",
                number=found.number, day=day(found.keep_until),
            ),
        )  # fmt: skip
    headers = {
        "Content-Disposition": f'attachment; filename="certificate-{found.number}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, mimetype="application/pdf", headers=headers)


def _readable() -> ColumnElement[bool]:
    """Papers that I may fetch: my own, those of events that I organise; a coordinator all."""
    if current_user.role is Role.ORGANISER:
        return Certificate.id.is_not(None)
    mine = due.given_to(current_user.id)
    if current_user.role is Role.PRACTITIONER:  # an appointment may outlast the role
        return mine
    return or_(mine, Certificate.scope.in_(staff.organised().with_only_columns(Event.slug)))
