// The big screen: what the whole room sees, in letters as large as fit.

import { say } from "../desk/words.js";
import { follow } from "./live.js";
import { line, paragraphs } from "./prose.js";
import { letter, results } from "./results.js";

const STEPS = 7; // screen.css says how large each is; the last has 28 pixels and no room to spare
const TURN = 10_000; // milliseconds for which a part stays
const byId = (id) => document.getElementById(id);
const main = byId("main");
const shown = byId("shown");
let last = "";
let atEnd = null;
let lock = null;
let parts = null;
let turning = 0;
let contact = "connected";
let since = null;
const whole = new Map(); // paragraphs that were cut, with all their words

function make(tag, name = "", ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

function options(task) {
  if (task.kind === "text" || !task.options.length) return [];
  const rows = task.options.map((option) => {
    const sign = letter(task, option.id);
    return make("li", "", ...(sign ? [make("b", "", sign)] : []), make("span", "", ...line(option.text)));
  });
  return [make("ul", `choices ${task.kind}`, ...rows)];
}

function asked(task) {
  if (!task.open) return say("closed");
  if (task.kind !== "decision") return say(task.kind);
  return say(`decision-${task.reason && task.owner ? "both" : task.reason ? "reason" : task.owner ? "owner" : "of"}`);
}

function answered(task, counts) {
  if (task.kind === "hands") return task.open ? say("by-hand") : "";
  const n = counts.answered;
  if (task.kind === "decision") return say(n === 1 ? "teams-one" : "teams-many", { n });
  return say("answered", { n, here: Math.max(n, counts.here) });
}

// What stands on the screen for a snapshot: kind, heading, what is below it, and how many answered.
function face(run) {
  const front = run.front;
  if (run.phase === "lobby") {
    const ways = ["lobby-scan", "lobby-account", "lobby-team"].map((word) => make("p", "", say(word)));
    return { kind: say("lobby-kind"), heading: say("lobby"), what: ways };
  }
  if (run.phase === "ended" && JSON.stringify(front) === atEnd) {
    return { kind: "", heading: say("over"), what: [make("p", "", say("over-more"))] };
  }
  if (front?.kind === "debrief") {
    const question = run.debrief.find((one) => one.id === front.id);
    if (question) return { kind: say("debrief-kind"), heading: question.text, what: [] };
    return { kind: say("debrief-kind"), heading: say("debrief"), what: [make("p", "", say("debrief-more"))] };
  }
  if (front?.kind === "task" && run.task) {
    const task = run.task;
    const told = task.revealed && run.results;
    return {
      kind: told ? say("results") : asked(task),
      heading: task.text,
      what: told ? [results(task, run.results, say, { byProfession: true, brief: true })] : options(task),
      answered: answered(task, run.counts),
    };
  }
  if (front?.kind === "inject") {
    const message = run.released.find((one) => one.id === front.id);
    if (message) return { kind: say("message"), heading: message.title || say("from-trainers"), what: paragraphs(message.text) };
  }
  return { kind: "", heading: say("begun"), what: [make("p", "", say("begun-more"))] };
}

const fits = () => shown.scrollHeight <= shown.clientHeight && shown.scrollWidth <= shown.clientWidth;

// Letters step down until all fits; what then still does not is cut, and the screen says where it goes on.
function fit() {
  const what = byId("what");
  const more = byId("more");
  more.hidden = true;
  parts = null;
  clearInterval(turning);
  for (const row of what.querySelectorAll("[hidden]")) row.hidden = false;
  for (const [row, text] of whole) row.textContent = text;
  whole.clear();
  for (let step = 0; step < STEPS; step += 1) {
    shown.dataset.step = step;
    if (fits()) return;
  }
  more.hidden = false;
  const rows = [...what.querySelectorAll(".texts > li, .bars:not(.places) > tbody, .places > tbody > tr, .choices > li")];
  if (!rows.length) cutShort([...what.querySelectorAll("p")], more);
  else {
    parts = { rows, from: 0, to: 0, before: [] };
    turn(true);
    turning = setInterval(turn, TURN, true);
  }
}

// What is too much for one view comes in parts, by and by, or by the arrow keys.
function turn(on) {
  if (!parts) return;
  const { rows, before } = parts;
  if (on) {
    if (parts.to) before.push(parts.from);
    parts.from = parts.to < rows.length ? parts.to : 0;
    if (!parts.from) before.length = 0;
  } else parts.from = before.pop() ?? 0;
  rows.forEach((row, place) => (row.hidden = place !== parts.from));
  parts.to = parts.from + 1;
  const count = () => {
    const word = parts.to === parts.from + 1 ? "part-one" : "part-many";
    byId("more").textContent = say(word, { first: parts.from + 1, last: parts.to, all: rows.length });
  };
  count();
  while (parts.to < rows.length) {
    rows[parts.to].hidden = false;
    parts.to += 1;
    count();
    if (!fits()) {
      parts.to -= 1;
      rows[parts.to].hidden = true;
      count();
      return;
    }
  }
}

function turnByHand(event) {
  const on = { ArrowRight: true, PageDown: true, ArrowLeft: false, PageUp: false }[event.key];
  if (on === undefined || !parts) return;
  event.preventDefault();
  clearInterval(turning);
  turn(on);
}

function cutShort(rows, more) {
  more.textContent = say("read-on");
  while (rows.length && !fits()) {
    const row = rows.pop();
    const text = row.textContent;
    whole.set(row, text);
    const words = text.split(" ");
    let [least, most] = [0, words.length];
    while (most - least > 1) {
      const middle = Math.floor((least + most) / 2);
      row.textContent = `${words.slice(0, middle).join(" ")} …`;
      if (fits()) least = middle;
      else most = middle;
    }
    row.textContent = least ? `${words.slice(0, least).join(" ")} …` : "";
  }
}

function show(run) {
  if (run.phase !== "ended") atEnd = null;
  else atEnd ??= JSON.stringify(run.front);
  const { version: _version, counts: _counts, ...seen } = run;
  const now = JSON.stringify(seen);
  const { kind, heading, what, answered: count = "" } = face(run);
  byId("answered").textContent = count;
  const [before, after = ""] = say(run.counts.here === 1 ? "here-one" : "here-many").split("{n}");
  byId("here").replaceChildren(before, make("b", "", String(run.counts.here)), after);
  if (now === last) return;
  last = now;
  main.dataset.phase = run.phase;
  main.dataset.front = run.front?.kind ?? "";
  byId("paused").hidden = run.phase !== "paused";
  byId("paused").textContent = say("paused");
  byId("kind").textContent = kind;
  byId("heading").replaceChildren(...line(heading));
  whole.clear();
  byId("what").replaceChildren(...what);
  byId("way-in").hidden = run.phase === "ended";
  fit();
}

// The browser may know sooner than the stream that the network is gone.
function tell(word) {
  contact = word;
  const well = word === "connected" && navigator.onLine;
  if (!well) since ??= new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(new Date());
  else since = null;
  const words = word === "gone" ? say("gone") : say("lost", { time: since });
  const sign = document.querySelector("#words").content.querySelector("[data-sign]").cloneNode(true);
  byId("net").replaceChildren(...(well ? [] : [sign, words]));
}

// A screen that is looked at does not fall asleep, where the browser can see to that.
async function wake() {
  if (document.visibilityState !== "visible" || (lock && !lock.released)) return;
  lock = await navigator.wakeLock?.request("screen").catch(() => null);
}

document.addEventListener("visibilitychange", wake);
wake();
addEventListener("resize", fit);
addEventListener("keydown", turnByHand);
for (const change of ["online", "offline"]) addEventListener(change, () => tell(contact));
document.fonts?.ready.then(fit);
follow(main.dataset.root, { as: "screen", key: main.dataset.key, show, tell });
