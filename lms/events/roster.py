"""What a list of people asks for: who is new to the roll, who changes, whom to ask about, and which rows are wrong.

The plan is the dry run, and it is what is carried out: nothing is decided a second time.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from hashlib import sha256
from itertools import islice

from babel import Locale
from babel.core import get_global
from email_validator import EmailNotValidError, validate_email

from lms.events.parts import Origin, Part
from lms.spreadsheet import Cell, Sheet

LONGEST = {"name": 300, "email": 254, "organisation": 200}
MOST_NAMESAKES = 20
HEAD_WITHIN = 10  # rows in which the head is looked for


@dataclass(frozen=True)
class Asked:
    """What a row says of someone; "" is what it does not say, which never takes anything away."""

    row: int
    name: str
    email: str = ""
    organisation: str = ""
    country: str = ""
    profession: str = ""
    part: str = ""
    origin: str = ""
    language: str = ""


@dataclass(frozen=True)
class Known:
    """Someone on the roll already, or taken off it; `id` is whatever the caller knows the registration by."""

    id: str
    name: str
    email: str = ""
    organisation: str = ""
    country: str = ""
    profession: str = ""
    part: str = ""
    origin: str = ""
    language: str = ""
    cancelled: bool = False


VALUES = tuple(one.name for one in fields(Asked) if one.name != "row")
FIELDS = (*VALUES, "given", "family")  # a name may stand in two columns


@dataclass(frozen=True)
class Fault:
    """What is wrong in one cell: where it stands, why as a code, what was written there.

    missing, long, unprintable, email, country, profession, part, origin, language.
    """

    row: int
    column: str  # its head, as written in the file; "" where the file has none
    field: str
    why: str
    given: str = ""


@dataclass(frozen=True)
class Change:
    """One value that becomes another one."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Changed:
    """Someone on the roll of whom the file says something else."""

    asked: Asked
    known: Known
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Same:
    """Someone of whom the file says nothing new: on the roll already, or in an earlier row."""

    asked: Asked
    known: Known | None = None
    row: int | None = None


@dataclass(frozen=True)
class Like:
    """Whom a row resembles, someone on the roll or an earlier row, and why.

    email: the address is the same, the rest is not. name: the name is, but for case, accents, spaces and order.
    cancelled: it is the same person, whose registration was cancelled.
    """

    why: str
    known: Known | None = None
    row: int | None = None


@dataclass(frozen=True)
class Doubtful:
    """A row that may be someone who is there already; a person decides, and until then nothing happens."""

    asked: Asked
    likes: tuple[Like, ...]

    @property
    def may_be_new(self) -> bool:
        """Whether it can be somebody else: not with an e-mail address that another one has."""
        return all(like.why == "name" for like in self.likes)


@dataclass(frozen=True)
class Faulty:
    """A row that cannot be taken as it is, with everything that is wrong in it and its cells as they were."""

    row: int
    faults: tuple[Fault, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Every row of a list, in the one heap it belongs to; rows keep the number they have in the file.

    What is carried out is `new` and `changed`; the same list planned again is all `unchanged`.
    """

    head: tuple[str, ...]
    mapping: Mapping[int, str]  # the field that each column, counted from 0, is taken for
    new: tuple[Asked, ...] = ()
    changed: tuple[Changed, ...] = ()
    unchanged: tuple[Same, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
    faulty: tuple[Faulty, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows say something."""
        return sum(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        heaps = ("new", "changed", "unchanged", "doubtful", "faulty")
        return {heap: len(getattr(self, heap)) for heap in heaps}

    @property
    def ignored(self) -> tuple[str, ...]:
        """The heads of the columns that nothing is taken from."""
        return tuple(head for column, head in enumerate(self.head) if head and column not in self.mapping)

    @property
    def print(self) -> str:
        """A fingerprint: the plan that is carried out has the one of the plan that was shown."""
        heaps = (self.new, self.changed, self.unchanged, self.doubtful, self.faulty)
        return sha256(repr((self.head, sorted(self.mapping.items()), heaps)).encode("utf-8", "replace")).hexdigest()


def plan(
    rows: Sequence[Sequence[object]], known: Iterable[Known] = (), mapping: Mapping[int, str] | None = None
) -> Plan:
    """What a table asks for; its row 1 comes first. Without a mapping the columns are guessed from their heads.

    ValueError where the mapping holds a field that is none, or one twice.
    """
    at = head_at(rows)
    head = tuple(shown(cell) for cell in rows[at]) if rows else ()
    mapping = dict(guessed(head) if mapping is None else mapping)
    if not set(mapping.values()) <= set(FIELDS) or len(set(mapping.values())) < len(mapping):
        raise ValueError("each field is taken from one column")
    heaps = _Heaps(known)
    for row, cells in enumerate(rows[at + 1 :], at + 2):
        texts = [shown(cell) for cell in cells]
        if any(texts):
            heaps.add(_asked(row, texts, head, mapping), tuple(texts))
    return Plan(
        head,
        mapping,
        tuple(heaps.new),
        tuple(heaps.changed),
        tuple(heaps.unchanged),
        tuple(heaps.doubtful),
        tuple(heaps.faulty),
    )


def settled(shown_plan: Plan, decisions: Mapping[int, str]) -> Plan:
    """The plan once a person has decided: by row, "new" or the id of whom it is; doubtful rows not named stay so.

    A decision that the plan did not offer, or that takes one person for two rows, decides nothing.
    """
    new, changed, unchanged = list(shown_plan.new), list(shown_plan.changed), list(shown_plan.unchanged)
    doubtful = []
    taken = {one.known.id for one in changed} | {one.known.id for one in unchanged if one.known}
    for one in shown_plan.doubtful:
        choice = decisions.get(one.asked.row)
        known = next((like.known for like in one.likes if like.known and like.known.id == choice), None)
        if known and known.id not in taken:
            taken.add(known.id)
            changes = changes_of(known, one.asked)
            if changes:
                changed.append(Changed(one.asked, known, changes))
            else:
                unchanged.append(Same(one.asked, known))
        elif choice == "new" and one.may_be_new:
            new.append(one.asked)
        else:
            doubtful.append(one)
    return replace(
        shown_plan,
        new=tuple(sorted(new, key=lambda one: one.row)),
        changed=tuple(sorted(changed, key=lambda one: one.asked.row)),
        unchanged=tuple(sorted(unchanged, key=lambda one: one.asked.row)),
        doubtful=tuple(doubtful),
    )


def changes_of(known: Known, asked: Asked) -> tuple[Change, ...]:
    """What a row changes. An e-mail address is added where there is none, never exchanged: it opens an account."""
    changes = [
        Change(name, before, after)
        for name in VALUES
        if (after := getattr(asked, name))
        and after != (before := getattr(known, name))
        and (name != "email" or not before)
    ]
    return (*([Change("state", "cancelled", "registered")] if known.cancelled else []), *changes)


def template() -> Sheet:
    """A list to fill in: the heads as they are known in every language, and one row to go by."""
    head = ("Name", "E-mail", "Organisation", "Country", "Profession", "Part played", "Local/international", "Language")
    row = ("Ann Example", "ann@service.example", "Example Service", "Belgium", "police", "participant", "local", "en")
    return Sheet("People", head, [row])


def returned(planned: Plan, name: str, row: str, reason: str, say: Callable[[Fault], str]) -> Sheet:
    """The faulty rows as they were, to correct and send again: their number first, and last what is wrong in them.

    `name`, `row` and `reason` are the words for the sheet and its two columns, `say` those for a fault.
    """
    width = len(planned.head)
    rows: list[tuple[Cell, ...]] = [
        (bad.row, *(*bad.cells, *[""] * width)[:width], " ".join(say(fault) for fault in bad.faults))
        for bad in planned.faulty
    ]
    return Sheet(name, (row, *planned.head, reason), rows)


def head_at(rows: Sequence[Sequence[object]]) -> int:
    """The index of the row that names the columns: the one among the first in which most heads are known."""
    known = [len(guessed([shown(cell) for cell in row])) for row in rows[:HEAD_WITHIN]]
    return known.index(max(known)) if known else 0


def guessed(head: Sequence[str]) -> dict[int, str]:
    """Which field each column holds, as far as its head is one we know; the first of two alike counts.

    "Name" beside "Vorname" is the family name, "Nome" beside "Cognome" the given one.
    """
    mapping: dict[int, str] = {}
    for column, words in enumerate(head):
        name = HEADS.get(folded(words), "")
        if name and name not in mapping.values():
            mapping[column] = name
    there = set(mapping.values())
    if "name" in there and len({"given", "family"} & there) == 1:
        other = "given" if "family" in there else "family"
        mapping = {column: other if name == "name" else name for column, name in mapping.items()}
    return mapping


def names_someone(mapping: Mapping[int, str]) -> bool:
    """Whether the columns hold a name; without one every row is at fault."""
    return bool({"name", "given", "family"} & set(mapping.values()))


def shown(cell: object) -> str:
    """A cell as one line of text, without marks that nobody sees."""
    text = "" if cell is None else str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    text = unicodedata.normalize("NFC", text)
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(letter for letter in text if unicodedata.category(letter) != "Cf").split())


def folded(text: str) -> str:
    """Text without case, accents, spaces and marks: by this heads and values are known."""
    return "".join(_words(text))


def name_key(name: str) -> str:
    """What two spellings of a name share: no case, no accents, no marks, in whichever order its words stand."""
    return " ".join(sorted(_words(name))) or name.casefold()


def alike(one: str, other: str) -> bool:
    """Whether two names can be one person's: they share a word."""
    return bool(set(_words(one)) & set(_words(other))) or name_key(one) == name_key(other)


def _words(text: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return re.findall(r"[^\W_]+", "".join(letter for letter in letters if not unicodedata.combining(letter)))


# An accent that is part of the letter: it does not come apart.
LETTERS = str.maketrans({"đ": "d", "ħ": "h", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})


def _asked(row: int, texts: Sequence[str], head: Sequence[str], mapping: Mapping[int, str]) -> Asked | list[Fault]:
    """What a row says, or everything that is wrong in it."""
    said = {name: texts[column] if column < len(texts) else "" for column, name in mapping.items()}
    columns = {name: head[column] if column < len(head) else "" for column, name in mapping.items()}
    faults = [
        Fault(row, columns[name], name, why, text) for name, text in said.items() if (why := _why_not(name, text))
    ]
    whole = said.get("name") or " ".join(filter(None, (said.get("given"), said.get("family"))))
    if not whole:
        column = next((columns[name] for name in ("name", "given", "family") if name in columns), "")
        faults.append(Fault(row, column, "name", "missing"))
    elif len(whole) > LONGEST["name"] and not any(fault.why == "long" for fault in faults):
        faults.append(Fault(row, columns.get("family", ""), "name", "long", whole))
    if faults:
        return faults
    values = {name: READ[name](text) if name in READ else text for name, text in said.items() if name in VALUES}
    return Asked(row, **(values | {"name": whole}))


def _why_not(name: str, text: str) -> str:
    """What is wrong with the text of one cell, as a code; "" where nothing is."""
    if not text:
        return ""
    if not text.isprintable() or "\ufffd" in text:
        return "unprintable"
    if len(text) > LONGEST.get(name, LONGEST["name"]):
        return "long"
    return name if name in READ and not READ[name](text) else ""


def _what_it_says(asked: Asked) -> tuple[str, ...]:
    """What two rows that are one share; with an e-mail address the name may be spelt otherwise."""
    name = name_key(asked.name) if asked.email else asked.name
    return (name, *(getattr(asked, value) for value in VALUES if value != "name"))


class _Heaps:
    """The rows seen so far, sorted; each is held against the roll and against the rows before it."""

    def __init__(self, known: Iterable[Known]) -> None:
        self.new: list[Asked] = []
        self.changed: list[Changed] = []
        self.unchanged: list[Same] = []
        self.doubtful: list[Doubtful] = []
        self.faulty: list[Faulty] = []
        self.by_email: dict[str, Known] = {}
        self.by_name: dict[str, dict[str, Known]] = {}  # without those that a row is already
        self.rows_by_email: dict[str, Asked] = {}
        self.rows_by_name: dict[str, list[Asked]] = {}
        self.rows_by_words: dict[tuple[str, ...], Asked] = {}
        self.taken: set[str] = set()
        for one in known:
            one = replace(one, email=one.email.lower())
            if one.email:
                self.by_email[one.email] = one
            self.by_name.setdefault(name_key(one.name), {})[one.id] = one

    def add(self, asked: Asked | list[Fault], cells: tuple[str, ...]) -> None:
        """Put a row on its heap."""
        if isinstance(asked, list):
            self.faulty.append(Faulty(asked[0].row, tuple(asked), cells))
            return
        words = _what_it_says(asked)
        twin = self.rows_by_words.setdefault(words, asked)
        self.sort(asked, name_key(asked.name), twin if twin is not asked else None)
        if twin is asked:
            self.rows_by_name.setdefault(name_key(asked.name), []).append(asked)
            self.rows_by_email.setdefault(asked.email, asked)

    def sort(self, asked: Asked, key: str, twin: Asked | None) -> None:
        before = self.rows_by_email.get(asked.email) if asked.email else None
        known = self.by_email.get(asked.email)
        if not known and not asked.email:
            known = next((one for one in self.namesakes(key) if _is_exactly(one, asked)), None)
        if twin and not (known and known.id not in self.taken):
            self.unchanged.append(Same(asked, row=twin.row))
        elif before:
            self.doubtful.append(Doubtful(asked, (Like("email", row=before.row),)))
        elif known and known.cancelled:
            self.doubtful.append(Doubtful(asked, (Like("cancelled", known),)))
        elif known and not alike(known.name, asked.name):
            self.doubtful.append(Doubtful(asked, (Like("email", known),)))
        elif known:
            self.taken.add(known.id)
            self.by_name.get(name_key(known.name), {}).pop(known.id, None)
            if changes := changes_of(known, asked):
                self.changed.append(Changed(asked, known, changes))
            else:
                self.unchanged.append(Same(asked, known))
        elif likes := self.likes(key):
            self.doubtful.append(Doubtful(asked, likes))
        else:
            self.new.append(asked)

    def namesakes(self, key: str) -> list[Known]:
        """Those on the roll who have this name; a long list of them helps nobody to decide."""
        return list(islice(self.by_name.get(key, {}).values(), MOST_NAMESAKES))

    def likes(self, key: str) -> tuple[Like, ...]:
        """Who else has this name."""
        there = [Like("name", one) for one in self.namesakes(key)]
        return (*there, *(Like("name", row=one.row) for one in self.rows_by_name.get(key, [])[:MOST_NAMESAKES]))


def _is_exactly(known: Known, asked: Asked) -> bool:
    """Whether a row without an e-mail address is someone without one, of whom it says nothing new."""
    return not known.email and not changes_of(replace(known, cancelled=False), asked)


# reading one value


def email(text: str) -> str:
    """An address in lower case, also out of `Ann Example <ann@service.example>`; "" where it is none."""
    found = re.fullmatch(r"(?:.*<|mailto:)?([^<>]*?)>?", text.strip(), re.IGNORECASE)
    address = found[1].lower() if found else ""
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return address


def country(text: str) -> str:
    """The code of a country, from its code or its name in any official language of the Union; "" where it is none."""
    return _countries().get(folded(text), "")


@cache
def _countries() -> dict[str, str]:
    codes: dict[str, str] = {}
    for language in UNION:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in NOT_STATES:
                codes.setdefault(folded(name), code)
                codes[code.lower()] = code
    aliases = get_global("territory_aliases")
    codes |= {old.lower(): new[0] for old, new in aliases.items() if len(old) == 3 and old.isalpha() and len(new) == 1}
    return codes | {folded(name): code for code, names in ALSO.items() for name in names.split(", ")}


def language(text: str) -> str:
    """The two letters of a language, from them or from its name, in English or its own; "" where it is none."""
    return _languages().get(folded(text), "")


@cache
def _languages() -> dict[str, str]:
    english = Locale.parse("en")
    codes = {folded(name): code for code, name in english.languages.items() if len(code) == 2}
    codes |= {folded(Locale.parse(code).languages.get(code, code)): code for code in UNION}
    return codes | {code: code for code in codes.values()}


def _one_of(words: Mapping[str, str]) -> Callable[[str], str]:
    known = {folded(word): str(value) for value, names in words.items() for word in (value, *names.split(", "))}
    return lambda text: known.get(folded(text), "")


# The words of the partners' languages: English, German, French, Italian, Dutch, Bulgarian, Greek, Maltese.
HEADS = {
    folded(word): name
    for name, words in {
        "name": "name, full name, given name and family name, first and last name, name and surname, participant, "
        "participant name, attendee, person, vor- und nachname, vollständiger name, teilnehmer, teilnehmerin, "
        "teilnehmende, nom, nom complet, nom et prénom, prénom et nom, nome, nome e cognome, cognome e nome, "
        "nominativo, partecipante, naam, volledige naam, voor- en achternaam, deelnemer, име, имена, име и фамилия, "
        "участник, όνομα, ονοματεπώνυμο, όνομα και επώνυμο, συμμετέχων, isem, isem u kunjom, isem sħiħ, parteċipant",
        "given": "given name, given names, first name, first names, forename, vorname, vornamen, rufname, prénom, "
        "prénoms, nome di battesimo, voornaam, voornamen, собствено име, първо име, μικρό όνομα, κύριο όνομα, "
        "isem proprju, l-ewwel isem",
        "family": "family name, last name, surname, nachname, familienname, zuname, nom de famille, cognome, "
        "achternaam, familienaam, фамилия, фамилно име, επώνυμο, επίθετο, kunjom",
        "email": "e-mail, mail, e-mail address, mail address, e-mail-adresse, mailadresse, courriel, adresse e-mail, "
        "adresse électronique, adresse mail, mél, posta elettronica, indirizzo e-mail, indirizzo di posta elettronica, "
        "e-mailadres, имейл, имейл адрес, ел. поща, електронна поща, e-mail адрес, ηλεκτρονικό ταχυδρομείο, "
        "ηλεκτρονική διεύθυνση, διεύθυνση e-mail, posta elettronika, indirizz elettroniku, imejl, indirizz tal-imejl",
        "organisation": "organisation, organization, institution, authority, service, agency, employer, company, "
        "affiliation, office, dienststelle, behörde, arbeitgeber, einrichtung, organisme, employeur, structure, "
        "organizzazione, ente, istituzione, amministrazione, organisatie, instelling, werkgever, dienst, организация, "
        "институция, учреждение, месторабота, οργανισμός, φορέας, υπηρεσία, οργάνωση, organizzazzjoni, istituzzjoni, "
        "entità",
        "country": "country, member state, nation, land, staat, mitgliedstaat, pays, état membre, paese, stato, "
        "stato membro, nazione, lidstaat, държава, страна, χώρα, κράτος, κράτος μέλος, pajjiż",
        "profession": "profession, occupation, professional group, beruf, berufsgruppe, métier, professione, beroep, "
        "beroepsgroep, професия, επάγγελμα, professjoni",
        "part": "part, part played, role, capacity, takes part as, rolle, funktion, teilnahme als, rôle, fonction, "
        "qualité, ruolo, funzione, in qualità di, rol, functie, роля, качество, ρόλος, ιδιότητα, rwol",
        "origin": "local/international, local or international, origin, herkunft, lokal/international, "
        "inländisch/international, local ou international, origine, provenance, provenienza, locale/internazionale, "
        "locale o internazionale, herkomst, lokaal/internationaal, произход, местен/международен, προέλευση, "
        "τοπικός/διεθνής, oriġini, lokali/internazzjonali",
        "language": "language, preferred language, sprache, langue, lingua, taal, език, γλώσσα, lingwa",
    }.items()
    for word in words.split(", ")
}
PARTS: dict[str, str] = {
    Part.PARTICIPANT: "attendee, delegate, teilnahme, teilnehmer, teilnehmerin, teilnehmende, participante, "
    "partecipante, deelnemer, deelneemster, участник, участничка, συμμετέχων, συμμετέχουσα, parteċipant, parteċipanta",
    Part.TRAINER: "instructor, facilitator, tutor, schulungsleitung, trainerin, ausbilder, ausbilderin, formateur, "
    "formatrice, formatore, opleider, обучител, обучителка, лектор обучител, εκπαιδευτής, εκπαιδεύτρια, "
    "ħarrieġ, ħarrieġa",
    Part.SPEAKER: "lecturer, presenter, panellist, vortrag, referent, referentin, rednerin, redner, vortragende, "
    "orateur, oratrice, intervenant, intervenante, relatore, relatrice, spreker, spreekster, лектор, лекторка, "
    "говорител, ομιλητής, ομιλήτρια, kelliem, kelliema",
    Part.ORGANISER: "organizer, organising team, organisationsteam, organisator, organisatorin, veranstalter, "
    "organisateur, organisatrice, organizzatore, organizzatrice, organisatrice, организатор, организаторка, "
    "διοργανωτής, διοργανώτρια, organizzatur, organizzatriċi",
    Part.OBSERVER: "guest observer, beobachtung, beobachter, beobachterin, observateur, observatrice, osservatore, "
    "osservatrice, waarnemer, waarneemster, наблюдател, наблюдателка, παρατηρητής, παρατηρήτρια, osservatur, "
    "osservatriċi",
}
PROFESSION_WORDS = {
    "police": "police officer, policeman, policewoman, law enforcement, polizei, polizist, polizistin, polizeibeamter, "
    "polizeibeamtin, policier, policière, polizia, poliziotto, poliziotta, politie, politieagent, полиция, полицай, "
    "полицайка, αστυνομία, αστυνομικός, pulizija, pulizjott, pulizjotta",
    "prosecutor": "prosecution, public prosecutor, prosecution service, staatsanwalt, staatsanwältin, "
    "staatsanwaltschaft, procureur, procureure, parquet, ministère public, pubblico ministero, procuratore, "
    "procuratrice, procura, officier van justitie, openbaar ministerie, прокурор, прокурорка, прокуратура, "
    "εισαγγελέας, εισαγγελία, prosekutur, prosekutriċi, prosekuzzjoni",
    "judge": "judiciary, magistrate, court, richter, richterin, justiz, gericht, juge, magistrat, magistrate, giudice, "
    "magistrato, magistrata, rechter, rechterlijke macht, съдия, съдебна власт, съд, δικαστής, δικαστική εξουσία, "
    "mħallef, imħallef, maġistrat, ġudikatura",
    "support": "victim support, victims' support, victim support worker, ngo, social worker, opferhilfe, "
    "opferschutz, opferbetreuung, aide aux victimes, assistance aux victimes, assistenza alle vittime, "
    "sostegno alle vittime, slachtofferhulp, подкрепа на жертви, подкрепа на пострадали, υποστήριξη θυμάτων, "
    "sostenn għall-vittmi, appoġġ għall-vittmi",
    "other": "another profession, another, anderer beruf, andere, sonstige, autre, autre profession, altro, altra, "
    "altra professione, ander, overig, anders, друго, друга, друга професия, άλλο, άλλη, άλλο επάγγελμα, oħrajn, ieħor",
}
ORIGINS: dict[str, str] = {
    Origin.LOCAL: "national, domestic, host country, lokal, inländisch, inland, ortsansässig, locale, nationale, "
    "nazionale, lokaal, nationaal, binnenland, местен, местна, национален, τοπικός, τοπική, εθνικός, lokali, "
    "nazzjonali",
    Origin.INTERNATIONAL: "foreign, abroad, int, intl, international, ausländisch, ausland, internationale, étranger, "
    "étrangère, internazionale, estero, internationaal, buitenland, международен, международна, чуждестранен, διεθνής, "
    "internazzjonali, barrani",
}
UNION = (
    "en",
    "de",
    "fr",
    "it",
    "nl",
    "bg",
    "el",
    "mt",
    "cs",
    "da",
    "es",
    "et",
    "fi",
    "ga",
    "hr",
    "hu",
    "lt",
    "lv",
    "pl",
    "pt",
    "ro",
    "sk",
    "sl",
    "sv",
)
ALSO = {
    "GB": "uk, great britain, england, scotland, wales, northern ireland",
    "GR": "el, hellas, hellenic republic",
    "NL": "the netherlands, holland, kingdom of the netherlands",
    "CZ": "czech republic, the czech republic, česká republika, tschechische republik",
    "DE": "federal republic of germany, brd",
    "AT": "republic of austria, republik österreich",
    "BG": "republic of bulgaria",
    "MK": "fyrom",
    "MD": "republic of moldova, moldavia",
    "US": "usa, united states of america",
    "TR": "turkey, türkiye",
    "XK": "kosovo",
}
NOT_STATES = {"EU", "EZ", "UN", "ZZ", "QO", "XA", "XB", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}
READ: dict[str, Callable[[str], str]] = {
    "email": email,
    "country": country,
    "language": language,
    "profession": _one_of(PROFESSION_WORDS),
    "part": _one_of(PARTS),
    "origin": _one_of(ORIGINS),
}
