"""Taking a quiz: what is frozen, what is kept, what leaves the server, and who may see it."""

import threading
from datetime import timedelta
from itertools import count
from random import Random
from uuid import uuid4

import msgspec
import pytest
from markupsafe import escape
from sqlalchemy import select

from lms.content import library
from lms.content.loader import Training
from lms.content.material import Quiz
from lms.content.prose import inline
from lms.paths import MODULES
from lms.quizzes import attempts
from lms.quizzes.models import Attempt, Sent
from lms.quizzes.paper import draw, given, shown
from tests.make import Making
from tests.page import Client

QUIZ = "/modules/early-signs/quiz"
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def same_draw_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first paper holds a single and an ordering question; the next ones vary."""
    quiz = library.read(MODULES).course("en").module("early-signs").quiz
    needed = {"single", "ordering"}
    first = next(n for n in count() if needed <= {d.question.kind for d in draw(quiz, Random(n)).questions})
    seeds = count(first)
    monkeypatch.setattr(attempts, "SystemRandom", lambda: Random(next(seeds)))


def begin(client: Client) -> str:
    """Begin a quiz; the attempt's address."""
    client.get(QUIZ)
    response = client.post(QUIZ)
    client.follow(response)
    return response.location.rpartition("/")[0]


def attempt(make: Making) -> Attempt:
    return make.one(select(Attempt))


def right_fields(drawn) -> dict[str, list[str]]:
    """Form fields that answer a question rightly, under the keys that are shown."""
    return fields_of(given(drawn, right_answer(drawn.question)), "q")


def right_answer(question):
    match question.kind:
        case "single" | "true-false":
            return {"option": next(o.id for o in question.options if o.right)}
        case "multiple":
            return {"options": [o.id for o in question.options if o.right]}
        case "numeric":
            return {"text": f"{question.answer:g}"}
        case "short":
            return {"text": question.accept[0]}
        case "matching":
            return {"pairs": {pair.id: pair.id for pair in question.pairs}}
        case "ordering":
            return {"steps": [step.id for step in question.steps]}
        case "scenario":
            return {"parts": {part.id: right_answer(part) for part in question.parts}}


def fields_of(shown, name: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for key, value in shown.items():
        if key.isdigit():
            fields |= fields_of(value, f"{name}-{key}")
        elif key == "pairs":
            fields |= {f"{name}-{row}": [choice] for row, choice in value.items()}
        else:
            fields[name] = value if isinstance(value, list) else [value]
    return fields


def answer_all(client: Client, make: Making, here: str) -> None:
    for number, drawn in enumerate(attempt(make).paper.questions, 1):
        client.get(f"{here}/{number}")
        client.post(f"{here}/answers/{number}", right_fields(drawn) | {"go": "next"})


def test_someone_who_knows_everything_passes_with_ten_of_ten(make: Making):
    client = make.signed_in()
    here = begin(client)

    answer_all(client, make, here)
    client.get(f"{here}/review")
    client.follow(client.post(f"{here}/submit"))

    assert client.page.heading == "10 of 10: you passed"
    assert (attempt(make).points, attempt(make).passed) == (10.0, True)


def test_someone_who_answers_nothing_does_not_pass(make: Making):
    client = make.signed_in()
    here = begin(client)
    client.get(f"{here}/review")

    client.follow(client.post(f"{here}/submit"))

    assert client.page.heading == "0 of 10: not passed yet"


def test_a_quiz_that_is_not_translated_says_so_before_it_begins(make: Making):
    client = make.signed_in(language="de")

    client.get(QUIZ)
    german = client.page.words
    client.get("/modules/digital-evidence/quiz")

    assert "noch nicht übersetzt" not in german
    assert "noch nicht übersetzt" in client.page.words


def test_beginning_twice_goes_on_with_the_open_attempt(make: Making):
    client = make.signed_in()
    here = begin(client)

    again = begin(client)

    assert again == here


def test_two_tabs_that_begin_at_once_get_one_attempt(make: Making):
    client = make.signed_in()
    client.get(QUIZ)
    token = client.page.hidden("csrf_token")
    cookie = client.http.get_cookie("session").value
    ready = threading.Barrier(6)
    seen = []

    def tab() -> None:
        http = client.app.test_client()
        http.set_cookie("session", cookie)
        ready.wait()
        seen.append(http.post(QUIZ, data={"csrf_token": token}).location)

    tabs = [threading.Thread(target=tab) for _ in range(6)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()

    assert len(set(seen)) == 1
    assert attempt(make).number == 1


def test_a_file_edited_meanwhile_changes_no_attempt(make: Making):
    client = make.signed_in()
    here = begin(client)
    client.get(f"{here}/1")
    before = client.page.words
    was = client.app.extensions["training"]
    course = was.course("en")
    modules = tuple(
        msgspec.structs.replace(m, quiz=Quiz(pass_mark=100, draw=1, minutes=1, questions=m.quiz.questions[:1]))
        for m in course.modules
    )
    client.app.extensions["training"] = Training(
        courses={"en": msgspec.structs.replace(course, modules=modules)}, versions={}
    )

    try:
        client.get(f"{here}/1")
        after = client.page.words
        answer_all(client, make, here)
        client.get(f"{here}/review")
        client.follow(client.post(f"{here}/submit"))
    finally:
        client.app.extensions["training"] = was

    assert before == after
    assert client.page.heading == "10 of 10: you passed"


def test_each_answer_is_kept_at_once_and_shown_on_another_device(make: Making):
    client = make.signed_in()
    here = begin(client)
    drawn = attempt(make).paper.questions[0]
    client.get(f"{here}/1")

    client.post(f"{here}/answers/1", right_fields(drawn) | {"go": "next"})
    elsewhere = Client(client.app)
    elsewhere.sign_in(client.person.email, "four calm words together")
    elsewhere.get(f"{here}/review")

    assert "1 of 10 answered" in elsewhere.page.words
    assert make.one(select(Sent)).given == right_answer(drawn.question)


def test_the_last_answer_counts_and_every_one_is_kept(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, drawn = numbered(make, "single")
    wrong = next(o.id for o in drawn.question.options if not o.right)

    for answer in ({"option": wrong}, right_answer(drawn.question)):
        client.get(f"{here}/{number}")
        client.post(f"{here}/answers/{number}", fields_of(given(drawn, answer), "q"))

    assert len(make.all(select(Sent))) == 2
    client.get(f"{here}/review")
    client.follow(client.post(f"{here}/submit"))
    assert client.page.heading.startswith("1 of 10")


def numbered(make: Making, kind: str):
    """A drawn question of a kind, and its number."""
    return next((n, d) for n, d in enumerate(attempt(make).paper.questions, 1) if d.question.kind == kind)


def save(client: Client, here: str, number: int, fields: dict, sent_id: str):
    """Send an answer as the script does."""
    token = client.page.hidden("csrf_token")
    return client.http.post(
        f"{here}/answers/{number}", data=fields | {"id": sent_id}, headers=JSON | {"X-CSRFToken": token}
    )


def test_a_replayed_answer_is_the_same_row_and_never_overwrites_a_newer_one(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, drawn = numbered(make, "single")
    first, second = ({"q": [option.id]} for option in given_options(drawn)[:2])
    old, new = str(uuid4()), str(uuid4())

    outcomes = [
        save(client, here, number, f, i).json["outcome"] for f, i in ((first, old), (second, new), (first, old))
    ]

    assert outcomes == ["kept", "kept", "kept"]
    assert len(make.all(select(Sent))) == 2
    client.get(f"{here}/{number}")
    checked = [e.get("value") for e in client.page.all("input") if e.get("checked") is not None]
    assert checked == second["q"]


def given_options(drawn):
    return shown(drawn).options


def test_the_same_id_with_another_answer_is_refused(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, drawn = numbered(make, "single")
    first, second = ({"q": [option.id]} for option in given_options(drawn)[:2])
    sent_id = str(uuid4())
    save(client, here, number, first, sent_id)

    answer = save(client, here, number, second, sent_id)

    assert answer.status_code == 422
    assert len(make.all(select(Sent))) == 1


@pytest.mark.parametrize("fields", [{"q": "zz"}, {"q": ["a", "a", "b"], "move": "zz:up"}, {"id": "no uuid", "q": "a"}])
def test_an_answer_that_was_never_shown_is_refused_with_words_and_nothing_is_kept(make: Making, fields: dict):
    client = make.signed_in()
    here = begin(client)
    number, _drawn = numbered(make, "single")
    client.get(f"{here}/{number}")

    client.post(f"{here}/answers/{number}", fields, status=422)

    assert client.page.title.startswith("Error:")
    assert not make.all(select(Sent))


def test_steps_are_moved_by_plain_buttons(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, _drawn = numbered(make, "ordering")
    client.get(f"{here}/{number}")
    order = [e.get("value") for e in client.page.all("input") if e.get("name") == "q"]

    client.follow(client.post(f"{here}/answers/{number}", {"q": order, "move": f"{order[0]}:down"}))

    assert [e.get("value") for e in client.page.all("input") if e.get("name") == "q"] == [
        order[1],
        order[0],
        *order[2:],
    ]
    assert "is now number 2 of" in client.page.words


def test_nothing_that_leaves_before_submission_tells_what_is_right(make: Making):
    client = make.signed_in()
    for _paper in range(12):
        here = begin(client)
        paper = make.all(select(Attempt).order_by(Attempt.id))[-1].paper
        pages = "".join(client.get(f"{here}/{n}").text for n in range(1, 11)) + client.get(f"{here}/review").text
        for drawn in paper.questions:
            for secret in secrets_of(drawn.question):
                assert secret not in pages
        client.post(f"{here}/submit")


def secrets_of(question) -> list[str]:
    """Texts of a question that only the result may show."""
    found = [question.explanation]
    for piece in (*getattr(question, "options", ()), *getattr(question, "steps", ()), *getattr(question, "pairs", ())):
        found.append(piece.feedback)
    for part in getattr(question, "parts", ()):
        found += secrets_of(part)
    return [str(escape(text))[:60] for text in found if len(text) > 25]


def test_a_result_has_a_reason_for_every_option_and_a_source_for_every_question(make: Making):
    client = make.signed_in()
    here = begin(client)
    paper = attempt(make).paper
    client.get(f"{here}/review")

    page = client.follow(client.post(f"{here}/submit"))

    assert page.text.count("Source:") == 10
    for drawn in paper.questions:
        assert len(client.page.words) > 0
        if drawn.question.kind == "single":
            assert all(feedback_words(option.feedback) in client.page.words for option in drawn.question.options)


def feedback_words(text: str) -> str:
    return " ".join(inline(text).striptags().split())


def test_an_attempt_of_someone_else_is_not_there(make: Making):
    here = begin(make.signed_in())
    other = make.signed_in()
    other.get("/progress")

    for path in (here, f"{here}/1", f"{here}/review"):
        other.get(path, status=404)
    for path in (f"{here}/answers/1", f"{here}/submit"):
        other.post(path, {"q": "a"}, status=404)

    assert not make.all(select(Sent))
    assert attempt(make).submitted_at is None


def test_a_second_submit_shows_the_first_result(make: Making):
    client = make.signed_in()
    here = begin(client)
    client.get(f"{here}/review")
    client.post(f"{here}/submit")
    first = attempt(make).submitted_at

    again = client.post(f"{here}/submit")

    assert again.location == here
    assert attempt(make).submitted_at == first


def test_an_answer_after_submission_is_not_kept_and_says_so(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, drawn = numbered(make, "single")
    client.get(f"{here}/review")
    client.post(f"{here}/submit")

    answer = save(client, here, number, right_fields(drawn), str(uuid4()))

    assert answer.status_code == 409
    assert answer.json["outcome"] == "closed"
    assert not make.all(select(Sent))


def test_closing_the_page_submits_nothing(make: Making):
    client = make.signed_in()

    here = begin(client)
    client.get("/")

    assert attempt(make).submitted_at is None
    assert here


def test_the_best_attempt_counts(make: Making):
    client = make.signed_in()
    here = begin(client)
    answer_all(client, make, here)
    client.get(f"{here}/review")
    client.post(f"{here}/submit")
    here = begin(client)
    client.get(f"{here}/review")
    client.follow(client.post(f"{here}/submit"))

    client.get("/progress")

    assert "Best attempt: 10 of 10." in client.page.words
    assert "1 of 29 lines are done" in client.page.title


def limited(client: Client, **limits):
    """The site with a limit set in the quiz's file."""
    was = client.app.extensions["training"]
    course = was.course("en")
    modules = tuple(msgspec.structs.replace(m, quiz=msgspec.structs.replace(m.quiz, **limits)) for m in course.modules)
    courses = {"en": msgspec.structs.replace(course, modules=modules)}
    client.app.extensions["training"] = Training(courses=courses, versions={})
    return was


@pytest.fixture
def limits(app):
    """Set limits on every quiz for one test."""
    was = app.extensions["training"]
    yield lambda client, **values: limited(client, **values)
    app.extensions["training"] = was


def test_an_attempt_limit_is_kept_and_said(make: Making, limits):
    client = make.signed_in()
    limits(client, attempts=1)
    here = begin(client)
    client.get(f"{here}/review")
    client.post(f"{here}/submit")

    client.get(QUIZ)
    again = client.post(QUIZ)

    assert "Every attempt is used" in client.page.words
    assert again.location == QUIZ
    assert len(make.all(select(Attempt))) == 1


def test_a_waiting_time_is_kept_by_the_clock_of_the_server(make: Making, limits):
    client = make.signed_in()
    limits(client, wait_minutes=30)
    here = begin(client)
    client.get(f"{here}/review")
    client.post(f"{here}/submit")

    client.get(QUIZ)
    refused = client.post(QUIZ).location
    done = attempt(make)
    make.change(done, submitted_at=done.submitted_at - timedelta(minutes=31))
    client.get(QUIZ)
    allowed = client.post(QUIZ).location

    assert refused == QUIZ
    assert allowed.startswith("/attempts/")


def test_when_the_time_is_over_what_was_kept_is_graded_and_nothing_more_is_taken(make: Making, limits):
    client = make.signed_in()
    limits(client, time_limit=20)
    here = begin(client)
    number, drawn = numbered(make, "single")
    save(client, here, number, right_fields(drawn), str(uuid4()))
    make.change(attempt(make), begun_at=attempt(make).begun_at - timedelta(minutes=21))

    late = save(client, here, 1, {"q": "a"}, str(uuid4()))
    client.get(here)

    assert late.status_code == 409
    assert client.page.heading.startswith("1 of 10")
    assert attempt(make).submitted_at == attempt(make).begun_at + timedelta(minutes=20)


def test_extra_time_of_a_person_counts_also_for_an_attempt_that_runs(make: Making, limits):
    client = make.signed_in()
    limits(client, time_limit=20)
    here = begin(client)
    number, drawn = numbered(make, "single")
    make.change(attempt(make), begun_at=attempt(make).begun_at - timedelta(minutes=25))
    make.change(client.person, extra_time=50)

    kept = save(client, here, number, right_fields(drawn), str(uuid4()))

    assert kept.json["outcome"] == "kept"


def test_submitting_and_saving_at_the_same_moment_give_one_graded_attempt(make: Making):
    client = make.signed_in()
    here = begin(client)
    number, drawn = numbered(make, "single")
    token = client.page.hidden("csrf_token")
    cookie = client.http.get_cookie("session").value
    ready = threading.Barrier(8)
    seen = []

    def tab(save_it: bool) -> None:
        http = client.app.test_client()
        http.set_cookie("session", cookie)
        ready.wait()
        if save_it:
            data = right_fields(drawn) | {"id": str(uuid4())}
            answer = http.post(f"{here}/answers/{number}", data=data, headers=JSON | {"X-CSRFToken": token})
        else:
            answer = http.post(f"{here}/submit", data={"csrf_token": token})
        seen.append(answer.status_code)

    tabs = [threading.Thread(target=tab, args=(n % 2 == 0,)) for n in range(8)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()

    assert set(seen) <= {200, 302, 409}
    closed = attempt(make)
    kept = bool(make.all(select(Sent)))
    assert closed.points == (1.0 if kept else 0.0)
