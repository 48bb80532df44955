"""The live exercises of the sample year: one played to its end in Brussels, one open in Vienna for whoever drops in."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, repeat
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select

from lms.accounts.models import Person, Profession
from lms.clock import now
from lms.content.exercises import Exercise
from lms.content.library import training
from lms.database import db
from lms.demo import said
from lms.demo.people import ACCOUNTS
from lms.events.models import Event, HalfDay, Mark, Registration
from lms.events.parts import MarkKind, Part
from lms.exercises import conducting, joining, responding, thinking
from lms.exercises.models import LessonLearned, MoveRow, Player, Run, TakingPart
from lms.exercises.parts import MoveKind, Outcome
from lms.exercises.responding import STORED, Sent
from lms.exercises.seating import TeamsBy
from lms.exercises.standing import Asked

Minute = Callable[[float], datetime]  # when so many minutes of play have gone by
Versions = Sequence[tuple[str, str, str]]  # what a team decided, why, and who sees to it
SEED = 101101921
BRUSSELS, VIENNA = UUID(int=SEED, version=4), UUID(int=SEED + 1, version=4)
CODES = {"brussels": "THREE3", "vienna": "SAM8H2"}
STALE = timedelta(hours=12)  # after so long the open run, if nobody touched it, is put back to its third message
POLICE, PROSECUTOR, JUDGE, SUPPORT, OTHER = Profession
ROLES = {POLICE: "police", PROSECUTOR: "prosecutor", JUDGE: "judge", SUPPORT: "support", OTHER: "forensic"}
WITHOUT_ACCOUNT = {
    "brussels": (("Ilse", SUPPORT), ("Guest 2", JUDGE), ("", PROSECUTOR), ("", OTHER), ("", None)),
    "vienna": (("Resi", SUPPORT), ("", JUDGE), ("", POLICE)),
}
WITH_ACCOUNT = {  # so many of each profession
    "brussels": {POLICE: 6, PROSECUTOR: 4, JUDGE: 3, SUPPORT: 4, OTHER: 1},
    "vienna": {POLICE: 4, PROSECUTOR: 3, JUDGE: 2, SUPPORT: 3, OTHER: 1},
}
VIENNA_MOVES = 6
IDLE = 12  # the place of someone in Brussels who joined and then looked on


class Room:
    """A run while it is filled: its trainer makes moves, its players answer, all at moments that are handed in."""

    def __init__(self, run: Run, trainer: Person, random: Random) -> None:
        self.run, self.trainer, self.random = run, trainer, random
        self.players: list[Player] = []

    def move(self, at: datetime, kind: MoveKind, **more: Any) -> None:
        asked = Asked(id=_uuid(self.random), move=kind, **more)
        _state, verdict = conducting.move(self.run, asked, self.trainer.id, at)
        if verdict.outcome is not Outcome.DONE:
            raise RuntimeError(f"the sample exercise: {kind} {more} is {verdict}")

    def joined(self, at: datetime, person: Person | None, name: str, profession: Profession | None) -> Player:
        """A player under an id that is the same every time."""
        key = f"{self.random.getrandbits(256):064x}"
        player = joining.join(
            self.run, key, at, person_id=person.id if person else None, name=name, profession=profession
        )
        if not isinstance(player, Player):
            raise RuntimeError(f"the sample exercise: nobody joins, {player}")
        player.id = _uuid(self.random)
        db.session.flush()
        self.players.append(player)
        return player

    def seated(self) -> None:
        """Everybody takes the role of their profession; a table has one of each as far as it goes."""
        for player in self.players:
            if not player.role:
                joining.choose_seat(player, player.team, ROLES[player.profession or OTHER])

    def answered(self, task: str, answers: Iterable[tuple[Player, Any]], first: datetime, last: datetime) -> None:
        """Answers that come one after the other, evenly between two moments."""
        given = list(answers)
        for number, (player, answer) in enumerate(given):
            at = first + (last - first) * number / max(1, len(given))
            taken = responding.answer(player, Sent(id=_uuid(self.random), task=task, answer=answer), at)
            if taken != STORED:
                raise RuntimeError(f"the sample exercise: {task} takes no {answer!r}, {taken.why}")

    def decided(self, task: str, by_team: Mapping[str, Versions], first: datetime, last: datetime) -> None:
        """What teams decided: the first versions of all, then the second ones."""
        recorders = {team: next(one for one in self.awake() if one.team == team) for team in by_team}
        rounds = max(len(versions) for versions in by_team.values())
        given = [
            (recorders[team], dict(zip(("option", "reason", "owner"), versions[number], strict=True)))
            for number in range(rounds)
            for team, versions in by_team.items()
            if number < len(versions)
        ]
        self.answered(task, given, first, last)

    def voted(self, counts: Mapping[str, int]) -> list[tuple[Player, str]]:
        """Votes as many as are told, by people in no order."""
        votes = list(chain.from_iterable(repeat(option, count) for option, count in counts.items()))
        self.random.shuffle(votes)
        return list(zip(self.awake(), votes, strict=False))

    def awake(self) -> list[Player]:
        """Those who answer."""
        return [player for place, player in enumerate(self.players) if place != IDLE]


def fill(random: Random) -> bool:
    """Add both exercises in the caller's transaction; False where they are there already.

    The one in Vienna is there for whoever drops in, so it happens when the site is filled and not in 2025. Over or
    gone, it is opened anew; left open for half a day and touched by nobody, it is put back.
    """
    fresh = not db.session.scalar(select(func.count()).where(TakingPart.run_id == BRUSSELS))
    if fresh:
        _brussels(random)
    there = open_in_vienna()
    if there and _stale(there):
        db.session.execute(delete(Run).where(Run.id == there.id).execution_options(synchronize_session=False))
        db.session.expire_all()
        there = None
    if there is None:
        _vienna(now())
    return fresh


def open_in_vienna() -> Run | None:
    """The open run of the sample year, if nobody has ended it."""
    return joining.open_by_code(CODES["vienna"])


def _stale(run: Run) -> bool:
    moves = db.session.execute(select(func.count(), func.max(MoveRow.at)).where(MoveRow.run_id == run.id)).one()
    players = db.session.scalar(select(func.count()).where(Player.run_id == run.id))
    came = sum(WITH_ACCOUNT["vienna"].values()) + len(WITHOUT_ACCOUNT["vienna"])
    untouched = (moves[0], players) == (VIENNA_MOVES, came)
    return untouched and moves[1] < now() - STALE


def _uuid(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _opened(
    run_id: UUID, event: Event, half_day: HalfDay, module: str, exercise: str, at: datetime, random: Random
) -> Room:
    trainer = db.session.scalars(select(Person).where(Person.email == ACCOUNTS[1][0])).one()
    run = joining.open_run(
        _exercise(module, exercise), module, trainer.id, at, half_day=half_day, teams_by=TeamsBy.MIX, capacity=60
    )
    run.id, run.code, run.screen_key = run_id, CODES[event.slug], f"{random.getrandbits(192):048x}"
    db.session.flush()
    return Room(run, trainer, random)


def _exercise(module: str, exercise: str) -> Exercise:
    found = training().course("en").module(module)
    played = found.exercise(exercise) if found else None
    if played is None:
        raise RuntimeError(f"the sample year plays {module}/{exercise}, which is not there")
    return played


def _at(slug: str, place: int) -> tuple[Event, HalfDay]:
    event = db.session.scalars(select(Event).where(Event.slug == slug)).one()
    return event, event.half_days[place]


def _present(half_day: HalfDay) -> list[Person]:
    """The participants with an account who came to a half-day, by their place on the roll."""
    here = select(Mark.registration_id).where(Mark.half_day_id == half_day.id, Mark.kind == MarkKind.CAME)
    rows = db.session.scalars(
        select(Person)
        .join(Registration, Registration.person_id == Person.id)
        .where(Registration.id.in_(here), Registration.part == Part.PARTICIPANT)
        .order_by(Person.id)
    )
    return list(rows)


# --- Brussels ------------------------------------------------------------------------------------------------


def _brussels(random: Random) -> None:
    """“Three cities”, on the first morning: a little late, one message held, one sent by a slip and taken back."""
    event, half_day = _at("brussels", 0)
    began = half_day.starts_at + timedelta(minutes=100)
    room = _opened(
        BRUSSELS, event, half_day, "technology-in-recruitment", "three-cities", began - timedelta(minutes=20), random
    )
    _come_in(room, "brussels", _present(half_day), began - timedelta(minutes=15), began - timedelta(minutes=3))
    joining.deal(room.run)
    room.seated()

    def minute(played: float) -> datetime:
        return began + timedelta(minutes=played)

    _the_mailbox(room, minute)
    _the_bench(room, minute)
    _the_orders(room, minute)
    _the_flat(room, minute)
    _looked_back(room, minute)


def _the_mailbox(room: Room, minute: Minute) -> None:
    room.move(minute(0), MoveKind.START)
    room.move(minute(1), MoveKind.NEXT, inject="missing-report")
    room.move(minute(6), MoveKind.OPEN, task="not-wait")
    room.answered("not-wait", room.voted(said.FIRST_VOTE), minute(6.2), minute(8))
    room.move(minute(8.2), MoveKind.CLOSE, task="not-wait")
    room.move(minute(9), MoveKind.NOTE, task="not-wait", text="Kept back for the debrief. Two tables say “runaway”.")
    room.move(minute(12.5), MoveKind.NEXT, inject="ticket")
    room.decided("mailbox", said.DECIDED["mailbox"], minute(14), minute(20))
    room.joined(minute(20.5), None, "", POLICE)
    room.seated()
    room.move(minute(21.5), MoveKind.CLOSE, task="mailbox")
    room.move(minute(22), MoveKind.REVEAL, task="mailbox", to="all")
    room.move(minute(22.3), MoveKind.HOLD, inject="who-read")
    why = "Held: Team 3 is telling the room by itself why it let the carer look."
    room.move(minute(22.6), MoveKind.NOTE, inject="who-read", text=why)
    room.move(minute(23), MoveKind.OPEN, task="first-steps")
    orders = [list(said.STEPS[place % len(said.STEPS)]) for place in range(len(room.players))]
    room.answered("first-steps", zip(room.awake()[:18], orders, strict=False), minute(23.3), minute(26))
    room.move(minute(26.5), MoveKind.CLOSE, task="first-steps")
    room.move(minute(27), MoveKind.REVEAL, task="first-steps")


def _the_bench(room: Room, minute: Minute) -> None:
    room.move(minute(28), MoveKind.NEXT, inject="sighting")
    room.move(minute(29), MoveKind.SEND, inject="who-read")
    room.move(minute(32), MoveKind.NEXT, inject="whisper")
    room.move(minute(32.1), MoveKind.NEXT, inject="platform-notice")
    room.move(minute(32.4), MoveKind.TAKE_BACK, inject="platform-notice")
    slip = "Pressed twice. The notice was out for twenty seconds; nobody had begun to answer."
    room.move(minute(33), MoveKind.NOTE, inject="platform-notice", text=slip)
    room.decided("how-old", said.DECIDED["how-old"], minute(33), minute(37))
    room.move(minute(37.5), MoveKind.CLOSE, task="how-old")
    room.move(minute(38), MoveKind.REVEAL, task="how-old", to="all")
    room.move(minute(38.5), MoveKind.NEXT, inject="gone-again")
    room.move(minute(39), MoveKind.OPEN, task="one-sentence")
    room.answered("one-sentence", _sentences(room), minute(39.5), minute(43))
    room.move(minute(43.5), MoveKind.CLOSE, task="one-sentence")
    read_out = "Read out two, one to her and one about her. The room changed “she got involved” by itself."
    room.move(minute(44), MoveKind.NOTE, task="one-sentence", text=read_out)


def _sentences(room: Room) -> list[tuple[Player, str]]:
    """A sentence for as many of each role as have one to say."""
    left = {role: list(sentences) for role, sentences in said.SENTENCES.items()}
    return [(player, left[player.role].pop(0)) for player in room.awake() if left[player.role]]


def _the_orders(room: Room, minute: Minute) -> None:
    room.move(minute(45), MoveKind.NEXT, inject="platform-notice")
    room.decided("which-order", said.DECIDED["which-order"], minute(46), minute(52))
    room.move(minute(52.5), MoveKind.CLOSE, task="which-order")
    room.move(minute(53), MoveKind.REVEAL, task="which-order", to="all")
    asked = "Team 5: “with us it goes by the Investigation Order”. Asked for the article; they send it by mail."
    room.move(minute(53.5), MoveKind.NOTE, task="which-order", text=asked)
    room.move(minute(54), MoveKind.OPEN, task="threat")
    lines = list(said.THREATS)
    room.random.shuffle(lines)
    room.answered("threat", zip(room.awake(), lines, strict=False), minute(54.5), minute(57))
    room.move(minute(57.5), MoveKind.CLOSE, task="threat")
    room.move(minute(58), MoveKind.PAUSE)
    room.move(minute(58.2), MoveKind.NOTE, text="A short break, as agreed at the start. Everybody is back.")
    room.move(minute(62), MoveKind.RESUME)


def _the_flat(room: Room, minute: Minute) -> None:
    room.move(minute(62.5), MoveKind.NEXT, inject="flat")
    room.move(minute(64), MoveKind.HANDS, task="press", counts=said.PRESS)
    room.move(minute(64.2), MoveKind.CLOSE, task="press")
    room.move(minute(64.4), MoveKind.REVEAL, task="press", to="all")
    room.move(minute(65), MoveKind.OPEN, task="corva")
    room.decided("corva", said.DECIDED["corva"], minute(66), minute(70))
    room.move(minute(70.5), MoveKind.CLOSE, task="corva")
    room.move(minute(71), MoveKind.REVEAL, task="corva", to="all")
    room.move(minute(72), MoveKind.NEXT, inject="found")
    room.answered("boy", room.voted(said.BOY), minute(72.5), minute(75))
    room.move(minute(75.2), MoveKind.CLOSE, task="boy")
    room.move(minute(75.5), MoveKind.REVEAL, task="boy", to="all", by_profession=True)


def _looked_back(room: Room, minute: Minute) -> None:
    room.move(minute(77), MoveKind.DEBRIEF)
    room.move(minute(77.5), MoveKind.REVOTE, task="not-wait")
    room.answered("not-wait", room.voted(said.SECOND_VOTE), minute(77.8), minute(79.5))
    room.move(minute(80), MoveKind.CLOSE, task="not-wait")
    room.move(minute(80.2), MoveKind.REVEAL, task="not-wait", to="all")
    room.move(minute(81), MoveKind.DEBRIEF, task="which-clock")
    room.move(minute(85), MoveKind.DEBRIEF, task="the-boy")
    boy = "Nearly everybody looked at the phones first. Wanted: more time for him, and a guardian in the room."
    room.move(minute(88), MoveKind.NOTE, inject="found", text=boy)
    for number, question in enumerate(("stored-wrongly", "not-needed", "the-children")):
        room.move(minute(89 + 4 * number), MoveKind.DEBRIEF, task=question)
    for about, thoughts in said.THOUGHTS.items():
        for player, words in zip(room.awake(), thoughts, strict=False):
            thinking.take(player, about, words)
    room.move(minute(101), MoveKind.END)
    for number, (words, owner, until) in enumerate(said.LESSONS, 1):
        db.session.add(
            LessonLearned(
                id=_uuid(room.random), run_id=room.run.id, number=number, words=words, owner=owner, until=until
            )
        )
    db.session.flush()


# --- Vienna --------------------------------------------------------------------------------------------------


def _vienna(moment: datetime) -> None:
    """“Sixty days, eight hours” at its third message, a minute and a half after it was sent."""
    event, half_day = _at("vienna", 2)
    before = db.session.get(Run, VIENNA) or db.session.scalar(
        select(TakingPart.run_id).where(TakingPart.run_id == VIENNA).limit(1)
    )
    run_id = uuid4() if before else VIENNA
    random = Random(run_id.int)  # noqa: S311 - the same every time it is the same run

    def ago(minutes: float) -> datetime:
        return moment - timedelta(minutes=minutes)

    room = _opened(run_id, event, half_day, "investigation-and-prosecution", "sixty-days-eight-hours", ago(40), random)
    _come_in(room, "vienna", _present(half_day), ago(36), ago(25))
    joining.deal(room.run)
    room.seated()
    room.move(ago(23), MoveKind.START)
    room.move(ago(22.5), MoveKind.NEXT, inject="hotline-tip")
    room.move(ago(12.5), MoveKind.NEXT, inject="prosecutor-reached")
    room.decided("first-signature", said.SIGNED_FIRST, ago(11), ago(4))
    room.move(ago(3.5), MoveKind.CLOSE, task="first-signature")
    room.move(ago(3), MoveKind.REVEAL, task="first-signature", to="all")
    room.move(ago(1.5), MoveKind.NEXT, inject="harm-tonight")
    room.answered("emergency", zip(room.players, said.EMERGENCIES, strict=False), ago(1), ago(0.1))
    for player in room.players:
        player.seen_at = moment
    db.session.flush()


def _come_in(room: Room, slug: str, present: Sequence[Person], first: datetime, last: datetime) -> None:
    """People with accounts and without join one after the other, mixed; and a visitor's stays out of what is open."""
    there = [one for one in present if slug == "brussels" or one.email != ACCOUNTS[0][0]]
    some = {who: [one for one in there if one.profession is who][:many] for who, many in WITH_ACCOUNT[slug].items()}
    wanted = [one for one in there if one in some[one.profession]]
    people: list[tuple[Person | None, str, Profession | None]] = [(one, one.name, one.profession) for one in wanted]
    for place, (name, profession) in enumerate(WITHOUT_ACCOUNT[slug]):
        people.insert(3 + 4 * place, (None, name, profession))
    for number, (person, name, profession) in enumerate(people):
        room.joined(first + (last - first) * number / len(people), person, name, profession)
