"""What an answer is worth: the tables of each kind, and what holds for every answer there can be."""

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, dictionaries, integers, lists, sampled_from, text
from hypothesis.strategies import permutations as orders

from lms.content.material import (
    KINDS,
    Decoy,
    Matching,
    Multiple,
    Numeric,
    Option,
    Ordering,
    Pair,
    Scenario,
    Short,
    Single,
    Step,
    TrueFalse,
    Verdicts,
)
from lms.quizzes.grading import fold, grade, share
from lms.quizzes.paper import Drawn, Paper

quick = settings(deadline=None, derandomize=True, max_examples=60)
ABOUT = {"id": "q", "text": "What?", "explanation": "Why."}


def single(*options: str, right: str) -> Single:
    return Single(options=tuple(Option(id=one, text=one, feedback="f", right=one == right) for one in options), **ABOUT)


def multiple(rights: str, wrongs: str = "") -> Multiple:
    return Multiple(
        options=tuple(Option(id=one, text=one, feedback="f", right=one in rights) for one in rights + wrongs), **ABOUT
    )


def true_false(answer: bool) -> TrueFalse:
    return TrueFalse(answer=answer, feedback=Verdicts(when_true="f", when_false="f"), **ABOUT)


def numeric(answer: float, **more: object) -> Numeric:
    return Numeric(answer=answer, feedback="f", **ABOUT, **more)


def short(*accept: str) -> Short:
    return Short(accept=accept, feedback="f", **ABOUT)


def matching(pairs: str, decoys: str = "") -> Matching:
    return Matching(
        pairs=tuple(Pair(id=one, left=one, right=one, feedback="f") for one in pairs),
        decoys=tuple(Decoy(id=one, text=one, feedback="f") for one in decoys),
        **ABOUT,
    )


def ordering(steps: str) -> Ordering:
    return Ordering(steps=tuple(Step(id=one, text=one, feedback="f") for one in steps), **ABOUT)


def paper(*questions: object, pass_mark: int = 70) -> Paper:
    return Paper(
        questions=tuple(Drawn(question=one, version="v", orders={}) for one in questions),
        pass_mark=pass_mark,
        version="v",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_grading(kind):
    assert share.dispatch(KINDS[kind]) is not share.dispatch(object)


def test_what_is_no_question_is_not_graded():
    with pytest.raises(NotImplementedError, match="no grading for str"):
        share("a string", {})


# --- all or nothing --------------------------------------------------------------------------------------------


def test_a_single_choice_is_worth_all_or_nothing():
    question = single("a", "b", "c", right="b")

    assert [share(question, {"option": one}) for one in "abc"] == [0, 1, 0]


@pytest.mark.parametrize("truth", [True, False])
def test_a_true_or_false_sentence_is_worth_all_or_nothing(truth):
    assert share(true_false(truth), {"option": "true"}) == truth
    assert share(true_false(truth), {"option": "false"}) == (not truth)


# --- numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        (9678, "9678"),
        (9678, "9,678"),
        (9678, "9.678"),
        (9678, "9 678"),
        (9678, "9\u00a0678"),
        (9678, "9\u202f678"),
        (9678, "9'678"),
        (9678, "9’678"),
        (9678, "9678."),
        (9678, "9678,0"),
        (9678, "+9678"),
        (9678, " 9678 "),
        (1234567.5, "1,234,567.5"),
        (1234567.5, "1.234.567,5"),
        (1.5, "1,5"),
        (1.5, "1.5"),
        (1.5, "1.50"),
        (9.678, "9,678"),
        (9.678, "9.678"),
        (0.5, "0.5"),
        (0.1, "0,1"),
        (-3, "-3"),
        (-3, "−3"),
        (116006, "116 006"),
        (116006, "116006"),
        (0, "0"),
    ],
)
def test_a_number_is_read_as_people_of_every_country_write_it(answer, typed):
    assert share(numeric(answer), {"text": typed}) == 1


@pytest.mark.parametrize(
    ("answer", "typed"),
    [
        (9678, "9679"),
        (9678, "96.78"),
        (9678, "96,78"),
        (1.5, "15"),
        (1.5, "1 5"),
        (3, "-3"),
        (3, "−3"),
        (-3, "3"),
        (1234.5, "12.345"),
        (1234567, "1,234.567"),
    ],
)
def test_another_number_is_worth_nothing(answer, typed):
    assert share(numeric(answer), {"text": typed}) == 0


@pytest.mark.parametrize(
    "typed",
    ["many", "", " ", "-", "−", ".", ",", "--3", "3-4", "10/2", "3e2", "0x3", "three", "3 4 five 6", "1.2.3,4.5", "∞",
     "NaN", "nan", "inf", "³", "½", "3!4", "3 of 5", "<script>3</script>", "9" * 300, "1 " * 150, "," * 300],
)  # fmt: skip
def test_nonsense_is_worth_nothing_and_no_error(typed):
    assert share(numeric(3), {"text": typed}) == 0


def test_a_number_may_be_off_by_the_tolerance_and_no_more():
    question = numeric(10, tolerance=0.1)

    worth = [share(question, {"text": typed}) for typed in ("9.89", "9.9", "10", "10.1", "10,1", "10.11")]

    assert worth == [0, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("answer", [0.1, 0.2, 0.3, 0.7, 2.675, 1e-05, 116006.1])
def test_a_decimal_is_taken_as_it_stands_in_the_file(answer):
    assert share(numeric(answer), {"text": f"{answer:.10f}"}) == 1


@pytest.mark.parametrize(
    ("typed", "worth"),
    [
        ("2", 1),
        ("2 days", 1),
        ("2days", 1),
        ("2 DAYS", 1),
        ("48 hours", 1),
        ("2880 min.", 1),
        ("2 hours", 0),
        ("48", 0),
        ("48 days", 0),
        ("2 weeks", 0),
        ("2 days ago", 0),
        ("1 day", 0),
        ("days 2", 0),
    ],
)
def test_a_number_may_be_given_in_any_of_the_units(typed, worth):
    units = {"days": 1.0, "day": 1.0, "hours": 1 / 24, "min": 1 / 1440}
    question = numeric(2, tolerance=0.001, unit="days", units=units)

    assert share(question, {"text": typed}) == worth


def test_the_unit_beside_the_field_may_be_typed_too():
    assert share(numeric(70, unit="%"), {"text": "70 %"}) == 1
    assert share(numeric(70, unit="€"), {"text": "70€"}) == 1
    assert share(numeric(70, unit="Tage"), {"text": "70 tage"}) == 1


@quick
@given(number=integers(-(10**12), 10**12), mark=sampled_from(["", ",", ".", " ", "\u00a0", "'"]))
def test_a_whole_number_may_be_grouped_in_thousands(number, mark):
    typed = f"{number:,}".replace(",", mark)

    assert share(numeric(number), {"text": typed}) == 1


@quick
@given(typed=text(max_size=300))
def test_no_text_breaks_the_reading_of_numbers(typed):
    question = numeric(7, unit="days", units={"days": 1.0, "weeks": 7.0})

    assert share(question, {"text": typed}) in (0, 1)


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "typed"),
    [
        ("hash", "Hash"),
        ("hash", "  HASH "),
        ("hash value", "hash   value"),
        ("hash value", "hash-value"),
        ("hash value", "hash_value"),
        ("hash value", "hash\u00a0value"),
        ("Barnahus", "“Barnahus”."),
        ("e-Evidence", "e evidence"),
        ("protégée", "PROTEGEE"),
        ("Straße", "STRASSE"),
        ("Übergabe", "ubergabe"),
        ("cafe\u0301", "café"),
        ("Палермо", "ПАЛЕРМО"),
        ("Й", "и\u0306"),
        ("Αθήνα", "ΑΘΗΝΑ"),
        ("λόγος", "ΛΟΓΟΣ"),
        ("ΛΌΓΟΣ", "λόγος"),
        ("Ħaż-Żebbuġ", "ħaz zebbug"),
        ("İstanbul", "istanbul"),
        ("no 5", "№ 5"),
        ("ＡＢＣ", "abc"),
        ("ﬁle", "FILE"),
    ],
)
def test_a_word_counts_whatever_its_case_accents_and_spaces(accepted, typed):
    assert share(short("something else", accepted), {"text": typed}) == 1
    assert share(short(typed), {"text": accepted}) == 1


@pytest.mark.parametrize("typed", ["hush", "hashes", "ha sh", "has", "хаш", "#", "…", "hash value hash value"])
def test_another_word_is_worth_nothing(typed):
    assert share(short("hash", "hash value"), {"text": typed}) == 0


@quick
@given(word=text(max_size=60))
def test_a_folded_word_folds_to_itself(word):
    assert fold(fold(word)) == fold(word)


@quick
@given(word=text(min_size=1, max_size=60))
def test_an_accepted_form_typed_as_it_stands_is_right(word):
    assert share(short(word), {"text": word}) == 1


# --- parts of a mark -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rights", "wrongs", "chosen", "worth"),
    [
        ("ab", "cd", "ab", "1"),
        ("ab", "cd", "a", "1/2"),
        ("ab", "cd", "abc", "1/2"),
        ("ab", "cd", "ac", "0"),
        ("ab", "cd", "abcd", "0"),
        ("ab", "cd", "cd", "0"),
        ("ab", "cd", "c", "0"),
        ("abc", "d", "ab", "2/3"),
        ("abc", "d", "abd", "1/3"),
        ("abc", "d", "abcd", "2/3"),
        ("a", "bcd", "a", "1"),
        ("a", "bcd", "ab", "0"),
    ],
)
def test_of_several_choices_each_wrong_one_takes_a_right_one_back(rights, wrongs, chosen, worth):
    assert share(multiple(rights, wrongs), {"options": list(chosen)}) == Fraction(worth)


@pytest.mark.parametrize(
    ("decoys", "given_pairs", "worth"),
    [
        ("", {"a": "a", "b": "b", "c": "c"}, "1"),
        ("", {"a": "a", "b": "c", "c": "b"}, "1/3"),
        ("", {"a": "a", "b": "b"}, "2/3"),
        ("", {"a": "a", "b": "a", "c": "a"}, "1/3"),
        ("", {"a": "b", "b": "c", "c": "a"}, "0"),
        ("xy", {"a": "x", "b": "b", "c": "c"}, "2/3"),
        ("xy", {"a": "x", "b": "y", "c": "x"}, "0"),
    ],
)
def test_each_pair_is_worth_its_part_of_the_mark(decoys, given_pairs, worth):
    assert share(matching("abc", decoys), {"pairs": given_pairs}) == Fraction(worth)


@pytest.mark.parametrize(
    ("given_order", "worth"),
    [
        ("ab", "1"),
        ("ba", "0"),
        ("abc", "1"),
        ("acb", "1/3"),
        ("bac", "1/3"),
        ("bca", "0"),
        ("cba", "0"),
        ("abcd", "1"),
        ("abdc", "2/3"),
        ("acbd", "2/3"),
        ("badc", "1/3"),
        ("bcda", "0"),
        ("dabc", "0"),
        ("adbc", "1/3"),
        ("dcba", "0"),
        ("abcde", "1"),
        ("bacde", "4/5"),
        ("bcdea", "1/5"),
    ],
)
def test_an_order_is_worth_its_rank_correlation_with_the_right_one(given_order, worth):
    question = ordering("".join(sorted(given_order)))

    assert share(question, {"steps": list(given_order)}) == Fraction(worth)


def test_an_order_by_chance_is_worth_nothing_before_the_floor_is_laid():
    question = ordering("abcd")

    shares = [share(question, {"steps": list(one)}) for one in permutations("abcd")]
    turned_round = [share(question, {"steps": list(one)[::-1]}) for one in permutations("abcd")]

    assert all(min(there, back) == 0 for there, back in zip(shares, turned_round, strict=True))
    assert sum(shares) == sum(turned_round)


def test_a_scenario_is_worth_the_mean_of_its_parts():
    parts = (multiple("ab", "c"), true_false(True), single("a", "b", right="a"))
    question = Scenario(parts=tuple(with_id(part, f"p{n}") for n, part in enumerate(parts, 1)), **ABOUT)

    answer = {"parts": {"p1": {"options": ["a"]}, "p2": {"option": "true"}}}

    assert share(question, answer) == (Fraction(1, 2) + 1 + 0) / 3
    assert share(question, {"parts": {}}) == 0


def with_id(question: object, name: str) -> object:
    return type(question)(**{key: getattr(question, key) for key in question.__struct_fields__} | {"id": name})


@quick
@given(
    rights=lists(sampled_from("abcde"), min_size=1, unique=True),
    chosen=lists(sampled_from("abcdefgh"), min_size=1, unique=True),
)
def test_several_choices_earn_between_nothing_and_all_and_all_only_for_the_right_ones(rights, chosen):
    question = multiple("".join(rights), "".join(set("abcdefgh") - set(rights)))

    worth = share(question, {"options": chosen})

    assert 0 <= worth <= 1
    assert (worth == 1) == (set(chosen) == set(rights))


@quick
@given(pairs=dictionaries(sampled_from("abcd"), sampled_from("abcdxy"), min_size=1))
def test_pairs_earn_between_nothing_and_all_and_all_only_for_the_right_ones(pairs):
    worth = share(matching("abcd", "xy"), {"pairs": pairs})

    assert 0 <= worth <= 1
    assert (worth == 1) == (pairs == {one: one for one in "abcd"})


@quick
@given(steps=integers(2, 7).flatmap(lambda count: orders("abcdefg"[:count])))
def test_an_order_earns_between_nothing_and_all_and_all_only_for_the_right_one(steps):
    worth = share(ordering("".join(sorted(steps))), {"steps": steps})

    assert 0 <= worth <= 1
    assert (worth == 1) == (steps == sorted(steps))


@quick
@given(steps=orders("abcdef"), place=integers(0, 4))
def test_setting_two_neighbours_right_never_costs_anything(steps, place):
    better = list(steps)
    better[place : place + 2] = sorted(better[place : place + 2])

    assert share(ordering("abcdef"), {"steps": better}) >= share(ordering("abcdef"), {"steps": steps})


# --- papers ----------------------------------------------------------------------------------------------------

RIGHT = {"option": "true"}
WRONG = {"option": "false"}


def test_exactly_seventy_per_cent_passes():
    ten = paper(*[true_false(True)] * 10)

    seven = grade(ten, {number: RIGHT if number <= 7 else WRONG for number in range(1, 11)})
    six = grade(ten, {number: RIGHT if number <= 6 else WRONG for number in range(1, 11)})

    assert (seven.points, seven.out_of, seven.passed) == (7, 10, True)
    assert (six.points, six.out_of, six.passed) == (6, 10, False)


def test_thirds_that_add_up_to_the_pass_mark_pass_without_rounding():
    thirds = {"options": ["a"]}
    ten = paper(*[multiple("abc")] * 3, *[true_false(True)] * 7)

    just = grade(ten, {1: thirds, 2: thirds, 3: thirds} | dict.fromkeys(range(4, 10), RIGHT))
    less = grade(ten, {1: thirds, 2: thirds} | dict.fromkeys(range(4, 10), RIGHT))

    assert (just.points, just.passed) == (7, True)
    assert (less.points, less.passed) == (Fraction(20, 3), False)


def test_a_hair_below_the_pass_mark_does_not_pass():
    questions = paper(*[true_false(True)] * 3, pass_mark=67)

    result = grade(questions, {1: RIGHT, 2: RIGHT, 3: WRONG})

    assert not result.passed


def test_a_question_without_an_answer_is_worth_nothing():
    result = grade(paper(true_false(True), true_false(True)), {2: RIGHT})

    assert result.shares == (0, 1)


def test_an_empty_paper_handed_in_has_no_points_and_does_not_pass():
    result = grade(paper(*[true_false(True)] * 10), {})

    assert (result.points, result.passed) == (0, False)


@quick
@given(rights=lists(booleans(), min_size=1, max_size=12), pass_mark=integers(1, 100))
def test_whoever_reaches_the_pass_mark_has_passed_and_nobody_else(rights, pass_mark):
    questions = paper(*[true_false(True)] * len(rights), pass_mark=pass_mark)

    result = grade(questions, {number: RIGHT if one else WRONG for number, one in enumerate(rights, 1)})

    assert result.passed == (Fraction(sum(rights), len(rights)) >= Fraction(pass_mark, 100))
    assert result.points == sum(result.shares) == sum(rights)
