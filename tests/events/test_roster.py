"""What a list of people asks for: whom it adds, whom it changes, whom it only resembles, and what is wrong in it."""

from dataclasses import asdict

import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis.strategies import lists, none, one_of, sampled_from, text, tuples

from lms.events.roster import (
    FIELDS,
    HEADS,
    ORIGINS,
    PARTS,
    PROFESSION_WORDS,
    READ,
    VALUES,
    Asked,
    Change,
    Fault,
    Known,
    Like,
    Plan,
    Same,
    country,
    email,
    folded,
    guessed,
    head_at,
    language,
    name_key,
    names_someone,
    plan,
    returned,
    settled,
    shown,
    template,
)
from lms.events.roster_words import FIELDS as FIELD_WORDS
from lms.events.roster_words import HEAPS, LIKE, NOTES, UNREADABLE, WRONG
from lms.paths import TRANSLATIONS
from lms.spreadsheet import Unreadable, read, written

quick = settings(deadline=None, derandomize=True, max_examples=100)
HEAD = ("Name", "E-mail", "Organisation", "Country", "Profession", "Part played", "Local/international", "Language")
ANN = Known("1", "Ann Example", "ann@service.example", "Service", "BE", "police", "participant", "local", "en")


def known(asked: Asked, number: int | str = 1) -> Known:
    """Someone who was added as a row asked."""
    return Known(f"{number}", **{name: getattr(asked, name) for name in VALUES})


def carried_out(planned: Plan, before: list[Known]) -> list[Known]:
    """The roll once the plan was carried out."""
    roll = {one.id: one for one in before}
    for one in planned.changed:
        said = {name: value for name in VALUES if (value := getattr(one.asked, name))}
        roll[one.known.id] = Known(
            **(asdict(one.known) | said | {"email": one.known.email or one.asked.email, "cancelled": False})
        )
    for number, asked in enumerate(planned.new, len(roll) + 1):
        roll[f"n{number}"] = known(asked, f"n{number}")
    return list(roll.values())


def faults(*cells: str, head: tuple[str, ...] = HEAD) -> list[tuple[str, str]]:
    """What is wrong in one row: the columns and why."""
    return [(fault.column, fault.why) for one in plan([head, cells]).faulty for fault in one.faults]


# columns


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        ("Name,E-mail,Organisation,Country", "name,email,organisation,country"),
        ("FIRST NAME,Last name,EMAIL ADDRESS", "given,family,email"),
        ("Vorname,Name,E-Mail-Adresse,Dienststelle,Land,Beruf", "given,family,email,organisation,country,profession"),
        ("Nom,Prénom,Courriel,Pays,Rôle,Langue", "family,given,email,country,part,language"),
        ("Nome,Cognome,Indirizzo e-mail,Ente,Paese,Ruolo", "given,family,email,organisation,country,part"),
        ("Naam,E-mailadres,Organisatie,Land,Beroep,Taal", "name,email,organisation,country,profession,language"),
        ("Име,Фамилия,Имейл,Организация,Държава,Роля", "given,family,email,organisation,country,part"),
        ("Ονοματεπώνυμο,Ηλεκτρονικό ταχυδρομείο,Φορέας,Χώρα,Επάγγελμα", "name,email,organisation,country,profession"),
        ("Isem,Kunjom,Posta elettronika,Pajjiż,Professjoni", "given,family,email,country,profession"),
    ],
)
def test_the_columns_are_known_in_the_languages_of_the_partners(head, fields):
    assert list(guessed(head.split(",")).values()) == fields.split(",")


def test_a_head_is_known_whatever_its_case_accents_and_marks():
    assert guessed(["  E-MAIL: ", "prenom*", "Pays ?"]) == {0: "email", 1: "given", 2: "country"}


def test_columns_that_mean_nothing_to_us_are_named_and_ignored():
    planned = plan([("Name", "Telephone", "", "Diet", "Name"), ("Ann Example", "+32", "x", "none", "other")])

    assert planned.ignored == ("Telephone", "Diet", "Name")
    assert planned.new == (Asked(2, "Ann Example"),)


def test_the_head_is_found_below_a_title_and_rows_keep_their_numbers():
    rows = [
        ("Training of 16 October",),
        (),
        ("No", "Name", "E-mail"),
        (1, "Ann Example", "ann@service.example"),
        (),
        (2, "Ben"),
    ]

    planned = plan(rows)

    assert head_at(rows) == 2
    assert [asked.row for asked in planned.new] == [4, 6]


def test_the_organiser_may_say_which_column_holds_what():
    rows = [("A", "B", "C"), ("Ann", "Example", "Greece")]

    planned = plan(rows, mapping={0: "given", 1: "family", 2: "country"})

    assert planned.new == (Asked(2, "Ann Example", country="GR"),)


@pytest.mark.parametrize("mapping", [{0: "shoe size"}, {0: "name", 1: "name"}])
def test_a_mapping_that_makes_no_sense_is_refused(mapping):
    with pytest.raises(ValueError, match="one column"):
        plan([("A", "B"), ("Ann", "Ben")], mapping=mapping)


def test_a_list_without_names_says_so_before_it_is_planned():
    assert names_someone({0: "given"}) and not names_someone({0: "email"})


@pytest.mark.parametrize("rows", [[], [()], [("Name",)], [("",), ("",)]])
def test_a_list_of_nobody_is_a_plan_for_nobody(rows):
    assert plan(rows).rows == 0


# values


def test_a_row_is_read_into_the_words_we_keep():
    row = (
        "Ann  Example ",
        "ANN@Service.Example",
        "Service",
        "Belgique",
        "Polizei",
        "Referentin",
        "ausländisch",
        "Deutsch",
    )

    (asked,) = plan([HEAD, row]).new

    assert asked == Asked(
        2, "Ann Example", "ann@service.example", "Service", "BE", "police", "speaker", "international", "de"
    )
    assert type(asked.part) is str


@pytest.mark.parametrize(
    ("written", "code"),
    [("BE", "BE"), ("be", "BE"), ("BEL", "BE"), ("Österreich", "AT"), ("AUTRICHE", "AT"), ("Гърция", "GR"), ("EL", "GR"),
     ("UK", "GB"), ("the Netherlands", "NL"), ("Czech Republic", "CZ"), ("Ċipru", "CY"), ("Κύπρος", "CY"), ("Narnia", ""), ("EU", "")],
)  # fmt: skip
def test_a_country_is_known_by_its_code_and_by_its_name_in_any_language_of_the_union(written, code):
    assert country(written) == code


@pytest.mark.parametrize(
    ("written", "address"),
    [("ANN@Service.Example", "ann@service.example"), ("Ann Example <ann@service.example>", "ann@service.example"),
     ("mailto:ann@service.example", "ann@service.example"), ("ann@service", ""), ("ann", ""), ("ann@@x.example", ""),
     ("ann@service.example, ben@service.example", ""), ("=ann@service.example", "=ann@service.example")],
)  # fmt: skip
def test_an_e_mail_address_is_folded_and_must_be_one(written, address):
    assert email(written) == address


@pytest.mark.parametrize(
    ("written", "code"), [("de", "de"), ("German", "de"), ("Ελληνικά", "el"), ("malti", "mt"), ("x", "")]
)
def test_a_language_is_known_by_its_letters_and_its_name(written, code):
    assert language(written) == code


def test_no_word_means_two_things():
    for vocabulary in (PARTS, PROFESSION_WORDS, ORIGINS):
        meanings = [(folded(word), value) for value, words in vocabulary.items() for word in words.split(", ")]
        assert len({word for word, _ in meanings}) == len(set(meanings))
    assert set(HEADS.values()) == set(FIELDS)


def test_everything_wrong_in_a_row_is_said_at_once():
    found = faults("", "nobody", "x" * 201, "Narnia", "wizard", "king", "far", "elvish")

    assert found == [
        ("E-mail", "email"),
        ("Organisation", "long"),
        ("Country", "country"),
        ("Profession", "profession"),
        ("Part played", "part"),
        ("Local/international", "origin"),
        ("Language", "language"),
        ("Name", "missing"),
    ]


def test_a_fault_says_row_column_and_what_was_written():
    (bad,) = plan([("Name", "Pays"), ("Ann", "BE"), ("Ben", "Narnia")]).faulty

    assert bad.faults == (Fault(3, "Pays", "country", "country", "Narnia"),)
    assert bad.cells == ("Ben", "Narnia")


@pytest.mark.parametrize("name", ["a\x00b", "a\x07b", "caf\ufffd", "\ue000"])
def test_a_name_that_cannot_be_printed_is_at_fault(name):
    assert faults(name) == [("Name", "unprintable")]


@pytest.mark.parametrize("name", ["O'Brien", "Đặng", "مريم", "😀", "A", "x" * 300, "Mária", "Ма́рия"])
def test_every_name_that_people_have_is_taken(name):
    (asked,) = plan([("Name",), (name,)]).new

    assert asked.name == shown(name)


def test_marks_that_nobody_sees_and_doubled_blanks_are_left_out():
    (asked,) = plan([("Name", "E-mail"), ("\u200fمريم\u202c \u00a0Ann\n", "\ufeffann@service.example\u200b")]).new

    assert (asked.name, asked.email) == ("مريم Ann", "ann@service.example")


def test_a_name_in_two_columns_may_not_be_longer_than_one_in_one():
    assert faults("x" * 200, "y" * 200, head=("Given name", "Family name")) == [("Family name", "long")]


# who is who


def test_two_spellings_of_a_name_share_a_key():
    for other in ("ann  EXAMPLE", "Example, Ann", "Änn Éxample", "EXAMPLE ann"):
        assert name_key(other) == name_key("Ann Example")
    assert name_key("Đặng Łuke Ħal") == name_key("dang luke hal")
    assert name_key("😀") != name_key("😎")


def test_the_same_person_again_is_unchanged():
    row = ("Ann Example", "ANN@service.example", "Service", "Belgium", "police", "participant", "local", "English")

    planned = plan([HEAD, row], [ANN])

    assert planned.counts == {"new": 0, "changed": 0, "unchanged": 1, "doubtful": 0, "faulty": 0}


def test_what_a_row_does_not_say_is_not_taken_away():
    planned = plan([HEAD, ("Ann Example", "ann@service.example", "", "", "", "trainer")], [ANN])

    (changed,) = planned.changed
    assert changed.changes == (Change("part", "participant", "trainer"),)


def test_one_e_mail_address_with_another_name_is_a_question():
    (one,) = plan([HEAD, ("Ben Other", "ann@service.example")], [ANN]).doubtful

    assert one.likes == (Like("email", ANN),) and not one.may_be_new


@pytest.mark.parametrize("name", ["ANN EXAMPLE", "Example Ann", "Ánn  Example"])
@pytest.mark.parametrize("address", ["", "ann@home.example"])
def test_the_same_name_without_the_same_address_is_a_question(name, address):
    (one,) = plan([HEAD, (name, address)], [ANN]).doubtful

    assert one.likes == (Like("name", ANN),) and one.may_be_new


def test_rows_that_resemble_one_another_name_the_earlier_row():
    planned = plan(
        [("Name", "E-mail"), ("Ann Example", "a@x.example"), ("example ANN", "b@x.example"), ("Ben", "A@x.example")]
    )

    assert [one.likes for one in planned.doubtful] == [(Like("name", row=2),), (Like("email", row=2),)]


def test_a_row_that_is_there_twice_counts_once():
    rows = [
        ("Name", "E-mail"),
        ("Ann Example", "a@x.example"),
        ("EXAMPLE Änn", "A@X.example"),
        ("Ben", ""),
        ("Ben", ""),
    ]

    planned = plan(rows)

    assert [asked.row for asked in planned.new] == [2, 4]
    assert [(same.asked.row, same.row) for same in planned.unchanged] == [(3, 2), (5, 4)]


def test_someone_without_an_address_is_known_again_by_name_and_values():
    roll = [Known("1", "Ben Other", organisation="Service")]

    planned = plan([HEAD, ("Ben Other", "", "Service"), ("Ben Other", "", "Another service")], roll)

    assert planned.unchanged == (Same(Asked(2, "Ben Other", organisation="Service"), roll[0]),)
    assert [one.likes for one in planned.doubtful] == [(Like("name", row=2),)]


def test_a_cancelled_registration_comes_back_only_when_a_person_says_so():
    gone = Known(**(asdict(ANN) | {"cancelled": True}))
    planned = plan([HEAD, ("Ann Example", "ann@service.example")], [gone])

    (changed,) = settled(planned, {2: "1"}).changed

    assert planned.doubtful[0].likes == (Like("cancelled", gone),) and not planned.doubtful[0].may_be_new
    assert changed.changes == (Change("state", "cancelled", "registered"),)


# deciding


def test_a_doubtful_row_becomes_new_or_someone_as_it_was_decided():
    rows = [
        HEAD,
        ("Ann Example", "other@x.example", "New service"),
        ("Example Ann", "third@x.example"),
        ("Ann example", "last@x.example"),
    ]
    planned = plan(rows, [ANN])

    done = settled(planned, {2: "1", 3: "new"})

    assert [one.asked.row for one in done.changed] == [2] and [one.row for one in done.new] == [3]
    assert [one.asked.row for one in done.doubtful] == [4]
    assert done.rows == planned.rows == 3


def test_an_import_never_exchanges_the_address_someone_signs_in_with():
    planned = plan([HEAD, ("Ann Example", "attacker@x.example")], [ANN])

    done = settled(planned, {2: "1"})

    assert done.unchanged == (Same(planned.doubtful[0].asked, ANN),) and not done.changed


def test_an_address_is_added_where_there_is_none():
    roll = [Known("1", "Ann Example")]

    done = settled(plan([HEAD, ("Ann Example", "ann@service.example")], roll), {2: "1"})

    assert done.changed[0].changes == (Change("email", "", "ann@service.example"),)


@pytest.mark.parametrize("decision", ["new", "2", "", "1; DROP TABLE"])
def test_a_decision_that_was_not_offered_decides_nothing(decision):
    planned = plan([HEAD, ("Ben Other", "ann@service.example")], [ANN, Known("2", "Someone Else")])

    assert settled(planned, {2: decision, 99: "new"}) == planned


def test_one_person_is_not_taken_for_two_rows():
    planned = plan([HEAD, ("Ann Example", "x@x.example"), ("Ann Example", "y@x.example")], [ANN])

    done = settled(planned, {2: "1", 3: "1"})

    assert [one.asked.row for one in done.doubtful] == [3]


# the plan as a whole


def test_a_plan_has_a_fingerprint_of_everything_that_was_shown():
    rows = [HEAD, ("Ann Example", "ann@service.example")]

    assert plan(rows).print == plan(rows).print
    assert len({plan(rows).print, plan(rows, [ANN]).print, plan([*rows, ("Ben",)]).print}) == 3


def test_faulty_rows_go_back_with_their_reasons_and_can_be_sent_again():
    rows = [("Name", "Country", "Diet"), ("Ann", "Narnia", "=1+1"), ("Ben", "Austria"), ("", "Narnia")]

    sheet = returned(plan(rows), "To correct", "Row", "What to correct", lambda fault: f"{fault.column}: {fault.why}")

    assert list(sheet.head) == ["Row", "Name", "Country", "Diet", "What to correct"]
    assert sheet.rows == [
        (2, "Ann", "Narnia", "=1+1", "Country: country"),
        (4, "", "Narnia", "", "Country: country Name: missing"),
    ]
    again = plan(read(b"".join(written("csv", [sheet]))).tables[0].rows)
    assert list(again.mapping.values()) == ["name", "country"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_template_is_a_list_that_can_be_sent_as_it_is(kind):
    planned = plan(read(b"".join(written(kind, [template()]))).tables[0].rows)

    assert len(planned.new) == 1 and not planned.ignored
    assert all(getattr(planned.new[0], name) for name in VALUES)


def test_a_thousand_namesakes_are_not_held_against_each_other_one_by_one():
    rows = [("Name", "E-mail"), *(("Ann Example", f"ann{number}@service.example") for number in range(1000))]

    planned = plan(rows, [Known(f"{number}", "Ann Example", f"{number}@x.example") for number in range(1000)])

    assert len(planned.doubtful) == 1000
    assert max(len(one.likes) for one in planned.doubtful) == 40


names = sampled_from(["Ann Example", "EXAMPLE ann", "Änn Example", "Ben Other", "ben other", "😀", "Ben", ""])
addresses = sampled_from(["", "ann@x.example", "ANN@x.example", "ben@x.example", "nobody"])
rows_of_people = lists(tuples(names, addresses, sampled_from(["", "Service", "Other service"])), max_size=8)


@quick
@given(rows_of_people, lists(sampled_from(["new", "n1", "n2", "leave"]), min_size=8, max_size=8))
def test_the_same_list_twice_changes_nothing(rows, choices):
    table = [HEAD, *rows]
    first = settled(plan(table), dict(enumerate(choices, 2)))
    roll = carried_out(first, [])

    again = plan(table, roll)

    assert not again.new and not again.changed
    assert again.rows == first.rows == sum(any(row) for row in rows)


@quick
@given(rows_of_people, rows_of_people)
def test_a_list_sent_twice_over_any_roll_changes_nothing_the_second_time(before, rows):
    roll = carried_out(plan([HEAD, *before]), [])
    roll = carried_out(plan([HEAD, *rows], roll), roll)

    again = plan([HEAD, *rows], roll)

    assert not again.new and not again.changed


@quick
@given(lists(lists(one_of(none(), text(max_size=8), sampled_from([1.0, True, *HEAD])), max_size=5), max_size=6))
def test_any_table_is_a_plan_with_every_row_on_one_heap(rows):
    planned = plan(rows)

    numbers = [
        *(one.row for one in (*planned.new, *planned.faulty)),
        *(one.asked.row for one in (*planned.changed, *planned.unchanged, *planned.doubtful)),
    ]
    at = head_at(rows) + 1
    assert sorted(numbers) == [number for number, row in enumerate(rows[at:], at + 1) if any(map(shown, row))]


def test_there_are_words_for_everything_that_can_be_said():
    assert set(FIELD_WORDS) == set(FIELDS) and set(HEAPS) == set(plan([]).counts)
    assert set(WRONG) == {"missing", "long", "unprintable", *READ}
    assert set(LIKE) == {"email", "name", "cancelled"} and set(NOTES) == {"windows-1252"}
    assert Unreadable.__doc__ and all(f"{why}" in Unreadable.__doc__ for why in UNREADABLE)


@pytest.mark.parametrize("locale", ["de", "bg"])
def test_a_list_that_was_downloaded_in_another_language_is_read_again(locale):
    with (TRANSLATIONS / locale / "LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale=locale)
    named = {
        "Participant": "participant",
        "Trainer": "trainer",
        "Speaker": "speaker",
        "Organiser": "organiser",
        "Observer": "observer",
    }
    rows = [["name", "part played"], *([f"Person {part}", catalogue.get(part).string] for part in named)]

    planned = plan(rows, [])

    assert [asked.part for asked in planned.new] == list(named.values())
