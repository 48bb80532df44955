// How each kind of question is asked: build(task, say...) -> { node, send, read, fill, empty, wrong, mark }.
//
//   node    what stands in the form; send: the word on its button
//   read    the answer in the shape the server wants; fill(answer) puts one in, undefined none
//   empty   nothing is chosen or written
//   wrong   why it cannot be sent, { why | words, field }, or null
//   mark    says at a field that it is at fault, or with null that none is

const LONGEST_REASON = 4000;
const LONGEST_OWNER = 200;

function make(tag, name = "", ...inside) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...inside);
  return made;
}

const lengthOf = (text) => [...text.trim()].length;

export function build(task, words) {
  if (task.kind === "text") return written(task, words);
  if (task.kind === "ordering") return ordered(task, words);
  if (task.kind === "decision") return decided(task, words);
  return chosen(task, words);
}

function options(task, name, several, { line, tongue }) {
  const group = make("div", "options");
  group.setAttribute("role", several ? "group" : "radiogroup");
  group.setAttribute("aria-labelledby", "question-text");
  for (const option of task.options) {
    const field = make("input");
    field.type = several ? "checkbox" : "radio";
    field.name = name;
    field.value = option.id;
    const text = make("span", "", ...line(option.text));
    if (tongue) text.lang = tongue;
    group.append(make("label", "option", field, text));
  }
  const fields = () => [...group.querySelectorAll("input")];
  return {
    group,
    values: () => fields().filter((one) => one.checked).map((one) => one.value),
    set(wanted) { for (const one of fields()) one.checked = wanted.includes(one.value); },
  };
}

const invalid = (node, wrong) => {
  if (wrong) {
    node.setAttribute("aria-invalid", "true");
    node.setAttribute("aria-describedby", "ask-fault");
  } else {
    node.removeAttribute("aria-invalid");
    if (node.getAttribute("aria-describedby") === "ask-fault") node.removeAttribute("aria-describedby");
  }
};

function chosen(task, words) {
  const several = task.kind === "poll-multiple";
  const { group, values, set } = options(task, "answer", several, words);
  return {
    node: group,
    send: "send",
    read: () => (several ? values() : values()[0] ?? ""),
    fill: (answer) => set(answer === undefined || answer === null ? [] : [answer].flat().map(String)),
    empty: () => !values().length,
    wrong: () => (values().length ? null : { why: several ? "empty" : "unknown-option" }),
    mark() {},
  };
}

// A box that says how much of it is used.
function area(longest, { say }, rows) {
  const field = make("textarea");
  field.rows = rows;
  const used = make("p", "hint used");
  const tell = () => {
    const n = lengthOf(field.value);
    used.textContent = n > longest ? say("too-many-signs", { n: n - longest }) : say("so-many-signs", { n, all: longest });
    used.classList.toggle("fault", n > longest);
  };
  field.addEventListener("input", tell);
  return { field, used, tell };
}

function written(task, words) {
  const { field, used, tell } = area(task.longest, words, 6);
  field.name = "answer";
  field.setAttribute("aria-labelledby", "question-text");
  return {
    node: make("div", "field", field, used),
    send: "send",
    read: () => field.value.trim(),
    fill(answer) { if (field.value.trim() !== (answer ?? "")) field.value = answer ?? ""; tell(); },
    empty: () => !field.value.trim(),
    wrong() {
      const n = lengthOf(field.value);
      if (!n) return { why: "empty", field: "answer" };
      return n > task.longest ? { words: words.say("too-many-signs", { n: n - task.longest }), field: "answer" } : null;
    },
    mark(name) { invalid(field, name); if (name) field.focus(); },
  };
}

function decided(task, words) {
  const { say } = words;
  const { group, values, set } = options(task, "option", false, words);
  const reason = area(LONGEST_REASON, words, 4);
  const owner = make("input");
  reason.field.id = reason.field.name = "reason";
  owner.id = owner.name = "owner";
  owner.type = "text";
  owner.autocomplete = "off";
  const labelled = (name, field, ...more) => {
    const label = make("label", "", say(name));
    label.htmlFor = field.id;
    return make("div", "field", label, field, ...more);
  };
  const node = make("div", "", group);
  if (task.reason) node.append(labelled("why", reason.field, reason.used));
  if (task.owner) node.append(labelled("who", owner));
  return {
    node,
    send: "send-decision",
    read: () => ({ option: values()[0] ?? "", reason: reason.field.value.trim(), owner: owner.value.trim() }),
    fill(answer) {
      set(answer?.option ? [answer.option] : []);
      if (reason.field.value.trim() !== (answer?.reason ?? "")) reason.field.value = answer?.reason ?? "";
      if (owner.value.trim() !== (answer?.owner ?? "")) owner.value = answer?.owner ?? "";
      reason.tell();
    },
    empty: () => !values().length && !reason.field.value.trim() && !owner.value.trim(),
    wrong() {
      if (!values().length) return { why: "unknown-option" };
      const n = lengthOf(reason.field.value);
      if (task.reason && !n) return { why: "no-reason", field: "reason" };
      if (n > LONGEST_REASON) return { words: say("too-many-signs", { n: n - LONGEST_REASON }), field: "reason" };
      if (task.owner && !owner.value.trim()) return { why: "no-owner", field: "owner" };
      const long = lengthOf(owner.value) - LONGEST_OWNER;
      return long > 0 ? { words: say("too-many-signs", { n: long }), field: "owner" } : null;
    },
    mark(name) {
      for (const one of [reason.field, owner]) invalid(one, name === one.name);
      if (name) node.querySelector(`#${name}`)?.focus();
    },
  };
}

// A step moves by its buttons or by the arrow keys; focus travels with it.
function ordered(task, { say, sign, line, tongue }) {
  const list = make("ol", "steps");
  list.setAttribute("aria-labelledby", "question-text");
  const status = make("p", "hint");
  status.setAttribute("role", "status");
  const rows = new Map(task.options.map((option) => {
    const words = make("span", "", ...line(option.text));
    words.id = `step-${option.id}`;
    if (tongue) words.lang = tongue;
    const moves = make("span", "moves", ...["up", "down"].map((way) => {
      const made = make("button", "", sign(`arrow-${way}`));
      made.type = "button";
      made.value = way;
      made.setAttribute("aria-label", say(way));
      made.setAttribute("aria-describedby", words.id);
      made.addEventListener("click", () => move(row, way));
      return made;
    }));
    const row = make("li", "step", make("b", "place"), words, moves);
    row.dataset.step = option.id;
    row.addEventListener("keydown", (event) => {
      if (!["ArrowUp", "ArrowDown"].includes(event.key)) return;
      event.preventDefault();
      move(row, event.key === "ArrowUp" ? "up" : "down");
    });
    return [option.id, row];
  }));
  const ids = () => [...list.children].map((row) => row.dataset.step);

  function number(moved = null) {
    [...list.children].forEach((row, place) => {
      row.querySelector(".place").textContent = place + 1;
      row.querySelector("[value=up]").disabled = place === 0;
      row.querySelector("[value=down]").disabled = place === list.children.length - 1;
      row.classList.toggle("moved", row === moved);
    });
  }

  function move(row, way) {
    const other = way === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (way === "up") list.insertBefore(row, other);
    else list.insertBefore(other, row);
    number(row);
    const wanted = row.querySelector(`[value=${way}]`);
    (wanted.disabled ? row.querySelector("button:not([disabled])") : wanted).focus();
    const place = ids().indexOf(row.dataset.step) + 1;
    status.textContent = say("moved", { step: row.querySelector("[id]").textContent, n: place, all: rows.size });
    list.dispatchEvent(new Event("input", { bubbles: true }));
  }

  return {
    node: make("div", "", list, status),
    send: "send-order",
    read: ids,
    fill(answer) {
      const wanted = Array.isArray(answer) ? answer.filter((id) => rows.has(id)) : [];
      const rest = task.options.map((one) => one.id).filter((id) => !wanted.includes(id));
      const order = [...wanted, ...rest];
      if (ids().join("\n") !== order.join("\n")) list.replaceChildren(...order.map((id) => rows.get(id)));
      number();
    },
    empty: () => ids().join("\n") === task.options.map((one) => one.id).join("\n"),
    wrong: () => null,
    mark() {},
  };
}
