// What is asked in a box before something is done: own words, notes, hands, a person's place, the end, the addresses.
// Drafts outlive the page; a box that is closed gives the focus back to what had it.

import { say } from "../desk/words.js";
import { at, make, write } from "./parts.js";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

export function boxes(root, deeds) {
  let inject = null; // what is to be sent, or own words
  let counted = null;
  let person = null;

  for (const one of document.querySelectorAll("[data-close]")) one.addEventListener("click", () => one.closest("dialog").close());
  draft("send-text");
  draft("note-text");

  function draft(id) {
    const key = `lms-draft ${root} ${id}`;
    const field = at(id);
    try {
      field.value = localStorage.getItem(key) ?? "";
    } catch {
      return; // nothing is kept here; the field still works
    }
    field.addEventListener("input", () => {
      try {
        localStorage.setItem(key, field.value);
      } catch {
        // full: what is typed stays in the field
      }
    });
  }

  function done(id) {
    at(id).value = "";
    at(id).dispatchEvent(new Event("input"));
  }

  function open(name) {
    if (document.querySelector("dialog[open]")) return;
    at(`${name}-box`).showModal();
  }

  const fault = (id, words) => {
    write(at(`${id}-fault`), words);
    if (at(`${id}-text`)) at(`${id}-text`).toggleAttribute("aria-invalid", Boolean(words));
    if (words) at(`${id}-text`)?.focus();
  };

  // --- sending

  function send(chosen = null, to = "") {
    inject = chosen;
    at("send-own").hidden = Boolean(chosen);
    at("send-what").hidden = !chosen;
    write(at("send-what"), chosen ? chosen.text : "");
    write(at("send-title"), chosen ? say("send-title", { title: chosen.title }) : say("send-own"));
    at("send-as-planned").hidden = !chosen;
    at("send-as-planned").disabled = !chosen;
    at("send-to").value = to || "all";
    fault("send", "");
    open("send");
    (chosen ? at("send-to") : at("send-text")).focus();
  }

  at("send-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const to = at("send-to").value;
    const text = at("send-text").value;
    if (!inject && !text.trim()) {
      fault("send", say("write-first"));
      return;
    }
    deeds.move(inject ? { move: "send", inject: inject.id, ...(to ? { to } : {}) } : { move: "send", text, to });
    if (!inject) done("send-text");
    at("send-box").close();
  });

  // --- notes

  function note() {
    fault("note", "");
    open("note");
    at("note-text").focus();
  }

  at("note-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = at("note-text").value;
    if (!text.trim()) {
      fault("note", say("write-first"));
      return;
    }
    deeds.move({ move: "note", text });
    done("note-text");
    at("note-box").close();
  });

  // --- hands

  function hands(task) {
    counted = task;
    write(at("hands-question"), task.text);
    write(at("hands-fault"), "");
    const before = task.hands[String(task.round)] ?? {};
    at("hands-fields").replaceChildren(
      ...task.options.map((option, n) => {
        const field = make("input");
        field.id = `hands-${n}`;
        field.name = option.id;
        field.inputMode = "numeric";
        field.autocomplete = "off";
        field.value = before[option.id] ?? "";
        field.setAttribute("aria-describedby", "hands-fault");
        const label = make("label", "", `${task.kind === "poll-scale" ? "" : `${letters[n]}  `}${option.text}`);
        label.htmlFor = field.id;
        return make("div", "hands-field", label, field);
      }),
    );
    open("hands");
    at("hands-fields").querySelector("input").focus();
  }

  at("hands-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = [...at("hands-fields").querySelectorAll("input")];
    const wrong = fields.find((one) => !/^\s*\d{0,5}\s*$/.test(one.value) || Number(one.value) > 10_000);
    for (const one of fields) one.toggleAttribute("aria-invalid", one === wrong);
    if (wrong) {
      write(at("hands-fault"), say("whole-numbers"));
      wrong.focus();
      return;
    }
    const counts = Object.fromEntries(fields.map((one) => [one.name, Number(one.value)]));
    deeds.move({ move: "hands", task: counted.id, counts });
    at("hands-box").close();
  });

  // --- a person

  function place(player) {
    person = player;
    write(at("person-title"), player.name || say("no-name"));
    write(at("person-more"), player.profession ? say(`profession-${player.profession}`) : "");
    write(at("person-fault"), "");
    at("person-team").value = player.team;
    at("person-role").value = player.role;
    const out = player.admission === "removed";
    at("person-out").hidden = out;
    at("person-hint").hidden = out;
    at("person-in").hidden = player.admission === "in";
    open("person");
  }

  at("person-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = await deeds.seat({ player: person.id, team: at("person-team").value, role: at("person-role").value });
    if (wrong) write(at("person-fault"), wrong);
    else at("person-box").close();
  });
  at("person-out").addEventListener("click", () => { deeds.move({ move: "remove", player: person.id }); at("person-box").close(); });
  at("person-in").addEventListener("click", () => { deeds.move({ move: "admit", player: person.id }); at("person-box").close(); });
  at("person-send").addEventListener("click", () => { at("person-box").close(); send(null, `player/${person.id}`); });

  // --- the end, the addresses

  function end(run, waits) {
    const more = [run.open.length ? say("end-open") : "", waits ? say("end-waits") : ""].filter(Boolean).join(" ");
    write(at("end-waits"), more);
    open("end");
  }

  at("end-really").addEventListener("click", () => { deeds.move({ move: "end" }); at("end-box").close(); });

  for (const one of document.querySelectorAll("[data-copy]")) {
    one.addEventListener("click", async () => {
      const field = at(one.dataset.copy);
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        write(at("copied-words"), say("copied"));
      } catch {
        write(at("copied-words"), say("copy-by-hand"));
      }
    });
  }

  // Everyone one can send something to, by name; the choice is kept while others come.
  function persons(players) {
    const inside = players.filter((one) => one.admission === "in");
    const list = at("send-people");
    const words = inside.map((one) => `${one.id} ${one.name}`).join("\n");
    if (list.dataset.words === words) return;
    list.dataset.words = words;
    const chosen = at("send-to").value;
    list.replaceChildren(...inside.map((one) => new Option(one.name || say("no-name"), `player/${one.id}`)));
    list.hidden = !inside.length;
    at("send-to").value = chosen;
  }

  return { send, note, hands, place, end, persons, open };
}
