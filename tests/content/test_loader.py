"""What the loader gives for a good tree, and how it names every fault of a bad one: file, line, place and reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lms.content.files import Fault
from lms.content.loader import BadMaterial, load
from lms.content.material import KINDS
from lms.paths import MODULES
from tests.content.tree import COURSE, COURT_QUIZ, FILES, FILLER, HELPLINES, LESSON, QUIZ, SECOND, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A small and faultless tree: two topics, three lessons, a question of every kind."""
    return Tree(tmp_path)


# --- a good tree -----------------------------------------------------------------------------------------------


def test_a_good_tree_becomes_a_course(tree):
    course = load(tree.root).course("en")

    signs, court = course.modules

    assert course.title == "A small course"
    assert [(module.slug, module.number, module.title) for module in course.modules] == [
        ("signs", 1, "Signs"),
        ("court", 2, "Court"),
    ]
    assert [(lesson.id, lesson.number, lesson.title) for lesson in signs.lessons] == [
        ("to-begin", 1, "To begin"),
        ("to-go-on", 2, "To go on"),
    ]
    assert signs.lesson("to-go-on") is signs.lessons[1]
    assert signs.lesson("gone") is course.module("gone") is None
    assert court.quiz.draw == 1
    assert (course.papers[0].lessons, course.papers[0].quizzes) == ("all", ("signs",))
    assert course.helplines[0].number == "116 000"
    assert set(course.sources) == {"led", "dsa"}
    assert set(course.glossary) == {"act"}


def test_the_small_tree_holds_every_kind_of_question(tree):
    quiz = load(tree.root).course("en").module("signs").quiz

    assert sorted(question.kind for question in quiz.questions) == sorted(KINDS)


def test_what_was_read_cannot_be_changed(tree):
    lesson = load(tree.root).course("en").modules[0].lessons[0]

    with pytest.raises(AttributeError):
        lesson.title = "Another"


def test_every_text_file_has_its_version_and_only_its_own_words_change_it(tree):
    before = load(tree.root).versions
    tree.change("signs/quiz.toml", "Which?", "Which one?")

    after = load(tree.root).versions

    assert set(before) == {name for name in FILES if not name.endswith(".svg")}
    assert [name for name in before if before[name] != after[name]] == ["signs/quiz.toml"]
    assert all(len(version) == 12 for version in after.values())


@pytest.mark.parametrize("name", ["course.toml", "signs/quiz.toml", "signs/01-to-begin.md"])
def test_a_file_from_windows_is_the_same_file(tree, name):
    before = load(tree.root)
    (tree.root / name).write_bytes(b"\xef\xbb\xbf" + tree.read(name).replace("\n", "\r\n").encode())

    assert load(tree.root) == before


def test_a_lesson_keeps_its_id_when_its_number_changes(tree):
    (tree.root / "signs/01-to-begin.md").rename(tree.root / "signs/07-to-begin.md")

    lessons = load(tree.root).course("en").module("signs").lessons

    assert [(lesson.id, lesson.number) for lesson in lessons] == [("to-go-on", 1), ("to-begin", 2)]


def test_a_language_that_nobody_wrote_is_the_english_course(tree):
    training = load(tree.root)

    assert training.course("mt") is training.course("en")


# --- one fault at a time ---------------------------------------------------------------------------------------

LESSON_KEYS = "check, checked, content_note, key_points, lead, minutes, review, short, sources, title"
# Name of the test: file, what is replaced, by what, text on the line named ("" for none), place, reason.
PLANTED = {
    # keys
    "an unknown key in a question": (
        "signs/quiz.toml", 'id = "which-word"', 'id = "which-word"\nhint = "x"', "hint", "question “which-word”",
        "unknown key “hint”; known are accept, explanation, feedback, id, lesson, near, sources, text",
    ),
    "an unknown key in an option": (
        "signs/quiz.toml", 'text = "Also", ', 'text = "Also", wrong = true, ', "wrong",
        "question “some-right”, option “also”", "unknown key “wrong”; known are feedback, id, right, text",
    ),
    "an unknown key in a lesson": (
        "signs/01-to-begin.md", 'lead = "Why."', 'lead = "Why."\nleed = "Why."', "leed", "",
        f"unknown key “leed”; known are {LESSON_KEYS}",
    ),
    "an unknown key in a topic": (
        "signs/module.toml", "minutes = 25", "minutes = 25\nhours = 1", "hours", "",
        "unknown key “hours”; known are checked, law, minutes, objectives, status, summary, title",
    ),
    "a key of a topic that is made by the site": (
        "signs/module.toml", "minutes = 25", 'minutes = 25\nslug = "x"', "slug", "",
        "unknown key “slug”; known are checked, law, minutes, objectives, status, summary, title",
    ),
    "a key of a lesson that is made by the site": (
        "signs/01-to-begin.md", 'lead = "Why."', 'lead = "Why."\nbody = "x"', "body", "",
        f"unknown key “body”; known are {LESSON_KEYS}",
    ),
    "a key of a quiz that is made by the site": (
        "signs/quiz.toml", "draw = 8", "draw = 8\noutdated = true", "outdated", "",
        "unknown key “outdated”; known are attempts, draw, minutes, pass_mark, time_limit, wait_minutes",
    ),
    "an unknown key in the course": (
        "course.toml", 'title = "A small course"', 'title = "A small course"\nauthor = "x"', "author", "",
        "unknown key “author”",
    ),
    "an unknown key in a source": (
        "sources.toml", 'publisher = "European Union"\n\n', 'publisher = "European Union"\nlink = "x"\n\n', "link",
        "“led”", "unknown key “link”; known are publisher, title, url, where",
    ),
    "an unknown key beside the helplines": (
        "helplines.toml", "[[helpline]]", 'note = "x"\n[[helpline]]', "note", "", "unknown key “note”",
    ),
    "a missing feedback": (
        "signs/quiz.toml", 'text = "Also", right = true, feedback = "Right too."', 'text = "Also", right = true',
        '"also"', "question “some-right”, option “also”", "feedback is missing",
    ),
    "a missing explanation": (
        "signs/quiz.toml", 'sources = ["dsa"]\nexplanation = "Because."\nsteps', 'sources = ["dsa"]\nsteps',
        '"which-order"', "question “which-order”", "explanation is missing",
    ),
    "a missing answer in a part of a scenario": (
        "signs/quiz.toml", 'answer = true, explanation = "E"', 'explanation = "E"', '"now"',
        "question “on-friday”, part “now”", "answer is missing",
    ),
    "a missing title": ("signs/module.toml", 'title = "Signs"\n', "", "", "", "title is missing"),
    "a missing title of the course": (
        "course.toml", 'title = "A small course"\n', "", 'title = "Certificate"', "", "title is missing"
    ),
    "a lesson without its question": (
        "signs/02-to-go-on.md", SECOND[SECOND.index("\n[check]") : SECOND.index("+++\n\nIt")], "", "", "",
        "check is missing",
    ),
    "a quiz without questions": (
        "court/quiz.toml", COURT_QUIZ[COURT_QUIZ.index("[[question]]") :], "", "", "", "question is missing",
    ),
    # types
    "a number where text belongs": (
        "signs/quiz.toml", 'text = "Which ones?"', "text = 5", "text = 5", "question “some-right”, text",
        "expected text, got a whole number",
    ),
    "text where a number belongs": (
        "signs/quiz.toml", "pass_mark = 70", 'pass_mark = "70"', "pass_mark", "pass_mark",
        "expected a whole number, got text",
    ),
    "a pass mark of more than everything": (
        "signs/quiz.toml", "pass_mark = 70", "pass_mark = 101", "pass_mark", "pass_mark",
        "expected a whole number <= 100",
    ),
    "text where yes or no belongs": (
        "signs/quiz.toml", "answer = true", 'answer = "true"', 'answer = "true"', "question “so-it-is”, answer",
        "expected true or false, got text",
    ),
    "a word where a list belongs": (
        "signs/02-to-go-on.md", 'key_points = ["One."]', 'key_points = "One."', "key_points", "key_points",
        "expected a list, got text",
    ),
    "a table where a list of options belongs": (
        "signs/quiz.toml", "options = [\n", 'options = { id = "x" }\nold = [\n', "options = {",
        "question “one-right”, options", "must be a list",
    ),
    "a word where an option belongs": (
        "signs/quiz.toml", '  { id = "also", text = "Also", right = true, feedback = "Right too." },', '  "also",',
        "", "question “some-right”, option 2", "must be a table of keys and values",
    ),
    "an empty text": (
        "signs/module.toml", 'summary = "What to see."', 'summary = ""', "summary", "summary",
        "expected text of length >= 1",
    ),
    "a date that is text": (
        "signs/module.toml", "checked = 2026-11-21", 'checked = "yesterday"', "checked", "checked",
        "expected a date such as 2026-11-21, without quotation marks",
    ),
    "a kind that is not known": (
        "signs/quiz.toml", 'kind = "short"', 'kind = "essay"', '"which-word"', "question “which-word”",
        f"kind is one of {', '.join(KINDS)}",
    ),
    "a scenario inside a scenario": (
        "signs/quiz.toml", 'id = "now", kind = "true-false"', 'id = "now", kind = "scenario"', '"now"',
        "question “on-friday”, part “now”", f"kind is one of {', '.join(kind for kind in KINDS if kind != 'scenario')}",
    ),
    "an id with capitals": (
        "signs/quiz.toml", 'id = "which-order"', 'id = "Which Order"', "Which Order", "question “Which Order”, id",
        "an id has lower-case letters, digits and hyphens only",
    ),
    "a source's id with capitals": (
        "sources.toml", "[dsa]", "[DSA]\ntitle = \"D\"\npublisher = \"D\"\n\n[dsa]", "[DSA]", "“DSA”",
        "an id has lower-case letters, digits and hyphens only",
    ),
    "an answer that is no number": (
        "signs/quiz.toml", "answer = 10", "answer = nan", '"how-many"', "question “how-many”",
        "answer, tolerance, units and near are finite numbers",
    ),
    "a tolerance without end": (
        "signs/quiz.toml", "answer = 10", "answer = 10\ntolerance = inf", '"how-many"', "question “how-many”",
        "answer, tolerance, units and near are finite numbers",
    ),
    "sources that are no list": (
        "signs/02-to-go-on.md", 'sources = ["led"]', "sources = 3", "sources", "sources",
        "expected a list, got a whole number",
    ),
    "papers that are no list": (
        "course.toml", COURSE[COURSE.index("[[paper]]") :], "paper = 3\n", "paper", "paper", "must be a list",
    ),
    "helplines that are no list": (
        "helplines.toml", HELPLINES, "helpline = 3\n", "helpline", "helpline", "must be a list",
    ),
    "a topic list that is none": (
        "course.toml", 'modules = ["signs", "court"]', "modules = 3", "modules", "",
        "modules must list the topics' folders in order",
    ),
    # ids
    "a question's id twice": (
        "signs/quiz.toml", 'id = "some-right"', 'id = "which-word"', "", "", "the id “which-word” stands twice",
    ),
    "an option's id twice": (
        "signs/quiz.toml", 'id = "also"', 'id = "yes"', '"some-right"', "question “some-right”",
        "the option id “yes” stands twice",
    ),
    "a pair's id twice": (
        "signs/quiz.toml", 'id = "three", text', 'id = "two", text', '"what-belongs"', "question “what-belongs”",
        "the pair id “two” stands twice",
    ),
    "a step's id twice": (
        "signs/quiz.toml", 'id = "last"', 'id = "first"', '"which-order"', "question “which-order”",
        "the step id “first” stands twice",
    ),
    "a part's id twice": (
        "signs/quiz.toml", '{ id = "word"', '{ id = "now"', '"on-friday"', "question “on-friday”",
        "the part id “now” stands twice",
    ),
    "a paper's id twice": (
        "course.toml", "[[paper]]", '[[paper]]\nid = "completion"\nkind = "completion"\ntitle = "T"\n\n[[paper]]', "", "",
        "the id “completion” stands twice",
    ),
    "a topic listed twice": (
        "course.toml", '["signs", "court"]', '["signs", "court", "signs"]', "modules", "",
        "the topic “signs” is listed twice",
    ),
    # questions nobody can answer
    "no right option": (
        "signs/quiz.toml", 'text = "Yes", right = true, feedback = "Right." },\n  { id = "no"',
        'text = "Yes", feedback = "Right." },\n  { id = "no"', '"one-right"', "question “one-right”",
        "no option is right",
    ),
    "two right options where one is to be chosen": (
        "signs/quiz.toml", '{ id = "no", text = "No",', '{ id = "no", text = "No", right = true,', '"one-right"',
        "question “one-right”", "2 options are right; a question of kind single has one",
    ),
    "every option right": (
        "signs/quiz.toml", 'text = "No", feedback = "Not so." },\n]\n\n[[question]]\nid = "so-it-is"',
        'text = "No", right = true, feedback = "Not so." },\n]\n\n[[question]]\nid = "so-it-is"', '"some-right"',
        "question “some-right”", "every option is right",
    ),
    "no right option in a lesson's own question": (
        "signs/01-to-begin.md", "right = true, ", "", "[check]", "check", "no option is right",
    ),
    "two things on the right that read the same": (
        "signs/quiz.toml", 'id = "three", text = "3"', 'id = "three", text = "2"', '"what-belongs"',
        "question “what-belongs”", "“2” stands twice on the right: nobody could tell them apart",
    ),
    "a single pair": (
        "signs/quiz.toml", '  { id = "two", left = "II", right = "2", feedback = "Two." },\n', "", '"what-belongs"',
        "question “what-belongs”", "a matching question has two pairs or more",
    ),
    "a single step": (
        "signs/quiz.toml", '  { id = "last", text = "Last", feedback = "It ends." },\n', "", '"which-order"',
        "question “which-order”", "an ordering question has two steps or more",
    ),
    "a unit whose size is not given": (
        "signs/quiz.toml", "units = { days = 1, weeks = 7 }", "units = { weeks = 7 }", '"how-many"',
        "question “how-many”", "units must hold the unit the answer is in: days",
    ),
    "more questions drawn than there are": (
        "signs/quiz.toml", "draw = 8", "draw = 9", "draw", "", "draw is 9, but there are only 8 questions",
    ),
    # what points nowhere
    "a source of a lesson that is not there": (
        "signs/02-to-go-on.md", '["led"]', '["led", "gone"]', '"gone"', "sources",
        "the source “gone” is not in sources.toml",
    ),
    "a source of a question that is not there": (
        "signs/quiz.toml", 'sources = ["dsa", "led"]', 'sources = ["dsa", "gone"]', '"gone"', "question “on-friday”",
        "the source “gone” is not in sources.toml",
    ),
    "a source of a status that is not there": (
        "signs/module.toml", 'sources = ["led"]', 'sources = ["gone"]', '"gone"', "status 1",
        "the source “gone” is not in sources.toml",
    ),
    "a source cited that is not there": (
        "signs/01-to-begin.md", "[@led]", "[@led] [@gone]", "[@gone]", "", "the source “gone” is not in sources.toml",
    ),
    "a source cited that is not listed": (
        "signs/02-to-go-on.md", "[@led]", "[@led] [@dsa]", "[@dsa]", "",
        "the source “dsa” is cited but not listed in the lesson's sources",
    ),
    "a source listed that is never cited": (
        "signs/01-to-begin.md", " and in [@dsa, art. 5]", "", '"dsa"', "",
        "the source “dsa” is listed but never cited in the text",
    ),
    "a lesson of a question that is not there": (
        "signs/quiz.toml", 'lesson = "to-go-on"\nsources = ["dsa", "led"]', 'lesson = "gone"\nsources = ["dsa", "led"]',
        '"on-friday"', "question “on-friday”", "there is no lesson “gone” in this topic",
    ),
    "a question without a lesson": (
        "signs/quiz.toml", 'lesson = "to-go-on"\nsources = ["dsa", "led"]', 'sources = ["dsa", "led"]', '"on-friday"',
        "question “on-friday”", "lesson is missing",
    ),
    "a question without sources": (
        "signs/quiz.toml", 'sources = ["dsa", "led"]\n', "", '"on-friday"', "question “on-friday”",
        "a question without sources",
    ),
    "a link to a lesson that is not there": (
        "signs/01-to-begin.md", "lesson:signs/to-go-on", "lesson:signs/gone", "signs/gone", "",
        "there is no lesson “signs/gone”",
    ),
    "a glossary term that is not there": (
        "signs/01-to-begin.md", "glossary:act", "glossary:gone", "glossary:gone", "", "the glossary has no term “gone”",
    ),
    "an image that is not there": (
        "signs/01-to-begin.md", "::: figure steps", "::: figure gone", "::: figure", "",
        "the image images/gone.svg is not there",
    ),
    "a paper that asks a topic that is not there": (
        "course.toml", 'quizzes = ["signs"]', 'quizzes = ["gone"]', '"gone"', "paper “completion”",
        "there is no topic “gone”",
    ),
    "a paper of completion that asks for nothing": (
        "course.toml", 'lessons = "all"\nquizzes = ["signs"]', "", 'id = "completion"', "paper “completion”",
        "asks for nothing: name lessons, quizzes, half_days or exercises",
    ),
    "a paper of attendance that asks lessons": (
        "course.toml", 'kind = "completion"', 'kind = "attendance"\nhalf_days = 1', 'lessons = "all"',
        "paper “completion”", "a paper of attendance is of an event alone: leave this to completion",
    ),
    "a paper of attendance that asks no half-days": (
        "course.toml", 'kind = "completion"\n', 'kind = "attendance"\n', 'id = "completion"',
        "paper “completion”", "say how many half_days it asks",
    ),
    "a paper of attendance that asks exercises": (
        "course.toml", COURSE[COURSE.index('kind = "completion"') :],
        'kind = "attendance"\ntitle = "T"\nhalf_days = 1\nexercises = 1\n', "exercises",
        "paper “completion”", "a paper of attendance is of an event alone: leave this to completion",
    ),
    "a paper that asks more exercises than there are": (
        "course.toml", 'lessons = "all"', 'lessons = "all"\nexercises = 9', "exercises = 9", "paper “completion”",
        "asks 9 exercises, but the course has 0 that count",
    ),
    "half-days over a word": (
        "course.toml", 'lessons = "all"', 'over = "some"\nlessons = "all"', "over", "paper “completion”",
        'write "one", "all" or a list of events',
    ),
    "a paper of a kind that there is not": (
        "course.toml", 'kind = "completion"', 'kind = "praise"', "praise", "paper, kind",
        "invalid enum value 'praise'",
    ),
    "a paper that asks a word": (
        "course.toml", 'lessons = "all"', 'lessons = "every"', '"every"', "paper “completion”",
        'write "all" or a list of topics',
    ),
    "a topic without a folder": (
        "course.toml", '"court"]', '"court", "gone"]', '"gone"', "", "there is no folder “gone”"
    ),
    # text
    "a block of raw HTML": (
        "signs/02-to-go-on.md", "It stands", "<div>raw</div>\n\nIt stands", "<div>", "", "raw HTML: write Markdown"
    ),
    "a word of raw HTML": (
        "signs/02-to-go-on.md", "It stands in the law [@led].", "It [@led]\n<b>stands</b>.", "It [@led]", "",
        "raw HTML: write Markdown",
    ),
    "minutes that do not add up": (
        "signs/module.toml", "minutes = 25", "minutes = 26", "minutes", "",
        "minutes says 26, but lessons and quiz add up to 25",
    ),
    # TOML
    "TOML that is none": (
        "signs/quiz.toml", "draw = 8", "draw 8", "draw 8", "",
        "not TOML: Expected '=' after a key in a key/value pair (at line 2, column 6)",
    ),
    "a key that stands twice": (
        "helplines.toml", 'number = "116 000"', 'number = "1"\nnumber = "2"', '"2"', "",
        "not TOML: Cannot overwrite a value (at line 3, column 13)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_fault_is_named_with_its_file_its_line_its_place_and_its_reason(tree, planted):
    name, old, new, on_line, place, reason = planted
    tree.change(name, old, new)

    faults = tree.faults()

    [fault] = [fault for fault in faults if fault.reason == reason]
    assert (fault.file, fault.place) == (name, place)
    assert not on_line or fault.line == tree.line(name, on_line)
    assert {fault.file for fault in faults} == {name}


def test_a_good_tree_has_no_fault(tree):
    assert tree.faults() == []


def test_a_fault_reads_as_file_line_place_and_reason():
    assert str(Fault("quiz.toml", 7, "no option is right", "question “x”")) == (
        "quiz.toml:7: question “x”: no option is right"
    )
    assert str(Fault("quiz.toml", 0, "the file is not there")) == "quiz.toml: the file is not there"


# --- where a fault stands --------------------------------------------------------------------------------------


def test_a_fault_of_a_key_that_every_question_has_is_named_on_its_own_line(tree):
    tree.change("signs/quiz.toml", 'text = "It is Friday."', "text = 5")

    [fault] = tree.faults()

    assert (fault.line, fault.place) == (tree.line("signs/quiz.toml", "text = 5"), "question “on-friday”, text")


def test_a_fault_of_an_option_id_that_other_questions_have_too_is_named_in_its_own_question(tree):
    old = '{ id = "no", text = "No", feedback = "Not so." },\n]\n\n[[question]]\nid = "so-it-is"'
    tree.change("signs/quiz.toml", old, old.replace(', feedback = "Not so."', ""))

    [fault] = tree.faults()

    assert fault.line == tree.line("signs/quiz.toml", 'text = "No" }')
    assert (fault.place, fault.reason) == ("question “some-right”, option “no”", "feedback is missing")


def test_a_fault_of_the_whole_file_names_no_line(tree):
    tree.change("signs/module.toml", 'summary = "What to see."\n', "")

    assert tree.faults() == [Fault("signs/module.toml", 0, "summary is missing")]


def test_a_lesson_that_is_too_short_or_too_long_says_how_many_words_it_has(tree):
    tree.write("signs/01-to-begin.md", LESSON + "word " * 585)
    tree.write("signs/02-to-go-on.md", SECOND + "word " * 1195)

    short, long = tree.faults()

    assert short.reason == "the body has 599 words; a lesson has 600 to 1200"
    assert long.reason == "the body has 1201 words; a lesson has 600 to 1200"
    assert (short.file, long.file) == ("signs/01-to-begin.md", "signs/02-to-go-on.md")


NO_HEAD = "a lesson begins with its front matter between two lines of +++"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("## Only text\n", 1, NO_HEAD),
        ("", 1, NO_HEAD),
        ("+++\ntitle = 1\n", 1, NO_HEAD),
        ('+++\ntitle = "T"\nlead = \nminutes = 1\n+++\n', 3, "not TOML: Invalid value (at line 2, column 8)"),
        ('+++\ntitle = "T"\nlead = "\n+++\n', 3, "not TOML: Unterminated string (at end of document)"),
    ],
)
def test_a_lesson_with_a_broken_head_is_named(tree, text, line, reason):
    tree.write("court/01-the-first-day.md", text)

    assert tree.faults() == [Fault("court/01-the-first-day.md", line, reason)]


def test_a_lesson_without_sources_is_named(tree):
    tree.write("signs/02-to-go-on.md", SECOND.replace('["led"]', "[]").replace(" [@led]", "") + FILLER)

    assert tree.faults() == [
        Fault("signs/02-to-go-on.md", tree.line("signs/02-to-go-on.md", "sources"), "a lesson without sources")
    ]


@pytest.mark.parametrize("name", [name for name in FILES if name.count("/") < 2 and "02" not in name])
def test_a_file_that_is_not_utf_8_is_named(tree, name):
    text = tree.read(name).encode("utf-16")
    (tree.root / name).write_bytes(text)

    [fault] = [fault for fault in tree.faults() if fault.file == name]

    assert fault.reason.startswith("the file cannot be read as UTF-8 text: ")


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".toml")])
def test_a_file_that_is_not_there_is_named(tree, name):
    (tree.root / name).unlink()

    assert Fault(name, 0, "the file is not there") in tree.faults()


@pytest.mark.parametrize("name", ["README.md", "1-short.md", "03_under.md", "03-Capital.md", "03-.md", "a-lesson.md"])
def test_a_lesson_with_a_wrong_name_is_named(tree, name):
    tree.write(f"signs/{name}", "text")

    assert tree.faults() == [Fault(f"signs/{name}", 0, "call a lesson NN-name.md, for example 01-first-steps.md")]


@pytest.mark.parametrize("name", ["pictures", "DE", "english", "en", "d"])
def test_a_strange_folder_is_named(tree, name):
    (tree.root / "signs" / name).mkdir()

    assert tree.faults() == [Fault(f"signs/{name}", 0, "a folder is images, exercises or a language such as de")]


def test_two_lessons_of_one_id_are_named(tree):
    tree.write("signs/03-to-go-on.md", SECOND + FILLER)

    assert Fault("signs", 0, "two lessons are called “to-go-on”") in tree.faults()


def test_a_topic_without_lessons_is_named(tree):
    (tree.root / "court/01-the-first-day.md").unlink()

    assert Fault("court", 0, "the topic has no lessons") in tree.faults()


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<script>alert(1)</script>", "<script> is not allowed in a drawing"),
        ("<style>*{}</style>", "<style> is not allowed in a drawing"),
        ('<text onload="alert(1)">x</text>', "the attribute onload is not allowed in a drawing"),
        ("<unclosed>", "cannot be read as a drawing: "),
        ("&bomb;", "cannot be read as a drawing: "),
    ],
)
def test_a_drawing_that_must_not_stand_in_a_page_is_named_where_its_figure_stands(tree, inside, reason):
    tree.change("signs/images/steps.svg", "</svg>", f"{inside}</svg>")

    [fault] = tree.faults()

    assert (fault.file, fault.line) == ("signs/01-to-begin.md", tree.line("signs/01-to-begin.md", "::: figure"))
    assert fault.reason.startswith("images/steps.svg")
    assert reason in fault.reason


# --- every fault at once ---------------------------------------------------------------------------------------


def test_five_faults_of_five_files_are_reported_in_one_go(tree):
    tree.change("sources.toml", "[dsa]", "[dsa]\npages = 3")
    tree.change("signs/01-to-begin.md", "glossary:act", "glossary:gone")
    tree.change("signs/02-to-go-on.md", "It stands", "<b>It</b> stands")
    tree.change("signs/quiz.toml", 'text = "Yes", right = true', 'text = "Yes"')
    tree.change("court/module.toml", "minutes = 15", "minutes = 51")

    faults = tree.faults()

    assert [(fault.file, fault.reason.partition(";")[0]) for fault in faults] == [
        ("court/module.toml", "minutes says 51, but lessons and quiz add up to 15"),
        ("signs/01-to-begin.md", "the glossary has no term “gone”"),
        ("signs/02-to-go-on.md", "raw HTML: write Markdown"),
        ("signs/quiz.toml", "no option is right"),
        ("sources.toml", "unknown key “pages”"),
    ]


def test_faults_of_several_questions_of_one_quiz_are_reported_in_one_go(tree):
    tree.change("signs/quiz.toml", 'text = "Yes", right = true', 'text = "Yes"')
    tree.change("signs/quiz.toml", 'kind = "short"', 'kind = "essay"')
    tree.change("signs/quiz.toml", 'accept = ["yes"]', "accept = []")
    tree.change("signs/quiz.toml", 'lesson = "to-go-on"\nsources = ["dsa"]\nexplanation = "Because."\nsteps', "steps")
    tree.change("signs/quiz.toml", 'lesson = "to-go-on"\nsources = ["dsa"]', 'lesson = "gone"\nsources = ["gone"]')

    faults = tree.faults()

    assert [(fault.place, fault.reason.partition(",")[0]) for fault in faults] == [
        ("question “one-right”", "no option is right"),
        ("question “which-word”", "kind is one of single"),
        ("question “what-belongs”", "there is no lesson “gone” in this topic"),
        ("question “what-belongs”", "the source “gone” is not in sources.toml"),
        ("question “which-order”", "a question without sources"),
        ("question “which-order”", "explanation is missing"),
        ("question “which-order”", "lesson is missing"),
        ("question “on-friday”, part “word”, accept", "expected a list of length >= 1"),
    ]


def test_a_question_nobody_can_answer_hides_no_other_fault(tree):
    tree.change("court/01-the-first-day.md", 'kind = "true-false"', 'kind = "single"')
    tree.change("court/01-the-first-day.md", "answer = true\n", "")
    tree.change("court/01-the-first-day.md", 'feedback = { true = "Right.", false = "It is so." }', "options = []")
    tree.change("court/module.toml", "minutes = 15", "minutes = 16")
    tree.change("signs/quiz.toml", 'accept = ["yes"]', "accept = []")
    tree.change("signs/quiz.toml", 'id = "also"', 'id = "yes"')

    assert [(fault.file, fault.place, fault.reason) for fault in tree.faults()] == [
        ("court/01-the-first-day.md", "check", "every option is right"),
        ("court/01-the-first-day.md", "check", "no option is right"),
        ("court/module.toml", "", "minutes says 16, but lessons and quiz add up to 15"),
        ("signs/quiz.toml", "question “some-right”", "the option id “yes” stands twice"),
        ("signs/quiz.toml", "question “on-friday”, part “word”, accept", "expected a list of length >= 1"),
    ]


def test_a_fault_in_one_lesson_hides_none_in_the_quiz_or_the_topic(tree):
    tree.change("signs/01-to-begin.md", 'lead = "Why."', "")
    tree.change("signs/quiz.toml", 'lesson = "to-go-on"', 'lesson = "gone"')
    tree.change("signs/module.toml", 'sources = ["led"]', 'sources = ["gone"]')

    assert [(fault.file, fault.reason) for fault in tree.faults()] == [
        ("signs/01-to-begin.md", "lead is missing"),
        ("signs/module.toml", "the source “gone” is not in sources.toml"),
        ("signs/quiz.toml", "there is no lesson “gone” in this topic"),
    ]


def test_a_fault_in_a_source_does_not_make_every_lesson_that_cites_it_faulty(tree):
    tree.change("sources.toml", 'title = "Directive"\n', "")

    assert [(fault.file, fault.reason) for fault in tree.faults()] == [("sources.toml", "title is missing")]


def test_bad_material_says_all_its_faults(tree):
    tree.change("signs/quiz.toml", "draw = 8", "draw = 9")
    tree.change("signs/module.toml", "minutes = 25", "minutes = 26")

    with pytest.raises(BadMaterial) as bad:
        load(tree.root)

    assert str(bad.value).splitlines() == [
        "The training material has faults:",
        "signs/module.toml:4: minutes says 26, but lessons and quiz add up to 25",
        "signs/quiz.toml:2: draw is 9, but there are only 8 questions",
    ]


def test_a_folder_that_is_not_there_is_a_fault_and_no_crash(tmp_path):
    with pytest.raises(BadMaterial, match=r"course\.toml: the file is not there"):
        load(tmp_path / "nowhere")


# --- translations ----------------------------------------------------------------------------------------------

GERMAN_LESSON = """\
+++
source = "VERSION"
title = "Zum Beginn"
lead = "Warum."
key_points = ["Eins.", "Zwei."]

[check]
text = "Welche?"
explanation = "Darum."
options = [
  { id = "yes", text = "Ja", feedback = "Richtig." },
  { id = "no", text = "Nein", feedback = "Nicht so." },
]
+++

Ein [Akt](glossary:act) steht im Recht [@led] und in [@dsa, Art. 5].

::: police Hinweis
Text.
:::
"""
GERMAN_QUIZ = """\
source = "VERSION"

[[question]]
id = "one-right"
text = "Welche?"
explanation = "Darum."
options = [
  { id = "no", text = "Nein", feedback = "Nicht so." },
  { id = "yes", text = "Ja", feedback = "Richtig." },
]
"""


def german(tree: Tree, name: str, text: str, version: str = "") -> str:
    """Write the German file beside the English one, made from today's text or from `version`; its name."""
    folder, slash, file = name.rpartition("/")
    tree.write(f"{folder}{slash}de/{file}", text.replace("VERSION", version or tree.version(name)))
    return f"{folder}{slash}de/{file}"


def test_a_translated_lesson_has_its_words_and_the_originals_facts(tree):
    german(tree, "signs/01-to-begin.md", GERMAN_LESSON)

    training = load(tree.root, lambda locale: lambda word: f"{locale}: {word}")
    english, lesson = (training.course(locale).modules[0].lessons[0] for locale in ("en", "de"))

    assert (lesson.locale, lesson.outdated, lesson.title, lesson.key_points) == (
        "de",
        False,
        "Zum Beginn",
        ("Eins.", "Zwei."),
    )
    assert "Ein <a" in lesson.body
    assert "de: For police" in lesson.body
    assert [(one.id, one.text, one.right) for one in lesson.check.options] == [
        ("yes", "Ja", True),
        ("no", "Nein", False),
    ]
    assert (lesson.id, lesson.number, lesson.minutes, lesson.sources, lesson.version) == (
        english.id, english.number, english.minutes, english.sources, english.version,
    )  # fmt: skip


def test_a_translated_quiz_is_matched_by_its_ids_and_keeps_the_originals_order_and_rights(tree):
    german(tree, "court/quiz.toml", GERMAN_QUIZ)

    quiz = load(tree.root).course("de").module("court").quiz

    [question] = quiz.questions
    assert (quiz.locale, quiz.outdated, quiz.version) == (
        "de",
        False,
        load(tree.root).course("en").modules[1].quiz.version,
    )
    assert (question.text, question.sources, question.lesson) == ("Welche?", ("led",), "the-first-day")
    assert [(one.id, one.text, one.right) for one in question.options] == [("yes", "Ja", True), ("no", "Nein", False)]


def test_a_translated_topic_keeps_what_it_leaves_out_in_english(tree):
    german(tree, "signs/module.toml", 'source = "VERSION"\ntitle = "Zeichen"\n')

    module = load(tree.root).course("de").module("signs")

    assert (module.locale, module.title, module.summary, module.minutes) == ("de", "Zeichen", "What to see.", 25)


GERMAN_SHARED = {
    "course.toml": 'source = "VERSION"\ntitle = "Ein kleiner Kurs"\n',
    "glossary.toml": 'source = "VERSION"\n\n[act]\nterm = "Handlung"\nmeans = "Was getan wird."\n',
    "helplines.toml": 'source = "VERSION"\n\n[[helpline]]\nserves = "Ein vermisstes Kind"\n',
}


def test_what_serves_all_topics_can_be_translated_too(tree):
    for name, text in GERMAN_SHARED.items():
        german(tree, name, text)

    training = load(tree.root)
    english, course = training.course("en"), training.course("de")

    assert (course.title, course.glossary["act"].term, course.glossary_locale) == ("Ein kleiner Kurs", "Handlung", "de")
    assert [(line.number, line.serves) for line in course.helplines] == [("116 000", "Ein vermisstes Kind")]
    assert (english.title, english.glossary["act"].term, english.glossary_locale) == ("A small course", "Act", "en")
    assert english.helplines[0].serves == "A missing child"
    assert (course.papers, course.sources) == (english.papers, english.sources)


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("course.toml", '"Ein kleiner Kurs"', '""', "title is missing"),
        ("glossary.toml", "[act]", "[akt]", "“akt” is not in the original"),
        ("glossary.toml", 'means = "Was getan wird."\n', "", "means is not translated"),
        ("glossary.toml", 'term = "Handlung"', "term = 5", "expected text, got a whole number"),
        ("helplines.toml", "[[helpline]]", '[[helpline]]\nnumber = "117"',
         "number differs from the original: '117' here, '116 000' there"),
        ("helplines.toml", GERMAN_SHARED["helplines.toml"], 'source = "VERSION"\nhelpline = 3\n', "must be a list"),
    ],
)  # fmt: skip
def test_a_fault_in_a_translation_for_all_topics_is_named_there_and_hides_no_other(tree, name, old, new, reason):
    german(tree, name, GERMAN_SHARED[name].replace(old, new))
    tree.change("signs/module.toml", "minutes = 25", "minutes = 26")

    assert [(fault.file, fault.reason) for fault in tree.faults()] == [
        (f"de/{name}", reason),
        ("signs/module.toml", "minutes says 26, but lessons and quiz add up to 25"),
    ]


def test_what_is_not_translated_shows_in_english(tree):
    german(tree, "signs/01-to-begin.md", GERMAN_LESSON)

    signs, court = load(tree.root).course("de").modules

    assert [lesson.locale for lesson in signs.lessons] == ["de", "en"]
    assert (signs.locale, signs.quiz.locale, court.lessons[0].locale) == ("en", "en", "en")
    assert (signs.languages, court.languages) == (("en", "de"), ("en",))
    assert not any(lesson.outdated for lesson in signs.lessons)


@pytest.mark.parametrize(
    ("name", "text", "piece"),
    [
        ("signs/01-to-begin.md", GERMAN_LESSON, lambda course: course.module("signs").lessons[0]),
        ("court/quiz.toml", GERMAN_QUIZ, lambda course: course.module("court").quiz),
        ("signs/module.toml", 'source = "VERSION"\n', lambda course: course.module("signs")),
    ],
)
def test_a_translation_made_from_an_older_text_is_shown_as_such(tree, name, text, piece: Callable):
    german(tree, name, text)
    tree.change(name, "\n", "\n# a note\n")

    found = piece(load(tree.root).course("de"))

    assert (found.locale, found.outdated) == ("de", True)
    assert not piece(load(tree.root).course("en")).outdated


def test_a_translation_that_does_not_say_what_it_was_made_from_is_named(tree):
    version = tree.version("court/quiz.toml")
    name = german(tree, "court/quiz.toml", GERMAN_QUIZ.replace('source = "VERSION"\n', ""))

    assert tree.faults() == [Fault(name, 0, f'a translation names what it was made from: source = "{version}" today')]


QUIZ_FAULTS = {
    "an option left out": (
        '  { id = "no", text = "Nein", feedback = "Nicht so." },\n', "", '"one-right"', "question “one-right”, options",
        "“no” is not translated",
    ),
    "an option too many": (
        "options = [", 'options = [\n  { id = "maybe", text = "Vielleicht", feedback = "Nein." },', "maybe",
        "question “one-right”, options", "“maybe” is not in the original",
    ),
    "an option under another id": (
        'id = "no"', 'id = "nein"', '"nein"', "question “one-right”, options", "“nein” is not in the original",
    ),
    "another option right": (
        'text = "Nein"', 'text = "Nein", right = true', "right =", "question “one-right”, option “no”",
        "“right” is not in the original",
    ),
    "a right option turned wrong": (
        'text = "Ja"', 'text = "Ja", right = false', "right =", "question “one-right”, option “yes”",
        "right differs from the original: False here, True there",
    ),
    "another kind": (
        'text = "Welche?"', 'kind = "multiple"\ntext = "Welche?"', "kind", "question “one-right”",
        "kind differs from the original: 'multiple' here, 'single' there",
    ),
    "other sources": (
        'text = "Welche?"', 'sources = ["dsa"]\ntext = "Welche?"', "sources", "question “one-right”",
        "sources differs from the original: ['dsa'] here, ['led'] there",
    ),
    "another pass mark": (
        "[[question]]", "pass_mark = 50\n\n[[question]]", "pass_mark", "",
        "pass_mark differs from the original: 50 here, 70 there",
    ),
    "a feedback left out": (
        ', feedback = "Nicht so."', "", '"no"', "question “one-right”, option “no”", "feedback is not translated",
    ),
    "an explanation left out": (
        'explanation = "Darum."\n', "", '"one-right"', "question “one-right”", "explanation is not translated",
    ),
    "a question too many": (
        "[[question]]", '[[question]]\nid = "more"\ntext = "Mehr?"\n\n[[question]]', "more", "question",
        "“more” is not in the original",
    ),
    "a question left out": (
        GERMAN_QUIZ[GERMAN_QUIZ.index("[[question]]") :], 'question = [{ id = "more" }]\n', "", "question",
        "“one-right” is not translated",
    ),
    "an unknown key": (
        'text = "Welche?"', 'text = "Welche?"\nhinweis = "x"', "hinweis", "question “one-right”",
        "“hinweis” is not in the original",
    ),
    "a number for a text": (
        'text = "Welche?"', "text = 5", "text = 5", "question “one-right”, text",
        "expected text, got a whole number",
    ),
    "an empty text": (
        'text = "Welche?"', 'text = ""', 'text = ""', "question “one-right”, text", "expected text of length >= 1",
    ),
    "a word for the options": (
        GERMAN_QUIZ[GERMAN_QUIZ.index("options") :], 'options = "keine"\n', "options", "question “one-right”, options",
        "must be a list",
    ),
    "options without ids": (
        'id = "no", ', "", '"one-right"', "question “one-right”, options", "“no” is not translated",
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", QUIZ_FAULTS.values(), ids=QUIZ_FAULTS.keys())
def test_a_translated_question_that_differs_is_named_in_its_own_file(tree, planted):
    old, new, on_line, place, reason = planted
    assert old in GERMAN_QUIZ
    name = german(tree, "court/quiz.toml", GERMAN_QUIZ.replace(old, new, 1))

    faults = tree.faults()

    [fault] = [fault for fault in faults if fault.reason == reason]
    assert {fault.file for fault in faults} == {name}
    assert fault.place == place
    assert not on_line or fault.line == tree.line(name, on_line)


def test_a_question_newer_than_its_translation_stands_in_english(tree):
    german(tree, "court/quiz.toml", GERMAN_QUIZ)
    new = QUIZ[QUIZ.index('[[question]]\nid = "so-it-is"') : QUIZ.index('[[question]]\nid = "how-many"')]
    tree.write("court/quiz.toml", tree.read("court/quiz.toml") + new.replace("to-begin", "the-first-day"))

    quiz = load(tree.root).course("de").module("court").quiz

    assert quiz.outdated
    assert [question.text for question in quiz.questions] == ["Welche?", "So it is."]


def test_a_translated_lesson_is_checked_as_strictly_as_its_original(tree):
    name = german(
        tree, "signs/01-to-begin.md", GERMAN_LESSON.replace("glossary:act", "glossary:weg") + "\n<b>roh</b>\n"
    )

    assert [(fault.file, fault.line, fault.reason) for fault in tree.faults()] == [
        (name, tree.line(name, "glossary:weg"), "the glossary has no term “weg”"),
        (name, tree.line(name, "<b>roh"), "raw HTML: write Markdown"),
    ]


def test_a_lesson_translated_under_another_name_is_named(tree):
    tree.write("signs/de/01-zum-beginn.md", GERMAN_LESSON)

    assert tree.faults() == [Fault("signs/de/01-zum-beginn.md", 0, "translates no lesson: its name must be the same")]


def test_a_translation_that_is_no_toml_is_named(tree):
    tree.write("court/de/quiz.toml", "source = \n")

    assert tree.faults() == [Fault("court/de/quiz.toml", 1, "not TOML: Invalid value (at line 1, column 10)")]


def test_a_fault_of_the_original_is_named_once_however_many_languages_there_are(tree):
    german(tree, "court/quiz.toml", GERMAN_QUIZ)
    german(tree, "signs/01-to-begin.md", GERMAN_LESSON)
    tree.change("court/quiz.toml", 'lesson = "the-first-day"', 'lesson = "gone"')
    tree.change("signs/02-to-go-on.md", "It stands", "<b>It</b> stands")

    assert [(fault.file, fault.reason) for fault in tree.faults()] == [
        ("court/quiz.toml", "there is no lesson “gone” in this topic"),
        ("signs/02-to-go-on.md", "raw HTML: write Markdown"),
    ]


# --- events ----------------------------------------------------------------------------------------------------


def test_the_events_beside_the_topics_are_checked_with_them(tree):
    tree.write("events/sofia.toml", 'slug = "sofia"\n')

    found = tree.faults()

    assert {fault.file for fault in found} == {"events/sofia.toml"}
    assert "title is missing" in [fault.reason for fault in found]


def test_two_events_of_one_name_are_refused(tree):
    event = (MODULES / "events" / "vienna.toml").read_text("utf-8")
    tree.write("events/one.toml", event)
    tree.write("events/two.toml", event)

    assert [str(fault) for fault in tree.faults()] == [
        "events/two.toml: events/one.toml has the slug “vienna” too",
    ]
