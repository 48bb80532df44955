// What the room sees, as the big screen gets it, and below it what the trainer does with the question in front.

import { say, sign } from "../desk/words.js";
import { at, button, make, write } from "./parts.js";
import { paragraphs } from "./prose.js";
import { letter, results } from "./results.js";
import { stateOf, taskWays } from "./sheet.js";

let drawn = "";
let looked = "";
let strip = null;
let openers = "";

// --- the frame -----------------------------------------------------------------------------------------------------

export function frame(screen, code) {
  const { version: _version, counts, ...seen } = screen;
  const text = JSON.stringify(seen);
  if (text !== drawn) {
    drawn = text;
    write(at("frame-more"), screen.phase === "paused" ? say("paused") : "");
    at("frame-inside").replaceChildren(...inside(screen, code));
  }
  count(screen, counts);
}

function inside(screen, code) {
  const { front, task } = screen;
  if (screen.phase === "lobby") return [make("p", "frame-what", say("lobby", { code }))];
  if (front?.kind === "debrief") {
    const question = screen.debrief.find((one) => one.id === front.id);
    return [make("p", "frame-kind", say("debrief")), ...(question ? [make("p", "frame-what", question.text)] : [])];
  }
  if (front?.kind === "task" && task) return asked(screen, task);
  if (front?.kind === "inject") {
    const one = screen.released.find((release) => release.id === front.id);
    if (one) return [...(one.title ? [make("p", "frame-what", one.title)] : []), make("div", "frame-text", ...paragraphs(one.text))];
  }
  return [make("p", "frame-kind", say(screen.phase === "ended" ? "is-over" : "nothing-sent"))];
}

function asked(screen, task) {
  const heading = make("p", "frame-question", task.text);
  if (task.revealed && screen.results) return [heading, results(task, screen.results, say, { byProfession: true, brief: true })];
  if (task.kind === "text") return [heading];
  const rows = task.options.map((option) => {
    const mark = letter(task, option.id);
    return make("li", "", ...(mark ? [make("b", "", mark)] : []), make("span", "", option.text));
  });
  return [heading, make("ul", "frame-options", ...rows)];
}

function count(screen, counts) {
  const { task } = screen;
  const shown = screen.front?.kind === "task" && task && !task.revealed && !["hands", "decision"].includes(task.kind);
  at("frame-count").hidden = !shown;
  if (!shown) return;
  const all = Math.max(counts.here, counts.answered);
  write(at("frame-count-words"), say("answered-of", { n: counts.answered, all }));
  at("frame-bar").setAttribute("width", `${all ? (100 * counts.answered) / all : 0}%`);
}

// --- the question in front -----------------------------------------------------------------------------------------

export const rowOf = (run, id) => run.sheet.flatMap((inject) => inject.tasks).find((task) => task.id === id);

const injectOf = (run, id) => run.sheet.find((inject) => inject.tasks.some((task) => task.id === id));

// Whether all were asked: then to show those asked is to show everyone.
function askedOfAll(run, task) {
  const inject = injectOf(run, task.id);
  return run.sent.some((one) => one.id === inject.id && one.taken_back === null && one.to === "all" && one.teams === null);
}

const DEEDS = ["close-and-show", "reveal", "reveal-all", "close", "hide", "hands", "open-again", "revote"];

function ways(deeds) {
  if (strip) return strip;
  const of = (deed) => () => deeds.question(deed);
  strip = Object.fromEntries(DEEDS.map((name) => [name, button(say(name), of(name))]));
  at("strip-ways").replaceChildren(...Object.values(strip));
  return strip;
}

function wanted(run, task) {
  const can = taskWays(task, run, true);
  const shown = [];
  if (task.status === "open") shown.push("close-and-show", "close");
  if (task.status === "closed") shown.push("reveal");
  if (["closed", "revealed"].includes(task.status) && !task.published && !askedOfAll(run, task)) shown.push("reveal-all");
  if (task.status === "revealed" && can.includes("close")) shown.push("hide");
  return [...shown, ...["hands", "open-again", "revote"].filter((name) => can.includes(name))];
}

export function controls(run, screen, deeds) {
  const task = run.task && rowOf(run, run.task.id);
  at("strip").hidden = !task;
  if (task) {
    const buttons = ways(deeds);
    const names = wanted(run, task);
    const had = document.activeElement;
    for (const [name, one] of Object.entries(buttons)) one.hidden = !names.includes(name);
    if (Object.values(buttons).includes(had) && had.hidden) buttons[names[0]]?.focus();
    at("strip-question").hidden = screen?.task?.id === task.id;
    write(at("strip-question"), say("asked-apart", { question: task.text }));
    state(run, task);
    const groups = !["text", "hands", "decision"].includes(task.kind);
    at("by-profession-option").hidden = !groups;
    look(run, task);
  }
  waiting(run, deeds);
}

function state(run, task) {
  const asked = run.players.filter((one) => one.asked && (one.here || one.answered));
  const unit = (one) => (task.kind === "decision" ? one.team : one.id);
  const all = new Set(asked.map(unit).filter(Boolean));
  const have = new Set(asked.filter((one) => one.answered).map(unit).filter(Boolean));
  const counted = task.kind === "hands" || run.phase === "ended" || !all.size ? ""
    : say(task.kind === "decision" ? "teams-answered" : "answered-of", { n: have.size, all: all.size });
  const text = `${stateOf(task)} ${counted}`;
  const line = at("strip-state");
  if (line.dataset.words === text) return;
  line.dataset.words = text;
  line.replaceChildren(sign(task.status === "revealed" ? "eye" : "lock"), make("span", "", stateOf(task)), make("b", "", counted));
}

// The answers, for the trainer alone, and only while they look.
function look(run, task) {
  const box = at("look");
  box.hidden = task.status === "unasked";
  const text = box.open ? JSON.stringify([run.results, at("by-profession").checked]) : "";
  if (looked === text) return;
  looked = text;
  const found = run.results?.task === task.id ? run.results : null;
  const has = found?.rounds.some((one) => one.answered || one.hands);
  at("look-inside").replaceChildren(
    ...(box.open ? [has ? results(run.task, found, say, { byProfession: true }) : make("p", "", say("nothing-yet"))] : []),
  );
}

// Questions whose inject is out and that wait for the trainer to ask them.
export function toOpen(run) {
  if (run.phase !== "running") return [];
  const live = new Set(run.sent.filter((one) => one.taken_back === null).map((one) => one.id));
  return run.sheet.filter((inject) => live.has(inject.id)).flatMap((inject) => inject.tasks.filter((task) => task.status === "unasked"));
}

function waiting(run, deeds) {
  const tasks = toOpen(run);
  const text = tasks.map((one) => one.id).join(" ");
  if (openers === text) return;
  openers = text;
  const line = at("to-open");
  const had = line.contains(document.activeElement);
  line.replaceChildren(...tasks.map((task) => make("span", "opener", make("span", "small", task.text), button(say("open"), () => deeds.move({ move: "open", task: task.id }), task.text))));
  line.hidden = !tasks.length;
  if (had) (line.querySelector("button") ?? strip?.["close-and-show"] ?? at("next")).focus();
}
