"""A figure: what was measured, what it is held against, how it is printed and kept."""

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Figure:
    """Ours beside the yardstick's; `most` or `least` is the bar for their ratio, or for ours where there is none."""

    what: str
    unit: str
    ours: float
    yardstick: float | None = None
    most: float | None = None
    least: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.yardstick if self.yardstick else None

    @property
    def holds(self) -> bool:
        """Whether the figure keeps its bar; one that is only reported always does."""
        judged = self.ours if self.ratio is None else self.ratio
        return (self.most is None or judged <= self.most) and (self.least is None or judged >= self.least)

    def row(self) -> str:
        """The figure as a line of the table."""
        yardstick = "" if self.yardstick is None else f"{self.yardstick:.4g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        bar = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}" if self.least is not None else ""
        verdict = "reported" if not bar else "holds" if self.holds else "FAILS"
        ours = f"{self.ours:.4g}"
        return f"{self.what:<46} {self.unit:<9} {ours:>8} {yardstick:>10} {ratio:>6}  {bar:<8} {verdict}"


HEAD = f"{'figure':<46} {'unit':<9} {'ours':>8} {'yardstick':>10} {'ratio':>6}  {'bar':<8}"


def report(name: str, *figures: Figure) -> None:
    """Print the figures and add them, as one line, to what is kept under this name."""
    print(HEAD, *(figure.row() for figure in figures), sep="\n")
    kept = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "figures": [
            asdict(figure) | {"ratio": figure.ratio and round(figure.ratio, 3), "holds": figure.holds}
            for figure in figures
        ],
    }
    with (RESULTS / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps(kept) + "\n")
    if not all(figure.holds for figure in figures):
        sys.exit(1)
