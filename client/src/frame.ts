/**
 * Viewers of pixels. An element with `data-viewer` (the frame's id), `data-name`, `data-address` (of cutouts, with 0 for the
 * id) and `data-kin` (JSON: frames to blink with) holds one; a button with `data-opens` (that element's id) opens it. An address
 * with `#pixels=` opens the first at once.
 */
import type { Kin } from "./lib/viewer/blinkpanel";
import { parseState, type State } from "./lib/viewer/state";
import { Viewer } from "./lib/viewer/viewer";

const places = [...document.querySelectorAll<HTMLElement>("[data-viewer]")];

function open(place: HTMLElement, state?: State): void {
  if (place.childElementCount) return;
  const { viewer = "", name = "", address = "", kin = "[]" } = place.dataset;
  const made = new Viewer({ frame: { id: Number(viewer), name }, address, kin: JSON.parse(kin) as Kin[], isInAddress: place === places[0] }, state);
  place.replaceChildren(made.element);
  void made.open();
}

for (const press of document.querySelectorAll<HTMLButtonElement>("button[data-opens]")) {
  const place = document.getElementById(press.dataset["opens"] ?? "");
  if (!place) continue;
  press.hidden = false;
  press.addEventListener("click", () => {
    open(place);
    place.scrollIntoView({ block: "start" });
    place.querySelector("canvas")?.focus({ preventScroll: true });
  });
}

const asked = parseState(location.hash);
if (asked && places[0]) open(places[0], asked);
