"""The people of the sample year, all invented, what they have read and answered."""

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

BEGAN = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
ACCOUNTS = (
    ("practitioner@demo.test", "Marija Żammit Ċiantar", Role.PRACTITIONER, Profession.POLICE, "MT"),
    ("trainer@demo.test", "Tomás O’Brien", Role.TRAINER, Profession.PROSECUTOR, "BE"),
    ("organiser@demo.test", "Ελένη Παπαδάκη", Role.ORGANISER, Profession.SUPPORT, "AT"),
)
POLICE, PROSECUTOR, JUDGE, SUPPORT, OTHER = Profession
PEOPLE = (
    ("Иван Петров Димитров", POLICE, "BG"),
    ("Гергана Стоянова", PROSECUTOR, "BG"),
    ("Десислава Николова", JUDGE, "BG"),
    ("Γιάννης Αντωνίου", POLICE, "GR"),
    ("Κατερίνα Βλάχου", SUPPORT, "GR"),
    ("Ħasan Għaxaq Bonnici", POLICE, "MT"),
    ("Ċetta Mizzi", JUDGE, "MT"),
    ("Chiara D’Angelo", PROSECUTOR, "IT"),
    ("Niccolò Esposito", POLICE, "IT"),
    ("Þórunn Ægisdóttir", SUPPORT, "IT"),
    ("Jürgen Weiß", POLICE, "AT"),
    ("Annelies Österreicher", JUDGE, "AT"),
    ("Zoë van den Broeck", SUPPORT, "BE"),
    ("Hélène Lefèvre", PROSECUTOR, "FR"),
    ("François Çelik", POLICE, "FR"),
    ("Sjoerd IJsselstein", POLICE, "NL"),
    ("Đặng Thị Bích", SUPPORT, "NL"),
    ("Łucja Źdźbło", PROSECUTOR, "AT"),
    ("مريم الحداد", SUPPORT, "NL"),
    ("O", OTHER, "BE"),
    ("Стоян Кръстев", POLICE, "BG"),
    ("Мария Желязкова", SUPPORT, "BG"),
    ("Петър Йорданов", PROSECUTOR, "BG"),
    ("Цветелина Щерева", POLICE, "BG"),
    ("Любомир Ангелов", OTHER, "BG"),
    ("Юлияна Чакърова", JUDGE, "BG"),
    ("Νίκος Παππάς", POLICE, "GR"),
    ("Σοφία Ξενάκη", JUDGE, "GR"),
    ("Δημήτρης Ψαρράς", PROSECUTOR, "GR"),
    ("Ευαγγελία Μαυρομιχάλη", SUPPORT, "GR"),
    ("Θάνος Ζερβός", POLICE, "GR"),
    ("Ξανθή Ιωαννίδου", OTHER, "GR"),
    ("Ġorġ Żahra", POLICE, "MT"),
    ("Marlene Ħal Far", SUPPORT, "MT"),
    ("Ċensu Għirxi", PROSECUTOR, "MT"),
    ("Ġuża Żerafa", SUPPORT, "MT"),
    ("Karmnu Ċassar", POLICE, "MT"),
    ("Doreen Ġilju", OTHER, "MT"),
    ("Alessia Pellicanò", JUDGE, "IT"),
    ("Matteo Dell’Aquila", POLICE, "IT"),
    ("Giulia De Santis", SUPPORT, "IT"),
    ("Enrico Fontanarosa", PROSECUTOR, "IT"),
    ("Beatrice Lo Verso", OTHER, "IT"),
    ("Rocco Buonvino", POLICE, "IT"),
    ("Matthias Grünwald", PROSECUTOR, "AT"),
    ("Sabine Höllerer", SUPPORT, "AT"),
    ("Dragana Šarić", POLICE, "AT"),
    ("Florian Trattnigg", POLICE, "AT"),
    ("Ayşe Yıldırım", SUPPORT, "AT"),
    ("Kateřina Dvořáčková", OTHER, "AT"),
    ("Michael Puchegger", JUDGE, "AT"),
    ("Theresa Zauner-Leitgeb", PROSECUTOR, "AT"),
    ("Pieter Vandeputte", POLICE, "BE"),
    ("Lieve De Wachter", JUDGE, "BE"),
    ("Amélie Dehaene", SUPPORT, "BE"),
    ("Yassine El Amrani", POLICE, "BE"),
    ("Benoît Warnier", PROSECUTOR, "BE"),
    ("Fatoumata Keïta", OTHER, "BE"),
    ("Océane Guérin", SUPPORT, "FR"),
    ("Étienne Roussel", JUDGE, "FR"),
    ("Maëlle Le Goff", POLICE, "FR"),
    ("Loïc Kerbrat", PROSECUTOR, "FR"),
    ("Inès Benhaddou", OTHER, "FR"),
    ("Femke Hoekstra-Bouwman", JUDGE, "NL"),
    ("Joost Terpstra", PROSECUTOR, "NL"),
    ("Noor Yılmaz", POLICE, "NL"),
    ("Wessel Oude Nijhuis", OTHER, "NL"),
    ("Anouk Rietveld", SUPPORT, "NL"),
    ("Bram Kuipers", POLICE, "NL"),
)
LANGUAGES = {"AT": "de", "BG": "bg"}  # what the people of a country have chosen
READERS = 20  # so many of them have begun the lessons


def fill(password: str, random: Random) -> bool:
    """Add the people in the caller's transaction; False where they are there already."""
    if db.session.scalar(select(Person.id).where(Person.email == ACCOUNTS[0][0])):
        return False
    kept = passwords.keep(password)
    for email, name, role, profession, country in ACCOUNTS:
        person = _person(email, name, role, profession, country)
        person.password_hash = kept
        if role is Role.PRACTITIONER:
            _practitioner(person, random)
    for number, (name, profession, country) in enumerate(PEOPLE, 1):
        person = _person(address(number), name, Role.PRACTITIONER, profession, country)
        person.language = LANGUAGES.get(country, "")
        if number <= READERS:
            _some_progress(person, random)
    return True


def address(number: int) -> str:
    """The e-mail address of one of them, counted from 1."""
    return f"person{number:02}@demo.test"


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
    read(person, first, len(first.lessons), BEGAN)
    attempt(person, first, 1, random, 0.5, BEGAN + timedelta(days=1))
    attempt(person, first, 2, random, 0.95, BEGAN + timedelta(days=2))
    read(person, second, 2, BEGAN + timedelta(days=7))


def _some_progress(person: Person, random: Random) -> None:
    modules = training().course("en").modules
    topics = random.randint(0, len(modules))
    for number, module in enumerate(modules[:topics]):
        began = BEGAN + timedelta(days=7 * number, hours=random.randint(0, 90))
        last = number == topics - 1
        read(person, module, random.randint(1, len(module.lessons)) if last else len(module.lessons), began)
        if not last:
            attempt(person, module, 1, random, random.uniform(0.5, 1), began + timedelta(days=2))


def read(person: Person, module: Module, lessons: int, began: datetime) -> None:
    """The first lessons of a topic, read one after another."""
    for number, lesson in enumerate(module.lessons[:lessons]):
        at = began + timedelta(minutes=35 * number)
        read = at + timedelta(minutes=30)
        visit = Visit(person_id=person.id, lesson=f"{module.slug}/{lesson.id}", version=lesson.version, begun_at=at)
        visit.seen_at = visit.ended_at = read
        visit.checked_at = read - timedelta(minutes=5)
        db.session.add(visit)


def attempt(person: Person, module: Module, number: int, random: Random, skill: float, began: datetime) -> None:
    """An attempt by someone who knows each answer with the probability `skill`."""
    paper = draw(module.quiz, random)
    answers = {n: _answer(drawn, random, skill) for n, drawn in enumerate(paper.questions, 1)}
    kept = Attempt(
        person_id=person.id, module=module.slug, number=number, paper_kept=msgspec.to_builtins(paper),
        out_of=len(paper.questions), begun_at=began,
    )  # fmt: skip
    for place, (n, answer) in enumerate(answers.items(), 1):
        sent_id = UUID(int=random.getrandbits(128), version=4)
        at = began + timedelta(minutes=place)
        kept.answers.append(Sent(id=sent_id, place=place, number=n, given=answer, at=at))
    kept.close(grade(paper, answers), began + timedelta(minutes=15))
    db.session.add(kept)


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
