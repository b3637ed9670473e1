/** The search page: `/` leads to the first field, as in other places where people search. */

const form = document.querySelector<HTMLFormElement>("#search");

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const first = form?.querySelector<HTMLInputElement>("input:not([type=hidden])");
  if (!first) return;
  event.preventDefault();
  first.focus();
});
