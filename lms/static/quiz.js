// A quiz that outlives the network: every answer is sent at once under an id of its own; what cannot be sent waits in
// this browser, is said out loud, and goes out once. Without this file each answer is a plain form.

const attempt = document.querySelector("[data-attempt]").dataset;
const token = document.querySelector('meta[name="csrf-token"]').content;
const band = document.querySelector("#band");
const store = `lms-answers-${attempt.attempt}`;
const pages = new Map(); // question number -> its <main>, kept with what was typed
let sending = null;
let lastSaved = "";

// --- the queue ----------------------------------------------------------------------------------------------

const waiting = () => JSON.parse(localStorage.getItem(store) ?? "[]");
const keep = (queue) => (queue.length ? localStorage.setItem(store, JSON.stringify(queue)) : localStorage.removeItem(store));

function put(number, fields) {
  const queue = waiting().filter((item) => item.number !== number);
  const since = waiting().find((item) => item.number === number)?.since ?? new Date().toISOString();
  queue.push({ id: crypto.randomUUID(), number, fields, since });
  keep(queue);
}

// Send what waits, in order. An answer leaves the queue only when the server has said what became of it.
async function drain() {
  while (waiting().length) {
    const item = waiting()[0];
    const body = new URLSearchParams(item.fields);
    body.set("id", item.id);
    let answer;
    try {
      answer = await fetch(`${attempt.answers}${item.number}`, {
        method: "POST",
        headers: { "X-CSRFToken": token, Accept: "application/json" },
        body,
        redirect: "error",
      });
    } catch {
      return say("network");
    }
    if (answer.status === 401 || answer.status === 400) return say("signed-out");
    if (!answer.ok && answer.status !== 409 && answer.status !== 422) return say("network");
    const said = await answer.json();
    keep(waiting().filter((one) => one.id !== item.id));
    if (said.outcome === "closed") { location.assign(attempt.here); return; }
    if (said.outcome === "refused") { say("refused", said.error); return; }
    lastSaved = said.at;
    mark(said.numbers);
  }
  say("saved");
}

function send() {
  sending = (sending ?? Promise.resolve()).then(drain, drain);
  return sending;
}

// --- what the page says -------------------------------------------------------------------------------------

function say(state, words = "") {
  const queue = waiting();
  const saved = document.querySelector("#saved");
  const texts = band.dataset;
  const wait = queue.length > 0;
  band.hidden = !wait && state !== "refused";
  saved.classList.toggle("waits", wait);
  if (wait) {
    const since = new Date(queue[0].since).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    band.querySelector("h2").textContent = (queue.length === 1 ? texts.one : texts.many).replace("{n}", queue.length);
    band.querySelector("p").textContent = (state === "signed-out" ? texts.signedOut : texts.network).replace("{since}", since);
    saved.textContent = texts.waits.replace("{n}", queue.length);
  } else if (state === "refused") {
    band.querySelector("h2").textContent = texts.refused;
    band.querySelector("p").textContent = words;
  } else if (lastSaved) {
    saved.textContent = texts.saved.replace("{time}", lastSaved);
  }
  for (const step of document.querySelectorAll(".segments li")) {
    step.classList.toggle("waits", queue.some((item) => item.number === numberOf(step)));
  }
}

const numberOf = (step) => [...step.parentElement.children].indexOf(step) + 1;

function mark(numbers) {
  for (const main of [document.querySelector("main"), ...pages.values()]) {
    for (const step of main.querySelectorAll(".segments li")) {
      if (!step.classList.contains("here")) step.classList.toggle("full", numbers.includes(numberOf(step)));
    }
    const answered = main.querySelector("#answered");
    if (answered) answered.textContent = answered.dataset.words.replace("{n}", numbers.length);
  }
}

// --- one question -------------------------------------------------------------------------------------------

const number = () => Number(document.querySelector("[data-number]").dataset.number);
const form = () => document.querySelector("form.answer");

function fieldsOf(question) {
  const fields = [...new FormData(question)].filter(([name]) => name.startsWith("q"));
  return fields;
}

let settled = "";
function answered() {
  const fields = fieldsOf(form());
  const now = JSON.stringify(fields);
  if (now === settled) return;
  settled = now;
  put(number(), fields);
  send();
  setTimeout(() => { if (waiting().length) say("network"); }, 2500);
}

let pause = 0;
document.addEventListener("input", (event) => {
  if (!event.target.closest("form.answer")) return;
  clearTimeout(pause);
  pause = setTimeout(answered, event.target.type === "text" ? 700 : 0);
});

// A step moves by its buttons or by the arrow keys; focus travels with it.
function move(step, way) {
  const list = step.parentElement;
  const other = way === "up" ? step.previousElementSibling : step.nextElementSibling;
  if (!other) return;
  if (way === "up") list.insertBefore(step, other);
  else list.insertBefore(other, step);
  const steps = [...list.children];
  steps.forEach((one, place) => {
    one.querySelector(".place").textContent = place + 1;
    one.querySelector('[value$=":up"]').disabled = place === 0;
    one.querySelector('[value$=":down"]').disabled = place === steps.length - 1;
    one.classList.toggle("moved", one === step);
  });
  const wanted = step.querySelector(`[value$=":${way}"]`);
  (wanted.disabled ? step.querySelector(`button:not([disabled])`) : wanted).focus();
  const status = list.nextElementSibling;
  status.textContent = band.dataset.moved
    .replace("{step}", step.querySelector("[id]").textContent)
    .replace("{n}", steps.indexOf(step) + 1)
    .replace("{all}", steps.length);
  answered();
}

document.addEventListener("keydown", (event) => {
  const step = event.target.closest?.(".step");
  if (!step || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  move(step, event.key === "ArrowUp" ? "up" : "down");
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".step button");
  if (!button) return;
  event.preventDefault();
  move(button.closest(".step"), button.value.split(":").pop());
});

// --- from question to question, with or without the network ---------------------------------------------------

async function fetched(to) {
  if (pages.has(to)) return pages.get(to);
  const answer = await fetch(`${attempt.here}/${to}`, { redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  main.dataset.title = page.title;
  pages.set(to, main);
  return main;
}

async function show(to, push = true) {
  const old = document.querySelector("main");
  old.dataset.title = document.title;
  pages.set(number(), old);
  let main;
  try {
    main = await fetched(to);
  } catch {
    location.assign(`${attempt.here}/${to}`);
    return;
  }
  old.replaceWith(main);
  document.title = main.dataset.title;
  settled = JSON.stringify(fieldsOf(form()));
  if (push) history.pushState({ to }, "", `${attempt.here}/${to}`);
  const heading = main.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
  say(waiting().length ? "network" : "saved");
}

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("form.answer")) return;
  event.preventDefault();
  clearTimeout(pause);
  answered();
  const to = number() + (event.submitter?.value === "back" ? -1 : 1);
  if (to >= 1 && to <= Number(attempt.all)) return show(to);
  await send();
  if (!waiting().length) location.assign(`${attempt.here}/review`);
});

addEventListener("popstate", () => {
  const to = Number(location.pathname.split("/").pop());
  if (to) show(to, false);
  else location.reload();
});

// --- begin ----------------------------------------------------------------------------------------------------

band.querySelector("button").addEventListener("click", send);
addEventListener("online", send);
setInterval(() => { if (waiting().length) send(); }, 5000);
addEventListener("beforeunload", (event) => { if (waiting().length) event.preventDefault(); });
settled = JSON.stringify(fieldsOf(form()));
if (waiting().some((item) => item.number === number())) {
  say("network");
  await send();
  if (!waiting().length) location.reload();
} else if (waiting().length) {
  await send();
}
for (let one = 1; one <= Number(attempt.all); one += 1) {
  if (one !== number()) fetched(one).catch(() => {});
}
