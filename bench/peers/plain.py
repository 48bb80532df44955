"""WeasyPrint as it comes, a yardstick: `P` prints a page in a warm process, `N` prints it with nothing reused.

The process is run as the press is, with the same fonts. Neither file has tags, an attachment or a signature.
"""

import sys
from functools import partial
from pathlib import Path

from weasyprint import CSS, HTML
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration

from lms.errands import run


def plain(stylesheet: CSS, fonts: FontConfiguration, page: bytes) -> bytes:
    """The same page from a stylesheet that is parsed already."""
    return HTML(string=page.decode()).write_pdf(stylesheets=[stylesheet], font_config=fonts)


def naive(css: str, page: bytes) -> bytes:
    """What one writes first: a page with its stylesheet inline, and one call."""
    return HTML(string=page.decode().replace("</head>", f"<style>{css}</style></head>")).write_pdf()


if __name__ == "__main__":
    LOGGER.disabled = True
    _fonts = FontConfiguration()
    _css = Path(sys.argv[3]).read_text(encoding="utf-8")
    run({b"P": partial(plain, CSS(string=_css, font_config=_fonts), _fonts), b"N": partial(naive, _css)})
