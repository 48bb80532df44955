// What a question came to, as bars that are cells of a table, or as a list where people wrote.
//
//   results(task, results, say, { byProfession, brief }) -> element
//     task      the snapshot's `task`; results: its `results`, revealed or, on a console, not yet
//     say       what the page says: say(name, values); the page has the words of templates/exercises/results_words.html
//     byProfession   with a column for each group that the results hold
//     brief     without what teams wrote with their decisions, as a big screen shows it

import { line } from "./prose.js";

const SVG = "http://www.w3.org/2000/svg";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MANY = 3; // columns that fit beside each other on a narrow page
const lettered = new Set(["poll-single", "poll-multiple", "hands", "decision"]);

function make(tag, name = "", ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

function cell(tag, scope, name, ...inside) {
  const made = make(tag, name, ...inside);
  if (scope) made.scope = scope;
  return made;
}

function bar(perCent) {
  const svg = document.createElementNS(SVG, "svg");
  const full = document.createElementNS(SVG, "rect");
  svg.setAttribute("class", "bar");
  svg.setAttribute("aria-hidden", "true");
  full.setAttribute("height", "100%");
  full.setAttribute("width", `${Math.max(0, Math.min(100, perCent))}%`);
  svg.append(full);
  return svg;
}

export const letter = (task, id) =>
  lettered.has(task.kind) ? LETTERS[task.options.findIndex((one) => one.id === id)] ?? "" : "";

const inWords = (number) =>
  number === null ? "–" : new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 }).format(number);

const listed = (names) => new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);

function label(task, option) {
  const sign = letter(task, option.id);
  const words = make("span", "label", ...line(option.text));
  return sign ? [make("span", "letter", sign), words] : [words];
}

function caption(task) {
  return make("caption", "unseen", task.text);
}

// Of how many, on which ways, and what the middle is.
function among(tally, say) {
  const people = tally.kind === "decision" ? "of-teams" : "of";
  const all = tally.voted || tally.answered;
  const said = [say(`${people}-${all === 1 ? "one" : "many"}`, { n: all })];
  if (tally.hands && tally.answered) said.push(say("of-hands", { devices: tally.answered, hands: tally.hands }));
  if (tally.mean !== null) said.push(middle(tally, say));
  return said.join(" ");
}

// The same of a column, whose title says of how many.
function beside(tally, say) {
  const said = tally.hands && tally.answered ? [say("of-hands", { devices: tally.answered, hands: tally.hands })] : [];
  if (tally.mean !== null) said.push(middle(tally, say));
  return said.join(" ");
}

const middle = (tally, say) =>
  tally.median === undefined || tally.median === null
    ? say("mean", { mean: inWords(tally.mean) })
    : say("mean-and-median", { mean: inWords(tally.mean), median: inWords(tally.median) });

// One round: the label above its bar, then per cent and number.
function single(task, tally, say, more, brief) {
  const table = make("table", "bars", caption(task));
  const head = make("tr", "", ...["option", "per-cent", "number"].map((name) => cell("th", "col", "", say(name))));
  table.append(make("thead", "unseen", head));
  for (const option of tally.options) {
    const names = more?.(option);
    const whole = cell("th", "rowgroup", "", ...label(task, option), ...(names ? [" ", make("span", "whose", names)] : []));
    whole.colSpan = 3;
    const perCent = make("td", "per-cent", say("so-many-per-cent", { n: option.per_cent }));
    const row = make("tr", "", make("td", "", bar(option.per_cent)), perCent, make("td", "count", String(option.count)));
    table.append(make("tbody", "", make("tr", "", whole), row));
  }
  return brief && !tally.hands && tally.mean === null ? [table] : [table, make("p", "of", among(tally, say))];
}

// Several columns, such as rounds or groups, each with a bar of its own below the label.
function several(task, options, columns) {
  const table = make("table", columns.length > MANY ? "bars side-by-side many" : "bars side-by-side", caption(task));
  const head = make("tr", "", ...columns.map((one) => cell("th", "col", "", make("b", "", one.title), make("span", "among", one.among))));
  table.append(make("thead", "", head));
  for (const option of options) {
    const whole = cell("th", "rowgroup", "", ...label(task, option));
    whole.colSpan = columns.length;
    const cells = columns.map((one) => {
      const found = make("td", "", make("div", "share", ...one.cell(option.id)));
      found.dataset.column = one.title;
      return found;
    });
    table.append(make("tbody", "", make("tr", "", whole), make("tr", "", ...cells)));
  }
  return asTable(table);
}

// On a narrow page its cells stand one below the other, and it must still be heard as a table.
function asTable(table) {
  const roles = { table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row", td: "cell" };
  for (const one of [table, ...table.querySelectorAll("thead, tbody, tr, td")]) one.setAttribute("role", roles[one.localName]);
  for (const one of table.querySelectorAll("th")) one.setAttribute("role", one.scope === "col" ? "columnheader" : "rowheader");
  return table;
}

function share(found, say) {
  const option = found ?? { per_cent: 0, count: 0 };
  return [bar(option.per_cent), make("span", "per-cent", say("so-many-per-cent", { n: option.per_cent })), " ", make("span", "count", String(option.count))];
}

function columnOf(title, tally, say) {
  return {
    title: `${title} (${tally.voted || tally.answered})`,
    among: beside(tally, say),
    cell: (id) => share(tally.options.find((one) => one.id === id), say),
  };
}

const nameOf = (group, say) => listed(group.names.map((one) => say(`profession-${one}`)));

function grouped(task, tally, say) {
  const columns = [columnOf(say("everybody"), tally, say)];
  for (const group of tally.groups) columns.push(columnOf(nameOf(group, say), { ...group, kind: tally.kind, voted: group.answered }, say));
  return several(task, tally.options, columns);
}

// Orders: the foremost first, with the place where it stands in the mean.
function ordered(task, tally, say) {
  const size = tally.places.length;
  const table = make("table", "bars places", caption(task));
  const heads = Array.from({ length: size }, (_none, place) => cell("th", "col", "at", say("place", { n: place + 1 })));
  const body = make("tbody");
  for (const one of tally.places) {
    const first = cell("th", "row", "", ...label(task, one), bar(one.mean === null ? 0 : (100 * (size + 1 - one.mean)) / size));
    body.append(make("tr", "", first, make("td", "per-cent", inWords(one.mean)), ...one.at.map((count) => make("td", "at", String(count)))));
  }
  table.append(make("thead", "", make("tr", "", cell("th", "col", "", say("option")), cell("th", "col", "", say("mean-place")), ...heads)), body);
  return table;
}

function orderedBeside(task, places, columns, say) {
  const shown = columns.map(({ title, tally }) => ({
    title: `${title} (${tally.answered})`,
    among: "",
    cell: (id) => {
      const one = tally.places.find((place) => place.id === id);
      const size = tally.places.length;
      const mean = one?.mean ?? null;
      return [bar(mean === null ? 0 : (100 * (size + 1 - mean)) / size), make("span", "per-cent", inWords(mean))];
    },
  }));
  const table = several(task, places, shown);
  return [make("p", "of", say("mean-place")), table];
}

function written(task, rounds, say) {
  return rounds.flatMap((tally) => {
    const list = make("ul", "texts", ...tally.texts.map((text) => make("li", "", text)));
    const said = among({ ...tally, mean: null }, say);
    return [make("p", "of", rounds.length > 1 ? `${say("round", { n: tally.round })}. ${said}` : said), ...(tally.texts.length ? [list] : [])];
  });
}

function decided(task, tally, say) {
  const table = make("table", "decided", make("caption", "unseen", say("decisions")));
  table.append(make("thead", "", make("tr", "", ...["team", "decision", "reason", "owner"].map((name) => cell("th", "col", "", say(name))))));
  const body = make("tbody");
  for (const one of tally.decisions) {
    const option = task.options.find((choice) => choice.id === one.option);
    const texts = [option ? `${letter(task, one.option)}  ${option.text}` : "", one.reason, one.owner];
    body.append(make("tr", "", cell("th", "row", "", teamOf(one, say)), ...texts.map((text) => make("td", "", text))));
  }
  table.append(body);
  return table;
}

const teamOf = (decision, say) => (decision.team ? say(`team-${decision.team}`) : "");

const teamsFor = (tally, say) => (option) =>
  listed(tally.decisions.filter((one) => one.option === option.id && one.team).map((one) => teamOf(one, say)));

function counted(task, rounds, say, byProfession, brief) {
  const last = rounds.at(-1);
  const groups = byProfession && last.groups.length > 0;
  const columns = rounds.map((tally) => columnOf(say("round", { n: tally.round }), tally, say));
  const turns = rounds.length > 1 ? [several(task, last.options, columns)] : [];
  if (groups) return [...turns, grouped(task, last, say)];
  return turns.length ? turns : single(task, last, say, task.kind === "decision" ? teamsFor(last, say) : null, brief);
}

function inOrder(task, rounds, say, byProfession, brief) {
  const last = rounds.at(-1);
  const shown = [];
  if (rounds.length > 1) {
    const columns = rounds.map((tally) => ({ title: say("round", { n: tally.round }), tally }));
    shown.push(...orderedBeside(task, last.places, columns, say));
  }
  if (byProfession && last.groups.length) {
    const groups = last.groups.map((group) => ({ title: nameOf(group, say), tally: { ...group, kind: last.kind, voted: group.answered, mean: null } }));
    shown.push(...orderedBeside(task, last.places, [{ title: say("everybody"), tally: last }, ...groups], say));
  }
  if (shown.length) return shown;
  return brief ? [ordered(task, last, say)] : [ordered(task, last, say), make("p", "of", among(last, say))];
}

export function results(task, { rounds }, say, { byProfession = false, brief = false } = {}) {
  const whole = make("div", "results");
  whole.dataset.kind = task.kind;
  const last = rounds.at(-1);
  if (!last) return whole;
  if (task.kind === "text") whole.append(...written(task, rounds, say));
  else if (task.kind === "ordering") whole.append(...inOrder(task, rounds, say, byProfession, brief));
  else whole.append(...counted(task, rounds, say, byProfession, brief));
  if (task.kind === "decision" && !brief && last.decisions.length) whole.append(decided(task, last, say));
  return whole;
}
