// What the parts of the console share: elements, rows that stay where they are, times of play.

export const at = (id) => document.getElementById(id);

export function make(tag, name = "", ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

export function write(node, words) {
  if (node.textContent !== words) node.textContent = words;
}

export function button(words, deed, what = "") {
  const made = make("button", "button", words);
  made.type = "button";
  if (what) made.append(make("span", "unseen", `: ${what}`));
  made.addEventListener("click", deed);
  return made;
}

// Rows by key: what is there stays the same element, so that nothing that has the focus is ever replaced.
export function keyed(list, items, keyOf, create, change) {
  const known = new Map([...list.children].map((row) => [row.dataset.key, row]));
  let before = null;
  for (const item of items) {
    const key = String(keyOf(item));
    let row = known.get(key);
    if (!row) {
      row = create(item);
      row.dataset.key = key;
    }
    known.delete(key);
    const wanted = before ? before.nextSibling : list.firstChild;
    if (row !== wanted) list.insertBefore(row, wanted);
    change?.(row, item);
    before = row;
  }
  for (const row of known.values()) row.remove();
}

// Milliseconds as minutes and seconds of play; an hour and a half is 90:00, as plans count it.
export function played(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}

export const planned = (minute) => played(minute * 60_000);

// How long had been played at a moment, without pauses.
export function elapsed(plan, moment) {
  if (!plan.started_at) return 0;
  const time = (text) => new Date(text).getTime();
  const until = plan.ended_at ? Math.min(moment, time(plan.ended_at)) : moment;
  const paused = plan.pauses.reduce(
    (sum, one) => sum + Math.max(0, Math.min(until, one.until ? time(one.until) : until) - time(one.since)),
    0,
  );
  return Math.max(0, until - time(plan.started_at) - paused);
}

export const listed = (names) =>
  new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);

// The given name with the initial of the family name.
export function short(name) {
  const [first, ...rest] = name.trim().split(/\s+/);
  return rest.length ? `${first} ${[...rest.at(-1)][0]}.` : first;
}
