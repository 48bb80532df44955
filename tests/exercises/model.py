"""A deliberately simple second opinion on the run sheet: who got what is kept as plain sets of people."""

from typing import Any

from lms.content.exercises import Exercise
from tests.exercises.scenarios import public_marks, result_marks

SEATS = {
    "p1": ("north", "police"),
    "p2": ("north", "judge"),
    "p3": ("south", "police"),
    "p4": ("", ""),
}
SCREEN = "screen"
EVERYONE = {*SEATS, SCREEN}
TWICE = {"next", "hold", "skip", "open", "close", "reveal", "revote", "take-back"}
IN_LOBBY = {"start", "hold", "skip", "take-back", "note", "admit", "remove", "end"}
IN_PAUSE = {"close", "reveal", "pause", "resume", "hands", "debrief", *IN_LOBBY}
AT_END = {"reveal", "hands", "debrief", "note", "end"}


class Refused(Exception):
    """It may not be done."""


class Already(Exception):
    """It is done."""


def check(allowed: Any) -> None:
    if not allowed:
        raise Refused


def news(changes: Any) -> None:
    if not changes:
        raise Already


class Model:
    """What a careful person with paper and pencil would note down of a run."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self.injects = {one.id: one for one in exercise.injects}
        self.questions = {one.id: one for one in exercise.tasks}
        self.phase = "lobby"
        self.aside: dict[str, str] = {}
        self.sent: list[dict[str, Any]] = []  # id, to, teams, who, whole, words, live
        self.tasks: dict[str, dict[str, Any]] = {}
        self.talking = False
        self.question_up, self.talk_moved = "", -1
        self.removed: set[str] = set()
        self.admitted: set[str] = set()
        self.nod = False
        self.told: dict[int, tuple[dict[str, Any], str]] = {}
        self.done: list[tuple[int, set[str], dict[str, Any]]] = []  # when, about what, which move

    # Moves

    def say(self, number: int, move: dict[str, Any], decided: dict[str, tuple[str, ...]] | None) -> str:
        """done, already or refused."""
        if number in self.told:
            before, answer = self.told[number]
            return answer if before == move else "refused"
        seen = len(self.told)
        try:
            check(move["move"] in self.possible())
            named = dict(move)
            if not move.get("inject"):
                named["inject"] = self.meant(move["move"])
            self.look_out(move)
            getattr(self, move["move"].replace("-", "_"))(named, decided)
        except Refused:
            answer = "refused"
        except Already:
            answer = "already"
        else:
            answer = "done"
            self.done.append((seen, self.about(named), move))
        self.told[number] = (move, answer)
        return answer

    def possible(self) -> set[str]:
        if self.phase == "running":
            return IN_PAUSE | {"next", "send", "replay", "open", "revote"}
        return {"lobby": IN_LOBBY, "paused": IN_PAUSE, "ended": AT_END}[self.phase]

    def meant(self, kind: str) -> str:
        if kind in ("next", "hold", "skip"):
            return self.following() or ""
        if kind == "replay" and self.live():
            return max(self.live(), key=lambda one: one["moved"])["id"]
        return ""

    def about(self, move: dict[str, Any]) -> set[str]:
        kind, inject, task = move["move"], move.get("inject"), move.get("task")
        found = set()
        if inject and kind in ("next", "hold", "skip", "send", "replay", "take-back"):
            found.add("inject " + inject)
        if kind in ("next", "hold", "skip") or (kind == "take-back" and inject):
            found.add("the line")
        if task and kind in ("open", "close", "reveal", "revote", "take-back"):
            found.add("task " + task)
        return found

    def look_out(self, move: dict[str, Any]) -> None:
        """What someone else did since the sender looked."""
        if "seen" not in move or move["move"] not in TWICE:
            return
        inject, task = move.get("inject"), move.get("task")
        thing = "inject " + inject if inject else "task " + task if task else "the line"
        later = [other for when, about, other in self.done if when >= move["seen"] and thing in about]
        if not later:
            return
        keys = ("move", "to", "player", "by_profession", "task", "text", "counts")
        check(all(later[-1].get(key) == move.get(key) for key in keys))
        raise Already

    def start(self, _move: Any, _decided: Any) -> None:
        news(self.phase == "lobby")
        self.phase = "running"

    def pause(self, _move: Any, _decided: Any) -> None:
        news(self.phase == "running")
        self.phase = "paused"

    def resume(self, _move: Any, _decided: Any) -> None:
        news(self.phase == "paused")
        self.phase = "running"

    def end(self, _move: Any, _decided: Any) -> None:
        news(self.phase != "ended")
        self.phase = "ended"
        for one in self.tasks.values():
            if one["status"] == "open":
                one["status"] = "closed"

    def next(self, move: dict[str, Any], _decided: Any) -> None:
        name = move["inject"]
        check(name in self.injects)
        news(not self.gone(name))
        check(name == self.following())
        self.release(name, self.injects[name].to, self.deciders(name), whole=True)

    def hold(self, move: dict[str, Any], _decided: Any) -> None:
        self.put_aside(move["inject"], "held")

    def skip(self, move: dict[str, Any], _decided: Any) -> None:
        self.put_aside(move["inject"], "skipped")

    def put_aside(self, name: str, where: str) -> None:
        check(name in self.injects)
        check(not self.gone(name))
        news(self.aside.get(name) != where)
        self.aside[name] = where

    def send(self, move: dict[str, Any], _decided: Any) -> None:
        name, text, to = move["inject"], move.get("text", ""), self.audience(move)
        check(not (name and text))
        if text:
            check(to)
            self.sent.append(self.sending(str(move["id"]), to, None, True, {text}))
            return
        check(name in self.injects)
        inject = self.injects[name]
        teams = None if to else self.deciders(name)
        check(teams is None or teams)
        there = [(one["to"], one["teams"]) for one in self.live(name)]
        news(not {("all", None), (to or inject.to, None), (to or inject.to, teams)} & set(there))
        self.release(name, to or inject.to, teams, whole=to in ("", "all", inject.to))

    def release(self, name: str, to: str, teams: tuple[str, ...] | None, whole: bool) -> None:
        inject = self.injects[name]
        self.sent.append(self.sending(name, to, teams, whole, {inject.title, inject.text}))
        if whole:
            self.aside.pop(name, None)
        for task in self.questions.values():
            if task.inject == name and not task.waits and self.status(task.id) in ("unasked", "withdrawn"):
                self.set_open(task.id)

    def sending(
        self, name: str, to: str, teams: tuple[str, ...] | None, whole: bool, words: set[str]
    ) -> dict[str, Any]:
        who = {seat for seat in SEATS if self.is_for(seat, to) and (teams is None or SEATS[seat][0] in teams)}
        if to == "all" and teams is None:
            who.add(SCREEN)
        moved = len(self.told)
        return {
            "id": name, "to": to, "teams": teams, "who": who, "whole": whole, "words": words, "live": True,
            "moved": moved,
        }  # fmt: skip

    def is_for(self, seat: str, to: str) -> bool:
        team, role = SEATS[seat]
        return to in ("all", f"player/{seat}") or (team and to == f"team/{team}") or (role and to == f"role/{role}")

    def replay(self, move: dict[str, Any], _decided: Any) -> None:
        check(self.live(move["inject"]) and move["inject"])
        for one in self.live(move["inject"]):
            one["moved"] = len(self.told)

    def take_back(self, move: dict[str, Any], _decided: Any) -> None:
        name, task = move["inject"], move.get("task", "")
        check(bool(name) != bool(task))
        if task:
            check(task in self.questions)
            news(self.status(task) != "withdrawn")
            check(self.status(task) != "unasked")
            self.withdraw(task)
            return
        to = self.audience(move)
        wanted = [one for one in self.live(name) if to in ("", one["to"])]
        if not wanted and not to and name in self.aside:
            del self.aside[name]
            return
        if not wanted:
            news(not [one for one in self.sent if one["id"] == name and to in ("", one["to"])])
            raise Refused
        for one in wanted:
            one["live"] = False
        if not self.live(name):
            for question in self.questions.values():
                if question.inject == name and self.status(question.id) not in ("unasked", "withdrawn"):
                    self.withdraw(question.id)

    def withdraw(self, task: str) -> None:
        self.tasks[task].update(status="withdrawn", published=False, by_profession=False, moved=len(self.told))

    def set_open(self, task: str) -> None:
        fresh = {"round": 1, "published": False, "by_profession": False, "decided": None, "hands": {}}
        self.tasks.setdefault(task, fresh).update(status="open", moved=len(self.told))

    def open(self, move: dict[str, Any], _decided: Any) -> None:
        task = self.question(move)
        news(self.status(task) != "open")
        check(self.live(self.questions[task].inject) and self.status(task) != "revealed")
        self.set_open(task)

    def close(self, move: dict[str, Any], decided: Any) -> None:
        task = self.question(move)
        news(self.status(task) != "closed")
        check(self.status(task) in ("open", "revealed"))
        if self.status(task) == "open":
            self.tasks[task]["decided"] = decided
        self.tasks[task].update(status="closed", published=False, by_profession=False, moved=len(self.told))

    def reveal(self, move: dict[str, Any], _decided: Any) -> None:
        task = self.question(move)
        check(move.get("to", "") in ("", "all") and not move.get("player"))
        check(self.status(task) in ("closed", "revealed"))
        now = {"published": move.get("to") == "all", "by_profession": move.get("by_profession", False)}
        news(self.status(task) == "closed" or any(self.tasks[task][key] != value for key, value in now.items()))
        self.tasks[task].update(status="revealed", moved=len(self.told), **now)

    def revote(self, move: dict[str, Any], _decided: Any) -> None:
        task = self.question(move)
        news(self.status(task) != "open" or self.tasks[task]["round"] == 1)
        check(self.status(task) in ("closed", "revealed"))
        self.tasks[task].update(round=self.tasks[task]["round"] + 1, published=False, by_profession=False, decided=None)
        self.set_open(task)

    def hands(self, move: dict[str, Any], decided: Any) -> None:
        task = self.question(move)
        counts = move.get("counts", {})
        check(self.questions[task].options and self.questions[task].kind != "ordering")
        check(self.status(task) in ("open", "closed", "revealed"))
        check(counts and all(0 <= one <= 10_000 for one in counts.values()))
        check(all(name in [option.id for option in self.questions[task].options] for name in counts))
        mine = self.tasks[task]
        news(mine["hands"].get(mine["round"]) != counts)
        mine["hands"][mine["round"]] = counts
        if decided is not None and mine["status"] != "open":
            mine["decided"] = decided

    def note(self, move: dict[str, Any], _decided: Any) -> None:
        check(move.get("text", "").strip())
        name = move["inject"]
        check(not name or name in self.injects or [one for one in self.sent if one["id"] == name])
        check(not move.get("task") or move["task"] in self.questions)

    def admit(self, move: dict[str, Any], _decided: Any) -> None:
        player = move.get("player", "")
        if not player:
            news(self.nod)
            self.nod = False
            return
        news(player not in self.admitted)
        self.admitted.add(player)
        self.removed.discard(player)

    def remove(self, move: dict[str, Any], _decided: Any) -> None:
        player = move.get("player", "")
        check(player)
        news(player not in self.removed)
        self.removed.add(player)
        self.admitted.discard(player)
        self.nod = True

    def debrief(self, move: dict[str, Any], _decided: Any) -> None:
        question = move.get("task", "")
        check(question in ("", *(one.id for one in self.exercise.debrief)))
        moved = [one["moved"] for one in self.live()] + [one["moved"] for one in self.tasks.values()]
        in_front = self.talking and self.talk_moved > max(moved, default=-1)
        news(not (in_front and self.question_up == question))
        self.talking, self.talk_moved, self.question_up = True, len(self.told), question

    # What stands

    def audience(self, move: dict[str, Any]) -> str:
        to, player = move.get("to", ""), move.get("player", "")
        check(not (to and player))
        to = f"player/{player}" if player else to
        teams = {f"team/{one.id}" for one in self.exercise.teams}
        roles = {f"role/{one.id}" for one in self.exercise.roles}
        check(to in {"", "all"} | teams | roles or (to.startswith("player/") and to != "player/"))
        return to

    def question(self, move: dict[str, Any]) -> str:
        check(move.get("task") in self.questions)
        return str(move["task"])

    def status(self, task: str) -> str:
        return str(self.tasks[task]["status"]) if task in self.tasks else "unasked"

    def live(self, name: str = "") -> list[dict[str, Any]]:
        return [one for one in self.sent if one["live"] and name in ("", one["id"])]

    def gone(self, name: str) -> bool:
        return any(one["whole"] for one in self.live(name)) if name else False

    def deciders(self, name: str) -> tuple[str, ...] | None:
        """None: nothing narrows it."""
        when = self.injects[name].when
        if when is None:
            return None
        decided = self.tasks.get(when.task, {}).get("decided") or {}
        if self.status(when.task) not in ("closed", "revealed"):
            return ()
        if set(decided.get("", ())) & set(when.options):
            return None
        return tuple(one.id for one in self.exercise.teams if set(decided.get(one.id, ())) & set(when.options))

    def following(self) -> str | None:
        for name in self.injects:
            if not self.gone(name) and name not in self.aside and self.deciders(name) != ():
                return name
        return None

    # Who may see what

    def got(self, seat: str) -> list[str]:
        """What someone, or the screen, was sent, each once, in the order in which it came."""
        return list(dict.fromkeys(one["id"] for one in self.live() if seat in one["who"]))

    def asked(self, seat: str, task: str) -> bool:
        standing = self.status(task) in ("open", "closed", "revealed")
        return standing and any(seat in one["who"] for one in self.live(self.questions[task].inject))

    def sees(self, seat: str) -> set[str]:
        return {one for one in self.tasks if self.asked(seat, one) or self.tasks[one]["published"]}

    def must(self, seat: str) -> set[str]:
        """What has to stand in a snapshot."""
        words = {word for one in self.live() if seat in one["who"] for word in one["words"]}
        questions = {mark for one in self.sees(seat) for mark in public_marks(self.questions[one])}
        talk = {one.text for one in self.exercise.debrief} if self.talking else set()
        return words | questions | talk

    def may(self, seat: str) -> set[str]:
        """What may stand there besides: results that were revealed, and what is one's own."""
        results: set[str] = set()
        for task in self.sees(seat):
            if self.status(task) == "revealed":
                results |= result_marks(task, self.tasks[task]["round"], self.tasks[task]["by_profession"])
        own = {f"‹{seat} answers {one}›" for one in self.questions if self.asked(seat, one)}
        return results | own
