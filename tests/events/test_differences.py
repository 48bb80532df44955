"""Whether paper and marks agree: what differs, what a decision makes of the marks, when it opens again."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import event as listening
from sqlalchemy import select

from lms.audit import AuditRow
from lms.clock import now
from lms.database import db, writing
from lms.events import agreement, differences, receiving, roll
from lms.events.agreement import THERE, Kind, Stand, follows, key, kinds, strongest
from lms.events.attendance import Attendance, Doubt, Limits, Status, attendance
from lms.events.models import Event, HalfDay, Mark, Registration, Settlement, Tick
from lms.events.parts import Decision, MarkKind, Part, RegistrationState, Signed
from tests.make import Making, at

CAME, LEFT, EXCUSED, ABSENT, UNDO = MarkKind
SIGNED, UNSIGNED, BY_HAND = Signed
PRESENT, MISSING, KEPT = Decision
LIMITS = Limits(15, None, 75)
ANN, MORNING_ID = UUID(int=1), UUID(int=2)


class Span(Struct):
    starts_at: datetime
    ends_at: datetime


class Said(Struct, frozen=True):
    id: UUID
    kind: MarkKind
    at: datetime
    undoes_id: UUID | None = None


MORNING = Span(at("2027-03-01T08:00+00:00"), at("2027-03-01T11:30+00:00"))


def stand(
    signed: Signed | None = None, status: Status = Status.ABSENT, doubts: tuple[Doubt, ...] = (),
    marks: frozenset[UUID] = frozenset(), settled: frozenset[str] = frozenset(),
) -> Stand:  # fmt: skip
    return Stand(MORNING_ID, ANN, signed, Attendance(status, doubts=doubts), marks, settled)


def open_(one: Stand) -> tuple[Kind, ...]:
    """What is open of one stand."""
    found = agreement.differences([one])
    return found[0].kinds if found else ()


# --- what differs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signed", "status", "kind"),
    [
        (SIGNED, Status.ABSENT, (Kind.SIGNED_NOT_SEEN,)),
        (SIGNED, Status.EXCUSED, (Kind.SIGNED_NOT_SEEN,)),
        (SIGNED, Status.PRESENT, ()),
        (SIGNED, Status.LATE, ()),
        (SIGNED, Status.LEFT_EARLY, ()),
        (UNSIGNED, Status.PRESENT, (Kind.SEEN_NOT_SIGNED,)),
        (UNSIGNED, Status.LATE, (Kind.SEEN_NOT_SIGNED,)),
        (UNSIGNED, Status.LEFT_EARLY, (Kind.SEEN_NOT_SIGNED,)),
        (UNSIGNED, Status.ABSENT, ()),
        (UNSIGNED, Status.EXCUSED, ()),
        (BY_HAND, Status.ABSENT, (Kind.BY_HAND_NOT_SEEN,)),
        (BY_HAND, Status.PRESENT, ()),
        (None, Status.PRESENT, ()),
        (None, Status.ABSENT, ()),
        (None, Status.EXCUSED, ()),
    ],
)
def test_paper_against_marks(signed: Signed | None, status: Status, kind: tuple[Kind, ...]):
    assert open_(stand(signed, status)) == kind


@pytest.mark.parametrize("doubt", list(Doubt))
def test_what_marks_leave_open_is_a_difference_whether_anybody_looked_at_the_paper_or_not(doubt: Doubt):
    for signed in (None, SIGNED):
        assert open_(stand(signed, Status.PRESENT, (doubt,))) == (Kind(doubt.value),)


def test_paper_is_named_before_what_the_marks_leave_open():
    one = stand(UNSIGNED, Status.PRESENT, (Doubt.CONTRADICTS, Doubt.OUT_OF_TIME))

    assert open_(one) == (Kind.SEEN_NOT_SIGNED, Kind.CONTRADICTS, Kind.OUT_OF_TIME)


def test_what_is_settled_is_open_no_more_and_opens_again_when_paper_or_marks_say_something_else():
    settled = frozenset({key(stand(SIGNED, Status.ABSENT))})

    assert open_(stand(SIGNED, Status.ABSENT, settled=settled)) == ()
    assert open_(stand(SIGNED, Status.EXCUSED, settled=settled)) == (Kind.SIGNED_NOT_SEEN,)
    assert open_(stand(BY_HAND, Status.ABSENT, settled=settled)) == (Kind.BY_HAND_NOT_SEEN,)
    assert open_(stand(UNSIGNED, Status.PRESENT, settled=settled)) == (Kind.SEEN_NOT_SIGNED,)


def test_a_second_scan_of_someone_who_is_there_opens_nothing_again():
    once, twice = frozenset({UUID(int=7)}), frozenset({UUID(int=7), UUID(int=8)})

    assert key(stand(UNSIGNED, Status.PRESENT, marks=once)) == key(stand(UNSIGNED, Status.LATE, marks=twice))


def test_one_more_mark_among_marks_that_contradict_each_other_opens_it_again():
    once, twice = frozenset({UUID(int=7)}), frozenset({UUID(int=7), UUID(int=8)})
    doubts = (Doubt.CONTRADICTS,)
    settled = frozenset({key(stand(None, Status.PRESENT, doubts, once))})

    assert open_(stand(None, Status.PRESENT, doubts, once, settled)) == ()
    assert open_(stand(None, Status.PRESENT, doubts, twice, settled)) == (Kind.CONTRADICTS,)


def test_a_key_is_short_enough_to_be_kept():
    longest = stand(None, Status.PRESENT, tuple(Doubt), frozenset(UUID(int=n) for n in range(500)))

    assert len(key(longest)) <= 200


@pytest.mark.parametrize(
    ("said", "strong"),
    [([], None), ([UNSIGNED], UNSIGNED), ([UNSIGNED, BY_HAND], BY_HAND), ([BY_HAND, SIGNED, UNSIGNED], SIGNED)],
)
def test_a_signature_anywhere_is_a_signature(said: list[Signed], strong: Signed | None):
    assert strongest(said) is strong


# --- what follows from a decision ------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    marks: list[Said] = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(MarkKind))
        moment = MORNING.starts_at + timedelta(minutes=draw(st.integers(-300, 600)))
        undoes = draw(st.sampled_from(marks)).id if marks and kind is UNDO else None
        if kind is UNDO and undoes is None:
            continue
        marks.append(Said(UUID(int=number + 1), kind, moment, undoes))
    return marks


def after(decision: Decision, marks: list[Said], at_: datetime = MORNING.starts_at) -> Attendance:
    """What a half-day comes to when what follows from a decision is said."""
    deeds = follows(decision, MORNING, LIMITS, marks, at_)
    said = [Said(uuid4(), UNDO, now(), one) for one in deeds.undo]
    if deeds.add:
        said.append(Said(uuid4(), deeds.add, deeds.at))
    return attendance(MORNING, LIMITS, [*marks, *said])


@given(histories())
def test_who_is_counted_as_present_is_present_and_nothing_is_left_open(marks: list[Said]):
    stands = after(PRESENT, marks)

    assert stands.status in THERE
    assert not stands.doubts


@given(histories())
def test_who_is_counted_as_missing_is_missing_and_nothing_is_left_open(marks: list[Said]):
    stands = after(MISSING, marks)

    assert stands.status is Status.ABSENT
    assert not stands.doubts


@given(histories())
def test_what_is_left_as_it_is_stays_as_it_is(marks: list[Said]):
    assert after(KEPT, marks) == attendance(MORNING, LIMITS, marks)


@given(histories(), st.sampled_from(Decision))
def test_deciding_twice_adds_nothing_the_second_time(marks: list[Said], decision: Decision):
    deeds = follows(decision, MORNING, LIMITS, marks, MORNING.starts_at)
    said = [Said(uuid4(), UNDO, now(), one) for one in deeds.undo]
    if deeds.add:
        said.append(Said(uuid4(), deeds.add, deeds.at))

    again = follows(decision, MORNING, LIMITS, [*marks, *said], MORNING.starts_at)

    assert (again.undo, again.add) == ((), None)


def test_someone_who_was_seen_is_present_without_another_mark():
    came = Said(UUID(int=1), CAME, MORNING.starts_at + timedelta(minutes=40))

    assert follows(PRESENT, MORNING, LIMITS, [came], MORNING.starts_at) == agreement.Deeds()


def test_someone_nobody_saw_came_when_the_one_who_settles_says_so():
    moment = MORNING.starts_at + timedelta(minutes=30)

    stands = after(PRESENT, [], moment)

    assert (stands.came_at, stands.status) == (moment, Status.LATE)


# --- found at an event, and settled ----------------------------------------------------------------------------


@pytest.fixture
def event(make: Making) -> Event:
    return make.event("brussels")


def say(make: Making, who: Registration, half_day: HalfDay, kind: MarkKind, minutes: int = 2, **more: object) -> None:
    with make.app.app_context(), writing():
        receiving.say(
            db.session.get_one(Event, who.event_id), by_id=None, registration=db.session.get_one(Registration, who.id),
            half_day=half_day, kind=kind, at=half_day.starts_at + timedelta(minutes=minutes), now=now(),
            **({"reason": "said"} | more),
        )  # fmt: skip
        db.session.commit()


def tick(make: Making, who: Registration, half_day: HalfDay, signed: Signed) -> None:
    make.add(Tick(half_day_id=half_day.id, registration_id=who.id, signed=signed, at=now()))


def settle(
    make: Making, who: Registration, half_day: HalfDay, decision: Decision, settlement_id: UUID | None = None
) -> None:
    with make.app.app_context(), writing():
        differences.settle(
            db.session.get_one(HalfDay, half_day.id), db.session.get_one(Registration, who.id), decision, "I asked them",
            now(), by_id=None, settlement_id=settlement_id or uuid4(),
        )  # fmt: skip
        db.session.commit()


def found(make: Making, event: Event) -> list[tuple[str, str, str]]:
    """What is open: who, when, what."""
    with make.app.app_context():
        ones = differences.open_differences(db.session.get_one(Event, event.id))
        return [(one.registration.shown_name, one.half_day.title, one.words) for one in ones]


def status(make: Making, event: Event, who: Registration) -> Attendance:
    with make.app.app_context():
        return roll.of_registration(
            db.session.get_one(Event, event.id), db.session.get_one(Registration, who.id)
        ).attended[0]  # fmt: skip


def test_differences_are_listed_by_half_day_and_name_in_words(make: Making, event: Event):
    morning, afternoon, *_rest = event.half_days
    zoe, ann, bo = (make.registered(event, name=name) for name in ("Zoe", "Ann", "Bo"))
    tick(make, zoe, morning, SIGNED)
    tick(make, ann, afternoon, BY_HAND)
    tick(make, bo, morning, UNSIGNED)
    say(make, bo, morning, CAME)
    say(make, ann, morning, EXCUSED)
    say(make, ann, morning, CAME)

    assert found(make, event) == [
        ("Ann", "Morning 1", "said to be excused or absent, and yet seen"),
        ("Bo", "Morning 1", "came 09:02, not signed on the sheet"),
        ("Zoe", "Morning 1", "signed on paper, no scan"),
        ("Ann", "Afternoon 1", "added to the sheet by hand, no scan"),
    ]


def test_where_nobody_looked_at_the_paper_there_is_nothing_to_settle(make: Making, event: Event):
    ann = make.registered(event, name="Ann")
    make.registered(event, name="Bo")
    say(make, ann, event.half_days[0], CAME)

    assert found(make, event) == []


def test_trainers_sign_too_and_differ_too(make: Making, event: Event):
    tick(make, make.registered(event, name="Cy", part=Part.TRAINER), event.half_days[0], SIGNED)

    assert [who for who, _when, _what in found(make, event)] == ["Cy"]


def test_what_a_walk_in_signed_counts_for_the_person_they_were(make: Making, event: Event):
    morning = event.half_days[0]
    ann = make.registered(event, name="Ann")
    walk_in = make.registered(event, name="Anna?", walk_in=True)
    tick(make, ann, morning, UNSIGNED)
    tick(make, walk_in, morning, BY_HAND)
    say(make, ann, morning, CAME)
    before = found(make, event)

    make.change(walk_in, merged_into_id=ann.id)

    assert [who for who, _when, _what in before] == ["Ann", "Anna?"]
    assert found(make, event) == []


def test_a_cancelled_registration_is_on_no_list(make: Making, event: Event):
    gone = make.registered(event, name="Ann", state=RegistrationState.CANCELLED)
    tick(make, gone, event.half_days[0], SIGNED)

    assert found(make, event) == []


@pytest.mark.parametrize(
    ("signed", "marks", "decision", "becomes"),
    [
        (SIGNED, [], PRESENT, Status.PRESENT),
        (SIGNED, [], MISSING, Status.ABSENT),
        (SIGNED, [], KEPT, Status.ABSENT),
        (SIGNED, [EXCUSED], PRESENT, Status.PRESENT),
        (SIGNED, [EXCUSED], MISSING, Status.ABSENT),
        (SIGNED, [EXCUSED], KEPT, Status.EXCUSED),
        (UNSIGNED, [CAME], PRESENT, Status.PRESENT),
        (UNSIGNED, [CAME], MISSING, Status.ABSENT),
        (UNSIGNED, [CAME], KEPT, Status.PRESENT),
        (BY_HAND, [], PRESENT, Status.PRESENT),
        (BY_HAND, [], MISSING, Status.ABSENT),
        (None, [EXCUSED, CAME], PRESENT, Status.PRESENT),
        (None, [EXCUSED, CAME], MISSING, Status.ABSENT),
        (None, [EXCUSED, CAME], KEPT, Status.PRESENT),
        (None, [LEFT], PRESENT, Status.PRESENT),
        (SIGNED, [ABSENT, EXCUSED], MISSING, Status.ABSENT),
        (UNSIGNED, [ABSENT, CAME], PRESENT, Status.PRESENT),
    ],
)
def test_each_decision_makes_the_half_day_what_it_says_and_closes_the_difference(
    make: Making, event: Event, signed: Signed | None, marks: list[MarkKind], decision: Decision, becomes: Status
):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    if signed:
        tick(make, ann, morning, signed)
    for kind in marks:
        say(make, ann, morning, kind, minutes=200 if kind is LEFT else 2)
    assert len(found(make, event)) == 1
    said = len(make.all(select(Mark)))

    settle(make, ann, morning, decision)

    assert status(make, event, ann).status is becomes
    assert found(make, event) == []
    kept = make.one(select(Settlement))
    assert (kept.decision, kept.reason, kept.half_day_id, kept.registration_id) == (
        decision, "I asked them", morning.id, ann.id,
    )  # fmt: skip
    assert len(make.all(select(Mark))) >= said
    assert decision is not KEPT or len(make.all(select(Mark))) == said


def test_what_is_taken_back_stays_in_the_history_with_its_reason(make: Making, event: Event):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, UNSIGNED)
    say(make, ann, morning, CAME)

    settle(make, ann, morning, MISSING)

    marks = make.all(select(Mark).order_by(Mark.received_at, Mark.kind))
    assert sorted(mark.kind for mark in marks) == [ABSENT, CAME, UNDO]
    assert {mark.reason for mark in marks if mark.kind is not CAME} == {"I asked them"}


def test_a_settlement_is_noted_with_ids_alone(make: Making, event: Event):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, SIGNED)

    settle(make, ann, morning, KEPT)

    row = make.one(select(AuditRow).where(AuditRow.deed == "difference.settled"))
    assert row.about == {"half_day": str(morning.id), "registration": str(ann.id), "decision": "kept"}


def test_a_difference_that_was_settled_opens_again_when_the_paper_is_read_anew(make: Making, event: Event):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, UNSIGNED)
    say(make, ann, morning, CAME)
    settle(make, ann, morning, MISSING)

    make.change(make.one(select(Tick)), signed=SIGNED)

    assert found(make, event) == [("Ann", "Morning 1", "signed on paper, no scan")]


def test_a_difference_that_was_settled_opens_again_when_a_desk_that_was_offline_brings_a_mark(
    make: Making, event: Event
):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, UNSIGNED)
    say(make, ann, morning, CAME)
    settle(make, ann, morning, MISSING)
    assert found(make, event) == []

    say(make, ann, morning, CAME, minutes=4)

    (one,) = found(make, event)
    assert one[2] == "came 09:04, not signed on the sheet; said to be excused or absent, and yet seen"


def test_who_was_counted_as_present_is_to_settle_again_when_that_is_taken_back(make: Making, event: Event):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, SIGNED)
    settle(make, ann, morning, PRESENT)
    came = make.one(select(Mark))

    say(make, ann, morning, UNDO, of=came.id)

    assert found(make, event) == [("Ann", "Morning 1", "signed on paper, no scan")]


def test_the_same_settlement_sent_twice_is_one(make: Making, event: Event):
    morning, ann = event.half_days[0], make.registered(event, name="Ann")
    tick(make, ann, morning, SIGNED)
    same = uuid4()

    settle(make, ann, morning, PRESENT, same)
    settle(make, ann, morning, PRESENT, same)

    assert len(make.all(select(Mark))) == len(make.all(select(Settlement))) == 1


def test_a_walk_ins_settlement_holds_for_the_person_they_were(make: Making, event: Event):
    morning = event.half_days[0]
    ann, walk_in = make.registered(event, name="Ann"), make.registered(event, name="Anna?", walk_in=True)
    tick(make, walk_in, morning, BY_HAND)
    settle(make, walk_in, morning, KEPT)

    make.change(walk_in, merged_into_id=ann.id)

    assert found(make, event) == []


def test_a_cancelled_registration_is_not_settled(make: Making, event: Event):
    gone = make.registered(event, name="Ann", state=RegistrationState.CANCELLED)
    tick(make, gone, event.half_days[0], SIGNED)

    with pytest.raises(differences.Refused, match="cancelled"):
        settle(make, gone, event.half_days[0], PRESENT)

    assert make.all(select(Settlement)) == []


def test_as_many_questions_are_asked_of_the_database_for_many_as_for_one(make: Making, event: Event, app: Flask):
    def asked() -> int:
        statements: list[str] = []
        with app.app_context():
            found = db.session.get_one(Event, event.id)
            listening.listen(db.engine, "before_cursor_execute", count := lambda *given: statements.append(given[2]))
            differences.open_differences(found)
            listening.remove(db.engine, "before_cursor_execute", count)
        return len(statements)

    def contradicted(name: str) -> None:
        who = make.registered(event, name=name)
        tick(make, who, event.half_days[0], SIGNED)
        for kind in (CAME, EXCUSED):
            say(make, who, event.half_days[0], kind)

    contradicted("Ann")
    for_one = asked()
    for number in range(12):
        contradicted(f"Person {number}")

    assert asked() == for_one <= 7
    assert kinds(stand()) == ()
