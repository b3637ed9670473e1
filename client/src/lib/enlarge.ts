/** Links with `data-enlarge` around a picture show it large in a dialog; without scripts they lead to its file. */

let opened: { dialog: HTMLDialogElement; picture: HTMLImageElement; caption: HTMLElement; file: HTMLAnchorElement } | undefined;

function dialog(): NonNullable<typeof opened> {
  if (opened) return opened;
  const made = Object.assign(document.createElement("dialog"), { className: "enlarged" });
  const picture = document.createElement("img");
  const caption = document.createElement("p");
  const file = Object.assign(document.createElement("a"), { className: "button quiet", textContent: "File" });
  const close = Object.assign(document.createElement("button"), { className: "button", textContent: "Close" });
  const row = Object.assign(document.createElement("div"), { className: "row" });
  made.setAttribute("aria-label", "Picture, enlarged");
  file.download = "";
  close.addEventListener("click", () => made.close());
  // A press beside the picture, on what lies behind the dialog.
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  row.append(caption, file, close);
  made.append(picture, row);
  document.body.append(made);
  return (opened = { dialog: made, picture, caption, file });
}

function enlarge(link: HTMLAnchorElement, shown: HTMLImageElement): void {
  const { dialog: made, picture, caption, file } = dialog();
  picture.src = link.href;
  picture.alt = shown.alt;
  caption.textContent = link.closest("figure")?.querySelector("figcaption")?.textContent?.trim() ?? "";
  file.href = link.href;
  made.showModal();
}

/** Listens for all such links of the page, also those that come later. */
export function enlargePictures(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest<HTMLAnchorElement>("a[data-enlarge]");
    const shown = link?.querySelector("img");
    if (!link || !shown) return;
    event.preventDefault();
    enlarge(link, shown);
  });
}
