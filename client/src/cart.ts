/** The cart: all rows of a page are marked at once, and the list of ids is copied. Without it both are done by hand. */

const all = document.querySelector<HTMLInputElement>("[data-mark-all]");
const marks = [...document.querySelectorAll<HTMLInputElement>("input[name=mark]")];

if (all) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const mark of marks) mark.checked = all.checked;
  });
  for (const mark of marks) {
    mark.addEventListener("change", () => {
      all.checked = marks.every((each) => each.checked);
    });
  }
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
  button.hidden = !navigator.clipboard; // browsers have none for pages that come without TLS
  button.addEventListener("click", () => void copy(button));
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const answer = await fetch(button.dataset["copy"] ?? "");
  if (!answer.ok) return;
  const ids = await answer.text();
  await navigator.clipboard.writeText(ids);
  button.textContent = `${ids.trim().split("\n").length} ids are copied`;
}
