// What this device keeps: desks it is, their lists, scans that wait, scans the server did not take.
// A scan is on the disk before anything is shown, and leaves it only with the server's answer to its id.
// A newer version may add stores; none is ever emptied by one.

import { apply } from "./list.js";

const NAME = "lms-desk";
const STORES = {
  desks: { keyPath: "id" },
  lists: { keyPath: "desk" },
  queue: { keyPath: "n", autoIncrement: true },
  refused: { keyPath: "id" },
};

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(STORES)) {
        if (!asked.result.objectStoreNames.contains(name)) asked.result.createObjectStore(name, options);
      }
    };
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      const forget = () => { opened = null; };
      asked.result.onversionchange = () => { asked.result.close(); forget(); };
      asked.result.onclose = forget;
      resolve(asked.result);
    };
  });
  opened.catch(() => { opened = null; });
  return opened;
}

const got = (asked) =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

async function look(name) {
  const database = await open();
  return got(database.transaction(name).objectStore(name).getAll());
}

// Change several stores at once, or none; done when it is on the disk.
async function change(names, deed) {
  const database = await open();
  const transaction = database.transaction(names, "readwrite", { durability: "strict" });
  const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error ?? new Error("not kept"));
  });
  const whole = (async () => deed(stores))().catch((problem) => {
    transaction.abort();
    throw problem;
  });
  await Promise.all([whole, done]);
}

export const desks = () => look("desks");
export const waiting = () => look("queue");
export const refused = () => look("refused");
export const keepDesk = (desk) => change(["desks"], ({ desks }) => { desks.put(desk); });

// Change some of what is known of a desk; nothing where it was erased meanwhile.
export function noteDesk(id, values) {
  return change(["desks"], async ({ desks }) => {
    const desk = await got(desks.get(id));
    if (desk) desks.put({ ...desk, ...values });
  });
}

export async function list(desk) {
  return (await look("lists")).find((one) => one.desk === desk) ?? null;
}

export function keepList(desk, content, etag) {
  return change(["desks", "lists"], async ({ desks, lists }) => {
    const row = await got(desks.get(desk));
    if (row && !row.revoked) lists.put({ desk, content, etag });
  });
}

// Write a scan down, with the desk's note of what can be taken back.
export function add(row, last) {
  return change(["queue", "desks"], async ({ queue, desks }) => {
    queue.add(row);
    const desk = await got(desks.get(row.desk));
    if (desk) desks.put({ ...desk, last });
  });
}

// What the server said of scans: they leave the queue, and the list knows what they did until it is fetched anew.
export function answer(desk, results) {
  return change(["queue", "lists", "refused"], async ({ queue, lists, refused }) => {
    const rows = await got(queue.getAll());
    const known = await got(lists.get(desk));
    for (const result of results) {
      const row = rows.find((one) => one.desk === desk && one.mark.id === result.id);
      if (!row) continue;
      queue.delete(row.n);
      if (result.outcome === "refused") {
        refused.put({ id: result.id, desk, name: row.name, at: row.mark.at, words: result.reason ?? "" });
      } else if (known) {
        const here = row.here && result.outcome === "already" ? result.since ?? row.here : row.here;
        apply(known.content, { ...row, here });
      }
    }
    if (known) lists.put(known);
  });
}

export const seen = (ids) => change(["refused"], ({ refused }) => { for (const id of ids) refused.delete(id); });

// Forget the list at once; the key goes when no scan needs it any more, and what was refused is with the server.
export function revoke(id) {
  return change(["desks", "lists", "queue", "refused"], async ({ desks, lists, queue, refused }) => {
    lists.delete(id);
    const desk = await got(desks.get(id));
    const rows = await got(queue.getAll());
    if (!desk) return;
    const waits = rows.some((row) => row.desk === id);
    desks.put({ ...desk, revoked: true, salt: "", last: null, token: waits ? desk.token : null });
    if (waits) return;
    for (const one of await got(refused.getAll())) if (one.desk === id) refused.delete(one.id);
  });
}

// Leave nothing of a desk on this device; refused where a scan of it still waits.
export function erase(id) {
  return change(["desks", "lists", "queue", "refused"], async (stores) => {
    const rows = await got(stores.queue.getAll());
    if (rows.some((row) => row.desk === id)) return;
    stores.desks.delete(id);
    stores.lists.delete(id);
    for (const one of await got(stores.refused.getAll())) if (one.desk === id) stores.refused.delete(one.id);
  });
}
