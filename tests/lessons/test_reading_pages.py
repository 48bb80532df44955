"""Reading: what a lesson's page shows, what it keeps, and when it counts as read."""

from sqlalchemy import select

from lms.lessons.models import Visit
from tests.make import Making
from tests.page import Client

LESSON = "/modules/early-signs/indicators-and-judgement"
NEXT = "/modules/early-signs/technology-that-finds-material"


def answer_check(client: Client) -> None:
    client.get(LESSON)
    first = next(e.get("value") for e in client.page.all("input") if e.get("name") == "check")
    client.follow(client.post(f"{LESSON}/check", {"check": first}))


def visit(make: Making) -> Visit:
    return make.one(select(Visit))


def test_opening_a_lesson_changes_nothing(make: Making):
    client = make.signed_in()

    client.get(LESSON)

    assert not make.all(select(Visit))


def test_a_lesson_is_read_when_its_end_was_reached_and_its_question_answered(make: Making):
    client = make.signed_in()

    answer_check(client)
    halfway = client.get("/progress").text
    client.get(LESSON)
    onward = client.post(f"{LESSON}/end")
    client.get("/progress")

    assert "Go on to its end." in halfway
    assert onward.location == NEXT
    assert visit(make).ended_at and visit(make).checked_at
    assert "1 of 29 lines are done" in client.page.title


def test_the_end_alone_leaves_the_question_open(make: Making):
    client = make.signed_in()
    client.get(LESSON)

    client.post(f"{LESSON}/end")
    page = client.get(LESSON).text

    assert "question open" in page
    assert "Answer its check-yourself question." in client.get("/progress").text


def test_a_wrong_answer_counts_as_answered_and_is_explained_and_not_kept(make: Making):
    client = make.signed_in()

    answer_check(client)

    assert "role" in client.page.text
    assert visit(make).checked_at
    assert not {column.name for column in Visit.__table__.columns} & {"answer", "given", "option"}


def test_an_empty_answer_says_what_to_do_and_counts_for_nothing(make: Making):
    client = make.signed_in()
    client.get(LESSON)

    client.follow(client.post(f"{LESSON}/check", {}))

    assert client.page.title.startswith("Error:")
    assert "Choose an answer." in client.page.words
    assert not make.all(select(Visit))


def test_an_option_that_is_not_there_counts_for_nothing(make: Making):
    client = make.signed_in()
    client.get(LESSON)

    client.follow(client.post(f"{LESSON}/check", {"check": "' OR 1=1"}))

    assert not make.all(select(Visit))


def test_the_first_time_a_deed_was_done_stays(make: Making):
    client = make.signed_in()
    client.get(LESSON)
    client.post(f"{LESSON}/end")
    first = visit(make).ended_at
    client.get(LESSON)

    client.post(f"{LESSON}/end")

    assert visit(make).ended_at == first


def test_continue_leads_to_the_exact_paragraph_on_another_device(make: Making):
    client = make.signed_in()
    client.get(LESSON)
    paragraphs = [e.get("id") for e in client.page.all("p") if e.get("id")]
    client.post(f"{LESSON}/place", {"place": paragraphs[4]}, status=204)

    elsewhere = Client(client.app)
    elsewhere.sign_in(client.person.email, "four calm words together")
    elsewhere.get("/")

    assert f"{LESSON}#{paragraphs[4]}" in elsewhere.page.links()


def test_the_place_is_the_same_paragraph_in_every_language(make: Making):
    client = make.signed_in()
    client.get(LESSON)
    english = [e.get("id") for e in client.page.all("p") if (e.get("id") or "").startswith("p")]

    client.get(f"{LESSON}?lang=de")
    german = [e.get("id") for e in client.page.all("p") if (e.get("id") or "").startswith("p")]

    assert german == english


def test_a_place_that_is_not_in_the_text_is_not_kept(make: Making):
    client = make.signed_in()
    client.get(LESSON)

    client.post(f"{LESSON}/place", {"place": '"><script>'}, status=204)

    assert visit(make).place == ""


def test_a_read_lesson_leads_on_to_the_next_unread_one(make: Making):
    client = make.signed_in()
    answer_check(client)
    client.get(LESSON)
    client.post(f"{LESSON}/end")

    client.get("/")

    assert NEXT in client.page.links()


def test_a_lesson_in_german_is_german_and_its_neighbour_stands_in_english_with_a_note(make: Making):
    client = make.signed_in(language="de")

    german = client.get(LESSON).text
    english = client.get(NEXT).text

    assert 'lang="de"' in german
    assert "not translated yet" not in german
    assert 'lang="en"' in english


def test_lang_in_the_address_is_for_one_page(make: Making):
    client = make.signed_in()

    bulgarian = client.get(f"{LESSON}?lang=bg").text
    again = client.get(LESSON).text

    assert '<html lang="bg"' in bulgarian
    assert '<html lang="en"' in again


def test_a_lesson_that_is_not_there_is_not_found(make: Making):
    client = make.signed_in()

    client.get("/modules/early-signs/nothing", status=404)
    client.get("/modules/nothing/indicators-and-judgement", status=404)
    client.post(f"{LESSON}-nothing/end", status=404)


def test_every_lesson_and_topic_is_a_valid_page_in_every_language(make: Making):
    client = make.signed_in()
    training = client.app.extensions["training"]

    for module in training.course("en").modules:
        for locale in training.courses:
            client.get(f"/modules/{module.slug}/?lang={locale}")
            for lesson in module.lessons:
                client.get(f"/modules/{module.slug}/{lesson.id}?lang={locale}")
                assert client.page.one("div", class_="prose") is not None
