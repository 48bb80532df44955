"""WeasyPrint as it comes, a yardstick: `P` prints a page in a warm process, `N` and `H` with nothing reused.

None of the files has tags, an attachment or a signature. The process is run as the press is, and finds the fonts where
the press finds them. One who calls WeasyPrint for the first time has none of that: the fonts are not installed, so that
their stylesheet has to name the files, as `N` does. `H` does not, and is the harder yardstick.
"""

import sys
from functools import partial
from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration

from lms.errands import run
from lms.paths import STATIC

WEIGHTS = {"Regular": 400, "SemiBold": 600}  # that a document uses
FAMILIES = {"IBMPlexSans": "IBM Plex Sans", "IBMPlexSansArabic": "IBM Plex Sans Arabic",
            "IBMPlexSansHebrew": "IBM Plex Sans Hebrew"}  # fmt: skip


def plain(stylesheet: CSS, fonts: FontConfiguration, page: bytes) -> bytes:
    """The same page from a stylesheet that is parsed already."""
    return HTML(string=page.decode()).write_pdf(stylesheets=[stylesheet], font_config=fonts)


def naive(css: str, page: bytes) -> bytes:
    """What one writes first: a page with its stylesheet inline, and one call."""
    return HTML(string=page.decode().replace("</head>", f"<style>{css}</style></head>")).write_pdf()


def faces() -> str:
    """The rules that name our fonts by their files."""
    return "".join(
        f'@font-face {{ font-family: "{FAMILIES[family]}"; font-weight: {WEIGHTS[weight]}; src: url({file.as_uri()}) }}'
        for file in sorted((STATIC / "fonts" / "pdf").glob("*.ttf"))
        for family, weight in [file.stem.split("-")]
        if weight in WEIGHTS
    )


if __name__ == "__main__":
    LOGGER.disabled = True
    _fonts = FontConfiguration()
    _css = Path(sys.argv[3]).read_text(encoding="utf-8")
    _plain = partial(plain, CSS(string=_css, font_config=_fonts), _fonts)
    run({b"P": _plain, b"N": partial(naive, faces() + _css), b"H": partial(naive, _css)})
