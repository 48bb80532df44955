"""The training material itself: without a fault, and as much of it as was promised."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from lms.content.loader import Training, load
from lms.content.material import KINDS, Course, Lesson, Module, Option, PaperKind
from lms.paths import MODULES

TOP = Path(__file__).parents[2]
TOPICS = {
    "technology-in-recruitment": 4,
    "early-signs": 4,
    "investigation-and-prosecution": 5,
    "digital-evidence": 5,
    "victim-centred-approach": 5,
}
every_topic = pytest.mark.parametrize("slug", TOPICS)


@pytest.fixture(scope="module")
def training() -> Training:
    return load(MODULES)


@pytest.fixture(scope="module")
def course(training) -> Course:
    return training.course("en")


@pytest.fixture
def topic(course, slug) -> Module:
    return course.module(slug)


def lessons(course: Course) -> list[Lesson]:
    return [lesson for module in course.modules for lesson in module.lessons]


def test_the_check_that_authors_run_finds_no_fault():
    command = [Path(sys.executable).with_name("lms"), "content", "check"]

    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("No faults: 23 lessons, ")


def test_the_five_topics_stand_in_their_order_with_their_lessons(course):
    assert {module.slug: len(module.lessons) for module in course.modules} == TOPICS
    assert [module.slug for module in course.modules] == list(TOPICS)


def test_every_lesson_has_its_situation_its_question_its_key_points_and_its_sources(course):
    for lesson in lessons(course):
        assert lesson.body.count('<section class="notice situation"') >= 1, lesson.id
        assert len(lesson.check.options) >= 2, lesson.id
        assert len(lesson.key_points) >= 3, lesson.id
        assert lesson.sources, lesson.id
        assert date(2026, 1, 1) <= lesson.checked, lesson.id


def test_every_lesson_has_between_600_and_1200_words(course):
    assert {lesson.id: lesson.words for lesson in lessons(course) if not 600 <= lesson.words <= 1200} == {}


@every_topic
def test_every_topic_says_what_it_means_for_each_profession(topic):
    for kind in ("for-police", "for-prosecutors", "for-judges", "for-support"):
        assert any(f'class="notice {kind}"' in lesson.body for lesson in topic.lessons), kind


@every_topic
def test_every_topic_says_where_its_law_stands_and_that_national_law_prevails(topic):
    assert topic.status
    assert all(status.sources for status in topic.status)
    assert "national" in topic.law.lower() or "law of your own State" in topic.law


@every_topic
def test_every_topic_has_two_figures_or_more_each_wide_and_narrow(topic):
    bodies = "".join(lesson.body for lesson in topic.lessons)

    figures = re.findall(r'<figure class="figure".*?</figure>', bodies, re.S)

    assert len(figures) >= 2
    for figure in figures:
        assert len(re.findall(r'<svg[^>]* class="wide"', figure)) == 1
        assert len(re.findall(r'<svg[^>]* class="narrow"', figure)) == 1
        assert "<td>" in figure


@every_topic
def test_a_figures_table_says_every_number_that_its_drawing_shows(topic):
    bodies = "".join(lesson.body for lesson in topic.lessons)

    for figure in re.findall(r'<figure class="figure".*?</figure>', bodies, re.S):
        drawing, _details, table = figure.partition("<details>")
        drawn = " ".join(re.findall(r"<text[^>]*[^/]>(.*?)</text>", drawing))
        told = re.sub(r"<[^>]+>", " ", table + figure.partition("<svg")[0])

        # Single digits number the steps of a drawing; its table has rows.
        assert set(re.findall(r"\d{2,}", drawn)) - set(re.findall(r"\d{2,}", told)) == set()


def test_the_glossary_has_sixty_terms_or_more_and_a_lesson_links_to_each(course):
    linked = set(re.findall(r'href="../../glossary/#([a-z0-9-]+)"', "".join(lesson.body for lesson in lessons(course))))

    assert len(course.glossary) >= 60
    assert course.glossary.keys() - linked == set()


def test_a_term_is_linked_at_most_twice_in_a_lesson(course):
    for lesson in lessons(course):
        terms = re.findall(r'href="../../glossary/#([a-z0-9-]+)"', lesson.body)

        assert [term for term in set(terms) if terms.count(term) > 2] == [], lesson.id


def test_every_source_is_used(course):
    used = {source for lesson in lessons(course) for source in lesson.sources}
    used |= {source for module in course.modules for question in module.quiz.questions for source in question.sources}
    used |= {source for module in course.modules for status in module.status for source in status.sources}

    assert course.sources.keys() - used == set()


@every_topic
def test_every_quiz_draws_ten_of_sixteen_questions_or_more_and_passes_at_seventy_per_cent(topic):
    assert len(topic.quiz.questions) >= 16
    assert (topic.quiz.draw, topic.quiz.pass_mark) == (10, 70)


@every_topic
def test_every_quiz_asks_in_all_eight_kinds(topic):
    assert {question.kind for question in topic.quiz.questions} == KINDS.keys()


@every_topic
def test_every_lesson_is_asked_about(topic):
    assert {question.lesson for question in topic.quiz.questions} == {lesson.id for lesson in topic.lessons}


@every_topic
def test_every_question_has_its_sources_and_every_choice_its_own_reason(topic):
    parts = [part for question in topic.quiz.questions for part in getattr(question, "parts", ())]

    for question in (*topic.quiz.questions, *parts, *(lesson.check for lesson in topic.lessons)):
        choices = [*getattr(question, "options", ()), *getattr(question, "pairs", ()), *getattr(question, "steps", ())]
        assert question.explanation, question.id
        assert all(choice.feedback for choice in choices), question.id
        wrong = [choice.feedback for choice in choices if isinstance(choice, Option) and not choice.right]
        assert len(wrong) == len(set(wrong)), question.id
    assert all(question.sources for question in topic.quiz.questions)


def test_the_right_option_is_not_always_the_longest_nor_always_in_one_place(course):
    singles = [question for module in course.modules for question in module.quiz.questions if question.kind == "single"]
    places = [[option.right for option in question.options].index(True) for question in singles]
    longest = [max(question.options, key=lambda option: len(option.text)).right for question in singles]

    assert max(places.count(place) for place in set(places)) <= len(singles) * 0.5
    assert sum(longest) <= len(singles) * 0.5


def test_the_certificate_asks_every_lesson_and_every_quiz(course):
    (completion,) = course.papers_of(PaperKind.COMPLETION)

    assert (completion.lessons, completion.quizzes) == ("all", "all")


@pytest.mark.parametrize("locale", ["de", "bg"])
def test_a_lesson_and_a_quiz_are_translated_and_up_to_date(training, locale):
    translated = training.course(locale)

    current = [lesson for lesson in lessons(translated) if lesson.locale == locale and not lesson.outdated]
    quizzes = [module.quiz for module in translated.modules if module.quiz.locale == locale]

    assert len(current) >= 1
    assert len(quizzes) >= 1
    assert not any(quiz.outdated for quiz in quizzes)
