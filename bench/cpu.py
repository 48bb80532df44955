"""CPU time of a process with all that it started, as long as they live."""

import os
import time
from pathlib import Path

OF_A_PROCESS = 2  # what makes a clock's id of a number of a process (Linux, posix-timers.h)


def worked(process: int | None = None) -> float:
    """Seconds that this process, or another, and its descendants have worked until now."""
    return sum(map(_clock, family(process or os.getpid())))


def family(process: int) -> list[int]:
    """A process and its descendants."""
    children = " ".join(path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children"))
    return [process, *(one for child in children.split() for one in family(int(child)))]


def _clock(process: int) -> float:
    return time.clock_gettime(~process << 3 | OF_A_PROCESS)
