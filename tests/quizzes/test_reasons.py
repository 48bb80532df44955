"""What is said after the result: every choice with its reason, and which of them was one's own."""

import pytest

from lms.content.material import (
    KINDS,
    Decoy,
    Matching,
    Multiple,
    NearNumber,
    NearWord,
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
from lms.quizzes.reasons import Explained, Reason, explained, rows

ABOUT = {"id": "q", "text": "What?", "explanation": "Because."}
OPTIONS = (
    Option(id="a", text="A", feedback="A is right", right=True),
    Option(id="b", text="B", feedback="B is not"),
    Option(id="c", text="C", feedback="C is not"),
)


def numeric(**more: object) -> Numeric:
    return Numeric(**{"answer": 51.0, "feedback": "Look again.", **ABOUT, **more})


def texts(reasons: object) -> list[tuple[str, str, bool]]:
    return [(one.sign, one.text, one.yours) for one in reasons]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"scenario"}))
def test_every_kind_that_can_be_a_part_has_its_own_reasons(kind):
    assert rows.dispatch(KINDS[kind]) is not rows.dispatch(object)


def test_what_is_no_question_has_no_reasons():
    with pytest.raises(NotImplementedError, match="no reasons for str"):
        rows("a string", None)


def test_the_right_option_and_ones_own_are_marked_and_every_option_says_why():
    question = Single(options=OPTIONS, **ABOUT)

    reasons = list(rows(question, {"option": "b"}))

    assert reasons == [
        Reason("right", "A", "A is right"),
        Reason("wrong", "B", "B is not", yours=True),
        Reason("none", "C", "C is not"),
    ]


def test_of_several_choices_each_is_marked_by_itself():
    question = Multiple(options=OPTIONS, **ABOUT)

    reasons = rows(question, {"options": ["a", "c"]})

    assert texts(reasons) == [("right", "A", True), ("none", "B", False), ("wrong", "C", True)]


def test_true_and_false_each_have_their_verdict():
    question = TrueFalse(answer=False, feedback=Verdicts(when_true="No.", when_false="Yes."), **ABOUT)

    reasons = list(rows(question, {"option": "true"}))

    assert reasons == [Reason("wrong", "True", "No.", yours=True), Reason("right", "False", "Yes.")]


def test_a_wrong_number_shows_the_right_one_with_its_unit():
    reasons = list(rows(numeric(unit="children"), {"text": "22"}))

    assert reasons == [Reason("wrong", "22", "Look again.", yours=True), Reason("right", "51 children", "")]


def test_a_right_number_stands_as_it_was_typed():
    assert list(rows(numeric(), {"text": "51,0"})) == [Reason("right", "51,0", "", yours=True)]


@pytest.mark.parametrize(
    ("answer", "written"),
    [(51.0, "51"), (1.5, "1.5"), (0.1, "0.1"), (-3.0, "-3"), (116006.0, "116006"), (1234567.0, "1234567"),
     (9876543.25, "9876543.25"), (1e22, "1" + "0" * 22), (0.00001, "0.00001")],
)  # fmt: skip
def test_the_right_number_is_written_with_all_its_digits(answer, written):
    [right] = rows(numeric(answer=answer), None)

    assert right.text == written


def test_a_number_that_many_people_give_has_its_own_reason():
    question = numeric(
        unit="days", units={"days": 1.0, "weeks": 7.0}, near=(NearNumber(value=14.0, feedback="Too soon."),)
    )

    said = [next(rows(question, {"text": typed})).feedback for typed in ("14", "14.0 days", "2 weeks", "15")]

    assert said == ["Too soon.", "Too soon.", "Too soon.", "Look again."]


@pytest.mark.parametrize("typed", ["many", "9" * 297 + " TB", "-" * 300, "1,2,3"])
def test_nonsense_for_a_number_gets_the_ordinary_reason(typed):
    question = numeric(unit="B", units={"B": 1.0, "TB": 1e12}, near=(NearNumber(value=1.0, feedback="Near."),))

    wrong, right = rows(question, {"text": typed})

    assert (wrong.feedback, right.text) == ("Look again.", "51 B")


def test_a_word_that_many_people_give_has_its_own_reason():
    question = Short(
        accept=("hash", "digest"), near=(NearWord(value="check sum", feedback="Close."),), feedback="No.", **ABOUT
    )

    close, right = rows(question, {"text": "CHECK-SUM"})
    wrong, _right = rows(question, {"text": "lock"})

    assert close == Reason("wrong", "CHECK-SUM", "Close.", yours=True)
    assert right == Reason("right", "hash", "")
    assert wrong.feedback == "No."
    assert list(rows(question, {"text": "Digest"})) == [Reason("right", "Digest", "", yours=True)]


def test_each_pair_shows_its_right_one_and_the_wrong_one_somebody_chose():
    question = Matching(
        pairs=(
            Pair(id="one", left="I", right="1", feedback="One is one."),
            Pair(id="two", left="II", right="2", feedback="Two is two."),
            Pair(id="three", left="III", right="3", feedback="Three is three."),
        ),
        decoys=(
            Decoy(id="four", text="4", feedback="Four is IV."),
            Decoy(id="five", text="5", feedback="Five is V."),
        ),
        **ABOUT,
    )

    reasons = list(rows(question, {"pairs": {"one": "one", "two": "four"}}))

    assert reasons == [
        Reason("right", "1", "One is one.", yours=True, beside="I"),
        Reason("wrong", "4", "Four is IV.", yours=True, beside="II"),
        Reason("right", "2", "Two is two.", beside="II"),
        Reason("right", "3", "Three is three.", beside="III"),
        Reason("none", "5", "Five is V."),
    ]


def test_steps_stand_in_their_right_order_with_the_place_somebody_gave_them():
    steps = tuple(Step(id=one, text=one.upper(), feedback=f"{one} why") for one in "abc")

    reasons = list(rows(Ordering(steps=steps, **ABOUT), {"steps": ["b", "a", "c"]}))

    assert reasons == [
        Reason("wrong", "A", "a why", beside="2"),
        Reason("wrong", "B", "b why", beside="1"),
        Reason("right", "C", "c why", yours=True, beside="3"),
    ]


def test_a_scenario_explains_each_part_under_its_text_and_then_the_whole():
    part = Single(id="p1", text="What first?", explanation="Part why.", options=OPTIONS)
    other = Single(id="p2", text="What next?", explanation="Other why.", options=OPTIONS)

    first, second, whole = explained(Scenario(parts=(part, other), **ABOUT), {"parts": {"p1": {"option": "a"}}})

    assert (first.text, first.explanation, texts(first.rows)[0]) == ("What first?", "Part why.", ("right", "A", True))
    assert (second.text, texts(second.rows)[0]) == ("What next?", ("right", "A", False))
    assert whole == Explained(text="", explanation="Because.", kind="scenario", rows=())


def test_a_plain_question_is_its_own_only_part():
    [only] = explained(Single(options=OPTIONS, **ABOUT), {"option": "a"})

    assert (only.text, only.explanation, only.kind, len(only.rows)) == ("", "Because.", "single", 3)


@pytest.mark.parametrize(
    "question",
    [
        Single(options=OPTIONS, **ABOUT),
        Multiple(options=OPTIONS, **ABOUT),
        TrueFalse(answer=True, feedback=Verdicts(when_true="Yes.", when_false="No."), **ABOUT),
        numeric(),
        Short(accept=("hash",), feedback="Look again.", **ABOUT),
        Matching(pairs=tuple(Pair(id=one, left=one, right=one, feedback="Why.") for one in "ab"), **ABOUT),
        Ordering(steps=tuple(Step(id=one, text=one, feedback="Why.") for one in "ab"), **ABOUT),
    ],
    ids=lambda question: question.kind,
)
def test_who_did_not_answer_is_told_the_right_answer_and_why(question):
    [only] = explained(question, None)

    assert not any(row.yours for row in only.rows)
    assert all(row.feedback for row in only.rows)
    assert any(row.sign == "right" for row in only.rows)
    assert not any(row.sign == "wrong" for row in only.rows)
