"""How the words of a translation are laid over its original, and what in them does not fit."""

from collections.abc import Iterator, Mapping
from typing import Any

Table = dict[str, Any]
STRUCTURE = {
    *("id", "kind", "lesson", "sources", "source", "checked", "number", "absent"),
    *("inject", "to", "when", "professions"),
    *("lessons", "quizzes", "over"),
    *("lessons", "quizzes", "over"),
}
WHOLE = {"units", "when"}  # tables that are not laid over key by key
GROWING = {"question", "paper", "role", "team", "inject", "task", "debrief"}


def doubles(ids: list[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})


def overlaid(original: Table, own: Mapping[str, Any], place: str, outdated: bool) -> Iterator[tuple[str, str, str]]:
    """Lay translated texts over `original`, in place; yields (needle, place, reason) for what does not fit.

    A question or another piece that is newer than an outdated translation stands in English and is no fault.
    """
    for key, value in own.items():
        here = f"{place}, {key}" if place else key
        if key not in original:
            yield key, place, f"“{key}” is not in the original"
            continue
        was = original[key]
        if isinstance(was, dict) and isinstance(value, dict) and not (place and key in WHOLE):
            yield from overlaid(was, value, here, outdated)
        elif _listed(was) and _listed(value):
            yield from _overlaid_list(was, value, here, outdated)
        elif key in STRUCTURE or isinstance(was, bool | int | float):
            if value != was:
                yield key, place, f"{key} differs from the original: {value!r} here, {was!r} there"
        else:
            original[key] = value
    for key, was in original.items():
        if place and key not in own and key not in STRUCTURE and isinstance(was, str):
            yield str(own.get("id", key)), place, f"{key} is not translated"


def _listed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _overlaid_list(was: list[Table], own: list[Table], place: str, outdated: bool) -> Iterator[tuple[str, str, str]]:
    """Pieces with ids are matched by id, others by position; both sides must have the same."""
    if all("id" in item for item in was):
        ours = {str(item.get("id")): item for item in own}
        theirs = {str(item["id"]): item for item in was}
        for twice in doubles([str(item.get("id")) for item in own]):
            yield twice, place, f"“{twice}” stands twice"
        for missing in [name for name in theirs if name not in ours and not (outdated and place in GROWING)]:
            yield "", place, f"“{missing}” is not translated"
        for extra in [name for name in ours if name not in theirs]:
            yield extra, place, f"“{extra}” is not in the original"
        for name in theirs.keys() & ours.keys():
            yield from overlaid(theirs[name], ours[name], named(place, theirs[name], 0), outdated)
        return
    if len(was) != len(own):
        yield "", place, f"{len(own)} here, {len(was)} in the original"
        return
    for number, (theirs_, ours_) in enumerate(zip(was, own, strict=True), 1):
        yield from overlaid(theirs_, ours_, f"{place} {number}", outdated)


def named(place: str, item: Any, number: int) -> str:
    """How a piece of a list is called: by its id, else by its number."""
    kind = {"question": "question", "options": "option", "parts": "part", "steps": "step", "pairs": "pair"}
    base, _comma, last = place.rpartition(", ")
    word = kind.get(last, last)
    name = f"“{item['id']}”" if isinstance(item, dict) and isinstance(item.get("id"), str) else str(number)
    return f"{base}, {word} {name}" if base else f"{word} {name}"
