// The grid of a half-day at the keyboard: each row is sent by itself, says when it is saved, and waits in place when the
// network is gone. Without this file each row is a plain form.

const forms = [...document.querySelectorAll("form.row")];
const token = document.querySelector('meta[name="csrf-token"]').content;
const reason = document.querySelector("[data-reason] input");
const texts = document.querySelector(".grid")?.dataset ?? {};
const kept = new Map(); // form -> its fields as they were saved
const sending = new Set();

const fields = (form) => ["kind", "came", "left"].map((name) => new FormData(form).get(name) ?? "").join("\n");
const dirty = (form) => fields(form) !== kept.get(form);

function say(form, words, kind = "") {
  const said = document.createElement("span");
  said.className = kind;
  said.textContent = words;
  form.querySelector(".said").replaceChildren(said);
  form.classList.toggle("unsaved", dirty(form));
}

async function save(form) {
  if (sending.has(form)) return;
  sending.add(form);
  form.elements.reason.value = reason.value;
  const sent = fields(form);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
      redirect: "error",
    });
    if (answer.status === 401 || answer.status === 400) return say(form, texts.signedOut, "fault");
    if (![200, 409, 422].includes(answer.status)) return say(form, texts.again, "fault");
    const row = await answer.json();
    if (row.stood) show(form, row, answer.ok && sent === fields(form));
    if (answer.ok) return say(form, row.saved, "saved");
    say(form, row.error, "fault");
  } catch {
    say(form, texts.network, "state waits");
  } finally {
    sending.delete(form);
  }
}

// What stands now; the fields too, unless someone typed on while the row was on its way.
function show(form, row, untouched) {
  form.elements.stood.value = row.stood;
  form.elements.id.value = row.id;
  form.querySelector("[data-words]").textContent = row.words;
  form.querySelector("[data-doubts]").textContent = row.doubts;
  if (!untouched) return;
  for (const radio of form.elements.kind) radio.checked = radio.value === row.kind;
  form.elements.came.value = row.came;
  form.elements.left.value = row.left;
  kept.set(form, fields(form));
}

function go(form, by, name) {
  const next = forms[forms.indexOf(form) + by];
  if (!next) return;
  const field = next.elements[name] ?? next.elements.kind;
  const target = field instanceof RadioNodeList ? [...field].find((radio) => radio.checked) ?? field[0] : field;
  target.focus();
  if (target.select) target.select();
}

for (const form of forms) {
  kept.set(form, fields(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form);
  });
  form.addEventListener("input", () => {
    if (form.elements.came.value || form.elements.left.value) form.elements.kind[0].checked = true;
    say(form, dirty(form) ? texts.unsaved : "");
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget) && dirty(form)) save(form);
  });
  form.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("a, button")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      go(form, step, event.target.name);
    } else if (event.key === "Enter") {
      event.preventDefault();
      save(form);
      go(form, 1, event.target.name);
    } else if (event.target.name === "kind") {
      // The letter itself, else the key that has it on a Latin keyboard: with a Cyrillic one no letter would be ours.
      const keys = [event.key, event.code.replace("Key", "")].map((key) => CSS.escape(key.toLowerCase()));
      const radio = form.querySelector(keys.map((key) => `[data-key="${key}"]`).join(","));
      if (!radio) return;
      event.preventDefault();
      radio.checked = true;
      radio.focus();
      radio.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });
}

document.querySelector("[data-reason]")?.addEventListener("submit", (event) => event.preventDefault());
document.querySelector(".keys")?.removeAttribute("hidden");
addEventListener("online", () => forms.filter(dirty).forEach(save));
addEventListener("beforeunload", (event) => {
  if (forms.some(dirty)) event.preventDefault();
});
