// The run sheet: every inject with what is private to it, its questions, and the debrief at the end. Its rows are made
// once, because a scenario does not change while it is run; what happens only changes what stands in them.

import { say, sign } from "../desk/words.js";
import { button, elapsed, listed, make, planned, played, write } from "./parts.js";
import { line, paragraphs } from "./prose.js";

const time = (text) => new Date(text).getTime();
const rows = new Map();
const opened = new Set();
const closed = new Set();
let followed = null;

export const isLive = (one) => one.taken_back === null;

// What was sent or shown last of what is still there.
export function inTheRoom(run) {
  const live = run.sent.filter(isLive);
  return live.reduce((a, b) => (a && time(a.again ?? a.at) > time(b.again ?? b.at) ? a : b), null);
}

export function audience(to, teams, run) {
  if (teams) return teams.length ? listed(teams.map((one) => say(`team-${one}`))) : say("condition-met", { teams: "–" });
  const [kind, name] = to.split("/");
  if (kind === "all") return say("all");
  if (kind !== "player") return say(`${kind}-${name}`);
  return run.players.find((one) => one.id === name)?.name || say("no-name");
}

// Whether an inject for a role or a team would come to nobody as the room sits now; before anybody is there all would.
export function missesAll(inject, run) {
  const inside = run.players.filter((one) => one.admission === "in");
  const [kind, name] = inject.to.split("/");
  return kind !== "all" && inside.length > 0 && inject.status !== "sent" && inside.every((one) => one[kind] !== name);
}

// What a condition asks, with the options' own words.
function condition(run, when) {
  const options = run.sheet.flatMap((row) => row.tasks).find((task) => task.id === when.task)?.options ?? [];
  const chosen = options.filter((one) => when.options.includes(one.id)).map((one) => `“${one.text}”`);
  return say("condition", { task: say(`task-${when.task}`), options: listed(chosen) });
}

function part(name, ...inside) {
  return [make("dt", "", say(name)), make("dd", "", ...inside)];
}

function fold(row, yes) {
  row.line.setAttribute("aria-expanded", String(yes));
  row.private.hidden = !yes;
}

function frame(id, minute, title) {
  const item = make("li", "inject");
  const heading = make("h3");
  const plan = make("span", "plan", planned(minute));
  const tag = make("span", "tag");
  const name = make("span", "name", title);
  const real = make("span", "real");
  const lineOf = make("button", "line-of", plan, make("span", "what", tag, " ", name), real);
  lineOf.type = "button";
  heading.append(lineOf);
  const inside = make("div", "private");
  inside.id = `private-${id}`;
  lineOf.setAttribute("aria-controls", inside.id);
  item.append(heading, inside);
  const row = { item, line: lineOf, tag, real, name, private: inside };
  lineOf.addEventListener("click", () => {
    const yes = inside.hidden;
    (yes ? opened : closed).add(id);
    (yes ? closed : opened).delete(id);
    fold(row, yes);
  });
  return row;
}

function injectRow(inject, run, deeds) {
  const row = frame(inject.id, inject.minute, inject.title);
  const met = make("span", "met");
  const missed = make("p", "missed", sign("warning"), make("span", "", say("to-nobody", { who: audience(inject.to, null, run) })));
  const facts = make(
    "dl", "facts",
    ...part("expected", ...paragraphs(inject.expected)),
    ...part("fallback", ...paragraphs(inject.fallback)),
    ...part("text", ...paragraphs(inject.text)),
    ...part("to", audience(inject.to, null, run), ...(inject.when ? [". ", condition(run, inject.when), " ", met] : [])),
  );
  const ways = {
    "send-now": button(say("send-now"), () => deeds.move({ move: "send", inject: inject.id }), inject.title),
    "send-to": button(say("send-to"), () => deeds.sendTo(inject), inject.title),
    hold: button(say("hold"), () => deeds.move({ move: "hold", inject: inject.id }), inject.title),
    skip: button(say("skip"), () => deeds.move({ move: "skip", inject: inject.id }), inject.title),
    "put-back": button(say("put-back"), () => deeds.move({ move: "take-back", inject: inject.id }), inject.title),
    replay: button(say("replay"), () => deeds.move({ move: "replay", inject: inject.id }), inject.title),
    "take-back": button(say("take-back"), () => deeds.move({ move: "take-back", inject: inject.id }), inject.title),
  };
  const tasks = new Map(inject.tasks.map((task) => [task.id, taskRow(task, deeds)]));
  const note = make("div", "note", sign("lock"), make("span", "unseen", `${say("note")}: `), make("div", "", ...paragraphs(inject.note)));
  row.private.append(missed, note, facts, ...[...tasks.values()].map((one) => one.whole), make("p", "row-ways", ...Object.values(ways)));
  return { ...row, met, missed, ways, tasks };
}

function taskRow(task, deeds) {
  const state = make("p", "task-state");
  const ways = {
    open: button(say("open"), () => deeds.move({ move: "open", task: task.id }), task.text),
    "open-again": button(say("open-again"), () => deeds.move({ move: "open", task: task.id }), task.text),
    close: button(say("close"), () => deeds.move({ move: "close", task: task.id }), task.text),
    reveal: button(say("reveal"), () => deeds.reveal(task.id), task.text),
    revote: button(say("revote"), () => deeds.move({ move: "revote", task: task.id }), task.text),
    hands: button(say("hands"), () => deeds.hands(task.id), task.text),
    withdraw: button(say("withdraw"), () => deeds.move({ move: "take-back", task: task.id }), task.text),
  };
  const lines = task.options.map((one) => make("li", "", one.text));
  const whole = make(
    "div", "task",
    make("h4", "", make("span", "tag", say("question")), " ", ...line(task.text)),
    ...(lines.length ? [make("ul", "dashes", ...lines)] : []),
    make("p", "small", make("b", "", `${say("look-for")}: `), ...line(task.look_for)),
    state,
    make("p", "row-ways", ...Object.values(ways)),
  );
  return { whole, state, ways };
}

function debriefRow(question, minute, deeds) {
  const row = frame(`debrief-${question.id}`, minute, question.text);
  const up = button(say("put-up"), () => deeds.move({ move: "debrief", task: question.id }), question.text);
  row.private.append(
    make("div", "note", sign("lock"), make("div", "", make("p", "", make("b", "", `${say("look-for")}: `), ...line(question.look_for)))),
    make("p", "row-ways", up),
  );
  return { ...row, up };
}

// Show what is possible; where what had the focus is not any more, the focus goes to what is.
function offer(ways, wanted) {
  const had = document.activeElement;
  for (const [name, one] of Object.entries(ways)) one.hidden = !wanted.includes(name);
  if (Object.values(ways).includes(had) && had.hidden) Object.values(ways).find((one) => !one.hidden)?.focus();
}

export function taskWays(task, run, sent) {
  const countable = !["text", "ordering"].includes(task.kind);
  const ended = run.phase === "ended";
  const going = run.phase === "running";
  const ways = {
    unasked: sent && going ? ["open"] : [],
    withdrawn: sent && going ? ["open-again"] : [],
    open: ["close", ...(countable ? ["hands"] : [])],
    closed: ["reveal", ...(going ? ["open-again", "revote"] : []), ...(countable ? ["hands"] : [])],
    revealed: [...(ended ? [] : ["close"]), ...(going ? ["revote"] : []), ...(countable ? ["hands"] : [])],
  }[task.status];
  return ["open", "closed", "revealed"].includes(task.status) && !ended ? [...ways, "withdraw"] : ways;
}

export function stateOf(task) {
  const name = task.status === "revealed" && task.published ? "published" : task.status;
  const state = say(`state-${name}`);
  return task.round > 1 ? say("in-round", { state, n: task.round }) : state;
}

function injectWays(inject, run, live) {
  if (run.phase === "ended") return [];
  const going = run.phase === "running";
  const send = going ? (inject.teams?.length === 0 ? ["send-to"] : ["send-now", "send-to"]) : [];
  if (inject.status === "sent") return [...(going ? ["replay", "send-to"] : []), "take-back"];
  if (inject.status === "held") return [...send, "put-back", "skip"];
  if (inject.status === "skipped") return [...send, "put-back"];
  return [...send, "hold", "skip", ...(live ? ["take-back"] : [])];
}

export function draw(list, run, deeds) {
  const now = inTheRoom(run);
  const debriefing = run.front?.kind === "debrief" || run.phase === "ended";
  for (const inject of run.sheet) {
    if (!rows.has(inject.id)) {
      rows.set(inject.id, injectRow(inject, run, deeds));
      list.append(rows.get(inject.id).item);
    }
    drawInject(rows.get(inject.id), inject, run, now && !debriefing ? now.id : "", deeds);
  }
  for (const question of run.debrief) {
    const key = `debrief-${question.id}`;
    if (!rows.has(key)) {
      rows.set(key, debriefRow(question, run.plan.debrief_minute, deeds));
      list.append(rows.get(key).item);
    }
    drawQuestion(rows.get(key), question, run);
  }
  follow(list);
}

// What is in the room comes into sight, unless the trainer is busy in the sheet.
function follow(list) {
  const here = list.querySelector("[data-status=here]");
  if (here === followed) return;
  followed = here;
  const box = list.closest("section");
  if (here && !box.contains(document.activeElement)) box.scrollTop += here.getBoundingClientRect().top - box.getBoundingClientRect().top - 72;
}

function drawInject(row, inject, run, inRoom) {
  const live = run.sent.filter((one) => one.id === inject.id && isLive(one));
  const here = inject.id === inRoom;
  const next = inject.id === run.next && run.phase !== "ended";
  row.item.dataset.status = here ? "here" : next ? "next" : inject.status;
  const word = here ? "in-the-room" : next ? "next-tag" : ["waiting", "sent"].includes(inject.status) ? "" : inject.status;
  row.tag.hidden = !word;
  write(row.tag, word ? say(word) : "");
  real(row, inject, run, live[0]);
  if (inject.when) write(row.met, inject.teams?.length === 0 ? "" : say("condition-met", { teams: inject.teams ? audience("", inject.teams, run) : say("the-room") }));
  row.missed.hidden = run.phase === "ended" || !missesAll(inject, run);
  fold(row, opened.has(inject.id) || (here && !closed.has(inject.id)));
  offer(row.ways, injectWays(inject, run, live.length));
  for (const task of inject.tasks) {
    const one = row.tasks.get(task.id);
    write(one.state, stateOf(task));
    one.whole.dataset.status = task.status;
    offer(one.ways, taskWays(task, run, live.length > 0));
  }
}

function real(row, inject, run, first) {
  if (!first) {
    write(row.real, "");
    return;
  }
  const at = elapsed(run.plan, time(first.at));
  const late = at - inject.minute * 60_000;
  const off = Math.abs(late) >= 60_000;
  row.real.classList.toggle("late", off && late > 0);
  const words = played(at) + (off ? ` (${say(late > 0 ? "late" : "early", { time: played(Math.abs(late)) })})` : "");
  if (row.real.dataset.words === words) return;
  row.real.dataset.words = words;
  row.real.replaceChildren(played(at), make("span", "unseen", words.slice(played(at).length)));
}

function drawQuestion(row, question, run) {
  const up = run.front?.kind === "debrief" && run.front.id === question.id;
  row.item.dataset.status = up ? "here" : "debrief";
  row.tag.hidden = false;
  write(row.tag, say(up ? "is-up" : "debrief"));
  fold(row, opened.has(`debrief-${question.id}`) || (up && !closed.has(`debrief-${question.id}`)));
  row.up.disabled = up || run.phase === "lobby";
}
