"""How a lesson's Markdown becomes HTML: what an author may write, and that nothing else comes through."""

import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis.strategies import lists, sampled_from, text

from lms.content.material import Source, Term
from lms.content.prose import BOXES, Prose, Shelf, hold_together, inline, render

quick = settings(deadline=None, derandomize=True, max_examples=60)
DRAWING = (
    '<svg viewBox="0 0 10 10" xmlns="http://www.w3.org/2000/svg"><text class="small" x="1" y="9">Words</text></svg>'
)
FIGURE = "::: figure steps Three steps\n| Step | Note |\n|---|---|\n| One | Two |\n:::"
SOURCES = {name: Source(title=name, publisher="Somebody") for name in ("led", "dsa", "gdpr")}
GLOSSARY = {"act": Term(term="Act", means="What is done.")}
XSS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="https://x.example" onclick="alert(1)">x</a>',
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<style>*{display:none}</style>",
    "<!-- a comment --><b>x</b>",
    "text <b onmouseover=alert(1)>bold</b> text",
    "<details open ontoggle=alert(1)>",
    "<?php echo 1 ?>",
    "<![CDATA[<script>alert(1)</script>]]>",
    '"><script>alert(1)</script>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example/x)",
    '[x](https://ok.example "onmouseover=alert(1)")',
    '[x](https://ok.example/"onmouseover="alert(1))',
    "[x](glossary:act\"onmouseover=\"alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/pixel.gif)",
    "[@led, <script>alert(1)</script>]",
    "[@<script>alert(1)</script>]",
    '## <img src=x onerror=alert(1)> "heading"\n\ntext',
    "## &lt;script&gt;alert(1)&lt;/script&gt;\n\ntext",
    "::: police &lt;script&gt;alert(1)&lt;/script&gt;\ntext\n:::",
    "::: police <script>alert(1)</script>\ntext\n:::",
    '::: police "><script>alert(1)</script>\ntext\n:::',
    "::: figure steps <script>alert(1)</script>\n| a |\n|---|\n| b |\n:::",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "<x<script>alert(1)</script>",
    "\x00<script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
]  # fmt: skip


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with the drawing of a figure, wide and narrow."""
    (tmp_path / "steps.svg").write_text(DRAWING)
    (tmp_path / "steps-narrow.svg").write_text(DRAWING)
    return tmp_path


def rendered(markdown: str, images: Path = Path("nowhere"), cited: tuple[str, ...] = ("led", "dsa")) -> Prose:
    return render(markdown, Shelf(cited, SOURCES, GLOSSARY, {"signs/first"}, images))


def reasons(markdown: str, images: Path = Path("nowhere")) -> list[tuple[int, str]]:
    return rendered(markdown, images).faults


def body(markdown: str) -> str:
    """The HTML of one stretch of text without a fault, without the row around it."""
    prose = rendered(markdown)
    assert prose.faults == []
    return prose.html.removeprefix('<div class="part"><div class="text">').removesuffix("</div></div>")


def looks_like(html: str) -> object:
    """The HTML as a tree; fails where it is not well formed."""
    return fromstring(f"<div>{html.replace('&nbsp;', chr(160))}</div>")


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Plain.", '<p id="p0.1">Plain.</p>'),
        ("*Some* and **more**", '<p id="p0.1"><em>Some</em> and <strong>more</strong></p>'),
        ("one\ntwo  \nthree", '<p id="p0.1">one two three</p>'),
        ("a < b & c > d", '<p id="p0.1">a &lt; b &amp; c &gt; d</p>'),
        ("&lt;script&gt; & \\<b>", '<p id="p0.1">&lt;script&gt; &amp; &lt;b&gt;</p>'),
        ("within 10 days, art. 5", '<p id="p0.1">within 10&nbsp;days, art.&nbsp;5</p>'),
        ("### Inside", "<h3>Inside</h3>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
        ("4. four\n5. five", '<ol start="4"><li>four</li><li>five</li></ol>'),
        ("> said", "<blockquote><p>said</p></blockquote>"),
        (
            "| A | B |\n|---|---|\n| a | b |",
            '<table><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead>'
            "<tbody><tr><td>a</td><td>b</td></tr></tbody></table>",
        ),
        ("[out](https://ok.example/?a=1&b=2)", '<p id="p0.1"><a href="https://ok.example/?a=1&amp;b=2">out</a></p>'),
        ("[act](glossary:act)", '<p id="p0.1"><a class="term" href="../../glossary/#act">act</a></p>'),
        ("[there](lesson:signs/first)", '<p id="p0.1"><a href="../signs/first">there</a></p>'),
    ],
)
def test_markdown_becomes_the_html_that_a_lesson_knows(markdown, html):
    assert body(markdown) == html


def test_a_short_text_knows_emphasis_and_nothing_else():
    html = inline("*R. v. A.* & **B** [x](https://x.example) `y`")

    assert html == "<em>R. v. A.</em> &amp; <strong>B</strong> [x](https://x.example) `y`"


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ("116 006", "116\u00a0006"),
        ("1 234 567", "1\u00a0234\u00a0567"),
        ("within 10 days", "within 10\u00a0days"),
        ("8 hours, 1 hour", "8\u00a0hours, 1\u00a0hour"),
        ("70 % and 5 %.", "70\u00a0% and 5\u00a0%."),
        ("on 3 April 2026", "on 3\u00a0April 2026"),
        ("art. 5, arts. 6 and 7", "art.\u00a05, arts.\u00a06 and 7"),
        ("Art. 5 Abs. 1, Nr. 2", "Art.\u00a05 Abs.\u00a01, Nr.\u00a02"),
        ("чл. 3, пар. 2", "чл.\u00a03, пар.\u00a02"),
        ("am 3. April 2026", "am 3.\u00a0April 2026"),
        ("на 3 април 2026 г.", "на 3\u00a0април 2026\u00a0г."),
        ("the e-Evidence rules", "the e\u2011Evidence rules"),
        ("2 directors", "2 directors"),
        ("in 2026 they", "in 2026 they"),
        ("a part. 5", "a part. 5"),
    ],
)
def test_a_line_never_ends_inside_a_number_a_date_or_an_article(written, held):
    assert hold_together(written) == held
    assert inline(written) == held


# --- citations and links ---------------------------------------------------------------------------------------


def test_citations_carry_the_numbers_of_the_lessons_own_list():
    prose = rendered("First [@dsa], then [@led, art. 7], then [@dsa, recital 3].")

    found = re.findall(r'<a class="cite" href="#source-(\d)">\[(.*?)\]</a>', prose.html)

    assert found == [("2", "2"), ("1", "1, art.&nbsp;7"), ("2", "2, recital 3")]
    assert prose.cited == ["dsa", "led", "dsa"]


@pytest.mark.parametrize(
    ("markdown", "reason"),
    [
        ("[@nowhere]", "the source “nowhere” is not in sources.toml"),
        ("[@gdpr]", "the source “gdpr” is cited but not listed in the lesson's sources"),
        ("[@led; @dsa]", "a citation is written [@id] or [@id, art. 5], one source in each"),
        ("[@led @dsa]", "a citation is written [@id] or [@id, art. 5], one source in each"),
        ("[x](glossary:nowhere)", "the glossary has no term “nowhere”"),
        ("[x](lesson:signs/second)", "there is no lesson “signs/second”"),
        ("[x](lesson:first)", "there is no lesson “first”"),
        ("[x] (glossary:act)", "a link is written [text](glossary:id), without a space between"),
        ("[x](http://plain.example)", "the link “http://plain.example” is neither https:, lesson: nor glossary:"),
        ("[x](mailto:a@b.example)", "the link “mailto:a@b.example” is neither https:, lesson: nor glossary:"),
        ("[x](other.md)", "the link “other.md” is neither https:, lesson: nor glossary:"),
        ("[x](#top)", "the link “#top” is neither https:, lesson: nor glossary:"),
        ("[x](javascript:alert(1))", "a link leads to https:, lesson: or glossary:"),
        ("[x](data:text/html,hello)", "a link leads to https:, lesson: or glossary:"),
        ("[x](https://two words.example)", "a link leads to https:, lesson: or glossary:"),
    ],
)
def test_what_leads_nowhere_is_named_with_its_line(markdown, reason):
    assert reasons(f"First line.\n\n{markdown}") == [(3, reason)]
    assert reasons(f"| A |\n|---|\n| {markdown} |") == [(3, reason)]


@pytest.mark.parametrize(
    ("markdown", "line", "reason"),
    [
        ("Text.\n\n<p>Raw</p>", 3, "raw HTML: write Markdown"),
        ("Some <b>raw</b>", 1, "raw HTML: write Markdown"),
        ("Text.\n\n    indented", 3, "an indented block: take the spaces at the start of the line away"),
        ("```\ncode\n```", 1, "a code block has no place in a lesson"),
        ("Some `code`", 1, "code marks (`) have no place in a lesson"),
        ("# Title", 1, "a heading of level 1: a lesson has ## and ### only"),
        ("#### Deep", 1, "a heading of level 4: a lesson has ## and ### only"),
        ("Text\n\n---\n\nmore", 3, "a rule (---) has no place in a lesson: begin a section with ##"),
        ("![drawn](images/steps.svg)", 1, "an image inside text: draw it and write `::: figure name A title`"),
        ("::: police\nText\n:::", 1, "the box “police” has no heading: write `::: police A heading`"),
        ("::: polise A heading\nText\n:::", 1, f"no box is called so; known are {', '.join([*BOXES, 'figure'])}"),
        (":::: police One\n::: judges Two\nText\n:::\n::::", 2, "a box inside a box"),
        ("::: police One\n## Two\nText\n:::", 2, "a section (##) inside a box or a list: write ### there"),
        ("- ## Two", 1, "a section (##) inside a box or a list: write ### there"),
        ("::: figure steps\n:::", 1, "a figure needs a name and a title: write `::: figure name A title`"),
        ("Text\n\n| A | |\n|---|---|\n| b | c |", 3,
         "a column without a heading: say in the table's head what stands below"),
        ("::: figure gone A title\n| a |\n|---|\n:::", 1, "the image images/gone.svg is not there"),
        ("::: figure steps Steps\nNo table\n:::", 1,
         "figure “steps” has no table: the table says in words what the drawing shows"),
    ],
)  # fmt: skip
def test_what_has_no_place_in_a_lesson_is_refused_with_its_line(markdown, line, reason, images):
    assert (line, reason) in reasons(markdown, images)


# --- rows, boxes, figures --------------------------------------------------------------------------------------


def test_a_section_has_its_heading_in_the_margin_and_an_id():
    prose = rendered("Before.\n\n## What it *is*\n\nOne.\n\nTwo.\n\n## After all\n\nThree.")

    assert prose.faults == []
    assert prose.html.splitlines() == [
        '<div class="part"><div class="text"><p id="p0.1">Before.</p></div></div>',
        '<section class="part" id="what-it-is"><h2>What it <em>is</em></h2><div class="text">'
        '<p id="p1.1">One.</p><p id="p1.2">Two.</p></div></section>',
        '<section class="part" id="after-all"><h2>After all</h2><div class="text"><p id="p2.1">Three.</p>'
        "</div></section>",
    ]


def test_text_goes_on_after_a_box_in_the_same_section(images):
    prose = rendered(f"## One\n\nFirst.\n\n::: police Note\nInside.\n:::\n\nSecond.\n\n{FIGURE}\n\nThird.", images)

    ids = re.findall(r'<p id="(.*?)">(\w+)', prose.html)

    assert ids == [("p1.1", "First"), ("p1.2", "Second"), ("p1.3", "Third")]


@pytest.mark.parametrize(
    "markdown",
    [
        "One.\n\n## Same\n\nTwo.\n\n## Same\n\nThree.\n\n## Same\n\nFour.",
        "One.\n\n## Start\n\nTwo.",
        "## Police\n\nOne.\n\n::: police Note\nTwo.\n:::\n\n::: police Again\nThree.\n:::",
        "## !!\n\nOne.\n\n## ??\n\nTwo.",
        "## Начало\n\nOne.\n\n## Αρχή\n\nTwo.",
        "::: difficult One\nTwo.\n:::\n\n::: difficult Three\nFour.\n:::",
        f"{FIGURE}\n\nOne.\n\n{FIGURE.replace('steps', 'more')}",
    ],
)
def test_no_id_stands_twice_on_a_page(markdown, images):
    (images / "more.svg").write_text(DRAWING)
    (images / "more-narrow.svg").write_text(DRAWING)

    prose = rendered(markdown, images)

    ids = re.findall(r'\bid="(.*?)"', prose.html)
    assert prose.faults == []
    assert len(ids) == len(set(ids)) >= 2


def test_a_figure_drawn_twice_in_a_lesson_is_named(images):
    assert reasons(f"{FIGURE}\n\n{FIGURE}", images) == [(7, "the figure “steps” stands twice")]


@pytest.mark.parametrize("name", BOXES)
def test_a_box_has_its_name_in_the_margin_and_its_heading(name):
    prose = rendered(f"::: {name} A *short* note\nThe words.\n:::")

    box = looks_like(prose.html).find("section")

    assert prose.faults == []
    assert box.get("aria-labelledby") == box.find("div/h2").get("id") == name
    assert box.find("p").text == BOXES[name]
    assert "".join(box.find("div/h2").itertext()) == "A short note"
    assert "The words." in "".join(box.itertext())


@pytest.mark.parametrize("piece", ["::: police Three steps\nText.\n:::", FIGURE])
def test_the_heading_of_a_box_or_a_figure_stands_below_its_sections_heading(piece, images):
    before = looks_like(rendered(piece, images).html)
    after = looks_like(rendered(f"## A section\n\nText.\n\n{piece}", images).html)

    assert before.find("*/div/h2") is not None
    assert before.find("*/div/h3") is None
    assert after.find("*/div/h2") is None
    assert after.find("*/div/h3").text == "Three steps"


def test_a_passage_that_may_distress_offers_a_way_past_it():
    prose = rendered("::: difficult What was done\nThe words.\n:::\n\nAfter.")

    page = looks_like(prose.html)

    assert page.find("section/div/p/a").get("href") == "#after-difficult"
    assert page.find("span").get("id") == "after-difficult"
    assert list(page).index(page.find("span")) == 1


def test_the_words_of_the_site_are_put_into_the_lessons_language(images):
    words = {"Figure": "Bild", "For police": "Für die Polizei", "Read the figure as a table": "Als Tabelle lesen"}
    shelf = Shelf((), SOURCES, GLOSSARY, set(), images)

    prose = render(f"::: police Hinweis\nText.\n:::\n\n{FIGURE}", shelf, lambda word: words.get(word, word))

    assert all(word in prose.html for word in words.values())
    assert "For police" not in prose.html


def test_a_figure_is_two_drawings_and_a_table_that_says_the_same(images):
    figure = looks_like(rendered(FIGURE, images).html).find("figure")
    drawings = figure.findall("div/svg")

    assert [drawing.get("class") for drawing in drawings] == ["wide", "narrow"]
    assert {drawing.get("role") for drawing in drawings} == {"img"}
    assert {drawing.get("aria-label") for drawing in drawings} == {"Three steps. The same as a table follows."}
    assert figure.get("aria-labelledby") == figure.find("div/h2").get("id") == "figure-steps"
    assert "".join(figure.find("div/details").itertext()) == "Read the figure as a tableStepNoteOneTwo"
    assert figure.find("p").text == "Figure 1"


def test_figures_are_numbered_and_their_words_do_not_count(images):
    (images / "more.svg").write_text(DRAWING)
    (images / "more-narrow.svg").write_text(DRAWING)

    prose = rendered(f"Two words.\n\n{FIGURE}\n\n{FIGURE.replace('steps', 'more')}", images)

    assert re.findall(r"Figure (\d)", prose.html) == ["1", "2"]
    assert prose.words == 2


def test_words_of_text_headings_boxes_and_tables_count():
    prose = rendered("## A heading\n\nThree *more* words.\n\n::: police Two words\nOne.\n:::\n\n- last")

    assert prose.words == 2 + 3 + 2 + 1 + 1


# --- what must not come through --------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", XSS)
def test_an_attack_in_the_text_stays_text(payload, images):
    html = rendered(payload, images).html

    assert_harmless(html)


@pytest.mark.parametrize("payload", XSS)
def test_an_attack_in_a_short_text_stays_text(payload):
    html = str(inline(payload))

    assert not re.search(r"<(?!/?(em|strong)>)", html)


def assert_harmless(html: str) -> None:
    """Only tags and attributes that a lesson knows, and links that lead where a lesson may lead."""
    page = looks_like(html.replace("\x00", ""))
    known = {"div", "section", "p", "h2", "h3", "em", "strong", "a", "ul", "ol", "li", "table", "thead", "tbody", "tr"}
    known |= {"th", "td", "blockquote", "figure", "details", "summary", "svg", "g", "text", "span"}
    for element in page.iter():
        assert element.tag in known
        assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "src", "srcdoc")]
        assert element.get("href", "#").startswith(("#", "https://", "../"))


@quick
@given(pieces=lists(sampled_from([*XSS, *"*[()<>`|#", "](", ":::", "::: police x\n", "\n\n"])))
def test_attacks_joined_at_random_stay_text(pieces):
    assert_harmless(rendered("".join(pieces)).html)


@quick
@given(markdown=text(alphabet="ab \n*_[](){}<>!#|:-`\\\"'&;@./=0123", max_size=120))
def test_no_text_breaks_the_rendering(markdown):
    assert_harmless(rendered(markdown).html)


# --- drawings --------------------------------------------------------------------------------------------------


def test_a_drawing_of_shapes_and_words_is_taken_as_it_is(images):
    shapes = (
        '<g class="box" transform="scale(2)"><path d="M0 0"/><line x1="0" y1="0" x2="1" y2="1"/><rect x="0" y="0" '
        'width="1" height="1" rx="1"/><circle cx="1" cy="1" r="1"/><ellipse cx="1" cy="1" rx="1" ry="1"/>'
        '<polyline points="0,0"/><polygon points="0,0"/><text text-anchor="middle" x="1" y="1" dx="1" dy="1">'
        "<tspan>A &lt; B</tspan></text></g>"
    )
    (images / "steps.svg").write_text(DRAWING.replace("</svg>", f"{shapes}<!-- a note --></svg>"))

    prose = rendered(FIGURE, images)

    assert prose.faults == []
    assert "A &lt; B" in prose.html
    assert "a note" not in prose.html


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<script>alert(1)</script>", "<script> is not allowed in a drawing"),
        ("<style>*{}</style>", "<style> is not allowed in a drawing"),
        ('<image href="x.png"/>', "<image> is not allowed in a drawing"),
        ('<use href="#x"/>', "<use> is not allowed in a drawing"),
        ('<a href="https://x.example"><text>x</text></a>', "<a> is not allowed in a drawing"),
        ("<foreignObject><p>x</p></foreignObject>", "<foreignObject> is not allowed in a drawing"),
        ('<set attributeName="href" to="javascript:alert(1)"/>', "<set> is not allowed in a drawing"),
        ('<animate attributeName="x"/>', "<animate> is not allowed in a drawing"),
        ("<title>x</title>", "<title> is not allowed in a drawing"),
        ('<text onload="alert(1)">x</text>', "the attribute onload is not allowed in a drawing"),
        ('<text style="color:red">x</text>', "the attribute style is not allowed in a drawing"),
        ('<text fill="red">x</text>', "the attribute fill is not allowed in a drawing"),
        ('<text id="x">x</text>', "the attribute id is not allowed in a drawing"),
        ('<text href="javascript:alert(1)">x</text>', "the attribute href is not allowed in a drawing"),
        (
            '<text xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:alert(1)">x</text>',
            "the attribute {http://www.w3.org/1999/xlink}href is not allowed in a drawing",
        ),
        (
            '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
            "<{http://www.w3.org/1999/xhtml}script> is not allowed in a drawing",
        ),
    ],
)
@pytest.mark.parametrize("name", ["steps", "steps-narrow"])
def test_a_drawing_with_anything_else_is_refused(inside, reason, name, images):
    (images / f"{name}.svg").write_text(DRAWING.replace("</svg>", f"{inside}</svg>"))

    assert (1, f"images/{name}.svg: {reason}") in reasons(FIGURE, images)


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "drawing",
    [
        DRAWING.removesuffix("</svg>"),
        "",
        "not a drawing",
        f'<!DOCTYPE svg [<!ENTITY l0 "lol">{BOMB}]>' + DRAWING.replace("Words", "&l9;"),
        f'<!DOCTYPE svg [<!ENTITY file SYSTEM "{Path(__file__).as_uri()}">]>' + DRAWING.replace("Words", "&file;"),
        '<!DOCTYPE svg [<!ENTITY % remote SYSTEM "https://evil.example/x.dtd"> %remote;]>' + DRAWING,
    ],
    ids=["cut off", "empty", "no XML", "entity bomb", "file entity", "remote entity"],
)
def test_a_drawing_that_is_broken_or_a_bomb_is_refused_at_once(drawing, images):
    (images / "steps.svg").write_text(drawing)

    [(line, reason)] = reasons(FIGURE, images)

    assert line == 1
    assert reason.startswith("images/steps.svg cannot be read as a drawing: ")


def test_a_drawing_that_is_not_utf_8_is_refused(images):
    (images / "steps.svg").write_bytes(DRAWING.replace("Words", "Wörter").encode("latin-1"))

    [(_line, reason)] = reasons(FIGURE, images)

    assert reason.startswith("images/steps.svg cannot be read as a drawing: ")


@pytest.mark.parametrize(
    "drawing",
    [
        '<svg viewBox="0 0 1 1"></svg>',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        '<html xmlns="http://www.w3.org/1999/xhtml"></html>',
    ],
)
def test_what_is_no_svg_with_a_view_box_is_refused(drawing, images):
    (images / "steps.svg").write_text(drawing)

    assert (1, "images/steps.svg: not an <svg> with a viewBox") in reasons(FIGURE, images)


def test_both_drawings_of_a_figure_must_be_there(images):
    (images / "steps-narrow.svg").unlink()

    assert reasons(FIGURE, images) == [(1, "the image images/steps-narrow.svg is not there")]
