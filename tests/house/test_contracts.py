"""The house holds together: floors, rules without a database, and files that say what they are for."""

import ast
import configparser
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FILES = {path.relative_to(TOP).as_posix(): path for path in sorted((TOP / "lms").rglob("*.py"))}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
MARKED = "# noqa: PLC0415 - "  # an import inside a function says why it cannot stand at the top
RULES = {
    "lms/accounts/limits.py",
    "lms/accounts/passwords.py",
    "lms/certificates/numbers.py",
    "lms/certificates/parts.py",
    "lms/certificates/statement.py",
    "lms/content/askable.py",
    "lms/content/exercise_files.py",
    "lms/content/exercises.py",
    "lms/content/files.py",
    "lms/content/loader.py",
    "lms/content/material.py",
    "lms/content/playable.py",
    "lms/content/prose.py",
    "lms/content/translating.py",
    "lms/content/values.py",
    "lms/exercises/runsheet.py",
    "lms/exercises/tally.py",
    "lms/lessons/reading.py",
    "lms/progress/completion.py",
    "lms/quizzes/grading.py",
    "lms/quizzes/paper.py",
    "lms/quizzes/reasons.py",
}
OUTSIDE = {"flask", "flask_sqlalchemy", "flask_login", "flask_wtf", "sqlalchemy", "wtforms", "werkzeug", "time"}


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text())


def imported(tree: ast.AST) -> set[str]:
    """The first names of every module that is imported."""
    whole = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in whole | parts}


def test_every_floor_and_every_rule_of_the_house_is_kept():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]

    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_file_begins_with_a_sentence_that_says_what_it_is_for():
    first = {name: (ast.get_docstring(parsed(name)) or "").partition("\n\n")[0] for name in FILES}

    assert {name: words for name, words in first.items() if not words.endswith(".")} == {}


def test_every_import_stands_at_the_top_unless_it_says_why_not():
    unmarked = []
    for name, path in FILES.items():
        lines = path.read_text().splitlines()
        functions = [
            node for node in ast.walk(parsed(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        inside = [node for function in functions for node in ast.walk(function)]
        imports = {node.lineno for node in inside if isinstance(node, ast.Import | ast.ImportFrom)}
        unmarked += [f"{name}:{number}" for number in imports if MARKED not in lines[number - 1]]

    assert unmarked == []


def test_our_own_modules_are_imported_by_their_full_path():
    froms = [(name, node) for name in FILES for node in ast.walk(parsed(name)) if isinstance(node, ast.ImportFrom)]

    assert [f"{name}: {ast.unparse(node)}" for name, node in froms if node.level] == []


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_knows_neither_the_web_nor_the_database_nor_the_clock(name):
    tree = parsed(name)
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert imported(tree) & OUTSIDE == set()
    assert {one for one in called if one.endswith((".now", ".utcnow", ".today"))} == set()


def test_every_package_is_named_for_the_wheel():
    config = configparser.ConfigParser()
    config.read(TOP / "setup.cfg")

    packages = {Path(name).parent.as_posix().replace("/", ".") for name in FILES}

    assert packages - set(config["options"]["packages"].split()) == set()


def test_the_house_is_entered_by_its_app_and_the_package_itself_holds_nothing():
    assert [type(node) for node in parsed("lms/__init__.py").body] == [ast.Expr]
