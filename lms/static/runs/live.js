// A run as it stands, for whoever looks: the newest snapshot, again and again, however the network behaves.
//
//   const run = follow(root, { as, key, show, tell });
//     root   "/runs/<id>"
//     as     "player", "screen" or "trainer"; key: the screen's own, if it has one
//     show   called with a snapshot whenever it is another than the last
//     tell   called when it changes: "connected", "lost" (it goes on by itself), "gone" (no more for this browser)
//   run.take(snapshot)   what another answer of the server brought; an older one than what is shown is left
//   run.look()           look at once
//   run.now()            the server's time, in milliseconds
//   run.stop()
//
// The server is followed as a stream of events. While that brings nothing, for whatever reason, the state is asked for
// every second, and the stream is tried again now and then; nobody has to know which it is.

const EVERY = 1000;
const PATIENCE = 8000; // for one answer
const FIRST = 2000; // until the state is asked for while a stream has said nothing
const DUMB = 9000; // until a stream that has said nothing is given up
const SILENT = 40000; // the same for one that had spoken; the server gives a sign of life every 15 seconds
const SOON = [500, 2500]; // until a stream that broke is tried again
const LATER = [30000, 90000]; // the same where it broke twice without a word
const GONE = [401, 404, 410];

const between = ([from, to]) => from + Math.random() * (to - from); // so that a whole room does not come back at once

export function follow(root, { as, key = "", show, tell }) {
  const who = new URLSearchParams(key ? { as, key } : { as });
  let etag = "";
  let version = -1;
  let shown = "";
  let said = "";
  let skew = 0;
  let polling = 0;
  let looking = null;
  let stream = null;
  let speaks = false; // whether the stream has brought the run as it stands
  let heard = 0;
  let broken = 0; // how often in a row it broke without having spoken
  let watch = 0;
  let trying = 0;
  let stopped = false;

  function say(word) {
    if (word !== said) tell?.(word);
    said = word;
  }

  function take(snapshot) {
    if (stopped || snapshot.version < version) return;
    version = snapshot.version;
    const text = JSON.stringify(snapshot);
    if (text === shown) return;
    shown = text;
    show(snapshot);
  }

  // asking

  async function ask() {
    try {
      const answer = await fetch(`${root}/state?${who}`, {
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout?.(PATIENCE),
        headers: { Accept: "application/json", ...(etag ? { "If-None-Match": etag } : {}) },
      });
      const date = answer.headers.get("Date");
      if (date && Math.abs(new Date(date) - Date.now() - skew) > 1500) skew = new Date(date) - Date.now();
      if (GONE.includes(answer.status)) return "gone";
      if (answer.status === 200) {
        const snapshot = await answer.json();
        etag = answer.headers.get("ETag") ?? "";
        take(snapshot);
      } else if (answer.status !== 304) return "lost";
      return "connected";
    } catch {
      return "lost";
    }
  }

  function look() {
    clearTimeout(polling);
    looking ??= ask().then((word) => {
      looking = null;
      if (stopped || (word === "lost" && speaks)) return;
      const back = word === "connected" && ["lost", "gone"].includes(said);
      say(word);
      if (word === "gone") rest();
      else if (!speaks) lookIn(EVERY * (0.8 + 0.4 * Math.random()));
      if (back && !speaks) {
        broken = 0;
        openIn(between(SOON));
      }
    });
    return looking;
  }

  function lookIn(wait) {
    clearTimeout(polling);
    if (!stopped) polling = setTimeout(look, wait);
  }

  // following

  function openIn(wait) {
    clearTimeout(trying);
    trying = setTimeout(open, wait);
  }

  function open() {
    clearTimeout(trying);
    close();
    speaks = false;
    if (stopped || typeof EventSource === "undefined") return;
    const mine = new EventSource(`${root}/stream?${who}`);
    stream = mine;
    const ifMine = (deed) => (event) => {
      if (stream === mine) deed(event);
    };
    mine.onmessage = ifMine((event) => {
      const snapshot = JSON.parse(event.data);
      speaks = true;
      broken = 0;
      alive();
      clearTimeout(polling);
      say("connected");
      take(snapshot);
    });
    mine.addEventListener(
      "beat",
      ifMine((event) => {
        skew = Number(event.data) - Date.now();
        if (speaks) alive();
      }),
    );
    mine.addEventListener("again", ifMine(open)); // the server asks anew, now and then, who may look
    mine.onerror = ifMine(broke);
    watch = setTimeout(broke, DUMB);
    lookIn(FIRST);
  }

  function alive() {
    heard = Date.now();
    clearTimeout(watch);
    watch = setTimeout(broke, SILENT);
  }

  function close() {
    clearTimeout(watch);
    stream?.close();
    stream = null;
  }

  function broke() {
    close();
    broken = speaks ? 0 : broken + 1;
    const spoke = speaks;
    speaks = false;
    lookIn(spoke ? between([0, EVERY]) : 0);
    openIn(between(broken < 2 ? SOON : LATER));
  }

  // A device that wakes looks at once: what it had open may be long dead.
  function wake() {
    if (document.visibilityState === "hidden") return;
    look();
    if (stream === null ? broken < 2 && said !== "gone" : speaks && Date.now() - heard > SILENT / 2) open();
  }

  const shownAgain = (event) => event.persisted && wake();

  function rest() {
    speaks = false;
    close();
    clearTimeout(polling);
    clearTimeout(trying);
  }

  function stop() {
    stopped = true;
    rest();
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("online", wake);
    removeEventListener("pageshow", shownAgain);
  }

  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", shownAgain);
  open();
  if (stream === null) look();
  return { take, look, now: () => Date.now() + skew, stop };
}
