"""What a machine must have before the program and its tests run: asked, named, and mended where we may.

A fresh machine's bare Python reads it (`python3 lms/doctor.py`), so it uses the standard library alone.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

PURPOSES = ("demo", "test")

# Where Debian and Homebrew keep PostgreSQL's own programs, which stand on no PATH.
HIDDEN_PROGRAMS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
HOMEBREW_LIBRARIES = ("/opt/homebrew/lib", "/usr/local/lib")


def program(*names: str) -> Path | None:
    """The first of these programs this machine has, looked for where Debian hides PostgreSQL's too."""
    folders = [str(folder) for pattern in HIDDEN_PROGRAMS for folder in sorted(Path("/").glob(pattern[1:]))]
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *folders])
    found = next(filter(None, (shutil.which(name, path=path) for name in names)), None)
    return Path(found) if found else None


def loads(library: str) -> bool:
    """Whether a shared library can be loaded, under its Debian name or its macOS one."""
    on_macos = [f"{folder}/{library}.dylib" for folder in HOMEBREW_LIBRARIES]
    for name in (f"{library}.so.0", f"{library}.dylib", *on_macos):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def can_make_environments() -> bool:
    """Whether `python3 -m venv` works; Debian ships Python without the half that brings pip."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))


def java_runs() -> bool:
    """Whether Java starts; macOS has a `java` that only says there is none."""
    java = program("java")
    return java is not None and subprocess.run([java, "-version"], capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Need:
    """One thing the machine must have. Without `brew`, macOS is not asked for it."""

    what: str
    why: str
    here: Callable[[], bool]
    debian: tuple[str, ...]
    brew: tuple[str, ...]
    purpose: str


NEEDS = (
    Need(
        "Python 3.11 or newer",
        "everything is written in it",
        lambda: sys.version_info >= (3, 11),
        debian=("python3",),
        brew=("python@3.13",),
        purpose="demo",
    ),
    Need(
        "Python's venv and ensurepip",
        "the program lives in an environment of its own",
        can_make_environments,
        debian=("python3-venv",),
        brew=("python@3.13",),
        purpose="demo",
    ),
    Need(
        "Pango",
        "lays out the pages of a PDF",
        lambda: loads("libpangoft2-1.0"),
        debian=("libpangoft2-1.0-0",),
        brew=("pango",),
        purpose="demo",
    ),
    Need(
        "HarfBuzz's subsetter",
        "keeps only the letters used, so that a PDF stays small",
        lambda: loads("libharfbuzz-subset"),
        debian=("libharfbuzz-subset0",),
        brew=("harfbuzz",),
        purpose="demo",
    ),
    Need(
        "Chromium",
        "the tests walk through the site in a real browser",
        lambda: (
            program("chromium", "chromium-browser", "google-chrome") is not None
            or any(Path("/Applications").glob("*Chrom*.app"))
        ),
        debian=("chromium",),
        brew=("chromium",),
        purpose="test",
    ),
    Need(
        "PostgreSQL",
        "the tests run on both databases",
        lambda: program("initdb") is not None and program("postgres") is not None,
        debian=("postgresql",),
        brew=("postgresql@17",),
        purpose="test",
    ),
    Need(
        "Redis",
        "the tests share limits between processes",
        lambda: program("redis-server") is not None,
        debian=("redis-server",),
        brew=("redis",),
        purpose="test",
    ),
    Need(
        "Java",
        "runs the independent check of PDF/A and PDF/UA",
        java_runs,
        debian=("default-jre-headless",),
        brew=("openjdk",),
        purpose="test",
    ),
    Need(
        "Java's XML binding",
        "the same check reads its rules with it",
        lambda: Path("/usr/share/java/jaxb-runtime.jar").exists(),
        debian=("libjaxb-java",),
        brew=(),
        purpose="test",
    ),
    Need(
        "qpdf",
        "the tests check how a PDF is built",
        lambda: program("qpdf") is not None,
        debian=("qpdf",),
        brew=("qpdf",),
        purpose="test",
    ),
    Need(
        "Poppler's tools",
        "the tests read a PDF's text, fonts and signature",
        lambda: all(program(name) for name in ("pdftotext", "pdfinfo", "pdffonts", "pdfsig")),
        debian=("poppler-utils",),
        brew=("poppler",),
        purpose="test",
    ),
)


@dataclass(frozen=True)
class Machine:
    """What the doctor may know of the machine and do to it; a test hands in another."""

    system: str  # as sys.platform says it
    has_apt: bool
    is_root: bool
    has_sudo: bool  # the program is there
    sudo_is_free: bool  # and asks no password
    has_lists: bool  # apt knows which packages there are
    run: Callable[[Sequence[str]], int]


def this_machine() -> Machine:
    """The machine we stand on."""
    has_sudo = shutil.which("sudo") is not None
    return Machine(
        system=sys.platform,
        has_apt=shutil.which("apt-get") is not None,
        is_root=hasattr(os, "geteuid") and os.geteuid() == 0,
        has_sudo=has_sudo,
        sudo_is_free=has_sudo
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0,
        has_lists=any(Path("/var/lib/apt/lists").glob("*Packages*")),
        run=lambda command: subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode,
    )


def missing(purpose: str, machine: Machine, needs: Sequence[Need] = NEEDS) -> list[Need]:
    """What this purpose asks and the machine lacks; testing asks all that the demo does."""
    asked = [need for need in needs if purpose == "test" or need.purpose == "demo"]
    if machine.system == "darwin":
        asked = [need for need in asked if need.brew]
    return [need for need in asked if not need.here()]


def packages(lacking: Sequence[Need], machine: Machine) -> list[str]:
    """The packages that bring what is lacking, each once, in the order of the table."""
    names = [name for need in lacking for name in (need.brew if machine.system == "darwin" else need.debian)]
    return list(dict.fromkeys(names))


def command_to_type(lacking: Sequence[Need], machine: Machine) -> str:
    """The one line a person types on this machine to get what is lacking."""
    names = " ".join(packages(lacking, machine))
    if machine.system == "darwin":
        return f"brew install {names}"
    if not machine.has_apt:
        return f"install by this system's own means what Debian calls: {names}"
    apt = f"apt-get update && apt-get install --yes --no-install-recommends {names}"
    if machine.is_root:
        return apt
    if machine.has_sudo:
        return apt.replace("apt-get", "sudo apt-get")
    return f"su -c '{apt}'"


def may_mend(machine: Machine) -> bool:
    """Whether we can install without asking anyone anything."""
    return machine.system != "darwin" and machine.has_apt and (machine.is_root or machine.sudo_is_free)


def mend(lacking: Sequence[Need], machine: Machine) -> None:
    """Install what is lacking through apt. Look again to see whether it worked: apt's word is not asked."""
    # RUNLEVEL=1 keeps sysvinit from starting the database services we only want the programs of.
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    if not machine.is_root:
        apt = ["sudo", "-n", *apt]
    install = [*apt, "install", "--yes", "--no-install-recommends", *packages(lacking, machine)]

    if machine.has_lists and machine.run(install) == 0:
        return
    machine.run([*apt, "update"])
    machine.run(install)


def main(
    arguments: Sequence[str] | None = None,
    machine: Machine | None = None,
    needs: Sequence[Need] = NEEDS,
) -> int:
    """`lms doctor`: 0 when nothing is missing, else 1 with the command that brings it on stderr."""
    parser = argparse.ArgumentParser(
        prog="lms doctor", description="What is missing on this machine, and the command that brings it."
    )
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=PURPOSES,
        default="demo",
        help="what the machine is for (default: demo)",
    )
    parser.add_argument(
        "--mend", action="store_true", help="install what is missing through apt, as root or with free sudo"
    )
    asked = parser.parse_args(arguments)
    machine = machine or this_machine()

    lacking = missing(asked.purpose, machine, needs)
    if lacking and asked.mend and may_mend(machine):
        print(f"Installing {', '.join(need.what for need in lacking)} through apt.", flush=True)
        mend(lacking, machine)
        lacking = missing(asked.purpose, machine, needs)
    if not lacking:
        print(f"Nothing is missing for the {asked.purpose}.")
        return 0

    for need in lacking:
        print(f"Missing: {need.what} ({need.why}).", flush=True)
    print(f"To go on, type: {command_to_type(lacking, machine)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
