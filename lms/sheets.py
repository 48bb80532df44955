"""Pages printed once with blanks, and filled in for each reader: what is the same for all is rendered once."""

import re
from collections.abc import Callable, Hashable

from flask import Flask, current_app, g, session
from markupsafe import Markup, escape

from lms import cookies

MOST = 500  # sheets of some 15 kB


def init_app(app: Flask) -> None:
    """Give the app an empty shelf."""
    app.extensions["sheets"] = {}


def blank(name: str) -> Markup:
    """What a sheet holds where a reader's own words go; no text of ours holds a NUL."""
    return Markup(f"\0{name}\0")  # noqa: S704 - whatever fills it is escaped


def fits() -> bool:
    """Whether a sheet can be used: not where a message waits to be shown, which no blank is there for."""
    return "_flashes" not in session


def fill(key: Hashable, render: Callable[[], str], **words: object) -> Markup:
    """The sheet under `key`, rendered when it is first asked for, with the reader's own words in its blanks.

    `key` holds everything about a reader that `render` looks at; it is not given the reader's words, but blanks.
    """
    shelf: dict[Hashable, list[str]] = current_app.extensions["sheets"]
    sheet = shelf.pop(key, None) or _printed(render).split("\0")
    shelf[key] = sheet  # the one used last stands last
    if len(shelf) > MOST:
        shelf.pop(next(iter(shelf)), None)
    page = sheet.copy()
    page[1::2] = [escape(cookies.token() if name == "token" else words[name]) for name in sheet[1::2]]
    return Markup("".join(page))  # noqa: S704 - a template's own, and escaped words


def _printed(render: Callable[[], str]) -> str:
    """A page with a blank wherever a form carries its token; Flask-WTF gives a page what stands in `g`."""
    g.csrf_token = blank("token")
    try:
        return re.sub(r"\n\s+", "\n", render())  # nobody reads how it is indented
    finally:
        del g.csrf_token
