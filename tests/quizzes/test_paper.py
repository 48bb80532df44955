"""What a paper draws and shows, what it takes as an answer, and what never leaves the server before the result."""

import json
from random import Random

import msgspec
import pytest
from hypothesis import given as for_every
from hypothesis import settings
from hypothesis.strategies import integers

from lms.content.material import (
    KINDS,
    AnyQuestion,
    Decoy,
    Matching,
    Multiple,
    NearNumber,
    NearWord,
    Numeric,
    Option,
    Ordering,
    Pair,
    Quiz,
    Scenario,
    Short,
    Single,
    Step,
    TrueFalse,
    Verdicts,
)
from lms.quizzes.grading import grade
from lms.quizzes.paper import (
    Choice,
    Drawn,
    Paper,
    Row,
    Shown,
    Unfit,
    alone,
    answer_from,
    draw,
    given,
    in_order,
    moved,
    shown,
    version_of,
)
from lms.quizzes.reasons import explained

SEEDS = integers(min_value=0, max_value=2**32)
quick = settings(deadline=None, derandomize=True, max_examples=30)

# One question of each kind. Whatever must not be seen before the result begins with "hush" or is 777.
ABOUT = {"explanation": "hush explanation", "lesson": "hush-lesson", "sources": ("hush-source",)}


def option(name: str, right: bool = False) -> Option:
    return Option(id=f"hush-{name}", text=f"Seen {name}", feedback=f"hush {name}", right=right)


def pair(name: str) -> Pair:
    return Pair(id=f"hush-{name}", left=f"Left {name}", right=f"Right {name}", feedback=f"hush {name}")


def step(name: str) -> Step:
    return Step(id=f"hush-{name}", text=f"Step {name}", feedback=f"hush {name}")


PARTS = {
    "single": Single(
        id="hush-single", text="Which one?", options=(option("one", right=True), option("two"), option("three")),
        **ABOUT,
    ),
    "multiple": Multiple(
        id="hush-multiple", text="Which ones?", options=(option("a", right=True), option("b"), option("c", right=True)),
        **ABOUT,
    ),
    "true-false": TrueFalse(
        id="hush-true-false", text="Is it so?", answer=True, **ABOUT,
        feedback=Verdicts(when_true="hush yes", when_false="hush no"),
    ),
    "numeric": Numeric(
        id="hush-numeric", text="How many?", answer=777.0, tolerance=0.777, unit="days", **ABOUT,
        units={"days": 1.0, "hush-weeks": 7.0}, near=(NearNumber(value=7770.0, feedback="hush near"),), feedback="hush",
    ),
    "short": Short(
        id="hush-short", text="What is it called?", accept=("hush", "a hush"), **ABOUT,
        near=(NearWord(value="hush-hush", feedback="hush near"),), feedback="hush",
    ),
    "matching": Matching(
        id="hush-matching", text="What goes together?", pairs=(pair("one"), pair("two"), pair("three")), **ABOUT,
        decoys=(Decoy(id="hush-decoy", text="Right of nothing", feedback="hush decoy"),),
    ),
    "ordering": Ordering(
        id="hush-ordering", text="In which order?", steps=(step("one"), step("two"), step("three"), step("four")),
        **ABOUT,
    ),
}  # fmt: skip
EXAMPLES: dict[str, AnyQuestion] = PARTS | {
    "scenario": Scenario(id="hush-scenario", text="It is Friday.", parts=tuple(PARTS.values()), **ABOUT)
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def quiz(*questions: AnyQuestion, **limits: object) -> Quiz:
    return Quiz(questions=questions, **{"pass_mark": 70, "draw": len(questions), "minutes": 15, **limits})


def drawn(question: AnyQuestion, seed: int = 1) -> Drawn:
    return draw(quiz(question), Random(seed)).questions[0]


def filled_in(question: Shown, random: Random, name: str = "q") -> dict[str, list[str]]:
    """The fields a browser sends when someone answers everything they see, at random."""
    if question.parts:
        parts = [filled_in(part, random, f"{name}-{part.id}") for part in question.parts]
        return {field: values for part in parts for field, values in part.items()}
    if question.pairs:
        return {f"{name}-{row.id}": [random.choice(question.choices).id] for row in question.pairs}
    if question.steps:
        return {name: [step.id for step in random.sample(question.steps, len(question.steps))]}
    if question.kind == "multiple":
        return {name: [option.id for option in random.sample(question.options, random.randint(1, 3))]}
    if question.options:
        return {name: [random.choice(question.options).id]}
    return {name: [str(random.randint(1, 1000))]}


def fields_of(question: Shown, chosen: dict | None, name: str = "q") -> dict[str, list[str]]:
    """The fields of a form that a kept answer has filled again."""
    if question.parts:
        parts = [fields_of(part, (chosen or {}).get(part.id), f"{name}-{part.id}") for part in question.parts]
        return {field: values for part in parts for field, values in part.items()}
    if question.steps:
        return {name: [step.id for step in question.steps]}
    if not chosen:
        return {}
    if "pairs" in chosen:
        return {f"{name}-{row}": [key] for row, key in chosen["pairs"].items()}
    return {name: chosen["options"] if "options" in chosen else [chosen.get("option") or chosen["text"]]}


def otherwise(value: object, key: str = "") -> object:
    """The same built-in values with everything changed that nobody may see before the result."""
    if key in ("kind", "text", "left", "unit") or (key == "right" and isinstance(value, str)):
        return value
    if isinstance(value, dict):
        return {name: otherwise(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [otherwise(inner, key) for inner in value]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"other-{value}"


def texts(question: AnyQuestion) -> list[str]:
    """Everything of a question that someone reads before answering, but for its number's unit."""
    if isinstance(question, Scenario):
        return [question.text, *(text for part in question.parts for text in texts(part))]
    pieces = [*getattr(question, "options", ()), *getattr(question, "steps", ()), *getattr(question, "decoys", ())]
    pairs = getattr(question, "pairs", ())
    return [question.text, *(one.text for one in pieces), *(one.left for one in pairs), *(one.right for one in pairs)]


def keys_in_order(question: Shown) -> list[list[str]]:
    """The keys of what there is to choose from, as they follow each other on the page, for each part."""
    lists = [question.options, question.choices, question.steps]
    here = [[piece.id.rpartition(".")[2] for piece in pieces] for pieces in lists]
    return here + [keys for part in question.parts for keys in keys_in_order(part)]


def keys_of(value: object) -> set[str]:
    """Every key of a JSON value, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*(keys_of(inner) for inner in value.values()))
    return set().union(*(keys_of(inner) for inner in value)) if isinstance(value, list) else set()


# --- every kind ------------------------------------------------------------------------------------------------


def test_every_kind_has_its_example_here():
    assert EXAMPLES.keys() == KINDS.keys()
    assert all(type(EXAMPLES[name]) is kind for name, kind in KINDS.items())


@every_kind
def test_every_kind_is_drawn_shown_answered_graded_and_explained(kind):
    question = EXAMPLES[kind]

    paper = draw(quiz(question), Random(1))
    asked = shown(paper.questions[0])
    answer = answer_from(paper.questions[0], filled_in(asked, Random(2)))
    result = grade(paper, {1: answer})
    reasons = explained(question, answer)

    assert (asked.kind, asked.text) == (kind, question.text)
    assert answer
    assert 0 <= result.shares[0] <= 1
    assert any(part.rows for part in reasons)
    assert all(part.explanation for part in reasons)


@every_kind
def test_nothing_shown_holds_feedback_explanations_right_marks_sources_or_ids(kind):
    leaves = msgspec.json.encode(shown(drawn(EXAMPLES[kind]))).decode()

    assert "hush" not in leaves
    assert "777" not in leaves
    assert keys_of(json.loads(leaves)) <= {*Shown.__struct_fields__, *Choice.__struct_fields__, *Row.__struct_fields__}


@every_kind
def test_what_is_shown_stays_the_same_when_all_that_is_hidden_changes(kind):
    one = drawn(EXAMPLES[kind])
    other = Drawn(
        question=msgspec.convert(otherwise(msgspec.to_builtins(one.question)), AnyQuestion),
        version="another",
        orders={f"other-{part}" if part else "": order for part, order in one.orders.items()},
    )

    assert other.question != one.question
    assert msgspec.json.encode(shown(other)) == msgspec.json.encode(shown(one))


@every_kind
def test_every_text_there_is_to_choose_from_is_shown(kind):
    leaves = msgspec.json.encode(shown(drawn(EXAMPLES[kind]))).decode()

    for text in texts(EXAMPLES[kind]):
        assert leaves.count(f'"{text}"') == texts(EXAMPLES[kind]).count(text)


@every_kind
def test_keys_tell_the_place_on_the_page_and_nothing_else(kind):
    for seed in range(20):
        asked = shown(drawn(EXAMPLES[kind], seed))

        for keys in keys_in_order(asked):
            assert "".join(keys) == "abcdefgh"[: len(keys)]


# --- answers ---------------------------------------------------------------------------------------------------


@every_kind
@quick
@for_every(seed=SEEDS)
def test_an_answer_given_back_fills_the_form_with_the_same_answer(kind, seed):
    random = Random(seed)
    asked = drawn(EXAMPLES[kind], seed)
    fields = filled_in(shown(asked), random)

    kept = answer_from(asked, fields)
    again = in_order(shown(asked), given(asked, json.loads(json.dumps(kept))))
    refilled = fields_of(again, given(asked, kept))

    assert answer_from(asked, refilled) == kept
    assert {name: sorted(values) for name, values in refilled.items()} == {
        name: sorted(values) for name, values in fields.items()
    }


@quick
@for_every(seed=SEEDS)
def test_steps_are_shown_again_in_the_order_someone_gave_them(seed):
    asked = drawn(EXAMPLES["ordering"], seed)
    fields = filled_in(shown(asked), Random(seed))

    again = in_order(shown(asked), given(asked, answer_from(asked, fields)))

    assert [step.id for step in again.steps] == fields["q"]
    assert set(again.steps) == set(shown(asked).steps)


def test_steps_inside_a_scenario_keep_their_given_order_too():
    asked = drawn(EXAMPLES["scenario"])
    part = next(part for part in shown(asked).parts if part.kind == "ordering")
    backwards = [step.id for step in reversed(part.steps)]

    kept = answer_from(asked, {f"q-{part.id}": backwards})
    again = in_order(shown(asked), given(asked, kept))

    assert [step.id for step in next(one for one in again.parts if one.id == part.id).steps] == backwards


@every_kind
def test_a_form_sent_empty_is_no_answer(kind):
    asked = drawn(EXAMPLES[kind])

    assert answer_from(asked, {}) is None
    assert answer_from(asked, {name: [""] for name in filled_in(shown(asked), Random(1))}) is None
    assert given(asked, None) is None


def test_a_scenario_keeps_the_parts_that_are_answered():
    asked = drawn(EXAMPLES["scenario"])
    part = next(part for part in shown(asked).parts if part.kind == "short")

    kept = answer_from(asked, {f"q-{part.id}": ["  a \n word "]})

    assert kept == {"parts": {"hush-short": {"text": "a word"}}}
    assert given(asked, kept)[part.id] == {"text": "a word"}


@pytest.mark.parametrize("kind", ["numeric", "short"])
def test_what_is_typed_is_kept_with_single_spaces_and_three_hundred_characters(kind):
    kept = answer_from(drawn(EXAMPLES[kind]), {"q": [" 1\t 2 " + "3" * 400]})

    assert kept["text"].startswith("1 2 3")
    assert len(kept["text"]) == 300


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("single", {"q": ["d"]}),
        ("single", {"q": ["hush-one"]}),
        ("single", {"q": ["a", "b"]}),
        ("single", {"q": ["A"]}),
        ("multiple", {"q": ["a", "z"]}),
        ("multiple", {"q": ["1.a"]}),
        ("true-false", {"q": ["true"]}),
        ("true-false", {"q": ["a", "b"]}),
        ("matching", {"q-1": ["e"]}),
        ("matching", {"q-1": ["a"], "q-2": ["hush-two"]}),
        ("ordering", {"q": ["a", "b", "c"]}),
        ("ordering", {"q": ["a", "b", "c", "c"]}),
        ("ordering", {"q": ["a", "b", "c", "d", "a"]}),
        ("ordering", {"q": ["a", "b", "c", "e"]}),
        ("scenario", {"q-1": ["a"]}),
        ("scenario", {"q-1": ["2.a"]}),
        ("scenario", {"q-1": ["1.d"]}),
        ("scenario", {"q-6-6.1": ["a"]}),
        ("scenario", {"q-7": ["7.a", "7.b", "7.c"]}),
    ],
)
def test_a_key_that_was_never_shown_does_not_fit(kind, fields):
    asked = drawn(EXAMPLES[kind])

    with pytest.raises(Unfit):
        answer_from(asked, fields)


def test_a_step_moves_by_one_and_stays_at_the_ends():
    assert moved(["a", "b", "c"], "b", "up") == ["b", "a", "c"]
    assert moved(["a", "b", "c"], "b", "down") == ["a", "c", "b"]
    assert moved(["a", "b", "c"], "a", "up") == ["a", "b", "c"]
    assert moved(["a", "b", "c"], "c", "down") == ["a", "b", "c"]


@pytest.mark.parametrize(("key", "way"), [("z", "up"), ("a", "left"), ("a", ""), ("", "down")])
def test_a_step_that_is_not_there_and_a_way_that_is_none_do_not_fit(key, way):
    with pytest.raises(Unfit):
        moved(["a", "b"], key, way)


# --- drawing ---------------------------------------------------------------------------------------------------


def bank(count: int) -> list[Single]:
    return [msgspec.structs.replace(PARTS["single"], id=f"q{number}") for number in range(count)]


def test_a_paper_asks_as_many_different_questions_as_the_quiz_says():
    paper = draw(quiz(*bank(30), draw=10), Random(7))

    asked = [one.question.id for one in paper.questions]

    assert len(asked) == len(set(asked)) == 10


def test_another_attempt_draws_anew():
    one = draw(quiz(*bank(30), draw=10), Random(1))
    other = draw(quiz(*bank(30), draw=10), Random(2))

    assert [drawn.question.id for drawn in one.questions] != [drawn.question.id for drawn in other.questions]


def test_every_question_of_the_quiz_can_be_drawn():
    papers = [draw(quiz(*bank(20), draw=10), Random(seed)) for seed in range(50)]

    assert {one.question.id for paper in papers for one in paper.questions} == {f"q{number}" for number in range(20)}


def test_a_paper_takes_its_rules_from_the_quiz():
    paper = draw(quiz(*bank(3), pass_mark=60, time_limit=45, version="1234567890ab", locale="de"), Random(1))

    assert (paper.pass_mark, paper.time_limit, paper.version, paper.locale) == (60, 45, "1234567890ab", "de")


@quick
@for_every(seed=SEEDS)
def test_a_paper_is_the_same_after_it_was_kept_as_json(seed):
    paper = draw(quiz(*EXAMPLES.values(), draw=8, time_limit=45), Random(seed))

    kept = json.dumps(msgspec.to_builtins(paper))

    assert msgspec.convert(json.loads(kept), Paper) == paper


@every_kind
def test_a_version_changes_with_anything_in_the_question(kind):
    question = EXAMPLES[kind]
    changed = msgspec.convert(otherwise(msgspec.to_builtins(question)), AnyQuestion)

    assert version_of(question) == version_of(msgspec.structs.replace(question))
    assert version_of(changed) != version_of(question)
    assert drawn(question).version == version_of(question)


def test_steps_never_begin_in_their_right_order():
    two = Ordering(id="two", text="Which first?", steps=(step("one"), step("two")), explanation="why")
    firsts = [[piece.text for piece in shown(drawn(two, seed)).steps] for seed in range(100)]
    fours = [[piece.text for piece in shown(drawn(EXAMPLES["ordering"], seed)).steps] for seed in range(300)]

    assert all(texts == ["Step two", "Step one"] for texts in firsts)
    assert ["Step one", "Step two", "Step three", "Step four"] not in fours


def test_steps_inside_a_scenario_never_begin_in_their_right_order():
    parts = [part for seed in range(300) for part in shown(drawn(EXAMPLES["scenario"], seed)).parts if part.steps]

    assert ["Step one", "Step two", "Step three", "Step four"] not in [
        [piece.text for piece in part.steps] for part in parts
    ]


@pytest.mark.parametrize("kind", ["single", "multiple", "matching"])
def test_every_choice_comes_to_stand_in_every_place(kind):
    firsts = set()
    for seed in range(100):
        asked = shown(drawn(EXAMPLES[kind], seed))
        firsts |= {(place, piece.text) for place, piece in enumerate(asked.options or asked.choices)}

    count = len(asked.options or asked.choices)
    assert len(firsts) == count * count


def test_true_stands_before_false():
    orders = {tuple(piece.text for piece in shown(drawn(EXAMPLES["true-false"], seed)).options) for seed in range(50)}

    assert orders == {("True", "False")}


@every_kind
def test_a_question_outside_a_quiz_looks_the_same_each_time(kind):
    assert alone(EXAMPLES[kind]) == alone(EXAMPLES[kind])
    assert "hush" not in msgspec.json.encode(shown(alone(EXAMPLES[kind]))).decode()
