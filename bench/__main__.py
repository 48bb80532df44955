"""Every figure, one after the other, and all of them as one table."""

import json
import subprocess
import sys

from bench.figure import HEAD, RESULTS, Figure

NAMES = (
    "lesson_page",
    "lesson_requests",
    "check_page",
    "answer",
    "weight",
    "memory",
    "malformed",
    "checkins",
    "spreadsheets",
    "certificates",
    "thousand",
    "bulk",
    "live",
    "live_processes",
)


def main() -> None:
    """Each figure is taken in a process of its own, so that none inherits another's memory."""
    failed = [name for name in NAMES if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode]
    print("", HEAD, sep="\n")
    for name in NAMES:
        for figure in last(name):
            print(figure.row())
    sys.exit(1 if failed else 0)


def last(name: str) -> list[Figure]:
    """The figures that were kept last under this name."""
    kept = json.loads((RESULTS / f"{name}.jsonl").read_text().splitlines()[-1])
    return [Figure(**{field: one[field] for field in Figure.__dataclass_fields__}) for one in kept["figures"]]


if __name__ == "__main__":
    main()
