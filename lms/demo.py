"""The sample year: invented people, what they have read and answered; the same every time."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms.accounts import passwords
from lms.accounts.models import Person, Profession, Role
from lms.content.library import training
from lms.content.material import Module
from lms.database import db
from lms.lessons.models import Visit
from lms.quizzes.grading import grade
from lms.quizzes.models import Attempt, Sent
from lms.quizzes.paper import Answer, Drawn, draw, shown

SEED = 101101918
BEGAN = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
ACCOUNTS = (
    ("practitioner@demo.test", "Marija Żammit Ċiantar", Role.PRACTITIONER, Profession.POLICE, "MT"),
    ("trainer@demo.test", "Tomás O’Brien", Role.TRAINER, Profession.PROSECUTOR, "BE"),
    ("organiser@demo.test", "Ελένη Παπαδάκη", Role.ORGANISER, Profession.SUPPORT, "AT"),
)
PEOPLE = (
    ("Иван Петров Димитров", Profession.POLICE, "BG"),
    ("Гергана Стоянова", Profession.PROSECUTOR, "BG"),
    ("Десислава Николова", Profession.JUDGE, "BG"),
    ("Γιάννης Αντωνίου", Profession.POLICE, "GR"),
    ("Κατερίνα Βλάχου", Profession.SUPPORT, "GR"),
    ("Ħasan Għaxaq Bonnici", Profession.POLICE, "MT"),
    ("Ċetta Mizzi", Profession.JUDGE, "MT"),
    ("Chiara D’Angelo", Profession.PROSECUTOR, "IT"),
    ("Niccolò Esposito", Profession.POLICE, "IT"),
    ("Þórunn Ægisdóttir", Profession.SUPPORT, "IT"),
    ("Jürgen Weiß", Profession.POLICE, "AT"),
    ("Annelies Österreicher", Profession.JUDGE, "AT"),
    ("Zoë van den Broeck", Profession.SUPPORT, "BE"),
    ("Hélène Lefèvre", Profession.PROSECUTOR, "FR"),
    ("François Çelik", Profession.POLICE, "FR"),
    ("Sjoerd IJsselstein", Profession.POLICE, "NL"),
    ("Đặng Thị Bích", Profession.SUPPORT, "NL"),
    ("Łucja Źdźbło", Profession.PROSECUTOR, "DE"),
    ("مريم الحداد", Profession.SUPPORT, "DE"),
    ("O", Profession.OTHER, "DE"),
)


def fill(password: str) -> bool:
    """Add the sample year in the caller's transaction; False where it is there already."""
    if db.session.scalar(select(Person.id).where(Person.email == ACCOUNTS[0][0])):
        return False
    random = Random(SEED)  # noqa: S311 - the same every time is the point
    kept = passwords.keep(password)
    for email, name, role, profession, country in ACCOUNTS:
        person = _person(email, name, role, profession, country)
        person.password_hash = kept
        if role is Role.PRACTITIONER:
            _practitioner(person, random)
    for number, (name, profession, country) in enumerate(PEOPLE, 1):
        person = _person(f"person{number:02}@demo.test", name, Role.PRACTITIONER, profession, country)
        _some_progress(person, random)
    return True


def _person(email: str, name: str, role: Role, profession: Profession, country: str) -> Person:
    person = Person(
        email=email, name=name, role=role, profession=profession, country=country,
        organisation="Sample service (invented)", joined_at=BEGAN,
    )  # fmt: skip
    db.session.add(person)
    db.session.flush()
    return person


def _practitioner(person: Person, random: Random) -> None:
    """The account a visitor signs in with: one topic done, a second begun."""
    first, second, *_rest = training().course("en").modules
    _read(person, first, len(first.lessons), BEGAN)
    _attempt(person, first, 1, random, 0.5, BEGAN + timedelta(days=1))
    _attempt(person, first, 2, random, 0.95, BEGAN + timedelta(days=2))
    _read(person, second, 2, BEGAN + timedelta(days=7))


def _some_progress(person: Person, random: Random) -> None:
    modules = training().course("en").modules
    topics = random.randint(0, len(modules))
    for number, module in enumerate(modules[:topics]):
        began = BEGAN + timedelta(days=7 * number, hours=random.randint(0, 90))
        last = number == topics - 1
        _read(person, module, random.randint(1, len(module.lessons)) if last else len(module.lessons), began)
        if not last:
            _attempt(person, module, 1, random, random.uniform(0.5, 1), began + timedelta(days=2))


def _read(person: Person, module: Module, lessons: int, began: datetime) -> None:
    for number, lesson in enumerate(module.lessons[:lessons]):
        at = began + timedelta(minutes=35 * number)
        read = at + timedelta(minutes=30)
        visit = Visit(person_id=person.id, lesson=f"{module.slug}/{lesson.id}", version=lesson.version, begun_at=at)
        visit.seen_at = visit.ended_at = read
        visit.checked_at = read - timedelta(minutes=5)
        db.session.add(visit)


def _attempt(person: Person, module: Module, number: int, random: Random, skill: float, began: datetime) -> None:
    """An attempt by someone who knows each answer with the probability `skill`."""
    paper = draw(module.quiz, random)
    answers = {n: _answer(drawn, random, skill) for n, drawn in enumerate(paper.questions, 1)}
    attempt = Attempt(
        person_id=person.id, module=module.slug, number=number, paper_kept=msgspec.to_builtins(paper),
        out_of=len(paper.questions), begun_at=began,
    )  # fmt: skip
    for place, (n, answer) in enumerate(answers.items(), 1):
        sent_id = UUID(int=random.getrandbits(128), version=4)
        at = began + timedelta(minutes=place)
        attempt.answers.append(Sent(id=sent_id, place=place, number=n, given=answer, at=at))
    attempt.close(grade(paper, answers), began + timedelta(minutes=15))
    db.session.add(attempt)


def _answer(drawn: Drawn, random: Random, skill: float) -> Answer:
    question = drawn.question
    if shown(drawn).parts:
        return {"parts": {part.id: _simple(part, random, skill) for part in question.parts}}  # type: ignore[union-attr]
    return _simple(question, random, skill)


def _simple(question: object, random: Random, skill: float) -> Answer:
    knows = random.random() < skill
    match question.kind:  # type: ignore[attr-defined]
        case "single" | "true-false":
            return {"option": random.choice([o.id for o in question.options if o.right == knows])}  # type: ignore[attr-defined]
        case "multiple":
            return {"options": sorted(o.id for o in question.options if o.right == knows)}  # type: ignore[attr-defined]
        case "numeric":
            return {"text": f"{question.answer + (0 if knows else 1):g}"}  # type: ignore[attr-defined]
        case "short":
            return {"text": question.accept[0] if knows else "?"}  # type: ignore[attr-defined]
        case "matching":
            ids = [pair.id for pair in question.pairs]  # type: ignore[attr-defined]
            return {"pairs": dict(zip(ids, ids if knows else ids[::-1], strict=True))}
        case _:
            ids = [step.id for step in question.steps]  # type: ignore[attr-defined]
            return {"steps": ids if knows else ids[::-1]}
