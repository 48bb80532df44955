"""What a hundred thousand rows cost as xlsx and as ods, beside the same rows as csv."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time
from zoneinfo import ZoneInfo

from bench.figure import Figure, report
from lms.spreadsheet import Cell, Sheet, written

ROWS = 100_000
ROUNDS = 3
HEAD = ("Name", "E-mail", "Organisation", "Country", "Part played", "Came", "Left", "Minutes", "Hours", "Signed")
BRUSSELS = ZoneInfo("Europe/Brussels")


def main() -> None:
    """Each file is made in a process of its own, by turns, so that none inherits another's memory."""
    costs = [{kind: made(kind) for kind in ("csv", "xlsx", "ods")} for _ in range(ROUNDS)]
    seconds = {kind: median(cost[kind][0] for cost in costs) for kind in costs[0]}
    memory = {kind: median(cost[kind][1] for cost in costs) for kind in costs[0]}
    report(
        "spreadsheets",
        Figure("100,000 rows as xlsx: CPU beside csv", "s", seconds["xlsx"], seconds["csv"], most=8),
        Figure("100,000 rows as xlsx: memory more than csv", "MiB", memory["xlsx"] - memory["csv"], most=40),
        Figure("100,000 rows as ods: CPU beside csv", "s", seconds["ods"], seconds["csv"], most=2),
        Figure("100,000 rows as ods: memory more than csv", "MiB", memory["ods"] - memory["csv"]),
        Figure("rows a second as csv", "rows/s", ROWS / seconds["csv"]),
    )


def made(kind: str) -> tuple[float, float]:
    """Seconds of CPU and MiB at the most, of a process that writes one such file."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.spreadsheets", kind], check=True, capture_output=True, text=True
    )
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def write(kind: str) -> None:
    """Write one file and throw it away; print what it took."""
    began = process_time()
    size = sum(len(piece) for piece in written(kind, [Sheet("People", HEAD, rows(), BRUSSELS)]))
    assert size > ROWS
    most = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert most
    print(process_time() - began, int(most[1]) / 1024)


def rows() -> Iterator[tuple[Cell, ...]]:
    """A row a person, as of an event: text, times and numbers."""
    came = datetime(2024, 10, 16, 7, 0, tzinfo=UTC)
    for number in range(ROWS):
        at = came + timedelta(seconds=number % 3600)
        name, address = f"Ann Example {number}", f"ann.{number}@service.example"
        yield (
            name,
            address,
            "Example Service",
            "Belgium",
            "participant",
            at,
            at,
            240 - number % 60,
            3.5,
            number % 2 == 0,
        )


if __name__ == "__main__":
    write(sys.argv[1]) if len(sys.argv) > 1 else main()
