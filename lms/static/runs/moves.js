// Moves on their way to the server: each is kept on this device until the server has answered to its id, so that
// none is lost and none is made twice. They go out in the order in which they were made, one at a time.
//
//   const moves = keeper(root, { take, refused, tell });
//     take      called with the trainer's snapshot that a move brought
//     refused   called with the words why a move was not made
//     tell      called when what waits changes: how many, since when, and "ok", "waiting", "signed-out" or "gone"
//   moves.make([{ move, … }, …], seen)   moves of one press: where one is refused, those after it are not made
//   moves.waits(test)                    whether a move like this is on its way

import { newId } from "../desk/codes.js";

const PATIENCE = 15_000;
const SOON = 1000;
const LATEST = 15_000;

export function keeper(root, { take, refused, tell }) {
  const key = `lms-moves ${root}`;
  let token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  let queue = read();
  let how = "ok";
  let wait = SOON;
  let timer = 0;
  let sending = false;
  let keeps = true;

  function read() {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "[]");
    } catch {
      return [];
    }
  }

  function save() {
    try {
      if (queue.length) localStorage.setItem(key, JSON.stringify(queue));
      else localStorage.removeItem(key);
      keeps = true;
    } catch {
      keeps = false;
    }
    tell({ n: queue.length, since: queue[0]?.at ?? 0, how, keeps });
  }

  function make(moves, seen) {
    const press = newId();
    for (const move of moves) queue.push({ body: { id: newId(), ...move }, seen, press, begun: false, at: Date.now() });
    save();
    send();
  }

  async function send() {
    clearTimeout(timer);
    if (sending) return;
    sending = true;
    how = await drain();
    sending = false;
    save();
    if (!queue.length) wait = SOON;
    else {
      timer = setTimeout(send, wait);
      wait = Math.min(wait * 2, LATEST);
    }
  }

  // How it went until nothing waits, or until it goes no further.
  async function drain() {
    let again = true;
    while (queue.length) {
      const [first] = queue;
      if (!first.begun) {
        first.begun = true; // from now on its content is the server's, too
        save();
      }
      const got = await post({ ...first.body, seen: first.seen });
      if (got.status === 200 && got.said) {
        queue.shift();
        const { moves } = got.said;
        for (const later of queue) if (!later.begun && later.seen === first.seen && moves === first.seen + 1) later.seen = moves;
        wait = SOON;
        again = true;
        save();
        take(got.said);
      } else if ([409, 422].includes(got.status) && got.said?.error) {
        queue = queue.filter((one) => one.press !== first.press);
        save();
        refused(got.said.error);
      } else if (got.status === 404) {
        return "gone"; // perhaps somebody else has signed in here
      } else if ([400, 401, 403].includes(got.status)) {
        if (!again || !(await newToken())) return "signed-out";
        again = false;
      } else {
        return "waiting";
      }
    }
    return "ok";
  }

  async function post(body) {
    try {
      const answer = await fetch(`${root}/moves`, {
        method: "POST",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout?.(PATIENCE),
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": token },
        body: JSON.stringify(body),
      });
      const json = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
      return { status: answer.status, said: json ? await answer.json() : null };
    } catch {
      return { status: 0 };
    }
  }

  // Whoever signed in again has another token; this page gets it without being loaded anew.
  async function newToken() {
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      token = page.querySelector('meta[name="csrf-token"]')?.content ?? "";
      return Boolean(token);
    } catch {
      return false;
    }
  }

  addEventListener("online", () => { wait = SOON; send(); });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && queue.length && send());
  save();
  if (queue.length) send();
  return {
    make,
    hurry() { wait = SOON; if (queue.length) send(); },
    waits: (test) => queue.some((one) => test(one.body)),
    token: () => token,
  };
}
