// What the desk says: every sentence stands in the page, so that it can be translated.

const words = new Map(
  [...document.querySelector("#words").content.querySelectorAll("[data-word]")].map((one) => [
    one.dataset.word,
    one.textContent.trim(),
  ]),
);

export function say(name, values = {}) {
  return words.get(name).replace(/\{(\w+)\}/g, (hole, key) => values[key] ?? hole);
}

export const count = (name, n) => say(`${name}-${n === 1 ? "one" : "many"}`, { n });

export const sign = (name) =>
  document.querySelector("#signs").content.querySelector(`[data-sign="${name}"]`).cloneNode(true);
