"""A small and faultless tree of training material, for tests to spoil."""

from pathlib import Path

from lms.content.files import Fault
from lms.content.loader import BadMaterial, load

COURSE = """\
title = "A small course"
modules = ["signs", "court"]

[[paper]]
id = "completion"
kind = "completion"
title = "Certificate"
lessons = "all"
quizzes = ["signs"]
"""
SOURCES = """\
[led]
title = "Directive"
publisher = "European Union"

[dsa]
title = "Regulation"
publisher = "European Union"
url = "https://eur-lex.europa.eu"
"""
GLOSSARY = """\
[act]
term = "Act"
means = "What is done."
"""
HELPLINES = """\
[[helpline]]
number = "116 000"
serves = "A missing child"
"""
MODULE = """\
title = "Signs"
summary = "What to see."
objectives = ["See", "Tell"]
minutes = 25
law = "National law prevails."
checked = 2026-11-21

[[status]]
instrument = "The Act"
position = "In force."
sources = ["led"]
"""
LESSON = """\
+++
title = "To begin"
lead = "Why."
minutes = 10
sources = ["led", "dsa"]
checked = 2026-11-21
key_points = ["One.", "Two."]

[check]
kind = "single"
text = "Which?"
explanation = "Because."
options = [
  { id = "yes", text = "Yes", right = true, feedback = "Right." },
  { id = "no", text = "No", feedback = "Not so." },
]
+++

A first [act](glossary:act) stands in the law [@led] and in [@dsa, art. 5]. See [the next](lesson:signs/to-go-on).

::: figure steps Three steps
| Step |
|---|
| One |
:::

"""
FILLER = "\n\n".join(["One plain word follows another on this line. " * 10] * 8) + "\n"
SECOND = """\
+++
title = "To go on"
lead = "Why."
minutes = 5
sources = ["led"]
checked = 2026-11-21
key_points = ["One."]

[check]
kind = "true-false"
text = "So it is."
explanation = "Because."
answer = true
feedback = { true = "Right.", false = "It is so." }
+++

It stands in the law [@led].

"""
QUIZ = """\
pass_mark = 70
draw = 8
minutes = 10

[[question]]
id = "one-right"
kind = "single"
text = "Which?"
lesson = "to-begin"
sources = ["led"]
explanation = "Because."
options = [
  { id = "yes", text = "Yes", right = true, feedback = "Right." },
  { id = "no", text = "No", feedback = "Not so." },
]

[[question]]
id = "some-right"
kind = "multiple"
text = "Which ones?"
lesson = "to-begin"
sources = ["led"]
explanation = "Because."
options = [
  { id = "yes", text = "Yes", right = true, feedback = "Right." },
  { id = "also", text = "Also", right = true, feedback = "Right too." },
  { id = "no", text = "No", feedback = "Not so." },
]

[[question]]
id = "so-it-is"
kind = "true-false"
text = "So it is."
lesson = "to-begin"
sources = ["led"]
explanation = "Because."
answer = true
feedback = { true = "Right.", false = "It is so." }

[[question]]
id = "how-many"
kind = "numeric"
text = "How many?"
lesson = "to-begin"
sources = ["led"]
explanation = "Because."
answer = 10
unit = "days"
units = { days = 1, weeks = 7 }
near = [ { value = 8, feedback = "Hours." } ]
feedback = "Look again."

[[question]]
id = "which-word"
kind = "short"
text = "Which word?"
lesson = "to-begin"
sources = ["led"]
explanation = "Because."
accept = ["hash", "a hash"]
near = [ { value = "lock", feedback = "Close." } ]
feedback = "Look again."

[[question]]
id = "what-belongs"
kind = "matching"
text = "What belongs?"
lesson = "to-go-on"
sources = ["dsa"]
explanation = "Because."
pairs = [
  { id = "one", left = "I", right = "1", feedback = "One." },
  { id = "two", left = "II", right = "2", feedback = "Two." },
]
decoys = [ { id = "three", text = "3", feedback = "Three." } ]

[[question]]
id = "which-order"
kind = "ordering"
text = "Which order?"
lesson = "to-go-on"
sources = ["dsa"]
explanation = "Because."
steps = [
  { id = "first", text = "First", feedback = "It begins." },
  { id = "last", text = "Last", feedback = "It ends." },
]

[[question]]
id = "on-friday"
kind = "scenario"
text = "It is Friday."
lesson = "to-go-on"
sources = ["dsa", "led"]
explanation = "Because."
parts = [
  {id = "now", kind = "true-false", text = "S", answer = true, explanation = "E", feedback = {true = "R", false = "F"}},
  { id = "word", kind = "short", text = "Word?", explanation = "E", accept = ["yes"], feedback = "F" },
]
"""
DRAWING = '<svg viewBox="0 0 10 10" xmlns="http://www.w3.org/2000/svg"><text x="1" y="9">Words</text></svg>\n'
FIRST_QUESTION = QUIZ[QUIZ.index("[[question]]") : QUIZ.index('[[question]]\nid = "some-right"')]
COURT_QUIZ = f"pass_mark = 70\ndraw = 1\nminutes = 10\n\n{FIRST_QUESTION.replace('to-begin', 'the-first-day')}"
FILES = {
    "course.toml": COURSE,
    "sources.toml": SOURCES,
    "glossary.toml": GLOSSARY,
    "helplines.toml": HELPLINES,
    "signs/module.toml": MODULE,
    "signs/01-to-begin.md": LESSON + FILLER,
    "signs/02-to-go-on.md": SECOND + FILLER,
    "signs/quiz.toml": QUIZ,
    "signs/images/steps.svg": DRAWING,
    "signs/images/steps-narrow.svg": DRAWING,
    "court/module.toml": MODULE.replace("Signs", "Court").replace("25", "15"),
    "court/01-the-first-day.md": SECOND.replace("To go on", "The first day") + FILLER,
    "court/quiz.toml": COURT_QUIZ,
}


class Tree:
    """A folder of training material that a test spoils."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def read(self, name: str) -> str:
        return (self.root / name).read_text("utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        """Replace the first `old` in a file, which must be there."""
        text = self.read(name)
        assert old in text
        self.write(name, text.replace(old, new, 1))

    def version(self, name: str) -> str:
        return load(self.root).versions[name]

    def line(self, name: str, text: str) -> int:
        """The number of the one line that holds `text`; 0 for no text."""
        lines = [number for number, line in enumerate(self.read(name).splitlines(), 1) if text and text in line]
        assert len(lines) == (1 if text else 0), lines
        return lines[0] if lines else 0

    def faults(self) -> list[Fault]:
        try:
            load(self.root)
        except BadMaterial as bad:
            return bad.faults
        return []
