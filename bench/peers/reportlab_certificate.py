"""The certificate in ReportLab: the same words, tables, rules and QR code at the same places, with the same fonts."""

import io
from html import escape
from pathlib import Path
from typing import Any

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, Table, TableStyle

WIDTH, HEIGHT = 297 * mm, 210 * mm
VIOLET, GREY, INK, FAINT = map(HexColor, ("#54307e", "#585162", "#1f1a27", "#d9d4df"))
FONT = "IBM Plex Sans"
NOT_FILLED = TableStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])
RULED = TableStyle(
    [
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("LINEBELOW", (0, 0), (-1, 0), 0.35 * mm, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2 * mm, FAINT),
    ]
)


class Maker:
    """Prints one certificate after another; the fonts are read once."""

    def __init__(self, fonts: Path) -> None:
        pdfmetrics.registerFont(TTFont(FONT, fonts / "IBMPlexSans-Regular.ttf"))
        self.styles: dict[tuple[float, HexColor], ParagraphStyle] = {}

    def __call__(self, paper: dict[str, Any]) -> bytes:
        file = io.BytesIO()
        self.canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), lang="en")
        self.canvas.setTitle(paper["title"])
        self.canvas.setAuthor(paper["issuer"])
        self.front(paper)
        self.canvas.showPage()
        self.back(paper)
        self.canvas.save()
        return file.getvalue()

    def front(self, paper: dict[str, Any]) -> None:
        self.field(48, ((0, 0), (38.2, 0), (5.4, 190), (0, 190)), 0)
        self.field(48, ((43, 0), (48, 0), (48, 190), (10.2, 190)), 0.8)
        self.head(paper["project"], paper["pages"][0], 82)
        y = self.put([self.text(paper["kind"], 20, VIOLET)], 82, 52, 191)
        y = self.put([self.text(paper["name"], paper["name_size"])], 82, y, 191)
        y = self.put([self.text(paper["sentence"], 15)], 82, y + 2, 160)
        self.put([self.facts(paper["facts"], 27, 191)], 82, y + 5, 191)
        issued = [self.text(paper["issued"], 9.5, GREY), self.text(paper["issued_on"], 11)]
        self.put([*issued, self.text(paper["number_label"], 9.5, GREY), self.text(paper["number"], 11)], 82, 174, 50)
        self.rule(136, 174, 84)
        self.put([self.text(paper["issuer"], 11), self.text(paper["signed"], 9.5, GREY)], 136, 175.5, 84)
        self.code(paper["check"], 235, 153, 30)
        self.put([self.text(paper["check_label"], 9.5, GREY), self.text(paper["address"], 9.5, GREY)], 238, 183, 38)

    def back(self, paper: dict[str, Any]) -> None:
        self.field(8, ((0, 0), (8, 0), (8, 190), (0, 190)), 0)
        self.head(paper["certificate"], paper["pages"][1], 42)
        self.put([self.text(paper["evidence"], 20, VIOLET)], 42, 31, 231)
        y = self.put([self.facts(paper["asked"], 31, 231)], 42, 45, 231)
        for one in paper["tables"]:
            y = self.put([self.text(f"{one['heading']} {one['note']}", 10.5, VIOLET)], 42, y + 3, 231)
            rows = [[self.text(cell, 10.5, GREY) for cell in one["columns"]]]
            rows += [[self.text(cell, 10.5) for cell in row] for row in one["rows"]]
            y = self.put([Table(rows, [width * mm for width in one["widths"]], style=RULED)], 42, y, 231)
        for x, (title, text) in zip((42, 122, 202), paper["notes"], strict=True):
            self.rule(x, 165, 71)
            self.put([self.text(title, 10.5, VIOLET), self.text(text, 10.5)], x, 166.5, 71)

    def head(self, title: str, page: str, x: float) -> None:
        self.put([self.text(f"DISRUPT {title}", 11)], x, 21, 150)
        self.canvas.setFont(FONT, 9.5)
        self.canvas.setFillColor(GREY)
        self.canvas.drawRightString(273 * mm, HEIGHT - 25 * mm, page)

    def facts(self, lines: list[list[str]], label: float, width: float) -> Table:
        rows = [[self.text(name, 10.5, GREY), self.text(value, 10.5)] for name, value in lines]
        return Table(rows, [label * mm, (width - label) * mm], style=NOT_FILLED)

    def text(self, words: str, size: float, colour: HexColor = INK) -> Paragraph:
        style = self.styles.get((size, colour)) or self.styles.setdefault(
            (size, colour),
            ParagraphStyle("", fontName=FONT, fontSize=size, leading=size * 1.3, textColor=colour),
        )
        return Paragraph(escape(words).replace("\n", "<br/>"), style)

    def put(self, flowables: list[Flowable], x: float, y: float, width: float) -> float:
        """One beneath the other, from this many mm beneath the top; where the next one would begin."""
        for one in flowables:
            height = one.wrapOn(self.canvas, width * mm, HEIGHT)[1]
            one.drawOn(self.canvas, x * mm, HEIGHT - y * mm - height)
            y += height / mm
        return y

    def rule(self, x: float, y: float, width: float) -> None:
        self.canvas.setStrokeColor(INK)
        self.canvas.setLineWidth(0.35 * mm)
        self.canvas.line(x * mm, HEIGHT - y * mm, (x + width) * mm, HEIGHT - y * mm)

    def field(self, width: float, corners: tuple[tuple[float, float], ...], down: float) -> None:
        """Rules across a field whose corners are so many mm from its own."""
        self.canvas.saveState()
        path = self.canvas.beginPath()
        for number, (x, y) in enumerate(corners):
            (path.lineTo if number else path.moveTo)((10 + x) * mm, HEIGHT - (10 + y) * mm)
        path.close()
        self.canvas.clipPath(path, stroke=0)
        self.canvas.setStrokeColor(VIOLET)
        self.canvas.setLineWidth(width * mm)
        self.canvas.setDash([0.55 * mm, 1.05 * mm])
        middle = (10 + width / 2) * mm
        self.canvas.line(middle, HEIGHT - (10 + down) * mm, middle, HEIGHT - 200 * mm)
        self.canvas.restoreState()

    def code(self, address: str, x: float, y: float, side: float) -> None:
        widget = QrCodeWidget(address, barLevel="M", barWidth=side * mm, barHeight=side * mm)
        drawing = Drawing(side * mm, side * mm)
        drawing.add(widget)
        renderPDF.draw(drawing, self.canvas, x * mm, HEIGHT - (y + side) * mm)
