"""How the exercises of a topic are read, in the reader's language where they are translated."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from lms.content.exercises import TASKS, DebriefQuestion, Exercise, Inject, Role, Team
from lms.content.files import ORIGINAL, File, Reader, Table
from lms.content.playable import Draft, unplayable
from lms.content.translating import named

NAME = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*\.toml$")
PIECES: dict[str, list[Any]] = {
    "role": [Role],
    "team": [Team],
    "inject": [Inject],
    "task": list(TASKS.values()),
    "debrief": [DebriefQuestion],
}
# What the loader fills in, and no author writes.
MADE = {"id", "version", "locale", "outdated", "roles", "teams", "injects", "tasks", "debrief"}


class ExerciseFiles:
    """The exercises of one tree; what is not translated is the same value in every language."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.originals: dict[str, Exercise | None] = {}

    def of(self, slug: str, locale: str) -> tuple[Exercise, ...]:
        """The exercises of a topic that have no fault, by name."""
        names = list(self._names(slug))
        folder = self.reader.root / slug / locale / "exercises"
        for path in sorted(folder.glob("*.toml")) if locale != ORIGINAL else ():
            if path.name not in names:
                name = path.relative_to(self.reader.root).as_posix()
                self.reader.fault(name, "", "translates no exercise: its name must be the same")
        found = [self._exercise(slug, name, locale) for name in names]
        return tuple(exercise for exercise in found if exercise)

    def _names(self, slug: str) -> Iterator[str]:
        folder = self.reader.root / slug / "exercises"
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if NAME.match(path.name):
                yield path.name
            elif not path.name.startswith("."):
                words = "call an exercise name.toml, in lower-case letters, digits and hyphens"
                self.reader.fault(f"{slug}/exercises/{path.name}", "", words)

    def _exercise(self, slug: str, name: str, locale: str) -> Exercise | None:
        original, translated = f"{slug}/exercises/{name}", f"{slug}/{locale}/exercises/{name}"
        here = locale != ORIGINAL and (self.reader.root / translated).exists()
        if not here and original in self.originals:
            return self.originals[original]
        found = self.reader.table(original)
        if found is None:
            return None
        file, table = found
        version = file.version
        file, language, outdated = self.reader.translation(translated, locale, file, table)
        exercise = self._built(file, table)
        if exercise is not None:
            exercise = replace(
                exercise, id=name.removesuffix(".toml"), version=version, locale=language, outdated=outdated
            )
        if language == ORIGINAL:
            self.originals[original] = exercise
        return exercise

    def _built(self, file: File, table: Table) -> Exercise | None:
        """An exercise made from its table, or None with every fault in it."""
        self.reader.check_sources(file, table.get("sources"), "sources")
        raw = {word: self.reader.pieces(file, table, word) for word in PIECES}
        built = {
            word: [self.reader.piece(kinds, one, file, named(word, one, n)) for n, one in enumerate(raw[word], 1)]
            for word, kinds in PIECES.items()
        }
        frame = self.reader.build(Exercise, table, file, "", "", given=MADE)
        whole = {word: tuple(piece for piece in pieces if piece) for word, pieces in built.items()}
        draft = Draft(
            frame=frame,
            ids={word: [str(one["id"]) for one in raw[word] if isinstance(one, dict) and "id" in one] for word in raw},
            roles=whole["role"], teams=whole["team"], injects=whole["inject"], tasks=whole["task"],
        )  # fmt: skip
        for needle, place, reason in unplayable(draft):
            self.reader.fault(file, needle, reason, place)
        if frame is None:
            return None
        return replace(
            frame, roles=whole["role"], teams=whole["team"], injects=whole["inject"], tasks=whole["task"],
            debrief=whole["debrief"],
        )  # fmt: skip
