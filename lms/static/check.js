// A file may be dropped anywhere on the box, and one that is too large is not sent. Without this file the box works as
// well: a file is chosen, or dropped on the field, and sent with the button.

const box = document.querySelector(".check-drop");
const field = box.querySelector("[type=file]");
const fault = box.querySelector(".fault");

function fits() {
  const tooLarge = field.files.length > 0 && field.files[0].size > Number(box.dataset.most);
  fault.textContent = tooLarge ? box.dataset.tooLarge : "";
  field.toggleAttribute("aria-invalid", tooLarge);
  return !tooLarge;
}

let within = 0;
const over = (inside) => box.classList.toggle("over", inside);

box.addEventListener("dragenter", () => over(++within > 0));
box.addEventListener("dragleave", () => over(--within > 0));
box.addEventListener("dragover", (event) => event.preventDefault());
box.addEventListener("drop", (event) => {
  event.preventDefault();
  within = 0;
  over(false);
  if (!event.dataTransfer.files.length) return;
  const one = new DataTransfer();
  one.items.add(event.dataTransfer.files[0]);
  field.files = one.files;
  if (fits()) box.requestSubmit();
});
field.addEventListener("change", fits);
box.addEventListener("submit", (event) => {
  if (!fits()) event.preventDefault();
});
