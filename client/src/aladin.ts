/** The sky in Aladin Lite: footprints of few frames, the coverage map of many. Its file is asked for by this page alone. */
import aladinFile from "../node_modules/aladin-lite/dist/aladin.js?url";
import licence from "../node_modules/aladin-lite/LICENSE?url";
import { type Sky } from "./lib/skymap";
import { grouped } from "./lib/words";

type Ring = [number, number][];
interface Overlay { addFootprints(shapes: unknown[]): void }
interface Globe {
  addOverlay(overlay: Overlay): void;
  addMOC(moc: unknown): void;
  gotoRaDec(ra: number, dec: number): void;
  setFoV(deg: number): void;
}
interface Aladin {
  init: Promise<void>;
  aladin(element: HTMLElement, options: Record<string, unknown>): Globe;
  polygon(ring: Ring): unknown;
  graphicOverlay(options: Record<string, unknown>): Overlay;
  MOCFromJSON(moc: unknown, options: Record<string, unknown>): unknown;
}
type Bare = HTMLElement & { globe?: Globe };

// Every tool that asks servers elsewhere stays away; so does the log of its authors.
const WITHOUT = { showLayersControl: false, showSimbadPointerControl: false, showShareControl: false, showSettingsControl: false, showProjectionControl: false, showContextMenu: false, showStatusBar: false, showReticle: false, showFrame: false, showCooLocation: false, hipsList: [], log: false, samp: false };
const LINE = "#ffb454";

async function open(figure: HTMLElement): Promise<void> {
  const [box, caption] = [figure.querySelector<Bare>(".globe"), figure.querySelector("figcaption")];
  if (!box || !caption) return;
  try {
    if (!document.createElement("canvas").getContext("webgl2")) throw new Error("This browser has no WebGL 2, which Aladin Lite needs. The map of numbers does without.");
    const sky = await answer<Sky>(figure.dataset["sky"]);
    const lite = ((await import(/* @vite-ignore */ aladinFile)) as { default: Aladin }).default;
    await lite.init;
    const globe = lite.aladin(box, { ...WITHOUT, survey: figure.dataset["hips"] || [], projection: "SIN", fov: 180, cooFrame: "ICRSd", backgroundColor: "rgb(11, 26, 51)", gridColor: "rgb(120, 140, 175)", gridOptions: { enabled: true, showLabels: true, thickness: 1, labelSize: 12 } });
    box.globe = globe;
    name(box);
    caption.textContent = await draw(lite, globe, sky, figure.dataset["moc"]);
  } catch (error) {
    caption.textContent = error instanceof Error ? error.message : String(error);
    figure.classList.add("empty");
  }
  figure.removeAttribute("aria-busy");
}

async function draw(lite: Aladin, globe: Globe, sky: Sky, moc: string | undefined): Promise<string> {
  if (!sky.placed) return `${grouped(sky.count)} frames, none of which has a place on the sky.`;
  if (sky.footprints.length) {
    const overlay = lite.graphicOverlay({ color: LINE, lineWidth: 1, name: "Frames" });
    globe.addOverlay(overlay);
    overlay.addFootprints(sky.footprints.map((ring) => lite.polygon(ring.map(([ra, dec]) => [ra, dec] as [number, number]))));
    look(globe, sky.footprints as Ring[]);
    return `${grouped(sky.footprints.length)} footprints. Drag to turn, scroll to come closer.`;
  }
  globe.addMOC(lite.MOCFromJSON(await answer<unknown>(moc), { color: LINE, opacity: 0.5, fill: true, edge: false, lineWidth: 1, name: "Coverage" }));
  const what = sky.is_sample ? "cells that the centres of a sample lie in" : "the part of the sky that they cover";
  return `${grouped(sky.count)} frames: ${what}. Footprints are drawn of up to 2,000.`;
}

/** Its buttons have pictures alone. */
function name(box: HTMLElement): void {
  const names = { "button.aladin-zoom-in": "Closer", "button.aladin-zoom-out": "Farther", ".aladin-fullScreen-control button": "Whole screen" };
  for (const [where, label] of Object.entries(names)) box.querySelector(where)?.setAttribute("aria-label", label);
  for (const picture of box.querySelectorAll("img:not([alt])")) picture.setAttribute("alt", "");
}

/** Towards one from the middle of the list, as wide as all of them where they lie together. */
function look(globe: Globe, rings: Ring[]): void {
  const first = rings[rings.length >> 1]?.[0];
  if (!first) return;
  const away = rings.flat().map(([ra, dec]) => Math.hypot(dec - first[1], ((((ra - first[0] + 540) % 360) - 180) * Math.cos((dec * Math.PI) / 180))));
  const farthest = Math.max(...away);
  globe.gotoRaDec(...first);
  globe.setFoV(Math.min(180, Math.max(0.2, 3 * farthest)));
}

async function answer<T>(address: string | undefined): Promise<T> {
  const given = await fetch(address ?? "", { headers: { Accept: "application/json" } });
  if (!given.ok) throw new Error(given.status === 503 ? "To find these frames takes too long: narrow them down." : `The archive answered ${given.status}.`);
  return (await given.json()) as T;
}

/** htmx rests here, for each page has a policy of its own: what is chosen is sent as a form. */
document.querySelector<HTMLFormElement>("#search")?.addEventListener("change", (event) => {
  const changed = event.target;
  if (changed instanceof HTMLSelectElement || (changed instanceof HTMLInputElement && changed.type === "checkbox")) changed.form?.requestSubmit();
});

const figure = document.querySelector<HTMLElement>("#aladin[aria-busy]");
if (figure) {
  const terms = Object.assign(document.createElement("a"), { href: licence, textContent: "Aladin Lite 3.8.2, CDS: its licence" });
  document.querySelector("[data-licence]")?.append(terms);
  void open(figure);
}
