// The console: a trainer conducts a run from here, with buttons, keys or a presenter's clicker.

import { count, say, sign } from "../desk/words.js";
import { boxes } from "./boxes.js";
import * as hall from "./hall.js";
import { follow } from "./live.js";
import { keeper } from "./moves.js";
import { at, make, write } from "./parts.js";
import * as sheet from "./sheet.js";
import * as stage from "./stage.js";

const TWICE = 600; // within so many milliseconds a second press of the large button is the same press
const REHEARSE = 1000;
const main = at("main");
const { root } = main.dataset;
const code = at("to-join").querySelector("b").textContent;

let run = null;
let screen = null;
let net = "connected";
let lostAt = 0;
let waiting = { n: 0, since: 0, how: "ok", keeps: true };
let pressedAt = 0;

// --- what happens --------------------------------------------------------------------------------------------------

const live = follow(root, { as: "trainer", show: take, tell: heard });
const room = follow(root, { as: "screen", show: (seen) => { screen = seen; drawRoom(); } });
const moves = keeper(root, { take: (seen) => { live.take(seen); room.look(); quiet(); }, refused: tellWhy, tell: (found) => { waiting = found; status(); } });

function take(seen) {
  run = seen;
  draw();
}

function heard(word) {
  if (word !== "connected" && net === "connected") lostAt = Date.now();
  net = word;
  if (word === "connected") moves.hurry();
  status();
}

function tellWhy(words) {
  write(at("said"), words);
  at("said-close").hidden = false;
  live.look();
}

function quiet() {
  if (at("said-close").hidden) return;
  const had = at("said-close") === document.activeElement;
  at("said-close").hidden = true;
  write(at("said"), "");
  if (had) main.focus();
}

at("said-close").addEventListener("click", quiet);

function status() {
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(lostAt);
  const lines = [];
  if (waiting.n) lines.push(count("wait", waiting.n));
  if (waiting.how === "signed-out") lines.push(say("sign-in"));
  else if (net === "gone" || waiting.how === "gone") lines.push(say("gone"));
  else if (net === "lost") lines.push(say("lost", { time }));
  if (waiting.n && !waiting.keeps) lines.push(say("not-kept-here"));
  const good = !lines.length;
  const words = good ? say("kept") : lines.join(". ");
  const line = at("kept");
  if (line.dataset.words === words) return;
  line.dataset.words = words;
  line.classList.toggle("waits", !good);
  line.replaceChildren(sign(good ? "good" : "no-network"), make("span", "", words));
}

// --- what a trainer does -------------------------------------------------------------------------------------------

const seen = () => run.moves;

const deeds = {
  move: (one) => moves.make([one], seen()),
  reveal: (task) => deeds.move({ move: "reveal", task, by_profession: at("by-profession").checked }),
  hands: (id) => box.hands(stage.rowOf(run, id)),
  sendTo: (inject) => box.send(inject),
  person: (id) => box.place(run.players.find((one) => one.id === id)),
  question(deed) {
    const task = run.task.id;
    const shown = { move: "reveal", task, by_profession: at("by-profession").checked };
    if (deed === "close-and-show") moves.make([{ move: "close", task }, shown], seen());
    else if (deed === "reveal") deeds.move(shown);
    else if (deed === "reveal-all") deeds.move({ ...shown, to: "all" });
    else if (deed === "hands") deeds.hands(task);
    else deeds.move({ move: { hide: "close", close: "close", "open-again": "open", revote: "revote" }[deed], task });
  },
  async seat(wish) {
    try {
      const answer = await fetch(`${root}/seats`, {
        method: "POST",
        cache: "no-store",
        redirect: "error",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": moves.token() },
        body: JSON.stringify(wish),
      });
      const got = await answer.json();
      if (!answer.ok) return got.error ?? say("not-seated");
      live.take(got);
      return "";
    } catch {
      return say("not-seated");
    }
  },
};
const box = boxes(root, deeds);

// What the large button says and does now.
function large() {
  if (!run) return { words: "", deed: null };
  const { phase, next, debrief, front } = run;
  if (phase === "ended") return { words: say("over"), deed: () => location.assign(main.dataset.page) };
  if (phase === "lobby") return { words: say("start"), deed: () => once({ move: "start" }) };
  if (phase === "paused") return { words: say("resume"), deed: () => once({ move: "resume" }) };
  const inject = run.sheet.find((one) => one.id === next);
  if (inject && front?.kind !== "debrief") {
    const what = sheet.missesAll(inject, run) ? say("next-to-nobody", { what: inject.title }) : inject.title;
    return { words: say("next"), what, deed: () => once({ move: "next", inject: next }) };
  }
  const place = front?.kind === "debrief" ? debrief.findIndex((one) => one.id === front.id) : -1;
  const question = debrief[place + 1];
  if (question && front?.kind !== "debrief") return { words: say("begin-debrief"), what: say("all-sent"), deed: () => once({ move: "debrief" }) };
  if (question) return { words: say("next-question"), what: question.text, deed: () => once({ move: "debrief", task: question.id }) };
  return { words: say("end"), what: debrief.length ? "" : say("all-sent"), deed: () => box.end(run, waiting.n) };
}

// A move that is on its way already is not made again.
function once(move) {
  const same = (one) => Object.entries(move).every(([name, value]) => one[name] === value);
  if (moves.waits(same)) tellWhy(say("waits-already"));
  else deeds.move(move);
}

function press() {
  if (Date.now() - pressedAt < TWICE) return;
  pressedAt = Date.now();
  large().deed?.();
}

const line = (move) => run.next && once({ move, inject: run.next });
const pause = () => once({ move: run.phase === "paused" ? "resume" : "pause" });

at("next").addEventListener("click", press);
at("hold").addEventListener("click", () => line("hold"));
at("skip").addEventListener("click", () => line("skip"));
at("replay").addEventListener("click", () => deeds.move({ move: "replay" }));
at("to-send").addEventListener("click", () => box.send());
for (const id of ["to-note", "thumb-note"]) at(id).addEventListener("click", box.note);
at("to-join").addEventListener("click", () => box.open("join"));
at("to-keys").addEventListener("click", () => box.open("keys"));
at("to-end").addEventListener("click", () => run && box.end(run, waiting.n));
at("pause").addEventListener("click", pause);
at("nod-all").addEventListener("click", () => { deeds.move({ move: "admit" }); at("pause").focus(); });
at("deal")?.addEventListener("click", async () => { const wrong = await deeds.seat({ deal: true }); if (wrong) tellWhy(wrong); });
for (const one of [at("look"), at("by-profession")]) one.addEventListener(one.matches("details") ? "toggle" : "change", () => run && stage.controls(run, screen, deeds));

// --- keys ----------------------------------------------------------------------------------------------------------

const LARGE = new Set([" ", "Enter", "ArrowRight", "PageDown"]);
const BACK = new Set(["ArrowLeft", "PageUp"]);
const keysOn = "lms-console-keys";
const single = at("keys-on");
try {
  single.checked = localStorage.getItem(keysOn) !== "off";
} catch {
  single.checked = true;
}
single.addEventListener("change", () => {
  try {
    localStorage.setItem(keysOn, single.checked ? "on" : "off");
  } catch {
    // it holds until the page is loaded anew
  }
});

const byLetter = {
  h: () => line("hold"),
  s: () => line("skip"),
  r: () => at("replay").disabled || deeds.move({ move: "replay" }),
  p: () => at("pause").hidden || pause(),
  n: box.note,
  m: () => at("to-send").disabled || box.send(),
  o: () => { const [task] = stage.toOpen(run); if (task) deeds.move({ move: "open", task: task.id }); },
  c: () => run.task?.open && deeds.move({ move: "close", task: run.task.id }),
  v: () => run.task && !run.task.revealed && deeds.question(run.task.open ? "close-and-show" : "reveal"),
  j: () => box.open("join"),
  "?": () => box.open("keys"),
};

document.addEventListener("keydown", (event) => {
  if (!run || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const { target, key } = event;
  if (document.querySelector("dialog[open]") || target.closest("input, textarea, select")) return;
  const free = target === document.body || target === main;
  if (free && LARGE.has(key)) press();
  else if (free && BACK.has(key)) byLetter.r();
  else if (single.checked && byLetter[key.toLowerCase()]) byLetter[key.toLowerCase()]();
  else return;
  event.preventDefault();
});

// After a press with mouse or finger the keys are the console's again, and not that button's.
document.addEventListener("click", (event) => {
  if (event.detail && event.target.closest("button, summary") && !document.querySelector("dialog[open]")) main.focus({ preventScroll: true });
});

// --- what is shown -------------------------------------------------------------------------------------------------

for (const tab of document.querySelectorAll(".tabs button")) {
  tab.addEventListener("click", () => {
    main.dataset.part = tab.dataset.part;
    for (const one of document.querySelectorAll(".tabs button")) one.setAttribute("aria-pressed", String(one === tab));
  });
}

function draw() {
  const ended = run.phase === "ended";
  document.body.dataset.phase = run.phase;
  sheet.draw(at("sheet"), run, deeds);
  hall.people(run, deeds);
  hall.line(run, deeds);
  hall.clock(run, live.now());
  box.persons(run.players);
  at("over").hidden = !ended;
  at("to-end").hidden = ended;
  at("to-join").hidden = ended;
  const { words, what = "" } = large();
  write(at("next-words"), words);
  write(at("next-what"), what);
  const going = run.phase === "running";
  const playing = !ended && Boolean(run.next);
  const enabled = { hold: playing, skip: playing, replay: going && run.released.length > 0, "to-send": going };
  for (const [id, yes] of Object.entries(enabled)) at(id).disabled = !yes;
  at("pause").hidden = !["running", "paused"].includes(run.phase);
  const word = run.phase === "paused" ? "resume" : "pause";
  if (at("pause").dataset.word !== word) {
    at("pause").dataset.word = word;
    at("pause").replaceChildren(sign(word === "pause" ? "pause" : "play"), make("span", "", say(word)), make("kbd", "", "P"));
  }
  drawRoom();
}

function drawRoom() {
  if (screen) stage.frame(screen, code);
  if (run) stage.controls(run, screen, deeds);
}

setInterval(() => run && document.visibilityState === "visible" && hall.clock(run, live.now()), 500);

// Invented people of a rehearsal think and answer while somebody looks.
let rehearsed = 0;
async function rehearse() {
  const due = run && run.phase !== "ended" && document.visibilityState === "visible" && (run.open.length || Date.now() - rehearsed > 30_000);
  if (due) {
    rehearsed = Date.now();
    try {
      const answer = await fetch(`${root}/invented`, { method: "POST", redirect: "error", headers: { Accept: "application/json", "X-CSRFToken": moves.token() } });
      if (answer.ok && (await answer.json()).sent) live.look();
    } catch {
      // the network is gone, and they think on
    }
  }
  setTimeout(rehearse, REHEARSE);
}
if (main.dataset.rehearsal) rehearse();
