// What stands around the answer: event and clock, the network, what waits, present and missing.

import { called, clock, moment } from "./clock.js";
import { count, say, sign } from "./words.js";

const at = (id) => document.getElementById(id);

export function head(desk, list, halfDay, net) {
  const { zone, title } = desk.event;
  at("where").textContent = halfDay
    ? say("where", { event: title, half_day: called(halfDay, list.half_days, zone) })
    : title;
  at("clock").textContent = clock(moment(desk), zone);
  const time = desk.contact ? clock(desk.contact + desk.skew, zone) : "";
  const words = !net.how ? "" : net.ok ? say("connected") : time ? say(net.how === "server" ? "no-server" : "no-network", { time }) : say("no-contact");
  const line = at("net");
  if (line.dataset.words === words) return;
  line.dataset.words = words;
  line.classList.toggle("gone", !net.ok);
  if (!words) return;
  line.replaceChildren(sign(net.ok ? "connected" : "no-network"), " ", words);
}

export function band(waits, stuck) {
  at("waits").hidden = !waits;
  if (!waits) return;
  at("waits-number").textContent = waits;
  at("waits-what").textContent = say(waits === 1 ? "waits-one" : "waits-many");
  at("waits-more").textContent = say(stuck === "server" ? "waits-server" : "waits-more");
}

export function tally(desk, list, halfDay, fresh) {
  const { here, of } = list.counts[halfDay.id];
  at("here").textContent = here;
  at("missing").textContent = Math.max(0, of - here);
  at("bar").setAttribute("width", `${of ? Math.min(100, (here / of) * 100) : 0}%`);
  at("of").textContent = fresh
    ? say("of", { of })
    : say("of-old", { of, time: desk.contact ? clock(desk.contact + desk.skew, desk.event.zone) : "–" });
}

export function ready(mode, camera, net, hindrance) {
  const scanning = camera || globalThis.isSecureContext;
  const name = scanning ? "scan" : "type";
  at("ready-what").textContent = say(mode === "left" ? `${name}-leaving` : name);
  const more = !net.ok && net.how ? "ready-offline" : camera ? "ready" : globalThis.isSecureContext ? "ready-no-camera" : "";
  at("ready-more").textContent = hindrance || (more && say(more));
}

export function notTaken(refused) {
  const button = at("not-taken");
  button.hidden = !refused.length;
  if (refused.length) button.textContent = count("not-taken", refused.length);
}

export function halfDays(list, chosen, auto, zone) {
  const select = at("half-day");
  const label = (one) => say("half-day", { name: called(one, list.half_days, zone), title: one.title });
  const options = [["", say("auto", { half_day: label(auto) })], ...list.half_days.map((one) => [one.id, label(one)])];
  const words = JSON.stringify(options);
  if (select.dataset.words !== words) {
    select.dataset.words = words;
    select.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  }
  select.value = chosen ?? "";
}
