"""What an exercise's file gives, and how every fault in one is named: file, line, place and reason."""

import re
from pathlib import Path

import msgspec
import pytest

from lms.accounts.models import Profession
from lms.content.exercises import PRIVATE, PROFESSIONS, TASKS, Exercise
from lms.content.loader import load
from lms.paths import MODULES
from tests.content.tree import Tree

NAME = "signs/exercises/night-train.toml"
EXERCISE = """\
title = "Night train"
summary = "A train leaves."
objectives = ["Decide", "Say why"]
minutes = 60
briefing_minutes = 5
debrief_minutes = 15
content_note = "A child is missing."
stop_word = "Lighthouse"
support = "Ask your trainer."
guide = "Begin in time."
checked = 2026-11-21
sources = ["led"]

role = [
  { id = "guard", title = "Guard", brief = "You see who gets on.", professions = ["police"] },
  { id = "clerk", title = "Clerk", brief = "You sell tickets." },
]
team = [
  { id = "north", title = "North" },
  { id = "south", title = "South", least = 2, most = 5 },
]

[[inject]]
id = "whistle"
minute = 0
title = "A whistle"
text = "The train leaves at nine."
note = "Wait for silence."
expected = "They look at the clock."
fallback = "What time is it?"

[[task]]
id = "which-door"
inject = "whistle"
kind = "decision"
minutes = 5
text = "Which door?"
look_for = "A reason."
options = [ { id = "left", text = "Left" }, { id = "right", text = "Right" } ]

[[inject]]
id = "wrong-door"
minute = 12
to = "team/north"
when = { task = "which-door", options = ["left"] }
title = "It is locked"
text = "The left door is locked."
note = "Only who chose it."
expected = "They turn."
fallback = "And now?"

[[inject]]
id = "message"
minute = 15
to = "role/guard"
title = "A message"
text = "Somebody waves."
note = "Only guards."
expected = "They tell the others."
fallback = "Who needs to know?"

[[inject]]
id = "stop"
minute = 20
title = "The train stops"
text = "It stands in a field."
note = "Hold it if they talk."
expected = "They ask why."
fallback = "Where are you?"

[[task]]
id = "how-sure"
inject = "stop"
kind = "poll-scale"
text = "How sure are you?"
look_for = "A low number."
points = 4
low = "Not sure"
high = "Sure"

[[task]]
id = "one-thing"
inject = "stop"
kind = "poll-single"
text = "Which one?"
look_for = "One."
options = [ { id = "bag", text = "The bag" }, { id = "coat", text = "The coat" } ]

[[task]]
id = "some-things"
inject = "stop"
kind = "poll-multiple"
text = "Which ones?"
look_for = "Several."
options = [ { id = "bag", text = "The bag" }, { id = "coat", text = "The coat" } ]

[[task]]
id = "one-line"
inject = "stop"
kind = "text"
longest = 200
text = "Write a line."
look_for = "A fact."

[[task]]
id = "in-order"
inject = "stop"
kind = "ordering"
waits = true
text = "In which order?"
look_for = "Safety first."
options = [ { id = "ring", text = "Ring" }, { id = "look", text = "Look" } ]

[[task]]
id = "raised"
inject = "stop"
kind = "hands"
text = "Who stays?"
look_for = "Most."
options = [ { id = "stay", text = "I stay" }, { id = "go", text = "I go" } ]

[[debrief]]
id = "clock"
text = "Which clock mattered?"
look_for = "The one on the wall."
"""
ALONE = """\
title = "A minute"
summary = "One question."
objectives = ["Try it"]
minutes = 1
checked = 2026-11-21
guide = "Go."

[[inject]]
id = "hello"
minute = 0
title = "Hello"
text = "Try your phone."
note = "Wait."
expected = "Answers."
fallback = "Is it on?"

[[task]]
id = "one-thing"
inject = "hello"
kind = "poll-single"
minutes = 1
text = "Which one?"
look_for = "One."
options = [ { id = "bag", text = "The bag" }, { id = "coat", text = "The coat" } ]
"""
DOOR = 'options = [ { id = "left", text = "Left" }, { id = "right", text = "Right" } ]'


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A small tree with an exercise in which every kind of task stands."""
    tree = Tree(tmp_path)
    tree.write(NAME, EXERCISE)
    return tree


def read(tree: Tree, locale: str = "en") -> Exercise:
    exercise = load(tree.root).course(locale).module("signs").exercise("night-train")
    assert exercise is not None
    return exercise


# --- a good file -------------------------------------------------------------------------------------------------


def test_an_exercise_stands_under_its_topic_and_is_called_as_its_file(tree):
    tree.write("signs/exercises/a-minute.toml", ALONE)

    signs, court = load(tree.root).course("en").modules

    assert [exercise.id for exercise in signs.exercises] == ["a-minute", "night-train"]
    assert court.exercises == ()
    assert signs.exercise("gone") is None


def test_its_messages_tasks_teams_and_roles_are_as_the_file_says(tree):
    exercise = read(tree)

    assert [(inject.id, inject.minute, inject.to) for inject in exercise.injects] == [
        ("whistle", 0, "all"), ("wrong-door", 12, "team/north"), ("message", 15, "role/guard"), ("stop", 20, "all"),
    ]  # fmt: skip
    assert (exercise.inject("wrong-door").when.task, exercise.inject("wrong-door").when.options) == (
        "which-door", ("left",),
    )  # fmt: skip
    assert [task.id for task in exercise.tasks_after("whistle")] == ["which-door"]
    assert [task.waits for task in exercise.tasks_after("stop")] == [False, False, False, False, True, False]
    assert [option.id for option in exercise.task("how-sure").options] == ["1", "2", "3", "4"]
    assert [option.text for option in exercise.task("how-sure").options] == ["1: Not sure", "2", "3", "4: Sure"]
    assert exercise.task("one-line").options == ()
    assert exercise.role("guard").professions == ("police",)
    assert (exercise.team("north").least, exercise.team("north").most, exercise.team("south").least) == (4, 8, 2)
    assert exercise.debrief_from == 45
    assert exercise.role("gone") is exercise.team("gone") is exercise.inject("gone") is exercise.task("gone") is None


def test_the_file_holds_every_kind_of_task(tree):
    assert {task.kind for task in read(tree).tasks} == TASKS.keys()


def test_a_run_can_keep_its_exercise_whole(tree):
    exercise = read(tree)

    kept = msgspec.json.decode(msgspec.json.encode(exercise), type=Exercise)

    assert kept == exercise


def test_an_exercise_without_teams_needs_neither_debrief_nor_stop_word(tree):
    tree.write("signs/exercises/a-minute.toml", ALONE)

    exercise = load(tree.root).course("en").module("signs").exercise("a-minute")

    assert (exercise.teams, exercise.roles, exercise.debrief, exercise.debrief_from) == ((), (), (), 1)


def test_the_professions_that_a_role_may_suit_are_those_people_have():
    assert set(PROFESSIONS) == {profession.value for profession in Profession}


def test_an_exercise_takes_none_of_a_topics_minutes(tree):
    with_it = load(tree.root).course("en").module("signs").minutes
    (tree.root / NAME).unlink()

    assert load(tree.root).course("en").module("signs").minutes == with_it


def test_a_hidden_file_beside_the_exercises_is_nobodys(tree):
    tree.write("signs/exercises/.swap", "x")

    assert tree.faults() == []


def test_the_example_in_the_authors_guide_is_a_faultless_exercise(tree):
    guide = (MODULES / "README.md").read_text("utf-8")
    (example,) = re.findall(r"## 11\..*?```toml\n(.*?)```", guide, re.S)

    tree.write("signs/exercises/a-note-on-friday.toml", example)

    assert tree.faults() == []


def test_the_authors_guide_names_every_kind_of_task_and_everything_for_trainers_alone():
    guide = (MODULES / "README.md").read_text("utf-8").partition("## 11.")[2]

    assert {kind for kind in TASKS if f"| `{kind}` |" not in guide} == set()
    assert {name for name in PRIVATE if f"`{name}`" not in guide} == set()


# --- faults ------------------------------------------------------------------------------------------------------

# Name of the test: what is replaced, by what, text on the line named ("" for none), place, reason.
PLANTED = {
    # keys and values
    "an unknown key": (
        'title = "Night train"', 'title = "Night train"\nlevel = 3', "level", "",
        "unknown key “level”; known are briefing_minutes, checked, content_note, counts, debrief_minutes, guide, minutes,"
        " objectives, review, sources, stop_word, summary, support, title",
    ),
    "an unknown key in a message": (
        'note = "Hold it', 'private = "x"\nnote = "Hold it', "private", "inject “stop”",
        "unknown key “private”; known are expected, fallback, id, minute, note, text, title, to, when",
    ),
    "a message without its note": (
        'note = "Hold it if they talk."\n', "", 'id = "stop"', "inject “stop”", "note is missing",
    ),
    "a task of no known kind": (
        'kind = "hands"', 'kind = "quiz"', 'id = "raised"', "task “raised”", f"kind is one of {', '.join(TASKS)}",
    ),
    "a kind that is a list": (
        'kind = "hands"', 'kind = ["hands"]', 'id = "raised"', "task “raised”", f"kind is one of {', '.join(TASKS)}",
    ),
    "a minute that is no number": (
        "minute = 20", 'minute = "20"', 'minute = "20"', "inject “stop”, minute", "expected a whole number, got text",
    ),
    "a title that no screen can show": (
        'title = "The train stops"', f'title = "{"x" * 91}"', "xxx", "inject “stop”, title",
        "expected text of length <= 90",
    ),
    "an address that is none": (
        'to = "role/guard"', 'to = "guard"', 'to = "guard"', "inject “message”, to",
        'write "all", "team/…" or "role/…" with the id of a team or a role',
    ),
    "an id with capitals": (
        'id = "whistle"', 'id = "Whistle"', "Whistle", "inject “Whistle”, id",
        "an id has lower-case letters, digits and hyphens only",
    ),
    "a word where teams belong": (
        EXERCISE[EXERCISE.index("team = [") : EXERCISE.index("[[inject]]")], 'team = "two"\n\n', 'team = "two"', "team",
        "must be a list",
    ),
    "a key that the site makes": (
        'title = "Night train"', 'title = "Night train"\nversion = "x"', "version", "",
        "unknown key “version”; known are briefing_minutes, checked, content_note, counts, debrief_minutes, guide, minutes,"
        " objectives, review, sources, stop_word, summary, support, title",
    ),
    # the frame
    "no message at all": (EXERCISE[EXERCISE.index("[[inject]]") :], "", "", "", "inject is missing"),
    "no time to play": (
        "briefing_minutes = 5", "briefing_minutes = 45", "\nminutes = 60", "",
        "briefing and debrief take 60 of 60 minutes: none is left to play",
    ),
    "a debrief without questions": (
        EXERCISE[EXERCISE.index("[[debrief]]") :], "", "debrief_minutes", "",
        "give debrief_minutes and the questions of the debrief, or neither",
    ),
    "questions without a debrief": (
        "debrief_minutes = 15\n", "", "", "", "give debrief_minutes and the questions of the debrief, or neither",
    ),
    "teams without a stop word": (
        'stop_word = "Lighthouse"\n', "", "", "", "stop_word is missing: an exercise that teams play has it",
    ),
    "teams without a content note": (
        'content_note = "A child is missing."\n', "", "", "",
        "content_note is missing: an exercise that teams play has it",
    ),
    "teams without a contact": (
        'support = "Ask your trainer."\n', "", "", "", "support is missing: an exercise that teams play has it",
    ),
    "teams without sources": (
        'sources = ["led"]\n', "", "", "", "sources is missing: an exercise that teams play has it",
    ),
    "a source that is not there": (
        'sources = ["led"]', 'sources = ["lead"]', "sources", "sources", "the source “lead” is not in sources.toml",
    ),
    # who plays
    "a profession that is none": (
        'professions = ["police"]', 'professions = ["pilot"]', "pilot", "role “guard”",
        "there is no profession “pilot”; known are police, prosecutor, judge, support, other",
    ),
    "a team with more at least than at most": (
        "least = 2, most = 5", "least = 6, most = 5", "least = 6", "team “south”", "least is 6, but most is 5",
    ),
    "an id that stands twice": ('id = "how-sure"', 'id = "whistle"', "", "", "the id “whistle” stands twice"),
    "a role with a team's id": ('id = "south"', 'id = "guard"', "", "", "the id “guard” stands twice"),
    # the plan
    "minutes out of order": (
        "minute = 20", "minute = 14", 'id = "stop"', "inject “stop”",
        "minute 14 stands after minute 15: put what happens in its order",
    ),
    "a message in the debrief": (
        "minute = 20", "minute = 45", 'id = "stop"', "inject “stop”",
        "minute 45 is too late: the debrief begins at 45",
    ),
    "tasks that take too long": (
        "minute = 20", "minute = 30", 'id = "stop"', "inject “stop”",
        "what is asked takes 18 minutes, but only 15 are left before minute 45",
    ),
    "tasks that take too long while people are briefed": (
        "briefing_minutes = 5", "briefing_minutes = 16", 'id = "whistle"', "inject “whistle”",
        "what is asked takes 5 minutes, but only 4 are left before minute 20",
    ),
    # who gets it
    "a team that is not there": (
        'to = "team/north"', 'to = "team/west"', "team/west", "inject “wrong-door”", "there is no team “west”",
    ),
    "a role that is not there": (
        'to = "role/guard"', 'to = "role/cook"', "role/cook", "inject “message”", "there is no role “cook”",
    ),
    # conditions
    "a condition on a task that is not there": (
        'task = "which-door"', 'task = "which-window"', "which-window", "inject “wrong-door”, when",
        "there is no task “which-window”",
    ),
    "a condition on an option that is not there": (
        'options = ["left"]', 'options = ["middle"]', "middle", "inject “wrong-door”, when",
        "the decision “which-door” has no option “middle”",
    ),
    "a condition without options": (
        'options = ["left"]', "options = []", 'id = "wrong-door"', "inject “wrong-door”, when",
        "name one option or more",
    ),
    "a condition on something that is no decision": (
        'task = "which-door"', 'task = "one-thing"', 'task = "one-thing"', "inject “wrong-door”, when",
        "“one-thing” is a task of kind poll-single: only a decision can be a condition",
    ),
    "a condition on what is asked later": (
        'id = "which-door"\ninject = "whistle"', 'id = "which-door"\ninject = "stop"', 'when = {',
        "inject “wrong-door”, when", "“which-door” is asked after “stop”, which comes no earlier than this",
    ),
    "a condition before it is decided": (
        "minute = 12", "minute = 9", "minute = 9", "inject “wrong-door”, when",
        "minute 9 is too early: by the plan “which-door” is decided at 10",
    ),
    "a condition that another team fulfils": (
        'minute = 0\n', 'minute = 0\nto = "team/south"\n', 'to = "team/north"', "inject “wrong-door”, when",
        "“which-door” is asked of team/south and this goes to team/north: nobody would get it",
    ),
    # tasks
    "a task after a message that is not there": (
        'id = "raised"\ninject = "stop"', 'id = "raised"\ninject = "halt"', 'inject = "halt"', "task “raised”",
        "there is no inject “halt”",
    ),
    "a task with one option": (
        DOOR, 'options = [ { id = "left", text = "Left" } ]', 'id = "which-door"', "task “which-door”",
        "1 options; a task has 2 to 12",
    ),
    "an option id that stands twice": (
        DOOR, DOOR.replace('"right"', '"left"'), 'id = "left"', "task “which-door”",
        "the option id “left” stands twice",
    ),
    "options that say the same": (
        DOOR, DOOR.replace("Right", "Left"), 'id = "which-door"', "task “which-door”",
        "“Left” stands twice: nobody could tell them apart",
    ),
    "a decision of a role": (
        'id = "which-door"\ninject = "whistle"', 'id = "which-door"\ninject = "message"', 'id = "which-door"',
        "task “which-door”", "a decision is a team's, but “message” goes to role/guard",
    ),
    "a decision without teams": (
        EXERCISE[EXERCISE.index("team = [") : EXERCISE.index("[[inject]]")], "", 'id = "which-door"',
        "task “which-door”", "a decision is a team's: this exercise has no teams",
    ),
    "a scale of one point": (
        "points = 4", "points = 1", "points = 1", "task “how-sure”, points", "expected a whole number >= 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_fault_in_an_exercise_is_named_with_its_line_its_place_and_its_reason(tree, planted):
    old, new, on_line, place, reason = planted
    tree.change(NAME, old, new)

    faults = tree.faults()

    [fault] = [fault for fault in faults if fault.reason == reason]
    assert (fault.file, fault.place) == (NAME, place)
    marked = [n for n, line in enumerate(tree.read(NAME).splitlines(), 1) if on_line and on_line.strip() in line]
    assert not on_line or fault.line in marked
    assert {fault.file for fault in faults} == {NAME}


def test_the_small_exercise_has_no_fault(tree):
    assert tree.faults() == []


def test_all_faults_of_an_exercise_are_named_at_once(tree):
    tree.change(NAME, 'note = "Hold it if they talk."\n', "")
    tree.change(NAME, 'to = "role/guard"', 'to = "role/cook"')
    tree.change(NAME, 'task = "which-door"', 'task = "which-window"')
    tree.change(NAME, "minutes = 60", 'minutes = "60"')

    reasons = {fault.reason for fault in tree.faults()}

    assert reasons == {
        "note is missing", "there is no role “cook”", "there is no task “which-window”",
        "expected a whole number, got text",
    }  # fmt: skip


def test_who_names_a_piece_with_a_fault_is_not_at_fault(tree):
    tree.change(NAME, 'fallback = "Where are you?"\n', "")
    tree.change(NAME, 'look_for = "A reason."\n', "")
    tree.change(NAME, 'brief = "You see who gets on.", ', "")

    assert [fault.reason for fault in tree.faults()] == [
        "brief is missing",
        "look_for is missing",
        "fallback is missing",
    ]


@pytest.mark.parametrize("name", ["Night train.toml", "night_train.toml", "night-train.txt"])
def test_a_file_that_is_not_called_like_an_exercise_is_named(tree, name):
    tree.write(f"signs/exercises/{name}", EXERCISE)

    [fault] = tree.faults()

    assert fault.file == f"signs/exercises/{name}"
    assert fault.reason == "call an exercise name.toml, in lower-case letters, digits and hyphens"


def test_an_exercise_that_is_no_toml_is_named_once(tree):
    tree.write("signs/de/module.toml", f'source = "{tree.version("signs/module.toml")}"\ntitle = "Zeichen"')
    tree.change(NAME, 'title = "Night train"', 'title = "Night train')

    [fault] = tree.faults()

    assert (fault.file, fault.line) == (NAME, 1)
    assert fault.reason.startswith("not TOML")


# --- translations ------------------------------------------------------------------------------------------------

ALONE_GERMAN = """\
title = "Eine Minute"
guide = "Los."

[[inject]]
id = "hello"
title = "Hallo"
text = "Probieren Sie Ihr Telefon aus."
note = "Warten."
expected = "Antworten."
fallback = "Ist es an?"

[[task]]
id = "one-thing"
text = "Was davon?"
look_for = "Eines."
options = [ { id = "coat", text = "Der Mantel" }, { id = "bag", text = "Die Tasche" } ]
"""
ENGLISH, GERMAN = "signs/exercises/a-minute.toml", "signs/de/exercises/a-minute.toml"


@pytest.fixture
def translated(tree: Tree) -> Tree:
    tree.write(ENGLISH, ALONE)
    tree.write(GERMAN, f'source = "{tree.version(ENGLISH)}"\n{ALONE_GERMAN}')
    return tree


def test_a_translated_exercise_keeps_the_ids_the_order_and_the_minutes_of_its_original(translated):
    training = load(translated.root)

    english, german = (training.course(locale).module("signs").exercise("a-minute") for locale in ("en", "de"))

    assert (german.title, german.summary, german.locale, german.outdated) == (
        "Eine Minute",
        "One question.",
        "de",
        False,
    )
    assert german.tasks[0].text == "Was davon?"
    assert [(option.id, option.text) for option in german.tasks[0].options] == [
        ("bag", "Die Tasche"), ("coat", "Der Mantel"),
    ]  # fmt: skip
    assert (german.id, german.version, german.minutes) == (english.id, english.version, english.minutes)
    assert english.tasks[0].text == "Which one?"


def test_an_exercise_that_is_not_translated_is_the_same_value_in_every_language(translated):
    training = load(translated.root)

    assert read(translated, "de").locale == "en"
    assert training.course("de").module("signs").exercise("night-train") is training.course("en").module(
        "signs"
    ).exercise("night-train")


def test_an_exercise_translated_from_an_older_text_says_so_and_shows_new_pieces_in_english(translated):
    more = ALONE[ALONE.index("[[task]]") :].replace("one-thing", "another").replace("minutes = 1", "minutes = 2")
    translated.write(ENGLISH, ALONE.replace("minutes = 1\n", "minutes = 5\n", 1) + more)

    german = load(translated.root).course("de").module("signs").exercise("a-minute")

    assert german.outdated
    assert [task.text for task in german.tasks] == ["Was davon?", "Which one?"]


# Name of the test: what is replaced, by what, place, reason.
TRANSLATION_FAULTS = {
    "a text that is not translated": ('look_for = "Eines."\n', "", "task “one-thing”", "look_for is not translated"),
    "an option too many": (
        '{ id = "bag", text = "Die Tasche" }', '{ id = "bag", text = "Die Tasche" }, { id = "hat", text = "Der Hut" }',
        "task “one-thing”, options", "“hat” is not in the original",
    ),
    "a message under another id": ('id = "hello"', 'id = "hallo"', "inject", "“hallo” is not in the original"),
    "another address": (
        'title = "Hallo"', 'title = "Hallo"\nminute = 3', "inject “hello”",
        "minute differs from the original: 3 here, 0 there",
    ),
    "another message to follow": (
        'text = "Was davon?"', 'inject = "hallo"\ntext = "Was davon?"', "task “one-thing”",
        "inject differs from the original: 'hallo' here, 'hello' there",
    ),
}  # fmt: skip


@pytest.mark.parametrize("planted", TRANSLATION_FAULTS.values(), ids=TRANSLATION_FAULTS.keys())
def test_a_translated_exercise_that_differs_is_named_in_its_own_file(translated, planted):
    old, new, place, reason = planted
    translated.change(GERMAN, old, new)

    [fault] = [fault for fault in translated.faults() if fault.reason == reason]

    assert (fault.file, fault.place) == (GERMAN, place)


def test_a_condition_is_translated_by_leaving_it_out_and_is_the_same_if_it_stands(tree):
    german = EXERCISE.replace('options = ["left"]', 'options = ["right"]')
    tree.write(f"signs/de/{NAME.removeprefix('signs/')}", f'source = "{tree.version(NAME)}"\n{german}')

    [fault] = tree.faults()

    assert fault.place == "inject “wrong-door”"
    assert fault.reason.startswith("when differs from the original")


def test_a_fault_of_an_exercise_is_named_once_however_many_languages_there_are(translated):
    translated.change(ENGLISH, 'inject = "hello"', 'inject = "hallo"')

    [fault] = [fault for fault in translated.faults() if "hallo" in fault.reason]

    assert fault.file == ENGLISH


def test_an_exercise_translated_under_another_name_is_named(translated):
    translated.write("signs/de/exercises/eine-minute.toml", "")

    [fault] = translated.faults()

    assert fault.file == "signs/de/exercises/eine-minute.toml"
    assert fault.reason == "translates no exercise: its name must be the same"


# --- what a player may not see -----------------------------------------------------------------------------------

PUBLIC = {
    "Role": {"id", "title", "brief", "professions"},
    "Team": {"id", "title", "least", "most"},
    "When": {"task", "options"},
    "Inject": {"id", "minute", "to", "title", "text", "when"},
    "Choice": {"id", "text"},
    "Task": {"id", "inject", "text", "minutes", "waits", "points", "low", "high", "longest", "options", "reason", "owner"},
    "DebriefQuestion": {"id", "text"},
    "Exercise": {
        *("id", "title", "summary", "objectives", "minutes", "briefing_minutes", "debrief_minutes", "content_note"),
        *("stop_word", "support", "checked", "sources", "roles", "teams", "injects", "tasks", "debrief"),
        *("version", "locale", "outdated", "counts"),
    },
}  # fmt: skip


def pieces(value: object) -> list[msgspec.Struct]:
    """A value of the material and every value in it."""
    if isinstance(value, tuple):
        return [piece for one in value for piece in pieces(one)]
    if not isinstance(value, msgspec.Struct):
        return []
    return [value, *(piece for name in value.__struct_fields__ for piece in pieces(getattr(value, name)))]


def test_what_is_for_trainers_alone_stands_in_fields_of_its_own(tree):
    for piece in pieces(read(tree)):
        word = type(piece).__name__ if type(piece).__name__ in PUBLIC else "Task"

        assert set(piece.__struct_fields__) - PRIVATE <= PUBLIC[word], piece
        assert not PUBLIC[word] & PRIVATE
