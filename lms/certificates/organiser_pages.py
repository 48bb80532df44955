"""Who is due a paper and who is not, papers in batches, superseding and revoking: for organisers."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext, ngettext
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from lms import audit, pdf, spreadsheet
from lms.accounts.access import STAFF, trainers_only
from lms.accounts.forms import Form
from lms.accounts.models import Person, Role, Standing
from lms.certificates import batches, due, issuing, numbers, parcel, signing, standings
from lms.certificates.due import Candidate
from lms.certificates.issuing import AlreadyEnded, NotDue
from lms.certificates.models import Batch, BatchLine, Certificate, ConfirmedName, SigningKey
from lms.certificates.organiser_forms import Revoke, Supersede
from lms.certificates.parts import COURSE, LineState, Stands, State
from lms.certificates.reasons import STANDS, reason
from lms.certificates.standings import Scope
from lms.clock import now
from lms.database import db, insert, reads, writes
from lms.events import staff
from lms.events.models import Appointment, Event, Registration
from lms.events.parts import Charge
from lms.jobs import SILENT
from lms.pages import error
from lms.progress import words

bp = Blueprint("issuing", __name__)
AT_ONCE = 75  # rows of a page; a file has them all
NAMES_AT_ONCE = 25


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


def _scope_or_404(name: str) -> Scope:
    """An event that the one who asks organises, or the course for a coordinator."""
    if name != COURSE:
        return standings.scope_of(staff.organised_or_404(name))
    if current_user.role is not Role.ORGANISER:
        abort(404)
    return standings.scope_of(None)


# --- who is due, and who is not --------------------------------------------------------------------------------


@bp.get("/desk/certificates/<scope>")
@trainers_only
def people(scope: str) -> ResponseReturnValue:
    """Everyone, how they stand, and why they get no paper."""
    found = _scope_or_404(scope)
    asked = standings.wanted(request.args, found)
    rows = standings.everyone(found)
    wanted = standings.shown(rows, asked)
    whole = request.args.get("rows") == "all"
    to_confirm = [row for row in rows if row.stands is Stands.NAME and row.one]
    return render_template(
        "certificates/issue.html",
        scope=found,
        wanted=asked,
        rows=wanted if whole else wanted[:AT_ONCE],
        all_rows=len(wanted),
        everyone=len(rows),
        figures=standings.figures(rows),
        to_confirm=to_confirm if whole else to_confirm[:NAMES_AT_ONCE],
        titles=standings.titles(found),
        stands=STANDS,
        batches=_batches(found),
        kinds=list(spreadsheet.MIMETYPES),
    )


def _batches(scope: Scope) -> Sequence[Batch]:
    """The last batches, the newest first."""
    return db.session.scalars(select(Batch).where(Batch.scope == scope.slug).order_by(Batch.id.desc()).limit(5)).all()


@bp.get("/desk/certificates/<scope>/table.csv", defaults={"kind": "csv"})
@bp.get("/desk/certificates/<scope>/table.xlsx", defaults={"kind": "xlsx"})
@bp.get("/desk/certificates/<scope>/table.ods", defaults={"kind": "ods"})
@trainers_only
def table(scope: str, kind: str) -> ResponseReturnValue:
    """The same as a spreadsheet; that it was fetched is noted first."""
    found = _scope_or_404(scope)
    rows = standings.shown(standings.everyone(found), standings.wanted(request.args, found))
    sheet = standings.sheet(found, rows)
    db.session.commit()
    writes()
    audit.record("certificates.listed", current_user.id, scope=found.slug, rows=len(rows), format=kind)
    db.session.commit()
    reads()
    content = spreadsheet.written(kind, [sheet], str(get_locale() or "en"))
    return _file(content, spreadsheet.MIMETYPES[kind], spreadsheet.filename(f"certificates-{found.slug}", kind))


def _file(content: Any, mimetype: str, name: str, length: int | None = None) -> Response:
    answer = Response(stream_with_context(content), mimetype=mimetype)
    if length is not None:
        answer.content_length = length
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@bp.get("/desk/certificates/<scope>.zip")
@trainers_only
def zip_file(scope: str) -> ResponseReturnValue:
    """Every valid certificate as it was issued, and with `all=1` the others too; that it was fetched is noted first."""
    found = _scope_or_404(scope)
    everything = request.args.get("all") == "1"
    held = parcel.of(found.slug, everything)
    if not held.items:
        return _nothing_yet(found)
    db.session.commit()
    writes()
    audit.record(
        "certificates.fetched", current_user.id, scope=found.slug, papers=len(held.items), format="zip",
        which="all" if everything else "valid",
    )  # fmt: skip
    db.session.commit()
    reads()
    content = held.zip(partial(_may_still, found.slug, current_user.id))
    return _file(content, "application/zip", f"certificates-{found.slug}.zip", held.length)


def _may_still(scope: str, person_id: int) -> bool:
    """Whether someone who fetches certificates may have the next one: asked anew, for a large zip takes a while."""
    role = db.session.scalar(select(Person.role).where(Person.id == person_id, Person.standing == Standing.ACTIVE))
    if role not in STAFF or role is Role.ORGANISER:
        return role is Role.ORGANISER
    here = (Appointment.person_id == person_id, Appointment.charge == Charge.ORGANISER, Event.slug == scope)
    return db.session.scalar(select(Appointment.event_id).join(Event).where(*here)) is not None


@bp.get("/desk/certificates/<scope>.pdf")
@trainers_only
def print_copy(scope: str) -> ResponseReturnValue:
    """The pages of every valid certificate as one PDF, to be printed; that it was fetched is noted first."""
    found = _scope_or_404(scope)
    held = parcel.of(found.slug)
    if not held.items:
        return _nothing_yet(found)
    db.session.commit()
    writes()
    audit.record(
        "certificates.fetched", current_user.id, scope=found.slug, papers=len(held.items), format="pdf", which="valid"
    )
    db.session.commit()
    reads()
    try:
        content = parcel.printed(held)
    except pdf.Failed as fault:
        return error(503, gettext("The PDF could not be made"), str(fault))
    return _file([content], "application/pdf", f"certificates-{found.slug}.pdf", len(content))


def _nothing_yet(scope: Scope) -> ResponseReturnValue:
    return error(
        404, gettext("Nothing to fetch yet"), gettext("No valid certificate of %(title)s is kept.", title=scope.title)
    )


# --- names -----------------------------------------------------------------------------------------------------


@bp.post("/desk/certificates/<scope>/names")
@trainers_only
def confirm(scope: str) -> ResponseReturnValue:
    """Confirm names as someone read them on a signed list: those ticked, or the one whose button was pressed.

    Each comes as who it is and the name that was read, so that a name changed meanwhile is not confirmed unread.
    """
    found = _scope_or_404(scope)
    said = set(request.form.getlist("one") or request.form.getlist("who"))
    chosen = {
        standings.whose(one): one
        for one in standings.candidates(found)
        if one.stands is Stands.NAME and f"{standings.whose(one)}={one.holder.name}" in said
    }
    for one in chosen.values():
        _confirm(one, now())
    db.session.commit()
    if not said:
        flash(gettext("Tick the names that are right, then send."))
    elif len(chosen) < len(said):
        flash(gettext("%(n)s of %(all)s names are confirmed. The others have changed meanwhile: look at them again.",
                      n=len(chosen), all=len(said)))  # fmt: skip
    else:
        flash(ngettext("%(num)s name is confirmed.", "%(num)s names are confirmed.", len(chosen)))
    return redirect(url_for("issuing.people", scope=scope))


def _confirm(one: Candidate, at: datetime) -> None:
    """Keep a name as an organiser read it, in the caller's transaction: by the account where there is one."""
    holder = one.holder
    by_account = holder.person_id is not None
    key = {"person_id": holder.person_id} if by_account else {"registration_id": holder.registration_id}
    says = {"name": holder.name, "at": at, "by_id": current_user.id}
    db.session.execute(
        insert(ConfirmedName)
        .values(**key, **says)
        .on_conflict_do_update(
            index_elements=[ConfirmedName.person_id if by_account else ConfirmedName.registration_id], set_=says
        )
    )
    audit.record(
        "certificate.name-confirmed", current_user.id, scope=one.scope, person=holder.person_id,
        registration=str(holder.registration_id or ""),
    )  # fmt: skip


# --- issuing ---------------------------------------------------------------------------------------------------


@bp.get("/desk/certificates/<scope>/issue")
@trainers_only
def plan(scope: str) -> ResponseReturnValue:
    """What would be issued, and what not; nothing is kept. `who` and `paper` narrow it."""
    return _plan_page(_scope_or_404(scope))


def _plan_page(scope: Scope, said: str = "", status: int = 200) -> ResponseReturnValue:
    rows = _chosen(scope)
    wanted = due.due(rows)
    page = render_template(
        "certificates/issue_plan.html",
        scope=scope,
        said=said,
        wanted=[(one, "; ".join(words.stands(line) for line in one.checklist)) for one in wanted],
        others=[
            (one, str(STANDS[one.stands]), reason(one)) for one in rows if one.stands not in (Stands.DUE, Stands.ISSUED)
        ],
        there=sum(one.stands is Stands.ISSUED for one in rows),
        titles=standings.titles(scope),
        print=_print(wanted),
        who=request.values.getlist("who"),
        paper=request.values.get("paper", ""),
        at_once=len(rows) if request.args.get("rows") == "all" else AT_ONCE,
    )
    return page, status


def _chosen(scope: Scope) -> list[Candidate]:
    """Everyone, or those that the address or the form names."""
    who, paper = set(request.values.getlist("who")), request.values.get("paper", "")
    return [
        one
        for one in standings.candidates(scope)
        if (not who or standings.whose(one) in who) and (not paper or one.paper.id == paper)
    ]


def _print(wanted: Sequence[Candidate]) -> str:
    """A short mark of who would get what, by which a list that changed is known."""
    said = "\n".join(sorted(f"{standings.whose(one)} {one.paper.id} {one.holder.name}" for one in wanted))
    return sha256(said.encode()).hexdigest()[:16]


@bp.post("/desk/certificates/<scope>/issue")
@trainers_only
def issue(scope: str) -> ResponseReturnValue:
    """Issue what the dry run showed: one at once, several as a batch; where that changed, it is shown again."""
    reads()  # looking takes a while, and nobody else could write meanwhile
    found = _scope_or_404(scope)
    wanted = due.due(_chosen(found))
    running = db.session.scalar(
        select(Batch.id).where(Batch.scope == found.slug, Batch.finished_at.is_(None), Batch.stopped_at.is_(None))
    )
    if running and len(wanted) != 1:
        flash(gettext("Certificates are being issued already. Wait for the end, or stop it first."))
        return redirect(url_for("issuing.batch", scope=scope, batch_id=running))
    if not wanted:
        return _plan_page(found, gettext("Nobody is due one."), 409)
    if request.form.get("print") != _print(wanted):
        return _plan_page(found, gettext("Meanwhile something has changed. Look at it again."), 409)
    if len(wanted) == 1:
        return _issue_one(found, wanted[0])
    writes()
    begun = batches.begin(wanted, current_user.id, now())
    db.session.commit()
    return redirect(url_for("issuing.batch", scope=scope, batch_id=begun.id))


def _issue_one(scope: Scope, one: Candidate) -> ResponseReturnValue:
    try:
        draft = issuing.drafted(one, now())
        db.session.rollback()
        made = issuing.make(draft)
    except NotDue:
        return _plan_page(scope, gettext("Nobody is due one."), 409)
    except (pdf.Failed, signing.NoKey) as fault:
        return _not_made(fault)
    writes()
    certificate = issuing.keep(made, current_user.id, now())
    db.session.commit()
    flash(gettext("%(number)s is issued.", number=certificate.number))
    return redirect(url_for("issuing.certificate", scope=draft.statement.scope, number=certificate.number))


def _not_made(fault: Exception) -> ResponseReturnValue:
    db.session.rollback()
    return error(503, gettext("Nothing was issued"), str(fault))


@bp.get("/desk/certificates/<scope>/batches/<int:batch_id>")
@trainers_only
def batch(scope: str, batch_id: int) -> ResponseReturnValue:
    """How far a batch is; the page can be left."""
    found = _scope_or_404(scope)
    one = _batch_or_404(found, batch_id)
    far = batches.progress(one.id)
    seen = one.seen_at or one.asked_at
    going_on = one.finished_at is None and one.stopped_at is None
    return render_template(
        "certificates/issue_batch.html",
        scope=found,
        batch=one,
        far=far,
        seen=seen,
        going_on=going_on,
        silent=going_on and now() - seen > SILENT,
        lines=_not_issued(one.id),
        titles=standings.titles(found),
    )


def _batch_or_404(scope: Scope, batch_id: int) -> Batch:
    found: Batch = db.session.scalar(select(Batch).where(Batch.id == batch_id, Batch.scope == scope.slug)) or abort(404)
    return found


def _not_issued(batch_id: int) -> list[tuple[BatchLine, str]]:
    """The lines that came to no paper, with whose they are."""
    rows = db.session.execute(
        select(BatchLine, Person, Registration)
        .outerjoin(Person, BatchLine.person_id == Person.id)
        .outerjoin(Registration, BatchLine.registration_id == Registration.id)
        .where(BatchLine.batch_id == batch_id, BatchLine.state.in_([LineState.FAILED, LineState.LEFT_OUT]))
        .order_by(BatchLine.state, BatchLine.id)
    )
    return [(line, person.name if person else who.shown_name if who else "") for line, person, who in rows]


@bp.post("/desk/certificates/<scope>/batches/<int:batch_id>/stop")
@trainers_only
def stop_batch(scope: str, batch_id: int) -> ResponseReturnValue:
    """Stop a batch after the paper that is being made."""
    batches.stop(_batch_or_404(_scope_or_404(scope), batch_id), current_user.id, now())
    db.session.commit()
    return redirect(url_for("issuing.batch", scope=scope, batch_id=batch_id))


@bp.post("/desk/certificates/<scope>/batches/<int:batch_id>/resume")
@trainers_only
def resume_batch(scope: str, batch_id: int) -> ResponseReturnValue:
    """Go on with a batch that was stopped, or that nobody is at, and try again what failed."""
    batches.resume(_batch_or_404(_scope_or_404(scope), batch_id), current_user.id)
    db.session.commit()
    return redirect(url_for("issuing.batch", scope=scope, batch_id=batch_id))


# --- one certificate -------------------------------------------------------------------------------------------


@bp.get("/desk/certificates/<scope>/<number>")
@trainers_only
def certificate(scope: str, number: str) -> ResponseReturnValue:
    """All that is recorded of one."""
    found = _scope_or_404(scope)
    return _certificate_page(found, _certificate_or_404(found, number))


def _certificate_page(scope: Scope, one: Certificate, said: str = "", status: int = 200) -> ResponseReturnValue:
    names = {
        row.id: row.name
        for row in db.session.execute(
            select(Person.id, Person.name).where(
                Person.id.in_([one.issued_by_id, one.revoked_by_id, one.superseded_by_id])
            )
        )
    }
    page = render_template(
        "certificates/issue_one.html",
        scope=scope,
        one=one,
        states=State,
        statement=issuing.statement_of(one),
        key=db.session.get(SigningKey, one.key_fingerprint),
        names=names,
        asks=[(words.asks(line, _titles(one)), words.stands(line)) for line in issuing.statement_of(one).rule],
        said=said,
    )
    return page, status


def _titles(one: Certificate) -> dict[str, str]:
    return {event.slug: event.title for event in issuing.statement_of(one).events}


def _certificate_or_404(scope: Scope, number: str) -> Certificate:
    found: Certificate = db.session.scalar(
        select(Certificate)
        .options(joinedload(Certificate.successor), joinedload(Certificate.person))
        .where(Certificate.scope == scope.slug, Certificate.number == (numbers.tidy(number) or ""))
    ) or abort(404)
    return found


@bp.get("/desk/certificates/<scope>/<number>/supersede")
@trainers_only
def ask_to_supersede(scope: str, number: str) -> ResponseReturnValue:
    """Ask for the name and the reason."""
    found = _scope_or_404(scope)
    one = _certificate_or_404(found, number)
    if one.superseded_at:
        return _certificate_page(found, one, _ended(one), 409)
    return _ask_page(found, one, Supersede(name=one.name), "supersede")


@bp.get("/desk/certificates/<scope>/<number>/revoke")
@trainers_only
def ask_to_revoke(scope: str, number: str) -> ResponseReturnValue:
    """Ask for the reason."""
    found = _scope_or_404(scope)
    one = _certificate_or_404(found, number)
    if one.state is not State.VALID:
        return _certificate_page(found, one, _ended(one), 409)
    return _ask_page(found, one, Revoke(), "revoke")


def _ask_page(scope: Scope, one: Certificate, form: Form, deed: str, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "certificates/issue_change.html",
        scope=scope,
        one=one,
        form=form,
        deed=deed,
        may_be_today=_today(one) is not None,
    )
    return page, status


def _today(one: Certificate) -> Candidate | None:
    """What the records say today, where nothing is missing."""
    found = due.of_one(one.scope, one.paper, one.person_id, one.registration_id)
    return found if found and not found.missing else None


def _ended(one: Certificate) -> str:
    if one.superseded_at and one.successor:
        return str(gettext("%(old)s has been superseded by %(new)s already.", old=one.number, new=one.successor.number))
    if one.revoked_at:
        return str(gettext("%(number)s has been revoked already.", number=one.number))
    return str(gettext("%(number)s has changed meanwhile. Look at it again.", number=one.number))


@bp.post("/desk/certificates/<scope>/<number>/supersede")
@trainers_only
def supersede(scope: str, number: str) -> ResponseReturnValue:
    """Show what will be done, then do it: a new certificate in the place of this one."""
    reads()  # making the file takes a while, and nobody else could write meanwhile
    found = _scope_or_404(scope)
    one = _certificate_or_404(found, number)
    form = Supersede()
    if one.superseded_at:
        return _certificate_page(found, one, _ended(one), 409)
    if not form.validate():
        return _ask_page(found, one, form, "supersede", 422)
    if "back" in request.form:
        return _ask_page(found, one, form, "supersede")
    if "sure" not in request.form:
        return _sure_page(found, one, form, "supersede")
    certificate_id, seen = one.id, _seen()
    try:
        draft = issuing.corrected(one, form.name.data, now(), _today(one) if form.today.data else None)
        db.session.rollback()
        made = issuing.make(draft)
    except (pdf.Failed, signing.NoKey) as fault:
        return _not_made(fault)
    writes()
    try:
        new = issuing.supersede(_held(certificate_id, seen), made, form.why.data, current_user.id, now())
    except AlreadyEnded:
        return _ended_page(found, number)
    db.session.commit()
    flash(gettext("%(new)s stands in the place of %(old)s.", new=new.number, old=one.number))
    return redirect(url_for("issuing.certificate", scope=scope, number=new.number))


@bp.post("/desk/certificates/<scope>/<number>/revoke")
@trainers_only
def revoke(scope: str, number: str) -> ResponseReturnValue:
    """Show what will be done, then do it: this certificate is no longer good."""
    found = _scope_or_404(scope)
    one = _certificate_or_404(found, number)
    form = Revoke()
    if one.state is not State.VALID:
        return _certificate_page(found, one, _ended(one), 409)
    if not form.validate():
        return _ask_page(found, one, form, "revoke", 422)
    if "back" in request.form:
        return _ask_page(found, one, form, "revoke")
    if "sure" not in request.form:
        return _sure_page(found, one, form, "revoke")
    try:
        issuing.revoke(_held(one.id, State.VALID), form.why.data, current_user.id, now())
    except AlreadyEnded:
        return _ended_page(found, number)
    db.session.commit()
    flash(gettext("%(number)s is revoked.", number=one.number))
    return redirect(url_for("issuing.certificate", scope=scope, number=one.number))


def _sure_page(scope: Scope, one: Certificate, form: Form, deed: str) -> ResponseReturnValue:
    """Check your answers: what was entered, and what becomes of it."""
    return render_template("certificates/issue_sure.html", scope=scope, one=one, form=form, deed=deed, seen=_seen())


def _seen() -> State:
    """How the certificate stood when its page was made."""
    said = request.form.get("seen", "")
    return State(said) if said in set(State) else State.VALID


def _held(certificate_id: int, seen: State) -> Certificate:
    """The certificate, nobody else's until this transaction ends. Raises AlreadyEnded where it is no more as seen."""
    one = db.session.scalars(
        select(Certificate)
        .where(Certificate.id == certificate_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if one.superseded_at or one.state is not seen:
        raise AlreadyEnded(one.number)
    return one


def _ended_page(scope: Scope, number: str) -> ResponseReturnValue:
    """Somebody else was faster."""
    db.session.rollback()
    one = _certificate_or_404(scope, number)
    return _certificate_page(scope, one, _ended(one), 409)
