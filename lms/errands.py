"""What every process apart has in common: it does one errand after another, within its limits, and tells no more.

`lms/apart.py` is the other end. An errand, and what comes back for it, is one letter, a length of four bytes, and so
many bytes. `lms/press.py` and `lms/seal.py` are run by their path; their first two arguments are bytes of memory and
seconds of work an errand may take. They know nothing of the house but this file, which loads nothing that has weight.
"""

import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

if sys.platform == "linux":
    import resource

HEAD = struct.Struct(">cI")
DONE, FAULTY, TOO_LARGE = b"D", b"F", b"M"
LIBRARIES_MISSING = 3
WORKED_TOO_LONG = -27  # what SIGPROF leaves behind

Errand = Callable[[bytes], bytes]


def keep_within_memory() -> None:
    """What this process may write to; elsewhere than on Linux the limit on time alone holds."""
    if sys.platform == "linux":
        most = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))  # not libraries and fonts, which are only read


def write_no_file() -> None:
    """From now on a file that this process writes to stays empty."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def run(errands: Mapping[bytes, Errand]) -> None:
    """Do errands, each by the letter it comes with, until whoever asks is gone, or memory or time has run out."""
    seconds = float(sys.argv[2])
    asked = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as given:
        os.dup2(2, 1)  # whatever else is printed cannot end up in an answer
        while head := asked.read(HEAD.size):
            letter, length = HEAD.unpack(head)
            content = asked.read(length)
            _allow(seconds)
            outcome, answer = _done(errands[letter], content)
            _allow(0)
            given.write(HEAD.pack(outcome, len(answer)) + answer)
            given.flush()
            if outcome == TOO_LARGE:
                return


def _done(errand: Errand, content: bytes) -> tuple[bytes, bytes]:
    try:
        return DONE, errand(content)
    except (MemoryError, SystemError):  # the second is what becomes of the first where C code does not pass it on
        return TOO_LARGE, b""
    except Exception as error:
        return FAULTY, _where(error).encode()


def _where(error: BaseException) -> str:
    """Kind and place of a fault, without its words: those may hold somebody's name."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + place


def _allow(seconds: float) -> None:
    """Let the next errand work this long, waiting for others not counted; after that the process ends."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
