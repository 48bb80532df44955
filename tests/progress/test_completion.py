"""What a certificate asks, and what is still missing for it."""

from datetime import date

from hypothesis import given, settings
from hypothesis.strategies import builds, frozensets, sampled_from

from lms.content.material import Course, Lesson, Module, Paper, Quiz, Single
from lms.progress.completion import Deeds, asked, missing

quick = settings(deadline=None, derandomize=True, max_examples=60)
some_deeds = builds(
    Deeds,
    lessons=frozensets(sampled_from(["signs/one", "signs/two", "court/one", "gone/one"])),
    quizzes=frozensets(sampled_from(["signs", "court", "gone"])),
)


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


def test_a_paper_that_asks_all_asks_every_lesson_and_every_quiz():
    paper = Paper(id="p", title="P", lessons="all", quizzes="all")

    assert asked(paper, TWO_TOPICS) == Deeds(
        lessons=frozenset({"signs/one", "signs/two", "court/one"}), quizzes=frozenset({"signs", "court"})
    )


def test_a_paper_may_ask_single_topics():
    paper = Paper(id="p", title="P", lessons=("signs",), quizzes=("court",))

    assert asked(paper, TWO_TOPICS) == Deeds(
        lessons=frozenset({"signs/one", "signs/two"}), quizzes=frozenset({"court"})
    )


def test_a_paper_that_asks_nothing_is_due_at_once():
    paper = Paper(id="p", title="P")

    assert not missing(asked(paper, TWO_TOPICS), done=Deeds())


def test_all_means_every_topic_of_today():
    paper = Paper(id="p", title="P", lessons="all", quizzes="all")
    done = asked(paper, TWO_TOPICS)

    grown = course(*TWO_TOPICS.modules, module("care", "new"))

    assert missing(asked(paper, grown), done) == Deeds(lessons=frozenset({"care/new"}), quizzes=frozenset({"care"}))


def test_what_is_done_is_no_longer_missing():
    wanted = Deeds(lessons=frozenset({"signs/one", "signs/two"}), quizzes=frozenset({"signs"}))

    still = missing(wanted, done=Deeds(lessons=frozenset({"signs/one"})))

    assert still == Deeds(lessons=frozenset({"signs/two"}), quizzes=frozenset({"signs"}))
    assert (bool(still), len(still)) == (True, 2)


def test_one_quiz_alone_keeps_a_certificate_back():
    wanted = Deeds(lessons=frozenset({"signs/one"}), quizzes=frozenset({"signs"}))

    still = missing(wanted, done=Deeds(lessons=frozenset({"signs/one"})))

    assert still


def test_a_lesson_read_in_one_topic_does_not_count_in_another():
    still = missing(Deeds(lessons=frozenset({"court/one"})), done=Deeds(lessons=frozenset({"signs/one"})))

    assert still == Deeds(lessons=frozenset({"court/one"}))


@quick
@given(wanted=some_deeds, done=some_deeds)
def test_nothing_is_missing_exactly_when_all_that_is_asked_is_done(wanted, done):
    still = missing(wanted, done)

    assert (not still) == (wanted.lessons <= done.lessons and wanted.quizzes <= done.quizzes)
    assert len(still) <= len(wanted)


@quick
@given(wanted=some_deeds, done=some_deeds, more=some_deeds)
def test_doing_more_never_makes_more_missing(wanted, done, more):
    both = Deeds(lessons=done.lessons | more.lessons, quizzes=done.quizzes | more.quizzes)

    assert missing(wanted, both).lessons <= missing(wanted, done).lessons
    assert missing(wanted, both).quizzes <= missing(wanted, done).quizzes
