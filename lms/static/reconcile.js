// Ticking what paper says without a new page for each row: what the server answers is put in the row's place.
// Without this script each button sends the same form, and the next row is ready when the page comes back.

const form = document.querySelector("#tick");
const rows = () => [...document.querySelectorAll(".paper-rows li[id]")];

form.addEventListener("submit", (event) => {
  event.preventDefault();
  keep(event.submitter);
});

document.querySelector(".paper-rows").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest("li[id]");
  if (!step || !row || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  go(row.id, step);
});

async function keep(button) {
  const row = button.closest("li");
  const body = new URLSearchParams(new FormData(form));
  body.set("row", button.value);
  const stays = !button.hasAttribute("aria-pressed");
  row.querySelector(".fault")?.remove();
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body });
  } catch {
    row.append(Object.assign(document.createElement("p"), { className: "fault", role: "alert", textContent: form.dataset.network }));
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById(row.id);
  if (!answer.ok || !now) {
    // Sent as a page it says what is wrong, and leads to signing in again.
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "row", value: button.value }));
    form.submit();
    return;
  }
  const focused = document.activeElement === button;
  row.replaceWith(now);
  document.querySelector(".counts").replaceChildren(...page.querySelector(".counts").childNodes);
  if (focused) go(row.id, stays ? 0 : 1);
}

function go(id, step) {
  const all = rows();
  all[all.findIndex((row) => row.id === id) + step]?.querySelector("button").focus();
}
