"""What the elements of a page look like, worked out once for all pages that are built alike.

For the process that prints (`lms/press.py`). WeasyPrint finds for each element of each document the rules that are
meant for it and computes a style from them, which is a quarter of the work on a certificate, and the same every time.
The styles of one element are those of another where both have the same name, attributes, place among siblings of the
same names and attributes, and parents of whom all that is true too: no rule of ours looks at anything else. So the
styles of a `Sheet` are kept by these, and where a place is new, WeasyPrint computes the whole page as ever.

This is built on the inside of WeasyPrint (`StyleFor`): tests compare whole files with and without it.
"""

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from weasyprint import HTML, css, cssselect2
from weasyprint.urls import URLFetcher

Shape = tuple[object, ...]

SVG = "{http://www.w3.org/2000/svg}svg"
CLOSED = ("head", SVG)  # nothing in them is a box: the one is not shown, the other draws itself
NOT_SHOWN = {"display": ("none",)}
MOST = 4_000  # places; a certificate has some 80, and most of them are those of others


class Sheet(HTML):
    """A page that is well-formed XML: what reads it mends nothing, and is quick. Raises ParseError where it is not."""

    def __init__(self, page: str, url_fetcher: URLFetcher) -> None:
        root = fromstring(page)  # noqa: S314 - made from a template of ours, and it has no entities
        self.base_url, self.url_fetcher, self.media_type = None, url_fetcher, "print"
        self.etree_element = root
        self.wrapper_element = Root(
            root, parent=None, index=0, previous=None, in_html_document=True, content_language=None
        )


class Root(cssselect2.ElementWrapper):
    """A page whose title, metadata and stylesheets stand in its head, where alone they are looked for."""

    def query_all(self, *selectors: Any) -> Iterator[Any]:
        found: Iterator[Any] = cssselect2.ElementWrapper.from_html_root(self.etree_element[0]).query_all(*selectors)
        return found


class Place:
    """Where an element can stand: its styles there, and the places of its children by what they are."""

    __slots__ = ("children", "pages", "styles")

    def __init__(self) -> None:
        self.styles: dict[str | None, Any] = {}  # its own, and those of `::before` and the like
        self.children: dict[Shape, list[Place]] = {}
        self.pages: dict[Shape, Any] = {}  # of a root alone: what paper and its margins look like


class Looks(css.StyleFor):
    """WeasyPrint's answer to how an element looks, which remembers what it said of a sheet."""

    places: dict[Shape, Place] = {}
    held = 0

    def __init__(
        self, html: HTML, sheets: list[Any], presentational_hints: bool, font_config: Any, target_collector: Any
    ) -> None:
        self.place: Place | None = None
        if not isinstance(html, Sheet):
            super().__init__(html, sheets, presentational_hints, font_config, target_collector)
            return
        root = html.etree_element
        rules = (font_config, presentational_hints, *(sheet for sheet, _origin, _specificity in sheets))
        place = Looks.places.get((rules, _shape(root)))
        self._computed_styles: dict[tuple[Any, str | None], Any] = {}
        if place is None or not self._recall(root, place):
            super().__init__(html, sheets, presentational_hints, font_config, target_collector)
            place = self._keep(root, (rules, _shape(root)))
        self._cascaded_styles: dict[Any, Any] = {}
        self._sheets, self.font_config = sheets, font_config
        self.initial_page_sizes: dict[str, Any] = {"box": None, "area": None}
        self.place = place

    def set_computed_styles(
        self, element: Any, parent: Any, root: Any = None, pseudo_type: str | None = None, **others: Any
    ) -> None:
        """As WeasyPrint has it; but what is not an element, a sheet of paper or its margin, is remembered too."""
        if self.place is None:
            super().set_computed_styles(element, parent, root, pseudo_type, **others)
            return
        key = (element, pseudo_type)
        if key not in self.place.pages:
            super().set_computed_styles(element, parent, root, pseudo_type, **others)
            self.place.pages[key] = self._computed_styles[key]
        self._computed_styles[key] = self.place.pages[key]

    def _recall(self, element: Element, place: Place) -> bool:
        """Whether every element beneath this one stands where one stood before; then they look like those."""
        for pseudo_type, style in place.styles.items():
            self._computed_styles[element, pseudo_type] = style
        if element.tag in CLOSED:
            for one in element.iter():
                self._computed_styles.setdefault((one, None), NOT_SHOWN)
            return True
        if not len(element):
            return True
        known = place.children.get(tuple(map(_shape, element)))
        return known is not None and all(map(self._recall, element, known))

    def _keep(self, root: Element, key: Shape) -> Place:
        if Looks.held > MOST:
            Looks.places.clear()
            Looks.held = 0
        styles: dict[Element, dict[str | None, Any]] = {}
        for (element, pseudo_type), style in self._computed_styles.items():
            styles.setdefault(element, {})[pseudo_type] = style
        place = Looks.places.setdefault(key, Place())
        self._keep_beneath(root, place, styles)
        return place

    def _keep_beneath(self, element: Element, place: Place, styles: dict[Element, dict[str | None, Any]]) -> None:
        if not place.styles:
            place.styles = styles[element]
            Looks.held += 1
        if element.tag in CLOSED:
            return
        known = place.children.setdefault(tuple(map(_shape, element)), [Place() for _ in element])
        for child, its_place in zip(element, known, strict=True):
            self._keep_beneath(child, its_place, styles)


def _shape(element: Element) -> Shape:
    return (element.tag, *element.attrib.items())


def remember() -> None:
    """From now on this process computes the looks of sheets that are built alike once."""
    css.StyleFor = Looks
