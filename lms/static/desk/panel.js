// The answer over the whole panel: what happened in words, its sign, its colour; five seconds, then the next person.

import { say, sign } from "./words.js";

const SECONDS = 5;
const at = (id) => document.getElementById(id);
let timer = 0;

// Show what happened. `tone`: good, info, bad or plain; `what` may be two lines.
export function answer({ tone, mark, what, line = "", more = "" }) {
  const panel = at("panel");
  panel.dataset.tone = tone;
  at("ready").hidden = true;
  at("said-sign").replaceChildren(sign(mark));
  const heading = at("said-what");
  heading.hidden = false;
  heading.replaceChildren(...[what].flat().flatMap((text, n) => [...(n ? [document.createElement("br")] : []), apart(text)]));
  at("said-line").textContent = line;
  at("said-more").textContent = more;
  count(SECONDS);
}

// A name is written the way its own letters run.
function apart(text) {
  const line = document.createElement("bdi");
  line.textContent = text;
  return line;
}

function count(left) {
  clearTimeout(timer);
  if (!left) {
    rest();
    return;
  }
  at("countdown").hidden = false;
  at("counts").replaceChildren(
    ...Array.from({ length: SECONDS }, (_none, n) => {
      const mark = document.createElement("i");
      mark.classList.toggle("full", n < left);
      return mark;
    }),
  );
  at("countdown-words").textContent = left === 1 ? say("next-one") : say("next-many", { n: left });
  timer = setTimeout(() => count(left - 1), 1000);
}

// Ready for the next person; nothing of the last one is left on the screen.
export function rest() {
  clearTimeout(timer);
  delete at("panel").dataset.tone;
  at("countdown").hidden = true;
  at("said-sign").replaceChildren();
  at("said-what").replaceChildren();
  at("said-what").hidden = true;
  at("said-line").textContent = "";
  at("said-more").textContent = "";
  at("ready").hidden = false;
}

export const busy = () => "tone" in at("panel").dataset;
