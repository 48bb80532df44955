"""Style, scripts and drawings travel compressed; pages do not."""

import gzip

from lms.paths import STATIC
from tests.make import Making
from tests.page import Client

GZIP = {"Accept-Encoding": "gzip, br"}


def test_style_comes_compressed_to_who_can_read_that_and_plain_to_others(client: Client):
    plain = client.get("/static/site.css", buffered=True)
    squeezed = client.get("/static/site.css", headers=GZIP, buffered=True)

    written = (STATIC / "site.css").read_bytes()
    assert plain.data == written
    assert gzip.decompress(squeezed.data) == written
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in squeezed.headers["Vary"]
    assert squeezed.headers["Content-Length"] == str(len(squeezed.data))


def test_a_browser_that_has_the_style_is_told_that_nothing_changed(client: Client):
    first = client.get("/static/site.css", headers=GZIP, buffered=True)

    again = client.get(
        "/static/site.css", status=304, headers={"If-Modified-Since": first.headers["Last-Modified"]} | GZIP
    )

    assert again.data == b""
    first.close()
    again.close()


def test_fonts_and_pages_are_sent_as_they_are(make: Making):
    client = make.signed_in()

    assert "Content-Encoding" not in client.get("/", headers=GZIP, buffered=True).headers
    assert "Content-Encoding" not in client.get("/static/fonts/latin-400.woff2", headers=GZIP, buffered=True).headers


def test_a_file_that_is_not_there_is_not_found(client: Client):
    client.get("/static/nothing.css", status=404, headers=GZIP, buffered=True)
    client.get("/static/../setup.cfg", status=404, headers=GZIP, buffered=True)
