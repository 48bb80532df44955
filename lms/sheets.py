"""Pages printed once with blanks, and filled in for each reader: what is the same for all is rendered once."""

from collections.abc import Callable, Hashable, Mapping

from flask import Flask, current_app, g, session
from lms.cookies import csrf_token
from markupsafe import Markup, escape

MOST = 1000  # sheets of some 15 kB


def init_app(app: Flask) -> None:
    """Give the app an empty shelf."""
    app.extensions["sheets"] = {}


def blank(name: str) -> Markup:
    """What a sheet holds where a reader's own words go; no text of ours holds a NUL."""
    return Markup(f"\0{name}\0")  # noqa: S704 - filled with escaped words


def fits() -> bool:
    """Whether nothing but the blanks is the reader's own: no message waits to be shown."""
    return "_flashes" not in session


def fill(key: Hashable, render: Callable[[], str], words: Mapping[str, object]) -> str:
    """The sheet under this key, rendered when it is first asked for, with the reader's own words in its blanks.

    `render` is given a blank for the token that every form carries; `words` holds the words for all other blanks.
    """
    shelf: dict[Hashable, list[str]] = current_app.extensions["sheets"]
    page = shelf.pop(key, None) or _printed(render).split("\0")
    shelf[key] = page
    if len(shelf) > MOST:
        shelf.pop(next(iter(shelf)), None)  # the one not asked for longest
    own = {"token": csrf_token()} | dict(words)
    page = page.copy()
    page[1::2] = [escape(own[name]) for name in page[1::2]]
    return "".join(page)


def _printed(render: Callable[[], str]) -> str:
    """The page with a blank where forms carry their token; Flask-WTF gives what stands in `g` to all of a page."""
    g.csrf_token = blank("token")
    try:
        return render()
    finally:
        del g.csrf_token
