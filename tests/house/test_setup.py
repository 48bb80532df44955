"""What `make demo` and `make test` rest on: the doctor, the lock files, the Makefile."""

import configparser
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lms import doctor
from tests import servers

TOP = Path(__file__).parents[2]

HERE = doctor.Need("A there", "it is there", lambda: True, ("a-there",), ("a",), "demo")
PANGO = doctor.Need("Pango", "lays out a PDF", lambda: False, ("libpango", "libharfbuzz"), ("pango",), "demo")
REDIS = doctor.Need("Redis", "tests share limits", lambda: False, ("redis-server",), ("redis",), "test")
JAXB = doctor.Need("Java's XML binding", "a check reads it", lambda: False, ("libjaxb-java",), (), "test")
NEEDS = (HERE, PANGO, REDIS, JAXB)

INSTALL = "apt-get install --yes --no-install-recommends"


class Apt:
    """Stands for the machine's programs: keeps what it is asked to run, and answers with these exit codes."""

    def __init__(self, *answers: int) -> None:
        self.asked: list[str] = []
        self.answers = list(answers)

    def __call__(self, command: list[str]) -> int:
        self.asked.append(" ".join(command))
        return self.answers.pop(0) if self.answers else 0


def debian(run: Apt, **differences: object) -> doctor.Machine:
    root = doctor.Machine("linux", True, True, False, False, True, run)
    return replace(root, **differences)


def test_every_need_can_be_seen_and_names_its_debian_package():
    for need in doctor.NEEDS:
        assert need.what and need.why
        assert need.debian
        assert need.purpose in doctor.PURPOSES
        assert need.here() in (True, False)


def test_the_demo_asks_less_than_the_tests():
    machine = debian(Apt())

    for_demo = doctor.missing("demo", machine, NEEDS)
    for_test = doctor.missing("test", machine, NEEDS)

    assert for_demo == [PANGO]
    assert for_test == [PANGO, REDIS, JAXB]


def test_nothing_missing_is_said_and_done(capsys):
    code = doctor.main(["--for", "demo"], debian(Apt()), (HERE,))

    assert code == 0
    assert capsys.readouterr() == ("Nothing is missing for the demo.\n", "")


def test_what_is_missing_is_named_with_the_one_line_to_type(capsys):
    apt = Apt()

    code = doctor.main(["--for", "test"], debian(apt), NEEDS)

    said = capsys.readouterr()
    assert code == 1
    assert "Missing: Pango (lays out a PDF)." in said.out
    assert said.err == (f"To go on, type: apt-get update && {INSTALL} libpango libharfbuzz redis-server libjaxb-java\n")
    assert apt.asked == []


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        ({"is_root": False, "has_sudo": True}, f"sudo apt-get update && sudo {INSTALL} libpango libharfbuzz"),
        ({"is_root": False}, f"su -c 'apt-get update && {INSTALL} libpango libharfbuzz'"),
        ({"system": "darwin", "has_apt": False}, "brew install pango"),
        ({"has_apt": False}, "install by this system's own means what Debian calls: libpango libharfbuzz"),
    ],
)
def test_who_may_not_install_gets_the_line_and_a_refusal(machine, line, capsys):
    apt = Apt()

    code = doctor.main(["--for", "demo", "--mend"], debian(apt, **machine), NEEDS)

    assert code == 1
    assert capsys.readouterr().err == f"To go on, type: {line}\n"
    assert apt.asked == []


def test_macos_is_not_asked_for_what_homebrew_lacks():
    assert doctor.missing("test", debian(Apt(), system="darwin"), NEEDS) == [PANGO, REDIS]


def test_root_installs_what_is_missing_and_looks_again(capsys):
    apt = Apt()
    pango = replace(PANGO, here=lambda: bool(apt.asked))

    code = doctor.main(["--for", "demo", "--mend"], debian(apt), (HERE, pango))

    assert code == 0
    assert len(apt.asked) == 1
    assert apt.asked[0].endswith("install --yes --no-install-recommends libpango libharfbuzz")
    assert "DEBIAN_FRONTEND=noninteractive" in apt.asked[0]
    assert not apt.asked[0].startswith("sudo")


def test_free_sudo_installs_too():
    apt = Apt()

    doctor.mend([PANGO], debian(apt, is_root=False, has_sudo=True, sudo_is_free=True))

    assert apt.asked[0].startswith("sudo -n ")


def test_the_package_lists_are_fetched_when_there_are_none_and_when_they_are_stale():
    fresh, stale = Apt(), Apt(100)

    doctor.mend([PANGO], debian(fresh, has_lists=False))
    doctor.mend([PANGO], debian(stale))

    assert [line.endswith(" update") for line in fresh.asked] == [True, False]
    assert [line.endswith(" update") for line in stale.asked] == [False, True, False]


def test_an_installation_that_failed_is_a_refusal(capsys):
    code = doctor.main(["--for", "demo", "--mend"], debian(Apt(100, 0, 100)), NEEDS)

    assert code == 1
    assert "Missing: Pango" in capsys.readouterr().out


def test_postgresql_is_found_where_debian_hides_it():
    assert doctor.program("no-such-program") is None
    assert doctor.program("no-such-program", "initdb").name == "initdb"


def test_the_doctor_needs_nothing_but_python(tmp_path):
    alone = shutil.copy(doctor.__file__, tmp_path)

    said = subprocess.run(
        [sys.executable, "-I", "-S", alone, "--for", "test"], capture_output=True, text=True, check=False
    )

    assert "Nothing is missing for the test." in said.stdout, said.stderr


def names(requirements: str) -> set[str]:
    found = re.findall(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirements, re.MULTILINE)
    return {name.lower().replace("_", "-").replace(".", "-") for name in found}


def test_both_lock_files_hold_what_setup_cfg_asks_and_name_no_place():
    asked = configparser.ConfigParser()
    asked.read(TOP / "setup.cfg")
    runs = (TOP / "requirements.lock").read_text()
    tests = (TOP / "tests" / "requirements.lock").read_text()

    assert names(asked["options"]["install_requires"]) <= names(runs)
    assert names(asked["options.extras_require"]["test"]) <= names(tests)
    assert set(re.findall(r"^\S+==\S+", runs, re.MULTILINE)) <= set(re.findall(r"^\S+==\S+", tests, re.MULTILINE))
    assert "://" not in runs + tests


def test_a_test_run_that_is_killed_leaves_no_server_and_no_folder_behind():
    killed = """
import os, signal, redis
from tests import servers
with servers.redis() as url:
    print(url, redis.Redis.from_url(url).config_get("dir")["dir"], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""

    ended = subprocess.run([sys.executable, "-c", killed], cwd=TOP, capture_output=True, text=True, check=False)

    url, folder = ended.stdout.split()
    assert ended.returncode == -signal.SIGKILL
    assert not servers.redis_answers(url.split(":")[-1].removesuffix("/0"))
    assert not Path(folder).exists()


def test_make_help_lists_every_command():
    said = subprocess.run(["make", "help"], cwd=TOP, capture_output=True, text=True, check=True).stdout

    for command in ("demo", "test", "check", "bench", "lock"):
        assert f"make {command} " in said
