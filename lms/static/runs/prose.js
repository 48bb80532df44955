// Text of a scenario as elements: paragraphs, and *emphasis*, as the server writes them; nothing else in it is a sign.

export function line(text) {
  return text.split(/\*([^\s*](?:[^*\n]*[^\s*])?)\*/).map((piece, place) => {
    if (place % 2 === 0) return piece;
    const stressed = document.createElement("em");
    stressed.textContent = piece;
    return stressed;
  });
}

export function paragraphs(text) {
  return text.split(/\n\s*\n/).map((words) => {
    const made = document.createElement("p");
    made.className = "as-typed";
    made.append(...line(words.trim()));
    return made;
  });
}
