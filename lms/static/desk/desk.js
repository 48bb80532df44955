// The check-in desk: a paired device that writes every scan down before it answers, and sends when it can.

import { clock, current, dayOf, greeting, isNow, moment } from "./clock.js";
import { hashed, isBadge, isCode, newId, short, typed } from "./codes.js";
import { byBadge, byCode, byKey, hereSince, keyOf, search, standing } from "./list.js";
import * as panel from "./panel.js";
import * as scanner from "./scanner.js";
import * as side from "./side.js";
import * as store from "./store.js";
import { drain, fetchList, pair } from "./talking.js";
import { count, say } from "./words.js";

const POLL = 15_000;
const FRESH = 5_000; // a list is not fetched more often than this because of scans
const LATE = 3_000;
const SOON = 2_000;
const LATEST = 60_000;
const LOOK_AGAIN = 1_500;
const IDLE = 5_000;
const AFTER = 12 * 3600 * 1000;
const READER = "/static/desk/vendor/jsQR.js";
const CAMERA = "lms-desk-camera";

const at = (id) => document.getElementById(id);
const main = at("main");
const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const slug = main.dataset.slug || /^\/events\/([^/]+)\/desk/.exec(location.pathname)?.[1] || "";

let desk = null;
let list = null; // as the server gave it
let now = null; // as it stands with the scans that wait here
let rows = [];
let net = { ok: false, how: "" }; // nothing is known before the first answer
let stuck = "ok"; // how the last try to send went
let mode = "came";
let camera = false;
let trouble = "";
let wait = SOON;
let sendTimer = 0;
let polledAt = 0;
let idleTimer = 0;
let turn = Promise.resolve();

// --- what this device is ----------------------------------------------------------------------------------------

async function load() {
  const mine = (await store.desks()).filter((one) => !slug || one.event.slug === slug);
  mine.sort((a, b) => Boolean(a.revoked) - Boolean(b.revoked) || b.pairedAt - a.pairedAt);
  desk = mine[0] ?? null;
  if (!desk) return;
  rows = (await store.waiting()).filter((row) => row.desk === desk.id);
  list = (await store.list(desk.id))?.content ?? null;
  now = list ? standing(list, rows) : null;
}

function halfDay() {
  if (!list) return null;
  const auto = current(list.half_days, moment(desk));
  const chosen = desk.chosen?.auto === auto?.id ? list.half_days.find((one) => one.id === desk.chosen.id) : null;
  return chosen ?? auto;
}

function over() {
  if (!list || rows.length) return false;
  const ends = Math.max(desk.pairedAt + desk.skew, ...list.half_days.map((one) => Number(new Date(one.ends_at))));
  return Number(moment(desk)) > ends + AFTER;
}

// What whoever stands at the desk has to know before the next scan.
function hindrance(day) {
  if (!list) return say("no-list");
  if (!day) return say("no-half-days");
  if (!isNow(day, moment(desk))) return say("not-now", { date: dayOf(day.starts_at, desk.event.zone) });
  return trouble && say(trouble);
}

// The band is there when something waits that should have gone.
function band() {
  const late = rows.some((row) => Date.now() - new Date(row.mark.at) > LATE);
  side.band(late || !net.ok || stuck !== "ok" ? rows.length : 0, stuck);
}

async function draw() {
  await load();
  if (!desk) return;
  if (desk.revoked) {
    if (!rows.length && desk.token) await store.revoke(desk.id);
    showEnded("revoked", rows.length ? `${count("here", rows.length)} ${say("revoked-waits")}` : say("revoked-more"));
    return;
  }
  const day = halfDay();
  side.head(desk, list, day, net);
  band();
  side.ready(mode, camera, net, hindrance(day));
  at("side").hidden = !day;
  at("ready-ways").hidden = camera || !scanner.possible();
  at("eye").classList.toggle("on", camera);
  at("camera-off").hidden = !camera;
  main.classList.toggle("leaving", mode === "left");
  side.notTaken((await store.refused()).filter((one) => one.desk === desk.id));
  if (!list || !day) return;
  side.tally(desk, now, day, net.ok || !net.how);
  side.halfDays(list, desk.chosen?.id === day.id ? day.id : "", current(list.half_days, moment(desk)), desk.event.zone);
  at("desk-words").textContent = `${say("desk", { name: desk.name })} ${count("here", rows.length)}`;
}

// --- sending and fetching ----------------------------------------------------------------------------------------

function heard(how) {
  net = { ok: how === "ok" || how === "revoked", how };
}

async function poll() {
  if (!desk || desk.revoked) return;
  polledAt = Date.now();
  heard(await fetchList(desk));
  await draw();
  if (desk && !desk.revoked && over()) await finish();
}

async function send() {
  clearTimeout(sendTimer);
  if (!(await store.waiting()).length) return;
  const how = await drain();
  if (how !== "busy") stuck = how;
  if (how === "ok") {
    wait = SOON;
    if (!net.ok || Date.now() - polledAt > FRESH) await poll();
  } else {
    if (how === "network") heard(how);
    sendTimer = setTimeout(send, wait);
    wait = Math.min(wait * 2, LATEST);
  }
  await draw();
}

function hurry() {
  wait = SOON;
  send();
  poll();
}

// --- writing down -------------------------------------------------------------------------------------------------

// One after the other, each with what other tabs wrote meanwhile.
const inTurn = (deed) => (turn = turn.then(load).then(deed).catch(notKept));

function notKept(problem) {
  console.info(problem);
  panel.answer({ tone: "bad", mark: "bad", what: say("not-kept"), line: say("not-kept-line"), more: say("not-kept-more") });
}

// One scan, on the disk when this is done. `here` is since when someone is here after it, null where they are not;
// without it nothing changes. `before` is what it was, for taking it back.
async function write({ who, name, kind, whose, here, before, day, canUndo = true, ...rest }) {
  const mark = { id: newId(), half_day: day, kind, at: new Date().toISOString(), ...whose, ...rest };
  const row = { desk: desk.id, deskName: desk.name, who, name, here, mark };
  const known = whose.person ? { person: { id: whose.person.id, name } } : whose; // the whole name leaves with the scan
  const last = canUndo ? { id: mark.id, who, name, kind, whose: known, day, changed: here !== undefined, before } : null;
  await store.add(row, last);
  await load();
}

const wrote = () => { draw(); send(); };

async function checkIn(someone) {
  const day = halfDay();
  const { zone } = desk.event;
  const when = moment(desk);
  const since = hereSince(someone, day.id);
  const whose = someone.badge ? { badge: someone.badge } : { person: { id: someone.id, name: someone.name } };
  const common = { who: keyOf(someone), name: someone.name, whose, day: day.id };
  if (mode === "left") {
    await write({ ...common, kind: "left", here: since ? null : undefined, before: since });
    panel.answer(
      since
        ? { tone: "good", mark: "left", what: [say("goodbye"), someone.name], line: say("left", { time: clock(when, zone) }) }
        : { tone: "info", mark: "info", what: say("not-seen"), line: say("not-seen-line", { name: someone.name, time: clock(when, zone) }), more: say("not-seen-more") },
    );
    wrote();
    return;
  }
  if (since) {
    await write({ ...common, kind: "came", before: since });
    panel.answer({
      tone: "info", mark: "info", what: [say("already"), say("since", { time: clock(since, zone) })],
      line: already(someone, day.id), more: say("nothing-changed"),
    });
  } else {
    await write({ ...common, kind: "came", here: when.toISOString(), before: null });
    welcome(someone.name, when, day);
  }
  wrote();
}

function already(someone, day) {
  const door = someone.by?.[day];
  if (!door) return say("already-somewhere", { name: someone.name });
  return door === desk.name ? say("already-here", { name: someone.name }) : say("already-at", { name: someone.name, desk: door });
}

function welcome(name, when, day) {
  const { zone } = desk.event;
  panel.answer({
    tone: "good", mark: "good", what: [say(greeting(when, zone)), name], line: say("checked-in", { time: clock(when, zone) }),
    more: say("which", { n: list.half_days.findIndex((one) => one.id === day.id) + 1, all: list.half_days.length }),
  });
}

async function unknown(badge) {
  if (badge) {
    await write({ who: null, name: say("no-name"), kind: mode, whose: { badge }, day: halfDay().id, canUndo: false });
  }
  panel.answer({
    tone: "bad", mark: "bad", what: say("unknown"), line: say(badge ? "unknown-badge" : "unknown-code"),
    more: badge ? say(net.ok ? "unknown-sent" : "unknown-kept") : "",
  });
  wrote();
}

// Someone who is not on the list may have been put on it a moment ago.
async function lookUp(find) {
  if (find(now) || !net.ok) return find(now);
  await Promise.race([poll(), new Promise((resolve) => { setTimeout(resolve, LOOK_AGAIN); })]);
  return find(now);
}

// What was scanned, or typed and sent off.
async function take(text, scanned = false) {
  if (!desk || desk.revoked || !halfDay()) return;
  const code = typed(text);
  if (isBadge(code)) {
    const hash = await hashed(code, desk.salt);
    if (!hash) {
      panel.answer({ tone: "bad", mark: "bad", what: say("unknown"), line: say("unknown-code"), more: at("plain-words").textContent });
      return;
    }
    const someone = await lookUp((known) => byBadge(known, hash));
    await (someone ? checkIn(someone) : unknown(code));
    return;
  }
  if (scanned) {
    panel.answer({ tone: "bad", mark: "bad", what: say("no-badge"), line: say("no-badge-line") });
    return;
  }
  const known = isCode(code) && byCode(now, code);
  if (known) {
    await checkIn(known);
    return;
  }
  const found = search(now, text) ?? [];
  if (found.length > 1) return;
  if (found.length === 1) {
    await checkIn(found[0]);
    return;
  }
  const someone = isCode(code) ? await lookUp((known) => byCode(known, code)) : null;
  await (someone ? checkIn(someone) : unknown(""));
}

async function walkIn(name) {
  const day = halfDay();
  const when = moment(desk);
  const id = newId();
  await write({
    who: id, name: short(name), kind: "came", whose: { person: { id, name } }, day: day.id,
    here: when.toISOString(), before: null,
  });
  welcome(short(name), when, day);
  wrote();
}

async function undo() {
  const { last } = desk;
  if (!last) {
    panel.answer({ tone: "plain", mark: "undo", what: say("nothing-to-undo"), line: say("nothing-to-undo-line") });
    return;
  }
  await write({
    who: last.who, name: last.name, kind: "undo", whose: last.whose, day: last.day, canUndo: false, of: last.id,
    reason: say("undo-reason"), here: last.changed ? last.before : undefined,
  });
  const someone = byKey(now, last.who);
  const since = someone && hereSince(someone, last.day);
  panel.answer({
    tone: "plain", mark: "undo", what: say("undone"),
    line: since
      ? say(last.kind === "left" ? "undone-left" : "undone-still", { name: last.name, time: clock(since, desk.event.zone) })
      : say("undone-line", { name: last.name }),
  });
  wrote();
}

// --- typing -------------------------------------------------------------------------------------------------------

function forget() {
  clearTimeout(idleTimer);
  at("found").hidden = true;
  at("found").replaceChildren();
  at("found-words").textContent = "";
}

function suggest() {
  forget();
  const text = at("typed").value;
  const found = now && !(isCode(typed(text)) && byCode(now, typed(text))) ? search(now, text) : null;
  if (!found) return;
  idleTimer = setTimeout(forget, IDLE);
  at("found-words").textContent =
    found.length > 1 ? say("found-many", { n: found.length }) : say(found.length ? "found-one" : "found-none");
  const twins = (one) => found.filter((other) => other.name === one.name).length > 1 && one.code;
  at("found").hidden = !found.length;
  at("found").replaceChildren(
    ...found.map((one) => {
      const button = document.createElement("button");
      button.type = "button";
      const name = document.createElement("bdi");
      name.textContent = one.name;
      button.append(name);
      if (twins(one)) {
        const code = document.createElement("small");
        code.textContent = say("begins", { code: one.code.slice(0, 2) });
        button.append(" ", code);
      }
      button.addEventListener("click", () => choose(one));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
}

function choose(someone) {
  at("typed").value = "";
  at("typed").focus();
  forget();
  inTurn(() => checkIn(byKey(now, keyOf(someone)) ?? someone));
}

function wireTyping() {
  at("typed").addEventListener("input", suggest);
  at("typing").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("typed").value;
    if (!text.trim()) return;
    const several = at("found").children.length > 1 && !(isCode(typed(text)) && byCode(now, typed(text)));
    if (several) {
      at("found").querySelector("button").focus();
      return;
    }
    at("typed").value = "";
    forget();
    inTurn(() => take(text));
  });
  at("typing").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      at("typed").value = "";
      at("typed").focus();
      forget();
    }
    const ways = { ArrowDown: 1, ArrowUp: -1 };
    const stops = [at("typed"), ...at("found").querySelectorAll("button")];
    if (!ways[event.key] || stops.length === 1) return;
    event.preventDefault();
    stops[(stops.indexOf(document.activeElement) + ways[event.key] + stops.length) % stops.length].focus();
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => { at("typed").focus(); forget(); }, IDLE);
  });
  // A scanner that types may begin while something else has the focus: what it types belongs into the field.
  document.addEventListener("keydown", (event) => {
    const elsewhere = event.target.closest?.("input:not([type=radio]), select, textarea, dialog");
    if (elsewhere || at("side").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length === 1 && event.key !== " ") at("typed").focus();
  });
}

// --- buttons and boxes ------------------------------------------------------------------------------------------------

async function startCamera() {
  trouble = "camera-starts";
  await draw();
  const problem = await scanner.start(at("video"), READER, (text) => inTurn(() => take(text, true)));
  camera = !problem;
  trouble = problem && `camera-${problem}`;
  at("video").hidden = !camera;
  localStorage.setItem(CAMERA, camera ? "on" : "off");
  await draw();
}

async function stopCamera() {
  scanner.stop(at("video"));
  camera = false;
  at("video").hidden = true;
  localStorage.setItem(CAMERA, "off");
  await draw();
}

function wire() {
  wireTyping();
  at("walk-in").addEventListener("click", () => at("walk-in-box").showModal());
  at("walk-in-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = at("walk-in-name").value.trim().replace(/\s+/g, " ");
    if (!name) return;
    at("walk-in-box").close();
    inTurn(() => walkIn(name));
  });
  at("walk-in-box").addEventListener("close", () => { at("walk-in-name").value = ""; });
  at("undo").addEventListener("click", () => inTurn(undo));
  at("settings").addEventListener("click", () => at("settings-box").showModal());
  at("half-day").addEventListener("change", async (event) => {
    const auto = current(list.half_days, moment(desk));
    await store.noteDesk(desk.id, { chosen: event.target.value ? { id: event.target.value, auto: auto.id } : null });
    await draw();
  });
  for (const radio of document.querySelectorAll("[name=kind]")) {
    radio.addEventListener("change", () => { mode = radio.value; draw(); });
  }
  at("camera").addEventListener("click", startCamera);
  at("camera-off").addEventListener("click", stopCamera);
  at("end").addEventListener("click", () => {
    at("end-words").textContent = rows.length ? `${count("here", rows.length)} ${say("end-waits")}` : say("end-words");
    at("end-really").hidden = rows.length > 0;
    at("settings-box").close();
    at("end-box").showModal();
  });
  at("end-really").addEventListener("click", () => { at("end-box").close(); finish(); });
  at("not-taken").addEventListener("click", showNotTaken);
  at("not-taken-seen").addEventListener("click", async () => {
    await store.seen((await store.refused()).map((one) => one.id));
    at("not-taken-box").close();
    await draw();
  });
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  at("pair-here").addEventListener("submit", (event) => {
    event.preventDefault();
    become(`/events/${slug}/desk`, { name: at("pair-name").value }, csrf);
  });
  at("pair-code").addEventListener("submit", (event) => {
    event.preventDefault();
    become("/kiosk/pair", { code: typed(at("code").value) }, "");
  });
}

async function showNotTaken() {
  const refused = (await store.refused()).filter((one) => one.desk === desk.id);
  at("not-taken-list").replaceChildren(
    ...refused.map((one) => {
      const item = document.createElement("li");
      const name = document.createElement("b");
      name.textContent = one.name;
      item.append(name, ` ${clock(new Date(one.at).getTime() + desk.skew, desk.event.zone)}. ${one.words}`);
      return item;
    }),
  );
  at("not-taken-box").showModal();
}

// --- pairing and ending -------------------------------------------------------------------------------------------------

async function become(path, said, token) {
  at("pair-fault").textContent = "";
  const got = await pair(path, said, token);
  if (!got.desk) {
    const signedOut = got.status === 401 || got.status === 400;
    at("pair-fault").textContent = got.words && !signedOut ? got.words : say(signedOut ? "pair-signed-out" : "pair-no-network");
    return;
  }
  try {
    for (const one of await store.desks()) if (one.revoked) await store.erase(one.id);
    await store.keepDesk(got.desk);
  } catch {
    at("pair-fault").textContent = say("pair-no-room");
    return;
  }
  navigator.storage?.persist?.();
  await begin();
}

function showPairing() {
  at("side").hidden = true;
  at("ready").hidden = true;
  at("pairing").hidden = false;
  at("beginning").hidden = true;
  at("pair-here").hidden = !csrf;
  at("pair-code").hidden = Boolean(csrf);
  at("pair-sign-in").hidden = Boolean(csrf);
  if (slug) at("pair-sign-in").firstElementChild.search = `?next=/events/${slug}/desk`;
}

function showEnded(name, more) {
  panel.rest();
  if (camera) stopCamera();
  for (const box of document.querySelectorAll("dialog[open]")) box.close();
  showPairing();
  at("net").replaceChildren();
  delete at("net").dataset.words;
  at("clock").textContent = "";
  at("waits").hidden = true;
  mode = "came";
  main.classList.remove("leaving");
  document.querySelector("[name=kind][value=came]").checked = true;
  at("ended").hidden = false;
  at("ended-what").textContent = say(name);
  at("ended-more").textContent = more;
}

async function finish() {
  const ended = desk;
  await store.erase(ended.id);
  if ((await store.desks()).some((one) => one.id === ended.id)) return;
  desk = list = now = null;
  showEnded("ended", say("ended-more"));
  if ((await store.desks()).length) return;
  localStorage.removeItem(CAMERA);
  for (const one of (await navigator.serviceWorker?.getRegistrations()) ?? []) await one.unregister();
  for (const name of (await globalThis.caches?.keys()) ?? []) if (name.startsWith("desk ")) await caches.delete(name);
}

// --- a worker, so that the page opens without the network ---------------------------------------------------------------

async function work() {
  for (const scope of ["/kiosk", `/events/${desk.event.slug}/desk`]) {
    await navigator.serviceWorker?.register("/desk-worker.js", { scope, updateViaCache: "none" }).catch(() => {});
  }
}

let worked = Boolean(navigator.serviceWorker?.controller);
navigator.serviceWorker?.addEventListener("controllerchange", () => {
  if (worked) renew();
  worked = true;
});

// A new version of the page is taken between two people; what waits is on the disk.
function renew() {
  const used = panel.busy() || at("typed").value || document.querySelector("dialog[open]");
  if (used) setTimeout(renew, 1000);
  else location.reload();
}

async function stayAwake() {
  if (!document.hidden) await navigator.wakeLock?.request("screen").catch(() => {});
}

// Where there is a keyboard, one may type at once; a tablet's own keyboard would cover half of the page.
function takeFocus() {
  if (matchMedia("(pointer: fine)").matches) at("typed").focus();
}

// --- begin ----------------------------------------------------------------------------------------------------------------

async function begin() {
  await load();
  if (!desk) {
    showPairing();
    return;
  }
  if (desk.revoked) {
    await draw();
    send();
    return;
  }
  at("pairing").hidden = true;
  at("ended").hidden = true;
  at("plain").hidden = globalThis.isSecureContext;
  at("plain-words").textContent = globalThis.isSecureContext ? "" : say("plain-http");
  panel.rest();
  await draw();
  work();
  stayAwake();
  const known = Boolean(list);
  if (known) takeFocus();
  await poll();
  if (!known) takeFocus();
  send();
  if (localStorage.getItem(CAMERA) === "on" && !camera && desk && !desk.revoked) startCamera();
}

wire();
try {
  await begin();
} catch {
  showPairing();
  at("pair-fault").textContent = say("pair-no-room");
}
addEventListener("online", hurry);
addEventListener("offline", () => { heard("network"); draw(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { hurry(); stayAwake(); } });
setInterval(() => { if (!document.hidden) poll(); }, POLL);
setInterval(() => {
  if (!desk || desk.revoked || at("side").hidden) return;
  side.head(desk, list, halfDay(), net);
  band();
}, 1000);
setInterval(async () => { (await navigator.serviceWorker?.getRegistrations())?.forEach((one) => one.update().catch(() => {})); }, 600_000);
