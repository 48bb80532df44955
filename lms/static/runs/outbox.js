// What a player sends: on this device before anything is said of it, out once, and gone from here only with the
// server's answer. Each thing has an id of its own, so that one that went out twice is one.
//
//   const box = outbox(run, { now, tell })
//     run    the run's id; now: gives the server's time in milliseconds; tell: called when something here changed
//   box.put(content, about)   content: { task, round, answer } or { about, words } of the hot wash; about: what was asked
//   box.waiting()             what has not gone out, the oldest first
//   box.back()                what the server did not take, with its words; box.putAway(id) forgets it
//   box.kept(task, round)     { answer, at } of what it took
//   box.draft(name)           what is being written; box.write(name, value) keeps it, undefined forgets it
//   box.stuck()               why nothing goes out: "", "network", "door" (join again)
//   box.drain()               try now
//   box.clear()               forget all but what waits or came back

const SOON = 1000;
const LATEST = 30_000;
const PATIENCE = 15_000;

// Where nothing may be kept on the device it is kept in this page.
function shelf() {
  try {
    localStorage.setItem("lms-play", "1");
    localStorage.removeItem("lms-play");
    return localStorage;
  } catch {
    const rows = new Map();
    return {
      getItem: (key) => rows.get(key) ?? null,
      setItem: (key, value) => rows.set(key, value),
      removeItem: (key) => rows.delete(key),
      key: (place) => [...rows.keys()][place] ?? null,
      get length() { return rows.size; },
    };
  }
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function outbox(run, { now, tell }) {
  const rows = shelf();
  const all = "lms-play ";
  const mine = `${all}${run} `;
  let tries = 0;
  let timer = 0;
  let trouble = "";
  let sending = null;

  const get = (key) => {
    try {
      return JSON.parse(rows.getItem(mine + key) ?? "null");
    } catch {
      return null;
    }
  };
  const set = (key, value) => rows.setItem(mine + key, JSON.stringify(value));
  const drop = (key) => rows.removeItem(mine + key);
  const keys = (start) =>
    Array.from({ length: rows.length }, (_none, place) => rows.key(place)).filter((key) => key?.startsWith(start));
  const list = (kind) =>
    keys(`${mine}${kind} `).map((key) => get(key.slice(mine.length))).filter(Boolean).sort((a, b) => a.turn - b.turn);

  const waiting = () => list("out");
  const back = () => list("back");

  function put(content, about) {
    const turn = Math.max((get("turn") ?? 0) + 1, Math.floor(now()));
    const row = { id: newId(), turn, since: Date.now(), content, asked: about };
    set("turn", turn);
    set(`out ${row.id}`, row);
    for (const one of waiting()) {
      const same = content.task && one.content.task === content.task && one.content.round === content.round;
      if (same && one.id !== row.id) drop(`out ${one.id}`);
    }
    tell();
    drain();
  }

  // What became of one thing; false where it must be tried again.
  async function send(row) {
    const { content } = row;
    const said = content.task
      ? { id: row.id, task: content.task, round: content.round, answer: content.answer, turn: row.turn }
      : { about: content.about, words: content.words };
    let answer;
    let heard = {};
    try {
      answer = await fetch(`/runs/${run}/${content.task ? "answers" : "thoughts"}`, {
        method: "POST",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout?.(PATIENCE),
        headers: {
          Accept: "application/json",
          "Accept-Language": document.documentElement.lang,
          "Content-Type": "application/json",
        },
        body: JSON.stringify(said),
      });
      heard = (answer.headers.get("Content-Type") ?? "").startsWith("application/json") ? await answer.json() : {};
    } catch {
      trouble = "network";
      return false;
    }
    if (answer.status === 200 && heard.outcome === "stored") {
      if (content.task) set(`kept ${content.task} ${content.round}`, { answer: content.answer, at: now(), seen: Date.now() });
    } else if ((answer.status === 200 && heard.outcome) || (heard.error && [400, 409, 413, 422].includes(answer.status))) {
      set(`back ${row.id}`, { ...row, words: heard.error ?? "", why: heard.why ?? "", field: heard.field ?? "" });
    } else {
      trouble = [401, 404].includes(answer.status) ? "door" : "network";
      return false;
    }
    trouble = "";
    drop(`out ${row.id}`);
    return true;
  }

  async function sendAll() {
    for (;;) {
      const [row] = waiting();
      if (!row) return true;
      if (!(await send(row))) return false;
      tries = 0;
      tell();
    }
  }

  // One sender at a time over all tabs; where there are no locks two may send the same, which counts once.
  function alone() {
    if (!navigator.locks) return sendAll();
    return navigator.locks.request(`lms-play ${run}`, { ifAvailable: true }, (lock) => (lock ? sendAll() : false));
  }

  function drain() {
    clearTimeout(timer);
    sending ??= alone().then((whole) => {
      sending = null;
      tell();
      if (whole && !waiting().length) return;
      const wait = Math.min(LATEST, SOON * 2 ** tries) * (0.5 + Math.random() / 2);
      tries += 1;
      timer = setTimeout(drain, wait);
    });
    return sending;
  }

  function again() {
    tries = 0;
    if (waiting().length) drain();
  }

  addEventListener("online", again);
  addEventListener("storage", (event) => event.key?.startsWith(mine) && tell());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && again());
  for (const key of keys(all)) {
    if (!key.startsWith(mine) && !/^lms-play \S+ (out|back) /.test(key)) rows.removeItem(key);
  }

  return {
    put,
    waiting,
    back,
    drain: again,
    putAway(id) { drop(`back ${id}`); tell(); },
    kept: (task, round) => get(`kept ${task} ${round}`),
    draft: (name) => get(`draft ${name}`) ?? undefined,
    write: (name, value) => (value === undefined ? drop(`draft ${name}`) : set(`draft ${name}`, value)),
    stuck: () => (waiting().length ? trouble : ""),
    clear() {
      for (const key of keys(mine)) if (/ (draft (?!wash )|kept )/.test(key.slice(mine.length - 1))) rows.removeItem(key);
    },
  };
}
