"""What every page must satisfy, and the client that checks it on every page it fetches."""

import re
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from html5lib.constants import E as REASONS
from werkzeug.test import TestResponse

HTML = "{http://www.w3.org/1999/xhtml}"
NAMED_ELSEWHERE = {"hidden", "submit", "button"}
TOKENLESS = ("/check/", "/join")  # checking changes nothing; a player may have no session that could hold one
POLICY = "default-src 'self'"


class Page:
    """A parsed page, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.text = text
        parser = html5lib.HTMLParser(namespaceHTMLElements=True)
        self.root: Element = parser.parse(text)
        self.parse_errors = [f"{REASONS[code] % values} at {place}" for place, code, values in parser.errors]

    def all(self, tag: str) -> list[Element]:
        return list(self.root.iter(HTML + tag))

    def one(self, tag: str, **attributes: str) -> Element:
        """The one element of this tag with these attributes."""
        found = [e for e in self.all(tag) if all(e.get(k.rstrip("_")) == v for k, v in attributes.items())]
        assert len(found) == 1, f"{len(found)} <{tag}> with {attributes}"
        return found[0]

    @property
    def title(self) -> str:
        return words(self.all("title")[0])

    @property
    def heading(self) -> str:
        return words(self.all("h1")[0])

    @property
    def words(self) -> str:
        return words(self.one("body"))

    def links(self) -> list[str]:
        return [a.get("href", "") for a in self.all("a")]

    def hidden(self, name: str) -> str:
        return next(e.get("value", "") for e in self.all("input") if e.get("name") == name)

    def wrongs(self) -> list[str]:
        """What no page of ours may have."""
        wrong = list(self.parse_errors)
        wrong += self._frame() + self._ids() + self._names() + self._inline()
        return wrong

    def _frame(self) -> list[str]:
        wrong = []
        if len(self.all("h1")) != 1:
            wrong.append(f"{len(self.all('h1'))} h1")
        if not self.title or " – DISRUPT training" not in self.title:
            wrong.append(f"title {self.title!r}")
        if not self.all("html")[0].get("lang"):
            wrong.append("no lang")
        if len(self.all("main")) != 1:
            wrong.append("not one main")
        levels = [int(e.tag[-1]) for e in self.root.iter() if re.fullmatch(rf"{re.escape(HTML)}h[1-6]", str(e.tag))]
        if any(after > before + 1 for before, after in pairwise(levels)):
            wrong.append(f"headings jump: {levels}")
        return wrong

    def _ids(self) -> list[str]:
        ids = [e.get("id") for e in self.root.iter() if e.get("id")]
        wrong = [f"id {one!r} stands twice" for one in sorted(set(ids)) if ids.count(one) > 1]
        for element in self.root.iter():
            for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
                for one in (element.get(attribute) or "").split():
                    if one not in ids:
                        wrong.append(f"{attribute} points at {one!r}, which is not there")
            href = element.get("href") or ""
            if element.tag == HTML + "a" and href.startswith("#") and href[1:] not in ids:
                wrong.append(f"link to {href}, which is not there")
        return wrong

    def _names(self) -> list[str]:
        """Every field has a label, every button and link a name."""
        wrong = []
        labelled = {label.get("for") for label in self.all("label")}
        inside = {id(e) for label in self.all("label") for e in label.iter()}
        for tag in ("input", "select", "textarea"):
            for e in self.all(tag):
                if e.get("type") in NAMED_ELSEWHERE or e.get("aria-label") or e.get("aria-labelledby"):
                    continue
                if e.get("id") not in labelled and id(e) not in inside:
                    wrong.append(f"<{tag} name={e.get('name')!r}> has no label")
        for tag in ("button", "a"):
            for e in self.all(tag):
                if not (words(e) or e.get("aria-label") or e.get("aria-labelledby") or e.get("aria-hidden")):
                    wrong.append(f"<{tag}> without a name: {e.attrib}")
        for e in self.all("form"):
            if (
                e.get("method") == "post"
                and not (e.get("action") or "").startswith(TOKENLESS)
                and not any(i.get("name") == "csrf_token" for i in e.iter(HTML + "input"))
            ):
                wrong.append(f"form {e.get('action')!r} without csrf_token")
        return wrong

    def _inline(self) -> list[str]:
        """The policy allows no inline code, and we write none."""
        wrong = [f"inline {name} on <{e.tag}>" for e in self.root.iter() for name in e.attrib
                 if name == "style" or name.startswith("on")]  # fmt: skip
        wrong += ["inline style" for _e in self.all("style")]
        wrong += ["inline script" for e in self.all("script") if not e.get("src")]
        for e in self.root.iter():
            for name in ("src", "href", "action"):
                value = e.get(name) or ""
                if name != "href" and re.match(r"(https?:)?//", value):
                    wrong.append(f"{name} leads to another host: {value}")
        return wrong


def words(element: Element) -> str:
    """The text of an element, spaces folded."""
    return " ".join("".join(element.itertext()).split())


class Client:
    """A browser without scripts: keeps cookies, sends forms with their token, inspects every page."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http: FlaskClient = app.test_client()
        self.page: Page | None = None
        self.person: Any = None

    def get(self, path: str, status: int = 200, **options: Any) -> TestResponse:
        return self._checked(self.http.get(path, **options), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 302, **options: Any) -> TestResponse:
        """Send a form with the token of the page fetched last."""
        token = self.page.hidden("csrf_token") if self.page and 'name="csrf_token"' in self.page.text else ""
        return self._checked(self.http.post(path, data={"csrf_token": token} | (data or {}), **options), status)

    def follow(self, response: TestResponse) -> TestResponse:
        assert response.status_code in (302, 303), response.status_code
        return self.get(response.location)

    def sign_in(self, email: str, password: str) -> TestResponse:
        self.get("/sign-in")
        response = self.post("/sign-in", {"email": email, "password": password})
        self.follow(response)
        return response

    def _checked(self, response: TestResponse, status: int) -> TestResponse:
        assert response.status_code == status, f"{response.status_code}: {response.text[:600]}"
        assert response.headers["Content-Security-Policy"].startswith(POLICY)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        if response.mimetype == "text/html" and response.status_code not in (204, 301, 302, 303, 304, 308):
            self.page = Page(response.text)
            assert not self.page.wrongs(), f"{response.request.path}: {self.page.wrongs()}"
        return response
