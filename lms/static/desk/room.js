// The room's screen: fetches itself when the code changes, and says so when it cannot.

const PATIENCE = 8_000;

async function renew() {
  let next = 3;
  try {
    const answer = await fetch(location.href, { redirect: "error", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main.wall");
    document.querySelector("main.wall").replaceWith(main);
    next = Number(main.dataset.seconds);
  } catch {
    const trouble = document.querySelector(".wall-trouble");
    trouble.textContent = trouble.dataset.words;
  }
  setTimeout(renew, next * 1000);
}

setTimeout(renew, Number(document.querySelector("main.wall").dataset.seconds) * 1000);
