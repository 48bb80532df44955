// A player's side of a live exercise: what was sent to them and what is asked, as the newest snapshot has it. What is
// being written stays where it is, whatever comes. Without this file the page is plain forms.

import { count, say, sign } from "../desk/words.js";
import { build } from "./asking.js";
import { follow } from "./live.js";
import { outbox } from "./outbox.js";
import { line, paragraphs } from "./prose.js";
import { results } from "./results.js";

const LATE = 2500;
const FRESH = 2000; // in which a snapshot may not know yet what was just taken
const AT_ONCE = { "poll-single": 400, "poll-scale": 400, "poll-multiple": 900 };
const THOUGHTS = ["worked", "change", "will-do"];

const at = (id) => document.getElementById(id);
const main = at("main");
const { run: runId, here, zone, language } = main.dataset;
const choosesTeam = main.dataset.choosesTeam !== undefined;
const lang = document.documentElement.lang;
const tongue = language === lang ? "" : language;
const teams = idsOf("team-");
const roles = idsOf("role-");
const placeWords = at("seat-head").textContent;

let seen = null; // the newest snapshot
let net = "";
let lostAt = 0;
let picked = ""; // the question that the player chose to look at
let asking = null; // what stands in front: { key, task, form, ... }
let timer = 0;
let early = null; // what was typed before this file had come

function idsOf(start) {
  return [...at("words").content.querySelectorAll(`[data-word^="${start}"]`)].map((one) => one.dataset.word.slice(start.length));
}

const run = { now: () => Date.now() };
const box = outbox(runId, {
  now: () => run.now(),
  tell() {
    render();
    setTimeout(render, FRESH + 50);
  },
});

// --- making ---------------------------------------------------------------------------------------------------

function make(tag, name = "", ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

// An element whose words are of the scenario, in its language.
function told(tag, name, text) {
  const made = make(tag, name, ...line(text));
  if (tongue) made.lang = tongue;
  return made;
}

function button(name, words, deed) {
  const made = make("button", name, words);
  made.type = "button";
  made.addEventListener("click", deed);
  return made;
}

const clock = new Intl.DateTimeFormat(lang, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const time = (moment) => clock.format(new Date(moment));

// A part of the page is made anew only where what it shows is another.
const shown = new Map();
function part(id, model, made) {
  const key = JSON.stringify(model);
  if (shown.get(id) === key) return false;
  shown.set(id, key);
  at(id).replaceChildren(...made().filter(Boolean));
  return true;
}

const tell = (words) => { at("news").textContent = words; };

// --- where one is -----------------------------------------------------------------------------------------------

const inside = () => seen.mine.admission === "in";
const begun = () => seen.phase !== "lobby";
const over = () => seen.phase === "ended";
const looksBack = () => inside() && (over() || seen.debrief.length > 0 || seen.front?.kind === "debrief");

function head() {
  const { team, role } = seen.mine;
  const names = [role && say(`role-${role}`), team && say(`team-${team}`)].filter(Boolean);
  at("you").textContent =
    names.length === 2 ? say("you-both", { role: names[0], team: names[1] }) : names.length ? say("you-one", { part: names[0] }) : "";
  at("here").textContent = inside() ? count("here", seen.counts.here) : "";
}

function network() {
  part("net", net, () => {
    if (net !== "gone") return [net ? say(net) : ""];
    const again = make("a", "", say("join-again"));
    again.href = here;
    return [say("gone"), " ", again];
  });
  at("net").className = net === "connected" ? "" : "gone";
}

function stand() {
  const { admission } = seen.mine;
  const word = admission !== "in" ? admission : seen.phase;
  part("stand", word, () => {
    if (word === "running") return [];
    if (word === "paused") return [make("p", "", make("b", "", say("paused")), " ", say("paused-more"))];
    return [make("h2", "", say(word)), make("p", "", say(`${word}-more`))];
  });
}

// --- one's place --------------------------------------------------------------------------------------------------

function seat() {
  const { team, role } = seen.mine;
  const open = inside() && !over();
  const asksTeam = open && choosesTeam && teams.length > 0 && !(begun() && team);
  const asksRole = open && roles.length > 0 && !(begun() && role);
  const section = at("seat");
  section.hidden = !(asksTeam || asksRole || (inside() && role));
  const needed = (asksTeam && !team) || (asksRole && !role);
  if (!section.contains(document.activeElement)) {
    if (needed || !begun()) at("columns").before(section);
    else at("frame").before(section);
  }
  part("seat", [team, role, asksTeam, asksRole], () => {
    const heading = make("h2", "", placeWords);
    heading.id = "seat-head";
    return [heading, role && brief(role), (asksTeam || asksRole) && chooser(asksTeam, asksRole)];
  });
}

function brief(role) {
  const made = make("div", "brief", make("h3", "", say(`role-${role}`)), told("p", "", say(`brief-${role}`)));
  if (tongue) made.lang = tongue;
  return made;
}

function chooser(asksTeam, asksRole) {
  const form = make("form", "form");
  const fault = make("p", "fault");
  fault.setAttribute("role", "alert");
  if (asksTeam) form.append(chosen("team", teams, seen.mine.team));
  if (asksRole) form.append(chosen("role", roles, seen.mine.role));
  form.append(fault, make("p", "", make("button", "button", say("sit"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = new FormData(form);
    fault.replaceChildren();
    const words = await post("seat", {
      team: wanted.get("team") ?? seen.mine.team,
      role: wanted.get("role") ?? seen.mine.role,
    });
    if (words) fault.append(sign("x"), " ", words);
  });
  return form;
}

// What was chosen and not sent yet outlives a new snapshot, and this file coming later than the page.
const touched = (select) => select && select.value !== ([...select.options].find((one) => one.defaultSelected)?.value ?? "");

function chosen(name, ids, now) {
  const before = at(name);
  const label = make("label", "", say(name));
  const select = make("select");
  label.htmlFor = select.id = select.name = name;
  if (tongue) select.lang = tongue;
  select.append(new Option(say(`choose-${name}`), ""), ...ids.map((id) => new Option(say(`${name}-${id}`), id, id === now, id === now)));
  if (touched(before)) select.value = before.value;
  return make("div", "field", label, select);
}

// Something that is done at once or not at all; gives words where it is not.
async function post(where, content) {
  try {
    const answer = await fetch(`/runs/${runId}/${where}`, {
      method: "POST",
      redirect: "error",
      headers: { Accept: "application/json", "Accept-Language": lang, "Content-Type": "application/json" },
      body: JSON.stringify(content),
    });
    const said = await answer.json();
    if (answer.ok) run.take?.(said);
    return answer.ok ? "" : said.error ?? say("not-seated");
  } catch {
    return say("not-seated");
  }
}

// --- what was sent --------------------------------------------------------------------------------------------------

const latest = (one) => one.again ?? one.at;

function sent() {
  const messages = [...seen.released].sort((one, other) => new Date(latest(other)) - new Date(latest(one)));
  part("sent", messages, () => messages.flatMap((one, place) => [
    place === 1 && own(make("h2", "", say("before"))),
    place === 0 ? newest(one) : earlier(one),
  ]).filter(Boolean));
}

const own = (node) => {
  if (tongue) node.lang = lang;
  return node;
};

function newest(one) {
  const made = make("article", "newest", own(make("p", "to", say(`to-${one.to}`, { time: time(latest(one)) }))));
  if (one.title) made.append(make("h2", "", ...line(one.title)));
  made.append(...paragraphs(one.text));
  return made;
}

function earlier(one) {
  const words = make("div");
  if (one.title) words.append(make("h3", "", ...line(one.title)));
  words.append(...paragraphs(one.text));
  return make("article", "before", make("p", "at", time(latest(one))), words);
}

// --- what is asked ----------------------------------------------------------------------------------------------------

const nameOf = (task) => `${task.id} ${task.round}`;
const flat = (answer) => (answer?.option === undefined ? answer : [answer.option, answer.reason, answer.owner]);
const same = (one, other) => JSON.stringify(flat(one)) === JSON.stringify(flat(other));

// What stands as the answer: on its way, just taken, or as the server has it.
function standing(task) {
  if (over()) return null;
  const mine = ({ content }) => content.task === task.id && content.round === task.round;
  const waits = box.waiting().filter(mine).at(-1);
  if (waits) return { answer: waits.content.answer, waits: true, since: waits.since };
  const kept = box.kept(task.id, task.round);
  const theirs = seen.mine.answers[task.id];
  const fresh = kept && Date.now() - kept.seen < FRESH && !(task.kind === "decision" && seen.recorder === "other");
  if (kept && (theirs === undefined || fresh)) return { answer: kept.answer, at: kept.at };
  if (theirs === undefined) return null;
  return { answer: theirs, at: kept && same(kept.answer, theirs) ? kept.at : 0 };
}

function modeOf(task) {
  if (!task.yours) return "shown";
  if (!task.open) return "closed";
  if (task.kind === "hands") return "hands";
  if (task.kind !== "decision") return "form";
  if (!seen.mine.team) return "no-team";
  return seen.recorder === "other" ? "watch" : "form";
}

const dirty = () => !same(asking.form.read(), asking.base);
const busy = () => Boolean(asking?.form && !AT_ONCE[asking.task.kind] && dirty());

function asked() {
  const front = seen.task;
  const known = seen.tasks.find((one) => one.id === asking?.task.id);
  const moved = Boolean(asking && front && asking.front !== front.id);
  const holds = Boolean(moved && known && known.id !== front.id && busy());
  if (moved && !holds) picked = "";
  const task = holds ? known : seen.tasks.find((one) => one.id === picked) ?? front;
  part("held", [holds, seen.task?.id], () => (holds ? [say("held-question"), " ", button("button", say("go-there"), () => show(seen.task.id))] : []));
  at("held").hidden = !holds;
  if (task) question(task, holds);
  else {
    leave();
    asking = null;
    part("question", [inside(), begun(), over()], () => (inside() && begun() && !over() ? [make("p", "soft", say("nothing-asked"))] : []));
  }
  others(task);
}

function show(id) {
  leave();
  asking = null;
  picked = id === seen.task?.id ? "" : id;
  render();
  const heading = at("question-text");
  heading?.focus({ preventScroll: true });
  heading?.scrollIntoView({ block: "start" });
}

function question(task, holds) {
  const mode = modeOf(task);
  const key = JSON.stringify([nameOf(task), mode, mode === "form" || task.options]);
  if (asking?.key !== key) {
    const before = at("question").contains(document.activeElement) && (!asking || asking.task.id === task.id) ? document.activeElement : null;
    leave();
    asking = { key, task, mode, front: seen.task?.id, form: null, body: make("div"), state: make("p", "state"), results: make("div"), fault: "" };
    asking.state.setAttribute("role", "status");
    const heading = told("h2", "", task.text);
    heading.id = "question-text";
    heading.tabIndex = -1;
    shown.set("question", "");
    shown.delete("results");
    shown.delete("watched");
    at("question").replaceChildren(heading, asking.body, asking.state, asking.results);
    if (mode === "form") form(task, before);
  }
  if (!holds) asking.front = seen.task?.id;
  asking.task = task;
  if (mode === "form") follows(task);
  else reading(task, mode);
  state(task, mode);
  if (seen.results?.task === task.id && task.revealed) {
    const model = JSON.stringify(seen.results);
    if (shown.get("results") !== model) {
      shown.set("results", model);
      asking.results.replaceChildren(results(task, seen.results, say, { byProfession: true }));
      if (tongue) asking.results.lang = tongue;
    }
  } else {
    shown.delete("results");
    asking.results.replaceChildren();
  }
}

// A form, with what was being written, else what stands.
function form(task, before) {
  const made = build(task, { say, sign, line, tongue });
  asking.form = made;
  made.fill(undefined);
  asking.pristine = made.read();
  asking.base = standing(task)?.answer ?? asking.pristine;
  made.fill(box.draft(nameOf(task)) ?? (early?.task === task.id ? early.answer : undefined) ?? asking.base);
  early = null;
  const auto = AT_ONCE[task.kind];
  const form = make("form", "ask", made.node);
  asking.faultLine = make("p", "fault");
  asking.faultLine.id = "ask-fault";
  asking.faultLine.setAttribute("role", "alert");
  form.append(asking.faultLine);
  if (!auto) form.append(make("p", "", make("button", "button primary", say(made.send))));
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  form.addEventListener("input", () => {
    fault("");
    clearTimeout(timer);
    if (auto) timer = setTimeout(send, auto);
    else keepDraft();
    state(asking.task, asking.mode);
  });
  if (task.kind === "decision") {
    asking.who = make("p", "hint");
    asking.body.append(asking.who);
  } else {
    asking.body.append(make("p", "hint", say(`how-${task.kind}`)));
  }
  asking.body.append(form);
  if (before?.name) {
    const value = before.matches("[type=radio], [type=checkbox]") ? `[value="${CSS.escape(before.value)}"]` : "";
    form.querySelector(`[name="${CSS.escape(before.name)}"]${value}`)?.focus();
  }
}

// What was typed into the plain form before this file had come.
function typedEarly() {
  const plain = document.querySelector("form.ask[method=post]");
  if (!plain) return null;
  const typed = [...plain.elements].some((one) => (one.type === "radio" || one.type === "checkbox" ? one.checked !== one.defaultChecked : one.matches("textarea, [type=text]") && one.value !== one.defaultValue));
  if (!typed) return null;
  const written = new FormData(plain);
  const [task, several] = [written.get("task"), plain.querySelector("[type=checkbox]")];
  if (plain.querySelector("[name=option]")) {
    const words = (name) => (written.get(name) ?? "").trim();
    return { task, answer: { option: words("option"), reason: words("reason"), owner: words("owner") } };
  }
  return { task, answer: several ? written.getAll("answer") : written.get("answer") ?? undefined };
}

function keepDraft() {
  if (asking?.form) box.write(nameOf(asking.task), dirty() ? asking.form.read() : undefined);
}

// What was just chosen goes out before another question takes the place; what is being written is kept.
function leave() {
  if (!asking?.form) return;
  if (timer) send();
  keepDraft();
}

// What came from elsewhere goes into the form, unless something is being written there.
function follows(task) {
  const back = box.back().find(({ content }) => content.task === task.id && content.round === task.round);
  if (back) {
    asking.form.fill(back.content.answer);
    asking.base = standing(task)?.answer ?? asking.pristine;
    keepDraft();
    box.putAway(back.id);
    fault(back.words, back.field);
  }
  const now = standing(task);
  if (asking.who) {
    const words = say(seen.recorder === "you" ? "writing" : "nobody-writes");
    if (asking.who.textContent !== words) asking.who.textContent = words;
  }
  const base = now?.answer ?? asking.pristine;
  if (same(base, asking.base)) return;
  const mine = dirty();
  asking.base = base;
  if (!mine) asking.form.fill(base);
}

function fault(words, field = "") {
  if (!asking?.faultLine) return;
  asking.faultLine.replaceChildren(...(words ? [sign("x"), " ", words] : []));
  asking.form.mark(words ? field : null);
}

function send() {
  clearTimeout(timer);
  timer = 0;
  if (!asking?.form) return;
  const { task, form } = asking;
  const wrong = form.wrong();
  if (wrong) {
    if (!AT_ONCE[task.kind]) fault(wrong.words ?? say(`fault-${wrong.why}`), wrong.field);
    else if (standing(task)) fault(say("still-counts"));
    return;
  }
  const answer = form.read();
  const now = standing(task);
  if (now && same(now.answer, answer)) {
    box.write(nameOf(task), undefined);
    state(task, asking.mode);
    return;
  }
  asking.base = answer;
  box.write(nameOf(task), undefined);
  box.put({ task: task.id, round: task.round, answer }, task.text);
}

function state(task, mode) {
  if (!asking) return;
  const now = standing(task);
  const changed = mode === "form" && busy();
  const model = JSON.stringify([task.open, task.yours, mode, now, changed, now?.waits && Date.now() - now.since > LATE]);
  if (asking.said === model) return;
  asking.said = model;
  const node = asking.state;
  node.className = "state";
  const put = (name, picture, ...words) => {
    node.className = `state ${name}`;
    node.replaceChildren(...(picture ? [sign(picture)] : []), make("span", "", ...words));
  };
  if (!task.yours || task.kind === "hands" || over()) node.replaceChildren();
  else if (now?.waits && !task.open) put("waits", "no-network", say("closed-waits"));
  else if (now?.waits && Date.now() - now.since > LATE) put("waits", "no-network", say("not-sent"));
  else if (now?.waits) node.replaceChildren();
  else if (!task.open) put(now ? "done" : "", now ? "check" : "", say(now ? "counts" : "unanswered"));
  else if (changed && now) put("", "", say("changed"));
  else if (now) {
    const kept = make("b", "", now.at ? say("kept-at", { time: time(now.at) }) : say("kept"));
    put("done", "check", kept, " ", say(task.kind === "decision" ? "may-change-team" : "may-change"));
  } else node.replaceChildren();
}

// A question that is not answered here: closed, counted by hand, written down by another, or only shown.
function reading(task, mode) {
  const now = standing(task);
  const draft = mode === "closed" ? box.draft(nameOf(task)) : undefined;
  const told = Boolean(task.revealed && seen.results?.task === task.id); // the result names every option
  const model = JSON.stringify([mode, now?.answer, draft, seen.recorder, told]);
  if (shown.get("watched") === model) return;
  shown.set("watched", model);
  const made = [];
  if (told && now && typeof now.answer !== "string" && task.kind !== "decision") made.push(...yours(task, now.answer));
  else if (told && now && task.options.length) made.push(...yours(task, now.answer.option ?? now.answer));
  else if (task.options.length && !told) made.push(optionsRead(task, now?.answer));
  else if (typeof now?.answer === "string") made.push(make("blockquote", "as-typed", now.answer));
  if (task.kind === "decision" && now) made.push(...decided(now.answer));
  if (mode === "hands") made.push(make("p", "", say("hands")));
  if (mode === "no-team") made.push(make("p", "", say("fault-no-team")));
  if (mode === "watch") {
    const words = make("p", "fault");
    words.setAttribute("role", "alert");
    made.push(
      make("p", "", say("watching")),
      words,
      button("button", say("take-over"), async () => {
        const wrong = await post("recorder", {});
        words.replaceChildren(...(wrong ? [sign("x"), " ", wrong] : []));
      }),
    );
  }
  if (draft !== undefined && !same(draft, now?.answer)) made.push(unsent(task, draft));
  asking.body.replaceChildren(...made);
}

const whose = (task) => (task.kind === "decision" ? "your-team" : "your-answer");

const yours = (task, answer) => [make("p", "", make("b", "", say(whose(task)))), make("blockquote", "as-typed", inWords(task, answer))];

function optionsRead(task, answer) {
  const ids = typeof answer === "string" ? [answer] : Array.isArray(answer) ? answer : answer?.option ? [answer.option] : [];
  const order = task.kind === "ordering" && ids.length;
  const list = make(order ? "ol" : "ul", "options-read");
  if (tongue) list.lang = tongue;
  const options = order ? ids.map((id) => task.options.find((one) => one.id === id)).filter(Boolean) : task.options;
  for (const option of options) {
    const mine = !order && ids.includes(option.id);
    list.append(make("li", mine ? "chosen" : "", ...line(option.text), ...(mine ? [" ", own(make("span", "tag", say(whose(task))))] : [])));
  }
  return list;
}

function decided({ reason, owner }) {
  return [["why", reason], ["who", owner]].filter(([, words]) => words).map(([name, words]) => make("p", "as-typed", make("b", "", `${say(name)}: `), words));
}

function unsent(task, draft) {
  return make("div", "unsent", make("p", "", say("unsent")), make("blockquote", "as-typed", inWords(task, draft)));
}

function inWords(task, answer) {
  const name = (id) => task?.options.find((one) => one.id === id)?.text ?? id;
  if (typeof answer === "string") return task?.options.length ? name(answer) : answer;
  if (Array.isArray(answer)) return answer.map((id, place) => (task?.kind === "ordering" ? `${place + 1}. ${name(id)}` : name(id))).join("\n");
  return [answer?.option && name(answer.option), answer?.reason, answer?.owner].filter(Boolean).join("\n");
}

function others(task) {
  const rest = seen.tasks.filter((one) => one.id !== task?.id).reverse();
  const model = rest.map((one) => [one.id, one.text, one.open, one.yours, standing(one) !== null]);
  const had = at("others").contains(document.activeElement);
  const anew = part("others", model, () => (rest.length ? [make("h3", "", say("others")), make("ul", "", ...rest.map(other))] : []));
  at("others").hidden = !rest.length;
  if (anew && had) at("question-text")?.focus();
}

function other(task) {
  const answers = task.yours && task.kind !== "hands";
  const word = answers && standing(task) ? "is-answered" : !task.open ? "is-closed" : answers ? "is-open" : "";
  const link = button("other", "", () => show(task.id));
  link.append(told("span", "what", task.text), ...(word ? [make("span", "hint", say(word))] : []));
  return make("li", "", link);
}

// What did not count and has no form any more to go back to.
function notCounted() {
  const rows = box.back().filter(({ content }) => {
    const task = content.task && seen.tasks.find((one) => one.id === content.task);
    return !(task && task.id === asking?.task.id && asking.mode === "form" && task.round === content.round);
  });
  part("back", rows.map((one) => one.id), () => rows.map((row) => {
    const task = seen.tasks.find((one) => one.id === row.content.task);
    const body = make("div", "body", make("h2", "", sign("info"), " ", say("back")), make("p", "", row.words));
    if (row.asked) body.append(make("p", "", say("back-question", { words: row.asked })));
    body.append(make("p", "", say("back-yours")), make("blockquote", "as-typed", row.content.words ?? inWords(task, row.content.answer)));
    body.append(button("button", say("put-away"), () => { box.putAway(row.id); main.focus(); }));
    const notice = make("section", "notice warn", body);
    notice.setAttribute("role", "alert");
    return notice;
  }));
}

// --- looking back -------------------------------------------------------------------------------------------------------

function debrief() {
  const now = seen.front?.kind === "debrief" ? seen.front.id : "";
  part("debrief-list", [seen.debrief, now], () => seen.debrief.map((one) => {
    const made = make("li", one.id === now ? "now" : "", ...line(one.text));
    if (one.id === now) made.setAttribute("aria-current", "true");
    return made;
  }));
  at("debrief").hidden = !(inside() && seen.debrief.length);
  at("wash").hidden = !looksBack();
}

function wash() {
  const form = at("wash").querySelector("form");
  const thanks = at("thanks");
  for (const name of THOUGHTS) {
    const field = at(name);
    const draft = box.draft(`wash ${name}`);
    if (draft && !field.value) field.value = draft;
    field.addEventListener("input", () => {
      box.write(`wash ${name}`, field.value || undefined);
      thought(field, "");
      thanks.replaceChildren();
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const written = THOUGHTS.map(at).filter((field) => field.value.trim());
    const long = written.filter((field) => [...field.value.trim()].length > Number(field.dataset.longest));
    for (const field of THOUGHTS.map(at)) thought(field, "");
    for (const field of long) {
      thought(field, say("too-many-signs", { n: [...field.value.trim()].length - Number(field.dataset.longest) }));
    }
    if (!written.length) thought(at(THOUGHTS[0]), say("write-first"));
    const first = long[0] ?? (written.length ? null : at(THOUGHTS[0]));
    for (const field of written.filter((one) => !long.includes(one))) {
      box.put({ about: field.name, words: field.value.trim() }, labelOf(field));
      box.write(`wash ${field.name}`, undefined);
      field.value = "";
    }
    if (first) first.focus();
    else setTimeout(() => thanks.replaceChildren(sign("check"), " ", say(box.waiting().length ? "thanks-waits" : "thanks")), 400);
  });
}

const labelOf = (field) => field.labels[0]?.firstChild.textContent.trim() ?? "";

function thought(field, words) {
  at(`${field.id}-fault`).replaceChildren(...(words ? [sign("x"), " ", words] : []));
  if (words) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

// --- the band, and what is told -----------------------------------------------------------------------------------------

let bandTimer = 0;
function band() {
  const waits = box.waiting();
  const since = waits.length ? Math.min(...waits.map((one) => one.since)) : 0;
  const late = waits.length > 0 && (Date.now() - since > LATE || box.stuck() === "door");
  clearTimeout(bandTimer);
  if (waits.length && !late) bandTimer = setTimeout(render, LATE - (Date.now() - since) + 50);
  const node = at("band");
  if (late) {
    const head = count("band", waits.length);
    const words = box.stuck() === "door" ? say("band-door") : say("band-network", { time: time(lostAt || since) });
    const [heading, text] = [node.querySelector("h2"), node.querySelector("p")];
    if (heading.textContent !== head) heading.textContent = head;
    if (text.textContent !== words) text.textContent = words;
  }
  node.hidden = !late;
}

function news(before) {
  if (!before) return;
  const known = new Map(before.released.map((one) => [one.id, latest(one)]));
  const fresh = seen.released.filter((one) => known.get(one.id) !== latest(one));
  const was = new Map(before.tasks.map((one) => [one.id, one]));
  const opened = seen.tasks.find((one) => one.open && one.yours && !(was.get(one.id)?.open && was.get(one.id).round === one.round));
  const closed = seen.tasks.some((one) => !one.open && was.get(one.id)?.open);
  const revealed = seen.tasks.some((one) => one.revealed && !was.get(one.id)?.revealed);
  const words = [];
  if (before.phase !== seen.phase && ["paused", "running", "ended"].includes(seen.phase)) words.push(say(seen.phase));
  if (fresh.length) words.push(say("news-message", { words: fresh.at(-1).title || fresh.at(-1).text }));
  if (opened) words.push(say("news-question", { words: opened.text }));
  if (revealed) words.push(say("news-results"));
  else if (closed) words.push(say("news-closed"));
  if (words.length) tell(words.join(" "));
}

// What moved last stands first on a narrow screen; what has the focus is never moved.
function order() {
  const after = at("after");
  if (!after.contains(document.activeElement)) {
    const first = looksBack() && !(seen.front?.kind === "task" && seen.task?.open);
    if (first && after.nextElementSibling !== at("columns")) at("columns").before(after);
    if (!first && after.previousElementSibling !== at("columns")) at("columns").after(after);
  }
  const [one, other] = [at("asked"), at("sent")];
  if (busy()) return;
  const messageFirst = seen.front?.kind === "inject" || !seen.tasks.length;
  const [first, second] = messageFirst ? [other, one] : [one, other];
  if (first.nextElementSibling === second) return;
  if (second.contains(document.activeElement)) second.before(first);
  else first.after(second);
}

function render() {
  if (!seen) return;
  head();
  stand();
  seat();
  sent();
  asked();
  notCounted();
  debrief();
  order();
  band();
  at("columns").classList.toggle("both", Boolean(seen.tasks.length && seen.released.length));
}

// --- begin ----------------------------------------------------------------------------------------------------------------

at("band").querySelector("button").addEventListener("click", () => { box.drain(); run.look?.(); });
addEventListener("pagehide", keepDraft);
wash();
Object.assign(run, follow(`/runs/${runId}`, {
  as: "player",
  show(snapshot) {
    const before = seen;
    if (!before) early = typedEarly();
    seen = snapshot;
    render();
    news(before);
    if (over()) box.clear();
  },
  tell(word) {
    const was = net;
    net = word;
    if (word === "lost" && was !== "lost") lostAt = Date.now();
    if (word === "connected") lostAt = 0;
    network();
    if (word === "connected" && box.waiting().length) box.drain();
    render();
  },
}));
box.drain();
