// Keeps the reader's place and notes when the end of a lesson was reached. Without it the lesson works as well:
// its Next button notes the end.

const page = document.querySelector("[data-lesson]");
const token = document.querySelector('meta[name="csrf-token"]').content;
let kept = "";
let ended = false;

function send(what, fields) {
  return fetch(`${page.dataset.lesson}/${what}`, {
    method: "POST",
    headers: { "X-CSRFToken": token },
    body: new URLSearchParams(fields),
    keepalive: true,
  });
}

// The paragraph at the top of the screen.
function place() {
  const blocks = page.querySelectorAll(".part p[id], .part[id]");
  let last = "";
  for (const block of blocks) {
    if (block.getBoundingClientRect().top > window.innerHeight * 0.4) break;
    last = block.id;
  }
  return last;
}

function keepPlace() {
  const here = place();
  if (here === kept && kept !== "") return;
  kept = here;
  send("place", { place: here }).catch(() => { kept = ""; });
}

let waiting = 0;
addEventListener("scroll", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keepPlace, 1500);
}, { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") keepPlace();
});
setTimeout(keepPlace, 1500);

new IntersectionObserver((entries, watcher) => {
  if (ended || !entries.some((entry) => entry.isIntersecting)) return;
  ended = true;
  send("end", {}).then((answer) => {
    if (answer.ok) watcher.disconnect();
    else ended = false;
  }).catch(() => { ended = false; });
}).observe(document.querySelector("#end"));

// Where one left off, when the address itself names no place.
if (!location.hash && page.dataset.place) {
  document.getElementById(page.dataset.place)?.scrollIntoView();
}
