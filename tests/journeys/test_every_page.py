"""Every page in every state: axe finds nothing, nothing scrolls sideways, the console stays silent."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.conftest import Visitor
from tests.journeys.test_journeys import begin_quiz

pytestmark = pytest.mark.journey
OPEN = [
    "/", "/modules/early-signs/", "/sign-in", "/register", "/password/forgotten", "/sign-in/link", "/glossary/",
    "/privacy", "/accessibility", "/no-such-page", "/invitation/none", "/modules/early-signs/?lang=de",
    "/check/", "/check/D-0000", "/check/help",
]  # fmt: skip
MINE = [
    "/", "/modules/technology-in-recruitment/", "/progress", "/account", "/modules/early-signs/quiz",
    "/report/early-signs/reporting-routes", "/modules/early-signs/indicators-and-judgement?lang=bg",
    "/modules/investigation-and-prosecution/e-evidence-orders",
    "/modules/victim-centred-approach/barnahus-and-multi-agency-work",
    "/modules/digital-evidence/first-hour-at-the-scene?empty=1",
]  # fmt: skip
KINDS = [".situation", ".steps", ".pairs", "[inputmode=decimal]", ".typed", "[type=checkbox]", "[type=radio]"]
DESK = ["/desk/people", "/desk/people/5", "/desk/reports", "/outbox"]
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


def faults(someone: Visitor, where: str) -> list[str]:
    """What axe and the ruler find on the page that is open."""
    found = Axe().run(someone.page, options=RULES).response["violations"]
    wrong = [f"{where}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    too_wide = someone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if too_wide > 0:
        wrong.append(f"{where}: {too_wide} px too wide")
    small = someone.page.evaluate(
        """() => [...document.querySelectorAll('button, .button, select, input:not([type=hidden]), summary, .option')]
        .filter(e => e.checkVisibility() && !e.closest('.unseen') && !e.matches('.unseen, .option *, .skip'))
        .filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.height < 43.5 || r.width < 24); })
        .map(e => e.outerHTML.slice(0, 80))"""
    )
    return wrong + [f"{where}: smaller than a finger: {one}" for one in small]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize(
    ("who", "paths"),
    [(None, OPEN), ("practitioner@demo.test", MINE), ("organiser@demo.test", DESK)],
    ids=["anyone", "practitioner", "organiser"],
)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visitor, who, paths, width, scheme):
    someone = visitor(width=width, color_scheme=scheme)
    if who:
        someone.sign_in(who)

    wrong = []
    for path in paths:
        someone.go(path)
        someone.page.evaluate("document.querySelectorAll('.prose details').forEach(e => { e.open = true; })")
        wrong += faults(someone, path)

    assert not wrong
    assert not someone.wrong


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_on_any_kind_of_question_nor_on_a_result(visitor, site, width):
    someone = visitor(width=width)
    someone.sign_in("person13@demo.test" if width == 320 else "person12@demo.test")
    page = someone.page

    wrong, seen = [], set()
    for slug in ("early-signs", "digital-evidence", "victim-centred-approach", "technology-in-recruitment") * 3:
        attempt = begin_quiz(someone, slug)
        for number in range(1, 11):
            someone.go(f"/attempts/{attempt}/{number}")
            kind = page.evaluate("kinds => kinds.find(s => document.querySelector('main ' + s))", KINDS)
            if kind in seen:
                continue
            seen.add(kind)
            wrong += faults(someone, kind)
        someone.go(f"/attempts/{attempt}/review")
        wrong += faults(someone, "review")
        page.click("main form button.primary")
        page.wait_for_url(re.compile(rf"/attempts/{attempt}$"))
        if len(seen) == 7:
            break
    wrong += faults(someone, "result")

    assert seen == set(KINDS)
    assert not wrong
    assert not someone.wrong


def test_forms_with_faults_are_faultless_pages(visitor):
    someone = visitor(width=320)
    page = someone.go("/sign-in")
    page.click("main button.primary")
    wrong = faults(someone, "sign-in")
    someone.go("/register")
    page.click("main button.primary")
    wrong += faults(someone, "register")

    assert page.title().startswith("Error:")
    assert not wrong


def test_text_may_be_spaced_and_doubled_without_loss(visitor):
    someone = visitor(width=1280)
    someone.sign_in()
    page = someone.go("/modules/early-signs/reporting-routes")
    page.evaluate(
        """() => { for (const e of document.querySelectorAll('body *')) {
        const set = (name, value) => e.style.setProperty(name, value, 'important');
        set('line-height', '1.5'); set('letter-spacing', '.12em'); set('word-spacing', '.16em'); }
        document.documentElement.style.fontSize = '225%'; }"""
    )

    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert too_wide <= 0
