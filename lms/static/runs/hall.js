// The clock, who is here and has answered, who waits for a nod, and what was done so far.

import { count, say, sign } from "../desk/words.js";
import { at, button, elapsed, keyed, listed, make, planned, played, short, write } from "./parts.js";
import { audience } from "./sheet.js";

const MOST_SLOW = 6;
const time = (text) => new Date(text).getTime();
const named = (player) => player.name || say("no-name");

// --- the clock -----------------------------------------------------------------------------------------------------

export function clock(run, now) {
  const { plan } = run;
  const done = elapsed(plan, now);
  write(at("clock"), played(done));
  const [tone, words] = pace(run, done);
  const line = at("pace");
  if (line.dataset.words !== words) {
    line.dataset.words = words;
    line.className = `pace ${tone}`;
    line.replaceChildren(sign(tone === "good" ? "good" : run.phase === "paused" ? "pause" : "clock"), make("span", "", words));
  }
  const what = run.next && run.front?.kind !== "debrief" ? "next-planned" : run.debrief.length && run.front?.kind !== "debrief" ? "debrief-planned" : "end-planned";
  write(at("planned"), run.phase === "ended" ? "" : say(what, { at: planned(plan.next_minute) }));
}

function pace(run, done) {
  const { plan, phase } = run;
  if (phase === "lobby") return ["still", say("not-begun")];
  if (phase === "ended") return ["still", say("ended")];
  const behind = done - plan.next_minute * 60_000;
  const ahead = plan.last_minute * 60_000 - done;
  const before = phase === "paused" ? `${say("paused")}. ` : "";
  if (behind >= 60_000) return ["late", before + say("behind", { time: played(behind) })];
  if (ahead >= 60_000) return ["late", before + say("ahead", { time: played(ahead) })];
  return [phase === "paused" ? "late" : "good", before + say("on-plan")];
}

// --- people --------------------------------------------------------------------------------------------------------

export function people(run, deeds) {
  const inside = run.players.filter((one) => one.admission === "in");
  const here = inside.filter((one) => one.here).length;
  const away = inside.length - here;
  const said = say(away ? "here-and-away" : "here", { n: here, away });
  write(at("present"), run.phase === "ended" ? "" : inside.length ? said : say("nobody-yet"));
  write(at("how-many"), run.phase === "ended" ? "" : count("players", here));
  nods(run, deeds);
  teams(run, inside);
  slow(run, inside);
  write(at("everybody-words"), say("everybody-count", { n: run.players.length }));
  at("everybody").hidden = !run.players.length || run.phase === "ended";
  keyed(at("people"), run.players, (one) => one.id, (one) => personRow(one, deeds), changePerson);
}

function nods(run, deeds) {
  const waiting = run.players.filter((one) => one.admission === "waiting");
  at("nods").hidden = !run.door.nod_since || run.phase === "ended";
  keyed(at("nod-list"), waiting, (one) => one.id, (one) => {
    const row = make("li", "nod", make("span", "", named(one)));
    row.append(button(say("let-in"), () => { deeds.move({ move: "admit", player: one.id }); at("nod-all").focus(); }, named(one)));
    return row;
  });
}

function teams(run, inside) {
  const sizes = new Map();
  for (const one of inside) if (one.team) sizes.set(one.team, [...(sizes.get(one.team) ?? []), one]);
  at("teams").hidden = !sizes.size || run.phase === "ended";
  const rows = [...sizes].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  keyed(at("team-rows"), rows, ([team]) => team, ([team]) => {
    const head = make("th", "", say(`team-${team}`));
    head.scope = "row";
    return make("tr", "", head, make("td"), make("td"));
  }, (row, [, members]) => {
    const asked = run.task?.kind !== "hands" && members.some((one) => one.asked);
    write(row.children[1], String(members.filter((one) => one.here).length));
    write(row.children[2], asked ? String(members.filter((one) => one.answered).length) : "–");
  });
}

function slow(run, inside) {
  const left = run.task?.open ? inside.filter((one) => one.asked && one.here && !one.answered) : [];
  const named_ = left.map((one) => (one.name ? short(one.name) : "")).filter(Boolean);
  const shown = named_.slice(0, MOST_SLOW);
  const rest = left.length - shown.length;
  if (rest && shown.length) shown.push(say("and-more", { n: rest }));
  const before = left.length < inside.length && shown.length;
  write(at("slow"), before && run.task.kind !== "decision" ? say("slow", { names: listed(shown) }) : "");
}

function personRow(player, deeds) {
  const open = button("", () => deeds.person(player.id));
  open.classList.add("person");
  open.append(make("span", "person-name"), make("small", "person-more"));
  return make("li", "", open);
}

function changePerson(row, one) {
  const [name, more] = [row.querySelector(".person-name"), row.querySelector(".person-more")];
  write(name, named(one));
  const facts = [
    one.profession && say(`profession-${one.profession}`),
    one.team && say(`team-${one.team}`),
    one.role && say(`role-${one.role}`),
    one.admission === "removed" ? say("out") : one.admission === "in" && !one.here ? say("away") : "",
    one.asked && one.answered ? say("has-answered") : "",
  ];
  write(more, facts.filter(Boolean).join(", "));
  row.classList.toggle("away", !one.here);
}

// --- what was done -------------------------------------------------------------------------------------------------

export function line(run, deeds) {
  const moments = [];
  const { plan } = run;
  if (plan.started_at) moments.push({ key: "began", at: plan.started_at, words: say("line-began"), by: "" });
  for (const one of plan.pauses) moments.push({ key: `pause ${one.since}`, at: one.since, words: say("line-paused"), by: "" });
  if (plan.ended_at) moments.push({ key: "ended", at: plan.ended_at, words: say("line-ended"), by: "" });
  for (const one of run.notes) moments.push({ key: `note ${one.id}`, at: one.at, words: say("line-note", { text: one.text }), by: one.by });
  run.sent.forEach((one, n) => {
    const to = audience(one.to, one.teams, run);
    const title = one.improvised ? one.text : one.title;
    const words = one.improvised ? say("line-own", { text: one.text, to }) : say("line-sent", { title, to });
    const back = one.taken_back === null && run.phase !== "ended" ? { inject: one.id, ...(one.to === "all" || one.teams ? {} : { to: one.to }) } : null;
    moments.push({ key: `sent ${n}`, at: one.at, words, by: one.by, back, title });
    if (one.taken_back) moments.push({ key: `back ${n}`, at: one.taken_back, words: say("line-back", { title }), by: "" });
  });
  moments.sort((a, b) => time(b.at) - time(a.at));
  keyed(at("line"), moments, (one) => one.key, (one) => momentRow(one, run, deeds), (row, one) => {
    const back = row.querySelector("button");
    if (back && !one.back) {
      const had = back === document.activeElement;
      back.remove();
      if (had) at("to-note").focus();
    }
  });
}

function momentRow(one, run, deeds) {
  const when = played(elapsed(run.plan, time(one.at)));
  const row = make("li", "", make("p", "small soft", one.by ? say("by", { minute: when, name: one.by }) : when), make("p", "said-then", one.words));
  if (one.back) row.append(button(say("take-back"), () => deeds.move({ move: "take-back", ...one.back }), one.title));
  return row;
}
