"""The wheel is whole: installed away from the checkout, it sets up the sample year and serves pages."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
INSIDE = {
    "lms": "lms",
    "templates": "lms/templates",
    "modules": "lms/modules",
    "migrations": "lms/migrations",
}
LEFT_OUT = {".pyc", ".po", ".pot", ".cfg"}  # made anew, or only of use to translators

FETCH = """
from pathlib import Path
import lms
from lms import settings
from lms.app import create_app

client = create_app(settings.read()).test_client()
print(Path(lms.__file__).parent)
for address in {addresses}:
    print(client.get(address).status_code, address)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that nothing an earlier build left behind gets in."""
    copy = tmp_path_factory.mktemp("source")
    for folder in INSIDE:
        shutil.copytree(TOP / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "LICENSES"):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, copy / name)
        elif (TOP / name).exists():
            shutil.copy(TOP / name, copy)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", copy, cwd=copy)
    return next((copy / "dist").glob("*.whl"))


def run(*command: object, cwd: Path) -> str:
    """What a command prints, with nothing of ours in its environment."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "PYTHON"))}
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=cwd, env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_wheel_holds_every_file_of_the_program(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())

    ours = {
        f"{inside}/{path.relative_to(TOP / folder).as_posix()}"
        for folder, inside in INSIDE.items()
        for path in (TOP / folder).rglob("*")
        if path.is_file() and path.suffix not in LEFT_OUT
    }
    assert ours - held == set()


def test_the_wheel_works_where_there_is_no_checkout(wheel, tmp_path):
    home = tmp_path / "home"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*/site-packages"))
    site.joinpath("dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", python]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)

    run(home / "bin" / "lms", "demo", "--no-serve", cwd=tmp_path)
    addresses = ["/", "/modules/", "/modules/early-signs/", "/sign-in", "/static/site.css"]
    said = run(python, "-c", FETCH.format(addresses=addresses), cwd=tmp_path).splitlines()

    assert said[-len(addresses) - 1] == str(site / "lms")
    assert said[-len(addresses) :] == [f"200 {address}" for address in addresses]
    assert any((home / "var" / "lms-instance").iterdir())
