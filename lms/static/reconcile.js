// Ticking what paper says without a new page for each row: one key a row, and the next row is ready.
// Without this script every button is a form of its own.

const rows = [...document.querySelectorAll(".paper-rows li[id]")];

for (const row of rows) {
  const form = row.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(row, form, event.submitter);
  });
  row.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "A") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    go(row, step, event.target.value || "");
  });
}

async function keep(row, form, button) {
  const body = new FormData(form);
  body.set("signed", button.value);
  row.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    show(row, await answer.json());
    if (button.value && document.activeElement === button) go(row, 1, "");
  } catch {
    button.removeAttribute("name"); // the form as it stands says what is wrong: sign in again, or try again
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "signed", value: button.value }));
    form.submit();
  } finally {
    row.removeAttribute("aria-busy");
  }
}

function show(row, now) {
  row.classList.toggle("ticked", Boolean(now.signed));
  for (const button of row.querySelectorAll("[aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.value === now.signed));
  }
  row.querySelector(".clear").hidden = !now.signed;
  row.querySelector("[data-words]").textContent = now.words;
  const differs = row.querySelector(".differs");
  if (differs) {
    differs.hidden = !now.difference;
    differs.classList.toggle("waits", now.open);
    differs.classList.toggle("done", !now.open);
    differs.querySelector("[data-difference]").textContent = now.difference;
    differs.querySelector("a").firstChild.data = now.settle;
  }
  for (const [name, words] of Object.entries(now.counts)) {
    const place = document.querySelector(`[data-count="${name}"]`);
    if (place.textContent !== words) place.textContent = words;
  }
}

function go(row, step, value) {
  const next = rows[rows.indexOf(row) + step];
  if (!next) return;
  const buttons = [...next.querySelectorAll("[aria-pressed]")];
  (buttons.find((one) => value && one.value === value) ?? buttons[0]).focus();
}
