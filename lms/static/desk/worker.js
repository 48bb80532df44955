// Opens the desk without the network: keeps the shell, its modules, style and fonts of one version; never an answer
// with anything of people in it. VERSION and SHELL stand before this, as the server knows them.

const MINE = `desk ${self.registration.scope} `;
const NAME = MINE + VERSION;
const PAGE = "/kiosk";

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(NAME);
      await cache.addAll([PAGE, ...SHELL].map((address) => new Request(address, { cache: "no-cache" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith(MINE) && name !== NAME) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const { pathname, origin } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (pathname.startsWith("/static/")) event.respondWith(file(request));
});

// A paired device opens from what it keeps, whatever the network and the sign-in are; any other asks the server.
async function page(request) {
  const kept = await (await caches.open(NAME)).match(PAGE);
  if (kept && (await paired(new URL(request.url).pathname))) return kept;
  try {
    const answer = await fetch(request);
    return answer.status < 500 || !kept ? answer : kept;
  } catch (problem) {
    if (kept) return kept;
    throw problem;
  }
}

async function file(request) {
  const kept = await (await caches.open(NAME)).match(request);
  return kept ?? fetch(request);
}

function paired(pathname) {
  return new Promise((resolve) => {
    const asked = indexedDB.open("lms-desk");
    asked.onupgradeneeded = () => asked.transaction.abort(); // there is none, and none is made here
    asked.onerror = () => resolve(false);
    asked.onsuccess = () => {
      const database = asked.result;
      const desks = database.transaction("desks").objectStore("desks").getAll();
      desks.onerror = () => resolve(false);
      desks.onsuccess = () => {
        database.close();
        resolve(desks.result.some((one) => pathname === PAGE || pathname === `/events/${one.event.slug}/desk`));
      };
    };
  });
}
