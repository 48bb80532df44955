"""Signature sheets, their signed scans, what they say of each, and differences from the marks."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from pathlib import PurePath
from uuid import UUID

from flask import Blueprint, Flask, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from flask_login import current_user
from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from lms import audit, pdf
from lms.accounts.access import STAFF, trainers_only
from lms.clock import now
from lms.database import db, insert
from lms.events import differences, documents, printing, receiving, roll, staff, telling, uploads
from lms.events.badges import new_id
from lms.events.correcting import Wrong, on_the_day, typed_time
from lms.events.differences import Standing
from lms.events.models import COUNTED_AS, Device, Event, HalfDay, Registration, Scan, Settlement, Sheet, Tick
from lms.events.paper_forms import DECISIONS, SIGNED, UNFIT, ByHand, Remove, ScanFile, Settle
from lms.events.parts import Decision, RegistrationState, Signed
from lms.events.printing import GROUPS, Group
from lms.events.roll_forms import WRONG, printed
from lms.pages import day_in, error
from lms.settings import Settings

bp = Blueprint("paper_pages", __name__)
ROOM = uploads.LARGEST + 4 * 1024 * 1024  # of a request: a file somewhat too large is refused at its field
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg"}


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)


@bp.url_value_preprocessor
def _make_room(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """A scan is larger than what the site takes otherwise: before anything reads it, and only of who may send one."""
    if endpoint == "paper_pages.add_scan" and current_user.is_authenticated and current_user.role in STAFF:
        request.max_content_length = ROOM


def _half_day_or_404(event: Event, half_day_id: UUID) -> HalfDay:
    found: HalfDay = next((one for one in event.half_days if one.id == half_day_id), None) or abort(404)
    return found


def _day(half_day: HalfDay) -> date:
    return half_day.starts_at.astimezone(half_day.event.zone).date()


# --- sheets --------------------------------------------------------------------------------------------------


@bp.get("/events/<slug>/sheets")
@trainers_only
def sheets(slug: str) -> ResponseReturnValue:
    """What there is to print and to sign, by half-day."""
    event = staff.staffed_or_404(slug)
    rows = roll.roll(event)
    groups, made = printing.grouped(rows), printing.sheets(event)
    found = differences.standings(event, rows)
    scans = _scans(event)
    lines = [
        {
            "half_day": half_day,
            "groups": [_to_print(group, people, made[half_day.id, group]) for group, people in groups.items()],
            "scans": sum(scan.half_day_id == half_day.id for scan in scans),
            "looked_at": sum(one.signed is not None for one in found if one.half_day.id == half_day.id),
            "open": sum(one.open is not None for one in found if one.half_day.id == half_day.id),
        }
        for half_day in event.half_days
    ]
    return render_template("events/sheets.html", event=event, lines=lines, people=len(rows))


def _to_print(group: Group, people: Sequence[Registration], made: Sequence[Sheet]) -> dict[str, object]:
    last = made[0] if made else None
    return {
        "group": group,
        "people": len(people),
        "sheet": last,
        "code": documents.spaced(last.code) if last else "",
        "changed": last is not None and not printing.lists(last, people),
    }


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/sheets")
@trainers_only
def make_sheet(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Make the sheet of a group and hand it out; while nobody changed it is the one made before."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    group = next((one for one in GROUPS if one.name == request.form.get("group")), None) or abort(404)
    people = printing.grouped(roll.roll(event)).get(group) or abort(404)
    sheet = printing.sheet_for(half_day, group, people, current_user.id, now())
    db.session.commit()
    return redirect(url_for("paper_pages.sheet", slug=slug, sheet_id=sheet.id))


@bp.get("/events/<slug>/sheets/<int:sheet_id>.pdf")
@trainers_only
def sheet(slug: str, sheet_id: int) -> ResponseReturnValue:
    """A sheet's PDF."""
    event = staff.staffed_or_404(slug)
    asked = select(Sheet).join(HalfDay, Sheet.half_day_id == HalfDay.id)
    found: Sheet = db.session.scalar(asked.where(Sheet.id == sheet_id, HalfDay.event_id == event.id)) or abort(404)
    settings: Settings = current_app.extensions["settings"]
    privacy = (settings.public_url or request.url_root.rstrip("/")) + url_for("privacy.privacy")
    try:
        content = printing.pdf_of(found, privacy)
    except pdf.Failed as failed:
        return _not_printed(failed)
    return _download(content, "application/pdf", f"{slug}-{_day(found.half_day)}-{found.code}.pdf")


@bp.get("/events/<slug>/badges.pdf")
@trainers_only
def badges(slug: str) -> ResponseReturnValue:
    """The badges of everyone who is expected, eight to a page."""
    event = staff.staffed_or_404(slug)
    people = [row.registration for row in roll.roll(event)]
    if not people or not event.half_days:
        abort(404)
    try:
        content = documents.badges(printing.badges_of(event, people))
    except pdf.Failed as failed:
        return _not_printed(failed)
    return _download(content, "application/pdf", f"{slug}-badges.pdf")


@bp.get("/events/<slug>/badge.pdf")
def badge(slug: str) -> ResponseReturnValue:
    """My own badge, to print."""
    event = staff.event_or_404(slug)
    mine = roll.on_the_roll(event).where(Registration.person_id == current_user.id)
    registration: Registration = db.session.scalar(mine) or abort(404)
    if not event.half_days:
        abort(404)
    try:
        content = documents.badge(printing.badges_of(event, [registration]))
    except pdf.Failed as failed:
        return _not_printed(failed)
    return _download(content, "application/pdf", f"{slug}-badge.pdf")


def _not_printed(failed: pdf.Failed) -> ResponseReturnValue:
    return error(503, gettext("The PDF could not be made"), str(failed))


def _download(content: bytes, mimetype: str, name: str) -> Response:
    """A file that a browser saves and never shows within the site, whatever is in it."""
    answer = Response(content, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Content-Security-Policy"] = "default-src 'self'; sandbox"
    return answer


# --- signed scans --------------------------------------------------------------------------------------------


def _scans(event: Event) -> Sequence[Scan]:
    asked = select(Scan).join(HalfDay, Scan.half_day_id == HalfDay.id).where(HalfDay.event_id == event.id)
    return db.session.scalars(asked.order_by(Scan.id)).all()


def _scan_or_404(event: Event, scan_id: int) -> Scan:
    asked = select(Scan).options(joinedload(Scan.half_day)).join(HalfDay, Scan.half_day_id == HalfDay.id)
    found: Scan = db.session.scalar(asked.where(Scan.id == scan_id, HalfDay.event_id == event.id)) or abort(404)
    return found


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/scans")
@trainers_only
def add_scan(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Keep a signed sheet's file with its half-day; the same file sent twice is kept once."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    form = ScanFile()
    given = request.files.get("file")
    if not form.validate_on_submit():
        return _paper_page(half_day, form)
    sheet_id, fault = _sheet_of(half_day, form.typed_code)
    if fault:
        form.code.errors = [fault]
        return _paper_page(half_day, form)
    if given is None or not given.filename:
        return _paper_page(half_day, form, file_fault=gettext("Choose the file of the signed sheet."))
    db.session.rollback()  # a picture takes seconds to make anew, and desks write meanwhile
    try:
        kept = uploads.checked(given.stream.read(uploads.LARGEST + 1), given.filename)
    except uploads.Refused as refused:
        return _paper_page(half_day, form, file_fault=str(UNFIT[refused.why]))
    query = insert(Scan).values(
        half_day_id=half_day_id, sheet_id=sheet_id, name=printed(PurePath(given.filename).name)[:300],
        mimetype=kept.mimetype, sha256=kept.sha256, content=kept.content, added_at=now(), by_id=current_user.id,
    )  # fmt: skip
    added = db.session.scalar(query.on_conflict_do_nothing().returning(Scan.id))
    if added is None:
        flash(gettext("This file is here already: it is kept once."))
    else:
        audit.record("scan.added", current_user.id, half_day=str(half_day.id), scan=added, sha256=kept.sha256)
        flash(gettext("The scan is kept. Now tick what it says."))
    db.session.commit()
    return redirect(url_for("paper_pages.paper", slug=slug, half_day_id=half_day.id))


def _sheet_of(half_day: HalfDay, code: str) -> tuple[int | None, str]:
    """The sheet that a code names, or what is wrong with the code; without one it is no sheet of ours."""
    if not code:
        return None, ""
    asked = select(Sheet).join(HalfDay, Sheet.half_day_id == HalfDay.id)
    found = db.session.scalar(asked.where(Sheet.code == code, HalfDay.event_id == half_day.event_id))
    if found is None:
        return None, gettext("No sheet of this event has this code. Look at the top of the page, or leave it empty.")
    if found.half_day_id != half_day.id:
        event = half_day.event
        other = f"{found.half_day.title}, {day_in(found.half_day.starts_at, event.zone)}"
        return None, gettext("This is the sheet of another half-day: %(other)s. Add it there.", other=other)
    return found.id, ""


@bp.get("/events/<slug>/scans/<int:scan_id>")
@trainers_only
def scan(slug: str, scan_id: int) -> ResponseReturnValue:
    """A signed sheet's file; a picture that we made anew may be looked at beside its rows."""
    event = staff.staffed_or_404(slug)
    found = _scan_or_404(event, scan_id)
    name = f"{slug}-{_day(found.half_day)}-scan-{found.id}.{ENDINGS[found.mimetype]}"
    answer = _download(found.content, found.mimetype, name)
    if found.mimetype == "image/jpeg" and "download" not in request.args:
        answer.headers.set("Content-Disposition", "inline", filename=name)
    return answer


@bp.route("/events/<slug>/scans/<int:scan_id>/remove", methods=["GET", "POST"])
@trainers_only
def remove_scan(slug: str, scan_id: int) -> ResponseReturnValue:
    """Remove a scan for good; that it was here, who removed it and why stays in the record of deeds."""
    event = staff.organised_or_404(slug)
    found = _scan_or_404(event, scan_id)
    form = Remove()
    if not form.validate_on_submit():
        page = render_template("events/scan_remove.html", event=event, scan=found, form=form)
        return page, 422 if form.is_submitted() else 200
    audit.record(
        "scan.removed", current_user.id, half_day=str(found.half_day_id), scan=found.id, sha256=found.sha256,
        why=form.why.data,
    )  # fmt: skip
    db.session.execute(delete(Scan).where(Scan.id == found.id))
    db.session.commit()
    flash(gettext("The scan is removed."))
    return redirect(url_for("paper_pages.paper", slug=slug, half_day_id=found.half_day_id))


# --- what paper says beside what the marks say ---------------------------------------------------------------


class Line(Struct, frozen=True):
    """Someone's row on paper; `standing` is missing where they are on the roll no more."""

    registration: Registration
    number: int
    signed: Signed | None
    standing: Standing | None
    marks: str
    gone: str


class Section(Struct, frozen=True):
    """A sheet as it was printed, or those who are on none; `ways` are what paper can say of them."""

    title: str
    sheet: Sheet | None
    code: str
    lines: list[Line]
    ways: tuple[Signed, ...]


ON_SHEET = (Signed.SIGNED, Signed.UNSIGNED)
ON_NONE = (Signed.BY_HAND, Signed.UNSIGNED)


@bp.get("/events/<slug>/half-days/<uuid:half_day_id>/paper")
@trainers_only
def paper(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Signed scans beside everyone's row, to tick what paper says."""
    event = staff.staffed_or_404(slug)
    return _paper_page(_half_day_or_404(event, half_day_id))


def _paper_page(
    half_day: HalfDay, form: ScanFile | None = None, by_hand: ByHand | None = None, file_fault: str = ""
) -> ResponseReturnValue:
    event = half_day.event
    rows = roll.roll(event)
    standings = {
        one.registration.id: one for one in differences.standings(event, rows) if one.half_day.id == half_day.id
    }
    scans = [one for one in _scans(event) if one.half_day_id == half_day.id]
    made = {group: sheets for (of, group), sheets in printing.sheets(event).items() if of == half_day.id}
    codes = {sheet.id: documents.spaced(sheet.code) for sheets in made.values() for sheet in sheets}
    sections = _sections(half_day, rows, standings, made, scans)
    faulty = form or by_hand
    ids = [str(line.registration.id) for section in sections for line in section.lines]
    after = request.args.get("after", "")
    page = render_template(
        "events/reconcile.html",
        event=event,
        half_day=half_day,
        sections=sections,
        counts=_counts(sections, standings.values()),
        scans=[(scan, codes.get(scan.sheet_id or 0, "")) for scan in scans],
        scan_form=form or ScanFile(formdata=None, code=next(iter(codes.values())) if len(codes) == 1 else ""),
        by_hand=by_hand or ByHand(GROUPS, formdata=None, id=str(new_id())),
        errors=[{"id": "file", "words": file_fault}] if file_fault else [],
        file_fault=file_fault,
        signed_words=SIGNED,
        organises=db.session.scalar(staff.organised().where(Event.id == event.id)) is not None,
        next_row=dict(pairwise(ids)).get(after, after),
        **({"form": faulty} if faulty else {}),
    )
    return page, 422 if faulty and (faulty.errors or file_fault) else 200


def _sections(
    half_day: HalfDay, rows: Sequence[roll.Row], standings: dict[UUID, Standing], made: dict[Group, list[Sheet]],
    scans: Sequence[Scan],
) -> list[Section]:  # fmt: skip
    """The sheets that were signed, each in its printed order; then those on the roll who are on none of them."""
    asked = select(Tick.registration_id, Tick.signed).where(Tick.half_day_id == half_day.id)
    ticks: dict[UUID, Signed] = dict(db.session.execute(asked).all())
    groups, sections, on_paper = printing.grouped(rows), [], set()
    for group in GROUPS:
        sheet = printing.signed_sheet(made.get(group, []), scans)
        people = printing.listed(sheet) if sheet else groups.get(group, [])
        people = people if sheet else [one for one in people if not one.walk_in]
        if people:
            on_paper |= {one.id for one in people}
            code = documents.spaced(sheet.code) if sheet else ""
            sections.append(Section(group.words, sheet, code, _lines(people, ticks, standings), ON_SHEET))
    others = [row.registration for row in rows if row.registration.id not in on_paper]
    if others:
        title = gettext("On no printed sheet")
        sections.append(Section(title, None, "", _lines(others, ticks, standings), ON_NONE))
    return sections


def _lines(
    people: Iterable[Registration], ticks: dict[UUID, Signed], standings: dict[UUID, Standing]
) -> list[Line]:  # fmt: skip
    return [
        _line(one, number, ticks.get(one.id), standings.get(one.counted_as)) for number, one in enumerate(people, 1)
    ]


def _line(registration: Registration, number: int, signed: Signed | None, standing: Standing | None) -> Line:
    """A row with what the marks say of it, in words."""
    if standing is None:
        came = signed in (Signed.SIGNED, Signed.BY_HAND)
        gone = gettext("Cancelled, and yet on paper: restore the registration.") if came else gettext("Cancelled.")
        return Line(registration, number, signed, None, "", gone)
    gone = gettext("Counted as %(name)s.", name=standing.registration.shown_name) if registration.merged_into_id else ""
    half_day = standing.half_day
    marks = telling.stand(half_day, standing.attendance, half_day.event.zone, now()).words
    return Line(registration, number, signed, standing, marks, gone)


def _counts(sections: Iterable[Section], standings: Iterable[Standing]) -> dict[str, str]:
    """How far the half-day is, in words."""
    said = [line.signed for section in sections for line in section.lines]
    left, signed = said.count(None), said.count(Signed.SIGNED)
    by_hand, unsigned = said.count(Signed.BY_HAND), said.count(Signed.UNSIGNED)
    open_ = sum(one.open is not None for one in standings)
    return {
        "signed": gettext("%(n)s signed", n=signed),
        "unsigned": gettext("%(n)s not signed", n=unsigned),
        "by-hand": gettext("%(n)s added by hand", n=by_hand),
        "left": gettext("%(n)s not looked at", n=left),
        "open": ngettext("%(num)s difference to settle", "%(num)s differences to settle", open_),
    }


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/paper")
@trainers_only
def tick(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Keep what paper says of one person; nothing after the person's id means that nobody looked."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    whose, _space, said = request.form.get("row", "").partition(" ")
    registration_id = _uuid_or_400(whose)
    if said and said not in set(Signed):
        abort(400)
    asked = select(Registration.id).where(Registration.id == registration_id, Registration.event_id == event.id)
    found: UUID = db.session.scalar(asked) or abort(404)
    _keep_tick(half_day, [found], Signed(said) if said else None, now())
    db.session.commit()
    # A browser leaves the focus alone where the address names a place, so the next row is named otherwise.
    return redirect(url_for("paper_pages.paper", slug=slug, half_day_id=half_day.id, after=found))


def _keep_tick(half_day: HalfDay, whose: Sequence[UUID], signed: Signed | None, moment: datetime) -> None:
    """What paper says of some people, in the caller's transaction; what it said before stays in the record of deeds."""
    asked = select(Tick.registration_id, Tick.signed).where(
        Tick.half_day_id == half_day.id, Tick.registration_id.in_(whose)
    )
    before: dict[UUID, Signed] = dict(db.session.execute(asked).all())
    for registration_id in whose:
        if before.get(registration_id) is signed:
            continue
        audit.record(
            "paper.ticked", current_user.id, half_day=str(half_day.id), registration=str(registration_id),
            signed=str(signed or ""),
        )  # fmt: skip
        values = {"signed": signed, "at": moment, "by_id": current_user.id}
        if signed is None:
            db.session.execute(
                delete(Tick).where(Tick.half_day_id == half_day.id, Tick.registration_id == registration_id)
            )
        else:
            added = insert(Tick).values(half_day_id=half_day.id, registration_id=registration_id, **values)
            keys = ["half_day_id", "registration_id"]
            db.session.execute(added.on_conflict_do_update(index_elements=keys, set_=values))


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/paper/rest")
@trainers_only
def tick_rest(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Everyone on a sheet whose row nobody looked at yet has signed."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    sheet_id = request.form.get("sheet", type=int)
    asked = select(Sheet).where(Sheet.half_day_id == half_day.id)
    found: Sheet = next((one for one in db.session.scalars(asked) if one.id == sheet_id), None) or abort(404)
    ticked = set(db.session.scalars(select(Tick.registration_id).where(Tick.half_day_id == half_day.id)))
    rest = [one.id for one in printing.listed(found) if one.id not in ticked]
    _keep_tick(half_day, rest, Signed.SIGNED, now())
    db.session.commit()
    flash(ngettext("%(num)s more row is ticked as signed.", "%(num)s more rows are ticked as signed.", len(rest)))
    return redirect(url_for("paper_pages.paper", slug=slug, half_day_id=half_day.id))


@bp.post("/events/<slug>/half-days/<uuid:half_day_id>/by-hand")
@trainers_only
def add_by_hand(slug: str, half_day_id: UUID) -> ResponseReturnValue:
    """Put someone on the roll who wrote themselves on a sheet; the same form sent twice is one person."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    try:
        registration_id = UUID(request.form.get("id", ""))
    except ValueError:
        abort(400)
    there = db.session.get(Registration, registration_id)
    if there is not None and there.event_id != event.id:
        abort(404)
    here = url_for("paper_pages.paper", slug=slug, half_day_id=half_day.id, _anchor=f"row-{registration_id}")
    if there is not None:
        return redirect(here)
    known = [(row.registration.shown_name, row.registration.shown_organisation) for row in roll.roll(event)]
    form = ByHand(GROUPS, known)
    if not form.validate_on_submit():
        return _paper_page(half_day, by_hand=form)
    group, moment = next(one for one in GROUPS if one.name == form.group.data), now()
    values = {"name": form.name.data, "organisation": form.organisation.data, "part": group.part, "walk_in": True}
    if group.origin:
        values["origin"] = group.origin
    receiving.add_registration(event, moment, id=registration_id, state=RegistrationState.CONFIRMED, **values)
    _keep_tick(half_day, [registration_id], Signed.BY_HAND, moment)
    db.session.commit()
    flash(gettext("%(name)s is on the roll as a walk-in.", name=form.name.data))
    return redirect(here)


# --- settling ------------------------------------------------------------------------------------------------


@bp.route("/events/<slug>/half-days/<uuid:half_day_id>/settle/<uuid:registration_id>", methods=["GET", "POST"])
@trainers_only
def settle(slug: str, half_day_id: UUID, registration_id: UUID) -> ResponseReturnValue:
    """What paper and marks say of one person, and what is to count; sent twice, it is decided once."""
    event = staff.staffed_or_404(slug)
    half_day = _half_day_or_404(event, half_day_id)
    query = select(Registration).where(Registration.id == registration_id, Registration.event_id == event.id)
    if request.method == "POST":
        query = query.with_for_update(key_share=True)
    found: Registration = db.session.scalar(query) or abort(404)
    if found.merged_into_id is not None:
        return redirect(
            url_for("paper_pages.settle", slug=slug, half_day_id=half_day.id, registration_id=found.merged_into_id)
        )
    if found.state is RegistrationState.CANCELLED:
        abort(404)
    form = Settle()
    if not form.is_submitted():
        return _settle_page(half_day, found, Settle(formdata=None, id=str(new_id())))
    came_at = _came_at(half_day, form) if form.validate_on_submit() else None
    settlement_id = _uuid_or_400(form.id.data)
    if form.errors:
        return _settle_page(half_day, found, form, 422)
    if db.session.get(Settlement, settlement_id) is None:
        if form.saw.data != differences.standing(half_day, found).key:
            form.form_errors = [gettext("Paper or marks changed meanwhile. Look at what stands now, and decide again.")]
            return _settle_page(half_day, found, form, 409)
        differences.settle(
            half_day, found, Decision(form.decision.data), form.reason.data or "", now(), by_id=current_user.id,
            settlement_id=settlement_id, came_at=came_at,
        )  # fmt: skip
        db.session.commit()
    flash(gettext("Settled: %(name)s.", name=found.shown_name))
    return redirect(url_for("paper_pages.paper", slug=slug, half_day_id=half_day.id, _anchor=f"row-{found.id}"))


def _uuid_or_400(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        abort(400)


def _came_at(half_day: HalfDay, form: Settle) -> datetime | None:
    """The time typed, within the half-day; what is wrong with it stands at its field."""
    try:
        clock = typed_time(form.came.data or "")
    except ValueError:
        form.came.errors = [WRONG[Wrong.TIME]]
        return None
    if clock is None or form.decision.data != Decision.PRESENT:
        return None
    moment = on_the_day(clock, half_day, half_day.event.zone)
    if moment is None or not moment < half_day.ends_at:
        form.came.errors = [WRONG[Wrong.OUTSIDE]]
        return None
    return moment


def _settle_page(half_day: HalfDay, found: Registration, form: Settle, status: int = 200) -> ResponseReturnValue:
    event = half_day.event
    standing = differences.standing(half_day, found)
    form.saw.data = standing.key
    marks = [mark for mark in roll.marks_of(event, found) if mark.half_day_id == half_day.id]
    desks = {desk.id: desk.name for desk in db.session.scalars(select(Device).where(Device.event_id == event.id))}
    settled = (
        select(Settlement)
        .options(joinedload(Settlement.by))
        .join(Registration, Settlement.registration_id == Registration.id)
        .where(
            Settlement.half_day_id == half_day.id,
            COUNTED_AS.in_([found.id]),
        )
        .order_by(Settlement.at)
    )
    page = render_template(
        "events/settle.html",
        event=event,
        half_day=half_day,
        found=found,
        standing=standing,
        stand=telling.stand(half_day, standing.attendance, event.zone, now()),
        told=telling.history(half_day, marks, found, desks, event.zone),
        settled=db.session.scalars(settled).all(),
        decisions=DECISIONS,
        signed_words=SIGNED,
        scans=[one for one in _scans(event) if one.half_day_id == half_day.id],
        form=form,
    )
    return page, status
