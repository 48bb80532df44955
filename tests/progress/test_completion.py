"""What a paper asks, what is done, what is missing, and how that is said."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis.strategies import builds, dictionaries, frozensets, integers, just, one_of, sampled_from, tuples

from lms.content.material import Course, Lesson, Module, Paper, PaperKind, Quiz, Single
from lms.progress import words
from lms.progress.completion import Asked, Done, Kind, Line, asked, asked_at, checklist, missing

quick = settings(deadline=None, derandomize=True, max_examples=60)
lessons = frozensets(sampled_from(["signs/one", "signs/two", "court/one", "gone/one"]))
quizzes = frozensets(sampled_from(["signs", "court", "gone"]))
places = sampled_from(["brussels", "vienna", "gone"])
some_asked = builds(
    Asked, lessons=lessons, quizzes=quizzes, half_days=integers(0, 9),
    over=one_of(just("one"), just("all"), tuples(places, places)), exercises=integers(0, 4),
)  # fmt: skip
exercises = frozensets(sampled_from(["signs/a", "signs/b", "court/a"]))
some_done = builds(
    Done, lessons=lessons, quizzes=quizzes, half_days=dictionaries(places, integers(0, 6)), exercises=exercises
)  # fmt: skip


def more_of(one: Done, other: Done) -> Done:
    """What two did together."""
    events = one.half_days.keys() | other.half_days.keys()
    half_days = {event: one.half_days.get(event, 0) + other.half_days.get(event, 0) for event in events}
    return Done(one.lessons | other.lessons, one.quizzes | other.quizzes, half_days, one.exercises | other.exercises)


def lesson(name: str) -> Lesson:
    check = Single(id="check", text="?", explanation="!", options=())
    return Lesson(
        id=name, title=name, lead=name, minutes=1, sources=(), checked=date(2026, 1, 1), key_points=("k",), check=check
    )


def module(slug: str, *lessons: str) -> Module:
    return Module(
        slug=slug, title=slug, summary=slug, objectives=("o",), minutes=1, law="l", checked=date(2026, 1, 1),
        lessons=tuple(lesson(name) for name in lessons), quiz=Quiz(pass_mark=70, draw=1, minutes=1, questions=()),
    )  # fmt: skip


def course(*modules: Module) -> Course:
    return Course(title="c", modules=modules, papers=(), sources={}, glossary={}, helplines=())


TWO_TOPICS = course(module("signs", "one", "two"), module("court", "one"))


def paper(kind: PaperKind = PaperKind.COMPLETION, **what: object) -> Paper:
    return Paper(id="p", kind=kind, title="P", **what)


def left(wanted: Asked, done: Done) -> dict[Kind, int]:
    """How many are missing, by kind."""
    return {line.kind: line.left for line in missing(wanted, done)}


# --- what is asked -------------------------------------------------------------------------------------------


def test_a_paper_that_asks_all_asks_every_lesson_and_every_quiz():
    wanted = asked(paper(lessons="all", quizzes="all"), TWO_TOPICS)

    assert wanted == Asked(
        lessons=frozenset({"signs/one", "signs/two", "court/one"}), quizzes=frozenset({"signs", "court"})
    )


def test_a_paper_may_ask_single_topics():
    wanted = asked(paper(lessons=("signs",), quizzes=("court",)), TWO_TOPICS)

    assert wanted == Asked(lessons=frozenset({"signs/one", "signs/two"}), quizzes=frozenset({"court"}))


def test_a_paper_may_ask_half_days_and_says_where_they_are_counted():
    wanted = asked(paper(half_days=3, over=("brussels", "vienna")), TWO_TOPICS)

    assert wanted == Asked(half_days=3, over=("brussels", "vienna"))


def test_a_paper_may_ask_so_many_exercises():
    wanted = asked(paper(exercises=2), TWO_TOPICS)

    assert wanted == Asked(exercises=2)


def test_a_paper_that_asks_nothing_has_no_line_and_is_due_at_once():
    wanted = asked(paper(), TWO_TOPICS)

    assert checklist(wanted, Done()) == ()
    assert not missing(wanted, Done())


def test_all_means_every_topic_of_today():
    everything = paper(lessons="all", quizzes="all")
    had = asked(everything, TWO_TOPICS)
    grown = course(*TWO_TOPICS.modules, module("care", "new"))

    still = missing(asked(everything, grown), Done(had.lessons, had.quizzes))

    assert [line.missing for line in still] == [{"care/new"}, {"care"}]


def test_a_paper_of_attendance_asks_its_half_days_at_one_event():
    wanted = asked_at(paper(PaperKind.ATTENDANCE, half_days=3), "brussels", 4)

    assert wanted == Asked(half_days=3, over=("brussels",))


def test_an_event_with_fewer_half_days_than_are_asked_asks_all_of_them():
    wanted = asked_at(paper(PaperKind.ATTENDANCE, half_days=3), "prague", 1)

    assert wanted.half_days == 1


def test_an_event_whose_half_days_are_not_settled_gives_nobody_a_paper():
    wanted = asked_at(paper(PaperKind.ATTENDANCE, half_days=3), "prague", 0)

    assert missing(wanted, Done())


# --- what is done and missing --------------------------------------------------------------------------------


def test_what_is_done_is_no_longer_missing():
    wanted = Asked(lessons=frozenset({"signs/one", "signs/two"}), quizzes=frozenset({"signs"}))

    lines = checklist(wanted, Done(lessons=frozenset({"signs/one"})))

    assert lines == (
        Line(Kind.LESSONS, 2, 1, frozenset({"signs/two"})),
        Line(Kind.QUIZZES, 1, 0, frozenset({"signs"})),
    )
    assert [line.left for line in lines] == [1, 1]


def test_one_quiz_alone_keeps_a_certificate_back():
    wanted = Asked(lessons=frozenset({"signs/one"}), quizzes=frozenset({"signs"}))

    assert left(wanted, Done(lessons=frozenset({"signs/one"}))) == {Kind.QUIZZES: 1}


def test_a_lesson_read_in_one_topic_does_not_count_in_another():
    wanted = Asked(lessons=frozenset({"court/one"}))

    assert left(wanted, Done(lessons=frozenset({"signs/one"}))) == {Kind.LESSONS: 1}


def test_three_of_four_half_days_are_enough_when_three_are_asked():
    wanted = Asked(half_days=3, over=("brussels",))

    assert not missing(wanted, Done(half_days={"brussels": 3}))


def test_half_days_of_two_events_do_not_add_up_where_one_event_is_asked():
    done = Done(half_days={"brussels": 2, "vienna": 2})

    assert left(Asked(half_days=3, over="one"), done) == {Kind.HALF_DAYS: 1}
    assert left(Asked(half_days=3, over="all"), done) == {}


def test_half_days_count_only_at_the_events_that_are_named():
    done = Done(half_days={"brussels": 2, "vienna": 2, "prague": 4})

    assert left(Asked(half_days=4, over=("brussels", "vienna")), done) == {}
    assert left(Asked(half_days=5, over=("brussels", "vienna")), done) == {Kind.HALF_DAYS: 1}
    assert left(Asked(half_days=1, over=("malta",)), done) == {Kind.HALF_DAYS: 1}


def test_more_half_days_than_are_asked_are_said_as_those_that_are_asked():
    (line,) = checklist(Asked(half_days=3), Done(half_days={"brussels": 4}))

    assert (line.asked, line.done, line.left) == (3, 3, 0)


def test_different_exercises_count_wherever_they_were_played():
    wanted = Asked(half_days=1, over=("brussels",), exercises=2)

    assert left(wanted, Done(exercises=frozenset({"signs/a"}))) == {Kind.HALF_DAYS: 1, Kind.EXERCISES: 1}
    assert left(wanted, Done(half_days={"brussels": 1}, exercises=frozenset({"signs/a", "court/a"}))) == {}


def test_more_exercises_than_are_asked_are_said_as_those_that_are_asked():
    (line,) = checklist(Asked(exercises=1), Done(exercises=frozenset({"signs/a", "court/a"})))

    assert line == Line(Kind.EXERCISES, 1, 1)


@quick
@given(wanted=some_asked, done=some_done)
def test_nothing_is_missing_exactly_when_all_that_is_asked_is_done(wanted: Asked, done: Done):
    def enough() -> bool:
        by = done.half_days
        if wanted.over == "one":
            return max(by.values(), default=0) >= wanted.half_days
        return sum(by[event] for event in by if wanted.over == "all" or event in wanted.over) >= wanted.half_days

    still = missing(wanted, done)

    named = wanted.lessons <= done.lessons and wanted.quizzes <= done.quizzes
    assert (not still) == (named and enough() and len(done.exercises) >= wanted.exercises)
    assert all(0 <= line.done <= line.asked for line in checklist(wanted, done))
    counted = {Kind.HALF_DAYS, Kind.EXERCISES}
    assert all(line.left == len(line.missing) for line in still if line.kind not in counted)


@quick
@given(wanted=some_asked, done=some_done, more=some_done)
def test_doing_more_never_makes_more_missing(wanted: Asked, done: Done, more: Done):
    before, after = left(wanted, done), left(wanted, more_of(done, more))

    assert all(after[kind] <= before[kind] for kind in after)


# --- in words ------------------------------------------------------------------------------------------------

TITLES = {"brussels": "Brussels training", "vienna": "Vienna training"}


@pytest.mark.parametrize(
    ("line", "asks", "stands", "lacks"),
    [
        (Line(Kind.LESSONS, 23, 22), "Read 23 lessons", "22 of 23 lessons read", "1 lesson is not read yet"),
        (Line(Kind.LESSONS, 1, 0), "Read 1 lesson", "0 of 1 lessons read", "1 lesson is not read yet"),
        (Line(Kind.QUIZZES, 5, 3), "Pass 5 quizzes", "3 of 5 quizzes passed", "2 quizzes are not passed yet"),
        (
            Line(Kind.HALF_DAYS, 3, 1),
            "Be present at 3 half-days of one event",
            "1 of 3 half-days present",
            "2 half-days are missing",
        ),
        (
            Line(Kind.HALF_DAYS, 5, 4, over="all"),
            "Be present at 5 half-days of the events",
            "4 of 5 half-days present",
            "1 half-day is missing",
        ),
        (
            Line(Kind.HALF_DAYS, 3, 0, over=("brussels", "vienna", "gone")),
            "Be present at 3 half-days: Brussels training or Vienna training or gone",
            "0 of 3 half-days present",
            "3 half-days are missing",
        ),
        (
            Line(Kind.EXERCISES, 1, 0),
            "Take part in 1 live exercise",
            "Took part in 0 of 1 live exercises",
            "1 live exercise is missing",
        ),
        (
            Line(Kind.EXERCISES, 3, 1),
            "Take part in 3 live exercises",
            "Took part in 1 of 3 live exercises",
            "2 live exercises are missing",
        ),
    ],
)
def test_a_line_says_what_it_asks_how_far_it_is_and_what_is_left(app, line: Line, asks: str, stands: str, lacks: str):
    with app.test_request_context():
        said = words.asks(line, TITLES), words.stands(line), words.lacks(line)

    assert said == (asks, stands, lacks)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_line_that_was_frozen_is_said_like_one_of_today(app, kind: Kind):
    """The kind of a frozen line is a word and no member of the enumeration."""
    today = Line(kind, 3, 2)
    frozen = Line(kind.value, 3, 2)

    with app.test_request_context():
        assert words.stands(frozen) == words.stands(today)
        assert words.asks(frozen, {}) == words.asks(today, {})
