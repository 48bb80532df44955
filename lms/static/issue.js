// Certificates issued together: the page keeps itself up to date while it is open. Without this file “Look again” does it.

const PAUSE = 2000;
const names = document.querySelector("[data-all]");

async function lookAgain() {
  const batch = document.getElementById("batch");
  if (document.hidden || batch.contains(document.activeElement)) return setTimeout(lookAgain, PAUSE);
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("batch");
    if (fresh) batch.replaceWith(document.adoptNode(fresh));
    if (fresh?.dataset.state === "ended") return sayEnded();
  } catch {
    // The network is gone for a moment, or the session has ended: what stands on the page stays.
  }
  setTimeout(lookAgain, PAUSE);
}

function sayEnded() {
  const said = document.getElementById("batch-said");
  said.textContent = said.dataset.ended;
}

function offerAll(form) {
  const all = document.createElement("button");
  all.type = "button";
  all.className = "button";
  all.textContent = form.dataset.all;
  all.addEventListener("click", () => {
    for (const box of form.querySelectorAll("[name=who]")) box.checked = true;
  });
  form.querySelector("ul").before(all);
}

if (document.getElementById("batch")?.dataset.state === "going") setTimeout(lookAgain, PAUSE);
if (names) offerAll(names);
