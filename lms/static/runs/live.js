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

const EVERY = 1000;
const PATIENCE = 8000;

export function follow(root, { as, key = "", show, tell }) {
  const address = `${root}/state?${new URLSearchParams(key ? { as, key } : { as })}`;
  let etag = "";
  let version = -1;
  let said = "";
  let skew = 0;
  let timer = 0;
  let looking = null;
  let stopped = false;

  function say(word) {
    if (word !== said) tell?.(word);
    said = word;
  }

  function take(snapshot) {
    if (snapshot.version < version) return;
    version = snapshot.version;
    show(snapshot);
  }

  async function ask() {
    try {
      const answer = await fetch(address, {
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout?.(PATIENCE),
        headers: { Accept: "application/json", ...(etag ? { "If-None-Match": etag } : {}) },
      });
      const date = answer.headers.get("Date");
      if (date && Math.abs(new Date(date) - Date.now() - skew) > 1500) skew = new Date(date) - Date.now();
      if ([401, 404, 410].includes(answer.status)) return "gone";
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
    clearTimeout(timer);
    looking ??= ask().then((word) => {
      looking = null;
      if (stopped) return;
      say(word);
      if (word !== "gone") timer = setTimeout(look, EVERY);
    });
    return looking;
  }

  const awake = () => document.visibilityState === "visible" && look();
  document.addEventListener("visibilitychange", awake);
  addEventListener("online", look);
  look();
  return {
    take,
    look,
    now: () => Date.now() + skew,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", awake);
      removeEventListener("online", look);
    },
  };
}
