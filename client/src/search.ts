/** The search page: `/` leads to its first field, and the map of the sky is drawn where there is one. */
import { Arrivals } from "./lib/arrivals";
import { type Sky, SkyMap } from "./lib/skymap";
import type { Place } from "./lib/projection";
import { addSliders } from "./lib/sliders";
import { grouped, sexagesimal } from "./lib/words";

const STEP_PX = 8;

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox], [type=range]), select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.querySelector<HTMLElement>("#search :is(input:not([type=hidden]), textarea)")?.focus();
});

/** What is in the cart needs to be marked no longer. */
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.id === "to-cart") event.target.reset();
});

async function show(figure: HTMLElement): Promise<void> {
  const [canvas, caption] = [figure.querySelector("canvas"), figure.querySelector("figcaption")];
  if (!canvas || !caption) return;
  try {
    const answer = await fetch(figure.dataset["source"] ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status === 503 ? "To count these frames takes too long: narrow them down." : `The archive answered ${answer.status}.`);
    bring(figure, canvas, caption, (await answer.json()) as Sky);
  } catch (error) {
    caption.textContent = error instanceof Error ? error.message : String(error);
  }
  figure.removeAttribute("aria-busy");
}

function bring(figure: HTMLElement, canvas: HTMLCanvasElement, caption: HTMLElement, sky: Sky): void {
  const map = new SkyMap(canvas, sky);
  const says = summary(sky, map.most);
  const change = figure.parentElement?.querySelector<HTMLButtonElement>("[data-part]");
  let showsPart = map.hasPart;
  const draw = (): void => {
    map.draw(showsPart);
    if (change) [change.hidden, change.textContent] = [!map.hasPart, showsPart ? "Whole sky" : "Footprints"];
  };
  change?.addEventListener("click", () => {
    showsPart = !showsPart;
    draw();
  });
  canvas.addEventListener("pointermove", (event) => say(map.placeAt(event.clientX, event.clientY)));
  canvas.addEventListener("pointerleave", () => say(undefined));
  canvas.addEventListener("click", (event) => go(map.placeAt(event.clientX, event.clientY)));
  byKeyboard(canvas, (x, y) => say(map.placeAt(x, y)), (x, y) => go(map.placeAt(x, y)));
  new ResizeObserver(draw).observe(canvas);
  say(undefined);

  function say(at: Place | undefined): void {
    caption.textContent = at ? `${sexagesimal(at)}: ${grouped(map.countAt(at))} near here. Press to search there.` : says;
  }
}

/** Arrows move a place on the map, Enter searches there. */
function byKeyboard(canvas: HTMLCanvasElement, moved: (x: number, y: number) => void, chosen: (x: number, y: number) => void): void {
  const moves: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  let [x, y] = [0.5, 0.5];
  canvas.addEventListener("keydown", (event) => {
    const box = canvas.getBoundingClientRect();
    const move = moves[event.key];
    if (move) {
      x = Math.min(1, Math.max(0, x + (move[0] * STEP_PX) / box.width));
      y = Math.min(1, Math.max(0, y + (move[1] * STEP_PX) / box.height));
    }
    const at: [number, number] = [box.left + x * box.width, box.top + y * box.height];
    if (move) moved(...at);
    else if (event.key === "Enter") chosen(...at);
    else return;
    event.preventDefault();
  });
}

function summary(sky: Sky, most: number): string {
  if (!sky.placed) return `${grouped(sky.count)} frames, none of which has a place on the sky.`;
  const of = sky.is_sample ? `${grouped(sky.placed)} of ${grouped(sky.count)} frames` : `${grouped(sky.placed)} frames with a place on the sky`;
  return `${of}; the brightest cell has ${grouped(most)}. East is to the left.`;
}

/** The same terms around a place: by the form, as a person would. */
function go(at: Place | undefined): void {
  const form = document.querySelector<HTMLFormElement>("#search");
  if (!at || !form) return;
  const terms: Record<string, string> = { place: sexagesimal(at), radius: "2", unit: "deg" };
  for (const [name, value] of Object.entries(terms)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) field.value = value;
  }
  form.requestSubmit();
}

function start(): void {
  const figure = document.querySelector<HTMLElement>("#sky[aria-busy]");
  if (figure) void show(figure);
  addSliders(document, (form) => form.requestSubmit());
  watch();
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
  held = "";
}

/** The bar is another one with each list, and has no use for what the one before had counted. */
let arrivals: Arrivals | undefined;
function watch(): void {
  const bar = document.querySelector<HTMLElement>("#arrivals");
  if (arrivals?.bar === bar) return;
  arrivals?.end();
  arrivals = bar ? new Arrivals(bar) : undefined;
}

/** A slider is made anew with the page; who moves it by keys goes on. The bar is gone once it has shown what it told of. */
let held = "";
document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  held = active instanceof HTMLInputElement && active.type === "range" ? active.id : active?.id === "show-new" ? "found" : "";
});

/** What changed is told to those who do not see it: the part that says it is another one each time. */
function tell(text: string): void {
  const told = document.querySelector("#told");
  if (told) told.textContent = text;
}

document.addEventListener("htmx:afterSettle", () => {
  start();
  tell(document.querySelector(".count")?.textContent ?? document.querySelector("#found .error")?.textContent ?? "");
});
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, () => refuse("The archive did not answer. Try again in a moment."));
}

function refuse(text: string): void {
  const says = Object.assign(document.createElement("p"), { className: "error", textContent: text });
  says.setAttribute("role", "alert");
  document.querySelector("#found > .error")?.remove();
  document.querySelector("#found")?.prepend(says);
}

start();
