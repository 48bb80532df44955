"""Templates: strict, used, framed alike, without code of their own, and every word of them can be translated."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from jinja2 import Environment, StrictUndefined, UndefinedError, nodes
from jinja2.ext import i18n

from lms.paths import PACKAGE, TEMPLATES

FRAMES = {"layout.html", "room.html"}
PARTS = "components"
PAPER = "documents"  # what is printed and never shown
TOKENLESS = {"certificates/check.html", "exercises/join.html", "exercises/play.html"}  # see tests/page.py
NAMES = {"DISRUPT", "training"}  # what the site is called in every language
TRANSLATED = {"_", "gettext", "ngettext"}
SHOWN_ATTRIBUTES = ("aria-label", "title", "alt", "placeholder", "aria-description", "aria-roledescription")
READER = Environment(extensions=[i18n], autoescape=True)


def templates() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*") if path.is_file())


def source(name: str) -> str:
    return (TEMPLATES / name).read_text()


def tree(name: str) -> nodes.Template:
    return READER.parse(source(name), name)


def pages() -> list[str]:
    """What views show: neither a frame, nor a part of several pages, nor paper."""
    parts = {
        node.template.value for name in templates() for node in tree(name).find_all((nodes.FromImport, nodes.Include))
    }
    return [
        name for name in templates() if name not in FRAMES | parts and not name.startswith((f"{PARTS}/", f"{PAPER}/"))
    ]


def rendered() -> set[str]:
    """Every template that some view names."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "render_template":
                found |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    return found


EVERY = pytest.mark.parametrize("name", templates())
EVERY_PAGE = pytest.mark.parametrize("name", pages())


# --- strict --------------------------------------------------------------------------------------------------


def test_a_name_that_a_view_forgot_is_a_fault_and_not_a_blank(app: Flask):
    with app.test_request_context("/"):
        for text in ("{{ forgotten }}", "{% if forgotten %}{% endif %}", "{% for x in forgotten %}{% endfor %}"):
            with pytest.raises(UndefinedError):
                render_template_string(text)

    assert app.jinja_env.undefined is StrictUndefined


def test_what_a_person_wrote_is_never_obeyed(app: Flask):
    with app.test_request_context("/"):
        shown = render_template_string("{{ name }}", name="<b>{{ 7*7 }}</b>")

    assert shown == "&lt;b&gt;{{ 7*7 }}&lt;/b&gt;"


def test_escaping_is_never_turned_off_and_safe_is_said_only_of_our_own_drawings():
    said = re.compile(r"[\w.\[\]]*\s*\|\s*safe\b|autoescape|Markup")
    found = {(name, piece) for name in templates() for piece in said.findall(source(name))}

    assert found == {("components/icon.html", "shapes[name]|safe")}


# --- used ----------------------------------------------------------------------------------------------------


def test_every_template_of_a_wing_is_shown_by_some_view_and_every_view_finds_its_own():
    assert set(pages()) == rendered()


def macros() -> Iterator[tuple[str, str]]:
    for name in templates():
        if name.startswith(f"{PARTS}/"):
            yield from ((name, macro.name) for macro in tree(name).find_all(nodes.Macro))


def used_in(name: str) -> set[tuple[str, str]]:
    """Each macro that a template imports and names again, or has and calls itself, by the file it stands in."""
    parsed = tree(name)
    called = {node.name for node in parsed.find_all(nodes.Name) if node.ctx == "load"}
    found = {(name, macro) for macro in called}
    for node in parsed.find_all(nodes.FromImport):
        for one in node.names:
            original, here = one if isinstance(one, tuple) else (one, one)
            if here in called:
                found.add((node.template.value, original))
    return found


@pytest.mark.parametrize(("name", "macro"), list(macros()), ids=lambda part: part)
def test_every_macro_is_used(name: str, macro: str):
    assert (name, macro) in set().union(*map(used_in, templates()))


@EVERY
def test_whatever_a_template_imports_it_uses(name: str):
    parsed = tree(name)
    called = {node.name for node in parsed.find_all(nodes.Name) if node.ctx == "load"}
    imported = {
        one[1] if isinstance(one, tuple) else one
        for node in parsed.find_all(nodes.FromImport)
        for one in node.names
    }  # fmt: skip

    assert imported <= called


# --- framed --------------------------------------------------------------------------------------------------


@EVERY
def test_a_template_begins_with_one_sentence_of_what_it_is(name: str):
    assert re.match(r"\{# [A-Z][^#]+[.!?] #\}\n", source(name))


@EVERY_PAGE
def test_every_page_extends_the_layout_and_has_its_title(name: str):
    parsed = tree(name)
    extended = [node.template.value for node in parsed.find_all(nodes.Extends)]
    blocks = {node.name: node for node in parsed.find_all(nodes.Block)}

    assert len(extended) == 1
    assert extended[0] in FRAMES
    assert list(blocks["title"].find_all(nodes.Output)), "an empty title"
    assert blocks.keys() <= {node.name for node in tree(extended[0]).find_all(nodes.Block)}


def test_the_layout_demands_a_title():
    title = next(node for node in tree("layout.html").find_all(nodes.Block) if node.name == "title")

    assert title.required


# --- no code of their own ------------------------------------------------------------------------------------


def tags(name: str) -> list[str]:
    """Every opening tag as it is written, with the template's own signs taken out."""
    plain = re.sub(r"\{[{%#].*?[}%#]\}", "…", source(name), flags=re.DOTALL)
    return re.findall(r"<[a-zA-Z][^>]*>", plain)


@EVERY
def test_no_template_holds_styles_or_scripts(name: str):
    wrong = [
        tag
        for tag in tags(name)
        if tag.startswith("<style")
        or (tag.startswith("<script") and " src=" not in tag)
        or re.search(r"\s(style|on[a-z]+)\s*=", tag)
        or "javascript:" in tag
    ]

    assert not wrong


@EVERY
def test_no_template_loads_from_another_host(name: str):
    assert not [tag for tag in tags(name) if re.search(r"\s(src|srcset|action|poster)=[\"']?(https?:)?//", tag)]


@EVERY
def test_every_form_that_sends_carries_its_token(name: str):
    text = source(name)

    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
        if 'method="post"' in form and name not in TOKENLESS:
            assert "csrf_token()" in form or "hidden_tag()" in form, form[:80]


# --- words that can be translated ------------------------------------------------------------------------------


WITHIN_A_TAG = re.compile(r"\{% (block template|macro tied\(.*?) %\}.*?\{%-? end(block|macro) %\}", re.DOTALL)
SIGN = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z/!][^>]*>")


def untranslated(text: str) -> Iterator[str]:
    """What a reader sees that does not go through `_`: text between tags, shown attributes, strings in expressions."""
    plain = SIGN.sub("", WITHIN_A_TAG.sub("", text))
    expressions = EXPRESSION.findall(plain)
    html = EXPRESSION.sub("\0", plain)
    inside = {place for tag in TAG.finditer(html) for place in range(*tag.span())}
    for place, expression in zip((i for i, sign in enumerate(html) if sign == "\0"), expressions, strict=True):
        if place not in inside:
            yield from spoken(expression)
    for tag in TAG.findall(html):
        yield from attributes(tag)
    yield from words(TAG.sub(" ", html))


def spoken(expression: str) -> Iterator[str]:
    """Strings that an expression shows as they are: at its start, or as what `or`, `else` and `~` give."""
    before, depth = ("", ""), 0
    for _line, kind, value in READER.lex(expression):
        gives = before[0] == "variable_begin" or before[1] in ("or", "else", "~")
        if kind == "string" and gives and not depth:
            yield from words(value)
        if kind == "operator":
            depth += (value in "([{") - (value in ")]}")
        if kind != "whitespace":
            before = (kind, value)


def words(text: str) -> list[str]:
    plain = re.sub(r"&[a-z]+;|<!doctype html>", " ", text)
    return [word for word in re.findall(r"[^\W\d_]{2,}", plain) if word not in NAMES]


def attributes(tag: str) -> Iterator[str]:
    for name in SHOWN_ATTRIBUTES:
        for value in re.findall(rf'\s{name}="([^"]*)"', tag):
            yield from words(value)


@EVERY
def test_every_word_a_reader_sees_can_be_translated(name: str):
    assert list(untranslated(source(name))) == []


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hello</p>",
        '<p class="x">{{ name }} is here</p>',
        '<button aria-label="Close">x</button>',
        '<img alt="A map" src="{{ url }}">',
        '{{ name or "Nobody at all" }}',
        '{{ "It is open" if open else _("closed") }}',
        '{{ _("open") if open else "It is closed" }}',
        '<a href="{{ url }}"{% if x %} class="y"{% endif %}>Onward</a>',
    ],
)
def test_words_that_cannot_be_translated_are_found(text: str):
    assert list(untranslated(text))


@pytest.mark.parametrize(
    "text",
    [
        "<p>{{ _('Hello') }}</p>",
        '<p class="a b" id="c" data-x="some words">{{ name }}</p>',
        '<a href="{{ url }}" class="{{ "big one" if x else "small" }}">{{ label }}</a>',
        '{{ icon("arrow-down") }} {{ static("site.css") }} 1 &times; 2 …',
        "<b>DISRUPT</b> <i>training</i>",
        '{{ _("open") if one.standing == "active" else _("closed") }}',
        "{# a note to the next author #}",
        '<input type="text" aria-label="{{ _("Name") }}" autocomplete="off">',
    ],
)
def test_words_that_are_translated_or_not_shown_are_passed_over(text: str):
    assert list(untranslated(text)) == []


def test_what_is_translated_is_a_whole_sentence_or_word_and_not_put_together_from_pieces():
    wrong = []
    for name in templates():
        for call in tree(name).find_all(nodes.Call):
            if getattr(call.node, "name", "") in TRANSLATED and call.args:
                first = call.args[0]
                if isinstance(first, nodes.Concat | nodes.Add | nodes.CondExpr | nodes.Mod):
                    wrong.append((name, call.lineno))

    assert wrong == []


def test_the_folder_of_templates_is_the_one_we_look_at():
    assert Path(TEMPLATES).is_dir()
    assert "layout.html" in templates()
    assert len(pages()) > 15
