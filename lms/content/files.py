"""How a file of the material is read and made into frozen values, with every fault and its place."""

import re
import tomllib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from lms.content.material import Source
from lms.content.translating import named, overlaid

T = TypeVar("T", bound=Struct)
Table = dict[str, Any]
ORIGINAL = "en"


@dataclass(frozen=True, order=True)
class Fault:
    """Something an author must mend: which file, where in it, and why."""

    file: str
    line: int
    reason: str
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.place}: {self.reason}" if self.place else f"{where}: {self.reason}"


@dataclass(frozen=True)
class File:
    """One file's text, and what its faults are called."""

    name: str
    text: str

    @property
    def original(self) -> str:
        """The name of the file that this one translates; its own where it translates none."""
        return re.sub(r"(^|/)[a-z]{2}/((?:exercises/)?[^/]+)$", r"\1\2", self.name)

    @property
    def version(self) -> str:
        return sha256(self.text.encode()).hexdigest()[:12]

    def line(self, needle: str, place: str = "") -> int:
        """The line on which a key or an id first stands, after the ids that `place` names; else theirs; 0 for none."""
        start = 0
        for name in map(re.escape, re.findall("“(.*?)”", place)):
            piece = re.compile(rf'^(?:.*?\bid\s*=\s*"{name}"|\[{name}\])', re.M).search(self.text, start)
            start = piece.start() if piece else start
        key = re.escape(needle)
        match = re.compile(rf'\b{key}\b\s*=|"{key}"|^\[+{key}\]', re.M).search(self.text, start) if needle else None
        if match is None and start == 0:
            return 0
        return self.text.count("\n", 0, match.start() if match else start) + 1


class Reader:
    """Reads the files of one tree and collects faults on the way; a piece with faults is None."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Fault] = []
        self.versions: dict[str, str] = {}
        self.sources: dict[str, Source] = {}
        self.built: list[tuple[File, Struct, str]] = []

    def fault(self, file: File | str, needle: str, reason: str, place: str = "", line: int = 0) -> None:
        if isinstance(file, str):
            self.faults.append(Fault(file, line, reason, place))
            return
        fault = Fault(file.name, line or file.line(needle, place), reason, place)
        # What a translation has from its original is the original's fault, which was found before.
        had = [one for one in self.faults if (one.file, one.reason, one.place) == (file.original, reason, place)]
        self.faults.append(had[0] if had and not line else fault)

    def text(self, name: str) -> File | None:
        try:
            text = (self.root / name).read_text("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            self.fault(name, "", "the file is not there")
            return None
        except (UnicodeDecodeError, OSError) as error:
            self.fault(name, "", f"the file cannot be read as UTF-8 text: {error}")
            return None
        file = File(name, text)
        self.versions[name] = file.version
        return file

    def parse(self, file: File, toml: str, offset: int = 0) -> Table | None:
        try:
            return tomllib.loads(toml)
        except tomllib.TOMLDecodeError as error:
            match = re.search(r"\(at line (\d+)", str(error))
            last = toml.rstrip().count("\n") + 1
            self.fault(file, "", f"not TOML: {error}", line=offset + (int(match[1]) if match else last))
            return None

    def table(self, name: str) -> tuple[File, Table] | None:
        file = self.text(name)
        if file is None:
            return None
        table = self.parse(file, file.text)
        return None if table is None else (file, table)

    def pieces(self, file: File, table: Table, key: str) -> list[Any]:
        """What stands under `[[key]]`, taken out of its table; nothing, and a fault, where that is no list."""
        pieces = table.pop(key, [])
        if isinstance(pieces, list):
            return pieces
        self.fault(file, key, "must be a list", key)
        return []

    def check_sources(self, file: File, ids: Any, place: str) -> None:
        for source in ids if isinstance(ids, list | tuple) else ():
            if isinstance(source, str) and source not in self.sources:
                self.fault(file, source, f"the source “{source}” is not in sources.toml", place)

    # --- translations --------------------------------------------------------------------------------------

    def translation(self, name: str, locale: str, original: File, table: Table) -> tuple[File, str, bool]:
        """Lay a translated TOML file over the original's table; the file read, its language, whether it is outdated."""
        if locale == ORIGINAL or not (self.root / name).exists():
            return original, ORIGINAL, False
        found = self.table(name)
        if found is None:
            return original, ORIGINAL, False
        file, own = found
        return file, *self.overlay(file, own, original, table, locale)

    def overlay(self, file: File, own: Table, original: File, table: Table, locale: str) -> tuple[str, bool]:
        source = own.pop("source", None)
        if not isinstance(source, str):
            self.fault(
                file, "source", f'a translation names what it was made from: source = "{original.version}" today'
            )
        outdated = source != original.version
        for needle, place, reason in overlaid(table, own, "", outdated):
            self.fault(file, needle, reason, place)
        return locale, outdated

    # --- building ------------------------------------------------------------------------------------------

    def build(
        self,
        kind: type[T],
        value: Any,
        file: File,
        place: str,
        needle: str,
        given: AbstractSet[str] = frozenset(),
    ) -> T | None:
        """A value of `kind` made from a table, or None with a fault for each key that is wrong.

        Keys in `given` are filled in by the loader and no author writes them.
        """
        if not isinstance(value, dict):
            self.fault(file, needle, "must be a table of keys and values", place)
            return None
        before = len(self.faults)
        whole = _fields(kind)
        known = {f.encode_name: f for f in whole if f.name not in given}
        tag = kind.__struct_config__.tag_field
        for key in sorted(set(value) - set(known) - ({tag} if tag else set())):
            self.fault(file, key, f"unknown key “{key}”; known are {', '.join(sorted(known))}", place)
        made: dict[str, Any] = {}
        for name, f in known.items():
            if name in value:
                inner = f"{place}, {name}" if place else name
                made[f.name] = self._convert(f.type, value[name], file, inner, name if name in file.text else needle)
            elif f.required:
                self.fault(file, needle, f"{name} is missing", place)
        for name in given & {f.name for f in whole if f.required}:
            made[name] = None
        if len(self.faults) > before:
            return None
        piece = kind(**made)
        self.built.append((file, piece, place))
        return piece

    def _convert(self, hint: Any, value: Any, file: File, place: str, needle: str) -> Any:
        """A value of the type `hint`; None with a fault where it is another."""
        pieces = _pieces_of(hint)
        if pieces and get_origin(hint) is tuple:
            if not isinstance(value, list):
                self.fault(file, needle, "must be a list", place)
                return None
            return tuple(self.piece(pieces, item, file, named(place, item, n)) for n, item in enumerate(value, 1))
        elif pieces:
            return self.piece(pieces, value, file, place)
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            self.fault(file, needle, _plain(str(error)), place)
            return None

    def piece(self, kinds: list[Any], value: Any, file: File, place: str) -> Any:
        kind = kinds[0]
        needle = value.get("id", "") if isinstance(value, dict) else ""
        if len(kinds) > 1:
            tags = {str(k.__struct_config__.tag): k for k in kinds}
            name = value.get("kind") if isinstance(value, dict) else None
            if not isinstance(name, str) or name not in tags:
                self.fault(file, str(needle), f"kind is one of {', '.join(tags)}", place)
                return None
            kind = tags[name]
        return self.build(kind, value, file, place, str(needle) if isinstance(needle, str) else "")


@cache
def _fields(kind: type[Struct]) -> tuple[FieldInfo, ...]:
    return fields(kind)


def _pieces_of(hint: Any) -> list[Any]:
    """The Struct classes a type holds: of the class itself, of a union, of a tuple of either."""
    origin = get_origin(hint)
    if origin is tuple:
        return _pieces_of(get_args(hint)[0])
    if origin in (Union, UnionType):
        return [kind for arg in get_args(hint) for kind in _pieces_of(arg)]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return [hint]
    return []


def _plain(message: str) -> str:
    """A type error in an author's words."""
    message = re.sub(r" - at `\$(.*?)`$", r"", message)
    if "(team|role)" in message:
        return 'write "all", "team/…" or "role/…" with the id of a team or a role'
    if "matching regex" in message:
        return "an id has lower-case letters, digits and hyphens only"
    if "RFC3339" in message:
        return "expected a date such as 2026-11-21, without quotation marks"
    names = {"`str`": "text", "`int`": "a whole number", "`float`": "a number", "`bool`": "true or false",
             "`array`": "a list", "`object`": "a table", "`date`": "a date", "`null`": "nothing",
             "`datetime`": "a date with a time, such as 2026-11-21T09:00:00"}  # fmt: skip
    for code, word in names.items():
        message = message.replace(code, word)
    return message[0].lower() + message[1:]
