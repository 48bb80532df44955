"""Whole journeys in a real browser."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lms.paths import CHECKOUT
from tests.journeys.answers import right_fields, sent_of
from tests.journeys.conftest import Site, Visitor, site_of

pytestmark = pytest.mark.journey
LESSON = "/modules/early-signs/reporting-routes"


def fill(page: Page, fields: dict[str, list[str]]) -> None:
    """Give an answer as a hand would."""
    for name, values in fields.items():
        first = page.locator(f'[name="{name}"]').first
        kind = first.evaluate("e => e.tagName + e.type")
        if kind == "SELECTselect-one":
            first.select_option(values[0])
        elif kind in ("INPUTradio", "INPUTcheckbox"):
            for value in values:
                page.check(f'[name="{name}"][value="{value}"]')
        elif kind == "INPUThidden":
            put_in_order(page, name, values)
        else:
            first.fill(values[0])


def put_in_order(page: Page, name: str, wanted: list[str]) -> None:
    for place, value in enumerate(wanted):
        while (now := page.locator(f'[name="{name}"]').evaluate_all("all => all.map(e => e.value)")).index(
            value
        ) > place:
            page.click(f'button[value="{value}:up"]')
            expect(page.locator(f'[name="{name}"]').nth(now.index(value) - 1)).to_have_value(value)


def begin_quiz(someone: Visitor, slug: str) -> int:
    someone.go(f"/modules/{slug}/quiz")
    someone.page.click("main button.primary")
    someone.page.wait_for_url(re.compile(r"/attempts/\d+/\d+"))
    return int(someone.page.url.split("/")[-2])


def test_from_the_first_visit_to_a_passed_quiz(visitor, site: Site):
    someone = visitor()
    page = someone.go("/")
    expect(page.locator(".card")).to_have_count(5)
    page.click("text=Sign in >> nth=0")
    someone.sign_in("person20@demo.test")
    page.goto(site.url + LESSON)

    page.locator('#check input[type="radio"]').first.check()
    page.click("text=Check my answer")
    expect(page.locator("#check .notice")).to_be_visible()
    page.click("#end button")
    expect(page).to_have_url(re.compile("data-protection"))
    attempt = begin_quiz(someone, "early-signs")
    for number in range(1, 11):
        fill(page, right_fields(site.instance, attempt, number))
        page.click("form.answer .onward button.primary")
        page.wait_for_url(re.compile(rf"/attempts/{attempt}/({number + 1}|review)"))
    page.click("text=Submit my answers")

    expect(page.locator("h1")).to_have_text("10 of 10: you passed")
    someone.go("/progress")
    expect(page.locator("main")).to_contain_text("Best attempt: 10 of 10.")
    assert not someone.wrong


def test_everything_works_with_scripts_off(visitor, site: Site):
    someone = visitor(java_script_enabled=False)
    someone.sign_in("person19@demo.test")
    page = someone.go(LESSON)
    page.locator('#check input[type="radio"]').first.check()
    page.click("text=Check my answer")
    expect(page.locator("#check .notice")).to_be_visible()
    page.click("#end button")

    attempt = begin_quiz(someone, "digital-evidence")
    for number in range(1, 11):
        fields = right_fields(site.instance, attempt, number)
        for name, values in fields.items():
            if page.locator(f'[name="{name}"]').first.get_attribute("type") == "hidden":
                order_without_script(page, name, values)
            else:
                fill(page, {name: values})
        page.click("form.answer .onward button.primary")
    page.click("text=Submit my answers")

    expect(page.locator("h1")).to_have_text("10 of 10: you passed")


def order_without_script(page: Page, name: str, wanted: list[str]) -> None:
    for place, value in enumerate(wanted):
        while [e.get_attribute("value") for e in page.locator(f'[name="{name}"]').all()].index(value) > place:
            page.click(f'button[value="{value}:up"]')


def test_with_the_network_gone_answers_wait_are_said_and_go_out_once(visitor, site: Site):
    someone = visitor(width=375)
    someone.sign_in("person10@demo.test")
    page = someone.page
    attempt = begin_quiz(someone, "victim-centred-approach")
    page.wait_for_load_state("networkidle")

    someone.context.set_offline(True)
    for number in (1, 2):
        fill(page, right_fields(site.instance, attempt, number))
        page.click("form.answer .onward button.primary")
        expect(page.locator("[data-number]")).to_have_attribute("data-number", str(number + 1))
    expect(page.locator("#band")).to_be_visible()
    expect(page.locator("#band h2")).to_have_text("Not saved yet: 2 answers wait")
    assert sent_of(site.instance, attempt) == []
    someone.context.set_offline(False)
    expect(page.locator("#band")).to_be_hidden()

    assert [number for number, _given in sent_of(site.instance, attempt)] == [1, 2]
    assert page.evaluate("localStorage.length") == 0
    expect(page.locator("#answered")).to_have_text("2 answered")
    assert not someone.wrong


def test_answers_survive_a_closed_tab_and_a_killed_server(browser, sample_year, tmp_path: Path):
    own = site_of(sample_year, tmp_path)
    own.start()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    someone = Visitor(context, own)
    someone.sign_in("person17@demo.test")
    page = someone.page
    attempt = begin_quiz(someone, "early-signs")
    page.wait_for_load_state("networkidle")
    fill(page, right_fields(own.instance, attempt, 1))
    page.click("form.answer .onward button.primary")
    expect(page.locator("#saved")).to_contain_text("Saved")
    own.kill()
    fill(page, right_fields(own.instance, attempt, 2))
    expect(page.locator("#band")).to_be_visible()
    page.close(run_before_unload=False)

    own.start()
    again = Visitor(context, own)
    again.go(f"/attempts/{attempt}")
    expect(again.page.locator("#answered")).to_have_text("2 answered")
    again.page.wait_for_load_state("networkidle")
    again.go(f"/attempts/{attempt}/review")

    expect(again.page.locator("main")).to_contain_text("2 of 10 answered")
    assert {number for number, _given in sent_of(own.instance, attempt)} == {1, 2}
    context.close()
    own.stop()


def test_a_lesson_and_a_quiz_with_the_keyboard_alone(visitor, site: Site):
    someone = visitor()
    someone.sign_in("person16@demo.test")
    page = someone.go(LESSON)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    tab_to(page, '#check input[type="radio"]')
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("#check .notice")).to_be_visible()
    tab_to(page, "#end button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("data-protection"))

    attempt = begin_quiz(someone, "early-signs")
    for number in range(1, 11):
        by_keyboard(page, right_fields(site.instance, attempt, number))
        tab_to(page, "form.answer .onward button.primary")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"/attempts/{attempt}/({number + 1}|review)"))
    tab_to(page, "main form button.primary")
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text("10 of 10: you passed")
    assert not someone.wrong


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, and see that it shows."""
    for _press in range(250):
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = page.evaluate(
                "() => { const e = document.activeElement, own = getComputedStyle(e), box = e.closest('label');"
                " return own.outlineStyle + (box ? getComputedStyle(box).outlineStyle : ''); }"
            )
            assert outline.replace("none", ""), f"no focus to be seen on {selector}"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached")


def by_keyboard(page: Page, fields: dict[str, list[str]]) -> None:
    for name, values in fields.items():
        kind = page.locator(f'[name="{name}"]').first.evaluate("e => e.tagName + e.type")
        if kind == "SELECTselect-one":
            tab_to(page, f'[name="{name}"]')
            text = page.locator(f'[name="{name}"] option[value="{values[0]}"]').inner_text()
            page.keyboard.type(text)
        elif kind == "INPUTradio":
            tab_to(page, f'[name="{name}"]')
            for _press in range(10):
                if (
                    page.evaluate("() => document.activeElement.value + document.activeElement.checked")
                    == f"{values[0]}true"
                ):
                    break
                page.keyboard.press("Space" if page.locator(f'[name="{name}"]:checked').count() == 0 else "ArrowDown")
        elif kind == "INPUTcheckbox":
            for value in sorted(values):
                tab_to(page, f'[name="{name}"][value="{value}"]')
                page.keyboard.press("Space")
        elif kind == "INPUThidden":
            order_by_arrows(page, name, values)
        else:
            tab_to(page, f'[name="{name}"]')
            page.keyboard.type(values[0])


def order_by_arrows(page: Page, name: str, wanted: list[str]) -> None:
    order = "all => all.map(e => e.value)"
    for place, value in enumerate(wanted):
        at = page.locator(f'[name="{name}"]').evaluate_all(order).index(value)
        if at == place:
            continue
        page.locator("main").focus()
        tab_to(page, f'button[value="{value}:up"]')
        for _step in range(at - place):
            page.keyboard.press("ArrowUp")
        expect(page.locator(f'[name="{name}"]').nth(place)).to_have_value(value)


def test_continue_leads_back_to_the_paragraph_one_was_at(visitor):
    someone = visitor(width=375)
    someone.sign_in("trainer@demo.test")
    page = someone.go(LESSON)
    target = page.locator(".prose p[id]").nth(6)
    with page.expect_response(re.compile("/place$")):
        target.evaluate("e => e.scrollIntoView()")
    kept = target.get_attribute("id")

    elsewhere = visitor()
    elsewhere.sign_in("trainer@demo.test")
    elsewhere.page.click(".left-off a.button")

    assert elsewhere.page.url.endswith(f"{LESSON}#{kept}") or f"{LESSON}#" in elsewhere.page.url
    expect(elsewhere.page.locator(".prose p[id]").nth(6)).to_be_in_viewport()


def test_the_end_is_noted_when_it_comes_into_sight(visitor):
    someone = visitor()
    someone.sign_in("person14@demo.test")
    page = someone.go("/modules/digital-evidence/principles-and-standards")

    with page.expect_response(re.compile("/end$")) as answer:
        page.locator("#end").scroll_into_view_if_needed()

    assert answer.value.status == 204


def test_an_author_breaks_a_file_is_told_and_mends_it(tmp_path: Path, browser):
    copy = tmp_path / "project"
    for name in ("lms", "modules", "templates", "migrations"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "setup.cfg", copy)
    lesson = copy / "modules/early-signs/03-reporting-routes.md"
    written = lesson.read_text()
    lesson.write_text(written.replace("](glossary:", "](glossary:no-such-", 1).replace("minutes =", "minuets =", 1))
    own = Site(tmp_path, project=copy)

    broken = lms(copy, "content", "check")
    started = lms(copy, "demo", "--no-serve", "--port", str(own.port))
    lesson.write_text(written.replace("\n## ", "\nA sentence of the author’s own.\n\n## ", 1))
    mended = lms(copy, "content", "check")
    own.start()
    context = browser.new_context()
    someone = Visitor(context, own)
    someone.sign_in()
    someone.go(LESSON)

    assert broken.returncode == 1
    assert re.search(r"early-signs/03-reporting-routes\.md:\d+: unknown key “minuets”", broken.stdout)
    assert re.search(r"early-signs/03-reporting-routes\.md:\d+: the glossary has no term “no-such-", broken.stdout)
    assert started.returncode == 1
    assert "no-such-" in started.stderr
    assert mended.returncode == 0, mended.stdout
    expect(someone.page.locator("main")).to_contain_text("A sentence of the author’s own.")
    context.close()
    own.stop()


def lms(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, run from a copy of the project."""
    command = [sys.executable, "-c", "from lms.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
