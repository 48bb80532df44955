"""What organisers are asked about an event: its facts, its half-days, who is appointed to it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import format_time, gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, Field, IntegerField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp

from lms.accounts.forms import EmailField, Form, NameField, countries, folded
from lms.content.events import LONGEST, TAKEN, moments, zone_named
from lms.events.models import Event, HalfDay
from lms.events.parts import Charge, EventKind

KINDS = {
    EventKind.EU: _("EU training"),
    EventKind.NATIONAL: _("National training"),
    EventKind.WEBINAR: _("Webinar"),
    EventKind.CONFERENCE: _("Conference"),
}
CHARGES = {
    Charge.TRAINER: _("Trainer"),
    Charge.ORGANISER: _("Organiser"),
}
PER_CENT, MINUTES = "per-cent", "minutes"
ONCE, AGAIN = "once", "again"


def _choices(names: dict[Any, Any]) -> list[SelectChoice]:
    return [SelectChoice(value=str(value), label=str(label)) for value, label in names.items()]


def _printed(value: str | None) -> str:
    """Without what no page can show; lines stay lines."""
    return "".join(sign for sign in (value or "").strip() if sign.isprintable() or sign in "\r\n")


def _line(label: Any, missing: Any = None, most: int = 300) -> NameField:
    """A short text; one that must be there says what to enter."""
    needed = [DataRequired(missing)] if missing else []
    return NameField(
        label, validators=[*needed, Length(max=most, message=_("Shorten this to %(n)s characters.", n=most)), _shown]
    )


def _shown(_form: Form, field: Field) -> None:
    if not (field.data or "").isprintable():
        raise ValidationError(gettext("Take out the characters that cannot be printed."))


def _between(least: int, most: int) -> Any:
    """A whole number from `least` to `most`, in one sentence whatever was typed."""

    def check(_form: Form, field: Field) -> None:
        if field.data is None or not least <= field.data <= most:
            field.errors = []
            raise ValidationError(gettext("Enter a whole number from %(least)s to %(most)s.", least=least, most=most))

    return check


class Number(IntegerField):
    """A whole number; what is none is said by the validator that knows from where to where."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = folded(valuelist[0] if valuelist else "")
        self.data = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


class Day(StringField):
    """A date, as a browser's calendar sends it or as people type it."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = folded(valuelist[0] if valuelist else "")
        self.data = next(filter(None, (_read(text, form) for form in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"))), None)
        if text and self.data is None:
            raise ValueError(gettext("Enter a date such as 16.10.2027."))

    def _value(self) -> str:
        return self.data.isoformat() if isinstance(self.data, date) else (self.raw_data or [""])[0]


class Clock(StringField):
    """Hours and minutes of a clock on the wall."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = folded(valuelist[0] if valuelist else "").replace(".", ":")
        found = _read(f"2000-01-01 {text}", "%Y-%m-%d %H:%M")
        self.data = found and time(found.hour, found.minute)
        if text and self.data is None:
            raise ValueError(gettext("Enter a time such as 09:00."))

    def _value(self) -> str:
        return f"{self.data:%H:%M}" if isinstance(self.data, time) else (self.raw_data or [""])[0]


def _read(text: str, form: str) -> Any:
    try:
        found = datetime.strptime(text, form)
    except ValueError:
        return None
    if not 2000 <= found.year <= 2200:
        return None
    return found if "%H" in form else found.date()


class Facts(Form):
    """An event's facts and limits."""

    title = _line(_("Title"), _("Enter a title."))
    kind = SelectField(_("Kind"))
    city = _line(_("City"), _("Enter the city."))
    country = SelectField(_("Country"))
    venue = _line(_("Place in the city"))
    timezone = _line(_("Time zone"), _("Enter a time zone, such as Europe/Vienna."), 64)
    summary = TextAreaField(
        _("What it is"),
        filters=[_printed],
        validators=[Length(max=2000, message=_("Shorten this to 2,000 characters."))],
    )
    sample = BooleanField(_("The programme is a sample"))
    places = Number(_("Places for participants"), validators=[Optional(), _between(1, 100_000)])
    late_after = Number(
        _("Late after how many minutes"), validators=[InputRequired(_("Enter a number of minutes.")), _between(0, 240)]
    )
    counts_by = SelectField(_("A half-day counts by"))
    counts_from = Number(_("From how many"), validators=[InputRequired(_("Enter a number."))])
    self_check_in = BooleanField(_("People may check in by themselves"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.kind.choices = _choices(KINDS)
        self.country.choices = countries()
        self.counts_by.choices = _choices({PER_CENT: _("per cent of its time"), MINUTES: _("minutes present")})

    @classmethod
    def of(cls, event: Event) -> "Facts":
        """The form as the event stands, whatever was sent."""
        by = PER_CENT if event.counts_minutes is None else MINUTES
        stands = {"counts_by": by, "counts_from": event.counts_minutes or event.counts_per_cent}
        return cls(formdata=None, obj=event, data=stands)

    def validate_timezone(self, field: Field) -> None:
        if zone_named(field.data) is None:
            raise ValidationError(gettext("There is no such time zone. Write it like Europe/Vienna."))

    def validate_counts_from(self, field: Field) -> None:
        _between(1, 100 if self.counts_by.data == PER_CENT else 1440)(self, field)

    def facts(self) -> dict[str, Any]:
        """What an event keeps of it."""
        by_share = self.counts_by.data == PER_CENT
        return {
            "title": self.title.data, "kind": EventKind(self.kind.data), "city": self.city.data,
            "country": self.country.data, "venue": self.venue.data, "timezone": self.timezone.data,
            "summary": self.summary.data, "sample": self.sample.data, "places": self.places.data,
            "late_after": self.late_after.data, "counts_minutes": None if by_share else self.counts_from.data,
            "counts_per_cent": self.counts_from.data if by_share else None, "self_check_in": self.self_check_in.data,
        }  # fmt: skip


class NewEvent(Facts):
    """A new event: its facts, and its name in the address, which stays."""

    slug = StringField(
        _("Name in the address"),
        filters=[folded],
        validators=[
            DataRequired(_("Enter a name for the address, such as sofia-2027.")),
            Length(max=80, message=_("Shorten this to %(n)s characters.", n=80)),
            Regexp("^[a-z0-9]+(-[a-z0-9]+)*$", message=_("Use small letters, digits and hyphens only.")),
        ],
    )

    def validate_slug(self, field: Field) -> None:
        if field.data in TAKEN:
            raise ValidationError(gettext("The site uses this word itself. Choose another."))


class HalfDayForm(Form):
    """One half-day, in the time of a clock on the wall at the event."""

    title = _line(_("Title"), _("Enter a title."))
    summary = TextAreaField(
        _("What it is about"),
        filters=[_printed],
        validators=[Length(max=2000, message=_("Shorten this to 2,000 characters."))],
    )
    day = Day(_("Day"), validators=[InputRequired(_("Enter the day."))])
    starts = Clock(_("Starts at"), validators=[InputRequired(_("Enter when it starts."))])
    ends = Clock(_("Ends at"), validators=[InputRequired(_("Enter when it ends."))])
    ends_on = Day(_("Ends on another day"), validators=[Optional()])
    turn = SelectField(_("Which of the two hours"), validate_choice=False)

    def __init__(self, event: Event, half_day: HalfDay | None = None, **options: Any) -> None:
        super().__init__(**options, data=_as_typed(half_day, event) if half_day else None)
        self.event = event
        self.half_day = half_day
        self.twice = bool(self.turn.data)  # one of the times comes twice that night: the page asks which is meant
        self.span: tuple[datetime, datetime] | None = None
        self.turn.choices = [
            SelectChoice(value="", label=gettext("Choose one")),
            SelectChoice(value=ONCE, label=gettext("The first, before clocks go back")),
            SelectChoice(value=AGAIN, label=gettext("The second, after clocks went back")),
        ]

    def validate(self, extra_validators: Any = None) -> bool:
        """Its own times first, then how it stands to the event's other half-days."""
        if not super().validate(extra_validators):
            return False
        starts = self._moment(self.starts, self.day.data)
        ends = self._moment(self.ends, self.ends_on.data or self.day.data)
        if starts is None or ends is None:
            return False
        if ends <= starts:
            self.ends.errors = [gettext("It ends before it starts. Check both times.")]
        elif ends - starts > LONGEST:
            self.ends.errors = [gettext("A half-day lasts twelve hours at most. Check both times.")]
        elif other := self._in_the_way(starts, ends):
            self.starts.errors = [gettext("At that time there is “%(title)s”. Choose another time.", title=other.title)]
        self.span = starts, ends
        return not (self.starts.errors or self.ends.errors)

    def facts(self) -> dict[str, Any]:
        """What a half-day keeps of it, once it is valid."""
        starts_at, ends_at = self.span or (None, None)
        return {
            "title": self.title.data, "summary": self.summary.data, "starts_at": starts_at, "ends_at": ends_at,
        }  # fmt: skip

    def _moment(self, field: Field, day: Any) -> datetime | None:
        meant = moments(datetime.combine(day, field.data), self.event.zone)
        if len(meant) == 1:
            return meant[0]
        if not meant:
            field.errors = [gettext("This time does not exist: clocks go forward that night. Choose another.")]
            return None
        self.twice = True
        if self.turn.data in (ONCE, AGAIN):
            return meant[0 if self.turn.data == ONCE else 1]
        at = format_time(field.data, "HH:mm", rebase=False)
        self.turn.errors = [gettext("%(time)s comes twice that night, as clocks go back: choose which.", time=at)]
        return None

    def _in_the_way(self, starts: datetime, ends: datetime) -> HalfDay | None:
        others: Sequence[HalfDay] = [one for one in self.event.half_days if one is not self.half_day]
        return next((one for one in others if one.starts_at < ends and starts < one.ends_at), None)


def _as_typed(half_day: HalfDay, event: Event) -> dict[str, Any]:
    """A half-day's texts and times as someone at the event would type them."""
    starts, ends = half_day.starts_at.astimezone(event.zone), half_day.ends_at.astimezone(event.zone)
    twice = [one for one in (starts, ends) if len(moments(one.replace(tzinfo=None), event.zone)) > 1]
    return {
        "title": half_day.title, "summary": half_day.summary, "day": starts.date(), "starts": starts.time(),
        "ends": ends.time(), "ends_on": ends.date() if ends.date() != starts.date() else None,
        "turn": (AGAIN if twice[0].fold else ONCE) if twice else "",
    }  # fmt: skip


def moved_with_its_zone(event: Event, half_day: HalfDay, zone: str) -> tuple[datetime, datetime] | None:
    """A half-day's times when the same clock on the wall is one of another zone; None where such a time is unclear."""
    found = zone_named(zone)
    walls = (half_day.starts_at, half_day.ends_at)
    meant = [moments(one.astimezone(event.zone).replace(tzinfo=None), found) for one in walls] if found else []
    if len(meant) != 2 or any(len(one) != 1 for one in meant):
        return None
    starts, ends = meant[0][0], meant[1][0]
    return (starts, ends) if timedelta(0) < ends - starts <= LONGEST else None


class Appoint(Form):
    """Someone with an account, and what they are to be at the event."""

    email = EmailField(_("E-mail address"), validators=[InputRequired(_("Enter an e-mail address."))])
    charge = SelectField(_("Appointed as"))

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.charge.choices = _choices(CHARGES)
