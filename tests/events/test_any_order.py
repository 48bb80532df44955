"""Whatever three desks see, take back, merge and send, in whatever order it arrives: the attendance is the same."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from random import Random
from uuid import UUID, uuid4

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from lms.database import db, writing
from lms.events import receiving, roll
from lms.events.attendance import attendance
from lms.events.models import Event, HalfDay, Mark, Registration
from lms.events.parts import EventKind, MarkKind, Outcome
from lms.events.receiving import Sender
from tests.make import Making, at

NUMBERS = count()
NINE = at("2027-03-01T09:00:00+00:00")
SKEWS = (timedelta(0), timedelta(minutes=7), timedelta(days=-1))
PEOPLE = 4


def machine(app: Flask) -> type[RuleBasedStateMachine]:
    """The machine on this app's database."""

    class Desks(RuleBasedStateMachine):
        """Three desks with clocks of their own; what they say waits until it is delivered, perhaps several times."""

        @initialize()
        def begin(self) -> None:
            self.said: list[tuple[int, dict[str, object]]] = []  # by which desk, what
            self.arrived: set[str] = set()
            self.walk_ins: dict[str, int] = {}  # whom a walk-in turned out to be
            self.minute = 0
            self.random = Random(len(self.said))
            with app.app_context(), writing():
                event = Event(
                    slug=f"any-order-{next(NUMBERS)}", title="Any order", kind=EventKind.EU, city="Ghent",
                    timezone="UTC", late_after=15, counts_per_cent=75, room_secret="s",
                    half_days=[HalfDay(id=uuid4(), title="Day", starts_at=NINE, ends_at=NINE + timedelta(hours=3))],
                )  # fmt: skip
                db.session.add(event)
                db.session.flush()
                self.event_id, self.half_day = event.id, event.half_days[0].id
                people = [receiving.add_registration(event, NINE, name=f"Person {one}") for one in range(PEOPLE)]
                self.badges = [one.badge for one in people]
                self.ids = [one.id for one in people]
                db.session.commit()

        def say(self, desk: int, kind: str, **more: object) -> None:
            seen = NINE + timedelta(minutes=self.minute) + SKEWS[desk]
            mark = {"id": str(uuid4()), "half_day": str(self.half_day), "kind": kind, "at": seen.isoformat(), **more}
            self.said.append((desk, mark))

        @rule(minutes=st.integers(0, 40))
        def time_goes_by(self, minutes: int) -> None:
            self.minute += minutes

        @rule(desk=st.integers(0, 2), who=st.integers(0, PEOPLE - 1), kind=st.sampled_from(["came", "came", "left"]))
        def scan(self, desk: int, who: int, kind: str) -> None:
            self.say(desk, kind, badge=self.badges[who])

        @rule(desk=st.integers(0, 2))
        def walk_in(self, desk: int) -> None:
            someone = {"id": str(uuid4()), "name": "Someone"}
            self.walk_ins[someone["id"]] = -1
            self.say(desk, "came", person=someone)

        @precondition(lambda self: self.said)
        @rule(desk=st.integers(0, 2), which=st.integers(0, 50))
        def take_back(self, desk: int, which: int) -> None:
            _desk, mark = self.said[which % len(self.said)]
            whose = {name: mark[name] for name in ("badge", "person") if name in mark}
            self.say(desk, "undo", of=mark["id"], reason="By mistake", **whose)

        @rule(who=st.integers(0, PEOPLE - 1), kind=st.sampled_from(["excused", "absent"]))
        def correct(self, who: int, kind: str) -> None:
            self.say(0, kind, badge=self.badges[who], reason="A letter came")

        @rule(seed=st.integers(0, 1000))
        def deliver_some(self, seed: int) -> None:
            some = Random(seed).sample(self.said, len(self.said) // 2)
            self.deliver(some)

        @precondition(lambda self: any(one == -1 for one in self.walk_ins.values()))
        @rule(who=st.integers(0, PEOPLE - 1))
        def merge(self, who: int) -> None:
            with app.app_context(), writing():
                for someone, into in self.walk_ins.items():
                    row = db.session.get(Registration, UUID(someone))
                    if into == -1 and row is not None:
                        row.merged_into_id = self.ids[who]
                        self.walk_ins[someone] = who
                        break
                db.session.commit()

        def deliver(self, marks: list[tuple[int, dict[str, object]]]) -> None:
            """Each desk's share in one call, its clock as wrong as ever."""
            moment = NINE + timedelta(minutes=self.minute, seconds=1)
            for desk, skew in enumerate(SKEWS):
                mine = [mark for by, mark in marks if by == desk]
                with app.app_context(), writing():
                    event = db.session.get_one(Event, self.event_id)
                    results = receiving.receive(event, Sender(), mine, moment + skew, moment)
                    db.session.commit()
                for result, mark in zip(results, mine, strict=True):
                    undoes_undo = mark["kind"] == "undo" and self.kind_of(str(mark["of"])) == "undo"
                    assert (result.outcome is Outcome.REFUSED) <= undoes_undo or "person" in mark, result
                self.arrived |= {str(mark["id"]) for mark in mine}

        def kind_of(self, mark_id: str) -> str:
            return next(str(mark["kind"]) for _desk, mark in self.said if mark["id"] == mark_id)

        @invariant()
        def nothing_is_doubled(self) -> None:
            if not hasattr(self, "event_id"):
                return
            with app.app_context():
                kept = db.session.scalars(select(Mark.id).where(Mark.half_day_id == self.half_day)).all()
                assert len(kept) == len(set(kept)) <= len(self.arrived)

        def teardown(self) -> None:
            if not hasattr(self, "event_id"):
                return
            shuffled = self.said.copy()
            Random(7).shuffle(shuffled)
            self.deliver(shuffled)
            self.deliver(self.said)
            with app.app_context():
                event = db.session.get_one(Event, self.event_id)
                found = {row.registration.id: row.attended[0] for row in roll.roll(event)}
                half_day, limits = event.half_days[0], event.limits
                for place, whose in enumerate(self.ids):
                    expected = attendance(half_day, limits, self.true_marks(place))
                    assert found[whose] == expected, (place, self.said)

        def true_marks(self, who: int) -> Iterator[roll.Seen]:
            """What was truly said of someone, at true times, walk-ins that turned out to be them too."""
            for desk, mark in self.said:
                person = mark.get("person")
                mine = (
                    self.walk_ins[person["id"]] == who
                    if isinstance(person, dict)
                    else mark["badge"] == self.badges[who]
                )
                undoes = mark.get("of")
                if not mine or (undoes and self.kind_of(str(undoes)) == "undo"):
                    continue
                when = at(str(mark["at"])) - SKEWS[desk]
                yield roll.Seen(
                    UUID(str(mark["id"])), MarkKind(str(mark["kind"])), when, UUID(str(undoes)) if undoes else None
                )

    return Desks


def test_the_order_of_arrival_never_changes_attendance(app: Flask, make: Making):
    run_state_machine_as_test(
        machine(app),
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
