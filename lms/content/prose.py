"""How a lesson's Markdown becomes safe HTML: rows with a margin, boxes, figures, citations, glossary links."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, tostring

import nh3
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.container import container_plugin

from lms.content.material import Source, Term, _

BOXES = {
    "situation": _("A situation"),
    "law": _("Where the law stands"),
    "police": _("For police"),
    "prosecutors": _("For prosecutors"),
    "judges": _("For judges"),
    "support": _("For victim support"),
    "difficult": _("Content note"),
}
SVG = "http://www.w3.org/2000/svg"
DRAWN = {"svg", "g", "path", "line", "rect", "circle", "ellipse", "polyline", "polygon", "text", "tspan"}
DRAWN_WITH = {
    *("viewBox", "class", "transform", "text-anchor", "points", "d", "width", "height"),
    *("x", "y", "dx", "dy", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry"),
}
TAGS = {
    *("p", "ul", "ol", "li", "em", "strong", "a", "h3", "blockquote", "br"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "class"}, "p": {"id"}, "h3": {"id"}, "th": {"scope"}, "ol": {"start"}}
MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Januar|Jänner|Februar|März|Mai|Juni|Juli|Oktober|Dezember"
    "|януари|февруари|март|април|май|юни|юли|август|септември|октомври|ноември|декември"
)
HOLDS = (
    (re.compile(r"\be-Evidence"), "e\u2011Evidence"),
    (re.compile(r"(?<=\d) (?=\d{3}\b)"), "\u00a0"),
    (re.compile(rf"(?<=\d) (?=%|[гч]\.|(?:hours?|days?|minutes?|months?|years?|{MONTHS})\b)"), "\u00a0"),
    (re.compile(rf"\b(\d\d?\.) (?=(?:{MONTHS})\b)"), "\\1\u00a0"),
    (re.compile(r"\b(arts?\.|no\.|Art\.|Abs\.|Nr\.|чл\.|пар\.) (?=\d)"), "\\1\u00a0"),
)


def hold_together(text: str) -> str:
    """Put no-break spaces and hyphens where a line must not end: dates, units, article numbers."""
    for pattern, held in HOLDS:
        text = pattern.sub(held, text)
    return text


@dataclass
class Prose:
    """A rendered body with the faults found on the way: (line in the Markdown, reason)."""

    html: str = ""
    words: int = 0
    cited: list[str] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Shelf:
    """What a lesson may point at: sources in its own order, glossary terms, lessons as `slug/id`, its images."""

    cited: Sequence[str]
    sources: dict[str, Source]
    glossary: dict[str, Term]
    lessons: set[str]
    images: Path


def _citation(state: StateInline, silent: bool) -> bool:
    match = re.compile(r"\[@([^\],\s]+)(?:,\s*([^\]]+))?\]").match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.content = match[1]
        token.meta = {"where": match[2] or ""}
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.inline.ruler.before("link", "citation", _citation)
    for name in (*BOXES, "figure"):
        markdown.use(container_plugin, name=name)
    return markdown


MARKDOWN = _parser()
INLINE = MarkdownIt("zero", {"html": False}).enable(["emphasis"])


@lru_cache(maxsize=8192)
def inline(text: str) -> Markup:
    """A short text with `*emphasis*` as safe HTML."""
    return Markup(INLINE.renderInline(hold_together(text)))  # noqa: S704 - escaped by the parser


def render(markdown: str, shelf: Shelf, translate: Callable[[str], str] = _) -> Prose:
    """The body of a lesson as HTML rows; every paragraph has an id, so that a reader's place can be kept."""
    return _Renderer(shelf, translate).render(markdown)


class _Renderer:
    """Walks the tokens of one lesson once."""

    def __init__(self, shelf: Shelf, translate: Callable[[str], str]) -> None:
        self.shelf = shelf
        self._ = translate
        self.prose = Prose()
        self.rows: list[str] = []
        self.sections = 0
        self.blocks = 0
        self.figures = 0
        self.slugs = {"start"}

    def render(self, markdown: str) -> Prose:
        tokens = MARKDOWN.parse(markdown)
        text: list[Token] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.type == "heading_open" and token.tag == "h2" and token.level == 0:
                self._row(text)
                text = tokens[position : position + 3]
                position += 3
                continue
            if token.type.startswith("container_") and token.level == 0:
                self._row(text)
                text = []
                end = _closing(tokens, position)
                self._container(token, tokens[position + 1 : end])
                position = end + 1
                continue
            text.append(token)
            position += 1
        self._row(text)
        self.prose.html = "\n".join(self.rows)
        return self.prose

    def _fault(self, token: Token, reason: str) -> None:
        line = token.map[0] + 1 if token.map else 1
        self.prose.faults.append((line, reason))

    def _row(self, tokens: list[Token]) -> None:
        """One stretch of text, with its heading in the margin where it has one."""
        if not tokens:
            return
        heading = ""
        attributes = ""
        if tokens[0].type == "heading_open" and tokens[0].tag == "h2":
            title = tokens[1].content
            self.sections += 1
            self.blocks = 0
            attributes = f' id="{self._slug(title)}"'
            heading = f"<h2>{self._inline(tokens[1])}</h2>"
            tokens = tokens[3:]
        tag = "section" if heading else "div"
        self.rows.append(
            f'<{tag} class="part"{attributes}>{heading}<div class="text">{self._blocks(tokens)}</div></{tag}>'
        )

    def _slug(self, title: str) -> str:
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "part"
        while slug in self.slugs:
            slug += "-2"
        self.slugs.add(slug)
        return slug

    def _heading(self, name: str, words: str) -> str:
        """The heading of a box or figure: below its section's, or level with it before the first section."""
        level = 3 if self.sections else 2
        return f'<h{level} id="{name}">{words}</h{level}>'

    def _container(self, token: Token, inside: list[Token]) -> None:
        name, _space, rest = token.info.strip().partition(" ")
        if name == "figure":
            self._figure(token, rest.strip(), inside)
            return
        if not rest.strip():
            self._fault(token, f"the box “{name}” has no heading: write `::: {name} A heading`")
        slug = self._slug(name)
        margin = escape(self._(BOXES[name]))
        heading = inline(rest.strip())
        body = self._blocks(inside)
        way_round = ""
        end = ""
        if name == "difficult":
            past, counts = self._("Go past this passage."), self._("The lesson still counts as read.")
            way_round = f'<p><a href="#after-{slug}">{escape(past)}</a> {escape(counts)}</p>'
            end = f'<span id="after-{slug}" tabindex="-1"></span>'
        kind = name if name in ("situation", "law", "difficult") else f"for-{name}"
        self.prose.words += len(rest.split())
        self.rows.append(
            f'<section class="notice {kind}" aria-labelledby="{slug}"><p class="margin">{margin}</p>'
            f'<div class="body">{self._heading(slug, heading)}{way_round}{body}</div></section>{end}'
        )

    def _figure(self, token: Token, rest: str, inside: list[Token]) -> None:
        name, _space, title = rest.partition(" ")
        if not name or not title:
            self._fault(token, "a figure needs a name and a title: write `::: figure name A title`")
            return
        if not any(piece.type == "table_open" for piece in inside):
            self._fault(token, f"figure “{name}” has no table: the table says in words what the drawing shows")
        if f"figure-{name}" in self.slugs:
            self._fault(token, f"the figure “{name}” stands twice")
        self.slugs.add(f"figure-{name}")
        self.figures += 1
        label = f"{title}. " + self._("The same as a table follows.")
        wide = self._drawing(token, name, "wide", label)
        narrow = self._drawing(token, f"{name}-narrow", "narrow", label)
        words = self.prose.words
        table = self._blocks(inside)
        self.prose.words = words
        figure, as_table = escape(self._("Figure")), escape(self._("Read the figure as a table"))
        self.rows.append(
            f'<figure class="figure" aria-labelledby="figure-{name}">'
            f'<p class="margin">{figure} {self.figures}</p>'
            f'<div class="body">{self._heading(f"figure-{name}", inline(title))}{wide}{narrow}'
            f"<details><summary>{as_table}</summary>"
            f'<div class="scroll" role="region" tabindex="0" aria-labelledby="figure-{name}">{table}</div>'
            "</details></div></figure>"
        )

    def _drawing(self, token: Token, name: str, width: str, label: str) -> str:
        path = self.shelf.images / f"{name}.svg"
        try:
            drawing = fromstring(path.read_text("utf-8"))
        except FileNotFoundError:
            self._fault(token, f"the image images/{name}.svg is not there")
            return ""
        except (ParseError, DefusedXmlException, UnicodeDecodeError) as error:
            self._fault(token, f"images/{name}.svg cannot be read as a drawing: {error}")
            return ""
        for reason in _undrawable(drawing):
            self._fault(token, f"images/{name}.svg: {reason}")
        words = Element(f"{{{SVG}}}g", lang="en")  # drawings are not translated, whatever language they stand in
        words.extend(list(drawing))
        drawing[:] = [words]
        drawing.set("class", width)
        drawing.set("role", "img")
        drawing.set("aria-label", label)
        for element in drawing.iter():
            element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        drawing.tail = None
        return re.sub(r">\s+<", "><", tostring(drawing, encoding="unicode")).replace(" />", "/>")

    def _blocks(self, tokens: list[Token]) -> str:
        out: list[str] = []
        for place, token in enumerate(tokens, 1):
            if token.type == "inline":
                out.append(self._inline(token))
            elif token.type in ("html_block", "code_block", "fence"):
                self._fault(token, _REFUSED[token.type])
            elif token.type == "heading_open" and token.tag == "h2":
                self._fault(token, "a section (##) inside a box or a list: write ### there")
            elif token.type == "heading_open" and token.tag != "h3":
                self._fault(token, f"a heading of level {token.tag[1]}: a lesson has ## and ### only")
            elif token.type in ("paragraph_open", "paragraph_close") and token.hidden:
                continue
            elif token.type == "hr":
                self._fault(token, "a rule (---) has no place in a lesson: begin a section with ##")
            elif token.type.startswith("container_"):
                if token.nesting == 1:
                    self._fault(token, "a box inside a box")
            elif token.nesting == 1:
                out.append(self._open(token, tokens[place]))
            else:
                out.append(f"</{token.tag}>")
        return nh3.clean("".join(out), tags=TAGS, attributes=ATTRIBUTES, link_rel=None, url_schemes={"https"})

    def _open(self, token: Token, following: Token) -> str:
        if token.type == "paragraph_open" and token.level == 0:
            self.blocks += 1
            return f'<p id="p{self.sections}.{self.blocks}">'
        if token.type == "th_open":
            if not following.content.strip():
                self._fault(following, "a column without a heading: say in the table's head what stands below")
            return '<th scope="col">'
        if token.type == "ordered_list_open" and token.attrGet("start"):
            return f'<ol start="{token.attrGet("start")}">'
        return f"<{token.tag}>"

    def _inline(self, token: Token) -> str:
        return "".join(self._pieces(token, token.children or []))

    def _pieces(self, block: Token, children: list[Token]) -> Iterator[str]:
        for token in children:
            if token.type in ("text", "text_special"):
                self._check_marks(block, token.content)
                self.prose.words += len(token.content.split())
                yield escape(hold_together(token.content), quote=False)
            elif token.type in ("softbreak", "hardbreak"):
                yield " "
            elif token.type == "citation":
                yield self._cite(block, token)
            elif token.type == "link_open":
                yield self._link(block, str(token.attrGet("href")))
            elif token.type == "image":
                self._fault(block, "an image inside text: draw it and write `::: figure name A title`")
            elif token.type in ("html_inline", "code_inline"):
                self._fault(block, _REFUSED[token.type])
            elif token.nesting == 1:
                yield f"<{token.tag}>"
            else:
                yield f"</{token.tag}>"

    def _check_marks(self, block: Token, text: str) -> None:
        """Marks that were meant for us and are not written as we read them would be printed as they stand."""
        for mark, reason in _MISWRITTEN:
            if mark.search(text):
                self._fault(block, reason)

    def _cite(self, block: Token, token: Token) -> str:
        source = token.content
        if source not in self.shelf.sources:
            self._fault(block, f"the source “{source}” is not in sources.toml")
            return ""
        if source not in self.shelf.cited:
            self._fault(block, f"the source “{source}” is cited but not listed in the lesson's sources")
            return ""
        self.prose.cited.append(source)
        number = self.shelf.cited.index(source) + 1
        where = f", {escape(hold_together(token.meta['where']))}" if token.meta["where"] else ""
        return f'<a class="cite" href="#source-{number}">[{number}{where}]</a>'

    def _link(self, block: Token, href: str) -> str:
        scheme, _colon, rest = href.partition(":")
        if scheme == "glossary":
            if rest not in self.shelf.glossary:
                self._fault(block, f"the glossary has no term “{rest}”")
            return f'<a class="term" href="../../glossary/#{escape(rest)}">'
        if scheme == "lesson":
            if rest not in self.shelf.lessons:
                self._fault(block, f"there is no lesson “{rest}”")
            return f'<a href="../{escape(rest)}">'
        if scheme != "https":
            self._fault(block, f"the link “{href}” is neither https:, lesson: nor glossary:")
            return "<a>"
        return f'<a href="{escape(href)}">'


_MISWRITTEN = (
    (re.compile(r"^:::"), f"no box is called so; known are {', '.join([*BOXES, 'figure'])}"),
    (re.compile(r"\[@"), "a citation is written [@id] or [@id, art. 5], one source in each"),
    (re.compile(r"\((?:glossary|lesson):"), "a link is written [text](glossary:id), without a space between"),
    (re.compile(r"\]\((?!glossary:|lesson:)"), "a link leads to https:, lesson: or glossary:"),
)
_REFUSED = {
    "html_block": "raw HTML: write Markdown",
    "html_inline": "raw HTML: write Markdown",
    "code_block": "an indented block: take the spaces at the start of the line away",
    "fence": "a code block has no place in a lesson",
    "code_inline": "code marks (`) have no place in a lesson",
}


def _closing(tokens: list[Token], opening: int) -> int:
    """The index of the token that closes the container opened at `opening`."""
    kind = tokens[opening].type.replace("_open", "_close")
    level = tokens[opening].level
    return next(i for i in range(opening, len(tokens)) if tokens[i].type == kind and tokens[i].level == level)


def _undrawable(drawing: Element) -> Iterator[str]:
    """What a drawing must not hold: it stands inside the page."""
    if drawing.tag != f"{{{SVG}}}svg" or "viewBox" not in drawing.attrib:
        yield "not an <svg> with a viewBox"
    for element in drawing.iter():
        tag = str(element.tag).removeprefix(f"{{{SVG}}}")
        if tag not in DRAWN:
            yield f"<{tag}> is not allowed in a drawing"
        for name in sorted(set(element.attrib) - DRAWN_WITH):
            yield f"the attribute {name} is not allowed in a drawing"
