// What goes to the server and comes from it: pairing, the list, the scans that wait. It never throws:
// each answer says how it went: "ok", "network" (nobody there), "server" (no answer that helps), "revoked".

import { whole } from "./list.js";
import * as store from "./store.js";

const PATIENCE = 20_000;
const BATCH = 200;
let taken = 0; // how often the server took scans: a list that set out before does not know of them

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, {
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout?.(PATIENCE),
      ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
  } catch {
    return { how: "network" };
  }
  const json = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  try {
    return { how: "server", status: answer.status, answer, said: json ? await answer.json() : null };
  } catch {
    return { how: "network" }; // cut while it was read
  }
}

const withToken = (desk) => ({ Authorization: `Bearer ${desk.token}` });

// Become a desk: with a code someone read out, or as someone signed in. Gives the desk or words.
export async function pair(path, said, csrf) {
  const got = await ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(csrf ? { "X-CSRFToken": csrf } : {}) },
    body: JSON.stringify(said),
  });
  if (got.said?.token) {
    const { token, device, event } = got.said;
    return {
      desk: {
        id: device.id, name: device.name, salt: device.salt, token, event, pairedAt: Date.now(), skew: 0, contact: null,
      },
    };
  }
  return { ...got, words: got.said?.error ?? "" };
}

// Fetch the list where it changed.
export async function fetchList(desk) {
  const known = await store.list(desk.id);
  const began = Date.now();
  const takenThen = taken;
  const got = await ask(`/events/${desk.event.slug}/roster.json`, {
    headers: { ...withToken(desk), ...(known?.etag ? { "If-None-Match": known.etag } : {}) },
    credentials: "omit",
  });
  if (got.status === 401 && got.said?.error) {
    await store.revoke(desk.id);
    return "revoked";
  }
  const fresh = got.status === 200 && Array.isArray(got.said?.people) && Array.isArray(got.said.half_days);
  if (!fresh && got.status !== 304) return got.how;
  const theirs = fresh ? got.said.now : got.answer.headers.get("Date");
  const skew = theirs ? new Date(theirs) - (began + Date.now()) / 2 : desk.skew;
  const steady = Math.abs(skew - desk.skew) < 1500; // the Date of a header has whole seconds only
  if (fresh && takenThen === taken) await store.keepList(desk.id, whole(got.said), got.answer.headers.get("ETag"));
  await store.noteDesk(desk.id, { contact: Date.now(), skew: !fresh && steady ? desk.skew : skew });
  return "ok";
}

// Send what waits, one sender at a time over all tabs.
export function drain() {
  if (!navigator.locks) return sendAll();
  return navigator.locks.request("lms-desk-sending", { ifAvailable: true }, (lock) => (lock ? sendAll() : "busy"));
}

async function sendAll() {
  let how = "ok";
  for (const desk of await store.desks()) {
    const went = await sendOf(desk);
    if (went !== "ok") how = went;
  }
  return how;
}

async function sendOf(desk) {
  let size = BATCH;
  let passed = 0; // scans that the server cannot even read must not keep the others back
  for (;;) {
    const rows = (await store.waiting()).filter((row) => row.desk === desk.id).slice(passed, passed + size);
    if (!rows.length) break;
    const got = await ask(`/events/${desk.event.slug}/marks`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...withToken(desk) },
      credentials: "omit",
      body: JSON.stringify({ device: desk.id, marks: rows.map((row) => row.mark), sent_at: new Date().toISOString() }),
    });
    const results = got.status === 200 ? got.said?.results : null;
    const asked = new Set(rows.map((row) => row.mark.id));
    const answered = (Array.isArray(results) ? results : []).filter(
      (one) => asked.has(one.id) && ["recorded", "already", "refused"].includes(one.outcome),
    );
    if (answered.length) {
      taken += 1;
      await store.answer(desk.id, answered);
      await store.noteDesk(desk.id, { contact: Date.now() });
    } else if ([400, 413, 422].includes(got.status)) {
      if (size === 1) passed += 1;
      size = 1;
    } else {
      return got.how;
    }
  }
  if (passed) return "server";
  if (desk.revoked) await store.revoke(desk.id);
  return "ok";
}
