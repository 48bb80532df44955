// What a list and the scans that wait come to: who is who, who is here, how many. Values in, values out.

import { folded } from "./codes.js";

const MOST = 5;
const FEWEST = 3;

export const keyOf = (someone) => someone.badge ?? someone.id;

// A list with everything this page looks for, whichever version of the server gave it.
export function whole(content) {
  const counts = { ...content.counts };
  const expected = content.people.filter((one) => one.part === "participant").length;
  for (const { id } of content.half_days) counts[id] ??= { here: 0, of: expected };
  const people = content.people.map((one) => ({ ...one, here: one.here ?? {}, by: one.by ?? {} }));
  return { ...content, counts, people };
}

// What a scan does to a list: to the one it is about, and to the counts.
export function apply(content, row) {
  const { half_day: halfDay } = row.mark;
  if (row.here === undefined || !content.counts[halfDay]) return; // a half-day may be gone: the server says so
  let someone = byKey(content, row.who);
  if (!someone && row.mark.person && row.here) {
    someone = { badge: null, code: null, id: row.mark.person.id, name: row.name, part: "participant", here: {}, by: {} };
    content.people.push(someone);
    for (const count of Object.values(content.counts)) count.of += 1;
  }
  if (!someone) return;
  const before = Boolean(someone.here[halfDay]);
  change(someone, halfDay, row);
  if (someone.part === "participant") content.counts[halfDay].here += Boolean(someone.here[halfDay]) - before;
  if (someone.badge !== null || Object.keys(someone.here).length) return;
  content.people.splice(content.people.indexOf(someone), 1); // a walk-in that was taken back
  for (const count of Object.values(content.counts)) count.of -= 1;
}

function change(someone, halfDay, { here, deskName, mark }) {
  if (here) {
    someone.here[halfDay] = here;
    someone.by[halfDay] ??= deskName;
    delete someone.left?.[halfDay];
  } else if (mark.kind === "left") {
    someone.left = { ...someone.left, [halfDay]: mark.at };
  } else {
    delete someone.here[halfDay];
    delete someone.by[halfDay];
  }
}

// The list as it stands when every scan that waits is counted.
export function standing(content, rows) {
  const whole = structuredClone(content);
  for (const row of rows) apply(whole, row);
  return whole;
}

export const byBadge = (list, hash) => list.people.find((one) => one.badge && one.badge === hash) ?? null;
export const byCode = (list, code) => list.people.find((one) => one.code && one.code === code) ?? null;
export const byKey = (list, key) => list.people.find((one) => keyOf(one) === key) ?? null;

// Since when someone is here and has not left.
export const hereSince = (someone, halfDay) =>
  (someone.left?.[halfDay] ? null : someone.here[halfDay]) ?? null;

// At most five whose names begin, in any of their parts, with what was typed.
export function search(list, text) {
  const wanted = folded(text);
  if (wanted.length < FEWEST || /\d/.test(wanted)) return null;
  const found = list.people.filter((one) => {
    const name = folded(one.name);
    return name.startsWith(wanted) || name.split(" ").some((part) => part.startsWith(wanted));
  });
  return found.slice(0, MOST);
}
